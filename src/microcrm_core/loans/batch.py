"""Schedules of many loans at once; twin of `schedule.build_schedule`.

Loans of one plan, frequency and length are worked on together, in chunks that stay in
the processor's cache: a loop runs over the installments and never over the loans.
Everything that decides is a whole number, so a row equals the scalar schedule to the
last unit, or it is refused.

Three forms give the same figures. `build_schedules` puts one loan after the other, as
the ledger and reviews want it. `write_schedules` fills columns of yours in the
order of a `ScheduleLayout`, which is fastest. `iter_schedules` goes through any number
of loans in memory of one size.

What columns hold, and what they refuse by name:

================== ================================== ============================
what               held                               refused
================== ================================== ============================
arithmetic         exact                              both of Fineract
methods            all; agreed amounts for the loans  by row, weights finer than
                   that they add up for               2**31, as of growth at every
                                                      installment
grace, balloon,    all                                none
down payment, fees
day counts         30/360, 30/360 US, 30E/360,        ACT/ACT AFB, BUS/252
                   30E/360 ISDA, ACT/360, ACT/364,
                   ACT/365F, ACT/365L, NL/365,
                   ACT/ACT ISDA, ACT/ACT ICMA
split day counts   all but one                        30-day months in actual years
counted by periods all                                none
business days      all rules; dates that meet are     interest to the moved date with
                   kept                               ICMA or 30-day months; by row,
                                                      dates that would be merged, or
                                                      leave the calendar's years
terms              one disbursement and rate, a       explicit dates, a last date of
                   frequency                          its own, tranches, changes of
                                                      the rate, interest pauses
================== ================================== ============================

A row for which `build_schedule` raises is refused, too: `has_schedules` says which. The
error is an `InvalidValueError`, which a `ScheduleError` of the scalar is as well: code
that catches the one serves both. It counts rows of columns and names the part of the
loan that they break; `build_schedule` of such a loan says the amounts.

Example:
    >>> from microcrm_core.loans import STRICT
    >>> from microcrm_core.loans.batch import build_schedules
    >>> from microcrm_core.loans.columns_batch import LoanColumns
    >>> build_schedules(LoanColumns.from_loans([], {}), STRICT).offsets.tolist()
    [0]
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import attrs
import numpy as np

from microcrm_core.batch import Bools, Int64s, require_rows
from microcrm_core.dates import Frequency
from microcrm_core.errors import InvalidValueError
from microcrm_core.loans.buffers_batch import ScheduleBuffers
from microcrm_core.loans.calendar_tables_batch import CalendarTables
from microcrm_core.loans.chunk_streams_batch import ScheduleChunk, chunk_stream
from microcrm_core.loans.chunks_batch import ChunkWork, chunk_spans
from microcrm_core.loans.column_checks_batch import (
    DAY_MAX,
    DAY_MIN,
    positions_in,
    require_columns,
    require_index,
    require_range,
    require_terms,
)
from microcrm_core.loans.columns_batch import LoanColumns
from microcrm_core.loans.conventions import ScheduleConventions
from microcrm_core.loans.held_conventions_batch import require_held
from microcrm_core.loans.layout_batch import ScheduleLayout, TermColumns
from microcrm_core.loans.plan_amounts_batch import has_capitalized, has_fees
from microcrm_core.loans.plans import EQUAL_INSTALLMENTS, RepaymentPlan
from microcrm_core.loans.refusals_batch import Refusal, require_scheduled
from microcrm_core.loans.schedule_columns_batch import ColumnsInOrder, ScheduleColumns
from microcrm_core.money import Currency

__all__ = [
    "ScheduleBuffers",
    "ScheduleChunk",
    "ScheduleColumns",
    "ScheduleLayout",
    "build_schedules",
    "has_schedules",
    "iter_schedules",
    "level_installments",
    "write_schedules",
]

# Values of a column of a chunk whose loans are then put one after the other, and of
# one that is read by someone else.
_TURNED_VALUES: Final = 2**17
_OWN_VALUES: Final = 2**20
_TERM_COLUMNS: Final = (
    "principal_minor",
    "annual_ppm",
    "installment_count",
    "frequency_index",
    "planned_day",
    "first_due_day",
    "plan_index",
    "currency_index",
)


def build_schedules(
    loans: LoanColumns, conventions: ScheduleConventions
) -> ScheduleColumns:
    """Return the schedules of *loans*; twin of `build_schedule`.

    Equal to `build_schedule` on every row, or refused. A request is scheduled from its
    planned day.

    Args:
        loans: The loans and requests.
        conventions: How schedules are computed; `microcrm_core.loans.batch` says what
            columns hold.

    Units:
        Minor units; days since 1970-01-01.

    Raises:
        InvalidValueError: The conventions are none that columns can hold; or some
            row has no schedule, as `has_schedules` says. It counts the loans that
            break the rule, and shows the first.

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
    _require_loans(loans)
    require_held(conventions)
    terms = TermColumns.of(loans)
    columns = ColumnsInOrder.of(terms)
    buffers = ScheduleBuffers.of_size(_turned_size(terms), with_due_days=True)
    stream = chunk_stream(
        terms, conventions, buffers=buffers, block_loans=max(1, len(terms))
    )
    for chunk in stream:
        columns.put(chunk)
    require_scheduled(columns.refusal, terms.refused_loan)
    return columns.schedules()


