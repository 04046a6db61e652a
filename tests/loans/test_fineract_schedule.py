from __future__ import annotations

import datetime as dt
from fractions import Fraction
from itertools import accumulate

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microcrm_core import Money
from microcrm_core.dates import (
    BusinessCalendar,
    BusinessDayRule,
    DayCount,
    Frequency,
    RollRule,
    due_dates,
)
from microcrm_core.errors import InvalidValueError, ScheduleError
from microcrm_core.loans import (
    EQUAL_INSTALLMENTS,
    FINERACT,
    FINERACT_CUMULATIVE,
    NO_GRACE,
    Accrual,
    Arithmetic,
    Bullet,
    BusinessDays,
    Collision,
    DeferredInterest,
    EqualInstallments,
    EqualPrincipal,
    Fee,
    FeeBase,
    FeeTiming,
    FlatInterest,
    Grace,
    InterestDate,
    InterestOnly,
    InterestPause,
    LoanTerms,
    Portion,
    RateChange,
    Remainder,
    RepaymentMethod,
    RepaymentPlan,
    ScheduleConventions,
    ShortPeriod,
    Tranche,
    build_schedule,
)
from microcrm_core.loans.fineract_schedule import fineract_parts, fineract_working
from microcrm_core.loans.workings import ScheduleParts
from microcrm_core.rates import Rate
from tests.loans.fineract_cases import all_day_counts, all_start_dates, split
from tests.loans.loan_cases import EUR

START = dt.date(2024, 1, 1)
ACTUAL = attrs.evolve(FINERACT, day_count=split("actual", "actual"))
QUARTER_DOWN = RepaymentPlan(
    method=EqualInstallments(), down_payment=Portion.of_share("0.25")
)


def make_terms(
    principal_minor: int = 10_000,
    rate: str = "0.07",
    count: int = 6,
    plan: RepaymentPlan = EQUAL_INSTALLMENTS,
    disbursed_on: dt.date = START,
    first_due_on: dt.date = dt.date(2024, 2, 1),
    frequency: Frequency = Frequency.MONTHLY,
) -> LoanTerms:
    return LoanTerms(
        principal=Money(principal_minor, EUR),
        nominal_rate=Rate.per_year(rate),
        installment_count=count,
        frequency=frequency,
        disbursed_on=disbursed_on,
        first_due_on=first_due_on,
        plan=plan,
    )


def shown(parts: ScheduleParts) -> str:
    """Write outstanding, principal and interest of every row, as cents."""
    columns = (parts.outstanding_minor, parts.principal_minor, parts.interest_minor)
    return "|".join(" ".join(map(str, row)) for row in zip(*columns, strict=True))


def due_on(parts: ScheduleParts) -> list[str]:
    return [str(dt.date(1970, 1, 1) + dt.timedelta(day)) for day in parts.due_day]


