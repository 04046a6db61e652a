"""Loans, schedules and repayments for the tests of this area, and a slow oracle."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from fractions import Fraction

from hypothesis import strategies as st

from microcrm_core import Currency, Money
from microcrm_core.dates import DayCount, Frequency, RollRule, due_dates, year_fraction
from microcrm_core.ids import CustomerId, LoanId, RepaymentId
from microcrm_core.loans import (
    Loan,
    LoanTerms,
    Repayment,
    Schedule,
    ScheduleConventions,
)
from microcrm_core.rates import Rate
from microcrm_core.rounding import Rounding, round_fraction

EUR = Currency.of("EUR")
KWD = Currency.of("KWD")

COLUMN_DAY_COUNTS = (
    DayCount.ACT_360,
    DayCount.ACT_364,
    DayCount.ACT_365F,
    DayCount.THIRTY_360_US,
    DayCount.THIRTY_360_BOND,
    DayCount.THIRTY_E_360,
    DayCount.NL_365,
)
FREQUENCIES = (
    Frequency.MONTHLY,
    Frequency.WEEKLY,
    Frequency.BIWEEKLY,
    Frequency.SEMIMONTHLY,
    Frequency.of("P10D"),
    Frequency.of("P2M"),
    Frequency.QUARTERLY,
)
ROLLS = (RollRule.DAY_OF_MONTH, RollRule.END_OF_MONTH, RollRule.NEXT_MONTH_FIRST)


def make_terms(
    principal_minor: int = 100_000,
    annual_ppm: int = 240_000,
    installment_count: int = 12,
    frequency: Frequency = Frequency.MONTHLY,
    disbursed_on: dt.date = dt.date(2025, 1, 15),
    first_due_on: dt.date = dt.date(2025, 2, 15),
) -> LoanTerms:
    return LoanTerms(
        principal=Money(principal_minor, EUR),
        nominal_rate=Rate.of_ppm(annual_ppm),
        installment_count=installment_count,
        frequency=frequency,
        disbursed_on=disbursed_on,
        first_due_on=first_due_on,
    )


def make_loan(
    terms: LoanTerms,
    number: int = 1,
    *,
    requested_on: dt.date | None = None,
    is_disbursed: bool = True,
    known_on: dt.date | None = None,
) -> Loan:
    return Loan(
        id=LoanId(f"loan-{number}"),
        customer_id=CustomerId(f"customer-{number}"),
        terms=terms,
        requested_on=requested_on,
        is_disbursed=is_disbursed,
        known_on=known_on or terms.disbursed_on,
    )


def make_repayment(
    number: int,
    paid_on: dt.date,
    amount_minor: int,
    *,
    known_on: dt.date | None = None,
    loan_number: int = 1,
) -> Repayment:
    return Repayment(
        id=RepaymentId(f"r-{number:03}"),
        loan_id=LoanId(f"loan-{loan_number}"),
        paid_on=paid_on,
        amount=Money(amount_minor, EUR),
        known_on=known_on or paid_on,
    )


def conventions(
    day_count: DayCount = DayCount.ACT_365F,
    rounding: Rounding = Rounding.HALF_EVEN,
    roll: RollRule = RollRule.DAY_OF_MONTH,
) -> ScheduleConventions:
    return ScheduleConventions(
        id="test", day_count=day_count, rounding=rounding, roll=roll
    )


def period_factors(terms: LoanTerms, rules: ScheduleConventions) -> list[Fraction]:
    """Return the interest on one unit in each period, exactly."""
    assert isinstance(rules.day_count, DayCount)
    dates = due_dates(
        terms.first_due_on, terms.frequency, terms.installment_count, rules.roll
    )
    starts = (terms.disbursed_on, *dates[:-1])
    day_count = rules.day_count
    return [
        terms.nominal_rate.annual_fraction * year_fraction(day_count, start, end)
        for start, end in zip(starts, dates, strict=True)
    ]


def last_minus_level(
    terms: LoanTerms,
    factors: Sequence[Fraction],
    level_minor: int,
    rounding: Rounding = Rounding.HALF_EVEN,
) -> int:
    """Return by how much the last installment exceeds a level one, in Fractions."""
    balance = terms.principal.minor
    for factor in factors[:-1]:
        interest = round_fraction(balance * factor, rounding)
        balance = balance + interest - min(level_minor, balance + interest)
    last = balance + round_fraction(balance * factors[-1], rounding)
    return last - level_minor


def brute_force_level(terms: LoanTerms, rules: ScheduleConventions) -> int:
    """Return the level amount by trying every amount from one unit on."""
    factors = period_factors(terms, rules)
    level_minor = 1
    while last_minus_level(terms, factors, level_minor, rules.rounding) > 0:
        level_minor += 1
    return level_minor


@st.composite
def all_terms(
    draw: st.DrawFn, *, principal_max: int = 10**9, annual_ppm_max: int = 4_000_000
) -> LoanTerms:
    """Draw terms as lenders offer them; the first period is at most two long."""
    frequency = draw(st.sampled_from(FREQUENCIES))
    disbursed_on = draw(st.dates(dt.date(1999, 1, 1), dt.date(2032, 12, 31)))
    period_days = int(365 / frequency.periods_per_year)
    gap_days = draw(st.integers(1, max(2, 2 * period_days)))
    return make_terms(
        principal_minor=draw(st.integers(1, principal_max)),
        annual_ppm=draw(st.integers(0, annual_ppm_max)),
        installment_count=draw(st.integers(1, 40)),
        frequency=frequency,
        disbursed_on=disbursed_on,
        first_due_on=disbursed_on + dt.timedelta(days=gap_days),
    )


def all_conventions() -> st.SearchStrategy[ScheduleConventions]:
    """Draw conventions that columns can hold too."""
    return st.builds(
        conventions,
        st.sampled_from(COLUMN_DAY_COUNTS),
        st.sampled_from(Rounding),
        st.sampled_from(ROLLS),
    )


@st.composite
def repayments_of(
    draw: st.DrawFn, schedule: Schedule, loan_number: int = 1
) -> list[Repayment]:
    """Draw repayments around the due dates, some exact, some known late."""
    first_on = schedule.terms.disbursed_on
    span_days = (schedule.due_on[-1] - first_on).days + 60
    amounts = st.one_of(
        st.sampled_from([total for total in schedule.total_minor if total]),
        st.integers(1, max(2, schedule.total.minor // 2)),
    )
    made = []
    for number in range(draw(st.integers(0, 12))):
        paid_on = first_on + dt.timedelta(days=draw(st.integers(0, span_days)))
        made.append(
            make_repayment(
                number,
                paid_on,
                draw(amounts),
                known_on=paid_on + dt.timedelta(days=draw(st.integers(0, 5))),
                loan_number=loan_number,
            )
        )
    return made
