"""Schedules of many loans at once; twin of `schedule.build_schedule`.

Loans of one frequency and length are worked on together, in chunks that stay in
the processor's cache: a loop runs over the installments and never over the loans.
Everything that decides is a whole number, so a row equals the scalar schedule to the
last unit, or it is refused.

Example:
    >>> import numpy as np
    >>> from microcrm_core.loans import STRICT
    >>> from microcrm_core.loans.batch import build_schedules
    >>> from microcrm_core.loans.columns_batch import LoanColumns
    >>> build_schedules(LoanColumns.from_loans([], {}), STRICT).offsets.tolist()
    [0]
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

import attrs
import numpy as np

from microcrm_core.batch import Bools, Int64s, require_rows
from microcrm_core.dates import Frequency
from microcrm_core.loans.columns_batch import LoanColumns
from microcrm_core.loans.due_days_batch import (
    YEAR_DAYS,
    count_period_days,
    due_days,
)
from microcrm_core.loans.kernel_batch import ScheduleKernel, ScheduleParts
from microcrm_core.loans.terms import INSTALLMENT_COUNT_MAX, ScheduleConventions

__all__ = ["ScheduleColumns", "build_schedules", "has_schedules", "level_installments"]

_PPM: Final = 1_000_000
# Values of one line of a chunk's matrices; some ten lines are in use at a time.
_CHUNK_CELLS: Final = 131_072
_CHUNK_LOANS_MAX: Final = 8_192


@attrs.frozen(kw_only=True, eq=False)
class ScheduleColumns:
    """The installments of many loans, one loan after the other.

    Attributes:
        offsets: Where each loan's installments begin, and at the end their
            number; shape (loans + 1,).
        due_day: Last day on which paying is on time; shape (installments,), as are
            the next three.
        principal_minor: Principal part.
        interest_minor: Interest part.
        outstanding_minor: Principal that is left after the installment.
        level_minor: Level installment of each loan; shape (loans,).

    Example:
        See `build_schedules`.
    """

    offsets: Int64s
    due_day: Int64s
    principal_minor: Int64s
    interest_minor: Int64s
    outstanding_minor: Int64s
    level_minor: Int64s

    def __len__(self) -> int:
        """Return the number of loans."""
        return int(self.level_minor.size)

    @property
    def total_minor(self) -> Int64s:
        """Principal and interest of each installment."""
        return self.principal_minor + self.interest_minor

    @property
    def loan_index(self) -> Int64s:
        """Position of the loan of each installment."""
        loans = np.arange(len(self), dtype=np.int64)
        return np.repeat(loans, np.diff(self.offsets))

    def rows(self, loan: int) -> slice:
        """Return where the installments of the loan at this position stand."""
        return slice(int(self.offsets[loan]), int(self.offsets[loan + 1]))


@attrs.frozen(kw_only=True, eq=False)
class _Plans:
    """What a schedule is computed from, in columns of shape (loans,)."""

    principal_minor: Int64s
    annual_ppm: Int64s
    installment_count: Int64s
    frequency_index: Int64s
    frequencies: Sequence[Frequency]
    planned_day: Int64s
    first_due_day: Int64s


@attrs.frozen(kw_only=True, eq=False)
class _Chunk:
    """Some loans of one frequency and length; matrices are (installments, loans)."""

    rows: Int64s
    level_minor: Int64s
    is_fitting: Bools
    is_covered: Bools
    due_day: Int64s
    parts: ScheduleParts


def build_schedules(
    loans: LoanColumns, conventions: ScheduleConventions
) -> ScheduleColumns:
    """Return the schedules of *loans*; twin of `build_schedule`.

    Equal to `build_schedule` on every row, or refused. A request is scheduled from its
    planned day.

    Args:
        loans: The loans and requests.
        conventions: Their day count must be one of `due_days_batch.YEAR_DAYS`, which
            have whole numerators.

    Units:
        Minor units; days since 1970-01-01.

    Raises:
        InvalidValueError: The day count is none that columns can hold; a due day of
            some row leaves the calendar; principal × ppm × days of some row leaves
            int64; or `build_schedule` would raise `ScheduleError` for some row.

    Example:
        >>> import numpy as np
        >>> from microcrm_core import Currency
        >>> from microcrm_core.batch import UNKNOWN
        >>> from microcrm_core.dates import Frequency
        >>> from microcrm_core.loans import STRICT
        >>> from microcrm_core.loans.batch import build_schedules
        >>> from microcrm_core.loans.columns_batch import LoanColumns
        >>> loans = LoanColumns(
        ...     ids=np.array([b"loan-1"]),
        ...     customer_index=np.array([0]),
        ...     currency_index=np.array([0]),
        ...     currencies=(Currency.of("EUR"),),
        ...     principal_minor=np.array([1000]),
        ...     annual_ppm=np.array([0]),
        ...     installment_count=np.array([3]),
        ...     frequency_index=np.array([0]),
        ...     frequencies=(Frequency.MONTHLY,),
        ...     requested_day=np.array([UNKNOWN]),
        ...     disbursed_day=np.array([20_000]),
        ...     first_due_day=np.array([20_031]),
        ...     known_day=np.array([20_000]),
        ... )
        >>> schedules = build_schedules(loans, STRICT)
        >>> schedules.total_minor[schedules.rows(0)].tolist()
        [334, 334, 332]
    """
    plans = _plans(loans)
    offsets = np.zeros(len(loans) + 1, np.int64)
    np.cumsum(plans.installment_count, out=offsets[1:])
    due, principal, interest, outstanding = np.empty((4, int(offsets[-1])), np.int64)
    level_minor = np.zeros(len(loans), np.int64)
    check = _Refusals(len(loans))
    for chunk in _chunks(plans, conventions):
        check.add(chunk)
        level_minor[chunk.rows] = chunk.level_minor
        steps = np.arange(len(chunk.due_day), dtype=np.int64)
        place = (offsets[chunk.rows, None] + steps).ravel()
        due[place] = chunk.due_day.T.ravel()
        principal[place] = chunk.parts.principal_minor.T.ravel()
        interest[place] = chunk.parts.interest_minor.T.ravel()
        outstanding[place] = chunk.parts.outstanding_minor.T.ravel()
    check.raise_if_any(plans, level_minor)
    return ScheduleColumns(
        offsets=offsets,
        due_day=due,
        principal_minor=principal,
        interest_minor=interest,
        outstanding_minor=outstanding,
        level_minor=level_minor,
    )


def level_installments(
    *,
    principal_minor: Int64s,
    annual_ppm: Int64s,
    installment_count: Int64s,
    frequency_index: Int64s,
    frequencies: Sequence[Frequency],
    planned_day: Int64s,
    first_due_day: Int64s,
    conventions: ScheduleConventions,
) -> Int64s:
    """Return the level installment of many loans or requests, without schedules.

    Twin of `Schedule.level_installment`: equal on every row, or refused.

    Args:
        principal_minor: Amount lent or asked for; above zero.
        annual_ppm: Nominal yearly rate; zero or more.
        installment_count: 1 to 1200.
        frequency_index: Position in *frequencies*.
        frequencies: The frequencies that occur.
        planned_day: Day from which interest runs.
        first_due_day: Due day of the first installment, after *planned_day*.
        conventions: As in `build_schedules`.

    Shapes:
        The arrays are (loans,), which is the shape of the result.

    Units:
        Minor units; parts per million a year; days since 1970-01-01.

    Raises:
        InvalidValueError: A row breaks a rule above, or as in `build_schedules`.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.dates import Frequency
        >>> from microcrm_core.loans import STRICT
        >>> from microcrm_core.loans.batch import level_installments
        >>> level_installments(
        ...     principal_minor=np.array([1000]),
        ...     annual_ppm=np.array([0]),
        ...     installment_count=np.array([3]),
        ...     frequency_index=np.array([0]),
        ...     frequencies=(Frequency.MONTHLY,),
        ...     planned_day=np.array([20_000]),
        ...     first_due_day=np.array([20_031]),
        ...     conventions=STRICT,
        ... ).tolist()
        [334]
    """
    plans = _Plans(
        principal_minor=principal_minor,
        annual_ppm=annual_ppm,
        installment_count=installment_count,
        frequency_index=frequency_index,
        frequencies=frequencies,
        planned_day=planned_day,
        first_due_day=first_due_day,
    )
    _require_plans(plans)
    level_minor = np.zeros(principal_minor.size, np.int64)
    check = _Refusals(principal_minor.size)
    for chunk in _chunks(plans, conventions):
        check.add(chunk)
        level_minor[chunk.rows] = chunk.level_minor
    check.raise_if_any(plans, level_minor)
    return level_minor


def has_schedules(loans: LoanColumns, conventions: ScheduleConventions) -> Bools:
    """Return which loans have a schedule, so that the others can be set apart.

    True where `build_schedules` of the row alone would give one, also from the
    planned day.

    Args:
        loans: The loans and requests.
        conventions: As in `build_schedules`.

    Shapes:
        (loans,).

    Raises:
        InvalidValueError: The day count is none that columns can hold, or a due day
            of some row leaves the calendar.

    Example:
        >>> from microcrm_core.loans import STRICT
        >>> from microcrm_core.loans.batch import has_schedules
        >>> from microcrm_core.loans.columns_batch import LoanColumns
        >>> has_schedules(LoanColumns.from_loans([], {}), STRICT).tolist()
        []
    """
    plans = _plans(loans)
    is_good = _are_schedulable(plans, conventions)
    if not np.array_equal(loans.planned_day, plans.planned_day):
        # Before it was disbursed a loan was a request with a plan of its own.
        planned = attrs.evolve(plans, planned_day=loans.planned_day)
        is_good &= _are_schedulable(planned, conventions)
    return is_good


def _are_schedulable(plans: _Plans, conventions: ScheduleConventions) -> Bools:
    check = _Refusals(plans.principal_minor.size)
    for chunk in _chunks(plans, conventions):
        check.add(chunk)
    return check.is_schedulable


def _plans(loans: LoanColumns) -> _Plans:
    return _Plans(
        principal_minor=loans.principal_minor,
        annual_ppm=loans.annual_ppm,
        installment_count=loans.installment_count,
        frequency_index=loans.frequency_index,
        frequencies=loans.frequencies,
        planned_day=loans.start_day,
        first_due_day=loans.first_due_day,
    )


class _Refusals:
    """Which rows cannot be scheduled; gathered, so that the error counts them all."""

    def __init__(self, row_count: int) -> None:
        self._is_fitting = np.ones(row_count, np.bool_)
        self._is_covered = np.ones(row_count, np.bool_)

    def add(self, chunk: _Chunk) -> None:
        self._is_fitting[chunk.rows] = chunk.is_fitting
        self._is_covered[chunk.rows] = chunk.is_covered

    @property
    def is_schedulable(self) -> Bools:
        is_schedulable: Bools = self._is_fitting & self._is_covered
        return is_schedulable

    def raise_if_any(self, plans: _Plans, level_minor: Int64s) -> None:
        require_rows(
            self._is_fitting,
            plans.principal_minor,
            "principal_minor",
            "times annual_ppm times the days of a period must stay within 2**62",
        )
        require_rows(
            self._is_covered,
            level_minor,
            "level installment",
            "must cover the interest of every period",
        )


def _require_plans(plans: _Plans) -> None:
    rules = (
        ("principal_minor", 1, None),
        ("annual_ppm", 0, None),
        ("installment_count", 1, INSTALLMENT_COUNT_MAX),
        ("frequency_index", 0, len(plans.frequencies) - 1),
    )
    for field, at_least, at_most in rules:
        column: Int64s = getattr(plans, field)
        is_valid = column >= at_least
        rule = f"must be {at_least} or more"
        if at_most is not None:
            is_valid &= column <= at_most
            rule = f"must be from {at_least} to {at_most}"
        require_rows(is_valid, column, field, rule)
    require_rows(
        plans.first_due_day > plans.planned_day,
        plans.first_due_day,
        "first_due_day",
        "must be after planned_day",
    )


def _chunks(plans: _Plans, conventions: ScheduleConventions) -> Iterator[_Chunk]:
    width = INSTALLMENT_COUNT_MAX + 1
    group = plans.frequency_index * width + plans.installment_count
    order = np.argsort(group, kind="stable")
    ordered = group[order]
    starts: list[int] = np.flatnonzero(np.diff(ordered, prepend=-1)).tolist()
    for start, end in pairwise([*starts, order.size]):
        frequency = plans.frequencies[int(ordered[start]) // width]
        count = int(ordered[start]) % width
        size = min(_CHUNK_LOANS_MAX, max(64, _CHUNK_CELLS // count))
        for first in range(start, end, size):
            rows = order[first : min(end, first + size)]
            yield _chunk(plans, conventions, rows, frequency, count)


def _chunk(
    plans: _Plans,
    conventions: ScheduleConventions,
    rows: Int64s,
    frequency: Frequency,
    count: int,
) -> _Chunk:
    due_day = due_days(plans.first_due_day[rows], frequency, count, conventions.roll)
    day_count = conventions.day_count
    bound_day = np.concatenate([plans.planned_day[None, rows], due_day])
    kernel = ScheduleKernel(
        principal_minor=plans.principal_minor[rows],
        # Fits: a calendar has fewer days than 2**22 and a rate at most 2**40 ppm.
        weight=plans.annual_ppm[rows] * count_period_days(day_count, bound_day),
        unit=_PPM * YEAR_DAYS[day_count],
        rounding=conventions.rounding,
    )
    level_minor = kernel.guess()
    parts, is_sure = kernel.run(level_minor)
    is_covered = np.ones(rows.size, np.bool_)
    unsure = np.flatnonzero(~is_sure & kernel.is_fitting)
    if unsure.size:
        part = kernel.take(unsure)
        level_minor[unsure], is_least = part.search(
            level_minor[unsure], is_enough=parts.is_enough[unsure]
        )
        found, _ = part.run(level_minor[unsure])
        parts.put(unsure, found)
        is_covered[unsure] = is_least & found.is_enough
    return _Chunk(
        rows=rows,
        level_minor=level_minor,
        is_fitting=kernel.is_fitting,
        is_covered=is_covered,
        due_day=due_day,
        parts=parts,
    )