def _turned_size(loans: LoanColumns | TermColumns) -> int:
    longest = int(loans.installment_count.max(initial=1)) + 1
    return max(_TURNED_VALUES, longest)


def iter_schedules(
    loans: LoanColumns,
    conventions: ScheduleConventions,
    *,
    rows: Int64s | Bools | None = None,
    buffers: ScheduleBuffers | None = None,
    with_due_days: bool = False,
) -> Iterator[ScheduleChunk]:
    """Return the schedules of *loans* in chunks, in memory that is used again.

    What a chunk holds is overwritten by the next one: use it, or copy it, before you go
    on. Nothing is raised for loans without a schedule; `ScheduleChunk.is_scheduled`
    tells them, and what stands in their columns means nothing. The memory does not
    grow with the number of loans.

    Args:
        loans: The loans and requests.
        conventions: As in `build_schedules`.
        rows: Positions of the loans that are asked for, as int64, or a mask with a
            truth value for each loan, as `LoanColumns.take`; None: all.
        buffers: Columns to write into, which say how large a chunk may be; None: own
            ones.
        with_due_days: Whether due days are computed; where buffers are given, they say.

    Raises:
        InvalidValueError: As in `build_schedules`, but for loans without a schedule;
            or a schedule has more rows than the buffers have values.

    Example:
        >>> import numpy as np
        >>> from microcrm_core import Currency
        >>> from microcrm_core.batch import UNKNOWN
        >>> from microcrm_core.dates import Frequency
        >>> from microcrm_core.loans import STRICT
        >>> from microcrm_core.loans.batch import iter_schedules
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
        >>> for chunk in iter_schedules(loans, STRICT):
        ...     print(chunk.rows.tolist(), chunk.total_minor[:, 0].tolist())
        [0] [334, 334, 332]
    """
    _require_loans(loans)
    require_held(conventions)
    if rows is not None:
        rows = positions_in("rows", rows, len(loans))
    if buffers is None:
        size = max(_OWN_VALUES, _turned_size(loans))
        buffers = ScheduleBuffers.of_size(size, with_due_days=with_due_days)
    _require_kind("buffers", buffers, ScheduleBuffers)
    return chunk_stream(loans, conventions, rows=rows, buffers=buffers)


def _require_loans(loans: object) -> None:
    hint = "use LoanColumns.from_loans, which takes Loan and the customers' positions"
    _require_kind("loans", loans, LoanColumns, hint=hint)


def _require_kind(
    field: str, value: object, kind: type[object], *, hint: str | None = None
) -> None:
    if not isinstance(value, kind):
        rule = f"must be {kind.__name__}"
        raise InvalidValueError(field, rule, type(value).__name__, hint=hint)


def write_schedules(
    loans: LoanColumns,
    conventions: ScheduleConventions,
    *,
    layout: ScheduleLayout,
    into: ScheduleBuffers,
) -> Int64s:
    """Write the schedules of *loans* into columns of yours, the fastest way.

    The values of a loan do not stand side by side: `ScheduleLayout.values` says where
    they are, `ScheduleLayout.places` of all loans at once.

    Args:
        loans: The loans and requests.
        conventions: As in `build_schedules`.
        layout: `ScheduleLayout.of(loans)`.
        into: Columns of `layout.value_count` values; with due days, fees and
            capitalized interest where they are wanted, or needed for a total.

    Returns:
        The level installments, in the order of the loans.

    Raises:
        InvalidValueError: As in `build_schedules`; the layout was made for other
            loans; or a column is missing or of another length.

    Example:
        >>> import numpy as np
        >>> from microcrm_core import Currency
        >>> from microcrm_core.batch import UNKNOWN
        >>> from microcrm_core.dates import Frequency
        >>> from microcrm_core.loans import STRICT
        >>> from microcrm_core.loans.batch import (
        ...     ScheduleBuffers,
        ...     ScheduleLayout,
        ...     write_schedules,
        ... )
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
        >>> layout = ScheduleLayout.of(loans)
        >>> columns = ScheduleBuffers.of_size(layout.value_count)
        >>> write_schedules(loans, STRICT, layout=layout, into=columns).tolist()
        [334]
        >>> columns.outstanding_minor[layout.values(0)].tolist()
        [666, 332, 0]
    """
    _require_loans(loans)
    require_held(conventions)
    terms = TermColumns.of(loans)
    _require_columns(terms, layout, into)
    work = ChunkWork(
        terms=terms,
        ordered=layout.ordered(terms),
        conventions=conventions,
        tables=CalendarTables.of(terms, layout, conventions.roll.kind),
    )
    level_minor = np.empty(len(terms), np.int64)
    refusal = np.zeros(len(terms), np.int64)
    for span in chunk_spans(layout, conventions):
        chosen = span.rows(layout)
        lines, due_day = into.lines_of(span.group, span.start, span.end)
        money = work.write(span, chosen, lines, due_day)
        level_minor[chosen] = money.level_minor
        if money.refusal.any():
            refusal[chosen] = money.refusal
    require_scheduled(refusal, terms.refused_loan)
    return level_minor


