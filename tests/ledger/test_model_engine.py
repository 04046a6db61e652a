from __future__ import annotations

import datetime as dt

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microcrm_core import Money, Rate
from microcrm_core.dates import Frequency
from microcrm_core.errors import InvalidValueError
from microcrm_core.ids import PolicyId
from microcrm_core.ledger import (
    AllocationOrder,
    ArrearsCapitalized,
    Bucket,
    Charged,
    ChargedOff,
    ChargeKind,
    ChargeOffInterest,
    CreditRefunded,
    Disbursed,
    EarlyInterest,
    EarlyPayment,
    Happening,
    InAdvance,
    IncomeCapitalized,
    InterestPaused,
    LateInterest,
    LedgerPolicy,
    RateChanged,
    ReAged,
    ReAgedInterest,
    ReAmortized,
    Repaid,
    Terminated,
)
from microcrm_core.ledger.loan_states import LoanState, LoanStatus
from microcrm_core.ledger.row_accounts import RowKind
from microcrm_core.loans import (
    FINERACT,
    InterestPause,
    Portion,
    RateChange,
    build_schedule,
)
from tests.ledger.engine_cases import EUR, START, changed, loan, on, replayed, rows

INTEREST_FIRST = AllocationOrder.of(
    (Bucket.INTEREST, Bucket.PRINCIPAL, Bucket.PENALTIES, Bucket.FEES)
)
DAILY = LedgerPolicy(
    id=PolicyId("daily"),
    allocation=INTEREST_FIRST,
    early_payment=EarlyPayment.LAST_INSTALLMENT,
    late_interest=LateInterest.ON_PRINCIPAL,
)
TO_DUE = attrs.evolve(DAILY, early_interest=EarlyInterest.TO_THE_DUE_DATE)
FIXED = LedgerPolicy(id=PolicyId("fixed"), allocation=INTEREST_FIRST)

PLANNED = "1643 58|1652 49|1662 39|1672 29|1681 20|1690 10"


# What scenarios of Apache Fineract expect, by their numbers there.
def test_c3237_one_late_row_bears_interest_to_the_due_date() -> None:
    state = replayed(loan(), [(on(2), "17.01")], FINERACT, TO_DUE, on(3, 10))

    # The third row bears 7 % on 83.57 for a month: 0.49, as the second one did.
    assert rows(state) == "1643 58|1652 49|1652 49|1672 29|1681 20|1700 10"


def test_c4198_interest_to_the_day_of_re_aging_is_spread_evenly() -> None:
    again = ReAged(
        start_on=on(4),
        frequency=Frequency.MONTHLY,
        installment_count=6,
        interest=ReAgedInterest.EQUAL_TO_DATE,
    )

    state = replayed(
        loan(), [(on(2), "17.01"), (on(3, 15), again)], FINERACT, DAILY, on(3, 15)
    )

    # 0.49 of February and 83.57 * 0.07 / 12 * 14 / 31 = 0.22 of March, by six.
    assert rows(state) == "|".join(
        ["1643 58", "0 0", "0 0", *["1393 12"] * 5, "1392 11"]
    )
    assert [row.due_on for row in state.rows[1:4]] == [on(3), on(3, 15), on(4)]
    assert [row.settled_on for row in state.rows[1:3]] == [on(3, 15)] * 2


def test_c4210_level_re_aging_lets_unpaid_interest_wait_for_the_first_row() -> None:
    fee = Charged(
        kind=ChargeKind.FEE,
        portion=Portion.of_amount(Money.of("10.00", EUR)),
        due_on=on(2, 15),
    )
    again = ReAged(start_on=on(4), frequency=Frequency.MONTHLY, installment_count=6)

    state = replayed(
        loan(),
        [(on(2), "17.01"), (on(2, 15), fee), (on(3, 15), again)],
        FINERACT,
        DAILY,
        on(3, 15),
    )

    assert rows(state) == ("1643 58|0 0|1332 98|1389 41|1397 33|1405 25|1413 17|1421 8")
    assert state.rows[1].charged[Bucket.FEES] == 1000


