"""What a profile makes of all that can happen to a loan: rules by worked cases.

The loan is that of `test_build`: 1000 without interest, 250 due on the 10th of
February, March, April and May 2024.
"""

from __future__ import annotations

import datetime as dt

import attrs
import pytest

from microcrm_core import LedgerError, Money
from microcrm_core.customers import PROFILE_BASIC, ArchiveFacts, RepaymentRecordFacts
from microcrm_core.dates import Frequency
from microcrm_core.errors import InvalidValueError
from microcrm_core.ids import LoanId
from microcrm_core.ledger import (
    RECALCULATING_LEDGER,
    Charged,
    ChargeKind,
    ChargeWaived,
    Disbursed,
    Happening,
    LedgerEvent,
    ReAged,
    Repaid,
    Reversed,
    TermChanged,
    WrittenOff,
    loan_log,
)
from microcrm_core.loans import Loan, Portion
from microcrm_core.rates import Rate
from tests.customers.strategies import EURO
from tests.customers.test_build import PAID, day, loan, paid, profile


def event(
    what: Happening, on: str, *, recorded: str | None = None, key: str = "k"
) -> LedgerEvent:
    """Return an event of the loan, recorded at noon."""
    noon = dt.time(12, tzinfo=dt.UTC)
    return LedgerEvent.of(
        what,
        loan_id=LoanId("loan-1"),
        value_on=day(on),
        recorded_at=dt.datetime.combine(day(recorded or on), noon),
        idempotency_key=key,
    )


def repaid(minor: int, on: str) -> LedgerEvent:
    return event(Repaid(amount=Money(minor, EURO)), on, key=f"paid {on}")


def penalty(minor: int, due: str, on: str | None = None) -> LedgerEvent:
    portion = Portion.of_amount(Money(minor, EURO))
    what = Charged(kind=ChargeKind.PENALTY, portion=portion, due_on=day(due))
    return event(what, on or due, key="penalty")


def record(*events: LedgerEvent, as_of: str) -> RepaymentRecordFacts:
    return profile([loan()], events, as_of=as_of).repayment_record


def archive(*events: LedgerEvent, as_of: str) -> ArchiveFacts:
    return profile([loan()], events, as_of=as_of).archive


FEBRUARY, MARCH = repaid(250, "2024-02-10"), repaid(250, "2024-03-10")
WRITTEN_OFF = event(WrittenOff(), "2024-04-20")


def test_repayments_and_their_events_say_the_same() -> None:
    log = loan_log(loan(), PAID)

    assert {one.id for one in log} >= {one.id for one in PAID}
    for as_of in ("2024-02-09", "2024-03-12", "2024-05-15"):
        assert profile([loan()], log, as_of=as_of) == profile(
            [loan()], PAID, as_of=as_of
        )


def test_a_repayment_and_the_charge_on_it_may_be_kept_in_different_ways() -> None:
    # The repayment of March pays the penalty last, so 50 of the row is left.
    one = profile(
        [loan()],
        [paid("2024-02-10"), paid("2024-03-10"), penalty(50, "2024-03-01")],
        as_of="2024-03-20",
    )

    assert one.archive.outstanding_minor == 550
    assert one.repayment_record.days_past_due == 10


def test_a_payment_that_bounced_never_was_once_that_is_known() -> None:
    bounced = event(Reversed(FEBRUARY.id), "2024-02-15", recorded="2024-02-18")

    before = record(FEBRUARY, bounced, as_of="2024-02-17")
    after = record(FEBRUARY, bounced, as_of="2024-02-18")

    assert (before.on_time_share_ppm, before.days_past_due) == (1_000_000, 0)
    # Open since the 10th, as if nothing had been paid.
    assert (after.on_time_share_ppm, after.days_past_due) == (0, 8)
    assert archive(FEBRUARY, bounced, as_of="2024-02-18").outstanding_minor == 1000


def test_a_charge_keeps_its_installment_open_until_it_is_paid() -> None:
    log = (FEBRUARY, MARCH, penalty(50, "2024-03-01"))

    still_open = record(*log, as_of="2024-03-20")
    made_up_for = record(*log, repaid(50, "2024-03-25"), as_of="2024-03-31")

    assert (still_open.on_time_share_ppm, still_open.on_time_streak) == (500_000, 0)
    assert (made_up_for.days_past_due, made_up_for.days_past_due_max) == (0, 15)


def test_a_waiver_settles_an_installment_on_its_day_and_no_earlier() -> None:
    charged = penalty(50, "2024-03-01")
    late = event(ChargeWaived(charged.id), "2024-03-25")
    in_time = event(ChargeWaived(charged.id), "2024-03-08")

    waived_late = record(FEBRUARY, MARCH, charged, late, as_of="2024-03-31")
    waived_in_time = record(FEBRUARY, MARCH, charged, in_time, as_of="2024-03-31")

    assert (waived_late.days_past_due, waived_late.days_past_due_max) == (0, 15)
    assert waived_late.on_time_share_ppm == 500_000
    assert waived_in_time.on_time_share_ppm == 1_000_000


def test_a_charge_after_the_last_installment_is_due_like_one() -> None:
    one = loan(count=1, principal=250)
    log = (FEBRUARY, penalty(50, "2024-03-05"))

    found = profile([one], log, as_of="2024-03-09")

    assert found.repayment_record.due_installment_count == 2
    assert found.repayment_record.days_past_due == 4
    assert (found.archive.active_loan_count, found.archive.outstanding_minor) == (1, 50)


