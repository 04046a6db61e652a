from __future__ import annotations

import datetime as dt
import random
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microcrm_core.batch import UNKNOWN
from microcrm_core.errors import InvalidValueError
from microcrm_core.ids import EventId, LoanId, PolicyId
from microcrm_core.ledger import (
    OLDEST_FIRST,
    PLAIN_LEDGER,
    RECALCULATING_LEDGER,
    AllocationOrder,
    Bucket,
    ChargedOff,
    ChargeOffInterest,
    ChargesInAdvance,
    ChargeWaived,
    CreditRefunded,
    Disbursed,
    InAdvance,
    LateInterest,
    LedgerPolicy,
    LoanStatus,
    Processing,
    Renewed,
    RepaymentKind,
    Reversed,
    WrittenOff,
)
from microcrm_core.ledger.replays_batch import replay_many
from microcrm_core.ledger.state_columns_batch import STATUSES
from microcrm_core.loans import Portion
from microcrm_core.money import Money
from tests.ledger.columnar_cases import (
    EUR,
    FEE,
    LENT_ON,
    PENALTY,
    Log,
    assert_twins,
    both,
    charge,
    columns_of,
    day_of,
    event,
    events_of,
    lent,
    logs,
    moment,
    paid,
    rows_of,
    seeded_log,
    state_of,
    tables,
    terms_of,
)

TERMS = terms_of()
LENT = lent(TERMS)
FIRST, SECOND, LAST = (dt.date(2025, month, 15) for month in (2, 3, 4))
END = dt.date(2025, 12, 31)
DAY = dt.timedelta(days=1)
POLICIES = (
    PLAIN_LEDGER,
    LedgerPolicy(id=PolicyId("penalties-first"), allocation=OLDEST_FIRST),
    LedgerPolicy(
        id=PolicyId("principal-first"),
        allocation=AllocationOrder.of(
            (Bucket.PRINCIPAL, Bucket.PENALTIES, Bucket.INTEREST, Bucket.FEES)
        ),
    ),
    LedgerPolicy(
        id=PolicyId("by-due-state"),
        allocation=AllocationOrder.of(
            (Bucket.PENALTIES, Bucket.FEES, Bucket.INTEREST, Bucket.PRINCIPAL),
            (Bucket.INTEREST, Bucket.PRINCIPAL, Bucket.FEES, Bucket.PENALTIES),
            (Bucket.PRINCIPAL, Bucket.PENALTIES, Bucket.FEES, Bucket.INTEREST),
        ),
    ),
)


@st.composite
def portfolios(draw: st.DrawFn) -> list[Log]:
    count = draw(st.integers(1, 3))
    return [draw(logs(number)) for number in range(count)]


@given(
    drawn=portfolios(),
    policy=st.sampled_from(POLICIES),
    as_of=st.dates(dt.date(2025, 1, 10), dt.date(2025, 8, 20)),
    minute=st.sampled_from((None, 0, 1, 2)),
)
def test_columns_say_of_every_loan_what_its_replay_says(
    drawn: list[Log], policy: LedgerPolicy, as_of: dt.date, minute: int | None
) -> None:
    known_at = None if minute is None else moment(minute)
    both(drawn, as_of, policy=policy, known_at=known_at)


def test_a_portfolio_stands_as_each_of_its_loans_does_alone() -> None:
    # Thousands of loans with the profile that runs deep.
    count = 4 * settings().max_examples
    rng = random.Random(20_251_125)
    drawn = [seeded_log(rng, number) for number in range(count)]
    found = assert_twins(drawn, dt.date(2025, 6, 20), policy=POLICIES[1])

    # The portfolio holds what it is to be tried on.
    least = count // 40
    assert (found.days_past_due > 0).sum() > least
    assert (found.credit_minor > 0).sum() > least
    assert found.postings.is_reversed.sum() > least
    assert found.is_additional.sum() > least
    assert (found.waived_minor > 0).sum() > least
    assert (found.paid_late_minor > 0).sum() > least
    assert (found.paid_early_minor > 0).sum() > least
    assert found.is_written_off.sum() > 0


