"""What the state of a loan tells, worked out by hand.

The loan of `free_loans`: 900.00 in three installments of 300.00, without interest. With
interest it is 1,000.00 at 24 % in three installments of 346.57, as in the example of
`loans.schedule`, which another test proves.
"""

from __future__ import annotations

import copy
import datetime as dt
import json
import pickle
from decimal import Decimal

import attrs
import pytest

from microcrm_core import (
    STRICT,
    Frequency,
    LoanTerms,
    Rate,
    RecordNotFoundError,
    canonical_json,
)
from microcrm_core.ids import EventId, LoanId
from microcrm_core.ledger import (
    PLAIN_LEDGER,
    RECALCULATING_LEDGER,
    Bucket,
    Disbursed,
    DueState,
    Happening,
    InterestPaused,
    LedgerEvent,
    LedgerPolicy,
    Reversed,
)
from microcrm_core.ledger.loan_states import LoanState, LoanStatus
from microcrm_core.ledger.payoffs import payoff_quote
from microcrm_core.ledger.replaying import checkpoint_of, replay
from microcrm_core.loans import FINERACT, ScheduleConventions
from tests.ledger.free_loans import Case, columns, day, euro, fee, penalty, repaid

AT_24_PERCENT = LoanTerms(
    principal=euro("1000.00"),
    nominal_rate=Rate.per_year("0.24"),
    installment_count=3,
    frequency=Frequency.MONTHLY,
    disbursed_on=dt.date(2025, 1, 15),
    first_due_on=dt.date(2025, 2, 15),
)


def late_case() -> Case:
    """Return a loan with a late February, of which 100.00 are paid."""
    case = Case.lent()
    case.add(fee("10.00", day(2, 1)), day(1, 5))
    case.add(penalty("5.00", day(3, 1)), day(2, 20))
    case.add(repaid("100.00"), day(2, 10))
    return case


def state_at_24_percent(
    as_of: dt.date, *paid: tuple[str, dt.date], policy: LedgerPolicy = PLAIN_LEDGER
) -> LoanState:
    """Return the loan with interest after some repayments."""
    return replay(
        AT_24_PERCENT,
        log_at_24_percent(*paid),
        conventions=STRICT,
        policy=policy,
        as_of=as_of,
    )


def log_at_24_percent(*paid: tuple[str, dt.date]) -> list[LedgerEvent]:
    """Return the log of the loan with interest."""
    whats: list[tuple[Happening, dt.date]] = [
        (Disbursed(amount=AT_24_PERCENT.principal), AT_24_PERCENT.disbursed_on),
        *((repaid(text), on) for text, on in paid),
    ]
    return [
        LedgerEvent.of(
            what,
            loan_id=LoanId("loan-1"),
            value_on=on,
            recorded_at=dt.datetime(2025, 12, 1, 0, minute, tzinfo=dt.UTC),
            idempotency_key=str(minute),
        )
        for minute, (what, on) in enumerate(whats)
    ]


# Amounts.


def test_outstanding_due_and_overdue_are_by_bucket() -> None:
    state = late_case().state(day(3, 1))

    # 10.00 of fees and 90.00 of February are paid; March is due today.
    assert state.outstanding.principal == euro("810.00")
    assert state.outstanding.penalties == euro("5.00")
    assert state.outstanding.total == euro("815.00")
    assert state.due.principal == euro("510.00")
    assert state.due.penalties == euro("5.00")
    assert state.overdue.total == euro("210.00")
    assert state.overdue.amount_in(Bucket.PRINCIPAL) == euro("210.00")


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        (day(1, 31), 0),
        (day(2, 1), 0),
        (day(2, 2), 1),
        (day(3, 1), 29),
        (day(4, 30), 89),
    ],
)
def test_days_past_due_are_counted_from_the_oldest_unpaid_row(
    as_of: dt.date, expected: int
) -> None:
    assert late_case().state(as_of).days_past_due == expected


def test_what_is_due_next_is_due_today_or_later() -> None:
    case = late_case()

    today = case.state(day(3, 1)).next_due
    tomorrow = case.state(day(3, 2)).next_due

    assert today is not None
    assert (today.due_on, today.amount) == (day(3, 1), euro("305.00"))
    assert tomorrow is not None
    assert (tomorrow.due_on, tomorrow.amount) == (day(4, 1), euro("300.00"))
    assert case.state(day(4, 2)).next_due is None


