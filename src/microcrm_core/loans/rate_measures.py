"""Measures of what a credit costs a year; there are four, and their figures differ.

"The APR" of a loan is not a number until the measure is named. The United States take
the rate of one unit-period times the number of them; Europe lets the rate compound over
a year; an internal rate of return counts days; a simple rate compares all charges with
the principal that was in the borrower's hands. `flow_times` counts time as each
measure asks, `solve_rate` finds the rate.

Example:
    >>> from microcrm_core.loans.rate_measures import RateMeasure
    >>> RateMeasure.EU_APRC.decimals
    1
"""

from __future__ import annotations

from enum import StrEnum
from fractions import Fraction
from typing import Final

import attrs

from microcrm_core.checks import fraction_field, whole_number_field
from microcrm_core.errors import InvalidValueError

__all__ = ["RateMeasure", "RateOutcome", "TimeFactor"]


class RateMeasure(StrEnum):
    """A named way to state what a credit costs a year.

    Example:
        >>> from microcrm_core.loans.rate_measures import RateMeasure
        >>> [measure.value for measure in RateMeasure]
        ['reg_z_nominal', 'eu_aprc', 'compound_annual', 'simple_annual']
        >>> RateMeasure.SIMPLE_ANNUAL.is_compound
        False
    """

    REG_Z_NOMINAL = "reg_z_nominal"
    """United States: the actuarial annual percentage rate of Regulation Z.

    The rate of a unit-period, which compounds at each full unit-period and is simple
    over odd days, times the unit-periods in a year. The United States Rule, which the
    regulation allows beside it, is not built for this measure.
    """
    EU_APRC = "eu_aprc"
    """European Union and United Kingdom: the annual percentage rate of charge.

    The yearly rate that compounds over the intervals of Annex I.
    """
    COMPOUND_ANNUAL = "compound_annual"
    """The internal rate of return as a yearly rate that compounds.

    Time is actual days over 365 unless another day count is asked for.
    """
    SIMPLE_ANNUAL = "simple_annual"
    """All charges over the principal outstanding and the time it was outstanding.

    Each payment goes to the charges accrued so far, then to principal. Charges that
    are not yet paid bear no charge, and what is paid ahead earns none. The rate is the
    one with which the last payment leaves nothing; so the charges paid are the rate
    times the sum of principal outstanding times years, and nothing compounds.
    """

    @property
    def rule_version(self) -> str:
        """The rule that is followed, and which version of it."""
        return _RULES[self]

    @property
    def decimals(self) -> int:
        """Decimals of the percentage that is usually shown."""
        return 1 if self is RateMeasure.EU_APRC else 2

    @property
    def is_compound(self) -> bool:
        """Whether the yearly rate compounds to what is owed after a year."""
        return self in {RateMeasure.EU_APRC, RateMeasure.COMPOUND_ANNUAL}


_RULES: Final = {
    RateMeasure.REG_Z_NOMINAL: "12 CFR 1026.22 and Appendix J (2011), actuarial method",
    RateMeasure.EU_APRC: (
        "Directive 2008/48/EC Annex I, as amended by 2011/90/EU; the equation of "
        "Directive (EU) 2023/2225 Annex III"
    ),
    RateMeasure.COMPOUND_ANNUAL: "house rule 1: internal rate of return, compounded",
    RateMeasure.SIMPLE_ANNUAL: (
        "house rule 1: charges over principal outstanding and time, as simple interest "
        "(PBoC Announcement [2021] No. 3)"
    ),
}


class RateOutcome(StrEnum):
    """What came of solving.

    Example:
        >>> from microcrm_core.loans.rate_measures import RateOutcome
        >>> RateOutcome("no_rate") is RateOutcome.NO_RATE
        True
    """

    FOUND = "found"
    """Exactly one rate makes both sides equal."""
    NO_RATE = "no_rate"
    """No rate within the range that is searched does."""
    NO_UNIQUE_RATE = "no_unique_rate"
    """Several rates do, every rate does, or two fall together in a single point."""


@attrs.frozen
class TimeFactor:
    """When a flow happens, counted from the zero point of its credit.

    Attributes:
        whole: Full periods, which compound; may be negative before the zero point.
        odd: What is left of a period, 0 to 1: simple under Regulation Z, and part of
            the exponent elsewhere.

    Raises:
        InvalidValueError: A part is no exact number, or *odd* is not 0 to 1.

    Example:
        >>> from fractions import Fraction
        >>> from microcrm_core.loans.rate_measures import TimeFactor
        >>> TimeFactor.of(Fraction(5, 4))
        TimeFactor(whole=1, odd=Fraction(1, 4))
        >>> str(TimeFactor(2, Fraction(2, 30)))
        '2 + 1/15'
    """

    whole: int = attrs.field(validator=whole_number_field())
    odd: Fraction = attrs.field(default=Fraction(0), validator=fraction_field)

    def __attrs_post_init__(self) -> None:
        """Refuse a fraction that is none of one period."""
        if not 0 <= self.odd <= 1:
            raise InvalidValueError("odd", "must be from 0 to 1", self.odd)

    @classmethod
    def of(cls, total: Fraction) -> TimeFactor:
        """Return the factor of a time that is known as one fraction.

        Example:
            >>> from fractions import Fraction
            >>> from microcrm_core.loans.rate_measures import TimeFactor
            >>> TimeFactor.of(Fraction(-1, 4))
            TimeFactor(whole=-1, odd=Fraction(3, 4))
        """
        whole = total.numerator // total.denominator
        return cls(whole, total - whole)

    @property
    def total(self) -> Fraction:
        """Both parts together, exact."""
        return self.whole + self.odd

    def to_plain(self) -> object:
        """Return what stands for it in canonical JSON."""
        return {"whole": self.whole, "odd": str(self.odd)}

    def __str__(self) -> str:
        """Return both parts, without a fraction of zero."""
        return f"{self.whole} + {self.odd}" if self.odd else str(self.whole)