def test_paying_on_15_january_saves_the_interest_of_later_days() -> None:
    # ProgressiveEMICalculatorTest of Apache Fineract (3f359bb3): 16.75 and 0.26.
    state = replayed(loan(), [(on(1, 15), "17.01")], FINERACT, DAILY, on(1, 15))

    assert rows(state).split("|")[0] == "1675 26"
    assert changed(state, replayed(loan(), [], FINERACT, DAILY, START)) == [1, 2, 6]


def test_rows_of_a_loan_without_payments_are_its_schedule() -> None:
    terms = attrs.evolve(
        loan(),
        rate_changes=(
            RateChange(from_on=on(4, 10), nominal_rate=Rate.per_year("0.12")),
        ),
        interest_pauses=(InterestPause(on(2, 5), on(2, 11)),),
    )

    state = replayed(terms, [], FINERACT, FIXED, START)

    schedule = build_schedule(terms, FINERACT)
    amounts = zip(schedule.principal_minor, schedule.interest_minor, strict=True)
    assert rows(state) == "|".join(f"{p} {i}" for p, i in amounts)
    assert rows(state) == rows(replayed(terms, [], FINERACT, DAILY, START))


def test_fixed_amounts_hear_of_no_payment_and_of_no_lateness() -> None:
    paid = [(on(1, 15), "40.00"), (on(4, 20), "5.00")]

    state = replayed(loan(), paid, FINERACT, FIXED, on(6, 15))

    assert rows(state) == PLANNED


def test_late_principal_earns_only_where_the_policy_says_so() -> None:
    none = attrs.evolve(DAILY, late_interest=LateInterest.NONE)

    assert rows(replayed(loan(), [], FINERACT, none, on(3, 20))) == PLANNED
    late = replayed(loan(), [], FINERACT, DAILY, on(3, 20))
    # February: 7 % on 16.43 more than the 83.57 that were planned. March, of 31 days:
    # for 19 days 32.95 more than the 67.05 that were planned.
    assert rows(late).split("|")[1:3] == ["1643 58", "1650 51"]


def test_nothing_accrues_after_the_last_due_date() -> None:
    at_the_end = replayed(loan(), [], FINERACT, DAILY, on(7))
    years_later = replayed(loan(), [], FINERACT, DAILY, dt.date(2027, 1, 1))

    assert rows(at_the_end) == rows(years_later)


def test_asking_each_day_lets_late_interest_grow_as_asking_once_does() -> None:
    fee = Charged(
        kind=ChargeKind.FEE,
        portion=Portion.of_amount(Money.of("0.01", EUR)),
        due_on=on(1, 20),
    )
    each_week = [(on(2, 2) + dt.timedelta(7 * week), fee) for week in range(9)]

    for policy in (DAILY, TO_DUE):
        asked = replayed(loan(), each_week, FINERACT, policy, on(4, 20))
        once = replayed(loan(), [], FINERACT, policy, on(4, 20))
        assert rows(asked) == rows(once)


def test_with_early_payment_without_effect_late_principal_still_earns() -> None:
    late_only = attrs.evolve(DAILY, early_payment=EarlyPayment.NOTHING)

    early = replayed(loan(), [(on(1, 15), "17.01")], FINERACT, late_only, on(1, 15))
    late = replayed(loan(), [], FINERACT, late_only, on(3, 20))

    assert rows(early) == PLANNED
    assert rows(late) == rows(replayed(loan(), [], FINERACT, DAILY, on(3, 20)))


