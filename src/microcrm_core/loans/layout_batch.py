"""Where the values of many schedules stand: by plan, frequency and length.

Loans whose schedules have the same number of rows are worked on together, one
installment at a time. Written in the same order, nothing has to be moved about: the
first installments of a group stand side by side, then its second ones, and so on. A
`ScheduleLayout` says which values belong to which loan.

Example:
    >>> import numpy as np
    >>> from microcrm_core.loans.columns_batch import LoanColumns
    >>> from microcrm_core.loans.layout_batch import ScheduleLayout
    >>> ScheduleLayout.of(LoanColumns.from_loans([], {})).value_count
    0
"""

from __future__ import annotations

from typing import Final, Self, TypeAlias

import attrs
import numpy as np
import numpy.typing as npt

from microcrm_core.batch import Int64s
from microcrm_core.dates import Frequency
from microcrm_core.errors import InvalidValueError
from microcrm_core.loans.column_checks_batch import position_in
from microcrm_core.loans.columns_batch import LoanColumns
from microcrm_core.loans.due_days_batch import has_late_dom
from microcrm_core.loans.plans import RepaymentPlan
from microcrm_core.loans.refusals_batch import RefusedLoan
from microcrm_core.loans.terms import INSTALLMENT_COUNT_MAX
from microcrm_core.money import Currency

__all__ = [
    "OrderedTerms",
    "ScheduleGroup",
    "ScheduleLayout",
    "TermColumns",
    "row_count",
]

Ranks: TypeAlias = "npt.NDArray[np.uint16] | Int64s"

_ALL: Final = slice(None)
_COUNT_WIDTH: Final = INSTALLMENT_COUNT_MAX + 1
_TABLE_MAX: Final = 2**22
_UINT16_MAX: Final = 2**16


@attrs.frozen(kw_only=True, eq=False)
class TermColumns:
    """What schedules are computed from, in columns of shape (loans,).

    Attributes:
        principal_minor: Amount lent or asked for.
        annual_ppm: Nominal yearly rate in parts per million.
        installment_count: 1 to 1200.
        frequency_index: Position in `frequencies`.
        frequencies: The frequencies that occur.
        planned_day: Day from which interest runs.
        first_due_day: Due day of the first installment.
        plan_index: Position in `plans`.
        plans: The plans that occur.
        currency_index: Position in `currencies`.
        currencies: The currencies that occur.

    Example:
        >>> from microcrm_core.loans.columns_batch import LoanColumns
        >>> from microcrm_core.loans.layout_batch import TermColumns
        >>> len(TermColumns.of(LoanColumns.from_loans([], {})))
        0
    """

    principal_minor: Int64s
    annual_ppm: Int64s
    installment_count: Int64s
    frequency_index: Int64s
    frequencies: tuple[Frequency, ...]
    planned_day: Int64s
    first_due_day: Int64s
    plan_index: Int64s
    plans: tuple[RepaymentPlan, ...]
    currency_index: Int64s
    currencies: tuple[Currency, ...]

    def __len__(self) -> int:
        """Return the number of loans."""
        return int(self.principal_minor.size)

    def refused_loan(self, row: int) -> RefusedLoan:
        """Return what an error tells of a loan that has no schedule."""
        currencies = self.currencies
        return RefusedLoan(
            plan=self.plans[int(self.plan_index[row])],
            principal_minor=int(self.principal_minor[row]),
            currency=(
                currencies[int(self.currency_index[row])] if currencies else None
            ),
            installment_count=int(self.installment_count[row]),
            annual_ppm=int(self.annual_ppm[row]),
            first_due_day=int(self.first_due_day[row]),
        )

    def take(self, rows: Int64s | slice) -> TermColumns:
        """Return the loans at these positions; of a slice, without a copy."""
        return attrs.evolve(
            self,
            principal_minor=self.principal_minor[rows],
            annual_ppm=self.annual_ppm[rows],
            installment_count=self.installment_count[rows],
            frequency_index=self.frequency_index[rows],
            planned_day=self.planned_day[rows],
            first_due_day=self.first_due_day[rows],
            plan_index=self.plan_index[rows],
            currency_index=self.currency_index[rows],
        )

    @classmethod
    def of(cls, loans: LoanColumns, rows: Int64s | slice = _ALL) -> Self:
        """Return what the schedules of *loans*, or those of some, are computed from."""
        return cls(
            principal_minor=loans.principal_minor[rows],
            annual_ppm=loans.annual_ppm[rows],
            installment_count=loans.installment_count[rows],
            frequency_index=loans.frequency_index[rows],
            frequencies=loans.frequencies,
            planned_day=loans.start_days(rows),
            first_due_day=loans.first_due_day[rows],
            plan_index=loans.plan_index[rows],
            plans=loans.plans,
            currency_index=loans.currency_index[rows],
            currencies=loans.currencies,
        )


