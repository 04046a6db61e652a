"""Schedules with agreed dates or changing rates, computed the short way.

A ledger asks for the schedule of a loan again and again while due dates move and rates
change. This is the arithmetic of `plain` for equal installments with `due_on`,
`last_due_on` and `rate_changes`: the interest of a period is its balance times a whole
number, the sum of its days times their rates, over one unit for the whole loan. A new
rate makes the level amount anew from its period on, and the rows before it stay.

What does not fit is left to `exact_rows`, which every result here must equal.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
    >>> from microcrm_core.loans import STRICT, RateChange
    >>> from microcrm_core.loans.plain_changes import changed_columns
    >>> terms = LoanTerms(
    ...     principal=Money.of("1000.00", Currency.of("EUR")),
    ...     nominal_rate=Rate.per_year("0.24"),
    ...     installment_count=3,
    ...     frequency=Frequency.MONTHLY,
    ...     disbursed_on=dt.date(2025, 1, 15),
    ...     first_due_on=dt.date(2025, 2, 15),
    ...     rate_changes=(
    ...         RateChange(from_on=dt.date(2025, 3, 1), nominal_rate=Rate.per_year(0)),
    ...     ),
    ... )
    >>> _, principal_minor, interest_minor, _ = changed_columns(terms, STRICT)
    >>> principal_minor, interest_minor
    ((32619, 33403, 33978), (2038, 576, 0))
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate
from math import ceil, lcm
from operator import mul, sub
from typing import Final, TypeAlias

from microcrm_core.dates import FrequencyUnit, RollRule
from microcrm_core.loans.conventions import (
    Accrual,
    Arithmetic,
    Remainder,
    ScheduleConventions,
    ShortPeriod,
)
from microcrm_core.loans.plain import (
    PlainColumns,
    days_of_months,
    end_rows,
)
from microcrm_core.loans.plain_days import plain_days, plain_year_days
from microcrm_core.loans.plans import EQUAL_INSTALLMENTS
from microcrm_core.loans.portions import EPOCH_ORDINAL
from microcrm_core.loans.terms import LoanTerms
from microcrm_core.rates import Rate
from microcrm_core.rounding import Rounding, divide

__all__ = [
    "SolvedRows",
    "changed_columns",
    "changed_rows",
    "has_plain_changes",
    "interest_to",
    "per_day_rates",
    "solved_rows",
]

SolvedRows: TypeAlias = tuple[list[int], list[int], list[int]]
# An amount, the interest of each row that pays it, and what is left after the last one:
# below zero is what that one pays too much.
_Level: TypeAlias = tuple[int, list[int], int]

_ROUNDINGS: Final = (Rounding.HALF_EVEN, Rounding.HALF_UP)
_FIRST_YEAR: Final = 1900
_MONTHS: Final = 12 * 300
_END_DAY: Final = 2_932_897
_TRIES_MAX: Final = 4
_FLOAT_MAX: Final = 2**53


def changed_columns(
    terms: LoanTerms, conventions: ScheduleConventions
) -> PlainColumns | None:
    """Return the columns of a schedule of this kind; None: another kind.

    None also where a level amount is not found at once, or the terms allow no
    schedule: the general way then finds it, or says why not.

    Example:
        See `microcrm_core.loans.plain_changes`.
    """
    if not has_plain_changes(terms, conventions):
        return None
    due_day = _due_days(terms, conventions)
    if due_day is None:
        return None
    first_day = terms.disbursed_on.toordinal() - EPOCH_ORDINAL
    shift = 0 if conventions.has_interest_on_disbursement_day else 1
    days = [
        first_day,
        *(
            one.from_on.toordinal() - EPOCH_ORDINAL - shift
            for one in terms.rate_changes
        ),
    ]
    if days[-1] >= due_day[-1]:
        return None
    rates = [terms.nominal_rate, *[one.nominal_rate for one in terms.rate_changes]]
    rows = changed_rows(terms.principal.minor, due_day, days, rates, conventions)
    if rows is None:
        return None
    principals, interests = rows
    after = accumulate(principals, sub, initial=terms.principal.minor)
    return due_day, tuple(principals), tuple(interests), tuple(after)[1:]


def changed_rows(
    principal_minor: int,
    due_day: Sequence[int],
    rate_days: Sequence[int],
    rates: Sequence[Rate],
    conventions: ScheduleConventions,
) -> tuple[list[int], list[int]] | None:
    """Return principal and interest of rows; each new rate makes their level anew.

    None: as `solved_rows`.

    Args:
        principal_minor: What is owed at the start.
        due_day: Due days.
        rate_days: At the close of which days a rate begins, the first one at the start;
            the last one before the last due day.
        rates: The rates.
        conventions: How days are counted and amounts are rounded, as
            `has_plain_changes` asks.

    Example:
        See `microcrm_core.loans.plain_changes`.
    """
    day_count = conventions.day_count
    per_day, unit = per_day_rates(rates, plain_year_days(day_count))
    days_of = plain_days(day_count)
    # A tie needs an even unit, half of which divides balance x weight.
    has_ties = conventions.rounding is Rounding.HALF_EVEN and not unit & 1
    first_day = rate_days[0]
    period_days = list(map(days_of, (first_day, *due_day), due_day))
    levels = _levels(due_day, first_day, rate_days, per_day, days_of)
    principals: list[int] = []
    interests: list[int] = []
    balance = principal_minor
    for (start, own_weight, rate), end in zip(
        levels, [*[level[0] for level in levels[1:]], len(due_day)], strict=True
    ):
        weights = [one * rate for one in period_days[start:]]
        weights[0] = own_weight
        found = _level_of(balance, weights, unit, has_ties=has_ties)
        if found is None:
            return None
        # The rows of a later level are those of that one.
        paid, borne = _rows_of(found, balance, end - start)
        principals += paid
        interests += borne
        balance -= sum(paid)
    return principals, interests


def interest_to(
    balance_minor: int,
    day: int,
    rate_days: Sequence[int],
    rates: Sequence[Rate],
    conventions: ScheduleConventions,
) -> int:
    """Return the interest of a balance from the first day of a rate to another day.

    Args:
        balance_minor: What bears interest.
        day: To the close of which day.
        rate_days: At the close of which days a rate begins, in one period with `day`.
        rates: The rates.
        conventions: As `changed_rows` takes them.

    Example:
        See `microcrm_core.ledger.plain_replays`.
    """
    day_count, start_day = conventions.day_count, rate_days[0]
    per_day, unit = per_day_rates(rates, plain_year_days(day_count))
    days_of = plain_days(day_count)
    reached = [days_of(start_day, min(one, day)) for one in (*rate_days, day)]
    spans = map(sub, reached[1:], reached)
    exact = balance_minor * sum(map(mul, per_day, spans))
    return divide(exact, unit, conventions.rounding)


def per_day_rates(rates: Sequence[Rate], year_days: int) -> tuple[list[int], int]:
    """Return what rates bear in a day as whole numbers, and what these are over.

    Example:
        >>> from microcrm_core import Rate
        >>> from microcrm_core.loans.plain_changes import per_day_rates
        >>> per_day_rates([Rate.per_year("0.24"), Rate.per_year("0.3")], 365)
        ([12, 15], 18250)
    """
    fractions = [rate.annual_fraction.as_integer_ratio() for rate in rates]
    whole = lcm(*[denominator for _, denominator in fractions])
    per_day = [
        numerator * (whole // denominator) for numerator, denominator in fractions
    ]
    return per_day, whole * year_days


def has_plain_changes(terms: LoanTerms, conventions: ScheduleConventions) -> bool:
    """Return whether terms and conventions are of the kind that this module knows.

    Example:
        See `microcrm_core.loans.plain_changes`.
    """
    return (
        (terms.plan is EQUAL_INSTALLMENTS or terms.plan == EQUAL_INSTALLMENTS)
        and conventions.arithmetic is Arithmetic.EXACT
        and conventions.remainder is Remainder.LAST
        and conventions.installment_multiple == 1
        and conventions.business_days is None
        and conventions.accrual is Accrual.DAILY
        and (conventions.short_period is ShortPeriod.BY_DAYS or bool(terms.due_on))
        and conventions.rounding in _ROUNDINGS
        and plain_year_days(conventions.day_count) > 0
        and not terms.tranches
        and not terms.interest_pauses
    )


def _due_days(
    terms: LoanTerms, conventions: ScheduleConventions
) -> tuple[int, ...] | None:
    """Return the due days; None where they are not found in a simple way."""
    if terms.due_on:
        return tuple([on.toordinal() - EPOCH_ORDINAL for on in terms.due_on])
    due_day = _series(terms, conventions)
    if due_day is None or terms.last_due_on is None:
        return due_day
    last_day = terms.last_due_on.toordinal() - EPOCH_ORDINAL
    if len(due_day) > 1 and last_day <= due_day[-2]:
        return None
    return (*due_day[:-1], last_day)


def _series(
    terms: LoanTerms, conventions: ScheduleConventions
) -> tuple[int, ...] | None:
    frequency, first_on = terms.frequency, terms.first_due_on
    step, steps = frequency.count, terms.installment_count - 1
    if frequency.unit is FrequencyUnit.MONTH:
        first = 12 * (first_on.year - _FIRST_YEAR) + first_on.month - 1
        last = first + steps * step
        is_day_kept = conventions.roll == RollRule.DAY_OF_MONTH
        if first < 0 or last >= _MONTHS or not is_day_kept:
            return None
        return days_of_months(first_on.day)[0][first : last + 1 : step]
    if frequency.unit is FrequencyUnit.SEMIMONTH:
        return None
    step *= 7 if frequency.unit is FrequencyUnit.WEEK else 1
    first = first_on.toordinal() - EPOCH_ORDINAL
    end = first + steps * step + 1
    return tuple(range(first, end, step)) if end <= _END_DAY else None


def _levels(
    due_day: Sequence[int],
    first_day: int,
    days: Sequence[int],
    rates: Sequence[int],
    days_of: Callable[[int, int], int],
) -> list[tuple[int, int, int]]:
    """Return from which row a level holds, with the rates that make it.

    The weight of that row counts each of its days by its own rate; the later rows
    foresee the rate at its end.

    Args:
        due_day: Due days.
        first_day: The day of the disbursement.
        days: At the close of which days a rate begins, in order; the first is
            `first_day`, the last one before the last due day.
        rates: The rates, over one denominator.
        days_of: What counts days.
    """
    levels: list[tuple[int, int, int]] = []
    row, number, rate = 0, 1, rates[0]
    while True:
        at = due_day[row - 1] if row else first_day
        end = due_day[row]
        weight = reached = 0
        while number < len(days) and days[number] < end:
            day = days[number]
            if day > at:
                passed = days_of(at, day)
                weight += (passed - reached) * rate
                reached = passed
            rate, number = rates[number], number + 1
        weight += (days_of(at, end) - reached) * rate
        levels.append((row, weight, rate))
        if number == len(days):
            return levels
        row = bisect_right(due_day, days[number])


def solved_rows(
    principal_minor: int, weights: Sequence[int], unit: int, *, has_ties: bool
) -> SolvedRows | None:
    """Return the rows that pay the smallest level amount that is enough.

    That is principal, interest and the balance after each of them. None where the
    amount is not found at once, or does not cover the interest of some row.

    Args:
        principal_minor: What is owed at the start.
        weights: Interest of a row is balance x weight / unit.
        unit: As that says.
        has_ties: Whether a tie goes to the even number; else it goes up.

    Example:
        >>> from microcrm_core.loans.plain_changes import solved_rows
        >>> solved_rows(1000, (0, 0, 0), 365, has_ties=False)
        ([334, 334, 332], [0, 0, 0], [666, 332, 0])
    """
    found = _level_of(principal_minor, weights, unit, has_ties=has_ties)
    if found is None:
        return None
    principals, interests = _rows_of(found, principal_minor, len(weights))
    after = list(accumulate(principals, sub, initial=principal_minor))
    return principals, interests, after[1:]


def _level_of(
    principal_minor: int, weights: Sequence[int], unit: int, *, has_ties: bool
) -> _Level | None:
    """Return the smallest level amount that is enough; None: as `solved_rows`."""
    level = _guess_minor(principal_minor, weights, unit)
    enough: _Level | None = None
    too_small = -1
    for _ in range(_TRIES_MAX):
        interests, left = _interests(principal_minor, level, weights, unit, has_ties)
        if left > 0:
            if enough is not None:
                return enough
            too_small = level
            level += 1
            continue
        # A row that does not cover its interest is for the general way.
        if max(interests) > level:
            return None
        enough = level, interests, left
        # With one unit less each row would leave at least one unit more to pay.
        if -left < len(weights) or level - 1 == too_small:
            return enough
        level -= 1
    return None


def _interests(
    balance: int, level: int, weights: Sequence[int], unit: int, has_ties: bool
) -> tuple[list[int], int]:
    """Return the interest of rows that all pay the level, and what is then left.

    As `plain.level_rows`, which says more of each row.
    """
    half = unit // 2
    interests: list[int] = []
    append = interests.append
    if not has_ties:
        for weight in weights:
            interest = (balance * weight + half) // unit
            append(interest)
            balance += interest - level
        return interests, balance
    for weight in weights:
        scaled = balance * weight + half
        interest = scaled // unit
        if interest & 1 and interest * unit == scaled:
            interest -= 1
        append(interest)
        balance += interest - level
    return interests, balance


def _rows_of(
    found: _Level, principal_minor: int, count: int
) -> tuple[list[int], list[int]]:
    """Return principal and interest of the first rows that pay a level amount."""
    level, interests, left = found
    if level + left > interests[-1]:
        # The last row pays as much less as the level is too much.
        principals = [level - interest for interest in interests[:count]]
        if count == len(interests):
            principals[-1] += left
        return principals, interests[:count]
    principals = [level - interest for interest in interests]
    principals[-1] += left
    after = list(accumulate(principals, sub, initial=principal_minor))[1:]
    end_rows(principals, interests, after)
    return principals[:count], interests[:count]


def _guess_minor(principal_minor: int, weights: Sequence[int], unit: int) -> int:
    """Return the level amount without any rounding, as a float has it."""
    annuity = 0.0
    for weight in reversed(weights):
        annuity = (annuity + 1.0) / (1.0 + weight / unit)
    if principal_minor < _FLOAT_MAX:
        return ceil(principal_minor / annuity)
    numerator, denominator = annuity.as_integer_ratio()
    return -(-principal_minor * denominator // numerator)
