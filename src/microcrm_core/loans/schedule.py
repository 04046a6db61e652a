"""The schedule of a loan: what is due when, exact to the last minor unit.

A customer should be able to check every figure with pencil and paper. Interest of a
period is outstanding principal times rate times the fraction of a year, rounded
once. The level installment is not what a formula with powers happens to round to; it
is defined by a property: the smallest whole amount that leaves the last installment
no larger than the others. So two programs cannot differ by a cent. Other methods
and conventions are told in `methods` and `conventions`; every schedule explains
its rows. `scheduling` makes it. Read `repayments` next: what was paid of it.

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
from itertools import repeat
from typing import TYPE_CHECKING, TypeAlias

import attrs

from microcrm_core.checks import whole_number
from microcrm_core.decisions import canonical_json
from microcrm_core.errors import InvalidValueError
from microcrm_core.html import html_table
from microcrm_core.loans.conventions import (
    Arithmetic,
    Remainder,
    ScheduleConventions,
)
from microcrm_core.loans.fees import FeeTiming
from microcrm_core.loans.installments import Installment
from microcrm_core.loans.portions import (
    EPOCH_ORDINAL,
    balloon_minor,
    fees_at_start_minor,
)
from microcrm_core.loans.terms import LoanTerms
from microcrm_core.money import Money

if TYPE_CHECKING:
    from microcrm_core.loans.workings import InstallmentWorking

__all__ = ["Installment", "Schedule"]

ScheduleColumn: TypeAlias = "list[int] | list[dt.date] | list[Decimal] | list[bool]"


# By position and without slots, as `Installment`.
@attrs.frozen(slots=False, repr=False)
class Schedule:
    """The installments of a loan, as columns of equal length.

    The columns hold whole minor units of `terms.principal.currency` and whole days;
    `installments` builds rows when asked. A row may be zero: where the principal is so
    small that fewer installments repay it, the others stay and are empty, so that
    count and dates are always those that were agreed. A down payment is a row of its
    own; rows that a business day brought together may be one.

    Attributes:
        terms: What was agreed.
        conventions: How the amounts were computed.
        due_day: Due dates in order, in days since 1970-01-01; `due_on` gives dates.
        unadjusted_day: The same before they were moved to business days.
        principal_minor: Principal part of each; they add up to the principal lent,
            financed fees and capitalized interest.
        interest_minor: Interest part of each.
        fees_minor: Fees that are due with each.
        capitalized_minor: Interest that is added to the debt on the day of each.
        outstanding_minor: Principal that is left after each; zero after the last.
        is_down_payment: Whether each is a down payment.

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
    due_day: tuple[int, ...]
    unadjusted_day: tuple[int, ...]
    principal_minor: tuple[int, ...]
    interest_minor: tuple[int, ...]
    fees_minor: tuple[int, ...]
    capitalized_minor: tuple[int, ...]
    outstanding_minor: tuple[int, ...]
    is_down_payment: tuple[bool, ...]

    def __attrs_pre_init__(
        self,
        terms: LoanTerms,
        conventions: ScheduleConventions,
        due_day: tuple[int, ...],
        unadjusted_day: tuple[int, ...],
        principal_minor: tuple[int, ...],
        interest_minor: tuple[int, ...],
        fees_minor: tuple[int, ...],
        capitalized_minor: tuple[int, ...],
        outstanding_minor: tuple[int, ...],
        is_down_payment: tuple[bool, ...],
    ) -> None:
        """Refuse columns that are no schedule of these terms."""
        # Here the columns are at hand, which costs less than to read them back.
        count = len(due_day)
        if not (
            len(unadjusted_day)
            == len(principal_minor)
            == len(interest_minor)
            == len(fees_minor)
            == len(capitalized_minor)
            == len(outstanding_minor)
            == len(is_down_payment)
            == count
        ):
            rule = f"must have {count} values each, one for each row"
            raise InvalidValueError("columns", rule, len(principal_minor))
        owed_minor = terms.principal.minor + sum(capitalized_minor)
        if terms.plan.fees:
            owed_minor += fees_at_start_minor(terms, conventions, FeeTiming.FINANCED)
        if sum(principal_minor) != owed_minor:
            rule = f"must add up to all that is owed, {owed_minor}"
            raise InvalidValueError("principal_minor", rule, sum(principal_minor))

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.due_day)

    @property
    def due_on(self) -> tuple[dt.date, ...]:
        """Due dates, in order."""
        return _dates(self.due_day)

    @property
    def unadjusted_on(self) -> tuple[dt.date, ...]:
        """Due dates before they were moved to business days."""
        return _dates(self.unadjusted_day)

    @property
    def total_minor(self) -> tuple[int, ...]:
        """Principal, interest and fees of each row, in minor units."""
        parts = zip(
            self.principal_minor, self.interest_minor, self.fees_minor, strict=True
        )
        return tuple(map(sum, parts))

    @property
    def installments(self) -> tuple[Installment, ...]:
        """The installments as rows, in order of their due dates."""
        count = len(self.due_day)
        return tuple(
            map(
                Installment,
                range(1, count + 1),
                self.due_day,
                repeat(self.terms.principal.currency, count),
                self.principal_minor,
                self.interest_minor,
                self.fees_minor,
                self.outstanding_minor,
                self.is_down_payment,
            )
        )

    @property
    def level_installment(self) -> Money:
        """What a usual installment comes to, without fees.

        The first one that repays principal tells: what it comes to before any
        remainder, and without interest that grace put off to it. Where it repays all
        that is left, or several are due as one, that is what it pays.
        """
        row = next(
            row
            for row, principal_minor in enumerate(self.principal_minor)
            if principal_minor > 0 and not self.is_down_payment[row]
        )
        is_first_odd = self.conventions.remainder is Remainder.FIRST
        if not is_first_odd and not self.terms.plan.grace.interest_payment_count:
            return self._money(self.principal_minor[row] + self.interest_minor[row])
        return self._money(self._usual_minor(row))

    def _usual_minor(self, row: int) -> int:
        # Few schedules need it: the working alone knows what the row is without odds.
        from microcrm_core.loans.working_parts import AmountRule

        working = self.explain(row + 1)
        interest_minor = working.interest_due_minor - working.put_off_due_minor
        equal_minor = working.equal_minor
        balloon = balloon_minor(self.terms, self.conventions)
        if equal_minor is None or self.outstanding_minor[row] <= balloon:
            return working.principal_minor + interest_minor
        if working.amount_rule is AmountRule.EQUAL_PRINCIPAL:
            equal_minor += interest_minor
        return equal_minor

    @property
    def total_interest(self) -> Money:
        """All interest together, paid in installments or added to the debt."""
        return self._money(sum(self.interest_minor) + sum(self.capitalized_minor))

    @property
    def total_fees(self) -> Money:
        """All fees that are due with installments, and no others.

        Those that are paid with the disbursement are in `upfront_fees`, those that
        were added to the debt in `financed_fees`.
        """
        return self._money(sum(self.fees_minor))

    @property
    def upfront_fees(self) -> Money:
        """Fees that are paid with the first disbursement; no row holds them."""
        return self._money(self._fees_at_start(FeeTiming.UPFRONT))

    @property
    def financed_fees(self) -> Money:
        """Fees that were added to the debt at the first disbursement."""
        return self._money(self._fees_at_start(FeeTiming.FINANCED))

    @property
    def total(self) -> Money:
        """All rows together: what the customer pays after the disbursement."""
        return self._money(sum(self.total_minor))

    def installment(self, number: int) -> Installment:
        """Return one installment.

        Args:
            number: Position in the schedule, from 1.

        Raises:
            InvalidValueError: It is no whole number, or there is no such installment.
        """
        if not 1 <= whole_number("number", number) <= len(self.due_day):
            rule = f"must be from 1 to {len(self.due_day)}"
            raise InvalidValueError("number", rule, number)
        return self._installment(number - 1)

    def explain(self, number: int) -> InstallmentWorking:
        """Return how one installment was computed, step by step.

        Its figures add up to the row: see `InstallmentWorking`. A row of several
        installments that a business day brought together shows each of them.

        Args:
            number: Position in the schedule, from 1.

        Raises:
            InvalidValueError: It is no whole number, or there is no such installment.

        Example:
            >>> import datetime as dt
            >>> from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
            >>> from microcrm_core.loans import STRICT, build_schedule
            >>> terms = LoanTerms(
            ...     principal=Money.of("1000.00", Currency.of("EUR")),
            ...     nominal_rate=Rate.per_year("0.24"),
            ...     installment_count=3,
            ...     frequency=Frequency.MONTHLY,
            ...     disbursed_on=dt.date(2025, 1, 15),
            ...     first_due_on=dt.date(2025, 2, 15),
            ... )
            >>> print(build_schedule(terms, STRICT).explain(2))
            2, due on 2025-03-15, in EUR
            2025-02-15 to 2025-03-15, 28 days: 673.81 x 24% x 28/365 = 12.405488
            interest of the period: 12.405488, half_even to 12.41
            equal amount: 346.57
            principal 334.16 + interest 12.41 + fees 0.00 = 346.57
        """
        self.installment(number)
        # Each engine is loaded when a loan asks for it: most never do.
        if self.conventions.arithmetic is Arithmetic.EXACT:
            from microcrm_core.loans.exact import exact_working as working_of
        else:
            from microcrm_core.loans.fineract_schedule import (
                fineract_working as working_of,
            )
        return working_of(self.terms, self.conventions, number)

    def to_columns(self) -> dict[str, ScheduleColumn]:
        """Return the columns by name, for a data frame or a file.

        The names are number, due_on, principal, interest, total and outstanding;
        amounts are decimals in whole units of the currency, with all their digits.
        Where some row has them, is_down_payment, fees and capitalized come too.
        """
        columns: dict[str, ScheduleColumn] = {
            "number": list(range(1, len(self.due_day) + 1)),
            "due_on": list(self.due_on),
        }
        if any(self.is_down_payment):
            columns["is_down_payment"] = list(self.is_down_payment)
        columns["principal"] = self._amounts(self.principal_minor)
        columns["interest"] = self._amounts(self.interest_minor)
        if any(self.fees_minor):
            columns["fees"] = self._amounts(self.fees_minor)
        columns["total"] = self._amounts(self.total_minor)
        if any(self.capitalized_minor):
            columns["capitalized"] = self._amounts(self.capitalized_minor)
        columns["outstanding"] = self._amounts(self.outstanding_minor)
        return columns

    def to_frame(self, backend: str | None = None) -> object:
        """Return the columns as a data frame; see `microcrm_core.frames`.

        Args:
            backend: Kind of frame; None: as `frames.to_frame` takes it.

        Raises:
            MissingExtraError: The extra `frames` is not installed.
        """
        # By name, because frames is an edge: only those who ask for a frame need it.
        frames = import_module("microcrm_core.frames")
        frame: object = frames.to_frame(self.to_columns(), backend)
        return frame

    def to_plain(self) -> object:
        """Return plain JSON values; `schedule_from_plain` reads them back."""
        # Few schedules are stored, and that form knows this class.
        from microcrm_core.loans.schedules_plain import schedule_to_plain

        return schedule_to_plain(self)

    def to_json(self) -> str:
        """Return the schedule as canonical JSON.

        The way back is `schedule_from_plain`, which takes what a JSON parser gives.

        Example:
            >>> import datetime as dt
            >>> import json
            >>> from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
            >>> from microcrm_core.loans import STRICT, build_schedule
            >>> from microcrm_core.loans import schedule_from_plain
            >>> terms = LoanTerms(
            ...     principal=Money.of("1000.00", Currency.of("EUR")),
            ...     nominal_rate=Rate.per_year("0.24"),
            ...     installment_count=3,
            ...     frequency=Frequency.MONTHLY,
            ...     disbursed_on=dt.date(2025, 1, 15),
            ...     first_due_on=dt.date(2025, 2, 15),
            ... )
            >>> schedule = build_schedule(terms, STRICT)
            >>> schedule_from_plain(json.loads(schedule.to_json())) == schedule
            True
        """
        return canonical_json(self)

    def __repr__(self) -> str:
        """Return one line: what was lent, when rows are due, and what they come to."""
        due_on = self.due_on
        return (
            f"Schedule({self.terms.principal} in {len(due_on)} rows from {due_on[0]} "
            f"to {due_on[-1]}, interest {self.total_interest.amount}, "
            f"total {self.total.amount}, {self.conventions.id})"
        )

    def __str__(self) -> str:
        """Return the schedule as a plain-text table with totals."""
        headings, rows, totals = self._table()
        cells = [headings, *rows, totals]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        return "\n".join(
            "  ".join(map(str.rjust, row, widths)).rstrip() for row in cells
        )

    def _repr_html_(self) -> str:
        # Notebooks call this name.
        headings, rows, totals = self._table()
        return html_table(headings, rows, footer=totals)

    def _table(self) -> tuple[list[str], list[tuple[str, ...]], list[str]]:
        """Return headings, rows and totals as texts."""
        columns = self.to_columns()
        sums = {
            "due_on": "total",
            "principal": str(self._money(sum(self.principal_minor)).amount),
            "interest": str(self._money(sum(self.interest_minor)).amount),
            "fees": str(self.total_fees.amount),
            "total": str(self.total.amount),
            "capitalized": str(self._money(sum(self.capitalized_minor)).amount),
        }
        code = self.terms.principal.currency.code
        shown = {"number": "", "due_on": "due on", "is_down_payment": "down payment"}
        shown["principal"] = f"principal {code}"
        texts = [[_text(value) for value in column] for column in columns.values()]
        return (
            [shown.get(name, name) for name in columns],
            list(zip(*texts, strict=True)),
            [sums.get(name, "") for name in columns],
        )

    def _installment(self, row: int) -> Installment:
        return Installment(
            number=row + 1,
            due_day=self.due_day[row],
            currency=self.terms.principal.currency,
            principal_minor=self.principal_minor[row],
            interest_minor=self.interest_minor[row],
            fees_minor=self.fees_minor[row],
            outstanding_minor=self.outstanding_minor[row],
            is_down_payment=self.is_down_payment[row],
        )

    def _fees_at_start(self, timing: FeeTiming) -> int:
        return fees_at_start_minor(self.terms, self.conventions, timing)

    def _amounts(self, column_minor: Sequence[int]) -> list[Decimal]:
        return [self._money(minor).amount for minor in column_minor]

    def _money(self, minor: int) -> Money:
        return Money(minor, self.terms.principal.currency)


def _dates(days: tuple[int, ...]) -> tuple[dt.date, ...]:
    return tuple([dt.date.fromordinal(day + EPOCH_ORDINAL) for day in days])


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else ""
    return str(value)