@attrs.frozen(kw_only=True, eq=False)
class OrderedTerms:
    """What all chunks read, in the order of a layout; columns of shape (loans,).

    Attributes:
        principal_minor: Amount lent or asked for.
        annual_ppm: Nominal yearly rate in parts per million.
        planned_day: Day from which interest runs.
        first_due_day: Due day of the first installment.

    Example:
        >>> from microcrm_core.loans.columns_batch import LoanColumns
        >>> from microcrm_core.loans.layout_batch import ScheduleLayout, TermColumns
        >>> terms = TermColumns.of(LoanColumns.from_loans([], {}))
        >>> ScheduleLayout.of(terms).ordered(terms).principal_minor.tolist()
        []
    """

    principal_minor: Int64s
    annual_ppm: Int64s
    planned_day: Int64s
    first_due_day: Int64s


@attrs.frozen(kw_only=True)
class ScheduleGroup:
    """Loans of one plan, frequency and length, and where their values stand.

    Attributes:
        plan: How these loans are paid back.
        frequency: Time from one due day to the next.
        installment_count: Number of installments.
        row_count: Rows of a schedule: the installments and the down payment.
        loan_start: Where the loans begin in `ScheduleLayout.loans`.
        late_start: Where loans begin whose due day, after the 28th, some month lacks.
        loan_end: Where the loans end.
        value_start: Where their values begin.

    Example:
        See `ScheduleLayout`.
    """

    plan: RepaymentPlan
    frequency: Frequency
    installment_count: int
    row_count: int
    loan_start: int
    late_start: int
    loan_end: int
    value_start: int

    @property
    def loan_count(self) -> int:
        """Number of loans."""
        return self.loan_end - self.loan_start

    def matrix(self, column: Int64s) -> Int64s:
        """Return the group's part of a column of values, (rows, loans); a view."""
        end = self.value_start + self.row_count * self.loan_count
        return column[self.value_start : end].reshape(self.row_count, self.loan_count)