# Schedules that the feature files of Apache Fineract expect (commit 3f359bb3).
@pytest.mark.parametrize(
    ("terms", "conventions", "expected"),
    [
        # Scenario C3157: 12 % every two months.
        (
            make_terms(
                rate="0.12",
                count=3,
                frequency=Frequency.of("P2M"),
                first_due_on=dt.date(2024, 3, 1),
            ),
            FINERACT,
            "6732 3268 200|3399 3333 135|0 3399 68",
        ),
        # Scenario C3158: 9.4822 % every two weeks.
        (
            make_terms(
                rate="0.094822",
                frequency=Frequency.BIWEEKLY,
                first_due_on=dt.date(2024, 1, 15),
            ),
            FINERACT,
            "8349 1651 37|6692 1657 31|5029 1663 25|3360 1669 19|1684 1676 12|0 1684 6",
        ),
        # Scenario C3161: 5 %, a quarter paid down.
        (
            make_terms(rate="0.05", count=5, plan=QUARTER_DOWN),
            FINERACT,
            "7500 2500 0|6012 1488 31|4518 1494 25|3018 1500 19|1512 1506 13|0 1512 6",
        ),
        # Scenario of the balloon: 30 %, no principal before the eighth installment.
        (
            make_terms(
                rate="0.3",
                count=8,
                plan=RepaymentPlan(method=InterestOnly()),
            ),
            FINERACT,
            "|".join(["10000 0 250"] * 7 + ["0 10000 250"]),
        ),
        # Scenario C3734: 487.58 without interest, whole units, a quarter paid down.
        (
            make_terms(
                48_758,
                "0",
                3,
                QUARTER_DOWN,
                dt.date(2024, 3, 14),
                dt.date(2024, 3, 29),
                Frequency.of("P15D"),
            ),
            attrs.evolve(ACTUAL, installment_multiple=100),
            "36558 12200 0|24358 12200 0|12158 12200 0|0 12158 0",
        ),
        # Scenario C3559: 26 % of the cumulative engine, whole units.
        (
            make_terms(100_000, "0.26", 4),
            attrs.evolve(
                FINERACT_CUMULATIVE,
                day_count=split(),
                accrual=Accrual.DAILY,
                short_period=ShortPeriod.WHOLE_PERIOD,
                installment_multiple=100,
            ),
            "75767 24233 2167|51009 24758 1642|25714 25295 1105|0 25714 557",
        ),
    ],
)
def test_the_columns_are_the_ones_that_the_peer_expects(
    terms: LoanTerms, conventions: ScheduleConventions, expected: str
) -> None:
    assert shown(fineract_parts(terms, conventions)) == expected


def test_interest_only_is_grace_on_all_but_one_installment() -> None:
    grace = RepaymentPlan(method=EqualInstallments(), grace=Grace(principal_count=5))
    only = RepaymentPlan(method=InterestOnly())

    assert fineract_parts(make_terms(plan=grace), FINERACT) == (
        fineract_parts(make_terms(plan=only), FINERACT)
    )


@pytest.mark.parametrize(
    ("conventions", "rows"),
    [
        # Scenario C2976: the installment of the day comes before what is paid out.
        (FINERACT, "75000 25000|50000 25000|80000 10000|40000 40000|0 40000"),
        # Scenario C2819: what is paid out comes before the installment of the day.
        (
            FINERACT_CUMULATIVE,
            "75000 25000|105000 10000|70000 35000|35000 35000|0 35000",
        ),
    ],
)
def test_a_tranche_on_a_due_date_comes_where_its_engine_puts_it(
    conventions: ScheduleConventions, rows: str
) -> None:
    is_progressive = conventions is FINERACT
    method = EqualInstallments() if is_progressive else FlatInterest()
    terms = attrs.evolve(
        make_terms(140_000, "0", 3, attrs.evolve(QUARTER_DOWN, method=method)),
        tranches=(
            Tranche(disbursed_on=dt.date(2024, 2, 1), amount=Money(40_000, EUR)),
        ),
    )

    parts = fineract_parts(terms, conventions)

    columns = (parts.outstanding_minor, parts.principal_minor)
    found = "|".join(" ".join(map(str, row)) for row in zip(*columns, strict=True))
    assert found == rows
    assert sum(parts.is_down_payment) == 2


def test_payments_of_one_day_come_before_their_down_payments() -> None:
    # Scenario C2939, the second payment on the day of the first.
    terms = attrs.evolve(
        make_terms(20_000, "0", 2, QUARTER_DOWN),
        tranches=(Tranche(disbursed_on=START, amount=Money(8_000, EUR)),),
    )

    parts = fineract_parts(terms, FINERACT)

    assert parts.outstanding_minor == (17_000, 15_000, 7_500, 0)
    assert due_on(parts)[:2] == ["2024-01-01", "2024-01-01"]


def test_a_down_payment_that_rounds_to_all_is_refused() -> None:
    whole = attrs.evolve(FINERACT, installment_multiple=100)
    plan = attrs.evolve(QUARTER_DOWN, down_payment=Portion.of_share("0.75"))

    with pytest.raises(ScheduleError, match=r"of 2024-01-01, EUR 1.00, got EUR 1.00;"):
        fineract_parts(make_terms(100, plan=plan), whole)


