"""Random loans of every method and convention, computed by both twins and compared."""

from __future__ import annotations

import datetime as dt
import math
import random
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from typing import Final, TypeAlias

import attrs
import numpy as np

from microcrm_core import Currency, Money
from microcrm_core.dates import (
    BusinessCalendar,
    BusinessDayRule,
    DayCount,
    Frequency,
    RollRule,
)
from microcrm_core.errors import InvalidValueError
from microcrm_core.ids import CustomerId, LoanId
from microcrm_core.loans import (
    Accrual,
    Bullet,
    BusinessDays,
    Collision,
    CustomInstallments,
    CustomPrincipal,
    DaysInMonth,
    DaysInYear,
    DeferredInterest,
    EqualInstallments,
    EqualPrincipal,
    Fee,
    FeeBase,
    FeeTiming,
    FlatInterest,
    Grace,
    Graduated,
    InterestDate,
    InterestOnly,
    LeapRule,
    Loan,
    LoanTerms,
    Portion,
    Remainder,
    RepaymentPlan,
    Schedule,
    ScheduleConventions,
    Seasonal,
    ShortPeriod,
    SplitDayCount,
    UnpaidInterest,
    Weighted,
    build_schedule,
)
from microcrm_core.loans.batch import iter_schedules
from microcrm_core.loans.columns_batch import LoanColumns
from microcrm_core.loans.held_conventions_batch import require_held
from microcrm_core.loans.refusals_batch import Refusal
from microcrm_core.rates import Rate
from microcrm_core.rounding import Rounding

EUR: Final = Currency.of("EUR")
EPOCH: Final = dt.date(1970, 1, 1)
METHODS: Final = (
    "equal_installments",
    "equal_principal",
    "interest_only",
    "bullet",
    "bullet_compounded",
    "flat",
    "graduated",
    "weighted",
    "seasonal",
    "custom_principal",
    "custom_installments",
)
COLUMN_DAY_COUNTS: Final = (
    DayCount.THIRTY_360_BOND,
    DayCount.THIRTY_360_US,
    DayCount.THIRTY_E_360,
    DayCount.THIRTY_E_360_ISDA,
    DayCount.ACT_360,
    DayCount.ACT_364,
    DayCount.ACT_365F,
    DayCount.ACT_365L,
    DayCount.NL_365,
    DayCount.ACT_ACT_ISDA,
    DayCount.ACT_ACT_ICMA,
)
FREQUENCIES: Final = (
    Frequency.MONTHLY,
    Frequency.MONTHLY,
    Frequency.MONTHLY,
    Frequency.WEEKLY,
    Frequency.BIWEEKLY,
    Frequency.FOUR_WEEKLY,
    Frequency.SEMIMONTHLY,
    Frequency.DAILY,
    Frequency.of("P10D"),
    Frequency.of("P2M"),
    Frequency.QUARTERLY,
    Frequency.YEARLY,
)
ROLLS: Final = (
    *([RollRule.DAY_OF_MONTH] * 4),
    RollRule.END_OF_MONTH,
    RollRule.NEXT_MONTH_FIRST,
    RollRule.of("day_31"),
    RollRule.of("day_15"),
)
CALENDAR: Final = BusinessCalendar(
    name="test",
    holidays=[dt.date(year, 5, day) for year in range(1990, 2060) for day in (1, 2, 9)],
)

# Long loans at high rates are slow to compute one by one, and rare.
_EXTREME_SHARE: Final = 0.03
# No loan is too large for columns if it would stay below, were nothing ever repaid.
_HELD_MAX: Final = 2**44

Rows: TypeAlias = "tuple[list[int], ...]"


@attrs.frozen(kw_only=True)
class Outcome:
    """How many loans were compared, and how they came out."""

    equal: Counter[str] = attrs.field(factory=Counter)
    refused: Counter[str] = attrs.field(factory=Counter)
    unheld: Counter[str] = attrs.field(factory=Counter)

    @property
    def total(self) -> int:
        """All loans that were compared."""
        return self.equal.total() + self.refused.total() + self.unheld.total()


def random_conventions(rng: random.Random) -> ScheduleConventions:
    """Return conventions that columns can hold."""
    while True:
        made = _any_conventions(rng)
        try:
            require_held(made)
        except InvalidValueError:
            continue
        return made


def _any_conventions(rng: random.Random) -> ScheduleConventions:
    day_count: DayCount | SplitDayCount = rng.choice(COLUMN_DAY_COUNTS)
    if rng.random() < 0.3:
        day_count = SplitDayCount(
            days_in_year=rng.choice(list(DaysInYear)),
            days_in_month=rng.choice(list(DaysInMonth)),
            leap_rule=rng.choice(list(LeapRule)),
        )
    business_days = None
    if rng.random() < 0.2:
        business_days = BusinessDays(
            rule=rng.choice(list(BusinessDayRule)),
            calendar=CALENDAR,
            interest_to=rng.choice(list(InterestDate)),
            collision=rng.choice(list(Collision)),
        )
    multiple = rng.choice((1, 1, 1, 5, 100))
    return ScheduleConventions(
        id="random",
        day_count=day_count,
        rounding=rng.choice((Rounding.HALF_EVEN, *Rounding)),
        roll=rng.choice(ROLLS),
        accrual=rng.choice((Accrual.DAILY, Accrual.DAILY, Accrual.PER_PERIOD)),
        short_period=rng.choice((ShortPeriod.BY_DAYS, *ShortPeriod)),
        currency_multiple=multiple,
        installment_multiple=multiple * rng.choice((1, 1, 10)),
        remainder=rng.choice((Remainder.LAST, *Remainder)),
        business_days=business_days,
        has_interest_on_disbursement_day=rng.random() < 0.2,
    )