@attrs.frozen(kw_only=True, eq=False)
class ScheduleLayout:
    """Where `write_schedules` puts the values of each loan.

    Attributes:
        loans: Positions of the loans, group by group.
        groups: The groups, in the order of their values.
        value_count: How many values a column has.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
        >>> from microcrm_core.ids import CustomerId, LoanId
        >>> from microcrm_core.loans import Loan
        >>> from microcrm_core.loans.columns_batch import LoanColumns
        >>> from microcrm_core.loans.layout_batch import ScheduleLayout
        >>> def loan(number: int) -> Loan:
        ...     terms = LoanTerms(
        ...         principal=Money.of("10.00", Currency.of("EUR")),
        ...         nominal_rate=Rate.per_year(0),
        ...         installment_count=3,
        ...         frequency=Frequency.MONTHLY,
        ...         disbursed_on=dt.date(2025, 1, 14),
        ...         first_due_on=dt.date(2025, 2, 14),
        ...     )
        ...     return Loan(
        ...         id=LoanId(f"loan-{number}"),
        ...         customer_id=CustomerId("customer-1"),
        ...         terms=terms,
        ...         requested_on=None,
        ...         is_disbursed=True,
        ...         known_on=terms.disbursed_on,
        ...     )
        >>> loans = LoanColumns.from_loans([loan(1), loan(2)], {"customer-1": 0})
        >>> layout = ScheduleLayout.of(loans)
        >>> layout.value_count, layout.values(1)
        (6, slice(1, 6, 2))
    """

    loans: Int64s
    groups: tuple[ScheduleGroup, ...]
    value_count: int

    @classmethod
    def of(cls, loans: LoanColumns | TermColumns) -> Self:
        """Return the layout of the schedules of *loans*."""
        terms = TermColumns.of(loans) if isinstance(loans, LoanColumns) else loans
        group = _keys(terms)
        # Within a group, loans whose due day every month has come first.
        rank = _ranks(group)
        rank += has_late_dom(terms.first_due_day)
        order = np.argsort(rank, kind="stable")
        groups: list[ScheduleGroup] = []
        value_start = 0
        for start, late_start, end in _spans(rank):
            loan = int(order[start])
            plan = terms.plans[int(terms.plan_index[loan])]
            count = int(terms.installment_count[loan])
            one = ScheduleGroup(
                plan=plan,
                frequency=terms.frequencies[int(terms.frequency_index[loan])],
                installment_count=count,
                row_count=row_count(plan, count),
                loan_start=start,
                late_start=late_start,
                loan_end=end,
                value_start=value_start,
            )
            groups.append(one)
            value_start += one.row_count * one.loan_count
        return cls(loans=order, groups=tuple(groups), value_count=value_start)

    def ordered(self, terms: TermColumns) -> OrderedTerms:
        """Return what all chunks read of the loans this layout was made for."""
        columns = (
            terms.principal_minor,
            terms.annual_ppm,
            terms.planned_day,
            terms.first_due_day,
        )
        ordered = [np.empty_like(column) for column in columns]
        # The places of loans that follow each other lie in as many rising runs as
        # there are groups, which the processor's cache can hold, as no gather can.
        place = self._places_of_loans()
        for column, out in zip(columns, ordered, strict=True):
            out[place] = column
        principal_minor, annual_ppm, planned_day, first_due_day = ordered
        return OrderedTerms(
            principal_minor=principal_minor,
            annual_ppm=annual_ppm,
            planned_day=planned_day,
            first_due_day=first_due_day,
        )

    def _places_of_loans(self) -> Int64s:
        """Return where each loan stands in `loans`."""
        place = np.empty(self.loans.size, np.int64)
        place[self.loans] = np.arange(self.loans.size)
        return place

    def require_loans(self, terms: TermColumns) -> None:
        """Refuse loans that this layout was not made for.

        Raises:
            InvalidValueError: There are fewer or more of them; or some loan is of
                another plan, frequency or length than its group, or due after the
                28th where the group is not.
        """
        rule = f"must be of these {len(terms)} loans"
        hint = "use ScheduleLayout.of(loans)"
        if self.loans.size != len(terms):
            raise InvalidValueError("layout", rule, self.loans.size, hint=hint)
        keys = _shortened(_keys(terms))
        is_late = has_late_dom(terms.first_due_day)
        bad: list[Int64s] = []
        for group in self.groups:
            rows = self.loans[group.loan_start : group.loan_end]
            early = rows[: group.late_start - group.loan_start]
            found = keys.take(rows)
            if not _is_of(group, terms, int(rows[0])):
                bad.append(rows)
            elif (found != found[0]).any() or is_late.take(early).any():
                is_bad = found != found[0]
                is_bad[: early.size] |= is_late[early]
                bad.append(rows[is_bad])
        if bad:
            raise InvalidValueError(
                "layout",
                rule,
                "one that puts it to loans of another plan, frequency, count or day",
                hint=hint,
                row=int(bad[0][0]),
                bad_count=sum(rows.size for rows in bad),
                row_count=len(terms),
            )

    def values(self, loan: int) -> slice:
        """Return where the values of the loan at this position stand, in order.

        Raises:
            InvalidValueError: There is no such loan.
        """
        loan = position_in("loan", loan, self.loans.size)
        place = int(np.flatnonzero(self.loans == loan)[0])
        group = next(one for one in self.groups if place < one.loan_end)
        first = group.value_start + place - group.loan_start
        step = group.loan_count
        return slice(first, first + step * (group.row_count - 1) + 1, step)

    def places(self) -> tuple[Int64s, Int64s]:
        """Return where the first value of each loan stands, and the step to the next.

        Shapes:
            Both arrays are (loans,), in the order of the loans.
        """
        first = np.empty(self.loans.size, np.int64)
        step = np.empty(self.loans.size, np.int64)
        for group in self.groups:
            loans = self.loans[group.loan_start : group.loan_end]
            first[loans] = group.value_start + np.arange(loans.size)
            step[loans] = loans.size
        return first, step