def test_who_pays_all_early_owes_interest_to_the_due_date_where_agreed() -> None:
    if_all = attrs.evolve(DAILY, early_interest=EarlyInterest.TO_THE_DUE_DATE_IF_ALL)

    # All principal and the whole interest of January, 7 % of 100.00 for a month.
    whole = replayed(loan(), [(on(1, 15), "100.58")], FINERACT, if_all, on(1, 15))
    part = replayed(loan(), [(on(1, 15), "17.01")], FINERACT, if_all, on(1, 15))

    assert sum(row.charged[Bucket.INTEREST] for row in whole.rows) == 58
    assert whole.outstanding.total.minor == whole.credit.minor == 0
    assert rows(part).split("|")[0] == "1675 26"


def test_a_rate_that_is_known_to_come_is_shown_and_paid_by_nobody_yet() -> None:
    dearer = (on(4, 10), RateChanged(Rate.per_year("0.12")))

    shown = replayed(loan(), [dearer], FINERACT, DAILY, on(1, 20))
    closed = replayed(
        loan(),
        [(on(1, 15), str(_payoff(on(1, 15)))), dearer],
        FINERACT,
        DAILY,
        on(1, 15),
    )

    then = replayed(loan(), [dearer], FINERACT, FIXED, on(4, 10))
    assert rows(shown) == rows(then) != PLANNED
    assert closed.outstanding.total.minor == closed.credit.minor == 0


def _payoff(day: dt.date) -> str:
    quote = replayed(loan(), [], FINERACT, DAILY, day).payoff.total
    return f"{quote.minor // 100}.{quote.minor % 100:02}"


def test_a_rate_that_begins_once_all_is_paid_asks_for_nothing() -> None:
    # As of the due date of a row, the new rate holds for a day of its period.
    rules = attrs.evolve(FIXED, late_interest=LateInterest.ON_PRINCIPAL)
    rate = RateChanged(Rate.per_year("0.60"))
    quote = replayed(loan(), [(on(2), rate)], FINERACT, rules, on(1, 2)).payoff.total

    happened: list[tuple[dt.date, Happening | str]] = [
        (on(1, 2), str(quote.amount)),
        (on(2), rate),
    ]
    state = replayed(loan(), happened, FINERACT, rules, on(3))

    assert state.status is LoanStatus.CLOSED


def test_what_is_charged_back_is_owed_in_the_row_that_comes_next() -> None:
    refund = CreditRefunded(Money.of("10.00", EUR))

    state = replayed(loan(), [(on(2, 15), refund)], FINERACT, DAILY, on(2, 15))

    assert state.rows[1].charged[Bucket.PRINCIPAL] - 1652 in range(980, 1001)
    assert [row.credited_minor for row in state.rows] == [0, 1000, 0, 0, 0, 0]


def test_a_disbursement_after_the_last_due_date_gets_a_row_of_its_own() -> None:
    lent = [
        (START, Disbursed(amount=Money.of("60.00", EUR))),
        (on(9, 9), Disbursed(amount=Money.of("40.00", EUR))),
        (on(9, 12), Disbursed(amount=Money.of("5.00", EUR))),
    ]

    state = replayed(loan(), lent, FINERACT, FIXED, on(10))

    assert len(state.rows) == 7
    assert state.rows[6].charged == (4500, 0, 0, 0)
    assert state.rows[6].due_on == on(9, 12)


@pytest.mark.parametrize(
    ("happening", "kind"),
    [
        (ChargedOff(), ChargeOffInterest.ENDED),
        (ChargedOff(), ChargeOffInterest.ACCELERATED),
        (Terminated(), ChargeOffInterest.KEPT),
    ],
)
def test_ended_interest_leaves_principal_that_was_lent_and_none_to_accrue(
    happening: Happening, kind: ChargeOffInterest
) -> None:
    for policy in (FIXED, DAILY):
        kept = attrs.evolve(policy, charge_off_interest=kind)
        events = [(on(2), "17.01"), (on(2, 15), happening)]

        state = replayed(loan(), events, FINERACT, kept, on(2, 15))

        assert sum(row.charged[Bucket.PRINCIPAL] for row in state.rows) == 10_000
        # 0.49 of February, of 29 days, for 14 of them.
        assert [row.charged[Bucket.INTEREST] for row in state.rows[1:] if row] == [
            24,
            *[0] * (len(state.rows) - 2),
        ]
        later = replayed(loan(), events, FINERACT, kept, on(12))
        assert rows(later) == rows(state)


