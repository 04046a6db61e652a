"""What the schedule engines hand over: the parts of a schedule, and how they came.

`ScheduleParts` are the columns that `schedule.Schedule` shows. An `InstallmentWorking`
is the working of one installment, as one would write it on paper: which balance bore
interest for which days, what that came to before rounding, where it was rounded, and
what the installment took of the remainder.

Example:
    >>> from microcrm_core.loans.workings import ScheduleParts
    >>> parts = ScheduleParts(
    ...     due_day=(20_000,),
    ...     unadjusted_day=(20_000,),
    ...     principal_minor=(1000,),
    ...     interest_minor=(20,),
    ...     fees_minor=(0,),
    ...     capitalized_minor=(0,),
    ...     outstanding_minor=(0,),
    ...     is_down_payment=(False,),
    ... )
    >>> len(parts.due_day)
    1
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from typing import Final

import attrs

from microcrm_core.currencies import Currency
from microcrm_core.html import html_table
from microcrm_core.money import Money
from microcrm_core.rates import Rate
from microcrm_core.rounding import Rounding, round_fraction

__all__ = ["InstallmentWorking", "InterestSlice", "ScheduleParts"]


@attrs.frozen(kw_only=True)
class ScheduleParts:
    """The columns of a schedule, one value for each row in order of due days.

    Attributes:
        due_day: Last day on which paying is on time, in days since 1970-01-01.
        unadjusted_day: The same before it was moved to a business day.
        principal_minor: Principal part.
        interest_minor: Interest part.
        fees_minor: Fees that are due with the row.
        capitalized_minor: Interest that is added to the debt on that day.
        outstanding_minor: Principal that is left after the row.
        is_down_payment: Whether the row is a down payment.

    Example:
        See `microcrm_core.loans.workings`.
    """

    due_day: tuple[int, ...]
    unadjusted_day: tuple[int, ...]
    principal_minor: tuple[int, ...]
    interest_minor: tuple[int, ...]
    fees_minor: tuple[int, ...]
    capitalized_minor: tuple[int, ...]
    outstanding_minor: tuple[int, ...]
    is_down_payment: tuple[bool, ...]


@attrs.frozen(kw_only=True)
class InterestSlice:
    """Days on which one balance bore interest at one rate.

    Attributes:
        start_on: The slice runs from the close of this day,
        end_on: to the close of this one.
        days: Calendar days between them.
        balance_minor: What bore interest.
        annual_rate: Nominal yearly rate; zero during a pause.
        factor: Interest on one unit; as the arithmetic holds it, rounded or exact.
        interest: Interest in minor units, before rounding.

    Example:
        >>> import datetime as dt
        >>> from fractions import Fraction
        >>> from microcrm_core.loans import InterestSlice
        >>> part = InterestSlice(
        ...     start_on=dt.date(2025, 1, 15),
        ...     end_on=dt.date(2025, 2, 15),
        ...     days=31,
        ...     balance_minor=100_000,
        ...     annual_rate=Fraction(12, 100),
        ...     factor=Fraction(1, 100),
        ...     interest=Fraction(1000),
        ... )
        >>> part.factor * part.balance_minor == part.interest
        True
    """

    start_on: dt.date
    end_on: dt.date
    days: int
    balance_minor: int
    annual_rate: Fraction
    factor: Fraction
    interest: Fraction


@attrs.frozen(kw_only=True)
class InstallmentWorking:
    """How one installment was computed.

    Attributes:
        number: Position in the schedule, from 1.
        due_on: Its due date.
        slices: Which balance bore interest for which days; none for a down payment.
        interest_exact: Interest of the period in minor units, before rounding.
        interest_minor: The same, rounded once.
        rounding: Where it was rounded.
        equal_minor: The amount that installments of this kind come to before the
            remainder is put anywhere: the level amount, or the equal part of the
            principal; None where the method knows none.
        remainder_minor: How far the installment is from it, above or below; None
            where `equal_minor` is None.
        principal_minor: Principal part.
        interest_due_minor: Interest part, which differs from `interest_minor` where
            interest was put off, or was put off before and is due now.
        fees_minor: Fees.
        currency: How amounts are written in `str`; None: in minor units.

    Example:
        >>> import datetime as dt
        >>> from fractions import Fraction
        >>> from microcrm_core.loans import InstallmentWorking
        >>> from microcrm_core.rounding import Rounding
        >>> print(
        ...     InstallmentWorking(
        ...         number=1,
        ...         due_on=dt.date(2025, 2, 15),
        ...         slices=(),
        ...         interest_exact=Fraction(0),
        ...         interest_minor=0,
        ...         rounding=Rounding.HALF_EVEN,
        ...         equal_minor=334,
        ...         remainder_minor=-2,
        ...         principal_minor=332,
        ...         interest_due_minor=0,
        ...         fees_minor=0,
        ...     )
        ... )
        1, due on 2025-02-15, in minor units
        equal amount: 334 - 2 remainder
        principal 332 + interest 0 + fees 0 = 332
    """

    number: int
    due_on: dt.date
    slices: tuple[InterestSlice, ...]
    interest_exact: Fraction
    interest_minor: int
    rounding: Rounding
    equal_minor: int | None
    remainder_minor: int | None
    principal_minor: int
    interest_due_minor: int
    fees_minor: int
    currency: Currency | None = None

    @property
    def rounded_minor(self) -> Fraction:
        """What rounding added to the interest, or took from it if below zero."""
        return self.interest_minor - self.interest_exact

    def __str__(self) -> str:
        """Return the working as plain lines, as one would write it on paper."""
        heading = f"{self.number}, due on {self.due_on}, in {self._unit}"
        return "\n".join([heading, *self._lines])

    def _repr_html_(self) -> str:
        # Notebooks call this name.
        headings = (f"{self.number}, due on {self.due_on}, in {self._unit}",)
        return html_table(headings, [(line,) for line in self._lines])

    @property
    def _unit(self) -> str:
        return "minor units" if self.currency is None else self.currency.code

    @property
    def _lines(self) -> list[str]:
        lines = [self._slice_line(part) for part in self.slices]
        if self.slices:
            lines.append(
                f"interest of the period: {self._exact(self.interest_exact)}, "
                f"{self.rounding} to {self._amount(self.interest_minor)}"
            )
        if self.equal_minor is not None:
            line = f"equal amount: {self._amount(self.equal_minor)}"
            if self.remainder_minor:
                sign = "+" if self.remainder_minor > 0 else "-"
                line += f" {sign} {self._amount(abs(self.remainder_minor))} remainder"
            lines.append(line)
        total_minor = self.principal_minor + self.interest_due_minor + self.fees_minor
        lines.append(
            f"principal {self._amount(self.principal_minor)} + interest "
            f"{self._amount(self.interest_due_minor)} + fees "
            f"{self._amount(self.fees_minor)} = {self._amount(total_minor)}"
        )
        return lines

    def _slice_line(self, part: InterestSlice) -> str:
        return (
            f"{part.start_on} to {part.end_on}, {part.days} days: "
            f"{self._amount(part.balance_minor)} x {_shown_factor(part)} = "
            f"{self._exact(part.interest)}"
        )

    def _amount(self, minor: int) -> str:
        if self.currency is None:
            return str(minor)
        return str(Money(minor, self.currency).amount)

    def _exact(self, minor: Fraction) -> str:
        exponent = 0 if self.currency is None else self.currency.exponent
        return _decimals(minor / 10**exponent, exponent + _MORE_DIGITS)


_MORE_DIGITS: Final = 4
_FACTOR_DIGITS: Final = 12
_SHOWN_DENOMINATOR_MAX: Final = 1_000_000


def _shown_factor(part: InterestSlice) -> str:
    """Return rate and part of a year, or the factor where that has no short form."""
    if part.annual_rate:
        years = part.factor / part.annual_rate
        if years.denominator <= _SHOWN_DENOMINATOR_MAX:
            percent = str(Rate(part.annual_rate)).removesuffix(" a year")
            return f"{percent} x {years}"
    return _decimals(part.factor, _FACTOR_DIGITS)


def _decimals(value: Fraction, digits: int) -> str:
    """Return a fraction with so many digits, the rest cut off as on paper."""
    scaled = round_fraction(value * 10**digits, Rounding.HALF_EVEN)
    return str(Decimal(f"{scaled}E-{digits}").__format__("f"))