def test_a_fixed_length_replaces_the_last_date_only() -> None:
    # Scenario C3119: every 15 days, 40 days long.
    terms = attrs.evolve(
        make_terms(
            75_000,
            "0",
            3,
            disbursed_on=dt.date(2024, 2, 1),
            first_due_on=dt.date(2024, 2, 16),
            frequency=Frequency.of("P15D"),
        ),
        last_due_on=dt.date(2024, 3, 12),
    )

    dates = due_on(fineract_parts(terms, ACTUAL))

    assert dates == ["2024-02-16", "2024-03-02", "2024-03-12"]
    early = attrs.evolve(terms, last_due_on=dt.date(2024, 3, 2))
    with pytest.raises(ScheduleError, match="last_due_on must be after"):
        fineract_parts(early, ACTUAL)


def test_dates_that_were_moved_are_not_smoothed() -> None:
    # Unit test "reschedule" of the peer: the first due date moves by a month.
    moved = tuple(dt.date(2024, month, 1) for month in range(3, 9))
    terms = attrs.evolve(make_terms(first_due_on=moved[0]), due_on=moved)

    parts = fineract_parts(terms, FINERACT)

    assert shown(parts).startswith("8416 1584 117|6764 1652 49|5102 1662 39")
    assert parts.principal_minor[5] + parts.interest_minor[5] == 1760


def test_regular_dates_are_smoothed_however_they_are_given() -> None:
    regular = tuple(dt.date(2024, month, 1) for month in range(2, 8))
    given_dates = attrs.evolve(make_terms(), due_on=regular)
    assert fineract_parts(given_dates, FINERACT) == fineract_parts(
        make_terms(), FINERACT
    )

    # 30 January: the first due date rolls into March and no longer tells its month.
    roll = RollRule.of("next_month_first_30")
    start_on = dt.date(2025, 1, 30)
    dates = due_dates(start_on, Frequency.MONTHLY, 25, roll)[1:]
    terms = attrs.evolve(
        make_terms(33133, "0.1065", 24, disbursed_on=start_on, first_due_on=dates[0]),
        due_on=dates,
    )
    rolled = attrs.evolve(ACTUAL, roll=roll)
    not_smoothed = attrs.evolve(rolled, remainder=Remainder.LAST)
    smooth, rough = (fineract_parts(terms, c) for c in (rolled, not_smoothed))
    assert due_on(smooth) == [str(day) for day in dates]
    assert _last_step(smooth) < _last_step(rough)


def _last_step(parts: ScheduleParts) -> int:
    totals = [
        principal + interest
        for principal, interest in zip(
            parts.principal_minor, parts.interest_minor, strict=True
        )
    ]
    return abs(totals[-1] - totals[-2])


def test_rate_changes_and_pauses_are_events_of_their_days() -> None:
    terms = attrs.evolve(
        make_terms(),
        rate_changes=(
            RateChange(
                from_on=dt.date(2024, 2, 15), nominal_rate=Rate.per_year("0.04")
            ),
        ),
    )
    # Unit test "reschedule interest on 02-15" of the peer.
    parts = fineract_parts(terms, FINERACT)
    assert parts.interest_minor == (58, 37, 22, 17, 11, 6)

    paused = attrs.evolve(
        make_terms(),
        interest_pauses=(InterestPause(dt.date(2024, 2, 5), dt.date(2024, 2, 11)),),
    )
    # Unit test "single interest pause": 5 to 10 February, both included.
    assert fineract_parts(paused, FINERACT).interest_minor == (58, 39, 39, 29, 20, 10)