def test_a_payment_in_part_is_worked_out_by_hand() -> None:
    # 10.00 of interest is due with each of three installments of 300.00.
    log = [LENT, paid(32_500, SECOND)]
    loans = tables([(TERMS, log)])
    rows = attrs.evolve(
        rows_of(loans),
        principal_minor=np.array([30_000] * 3),
        interest_minor=np.array([1_000] * 3),
    )
    found = replay_many(
        rows,
        events_of([(TERMS, log)], loans),
        policy=PLAIN_LEDGER,
        as_of_day=day_of(SECOND) + 1,
    )

    assert found.paid_minor.tolist() == [
        [30_000, 500, 0],
        [1_000, 1_000, 0],
        [0, 0, 0],
        [0, 0, 0],
    ]
    assert found.paid_late_minor.tolist() == [31_000, 0, 0]
    assert found.settled_day.tolist() == [day_of(SECOND), UNKNOWN, UNKNOWN]
    assert found.overdue_minor[:, 0].tolist() == [29_500, 0, 0, 0]
    assert found.days_past_due.tolist() == [1]
    assert found.next_due_day.tolist() == [day_of(LAST)]
    assert found.next_due_minor.tolist() == [31_000]


@pytest.mark.parametrize("on", [FIRST, FIRST - DAY, FIRST + DAY])
@pytest.mark.parametrize("amount_minor", [100, 1_000, 29_000, 31_000, 32_500, 70_000])
def test_the_due_state_of_each_row_says_which_bucket_comes_first(
    on: dt.date, amount_minor: int
) -> None:
    fee = charge(FEE, 700, LENT_ON, FIRST)
    late = charge(PENALTY, 900, LENT_ON, SECOND, key="late")
    assert_twins([(TERMS, [LENT, fee, late, paid(amount_minor, on)])], END,
                 policy=POLICIES[3])  # fmt: skip


def test_a_charge_on_a_row_that_is_paid_is_paid_before_later_rows() -> None:
    log = [
        LENT,
        paid(70_000, FIRST),
        charge(PENALTY, 500, SECOND, FIRST, minute=2),
        paid(800, SECOND, minute=3, key="after"),
    ]
    found = assert_twins([(TERMS, log)], END)

    assert found.paid_minor[Bucket.PENALTIES].tolist() == [500, 0, 0]
    last = found.postings.parts_minor[:, -1].tolist()
    assert last[Bucket.PENALTIES] == 500
    assert sum(last) == 800


def test_a_charge_is_paid_from_credit_oldest_first() -> None:
    log = [
        LENT,
        paid(100_000, FIRST, key="all"),
        paid(300, SECOND, key="more"),
        charge(FEE, 100_000, LAST, END, minute=2, key="large"),
        paid(1_000, END, minute=3, key="late"),
    ]
    for last in range(len(log) + 1):
        assert_twins([(TERMS, log[:last])], END)
    found = assert_twins([(TERMS, log)], END)

    assert found.credit_minor.tolist() == [0]
    assert found.postings.credit_minor.tolist() == [0] * len(log)
    assert found.is_additional.tolist() == [False, False, False, True]


def test_charges_use_credit_of_one_payment_in_turn() -> None:
    log = [
        LENT,
        paid(100_000, FIRST, key="all"),
        charge(FEE, 100, SECOND, SECOND, minute=2, key="small"),
        charge(PENALTY, 200, SECOND, FIRST, minute=3, key="next"),
        paid(50, LAST, key="more"),
        charge(FEE, 90_000, LAST, LAST, minute=4, key="large"),
    ]
    for last in range(len(log) + 1):
        assert_twins([(TERMS, log[:last])], END)