def random_plan(
    rng: random.Random, method: str, count: int, principal_minor: int
) -> RepaymentPlan:
    """Return a plan of one method; agreed amounts fit *principal_minor* at times."""
    while True:
        try:
            return _any_plan(rng, method, count, principal_minor)
        except InvalidValueError:
            # The parts contradict each other: draw again.
            continue


def _any_plan(
    rng: random.Random, method: str, count: int, principal_minor: int
) -> RepaymentPlan:
    fees = tuple(
        Fee(
            name=f"fee-{number}",
            timing=rng.choice(list(FeeTiming)),
            portion=_portion(rng, principal_minor),
            base=rng.choice(list(FeeBase)),
        )
        for number in range(rng.choice((0, 0, 0, 1, 2)))
    )
    down_payment = _portion(rng, principal_minor) if rng.random() < 0.15 else None
    grace = Grace()
    if rng.random() < 0.35:
        put_off = rng.choice((0, 0, 1, 2, 3))
        grace = Grace(
            principal_count=rng.choice((0, 1, 2, 3, put_off)),
            interest_payment_count=put_off,
            interest_free_count=rng.choice((0, 0, 1, 2)),
            deferred_interest=rng.choice(list(DeferredInterest)) if put_off else None,
        )
    return RepaymentPlan(
        method=_method(rng, method, count, principal_minor),
        grace=grace,
        balloon=_portion(rng, principal_minor) if rng.random() < 0.2 else None,
        down_payment=down_payment,
        fees=fees,
        unpaid_interest=rng.choice(
            (UnpaidInterest.REFUSED, UnpaidInterest.REFUSED, *UnpaidInterest)
        ),
    )