@settings(max_examples=60)
@given(
    start_on=all_start_dates(),
    day_count=all_day_counts(),
    days=st.lists(st.integers(0, 100), max_size=3),
    is_cumulative=st.booleans(),
    share=st.sampled_from([None, Fraction(1, 4), Fraction(1, 3)]),
    multiple=st.sampled_from([1, 100]),
    is_flat=st.booleans(),
)
def test_what_is_paid_out_is_paid_back_and_outstanding_follows(
    start_on: dt.date,
    day_count: object,
    days: list[int],
    is_cumulative: bool,
    share: Fraction | None,
    multiple: int,
    is_flat: bool,
) -> None:
    base = FINERACT_CUMULATIVE if is_cumulative else FINERACT
    conventions = attrs.evolve(
        base,
        day_count=day_count,  # type: ignore[arg-type]  # drawn from the strategy
        installment_multiple=multiple,
    )
    flat = FlatInterest() if is_cumulative and is_flat else EqualInstallments()
    plan = RepaymentPlan(
        method=flat, down_payment=None if share is None else Portion(share=share)
    )
    later = tuple(
        Tranche(disbursed_on=start_on + dt.timedelta(day), amount=Money(7_000, EUR))
        for day in sorted(days)
    )
    terms = attrs.evolve(
        make_terms(
            100_000 + 7_000 * len(days),
            plan=plan,
            disbursed_on=start_on,
            first_due_on=start_on + dt.timedelta(30),
        ),
        tranches=later,
    )

    parts = fineract_parts(terms, conventions)

    assert sum(parts.principal_minor) == terms.principal.minor
    assert parts.outstanding_minor[-1] == 0
    assert list(parts.due_day) == sorted(parts.due_day)
    downs = [
        minor
        for minor, is_down in zip(
            parts.principal_minor, parts.is_down_payment, strict=True
        )
        if is_down
    ]
    assert len(downs) == (0 if share is None else 1 + len(days))
    if multiple == 100:
        assert all(minor % 100 == 0 for minor in downs)


def test_fees_come_with_installments_and_not_with_down_payments() -> None:
    fees = (
        Fee(
            name="service",
            timing=FeeTiming.PER_INSTALLMENT,
            portion=Portion.of_amount(Money(50, EUR)),
        ),
        Fee(
            name="care",
            timing=FeeTiming.PER_INSTALLMENT,
            portion=Portion.of_share("0.01"),
            base=FeeBase.OUTSTANDING,
        ),
    )
    plan = attrs.evolve(QUARTER_DOWN, fees=fees)

    parts = fineract_parts(make_terms(10_000, "0", 3, plan), FINERACT)

    assert parts.fees_minor == (0, 50 + 75, 50 + 50, 50 + 25)


def test_the_working_of_a_row_adds_up() -> None:
    terms = attrs.evolve(
        make_terms(30_000),
        tranches=(
            Tranche(disbursed_on=dt.date(2024, 1, 15), amount=Money(20_000, EUR)),
        ),
    )
    parts = fineract_parts(terms, FINERACT)

    for number in range(1, 7):
        working = fineract_working(terms, FINERACT, number)
        assert working.principal_minor == parts.principal_minor[number - 1]
        assert working.interest_due_minor == parts.interest_minor[number - 1]
        assert working.interest_minor == round(working.interest_exact)
        assert working.equal_minor is not None
        assert working.remainder_minor is not None
        assert working.equal_minor + working.remainder_minor == (
            working.principal_minor + working.interest_due_minor
        )
        for part in working.slices:
            exact = part.factor * part.balance_minor
            assert abs(part.interest - exact) <= exact / 10**18
    first = fineract_working(terms, FINERACT, 1)
    assert [part.days for part in first.slices] == [14, 17]
    assert [part.balance_minor for part in first.slices] == [10_000, 30_000]


def test_the_working_of_a_down_payment_has_no_interest() -> None:
    terms = make_terms(plan=QUARTER_DOWN)

    working = fineract_working(terms, FINERACT, 1)

    assert (working.slices, working.equal_minor) == ((), None)
    assert working.principal_minor == 2500
    assert working.interest_exact == Fraction(0)


def test_the_working_of_the_cumulative_engine_adds_up() -> None:
    for method in (EqualInstallments(), EqualPrincipal(), FlatInterest()):
        terms = make_terms(plan=RepaymentPlan(method=method))
        parts = fineract_parts(terms, FINERACT_CUMULATIVE)
        for number in range(1, 6):
            working = fineract_working(terms, FINERACT_CUMULATIVE, number)
            assert working.interest_due_minor == parts.interest_minor[number - 1]
            rounded_minor = working.interest_minor
            if working.share is not None:
                rounded_minor = working.share.whole_minor
                assert working.share.minor == working.interest_minor
            assert rounded_minor == round(working.interest_exact)