def test_charges_after_the_last_due_day_share_a_row_that_moves() -> None:
    later = [dt.date(2025, month, 1) for month in (6, 5, 7)]
    log = [LENT]
    for minute, on in enumerate(later, start=1):
        log += [
            charge(FEE, 100, LAST, on, minute=minute, key=f"fee {minute}"),
            paid(95_000 if minute == 1 else 60, on, minute=minute, key=f"paid {on}"),
        ]
    found = assert_twins([(TERMS, log)], END)

    assert found.due_day.tolist()[-1] == day_of(later[-1])
    assert found.is_additional.tolist() == [False, False, False, True]
    assert found.charged_minor[Bucket.FEES].tolist()[-1] == 300


@pytest.mark.parametrize("paid_minor", [0, 100, 300, 31_000])
def test_a_waiver_takes_what_is_left_of_its_charge_alone(paid_minor: int) -> None:
    one = charge(FEE, 300, LENT_ON, FIRST, key="one")
    other = charge(FEE, 200, LENT_ON, FIRST, key="other")
    log = [LENT, one, other]
    if paid_minor:
        log.append(paid(paid_minor, FIRST))
    log += [
        event(ChargeWaived(one.id), FIRST, minute=5, key="once"),
        event(ChargeWaived(one.id), SECOND, minute=6, key="again"),
        event(ChargeWaived(other.id), SECOND, minute=7, key="other"),
    ]
    found = assert_twins([(TERMS, log)], END)

    assert found.waived_minor[Bucket.FEES, 0] == max(500 - paid_minor, 0)


def test_events_of_one_day_and_instant_go_by_id() -> None:
    for key in range(20):
        log = [
            LENT,
            charge(PENALTY, 700, FIRST, FIRST, minute=1, key=f"late {key}"),
            paid(95_000, FIRST, minute=1, key="paid"),
            paid(95_000, FIRST, minute=1, key=f"twice {key}"),
        ]
        assert_twins([(TERMS, log)], END)


def test_a_charge_that_was_due_before_it_was_made_comes_first() -> None:
    log = [
        LENT,
        paid(30_000, FIRST, minute=1),
        charge(FEE, 400, LAST, LENT_ON + dt.timedelta(days=3), minute=9),
    ]
    found = assert_twins([(TERMS, log)], LAST)
    before = assert_twins([(TERMS, log)], LAST - dt.timedelta(days=1))

    assert found.paid_minor[Bucket.FEES, 0] == 400
    assert before.charged_minor[Bucket.FEES].sum() == 0


def test_what_is_reversed_never_was_once_both_are_known_and_true() -> None:
    wrong = paid(30_000, FIRST, minute=1)
    gone = event(Reversed(wrong.id), SECOND, minute=5)
    log = [LENT, wrong, gone]

    before = assert_twins([(TERMS, log)], SECOND - dt.timedelta(days=1))
    unknown = assert_twins([(TERMS, log)], END, known_at=moment(4))
    after = assert_twins([(TERMS, log)], END, known_at=moment(5))

    assert before.paid_minor.sum() == unknown.paid_minor.sum() == 30_000
    assert after.paid_minor.sum() == 0
    assert after.postings.is_reversed.tolist() == [False, True, False]


def test_credit_that_is_refunded_pays_no_later_charge() -> None:
    log = [
        LENT,
        paid(95_000, FIRST, key="all"),
        paid(5_000, SECOND, key="more"),
        event(CreditRefunded(Money(4_000, EUR)), SECOND, minute=2),
        charge(FEE, 2_000_00, LAST, LAST, minute=3, key="large"),
        paid(300, END, minute=4, key="late"),
        charge(FEE, 2_00, END, END, minute=5, key="small"),
    ]
    for last in range(len(log) + 1):
        assert_twins([(TERMS, log[:last])], END)
    found = columns_of([(TERMS, log[:4])], END)

    # What came in, less what was asked for and what went out.
    asked = int(found.charged_minor.sum())
    assert found.credit_minor.tolist() == [100_000 - asked - 4_000]


