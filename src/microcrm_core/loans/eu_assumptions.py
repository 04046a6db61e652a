"""Assumptions of European law for a credit whose terms are not all known.

An annual percentage rate of charge needs every amount and every day. Where an agreement
leaves some open, the directive says what to assume, and the assumptions that were used
must be shown. `EuAssumption` names them and travels in the result of `solve_rate`; the
functions give the values that they fix. Building the flows of an assumed credit is the
caller's work.

Source:
    Directive 2008/48/EC, Annex I part II, as amended by 2011/90/EU; SWD(2012) 128,
    section 4.2. Directive (EU) 2023/2225, Annex III part II keeps them.

Example:
    >>> from microcrm_core.loans.eu_assumptions import EuAssumption
    >>> EuAssumption.OVERDRAFT_DURATION.clause
    'd'
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import Final

import attrs

from microcrm_core.checks import kind_field
from microcrm_core.errors import InvalidValueError
from microcrm_core.money import Currency, Money
from microcrm_core.rates import Rate

__all__ = [
    "ASSUMED_CEILING",
    "EuAssumption",
    "RateStage",
    "assumed_duration_months",
    "assumed_rates",
    "shortest_first_interval",
]

ASSUMED_CEILING: Final = Money(150_000, Currency.of("EUR"))
"""The ceiling of a credit that names none: EUR 1,500, assumption (h)."""

_OVERDRAFT_MONTHS: Final = 3
_OPEN_END_MONTHS: Final = 12


class EuAssumption(StrEnum):
    """What was assumed, by the letter of Annex I part II.

    Example:
        >>> from microcrm_core.loans.eu_assumptions import EuAssumption
        >>> print(EuAssumption.CEILING.text)
        the ceiling is EUR 1,500
    """

    IMMEDIATE_DRAWDOWN = "immediate_drawdown"
    COMMON_DRAWDOWN = "common_drawdown"
    EARLIEST_DRAWDOWN = "earliest_drawdown"
    OVERDRAFT_DURATION = "overdraft_duration"
    OPEN_END_DURATION = "open_end_duration"
    EARLIEST_REPAYMENT = "earliest_repayment"
    SHORTEST_FIRST_INTERVAL = "shortest_first_interval"
    CHARGES_WITH_REPAYMENTS = "charges_with_repayments"
    CEILING = "ceiling"
    HIGHEST_RATE = "highest_rate"
    RATE_AFTER_FIXED_PERIOD = "rate_after_fixed_period"

    @property
    def clause(self) -> str:
        """Its letter in Annex I part II."""
        return _TEXTS[self][0]

    @property
    def text(self) -> str:
        """What is assumed."""
        return _TEXTS[self][1]


_TEXTS: Final = {
    EuAssumption.IMMEDIATE_DRAWDOWN: ("a", "all is drawn at once and in full"),
    EuAssumption.COMMON_DRAWDOWN: (
        "b",
        "all is drawn at the highest charge and rate of the most common way to draw",
    ),
    EuAssumption.EARLIEST_DRAWDOWN: (
        "c",
        "all is drawn on the earliest day and within the limits of the agreement",
    ),
    EuAssumption.OVERDRAFT_DURATION: (
        "d",
        "all is drawn for the whole duration, three months if it is not known",
    ),
    EuAssumption.OPEN_END_DURATION: (
        "e",
        "the credit lasts one year and its principal is repaid in equal months",
    ),
    EuAssumption.EARLIEST_REPAYMENT: (
        "f (i)",
        "principal is repaid at the earliest time and in the lowest amount allowed",
    ),
    EuAssumption.SHORTEST_FIRST_INTERVAL: (
        "f (ii)",
        "the first drawdown is on the day that leaves the shortest first interval",
    ),
    EuAssumption.CHARGES_WITH_REPAYMENTS: (
        "g",
        "interest is paid with the repayments, a single charge at the conclusion",
    ),
    EuAssumption.CEILING: ("h", "the ceiling is EUR 1,500"),
    EuAssumption.HIGHEST_RATE: (
        "i",
        "the highest of the rates and charges holds for the whole duration",
    ),
    EuAssumption.RATE_AFTER_FIXED_PERIOD: (
        "j",
        "a variable rate keeps the value of its indicator on the day of calculation",
    ),
}


@attrs.frozen(kw_only=True)
class RateStage:
    """The borrowing rate of one stage of an agreement.

    Attributes:
        fixed: The rate that is agreed; None for one that follows an indicator.
        indicator: Value of the indicator on the day of calculation; None for a fixed
            rate.
        margin: What is added to the indicator; None for a fixed rate.

    Raises:
        InvalidValueError: It is neither a fixed rate nor an indicator with a margin.

    Example:
        >>> from microcrm_core.loans.eu_assumptions import RateStage
        >>> from microcrm_core.rates import Rate
        >>> stage = RateStage(
        ...     indicator=Rate.of_percent("2.1"), margin=Rate.of_percent("1")
        ... )
        >>> stage.rate.annual
        Decimal('0.031')
    """

    fixed: Rate | None = attrs.field(
        default=None, validator=kind_field(Rate, type(None))
    )
    indicator: Rate | None = attrs.field(
        default=None, validator=kind_field(Rate, type(None))
    )
    margin: Rate | None = attrs.field(
        default=None, validator=kind_field(Rate, type(None))
    )

    def __attrs_post_init__(self) -> None:
        """Refuse a stage without a rate, and one with two."""
        is_variable = self.indicator is not None and self.margin is not None
        has_parts = self.indicator is not None or self.margin is not None
        if (self.fixed is None) != is_variable or (self.fixed and has_parts):
            raise InvalidValueError(
                "fixed",
                "must stand alone, or indicator and margin without it",
                self.fixed,
            )

    @property
    def rate(self) -> Rate:
        """The rate of the stage as it is on the day of calculation."""
        if self.fixed is not None:
            return self.fixed
        assert self.indicator is not None  # both are there, as checked above
        assert self.margin is not None
        return self.indicator + self.margin


def assumed_duration_months(*, is_overdraft: bool) -> int:
    """Return the months that an open-end credit is assumed to last.

    An overdraft lasts three months, any other open-end credit a year.

    Source:
        Directive 2008/48/EC, Annex I part II, assumptions (d) and (e).

    Example:
        >>> from microcrm_core.loans.eu_assumptions import assumed_duration_months
        >>> assumed_duration_months(is_overdraft=True)
        3
    """
    return _OVERDRAFT_MONTHS if is_overdraft else _OPEN_END_MONTHS


def assumed_rates(
    stages: Sequence[RateStage], *, is_open_end: bool
) -> tuple[Rate, ...]:
    """Return the rate to assume for each stage of an agreement.

    In an open-end credit nobody knows whether a low rate will be enjoyed, so the
    highest holds for the whole duration. Where amounts and days are fixed, each stage
    keeps its own; a variable one keeps today's value of its indicator.

    Args:
        stages: In order; at least one.
        is_open_end: Whether the credit has no fixed duration.

    Raises:
        InvalidValueError: There is no stage.

    Source:
        Directive 2008/48/EC, Annex I part II, assumptions (i) and (j);
        SWD(2012) 128, section 4.2.8.

    Example:
        >>> from microcrm_core.loans.eu_assumptions import RateStage, assumed_rates
        >>> from microcrm_core.rates import Rate
        >>> stages = [
        ...     RateStage(fixed=Rate.of_percent(1)),
        ...     RateStage(indicator=Rate.of_percent("2.1"), margin=Rate.of_percent(1)),
        ... ]
        >>> [rate.annual for rate in assumed_rates(stages, is_open_end=True)]
        [Decimal('0.031'), Decimal('0.031')]
    """
    if not stages:
        raise InvalidValueError("stages", "must not be empty", stages)
    rates = tuple(stage.rate for stage in stages)
    return (max(rates),) * len(rates) if is_open_end else rates


def shortest_first_interval(
    first_paid_on: Callable[[dt.date], dt.date], drawn_on: Iterable[dt.date]
) -> tuple[dt.date, dt.date]:
    """Return the drawdown that leaves the shortest first interval, and its payment.

    Args:
        first_paid_on: Says when the first payment falls for a day of drawdown.
        drawn_on: The days to try; a year without a leap day covers every month. On a
            tie the earliest in their order.

    Raises:
        InvalidValueError: There is no day to try, or a payment is not after its
            drawdown.

    Source:
        Directive 2008/48/EC, Annex I part II, assumption (f)(ii).

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.dates import month_end
        >>> from microcrm_core.loans.eu_assumptions import shortest_first_interval
        >>> year = [dt.date(2025, 1, 1) + dt.timedelta(days=n) for n in range(365)]
        >>> drawn_on, paid_on = shortest_first_interval(
        ...     lambda on: month_end(on) + dt.timedelta(days=1), year
        ... )
        >>> drawn_on.isoformat(), (paid_on - drawn_on).days
        ('2025-01-31', 1)
    """
    best: tuple[dt.date, dt.date] | None = None
    for on in drawn_on:
        paid_on = first_paid_on(on)
        if paid_on <= on:
            rule = f"must be after the drawdown on {on.isoformat()}"
            raise InvalidValueError("first_paid_on", rule, paid_on)
        if best is None or paid_on - on < best[1] - best[0]:
            best = (on, paid_on)
    if best is None:
        raise InvalidValueError("drawn_on", "must not be empty", ())
    return best