def _require_columns(
    terms: TermColumns, layout: ScheduleLayout, into: ScheduleBuffers
) -> None:
    for name, value, kind in (
        ("layout", layout, ScheduleLayout),
        ("into", into, ScheduleBuffers),
    ):
        _require_kind(name, value, kind)
    layout.require_loans(terms)
    if into.size != layout.value_count:
        rule = f"must have {layout.value_count} values, as the layout says"
        raise InvalidValueError("into", rule, into.size)
    for name, is_needed in (
        ("fees_minor", has_fees),
        ("capitalized_minor", has_capitalized),
    ):
        if getattr(into, name) is None and any(map(is_needed, terms.plans)):
            raise InvalidValueError(name, "must be given, as some plan has them", None)


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
    plan_index: Int64s | None = None,
    plans: tuple[RepaymentPlan, ...] = (EQUAL_INSTALLMENTS,),
    currency_index: Int64s | None = None,
    currencies: tuple[Currency, ...] = (),
) -> Int64s:
    """Return the level installment of many loans or requests, without schedules.

    Twin of `Schedule.level_installment`: equal on every row, or refused.

    Args:
        principal_minor: Amount lent or asked for; above zero.
        annual_ppm: Nominal yearly rate; from zero to `terms.NOMINAL_RATE_MAX`.
        installment_count: 1 to 1200.
        frequency_index: Position in *frequencies*.
        frequencies: The frequencies that occur.
        planned_day: Day from which interest runs.
        first_due_day: Due day of the first installment, after *planned_day*.
        conventions: As in `build_schedules`.
        plan_index: Position in *plans*; None: the first one.
        plans: The plans that occur.
        currency_index: Position in *currencies*; None: the first one.
        currencies: The currencies that occur. Only fixed sums of a plan need them.

    Shapes:
        The arrays are int64 of (loans,), which is the shape of the result.

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
    require_held(conventions)
    zeros = np.zeros(np.size(principal_minor), np.int64)
    terms = TermColumns(
        principal_minor=principal_minor,
        annual_ppm=annual_ppm,
        installment_count=installment_count,
        frequency_index=frequency_index,
        frequencies=tuple(frequencies),
        planned_day=planned_day,
        first_due_day=first_due_day,
        plan_index=zeros if plan_index is None else plan_index,
        plans=tuple(plans),
        currency_index=zeros if currency_index is None else currency_index,
        currencies=tuple(currencies),
    )
    _require_terms(terms)
    level_minor, refusal = _levels(terms, conventions)
    require_scheduled(refusal, terms.refused_loan)
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
        InvalidValueError: The conventions are none that columns can hold.

    Example:
        >>> from microcrm_core.loans import STRICT
        >>> from microcrm_core.loans.batch import has_schedules
        >>> from microcrm_core.loans.columns_batch import LoanColumns
        >>> has_schedules(LoanColumns.from_loans([], {}), STRICT).tolist()
        []
    """
    _require_loans(loans)
    require_held(conventions)
    terms = TermColumns.of(loans)
    _, refusal = _levels(terms, conventions)
    is_good = np.asarray(refusal == Refusal.NONE)
    if not np.array_equal(loans.planned_day, terms.planned_day):
        # Before it was disbursed a loan was a request with a plan of its own.
        planned = attrs.evolve(terms, planned_day=loans.planned_day)
        _, refusal = _levels(planned, conventions)
        is_good &= refusal == Refusal.NONE
    return is_good


def _levels(
    terms: TermColumns, conventions: ScheduleConventions
) -> tuple[Int64s, Int64s]:
    """Return the level installment of each loan, and why it has none."""
    level_minor = np.empty(len(terms), np.int64)
    refusal = np.zeros(len(terms), np.int64)
    size = max(_OWN_VALUES, _turned_size(terms))
    buffers = ScheduleBuffers.of_size(size)
    for chunk in chunk_stream(terms, conventions, buffers=buffers):
        level_minor[chunk.rows] = chunk.level_minor
        refusal[chunk.rows] = chunk.refusal
    return level_minor, refusal


def _require_terms(terms: TermColumns) -> None:
    # A column of another kind has no size, and is then refused for its kind.
    row_count = int(np.size(terms.principal_minor))
    require_columns(terms, _TERM_COLUMNS, row_count, like="principal_minor")
    require_terms(terms)
    require_range("planned_day", terms.planned_day, DAY_MIN, DAY_MAX)
    if terms.currencies:
        require_index("currency_index", terms.currency_index, len(terms.currencies))
    elif any(plan.fixed_amounts for plan in terms.plans) or terms.currency_index.any():
        rule = "must be given with currency_index, and where a plan has a fixed sum"
        raise InvalidValueError("currencies", rule, terms.currencies)
    require_rows(
        terms.first_due_day > terms.planned_day,
        terms.first_due_day,
        "first_due_day",
        "must be after planned_day",
    )