def test_the_status_follows_what_is_owed() -> None:
    case = Case.lent()
    case.add(repaid("900.00"), day(2, 1))
    case.add(repaid("1.00"), day(2, 2))

    found = [case.state(day(month, 1) if month else day(2, 2)) for month in (1, 2, 0)]

    assert [state.status for state in found] == [
        LoanStatus.ACTIVE,
        LoanStatus.CLOSED,
        LoanStatus.OVERPAID,
    ]


def test_interest_accrues_by_the_day() -> None:
    # 1000.00 x 24 % x 10/365 = 6.575; the other rows are as in the schedule.
    state = state_at_24_percent(dt.date(2025, 1, 25), policy=RECALCULATING_LEDGER)

    assert state.accrued_interest == euro("6.58")
    assert state.payoff.interest == euro("6.58")
    assert state.payoff.total == euro("1006.58")


def test_interest_of_due_rows_has_accrued_until_it_is_paid() -> None:
    state = state_at_24_percent(dt.date(2025, 2, 15))
    paid = state_at_24_percent(dt.date(2025, 2, 15), ("20.00", dt.date(2025, 2, 15)))

    assert state.accrued_interest == euro("20.38")
    assert paid.accrued_interest == euro("0.38")


# Where money went, and why.


def test_the_allocation_says_where_money_went_and_why() -> None:
    state = state_at_24_percent(dt.date(2025, 3, 1), ("400.00", dt.date(2025, 2, 15)))
    repaid_id = state.postings[1].event_id

    found = [
        (part.row_number, part.bucket, part.amount, part.state, part.due_on)
        for part in state.allocation(repaid_id)
    ]

    first, second = dt.date(2025, 2, 15), dt.date(2025, 3, 15)
    assert found == [
        (1, Bucket.INTEREST, euro("20.38"), DueState.DUE, first),
        (1, Bucket.PRINCIPAL, euro("326.19"), DueState.DUE, first),
        (2, Bucket.INTEREST, euro("12.41"), DueState.IN_ADVANCE, second),
        (2, Bucket.PRINCIPAL, euro("41.02"), DueState.IN_ADVANCE, second),
    ]


def test_each_part_has_a_reason() -> None:
    case = late_case()
    case.add(repaid("600.00"), day(3, 1))
    state = case.state(day(3, 1))

    reasons = [part.reason for part in state.allocation(state.postings[-1].event_id)]

    assert list(dict.fromkeys(reason.code for reason in reasons)) == [
        "allocation_past_due",
        "allocation_due",
        "allocation_in_advance",
    ]
    assert dict(reasons[0].params) == {
        "row": 1,
        "due_on": day(2, 1),
        "bucket": "principal",
        "amount": "EUR 210.00",
    }


def test_the_allocation_of_what_is_not_known_is_refused() -> None:
    state = late_case().state(day(3, 1))

    with pytest.raises(RecordNotFoundError, match="no record under 'nothing'"):
        state.allocation(EventId("nothing"))


def test_reversed_events_are_listed_and_change_nothing() -> None:
    case = late_case()
    undone_id = case.add(repaid("210.00"), day(2, 15))
    case.add(Reversed(undone_id), day(2, 16))

    before, after = case.state(day(2, 15)), case.state(day(2, 16))

    assert before.overdue.total == euro("0.00")
    assert after.overdue.total == euro("210.00")
    last = after.postings[-1]
    assert (last.event_id, last.is_reversed, last.amount_minor) == (
        undone_id,
        True,
        210_00,
    )
    assert last.parts_minor == (0, 0, 0, 0)
    with pytest.raises(RecordNotFoundError):
        after.allocation(undone_id)


def test_the_balance_is_the_principal_that_is_left_after_each_posting() -> None:
    state = late_case().state(day(3, 1))

    # Lent, fee charged, 90.00 of principal paid, penalty charged.
    assert [posting.balance_minor for posting in state.postings] == [
        900_00,
        900_00,
        810_00,
        810_00,
    ]