def test_a_refund_above_the_credit_is_refused_by_its_row() -> None:
    log = [
        LENT,
        paid(100_000, FIRST),
        event(CreditRefunded(Money(100_000, EUR)), SECOND, minute=2),
    ]
    with pytest.raises(InvalidValueError, match="must not exceed the credit") as error:
        columns_of([(TERMS, log)], END)
    assert (error.value.field, error.value.row) == ("amount_minor", 2)
    assert not both([(TERMS, log)], END)
    # It does not count yet.
    assert both([(TERMS, log)], FIRST)


def test_what_comes_in_after_a_write_off_is_recovered_and_then_credit() -> None:
    log = [
        LENT,
        paid(40_000, FIRST),
        event(WrittenOff(), SECOND, minute=2),
        paid(30_000, SECOND, minute=3, key="some"),
        charge(PENALTY, 700, LAST, SECOND, minute=4),
        charge(FEE, 900, LAST, END, minute=5),
        paid(90_000, LAST, minute=6, key="more"),
        charge(FEE, 50_000, END, END, minute=7, key="late"),
        event(WrittenOff(), END, minute=8, key="again"),
    ]
    for last in range(len(log) + 1):
        assert_twins([(TERMS, log[:last])], END)
    found = columns_of([(TERMS, log[:4])], END)

    asked = int(found.charged_minor.sum())
    assert found.recovered_minor.tolist() == [30_000]
    assert found.waived_minor.sum() == asked - 40_000
    assert found.outstanding_minor.sum() == 0
    assert STATUSES[found.status_index[0]] is LoanStatus.WRITTEN_OFF


def test_a_write_off_that_is_reversed_gave_nothing_up() -> None:
    lost = event(WrittenOff(), SECOND, minute=2)
    gone = event(Reversed(lost.id), LAST, minute=3)
    log = [LENT, paid(40_000, FIRST), lost, paid(100, SECOND, minute=3), gone]
    before, after = (
        assert_twins([(TERMS, log)], SECOND),
        assert_twins([(TERMS, log)], LAST),
    )

    assert before.is_written_off.tolist() == [True]
    assert after.is_written_off.tolist() == [False]
    assert after.recovered_minor.tolist() == [0]


def test_a_loan_becomes_a_loss_once_and_still_asks_for_all() -> None:
    log = [
        LENT,
        event(ChargedOff(), SECOND, minute=2, key="once"),
        paid(40_000, SECOND, minute=3),
        event(ChargedOff(), LAST, minute=4, key="again"),
        paid(100_000, LAST, minute=5, key="all"),
    ]
    found = assert_twins([(TERMS, log)], END)
    assert found.postings.parts_minor[:, 3].tolist() == [0, 0, 0, 0]

    policy = attrs.evolve(PLAIN_LEDGER, charge_off_interest=ChargeOffInterest.ENDED)
    assert_twins([(TERMS, log[:1])], END, policy=policy)
    with pytest.raises(InvalidValueError, match="charge_off_interest must be 'kept'"):
        columns_of([(TERMS, log)], END, policy=policy)


def test_money_of_a_new_loan_pays_like_a_repayment() -> None:
    money = Renewed(LoanId("new"), Money(40_000, EUR))
    log = [LENT, event(money, SECOND, minute=2), paid(100, SECOND, minute=3)]
    found = assert_twins([(TERMS, log)], END)
    assert found.paid_minor.sum() == 40_100


def test_loans_without_events_stand_between_others() -> None:
    other = [
        attrs.evolve(one, id=EventId(f"{one.id}-1"), loan_id=LoanId("loan-1"))
        for one in (LENT, paid(1_000, FIRST))
    ]
    found = assert_twins([(TERMS, []), (TERMS, other), (TERMS, [])], END)

    assert [STATUSES[one] for one in found.status_index] == [
        LoanStatus.APPROVED,
        LoanStatus.ACTIVE,
        LoanStatus.APPROVED,
    ]
    assert found.days_past_due[0] == 0