def test_acceleration_makes_the_rest_due_on_the_day() -> None:
    state = replayed(
        loan(),
        [(on(2), "17.01"), (on(2, 15), Terminated())],
        FINERACT,
        DAILY,
        on(2, 15),
    )

    assert rows(state) == "1643 58|8357 24"
    assert state.rows[1].due_on == on(2, 15)


def test_capitalized_arrears_are_owed_once_and_bear_interest() -> None:
    state = replayed(
        loan(), [(on(2, 15), ArrearsCapitalized())], FINERACT, DAILY, on(2, 15)
    )

    # Interest of January, 0.58, is principal now.
    assert state.rows[0].charged == (1643, 0, 0, 0)
    assert sum(row.charged[Bucket.PRINCIPAL] for row in state.rows) == 10_058


@pytest.mark.parametrize(
    "what",
    [
        ArrearsCapitalized(),
        ReAmortized(),
        ReAmortized(interest=ReAgedInterest.EQUAL_TO_DATE),
    ],
)
def test_a_row_that_asked_for_nothing_is_not_settled_by_what_empties_rows(
    what: Happening,
) -> None:
    # A thousandth of a cent is nothing to pay down.
    plan = attrs.evolve(loan().plan, down_payment=Portion.of_share("0.0000001"))
    terms = attrs.evolve(loan(), plan=plan)

    state = replayed(terms, [(on(2, 15), what)], FINERACT, DAILY, on(2, 15))

    nothing = [row for row in state.rows if row.kind is RowKind.DOWN_PAYMENT]
    assert [(row.charged, row.settled_on) for row in nothing] == [((0,) * 4, START)]


def test_capitalized_income_is_principal_from_its_day_on() -> None:
    income = IncomeCapitalized(Money.of("50.00", EUR))
    lent = Disbursed(amount=Money.of("50.00", EUR))

    by_income = replayed(loan(), [(on(2, 15), income)], FINERACT, FIXED, on(2, 15))
    by_payout = replayed(
        loan(),
        [(START, Disbursed(amount=Money.of("100.00", EUR))), (on(2, 15), lent)],
        FINERACT,
        FIXED,
        on(2, 15),
    )

    assert rows(by_income) == rows(by_payout)


@pytest.mark.parametrize("interest", list(ReAgedInterest))
def test_payments_after_re_aging_close_the_loan(interest: ReAgedInterest) -> None:
    again = ReAged(
        start_on=on(4),
        frequency=Frequency.MONTHLY,
        installment_count=3,
        interest=interest,
    )
    events: list[tuple[dt.date, Happening | str]] = [(on(2), "17.01")]
    events.append((on(3, 15), again))
    paid = [(on(4), "29.00"), (on(5), "29.00"), (on(6), "29.00")]

    state = replayed(loan(), [*events, *paid], FINERACT, DAILY, on(6))

    rest = state.outstanding.total.minor - state.credit.minor
    in_all = sum(sum(row.charged) for row in state.rows)
    assert in_all - rest == 1701 + 3 * 2900
    assert sum(row.charged[Bucket.PRINCIPAL] for row in state.rows) == 10_000


def test_re_amortized_level_rows_keep_their_due_dates() -> None:
    # Scenario of the same source as C4210, spread over the four rows to come.
    state = replayed(
        loan(),
        [(on(2), "17.01"), (on(3, 15), ReAmortized())],
        FINERACT,
        DAILY,
        on(3, 15),
    )

    assert [row.due_on for row in state.rows[2:]] == [on(4), on(5), on(6), on(7)]
    assert rows(state) == "1643 58|0 0|2034 98|2095 37|2107 25|2121 12"