def test_disbursements_are_told() -> None:
    case = Case.lent()
    case.add(Disbursed(amount=euro("100.00")), day(1, 20))

    assert case.state(day(1, 20)).disbursements == (
        (day(1, 1), 900_00),
        (day(1, 20), 100_00),
    )


# Forms.


def test_columns_hold_decimals_and_dates() -> None:
    found = late_case().state(day(3, 1)).to_columns()

    assert found["number"] == [1, 2, 3]
    assert found["due_on"] == [day(2, 1), day(3, 1), day(4, 1)]
    assert found["kind"] == ["regular"] * 3
    assert found["fees"] == [Decimal("10.00"), Decimal("0.00"), Decimal("0.00")]
    assert found["total"] == [Decimal("310.00"), Decimal("305.00"), Decimal("300.00")]
    assert found["paid"] == [Decimal("100.00"), Decimal("0.00"), Decimal("0.00")]
    assert found["outstanding"] == [
        Decimal("210.00"),
        Decimal("305.00"),
        Decimal("300.00"),
    ]
    assert found["settled_on"] == [None, None, None]


def test_a_frame_has_the_same_columns() -> None:
    pandas = pytest.importorskip("pandas")

    frame = late_case().state(day(3, 1)).to_frame("pandas")

    assert isinstance(frame, pandas.DataFrame)
    assert list(frame.columns) == list(late_case().state(day(3, 1)).to_columns())


def test_the_plain_form_has_every_row_and_posting() -> None:
    state = late_case().state(day(3, 1))

    plain = json.loads(state.to_json())

    assert plain["version"] == 1
    assert plain["status"] == "active"
    assert plain["policy"] == {"id": "plain-ledger", "version": 1}
    assert plain["overdue_minor"] == {
        "principal": 210_00,
        "interest": 0,
        "fees": 0,
        "penalties": 0,
    }
    assert plain["next_due"] == {"due_on": "2024-03-01", "amount_minor": 305_00}
    assert plain["rows"][0]["paid_minor"]["fees"] == 10_00
    assert plain["postings"][2]["parts"][0] == {
        "row_number": 1,
        "bucket": "fees",
        "amount_minor": 10_00,
        "state": "past_due",
    }
    assert canonical_json(state) == state.to_json()


def test_a_notebook_shows_rows_and_totals_with_what_it_is_as_of() -> None:
    html = late_case().state(day(3, 1))._repr_html_()

    assert "<caption>active as of 2024-03-01, in EUR</caption>" in html
    assert html.count("<tr>") == 1 + 3 + 1
    assert "<td>total</td>" in html
    assert "<td>815.00</td>" in html


def test_a_state_prints_rows_that_end_in_line_and_their_totals() -> None:
    title, headings, *rows = str(late_case().state(day(3, 1))).splitlines()

    assert title == "active as of 2024-03-01, in EUR"
    assert headings.split()[:3] == ["number", "due", "on"]
    assert len(rows) == 3 + 1
    end = headings.index("outstanding") + len("outstanding")
    assert {row[:end][-1] for row in rows} == {"0"}
    assert rows[-1].split()[0] == "total"
    assert rows[-1].split()[-1] == "815.00"


def test_a_state_is_a_value() -> None:
    state, same = late_case().state(day(3, 1)), late_case().state(day(3, 1))

    assert state == same
    assert hash(state) == hash(same)
    assert pickle.loads(pickle.dumps(state)) == state
    assert copy.deepcopy(state) == state
    assert state != "active"
    assert len(state) == 3


def test_two_states_that_differ_in_their_postings_alone_differ() -> None:
    once, twice = Case.lent(), Case.lent()
    once.add(repaid("100.00"), day(2, 1))
    twice.add(repaid("60.00"), day(2, 1))
    twice.add(repaid("40.00"), day(2, 1))

    found, other = once.state(day(2, 1)), twice.state(day(2, 1))

    assert columns(found, "paid") == columns(other, "paid")
    assert found != other


def test_the_state_names_how_it_was_made() -> None:
    state = late_case().state(day(3, 1))

    assert (state.policy_id, state.policy_version) == ("plain-ledger", 1)
    assert state.as_of == day(3, 1)
    assert state.known_at is None