def test_no_loans_have_no_states() -> None:
    found = columns_of([], END)

    assert len(found) == 0
    assert found.outstanding_minor.shape == (4, 0)
    assert found.next_due_day.tolist() == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("early_payment", RECALCULATING_LEDGER.early_payment),
        ("late_interest", LateInterest.ON_PRINCIPAL),
        ("charges_in_advance", ChargesInAdvance.DUE_ONLY),
        ("allocation_by_kind", {RepaymentKind.GOODWILL: OLDEST_FIRST}),
        ("interest_refund_kinds", frozenset({RepaymentKind.PAYOUT_REFUND})),
        (
            "allocation",
            attrs.evolve(PLAIN_LEDGER.allocation, in_advance=InAdvance.LAST),
        ),
        (
            "allocation",
            attrs.evolve(PLAIN_LEDGER.allocation, processing=Processing.VERTICAL),
        ),
    ],
)
def test_a_policy_that_is_not_covered_is_refused_by_name(
    name: str, value: object
) -> None:
    changes: dict[str, Any] = {name: value}
    policy = attrs.evolve(PLAIN_LEDGER, **changes)
    with pytest.raises(InvalidValueError, match=f"{name} must .* use replay") as error:
        columns_of([(TERMS, [LENT])], END, policy=policy)
    assert error.value.field == name


def test_automatic_down_payments_are_refused_where_there_are_any() -> None:
    policy = attrs.evolve(PLAIN_LEDGER, is_down_payment_automatic=True)
    assert_twins([(TERMS, [LENT])], END, policy=policy)
    plan = attrs.evolve(TERMS.plan, down_payment=Portion.of_share("0.25"))
    terms = attrs.evolve(TERMS, plan=plan)
    with pytest.raises(InvalidValueError, match="is_down_payment_automatic must be"):
        columns_of([(terms, [lent(terms)])], END, policy=policy)


def test_loans_that_are_not_paid_out_as_agreed_are_refused() -> None:
    next_day = LENT_ON + dt.timedelta(days=1)
    amount = Disbursed(amount=Money(1, EUR))
    for log, rule in (
        ([event(LENT.what, next_day)], "must be the day agreed"),
        ([event(amount, LENT_ON)], "must be the amount agreed"),
        ([LENT, event(amount, next_day)], "must be one a loan in columns"),
        ([paid(100, FIRST)], "must not be before the loan is paid out"),
        ([LENT, paid(1, LENT_ON - dt.timedelta(days=1))], "must not be before the"),
    ):
        with pytest.raises(InvalidValueError, match=rule):
            columns_of([(TERMS, log)], END)


def test_events_that_contradict_each_other_are_refused_by_their_row() -> None:
    fee = charge(FEE, 100, FIRST, FIRST)
    early = event(ChargeWaived(fee.id), FIRST - dt.timedelta(days=1))
    gone = event(Reversed(fee.id), FIRST, minute=3, key="gone")
    twice = event(Reversed(fee.id), FIRST, minute=4, key="twice")
    waived = event(ChargeWaived(fee.id), SECOND, minute=5)
    for log, minute, rule in (
        ([LENT, fee, early], 9, "must be a charge from before that counts"),
        ([LENT, fee, gone, waived], 9, "must be a charge from before that counts"),
        ([LENT, fee, gone, twice], 9, "must be an event that nothing else has"),
        ([LENT, attrs.evolve(fee, recorded_at=moment(8)), gone], 7, "is known by then"),
    ):
        with pytest.raises(InvalidValueError, match=rule) as error:
            columns_of([(TERMS, log)], END, known_at=moment(minute))
        assert error.value.bad_count in (1, 2)
        assert not both([(TERMS, log)], END, known_at=moment(minute))