def test_a_re_aging_settles_what_it_moves_and_the_lateness_stays() -> None:
    again = event(
        ReAged(
            start_on=day("2024-04-01"),
            frequency=Frequency.MONTHLY,
            installment_count=3,
        ),
        "2024-03-20",
    )

    moved = record(FEBRUARY, again, as_of="2024-03-31")
    unpaid = record(FEBRUARY, again, as_of="2024-05-15")

    # March was late for ten days when it was moved.
    assert (moved.days_past_due, moved.days_past_due_max) == (0, 10)
    assert moved.on_time_share_ppm == 500_000
    # April 1 to May 15: 29 + 15 days.
    assert (unpaid.due_installment_count, unpaid.days_past_due) == (4, 44)


def test_a_write_off_forgives_the_debt_and_not_the_lateness() -> None:
    owed = archive(FEBRUARY, WRITTEN_OFF, as_of="2024-05-15")
    found = record(FEBRUARY, WRITTEN_OFF, as_of="2024-05-15")

    assert owed.outstanding_minor == 0
    assert (owed.active_loan_count, owed.repaid_loan_count) == (1, 0)
    # February on time; March, April and May were never paid.
    assert (found.due_installment_count, found.on_time_share_ppm) == (4, 250_000)
    # March 10 to May 15: 21 + 30 + 15 days.
    assert (found.days_past_due, found.days_past_due_max_12m) == (66, 66)


def test_what_is_recovered_after_a_write_off_is_no_repayment() -> None:
    log = (FEBRUARY, WRITTEN_OFF, repaid(750, "2024-05-01"))

    assert archive(*log, as_of="2024-05-15").repaid_loan_count == 0
    assert record(*log, as_of="2024-05-15").days_past_due == 66


def test_a_write_off_that_was_reversed_never_was() -> None:
    back = event(Reversed(WRITTEN_OFF.id), "2024-05-02")

    assert profile(
        [loan()], (FEBRUARY, WRITTEN_OFF, back), as_of="2024-05-15"
    ) == profile([loan()], (FEBRUARY,), as_of="2024-05-15")


def test_a_write_off_of_nothing_changes_nothing() -> None:
    log = (repaid(1000, "2024-02-10"), WRITTEN_OFF)

    assert archive(*log, as_of="2024-05-15").repaid_loan_count == 1


def test_an_installment_paid_before_the_write_off_stays_as_it_was() -> None:
    # March late by 20 days, and paid before the write-off waived the penalty of April.
    log = (
        FEBRUARY,
        repaid(250, "2024-03-30"),
        penalty(50, "2024-04-02"),
        WRITTEN_OFF,
    )

    found = record(*log, as_of="2024-04-30")

    assert found.due_installment_count == 3
    assert (found.days_past_due, found.days_past_due_max) == (20, 20)
    assert found.on_time_share_ppm == 333_333


def test_a_loan_is_lent_once_its_log_says_so() -> None:
    lent = event(
        Disbursed(amount=Money(1000, EURO)), "2024-01-10", recorded="2024-01-20"
    )
    back = event(Reversed(lent.id), "2024-01-30")

    assert archive(lent, as_of="2024-01-19").loan_count == 0
    assert archive(lent, as_of="2024-01-20").lent_minor == 1000
    assert archive(lent, back, as_of="2024-01-30").loan_count == 0
    assert archive(lent, back, as_of="2024-01-30").tenure_days is None


def test_what_was_paid_out_counts_and_not_what_was_agreed() -> None:
    lent = event(Disbursed(amount=Money(800, EURO)), "2024-01-12")

    found = archive(lent, as_of="2024-01-31")

    assert (found.lent_minor, found.tenure_days) == (800, 19)


def test_a_changed_term_changes_what_is_due() -> None:
    longer = event(TermChanged(added_count=1), "2024-01-20")

    # 1000 in 5 is 200 each.
    found = record(longer, repaid(200, "2024-02-10"), as_of="2024-02-29")

    assert (found.due_installment_count, found.on_time_share_ppm) == (1, 1_000_000)


def test_the_ledger_policy_says_what_paying_early_changes() -> None:
    terms = attrs.evolve(loan().terms, nominal_rate=Rate.per_year("0.24"))
    bearing = attrs.evolve(loan(), terms=terms)
    early = [paid("2024-01-25", 500)]
    recalculating = attrs.evolve(PROFILE_BASIC, ledger=RECALCULATING_LEDGER)

    kept = profile([bearing], early, as_of="2024-01-31").archive
    lower = profile([bearing], early, as_of="2024-01-31", policy=recalculating).archive

    assert lower.outstanding_minor < kept.outstanding_minor


def test_records_that_contradict_themselves_are_refused() -> None:
    with pytest.raises(LedgerError, match="must not be before the first disbursement"):
        profile([loan()], [paid("2024-01-09")], as_of="2024-02-01")
    with pytest.raises(InvalidValueError, match="must be given once"):
        profile([loan()], [PAID[0], PAID[0]], as_of="2024-03-01")
    stranger = attrs.evolve(FEBRUARY, loan_id=LoanId("loan-9"))
    with pytest.raises(InvalidValueError, match=r"of event .* must be one of the loan"):
        profile([loan()], [stranger], as_of="2024-03-01")


def test_what_happens_to_a_loan_that_is_not_lent_yet_is_not_looked_at() -> None:
    asked: Loan = loan(requested="2024-01-05", is_disbursed=False)

    found = profile([asked], [FEBRUARY], as_of="2024-03-01")

    assert found.archive.loan_count == 0
    assert found.request.request_installment_minor == 250
