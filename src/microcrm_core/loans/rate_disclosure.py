"""Disclosing a rate: how many decimals are shown, and when a figure is accurate.

A rate that was solved is shown rounded. Under Regulation Z a figure is accurate within
an eighth of a percentage point of the rate, and within a quarter for an irregular
credit; the limit itself is accurate. `Irregularities` says what is irregular about a
credit. The regulation's other method, the United States Rule, is not built.

Example:
    >>> from microcrm_core.loans.rate_disclosure import is_accurate
    >>> is_accurate("14.25", "14.33333", is_irregular=False)
    True
    >>> is_accurate("14.2", "14.33333", is_irregular=False)
    False
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from fractions import Fraction
from typing import Final

import attrs

from microcrm_core.checks import ExactNumber, exact_fraction, kind_field, whole_number
from microcrm_core.errors import InvalidValueError
from microcrm_core.loans.cash_flows import CreditFlows, FlowDirection, FlowKind
from microcrm_core.loans.flow_times import FlowTimes
from microcrm_core.rounding import Rounding, round_fraction

__all__ = [
    "IRREGULAR_TOLERANCE",
    "REGULAR_TOLERANCE",
    "Irregularities",
    "is_accurate",
    "round_percent",
    "tolerance_points",
]

REGULAR_TOLERANCE: Final = Decimal("0.125")
"""An eighth of a percentage point."""
IRREGULAR_TOLERANCE: Final = Decimal("0.25")
"""A quarter of a percentage point."""

_DECIMALS_MAX: Final = 20


def round_percent(
    percent: ExactNumber | float, decimals: int, *, tolerance: float = 0.0
) -> Decimal:
    """Return a percentage with so many decimals; the next digit alone decides.

    A next digit of 5 or more rounds up, away from zero. A percentage that was solved as
    a float and lies within *tolerance* below such a tie counts as the tie.

    Args:
        percent: What is rounded: an exact number, or a float from a solver.
        decimals: Digits after the point that are kept, 0 to 20.
        tolerance: How far off a float may be, in percentage points.

    Raises:
        InvalidValueError: *percent* is no finite number, or *decimals* is out of range.

    Source:
        Directive 2008/48/EC, Annex I part I remark (d).

    Example:
        >>> from microcrm_core.loans.rate_disclosure import round_percent
        >>> round_percent("12.95", 1), round_percent("12.949", 1)
        (Decimal('13.0'), Decimal('12.9'))
    """
    whole_number("decimals", decimals, at_least=0, at_most=_DECIMALS_MAX)
    if isinstance(percent, float):
        if percent - percent != 0:  # infinite, or not a number
            raise InvalidValueError("percent", "must be a finite number", percent)
        exact = Fraction(percent)
        exact += Fraction(tolerance) * (1 if exact >= 0 else -1)
    else:
        exact = exact_fraction("percent", percent)
    scaled = round_fraction(exact * 10**decimals, Rounding.HALF_UP)
    return Decimal(f"{scaled}E-{decimals}")


def tolerance_points(*, is_irregular: bool) -> Decimal:
    """Return by how many percentage points a disclosed rate may be off.

    Source:
        12 CFR 1026.22(a)(2) and (a)(3).

    Example:
        >>> from microcrm_core.loans.rate_disclosure import tolerance_points
        >>> tolerance_points(is_irregular=True)
        Decimal('0.25')
    """
    return IRREGULAR_TOLERANCE if is_irregular else REGULAR_TOLERANCE


def is_accurate(
    disclosed_percent: ExactNumber, actual_percent: ExactNumber, *, is_irregular: bool
) -> bool:
    """Return whether a disclosed rate is accurate; the limit itself is.

    Args:
        disclosed_percent: What the customer was told.
        actual_percent: What the rate is.
        is_irregular: Whether the wider tolerance applies; see `Irregularities`.

    Raises:
        InvalidValueError: A percentage is a float or other than an exact number.

    Source:
        12 CFR 1026.22(a)(2) and (a)(3).

    Example:
        >>> from microcrm_core.loans.rate_disclosure import is_accurate
        >>> is_accurate("11.875", "12", is_irregular=False)
        True
    """
    disclosed = exact_fraction("disclosed_percent", disclosed_percent)
    actual = exact_fraction("actual_percent", actual_percent)
    allowed = Fraction(tolerance_points(is_irregular=is_irregular))
    return abs(disclosed - actual) <= allowed


@attrs.frozen(kw_only=True)
class Irregularities:
    """What is irregular about a credit, and which of it widens the tolerance.

    An odd first period, first payment or final payment does not.

    Attributes:
        has_several_advances: Principal is paid out on more than one day.
        has_odd_first_period: The first period differs from the others.
        has_odd_first_payment: The first payment differs from the others.
        has_odd_final_payment: The final payment differs from the others.
        has_other_odd_periods: Another period than the first differs.
        has_other_odd_amounts: Another payment than the first and the final differs.

    Source:
        12 CFR 1026.22(a)(3), footnote on irregular transactions.

    Example:
        >>> from microcrm_core.loans.rate_disclosure import Irregularities
        >>> Irregularities(has_odd_first_period=True).is_irregular
        False
        >>> Irregularities(has_other_odd_amounts=True).tolerance_points
        Decimal('0.25')
    """

    has_several_advances: bool = attrs.field(default=False, validator=kind_field(bool))
    has_odd_first_period: bool = attrs.field(default=False, validator=kind_field(bool))
    has_odd_first_payment: bool = attrs.field(default=False, validator=kind_field(bool))
    has_odd_final_payment: bool = attrs.field(default=False, validator=kind_field(bool))
    has_other_odd_periods: bool = attrs.field(default=False, validator=kind_field(bool))
    has_other_odd_amounts: bool = attrs.field(default=False, validator=kind_field(bool))

    @classmethod
    def of(cls, flows: CreditFlows, times: FlowTimes) -> Irregularities:
        """Return what is irregular about *flows*, timed by `reg_z_times`.

        Payments after the first advance count, those of one day together. The usual
        amount and the usual period are those that occur most often, the earliest on a
        tie.

        Example:
            >>> import datetime as dt
            >>> from microcrm_core.loans.cash_flows import CashFlow, CreditFlows
            >>> from microcrm_core.loans.flow_times import reg_z_times
            >>> from microcrm_core.loans.rate_disclosure import Irregularities
            >>> from microcrm_core.money import Currency, Money
            >>> dollar = Currency.of("USD")
            >>> def flow(month, day, minor, kind):
            ...     on = dt.date(2025, month, day)
            ...     return CashFlow(on, Money(minor, dollar), kind)
            >>> flows = CreditFlows(
            ...     [
            ...         flow(1, 10, 30_000, "advance"),
            ...         flow(2, 15, 10_500, "repayment"),
            ...         flow(3, 15, 10_500, "repayment"),
            ...         flow(4, 15, 10_500, "repayment"),
            ...     ]
            ... )
            >>> found = Irregularities.of(flows, reg_z_times(flows))
            >>> found.has_odd_first_period, found.is_irregular
            (True, False)
        """
        timed = zip(flows.flows, times.factors, strict=True)
        paid: dict[Fraction, int] = {}
        advanced: set[Fraction] = set()
        for flow, factor in timed:
            if flow.kind is FlowKind.ADVANCE and not flow.amount.is_zero:
                advanced.add(factor.total)
            elif flow.direction is FlowDirection.FROM_BORROWER:
                paid[factor.total] = paid.get(factor.total, 0) + flow.amount.minor
        start = min(advanced, default=Fraction(0))
        at = sorted(time for time, minor in paid.items() if minor and time > start)
        amounts = [paid[time] for time in at]
        periods = [later - time for time, later in zip([start, *at], at, strict=False)]
        odd_periods = _differs(periods, usual=Fraction(1))
        odd_amounts = _differs(amounts, usual=None)
        return cls(
            has_several_advances=len(advanced) > 1,
            has_odd_first_period=any(odd_periods[:1]),
            has_odd_first_payment=len(at) > 1 and any(odd_amounts[:1]),
            has_odd_final_payment=len(at) > 1 and any(odd_amounts[-1:]),
            has_other_odd_periods=any(odd_periods[1:]),
            has_other_odd_amounts=any(odd_amounts[1:-1]),
        )

    @property
    def is_irregular(self) -> bool:
        """Whether the wider tolerance applies."""
        return (
            self.has_several_advances
            or self.has_other_odd_periods
            or self.has_other_odd_amounts
        )

    @property
    def tolerance_points(self) -> Decimal:
        """By how many percentage points a disclosed rate may be off."""
        return tolerance_points(is_irregular=self.is_irregular)


def _differs(values: list[Fraction] | list[int], usual: Fraction | None) -> list[bool]:
    # The value that most have is the usual one, unless the caller knows it.
    if usual is None or usual not in values:
        counts = Counter(values)
        most = max(counts.values(), default=0)
        common = [value for value in values if counts[value] == most]
        if not common:
            return []
        return [value != common[0] for value in values]
    return [value != usual for value in values]