@pytest.mark.parametrize("number", [0, 7])
def test_a_row_that_is_not_there_has_no_working(number: int) -> None:
    with pytest.raises(InvalidValueError, match="number must be from 1 to 6"):
        fineract_working(make_terms(), FINERACT, number)


BUSINESS_DAYS = BusinessDays(
    rule=BusinessDayRule.FOLLOWING,
    calendar=BusinessCalendar(name="weekends"),
    interest_to=InterestDate.ORIGINAL,
    collision=Collision.KEPT,
)
LATER_RATE = RateChange(from_on=dt.date(2024, 3, 1), nominal_rate=Rate.per_year("0.05"))
FINANCED = Fee(
    name="start",
    timing=FeeTiming.FINANCED,
    portion=Portion.of_share("0.01"),
)
PUT_OFF = Grace(
    principal_count=2,
    interest_payment_count=2,
    deferred_interest=DeferredInterest.CAPITALIZED,
)


def planned(
    method: RepaymentMethod = EQUAL_INSTALLMENTS.method,
    grace: Grace = NO_GRACE,
    balloon: Portion | None = None,
    down_payment: Portion | None = None,
    fees: tuple[Fee, ...] = (),
) -> LoanTerms:
    return make_terms(
        plan=RepaymentPlan(
            method=method,
            grace=grace,
            balloon=balloon,
            down_payment=down_payment,
            fees=fees,
        )
    )


@pytest.mark.parametrize(
    ("terms", "conventions", "field"),
    [
        (planned(method=FlatInterest()), FINERACT, "method"),
        (planned(method=EqualPrincipal()), FINERACT, "method"),
        (planned(method=Bullet()), FINERACT, "method"),
        (planned(method=InterestOnly()), FINERACT_CUMULATIVE, "method"),
        (planned(balloon=Portion.of_share("0.2")), FINERACT, "balloon"),
        (planned(grace=PUT_OFF), FINERACT, "grace"),
        (planned(grace=Grace(interest_free_count=1)), FINERACT_CUMULATIVE, "grace"),
        (planned(grace=Grace(principal_count=6)), FINERACT, "principal_count"),
        (planned(fees=(FINANCED,)), FINERACT, "fees"),
        (
            planned(down_payment=Portion.of_amount(Money(100, EUR))),
            FINERACT,
            "down_payment",
        ),
        (
            attrs.evolve(make_terms(), rate_changes=(LATER_RATE,)),
            FINERACT_CUMULATIVE,
            "rate_changes",
        ),
        (
            attrs.evolve(
                make_terms(),
                interest_pauses=(
                    InterestPause(dt.date(2024, 3, 1), dt.date(2024, 3, 5)),
                ),
            ),
            FINERACT_CUMULATIVE,
            "interest_pauses",
        ),
        (
            attrs.evolve(
                make_terms(),
                tranches=(
                    Tranche(disbursed_on=dt.date(2024, 8, 1), amount=Money(1, EUR)),
                ),
            ),
            FINERACT,
            "tranches",
        ),
        (
            make_terms(),
            attrs.evolve(FINERACT, accrual=Accrual.PER_PERIOD),
            "accrual",
        ),
        (
            make_terms(),
            attrs.evolve(FINERACT, remainder=Remainder.FIRST),
            "remainder",
        ),
        (
            make_terms(),
            attrs.evolve(FINERACT_CUMULATIVE, remainder=Remainder.SMOOTHED),
            "remainder",
        ),
        (
            make_terms(),
            attrs.evolve(FINERACT, short_period=ShortPeriod.WHOLE_PERIOD),
            "short_period",
        ),
        (
            make_terms(),
            attrs.evolve(FINERACT_CUMULATIVE, short_period=ShortPeriod.INTEREST_FREE),
            "short_period",
        ),
        (
            make_terms(),
            attrs.evolve(FINERACT, business_days=BUSINESS_DAYS),
            "business_days",
        ),
        (
            make_terms(),
            attrs.evolve(FINERACT, currency_multiple=5, installment_multiple=5),
            "currency_multiple",
        ),
        (make_terms(frequency=Frequency.SEMIMONTHLY), FINERACT, "frequency"),
    ],
)
def test_what_the_engine_does_not_know_is_refused_by_name(
    terms: LoanTerms, conventions: ScheduleConventions, field: str
) -> None:
    with pytest.raises(InvalidValueError, match=f"^{field} must"):
        fineract_parts(terms, conventions)