def test_what_the_model_does_not_know_is_refused_by_name() -> None:
    lower = attrs.evolve(DAILY, early_payment=EarlyPayment.LOWER_INSTALLMENT)
    after = attrs.evolve(DAILY, late_interest=LateInterest.ON_PRINCIPAL_AFTER_MATURITY)

    with pytest.raises(InvalidValueError, match="early_payment must not be lower_"):
        replayed(loan(), [], FINERACT, lower, START)
    with pytest.raises(InvalidValueError, match="late_interest must not be on_pr"):
        replayed(loan(), [], FINERACT, after, START)


# What rows ask for in sum.


def _principal(state: LoanState) -> int:
    return sum(row.charged[Bucket.PRINCIPAL] for row in state.rows)


def test_interest_that_is_paid_above_what_a_row_bears_is_no_principal() -> None:
    last_first = AllocationOrder.of(
        (Bucket.INTEREST, Bucket.PRINCIPAL, Bucket.PENALTIES, Bucket.FEES),
        in_advance=InAdvance.LAST,
    )
    policy = attrs.evolve(TO_DUE, allocation=last_first)
    # Both later rows are paid in full, so that the first one bears all interest.
    paid: list[tuple[dt.date, Happening | str]] = [(on(1, 29), "581.20")]
    terms = loan("600.00", "0.12", 3)

    for day in range(1, 30):
        state = replayed(terms, [*paid, (on(2, day), "0.01")], FINERACT, policy, on(3))

        assert _principal(state) == 600_00


def test_what_a_settled_row_keeps_at_a_new_rate_is_taken_from_open_ones() -> None:
    last_first = AllocationOrder.of(
        (Bucket.PRINCIPAL, Bucket.INTEREST, Bucket.PENALTIES, Bucket.FEES),
        in_advance=InAdvance.LAST,
    )
    policy = attrs.evolve(FIXED, allocation=last_first)
    happened: list[tuple[dt.date, Happening | str]] = [
        (on(1, 20), "20.00"),
        (on(2, 20), RateChanged(Rate.per_year("0.24"))),
    ]
    before = replayed(loan(), happened, FINERACT, policy, on(2, 20))
    happened.append((on(5, 10), CreditRefunded(Money.of("5.00", EUR))))
    after = replayed(loan(), happened, FINERACT, policy, on(5, 10))

    # The last row is settled. The one before it took the difference, and keeps it when
    # it asks for 5.00 more.
    assert before.rows[5].settled_on == on(1, 20)
    assert (_principal(before), _principal(after)) == (100_00, 105_00)
    assert changed(after, before) == [5]
    assert after.rows[4].charged[0] - before.rows[4].charged[0] == 5_00


def test_a_row_paid_ahead_keeps_its_amount_when_a_disbursement_lowers_the_level() -> (
    None
):
    happened: list[tuple[dt.date, Happening | str]] = [
        (START, Disbursed(amount=Money.of("600.00", EUR))),
        (on(2, 24), RateChanged(Rate.per_year("0.24"))),
        (on(2, 26), "329.06"),
        (on(3, 2), Disbursed(amount=Money.of("0.01", EUR))),
    ]

    state = replayed(loan("600.00", "0.12"), happened, FINERACT, TO_DUE, on(3, 2))

    assert _principal(state) == 600_01


def all_policies() -> st.SearchStrategy[LedgerPolicy]:
    orders = st.builds(
        AllocationOrder.of,
        st.permutations(list(Bucket)).map(tuple),
        in_advance=st.sampled_from(InAdvance),
    )
    return st.builds(
        LedgerPolicy,
        id=st.just(PolicyId("drawn")),
        allocation=orders,
        early_payment=st.sampled_from(
            [EarlyPayment.NOTHING, EarlyPayment.LAST_INSTALLMENT]
        ),
        early_interest=st.sampled_from(EarlyInterest),
        late_interest=st.sampled_from([LateInterest.NONE, LateInterest.ON_PRINCIPAL]),
    )


