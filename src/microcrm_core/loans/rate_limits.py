"""Whether a credit costs more than a limit, decided exactly.

A solved rate is a float and may be off in the tenth digit. A loan at exactly 24 % must
pass a cap of 24 %, and one cent more must not, so near the limit no float decides: the
flows are valued at the limit itself. What is left then says on which side the rate
lies. For a simple rate and under Regulation Z that value is a fraction, and exact. A
rate that compounds over parts of a year takes roots; whether the value is exactly zero
is still decided without error, and if it is not, its sign is taken from decimals of as
many digits as it needs.

Example:
    >>> import datetime as dt
    >>> from fractions import Fraction
    >>> from microcrm_core.loans.cash_flows import CashFlow, CreditFlows
    >>> from microcrm_core.loans.rate_limits import rate_headroom
    >>> from microcrm_core.loans.rate_measures import RateMeasure
    >>> from microcrm_core.loans.rate_solving import solve_rate
    >>> from microcrm_core.money import Currency, Money
    >>> yuan = Currency.of("CNY")
    >>> def headroom(repaid):
    ...     flows = CreditFlows(
    ...         [
    ...             CashFlow(dt.date(2025, 1, 1), Money.of("1000", yuan), "advance"),
    ...             CashFlow(dt.date(2026, 1, 1), Money.of(repaid, yuan), "repayment"),
    ...         ]
    ...     )
    ...     solved = solve_rate(flows, RateMeasure.COMPOUND_ANNUAL)
    ...     return rate_headroom(solved, Fraction(24, 100))
    >>> headroom("1240.00"), headroom("1240.01") < 0
    (Fraction(0, 1), True)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Context, Decimal
from fractions import Fraction
from math import gcd, lcm
from typing import Final

from microcrm_core.errors import ConvergenceError, InvalidValueError
from microcrm_core.loans.rate_measures import RateMeasure, RateOutcome, TimeFactor
from microcrm_core.loans.rate_solving import SolvedRate

__all__ = ["rate_headroom", "value_at_rate"]

# Nearer than this to the limit, as a share of one plus the limit, no float decides. A
# solved rate is right to a thousandth of it.
_NEAR: Final = Fraction(1, 10**7)
_STEP: Final = Fraction(1, 10**12)
_DIGITS_FIRST: Final = 50
_DOUBLINGS_MAX: Final = 5
# Times of a century at a rate of 100,000 % cost less than this many digits.
_DIGITS_LOST: Final = 12

_Rows = list[tuple[TimeFactor, int]]


def rate_headroom(solved: SolvedRate, limit: Fraction) -> Fraction:
    """Return the limit less the rate: zero at the limit, below zero above it.

    The sign is exact. The size is right as the rate is, within its tolerance.

    Args:
        solved: A rate that was found.
        limit: The limit a year; 0.24 is 24 %. Above -1; a multiple of a reference rate
            may be below zero.

    Raises:
        InvalidValueError: No unique rate was found, or the limit is -1 or less.
        ConvergenceError: The sign needs more digits than the bound.

    Source:
        House rule. Whether the value at the limit is zero: x to the power m less a
        positive fraction that is no p-th power for any prime p of m cannot be factored
        over the fractions (S. Lang, Algebra, chapter VI, section 9).

    Example:
        See `microcrm_core.loans.rate_limits`.
    """
    if solved.outcome is not RateOutcome.FOUND or solved.rate is None:
        raise InvalidValueError("solved", "must be a found rate", solved.outcome.value)
    if limit <= -1:
        raise InvalidValueError("limit", "must be above -1", str(limit))
    distance = limit - Fraction(solved.rate)
    if abs(distance) > _NEAR * (1 + limit):
        return distance
    value = value_at_rate(solved, limit)
    if value == 0:
        return Fraction(0)
    # So near, the value is a straight line; only its sign must not depend on that.
    slope = abs(value_at_rate(solved, limit + _STEP) - value) / _STEP
    return value / slope if slope else distance


def value_at_rate(solved: SolvedRate, rate: Fraction) -> Fraction:
    """Return what is left at *rate*: above zero if the credit costs less, exactly.

    The sign is exact, and so is zero. For a rate that compounds over parts of a year
    the size has 50 digits.

    Args:
        solved: The credit, its times and the measure.
        rate: A yearly rate, above -1.

    Raises:
        ConvergenceError: The sign needs more digits than the bound.

    Example:
        See `microcrm_core.loans.rate_limits`.
    """
    rows = _netted(solved)
    if not rows:
        return Fraction(0)
    per_year = solved.times.per_year
    if solved.measure is RateMeasure.SIMPLE_ANNUAL:
        return _simple_left(rows, per_year, rate)
    # If the borrower pays first, the discounted sum falls as the rate rises.
    side = 1 if rows[0][1] > 0 else -1
    if solved.measure is RateMeasure.REG_Z_NOMINAL:
        return side * _reg_z_value(rows, rate / per_year)
    years = [factor.total / per_year for factor, _ in rows]
    amounts = [minor for _, minor in rows]
    return side * _compound_value(amounts, years, 1 + rate)


def _netted(solved: SolvedRate) -> _Rows:
    # As the solver does: amounts of one time together, without zeros, in order.
    net: dict[TimeFactor, int] = {}
    timed = zip(solved.flows.flows, solved.times.factors, strict=True)
    for flow, factor in timed:
        net[factor] = net.get(factor, 0) + flow.signed_minor
    rows = [(factor, minor) for factor, minor in net.items() if minor]
    return sorted(rows, key=lambda row: row[0].total)


def _simple_left(rows: _Rows, per_year: Fraction, rate: Fraction) -> Fraction:
    # The rule of `simple_balance`, in fractions.
    principal = charge = Fraction(0)
    at = rows[0][0].total
    for factor, minor in rows:
        years = (factor.total - at) / per_year
        at = factor.total
        charge += rate * max(principal, Fraction(0)) * years
        if charge < 0:
            principal, charge = principal + charge, Fraction(0)
        if minor >= 0:
            principal += minor
        else:
            to_charge = min(charge, Fraction(-minor))
            charge -= to_charge
            principal += minor + to_charge
    return principal + charge


def _reg_z_value(rows: _Rows, period_rate: Fraction) -> Fraction:
    growth = 1 + period_rate
    first = rows[0][0].whole
    return sum(
        (
            minor / (growth ** (factor.whole - first) * (1 + factor.odd * period_rate))
            for factor, minor in rows
        ),
        Fraction(0),
    )


def _compound_value(
    amounts: Sequence[int], years: Sequence[Fraction], growth: Fraction
) -> Fraction:
    times = [year - years[0] for year in years]
    if _is_exactly_zero(amounts, times, growth):
        return Fraction(0)
    for doublings in range(_DOUBLINGS_MAX + 1):
        digits = _DIGITS_FIRST * 2**doublings
        context = Context(prec=digits)
        quotient = context.divide(
            Decimal(growth.numerator), Decimal(growth.denominator)
        )
        log = context.ln(quotient)
        terms = [
            _discounted(minor, time, log, context)
            for minor, time in zip(amounts, times, strict=True)
        ]
        total = _total(terms, context)
        size = _total(map(abs, terms), context)
        if abs(total) > context.scaleb(size, _DIGITS_LOST - digits):
            return Fraction(total)
    raise ConvergenceError(_DOUBLINGS_MAX, flow_count=len(amounts))


def _discounted(minor: int, time: Fraction, log: Decimal, context: Context) -> Decimal:
    exponent = context.divide(
        context.multiply(log, Decimal(-time.numerator)), Decimal(time.denominator)
    )
    return context.multiply(Decimal(minor), context.exp(exponent))


def _total(terms: Iterable[Decimal], context: Context) -> Decimal:
    total = Decimal(0)
    for term in terms:
        total = context.add(total, term)
    return total


def _is_exactly_zero(
    amounts: Sequence[int], times: Sequence[Fraction], growth: Fraction
) -> bool:
    """Return whether the amounts, discounted by powers of *growth*, cancel out.

    All times are counted in parts of a year, q to the year. Growth is s to the power d
    for the largest d that divides q, and over the m = q / d parts that make one s the
    root of s is as independent as can be: amounts whose parts differ never cancel.
    """
    if growth == 1:
        return sum(amounts) == 0
    parts = lcm(*(time.denominator for time in times))
    power = gcd(parts, _power(growth))
    base = _root(growth, power)
    step = parts // power
    sums: dict[int, Fraction] = {}
    for minor, time in zip(amounts, times, strict=True):
        exponent, rest = divmod(int(time * parts), step)
        sums[rest] = sums.get(rest, Fraction(0)) + minor / base**exponent
    return not any(sums.values())


def _power(value: Fraction) -> int:
    """Return the largest d for which *value* is a fraction to the power d."""
    bits = max(value.numerator.bit_length(), value.denominator.bit_length())
    powers = [d for d in range(bits, 1, -1) if _root_or_none(value, d) is not None]
    return powers[0] if powers else 1


def _root(value: Fraction, degree: int) -> Fraction:
    root = _root_or_none(value, degree)
    assert root is not None  # its power is a multiple of the degree
    return root


def _root_or_none(value: Fraction, degree: int) -> Fraction | None:
    top = _whole_root(value.numerator, degree)
    bottom = _whole_root(value.denominator, degree)
    return None if top is None or bottom is None else Fraction(top, bottom)


def _whole_root(value: int, degree: int) -> int | None:
    low, high = 1, 1 << (value.bit_length() // degree + 1)
    while low < high:
        middle = (low + high) // 2
        if middle**degree < value:
            low = middle + 1
        else:
            high = middle
    return low if low**degree == value else None