def test_a_rate_that_begins_after_the_last_due_date_is_refused_by_its_field() -> None:
    # Due on 1 April at the latest. A rate holds from the close of the day before, so
    # that one of 2 April is the last that the engine takes, and it changes nothing.
    terms = make_terms(count=3)

    def with_rate(day: int) -> LoanTerms:
        change = RateChange(
            from_on=dt.date(2024, 4, day), nominal_rate=Rate.per_year("0.1")
        )
        return attrs.evolve(terms, rate_changes=(change,))

    late = build_schedule(with_rate(2), FINERACT)
    with pytest.raises(InvalidValueError, match="after the last due date") as caught:
        build_schedule(with_rate(3), FINERACT)

    assert late.interest_minor == build_schedule(terms, FINERACT).interest_minor
    assert caught.value.field == "rate_changes"
    assert caught.value.value == dt.date(2024, 4, 3)


def test_an_installment_below_the_interest_is_refused_by_the_cumulative_engine() -> (
    None
):
    terms = make_terms(
        100_000, "4", 60, first_due_on=dt.date(2024, 12, 1), disbursed_on=START
    )

    with pytest.raises(ScheduleError, match="must cover the interest"):
        fineract_parts(terms, FINERACT_CUMULATIVE)


def test_interest_above_the_installment_moves_on_in_the_progressive_engine() -> None:
    terms = make_terms(100_000, "4", 24, first_due_on=dt.date(2024, 12, 1))

    parts = fineract_parts(terms, ACTUAL)

    assert parts.principal_minor[0] == 0
    working = fineract_working(terms, ACTUAL, 1)
    assert working.interest_minor > working.interest_due_minor
    assert sum(parts.principal_minor) == 100_000


def test_the_arithmetic_needs_its_own_day_count() -> None:
    with pytest.raises(InvalidValueError, match="day_count"):
        attrs.evolve(FINERACT, day_count=DayCount.ACT_360)
    assert FINERACT.arithmetic is Arithmetic.FINERACT_PROGRESSIVE


@st.composite
def tiny_loans(draw: st.DrawFn) -> LoanTerms:
    """Loans of a few minor units on agreed dates, some of it paid out later."""
    gaps = draw(st.lists(st.integers(1, 60), min_size=2, max_size=36))
    days = list(accumulate(gaps, initial=20))
    due = tuple(START + dt.timedelta(days=days_on) for days_on in days)
    minor = draw(st.integers(3, 40))
    later_on = draw(st.sampled_from(due[:-1]))
    tranche = Tranche(
        disbursed_on=later_on, amount=Money(draw(st.integers(1, minor - 1)), EUR)
    )
    return LoanTerms(
        principal=Money(minor, EUR),
        nominal_rate=Rate.of_ppm(draw(st.sampled_from((0, 120_000, 360_000)))),
        installment_count=len(due),
        frequency=Frequency.MONTHLY,
        disbursed_on=START,
        first_due_on=due[0],
        due_on=due,
        tranches=(tranche,),
        plan=draw(st.sampled_from((EQUAL_INSTALLMENTS, QUARTER_DOWN))),
    )


@given(terms=tiny_loans())
@settings(max_examples=400)
def test_nobody_repays_what_is_not_yet_paid_out(terms: LoanTerms) -> None:
    try:
        schedule = build_schedule(terms, FINERACT)
    except ScheduleError:
        # A quarter of so little may be all of it.
        return

    assert min(schedule.principal_minor) >= 0
    assert min(schedule.outstanding_minor) >= 0
    assert schedule.outstanding_minor[-1] == 0