def all_histories() -> st.SearchStrategy[list[tuple[int, Happening]]]:
    amounts = st.integers(1, 6_000).map(lambda minor: Money(minor, EUR))
    happenings: st.SearchStrategy[Happening] = st.one_of(
        st.builds(Repaid, amount=amounts),
        st.builds(Repaid, amount=amounts),
        st.builds(CreditRefunded, amounts),
        st.just(RateChanged(Rate.per_year("0.2"))),
        st.integers(0, 9).map(lambda days: InterestPaused(on(3) + dt.timedelta(days))),
    )
    days = st.integers(0, 59)
    return st.lists(st.tuples(days, happenings), max_size=5)


@settings(max_examples=50, deadline=None)
@given(policy=all_policies(), history=all_histories(), day=st.integers(0, 220))
def test_the_payoff_quote_closes_the_loan_to_the_unit(
    policy: LedgerPolicy, history: list[tuple[int, Happening]], day: int
) -> None:
    events = [(START + dt.timedelta(days), what) for days, what in history]
    as_of = START + dt.timedelta(day)
    before = replayed(loan(), events, FINERACT, policy, as_of)

    quote = before.payoff.total
    if quote.is_positive:
        events.append((as_of, Repaid(amount=quote)))
    after = replayed(loan(), events, FINERACT, policy, as_of)

    assert after.outstanding.total.minor == 0
    assert after.credit.minor == before.credit.minor


@pytest.mark.parametrize("policy", [FIXED, DAILY, TO_DUE], ids=["a", "b", "c"])
@pytest.mark.parametrize("due_on", [on(2, 1), on(2, 20)])
def test_a_new_rate_asks_for_nothing_of_a_loan_of_which_only_a_penalty_is_open(
    policy: LedgerPolicy, due_on: dt.date
) -> None:
    five = Portion.of_amount(Money.of("5.00", EUR))
    events: list[tuple[dt.date, Happening]] = [
        (START, Disbursed(amount=Money.of("100.00", EUR))),
        (on(2, 15), RateChanged(Rate.per_year("0.6"))),
    ]
    quote = replayed(loan(), events, FINERACT, policy, on(1, 10)).payoff.total
    penalty = Charged(kind=ChargeKind.PENALTY, portion=five, due_on=due_on)
    events += [(on(1, 10), Repaid(amount=quote)), (on(1, 20), penalty)]

    for day in (on(2, 1), on(2, 14), on(2, 15), on(2, 21), on(12)):
        state = replayed(loan(), events, FINERACT, policy, day)

        assert str(state.outstanding.penalties) == "EUR 5.00"
        assert state.outstanding.total == state.outstanding.penalties


@settings(max_examples=50, deadline=None)
@given(policy=all_policies(), history=all_histories(), day=st.integers(0, 220))
def test_no_row_asks_for_less_than_was_paid_and_cash_goes_somewhere(
    policy: LedgerPolicy, history: list[tuple[int, Happening]], day: int
) -> None:
    events = [(START + dt.timedelta(days), what) for days, what in history]
    as_of = START + dt.timedelta(day)

    state = replayed(loan(), events, FINERACT, policy, as_of)

    for row in state.rows:
        assert all(a >= p for a, p in zip(row.charged, row.paid, strict=True))
    counted = [what for on_day, what in events if on_day <= as_of]
    came_in = sum(what.amount.minor for what in counted if isinstance(what, Repaid))
    went_out = sum(
        what.amount.minor for what in counted if isinstance(what, CreditRefunded)
    )
    owed_again = sum(row.credited_minor for row in state.rows)
    paid = sum(sum(row.paid) for row in state.rows)
    assert came_in - went_out == paid - owed_again + state.credit.minor