def _portion(rng: random.Random, principal_minor: int) -> Portion:
    if rng.random() < 0.7:
        return Portion.of_share(Fraction(rng.randint(1, 40), 100))
    return Portion.of_amount(Money(rng.randint(1, max(1, principal_minor // 3)), EUR))


def _method(
    rng: random.Random, method: str, count: int, principal_minor: int
) -> (
    EqualInstallments
    | EqualPrincipal
    | InterestOnly
    | Bullet
    | FlatInterest
    | Graduated
    | Weighted
    | Seasonal
    | CustomPrincipal
    | CustomInstallments
):
    match method:
        case "equal_principal":
            return EqualPrincipal()
        case "interest_only":
            return InterestOnly()
        case "bullet":
            return Bullet()
        case "bullet_compounded":
            return Bullet(is_compounded=True)
        case "flat":
            return FlatInterest()
        case "graduated":
            return Graduated(
                step_share=Fraction(rng.randint(-20, 30), 100),
                step_count=max(1, -(-count // rng.randint(1, 4))),
            )
        case "weighted":
            return Weighted(_weights(rng, count))
        case "seasonal":
            return Seasonal(_weights(rng, 12))
        case "custom_principal":
            return CustomPrincipal(_parts(rng, count, principal_minor))
        case "custom_installments":
            each = principal_minor * 2 // count
            amounts = [Money(rng.randint(0, each), EUR) for _ in range(count - 1)]
            return CustomInstallments(tuple(amounts))
        case _:
            return EqualInstallments()


def _weights(rng: random.Random, count: int) -> tuple[Fraction, ...]:
    numbers = [Fraction(rng.choice((0, 1, 1, 1, 2, 3)), 1) for _ in range(count)]
    numbers[rng.randrange(count)] = Fraction(rng.randint(1, 9), rng.randint(1, 9))
    numbers[-1] = numbers[-1] or Fraction(1)
    return tuple(numbers)


def _parts(rng: random.Random, count: int, principal_minor: int) -> tuple[Money, ...]:
    cuts = sorted(rng.randint(0, principal_minor) for _ in range(count - 1))
    bounds = [0, *cuts, principal_minor]
    return tuple(Money(end - start, EUR) for start, end in pairwise(bounds))


def random_loans(
    rng: random.Random, method: str, loan_count: int
) -> tuple[list[Loan], ScheduleConventions]:
    """Return loans of one plan, frequency and length, and conventions."""
    conventions = random_conventions(rng)
    count = rng.choice((1, 2, 3, rng.randint(2, 8), rng.randint(4, 14)))
    rate_max = 900_000
    size = 10 ** rng.randint(1, 9)
    if rng.random() < _EXTREME_SHARE:
        count = rng.choice((count, rng.randint(60, 240), 360, 600))
        rate_max = rng.choice((4_000_000, 100_000_000))
        size = 10 ** rng.randint(1, 14)
    frequency = rng.choice(FREQUENCIES)
    agreed_minor = rng.randint(1, size)
    plan = random_plan(rng, method, count, agreed_minor)
    ppm_unit = rng.choice((1, 1_000, 10_000, 60_000))
    loans = []
    for number in range(loan_count):
        period_days = max(1, int(365 / frequency.periods_per_year))
        disbursed_on = dt.date(1995, 1, 1) + dt.timedelta(days=rng.randint(0, 18_000))
        if rng.random() < 0.2:
            disbursed_on = disbursed_on.replace(day=rng.choice((1, 28)))
        gap_days = rng.choice(
            (rng.randint(1, period_days), period_days, rng.randint(1, 3 * period_days))
        )
        principal_minor = rng.randint(1, size)
        if method == "custom_principal" and rng.random() < 0.9:
            principal_minor = agreed_minor
        annual_ppm = rng.choice((0, *([rng.randint(0, rate_max)] * 6), 4_000_000))
        terms = LoanTerms(
            principal=Money(principal_minor, EUR),
            nominal_rate=Rate.of_ppm(annual_ppm // ppm_unit * ppm_unit),
            installment_count=count,
            frequency=frequency,
            disbursed_on=disbursed_on,
            first_due_on=disbursed_on + dt.timedelta(days=gap_days),
            plan=plan,
        )
        loans.append(
            Loan(
                id=LoanId(f"loan-{number}"),
                customer_id=CustomerId("customer"),
                terms=terms,
                requested_on=None,
                is_disbursed=True,
                known_on=terms.disbursed_on,
            )
        )
    return loans, conventions


def scalar(terms: LoanTerms, conventions: ScheduleConventions) -> Schedule | None:
    """Return the schedule of one loan; None: there is none."""
    try:
        return build_schedule(terms, conventions)
    except InvalidValueError:
        return None


def scalar_rows(schedule: Schedule) -> Rows:
    """Return the columns that both twins have."""
    return (
        list(schedule.due_day),
        list(schedule.principal_minor),
        list(schedule.interest_minor),
        list(schedule.fees_minor),
        list(schedule.capitalized_minor),
        list(schedule.outstanding_minor),
        list(schedule.total_minor),
        list(map(int, schedule.is_down_payment)),
        [schedule.level_installment.minor],
    )


def batch_rows(
    loans: LoanColumns, conventions: ScheduleConventions
) -> Iterator[tuple[int, Rows, Refusal]]:
    """Return position, columns and refusal of each loan."""
    for chunk in iter_schedules(loans, conventions, with_due_days=True):
        assert chunk.due_day is not None
        columns = [
            matrix.T.tolist()
            for matrix in (
                chunk.due_day,
                chunk.principal_minor,
                chunk.interest_minor,
                chunk.fees_minor,
                chunk.capitalized_minor,
                chunk.outstanding_minor,
                chunk.total_minor,
                chunk.is_down_payment.astype(np.int64),
            )
        ]
        levels, refusals = chunk.level_minor.tolist(), chunk.refusal.tolist()
        for number, row in enumerate(chunk.rows.tolist()):
            rows = tuple(column[number] for column in columns)
            yield row, (*rows, [levels[number]]), Refusal(refusals[number])


def compare(
    loans: list[Loan], conventions: ScheduleConventions, method: str, outcome: Outcome
) -> None:
    """Compare both twins on each loan; raise where they differ."""
    columns = LoanColumns.from_loans(loans, {CustomerId("customer"): 0})
    for row, found, refusal in batch_rows(columns, conventions):
        terms = loans[row].terms
        schedule = scalar(terms, conventions)
        if schedule is None:
            assert refusal is not Refusal.NONE, (terms, conventions)
            outcome.refused[method] += 1
        elif _is_unheld(refusal, schedule, conventions):
            outcome.unheld[method] += 1
        else:
            assert refusal is Refusal.NONE, (refusal, terms, conventions)
            assert found == scalar_rows(schedule), (
                found,
                scalar_rows(schedule),
                terms,
                conventions,
            )
            outcome.equal[method] += 1


def _is_unheld(
    refusal: Refusal, schedule: Schedule, conventions: ScheduleConventions
) -> bool:
    """Return whether a row is refused for what only columns cannot hold."""
    if refusal is Refusal.TOO_LARGE:
        # Levels that are too small are tried, and a debt then grows in every period.
        terms = schedule.terms
        part = float(
            terms.nominal_rate.annual_fraction / terms.frequency.periods_per_year
        )
        grown = math.log1p(part) * terms.installment_count
        largest = max(*schedule.total_minor, *schedule.outstanding_minor)
        return math.log(largest) + grown > math.log(_HELD_MAX)
    return refusal is Refusal.DATES and _would_merge(schedule, conventions)


def _would_merge(schedule: Schedule, conventions: ScheduleConventions) -> bool:
    business_days = conventions.business_days
    if business_days is None or business_days.collision is not Collision.MERGED:
        return False
    rows = schedule.terms.installment_count
    return len(schedule.due_day) - sum(schedule.is_down_payment) < rows