# Payoff.


@pytest.mark.parametrize(
    "on", [dt.date(2025, 1, 15), dt.date(2025, 2, 15), dt.date(2025, 2, 28)]
)
@pytest.mark.parametrize("policy", [PLAIN_LEDGER, RECALCULATING_LEDGER])
def test_a_quote_that_is_paid_on_its_day_closes_the_loan(
    on: dt.date, policy: LedgerPolicy
) -> None:
    log = log_at_24_percent(("100.00", dt.date(2025, 2, 1)))
    quote = payoff_quote(AT_24_PERCENT, log, conventions=STRICT, policy=policy, on=on)

    paid = ("100.00", dt.date(2025, 2, 1)), (str(quote.total.amount), on)
    closed = state_at_24_percent(on, *paid, policy=policy)

    assert closed.status is LoanStatus.CLOSED
    assert closed.outstanding.total == euro("0.00")
    assert closed.payoff.total == euro("0.00")


def test_where_early_payments_change_nothing_all_interest_is_owed() -> None:
    state = state_at_24_percent(dt.date(2025, 1, 15))

    # 20.38 + 12.41 + 6.92, as scheduled.
    assert state.payoff.interest == euro("39.71")


def test_nothing_closes_a_loan_that_owes_nothing() -> None:
    assert Case().state(day(1, 1)).payoff.total == euro("0.00")


# Checkpoints.


def test_a_payment_that_is_booked_late_needs_the_whole_log() -> None:
    on = dt.date(2025, 3, 1)
    log = log_at_24_percent(("346.57", dt.date(2025, 2, 20)), ("50.00", on))
    late = attrs.evolve(
        log[-1],
        id=EventId("late"),
        idempotency_key="late",
        value_on=dt.date(2025, 2, 14),
    )
    checkpoint = checkpoint_of(
        AT_24_PERCENT, log[:2], conventions=STRICT, policy=PLAIN_LEDGER, as_of=on
    )

    for more in (log, [*log, late]):
        found, expected = (
            replay(
                AT_24_PERCENT,
                more,
                conventions=STRICT,
                policy=PLAIN_LEDGER,
                as_of=on,
                checkpoint=start,
            )
            for start in (checkpoint, None)
        )
        assert found == expected
    # It is used where it can be: the events in it are applied no more.
    book = checkpoint.resumed(AT_24_PERCENT, STRICT, PLAIN_LEDGER, tuple(log), on)
    assert book is not None
    assert len(book.postings) == 2
    for policy, live in (
        (PLAIN_LEDGER, (log[0], late)),
        (RECALCULATING_LEDGER, tuple(log)),
    ):
        assert checkpoint.resumed(AT_24_PERCENT, STRICT, policy, live, on) is None


@pytest.mark.parametrize("conventions", [STRICT, FINERACT])
def test_a_checkpoint_from_after_a_pause_is_not_used_for_a_day_before_it(
    conventions: ScheduleConventions,
) -> None:
    """A pause to come is in the schedule; the days up to it are still to be lived."""
    lent, paused = (
        LedgerEvent.of(
            what,
            loan_id=LoanId("loan-1"),
            value_on=on,
            recorded_at=dt.datetime(2025, 1, 15, tzinfo=dt.UTC),
            idempotency_key=str(on),
        )
        for what, on in (
            (Disbursed(amount=AT_24_PERCENT.principal), AT_24_PERCENT.disbursed_on),
            (InterestPaused(dt.date(2025, 3, 20)), dt.date(2025, 3, 17)),
        )
    )
    checkpoint = checkpoint_of(
        AT_24_PERCENT,
        [lent, paused],
        conventions=conventions,
        policy=RECALCULATING_LEDGER,
        as_of=dt.date(2025, 4, 1),
    )

    for as_of in (dt.date(2025, 3, 1), dt.date(2025, 3, 17), dt.date(2025, 3, 25)):
        found, whole = (
            replay(
                AT_24_PERCENT,
                [lent, paused],
                conventions=conventions,
                policy=RECALCULATING_LEDGER,
                as_of=as_of,
                checkpoint=start,
            )
            for start in (checkpoint, None)
        )
        assert found == whole
