"""The schedule of a loan: what is due when, exact to the last minor unit.

A customer should be able to check every figure with pencil and paper. Interest of a
period is outstanding principal times rate times the fraction of a year, rounded
once. The level installment is not what a formula with powers happens to round to; it
is defined by a property: the smallest whole amount that leaves the last installment
no larger than the others. So two programs cannot differ by a cent. Read
`repayments` next: what was paid of it.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import Currency, Money
    >>> from microcrm_core.dates import Frequency
    >>> from microcrm_core.loans import STRICT, LoanTerms, build_schedule
    >>> from microcrm_core.rates import Rate
    >>> terms = LoanTerms(
    ...     principal=Money.of("1000.00", Currency.of("EUR")),
    ...     nominal_rate=Rate.per_year("0.24"),
    ...     installment_count=3,
    ...     frequency=Frequency.MONTHLY,
    ...     disbursed_on=dt.date(2025, 1, 15),
    ...     first_due_on=dt.date(2025, 2, 15),
    ... )
    >>> print(build_schedule(terms, STRICT))
           due on  principal EUR  interest    total  outstanding
    1  2025-02-15         326.19     20.38   346.57       673.81
    2  2025-03-15         334.16     12.41   346.57       339.65
    3  2025-04-15         339.65      6.92   346.57         0.00
            total        1000.00     39.71  1039.71
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from importlib import import_module
from itertools import pairwise
from typing import TypeAlias

import attrs

from microcrm_core.dates import due_dates, year_fraction
from microcrm_core.decisions import canonical_json
from microcrm_core.errors import InvalidValueError, ScheduleError
from microcrm_core.html import html_table
from microcrm_core.loans.terms import LoanTerms, ScheduleConventions
from microcrm_core.money import Money
from microcrm_core.rounding import Rounding, divide

__all__ = ["Installment", "Schedule", "build_schedule"]

ScheduleColumn: TypeAlias = "list[int] | list[dt.date] | list[Decimal]"


@attrs.frozen(kw_only=True)
class Installment:
    """One scheduled payment.

    Attributes:
        number: Position in the schedule, from 1.
        due_on: Last day on which paying it is on time.
        principal: Part that pays the principal back.
        interest: Part that pays for the time since the due date before.
        outstanding: Principal that is left once it is paid.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.loans import Installment
        >>> euro = Currency.of("EUR")
        >>> installment = Installment(
        ...     number=1,
        ...     due_on=dt.date(2025, 2, 15),
        ...     principal=Money(8000, euro),
        ...     interest=Money(2000, euro),
        ...     outstanding=Money(92000, euro),
        ... )
        >>> str(installment.total)
        'EUR 100.00'
    """

    number: int
    due_on: dt.date
    principal: Money
    interest: Money
    outstanding: Money

    @property
    def total(self) -> Money:
        """What the customer pays: principal and interest."""
        return self.principal + self.interest


@attrs.frozen(kw_only=True)
class Schedule:
    """The installments of a loan, as columns of equal length.

    The columns hold whole minor units of `terms.principal.currency`; `installments`
    builds rows of `Money` when asked. An installment may be zero: where the
    principal is so small that fewer installments repay it, the others stay and are
    empty, so that count and dates are always those that were agreed.

    Attributes:
        terms: What was agreed.
        conventions: How the amounts were computed.
        due_on: Due dates, in order.
        principal_minor: Principal part of each; they add up to the principal lent.
        interest_minor: Interest part of each.
        outstanding_minor: Principal that is left after each; zero after the last.

    Raises:
        InvalidValueError: The columns contradict each other or the terms.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
        >>> from microcrm_core.loans import STRICT, build_schedule
        >>> terms = LoanTerms(
        ...     principal=Money.of("10.00", Currency.of("EUR")),
        ...     nominal_rate=Rate.per_year(0),
        ...     installment_count=3,
        ...     frequency=Frequency.MONTHLY,
        ...     disbursed_on=dt.date(2025, 1, 14),
        ...     first_due_on=dt.date(2025, 2, 14),
        ... )
        >>> schedule = build_schedule(terms, STRICT)
        >>> schedule.principal_minor, schedule.outstanding_minor
        ((334, 334, 332), (666, 332, 0))
    """

    terms: LoanTerms
    conventions: ScheduleConventions
    due_on: tuple[dt.date, ...]
    principal_minor: tuple[int, ...] = attrs.field(repr=False)
    interest_minor: tuple[int, ...] = attrs.field(repr=False)
    outstanding_minor: tuple[int, ...] = attrs.field(repr=False)

    def __attrs_post_init__(self) -> None:
        """Refuse columns that are no schedule of these terms."""
        count = self.terms.installment_count
        for name in (
            "due_on",
            "principal_minor",
            "interest_minor",
            "outstanding_minor",
        ):
            if len(getattr(self, name)) != count:
                rule = f"must have {count} values, one for each installment"
                raise InvalidValueError(name, rule, len(getattr(self, name)))
        lent_minor = self.terms.principal.minor
        if sum(self.principal_minor) != lent_minor:
            rule = f"must add up to the principal, {lent_minor}"
            raise InvalidValueError("principal_minor", rule, sum(self.principal_minor))

    @property
    def total_minor(self) -> tuple[int, ...]:
        """Principal and interest of each installment, in minor units."""
        return tuple(map(int.__add__, self.principal_minor, self.interest_minor))

    @property
    def installments(self) -> tuple[Installment, ...]:
        """The installments as rows, in order of their due dates."""
        return tuple(map(self.installment, range(1, len(self.due_on) + 1)))

    @property
    def level_installment(self) -> Money:
        """What every installment but the last comes to: the first one's total.

        No installment is larger. One that repays all that is left may be smaller.
        """
        return self._money(self.principal_minor[0] + self.interest_minor[0])

    @property
    def total_interest(self) -> Money:
        """All interest together."""
        return self._money(sum(self.interest_minor))

    @property
    def total(self) -> Money:
        """All installments together: the principal and all interest."""
        return self.terms.principal + self.total_interest

    def installment(self, number: int) -> Installment:
        """Return one installment.

        Args:
            number: Position in the schedule, from 1.

        Raises:
            InvalidValueError: There is no such installment.
        """
        if not 1 <= number <= len(self.due_on):
            rule = f"must be from 1 to {len(self.due_on)}"
            raise InvalidValueError("number", rule, number)
        row = number - 1
        return Installment(
            number=number,
            due_on=self.due_on[row],
            principal=self._money(self.principal_minor[row]),
            interest=self._money(self.interest_minor[row]),
            outstanding=self._money(self.outstanding_minor[row]),
        )

    def to_columns(self) -> dict[str, ScheduleColumn]:
        """Return the columns by name, for a data frame or a file.

        The names are number, due_on, principal, interest, total and outstanding;
        amounts are decimals in whole units of the currency, with all their digits.
        """
        return {
            "number": list(range(1, len(self.due_on) + 1)),
            "due_on": list(self.due_on),
            "principal": self._amounts(self.principal_minor),
            "interest": self._amounts(self.interest_minor),
            "total": self._amounts(self.total_minor),
            "outstanding": self._amounts(self.outstanding_minor),
        }

    def to_frame(self, backend: str | None = None) -> object:
        """Return the columns as a data frame; see `microcrm_core.frames`.

        Args:
            backend: Kind of frame; None: the first kind that is installed.

        Raises:
            MissingExtraError: The extra `frames` is not installed.
        """
        # By name, because frames is an edge: only those who ask for a frame need it.
        frames = import_module("microcrm_core.frames")
        frame: object = frames.to_frame(self.to_columns(), backend)
        return frame

    def to_json(self) -> str:
        """Return the canonical JSON of terms, conventions and columns."""
        return canonical_json(self)

    def __str__(self) -> str:
        """Return the schedule as a plain-text table with totals."""
        cells = [self._headings, *self._rows, self._totals]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        return "\n".join(
            "  ".join(map(str.rjust, row, widths)).rstrip() for row in cells
        )

    def _repr_html_(self) -> str:
        # Notebooks call this name.
        return html_table(self._headings, self._rows, footer=self._totals)

    @property
    def _headings(self) -> tuple[str, ...]:
        code = self.terms.principal.currency.code
        return ("", "due on", f"principal {code}", "interest", "total", "outstanding")

    @property
    def _rows(self) -> list[tuple[str, ...]]:
        columns = [[str(value) for value in column] for column in self._shown]
        return list(zip(*columns, strict=True))

    @property
    def _shown(self) -> list[ScheduleColumn]:
        return list(self.to_columns().values())

    @property
    def _totals(self) -> tuple[str, ...]:
        sums = (self.terms.principal, self.total_interest, self.total)
        return ("", "total", *(str(money.amount) for money in sums), "")

    def _amounts(self, column_minor: Sequence[int]) -> list[Decimal]:
        return [self._money(minor).amount for minor in column_minor]

    def _money(self, minor: int) -> Money:
        return Money(minor, self.terms.principal.currency)


def build_schedule(terms: LoanTerms, conventions: ScheduleConventions) -> Schedule:
    """Return the equal-installment schedule of *terms* under *conventions*.

    Interest of a period is outstanding principal × yearly rate × fraction of a year
    since the due date before (the disbursement at first), rounded once. Each
    installment pays the level amount, or all that is left if that is less. The
    level amount is the smallest whole number of minor units for which the last
    installment is no larger than the others.

    Raises:
        ScheduleError: The level amount does not cover the interest of some period,
            so that the debt would grow; a first period that is much longer than
            the others does this.
        InvalidValueError: A due date would leave the calendar.

    Source:
        House rule, stated as a property. Textbooks give the same amount before
        rounding: S. G. Kellison, The Theory of Interest, chapter 5.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.dates import Frequency
        >>> from microcrm_core.loans import STRICT, LoanTerms, build_schedule
        >>> from microcrm_core.rates import Rate
        >>> terms = LoanTerms(
        ...     principal=Money.of("10.00", Currency.of("EUR")),
        ...     nominal_rate=Rate.per_year(0),
        ...     installment_count=3,
        ...     frequency=Frequency.MONTHLY,
        ...     disbursed_on=dt.date(2025, 1, 15),
        ...     first_due_on=dt.date(2025, 2, 15),
        ... )
        >>> [str(row.total) for row in build_schedule(terms, STRICT).installments]
        ['EUR 3.34', 'EUR 3.34', 'EUR 3.32']
    """
    due_on = due_dates(
        terms.first_due_on, terms.frequency, terms.installment_count, conventions.roll
    )
    annual = terms.nominal_rate.annual_fraction
    factors = [
        annual * year_fraction(conventions.day_count, start_on, end_on)
        for start_on, end_on in pairwise((terms.disbursed_on, *due_on))
    ]
    periods = [(factor.numerator, factor.denominator) for factor in factors]
    principal_minor = terms.principal.minor
    level_minor = _level_minor(principal_minor, periods, conventions.rounding)

    principals: list[int] = []
    interests: list[int] = []
    outstandings: list[int] = []
    outstanding_minor = principal_minor
    for number, (numerator, denominator) in enumerate(periods, start=1):
        interest_minor = divide(
            outstanding_minor * numerator, denominator, conventions.rounding
        )
        if interest_minor > level_minor:
            raise ScheduleError(
                "the level installment must cover the interest of every period "
                f"(number {number} of {len(periods)}: {level_minor} is less than "
                f"{interest_minor} minor units)",
                terms,
            )
        paid_minor = min(level_minor, outstanding_minor + interest_minor)
        outstanding_minor -= paid_minor - interest_minor
        principals.append(paid_minor - interest_minor)
        interests.append(interest_minor)
        outstandings.append(outstanding_minor)
    return Schedule(
        terms=terms,
        conventions=conventions,
        due_on=due_on,
        principal_minor=tuple(principals),
        interest_minor=tuple(interests),
        outstanding_minor=tuple(outstandings),
    )


Periods: TypeAlias = "Sequence[tuple[int, int]]"


def _level_minor(principal_minor: int, periods: Periods, rounding: Rounding) -> int:
    # The balance after all installments, if each pays the same amount, falls by one
    # or more whenever the amount grows by one: each period takes the amount off, and
    # rounding never turns a smaller balance into more interest. So the amounts that
    # leave nothing to pay are all those from the smallest one on, and halving finds
    # it. A float only says where to look first.
    def is_enough(level_minor: int) -> bool:
        return end_balance_minor(principal_minor, level_minor, periods, rounding) <= 0

    # One installment of everything is enough; a share of the principal, rounded
    # down and less one, is not, because interest is never below zero.
    numerator, denominator = periods[0]
    high = principal_minor + divide(principal_minor * numerator, denominator, rounding)
    low = principal_minor // len(periods) - 1
    guess = min(max(_guess_minor(principal_minor, periods), low + 1), high)
    step = 1
    if is_enough(guess):
        high = guess
        while high - step > low and is_enough(high - step):
            high, step = high - step, 2 * step
        low = max(low, high - step)
    else:
        low = guess
        while low + step < high and not is_enough(low + step):
            low, step = low + step, 2 * step
        high = min(high, low + step)
    # Each turn halves what is left of the range, so this ends.
    while high - low > 1:
        middle = (low + high) // 2
        if is_enough(middle):
            high = middle
        else:
            low = middle
    return high


def end_balance_minor(
    principal_minor: int, level_minor: int, periods: Periods, rounding: Rounding
) -> int:
    """Return what is left, or overpaid, if each period pays the same amount.

    Each period is the interest on one unit, as numerator and denominator.
    """
    balance_minor = principal_minor
    for numerator, denominator in periods:
        balance_minor += divide(balance_minor * numerator, denominator, rounding)
        balance_minor -= level_minor
        if balance_minor <= 0:
            # What is overpaid earns no interest that could bring the balance back.
            return balance_minor
    return balance_minor


def _guess_minor(principal_minor: int, periods: Periods) -> int:
    discount, annuity = 1.0, 0.0
    for numerator, denominator in periods:
        discount /= 1.0 + numerator / denominator
        annuity += discount
    # A principal may be larger than any float.
    numerator, denominator = annuity.as_integer_ratio()
    return principal_minor * denominator // numerator