def _keys(terms: TermColumns) -> Int64s:
    """Return a number for each loan, which loans of one group share."""
    keys = terms.installment_count
    if len(terms.frequencies) > 1:
        keys = keys + terms.frequency_index * _COUNT_WIDTH
    if len(terms.plans) > 1:
        keys = keys + terms.plan_index * (_COUNT_WIDTH * len(terms.frequencies))
    return keys


def _shortened(keys: Int64s) -> Ranks:
    """Return the same numbers, which take less memory where they are small."""
    is_short = int(keys.max(initial=0)) < _UINT16_MAX
    return keys.astype(np.uint16) if is_short else keys


def _is_of(group: ScheduleGroup, terms: TermColumns, row: int) -> bool:
    """Return whether the loan at this position belongs to a group."""
    return (
        group.installment_count == terms.installment_count[row]
        and group.frequency == terms.frequencies[int(terms.frequency_index[row])]
        and group.plan == terms.plans[int(terms.plan_index[row])]
    )


def row_count(plan: RepaymentPlan, installment_count: int) -> int:
    """Return how many rows a schedule has: installments and a down payment.

    Example:
        >>> from microcrm_core.loans import EQUAL_INSTALLMENTS
        >>> from microcrm_core.loans.layout_batch import row_count
        >>> row_count(EQUAL_INSTALLMENTS, 12)
        12
    """
    return installment_count + (plan.down_payment is not None)


def _ranks(group: Int64s) -> Ranks:
    """Return the groups that occur as 0, 2, 4 and so on, in the same order."""
    if group.size == 0:
        return group.copy()
    last = int(group.max())
    if last >= _TABLE_MAX:
        ranks = np.unique(group, return_inverse=True)[1].reshape(-1)
        return 2 * ranks.astype(np.int64)
    occurs = np.zeros(last + 1, np.bool_)
    occurs[group] = True
    table = 2 * np.cumsum(occurs, dtype=np.int64) - 2
    # Short numbers take less memory, and are sorted in a fraction of the time.
    is_short = int(table[-1]) + 1 < _UINT16_MAX
    found = table.astype(np.uint16)[group] if is_short else table[group]
    return found


def _spans(rank: Ranks) -> list[tuple[int, int, int]]:
    """Return where each group begins, where its late loans begin, and where it ends."""
    if rank.size == 0:
        return []
    sizes = np.bincount(rank, minlength=2 * (int(rank.max()) // 2 + 1))
    early, late = sizes[::2].tolist(), sizes[1::2].tolist()
    spans: list[tuple[int, int, int]] = []
    start = 0
    for first, second in zip(early, late, strict=True):
        spans.append((start, start + first, start + first + second))
        start += first + second
    return spans