def test_events_of_no_loan_and_sums_that_do_not_fit_are_refused() -> None:
    log = [LENT, paid(2**61, FIRST, key="one"), paid(2**61, FIRST, key="two")]
    loans = tables([(TERMS, log)])
    rows, events = rows_of(loans), events_of([(TERMS, log)], loans)
    with pytest.raises(InvalidValueError, match="loan_index must be less than"):
        replay_many(
            rows,
            attrs.evolve(events, loan_index=events.loan_index + 1),
            policy=PLAIN_LEDGER,
            as_of_day=day_of(END),
        )
    with pytest.raises(InvalidValueError, match=r"repayments must add up to less"):
        replay_many(rows, events, policy=PLAIN_LEDGER, as_of_day=day_of(END))
    log = [LENT, *(charge(FEE, 2**61, FIRST, FIRST, key=key) for key in "ab")]
    with pytest.raises(InvalidValueError, match=r"rows must add up to less .* 2\*\*62"):
        columns_of([(TERMS, log)], END)


def test_moments_without_a_zone_and_days_beyond_all_are_refused() -> None:
    naive = dt.datetime(2025, 3, 1)  # noqa: DTZ001  # what is refused
    with pytest.raises(InvalidValueError, match="known_at must") as error:
        columns_of([(TERMS, [LENT])], END, known_at=naive)
    assert error.value.field == "known_at"
    loans = tables([(TERMS, [LENT])])
    with pytest.raises(InvalidValueError, match="as_of_day must"):
        replay_many(
            rows_of(loans),
            events_of([(TERMS, [LENT])], loans),
            policy=PLAIN_LEDGER,
            as_of_day=10**9,
        )


def test_large_amounts_of_many_loans_never_wrap() -> None:
    drawn: list[Log] = []
    for number in range(4):
        terms = terms_of(2**61, percent=0)
        one = [lent(terms), paid(2**61, FIRST), paid(2**60, SECOND)]
        drawn.append(
            (
                terms,
                [
                    attrs.evolve(
                        part,
                        loan_id=LoanId(f"loan-{number}"),
                        id=EventId(f"{part.id}{number}"),
                    )
                    for part in one
                ],
            )
        )
    found = assert_twins(drawn, FIRST)
    assert found.credit_minor.tolist() == [0] * 4
    assert assert_twins(drawn, END).credit_minor.tolist() == [2**60] * 4


def test_the_columns_of_states_say_what_each_state_says() -> None:
    pytest.importorskip("pandas")
    rng = random.Random(5)
    given_logs = [seeded_log(rng, number) for number in range(11)]
    given_logs.append((TERMS, []))
    states = columns_of(given_logs, SECOND)

    columns = states.to_columns()

    assert len(set(columns["status"])) >= 2
    for row, log in enumerate(given_logs):
        state = state_of(log, SECOND)
        outstanding, next_due = state.outstanding, state.next_due
        assert {name: column[row] for name, column in columns.items()} == {
            "status": state.status.value,
            "outstanding_minor": outstanding.total.minor,
            "principal_minor": outstanding.amount_in(Bucket.PRINCIPAL).minor,
            "interest_minor": outstanding.amount_in(Bucket.INTEREST).minor,
            "fees_minor": outstanding.amount_in(Bucket.FEES).minor,
            "penalties_minor": outstanding.amount_in(Bucket.PENALTIES).minor,
            "due_minor": state.due.total.minor,
            "overdue_minor": state.overdue.total.minor,
            "days_past_due": state.days_past_due,
            "next_due_on": None if next_due is None else next_due.due_on,
            "next_due_minor": 0 if next_due is None else next_due.amount.minor,
            "credit_minor": state.credit.minor,
            "recovered_minor": state.recovered.minor,
        }
    frame: Any = states.to_frame("pandas")
    assert list(frame.columns) == list(columns)
    assert frame["status"].tolist() == columns["status"]
