"""The cash flows of many schedules in columns; twin of `schedule_flows`.

What `solve_rates` asks for, made from what `build_schedules` or `iter_schedules` gives:
the principal paid out, what is repaid row by row, and every fee that counts in the cost
of credit. Equal to `flows_of_schedule` on every row, and in the same order, without the
names of fees and without those that do not count.

Example:
    >>> from microcrm_core.loans import STRICT
    >>> from microcrm_core.loans.batch import build_schedules
    >>> from microcrm_core.loans.columns_batch import LoanColumns
    >>> from microcrm_core.loans.schedule_flows_batch import flows_of_schedules
    >>> loans = LoanColumns.from_loans([], {})
    >>> len(flows_of_schedules(build_schedules(loans, STRICT), loans, STRICT))
    0
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

import attrs
import numpy as np

from microcrm_core.batch import Int64s
from microcrm_core.errors import InvalidValueError
from microcrm_core.loans.cash_flows import FlowKind
from microcrm_core.loans.chunk_streams_batch import ScheduleChunk
from microcrm_core.loans.columns_batch import LoanColumns
from microcrm_core.loans.conventions import ScheduleConventions
from microcrm_core.loans.fees import Fee, FeeBase, FeeTiming
from microcrm_core.loans.plan_amounts_batch import Portions
from microcrm_core.loans.plans import RepaymentPlan
from microcrm_core.loans.rate_columns_batch import FLOW_KINDS, FlowColumns
from microcrm_core.loans.refusals_batch import RefusedLoan, require_scheduled
from microcrm_core.loans.schedule_columns_batch import ScheduleColumns

__all__ = ["flows_of_chunk", "flows_of_schedules"]

_ADVANCE: Final = FLOW_KINDS.index(FlowKind.ADVANCE)
_REPAYMENT: Final = FLOW_KINDS.index(FlowKind.REPAYMENT)
_CHARGE: Final = FLOW_KINDS.index(FlowKind.CHARGE)
# Values of the columns of schedules that are worked on at a time.
_BLOCK_VALUES: Final = 2**20


def flows_of_chunk(
    chunk: ScheduleChunk, loans: LoanColumns, conventions: ScheduleConventions
) -> FlowColumns:
    """Return the flows of the loans of a chunk that have a schedule.

    Twin of `flows_of_schedule`. The credits are the loans at
    `chunk.rows[chunk.is_scheduled]`, in that order; the others have no flows. Nothing
    of the chunk is kept, so the next one may overwrite it.

    Args:
        chunk: From `iter_schedules` with due days.
        loans: The loans that it was made from.
        conventions: The conventions that it was made with.

    Units:
        Minor units; days since 1970-01-01.

    Raises:
        InvalidValueError: The chunk has no due days; or a fee is in another currency
            than a loan.

    Example:
        >>> import numpy as np
        >>> from microcrm_core import Currency
        >>> from microcrm_core.batch import UNKNOWN
        >>> from microcrm_core.dates import Frequency
        >>> from microcrm_core.loans import STRICT
        >>> from microcrm_core.loans.batch import iter_schedules
        >>> from microcrm_core.loans.columns_batch import LoanColumns
        >>> from microcrm_core.loans.schedule_flows_batch import flows_of_chunk
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
        >>> for chunk in iter_schedules(loans, STRICT, with_due_days=True):
        ...     print(flows_of_chunk(chunk, loans, STRICT).amount_minor.tolist())
        [1000, 334, 334, 332]
    """
    if chunk.due_day is None:
        raise InvalidValueError(
            "due_day", "must be in the chunk", None, hint="pass with_due_days=True"
        )
    is_scheduled = chunk.is_scheduled
    chosen = slice(None) if is_scheduled.all() else np.flatnonzero(is_scheduled)
    lines = _Lines.of(
        loans,
        chunk.rows[chosen],
        conventions,
        plan=chunk.plan,
        due_day=chunk.due_day[:, chosen],
        repaid_minor=chunk.principal_minor[:, chosen] + chunk.interest_minor[:, chosen],
        outstanding_minor=chunk.outstanding_minor[:, chosen],
    )
    return _flow_columns(*lines.flows())


def flows_of_schedules(
    schedules: ScheduleColumns, loans: LoanColumns, conventions: ScheduleConventions
) -> FlowColumns:
    """Return the flows of many schedules; twin of `flows_of_schedule`.

    Args:
        schedules: From `build_schedules`.
        loans: The loans that they were made from; each is a credit, in their order.
        conventions: The conventions that they were made with.

    Units:
        Minor units; days since 1970-01-01.

    Raises:
        InvalidValueError: There are more or fewer loans than schedules; or a fee is in
            another currency than a loan.

    Example:
        >>> import numpy as np
        >>> from microcrm_core import Currency
        >>> from microcrm_core.batch import UNKNOWN
        >>> from microcrm_core.dates import Frequency
        >>> from microcrm_core.loans import STRICT_30_360, RateMeasure
        >>> from microcrm_core.loans.batch import build_schedules
        >>> from microcrm_core.loans.columns_batch import LoanColumns
        >>> from microcrm_core.loans.eu_intervals import EuPeriod
        >>> from microcrm_core.loans.rates_batch import solve_rates
        >>> from microcrm_core.loans.schedule_flows_batch import flows_of_schedules
        >>> loans = LoanColumns(
        ...     ids=np.array([b"loan-1"]),
        ...     customer_index=np.array([0]),
        ...     currency_index=np.array([0]),
        ...     currencies=(Currency.of("EUR"),),
        ...     principal_minor=np.array([100_000]),
        ...     annual_ppm=np.array([240_000]),
        ...     installment_count=np.array([12]),
        ...     frequency_index=np.array([0]),
        ...     frequencies=(Frequency.MONTHLY,),
        ...     requested_day=np.array([UNKNOWN]),
        ...     disbursed_day=np.array([20_000]),
        ...     first_due_day=np.array([20_031]),
        ...     known_day=np.array([20_000]),
        ... )
        >>> schedules = build_schedules(loans, STRICT_30_360)
        >>> flows = flows_of_schedules(schedules, loans, STRICT_30_360)
        >>> aprc = solve_rates(flows, RateMeasure.EU_APRC, eu_period=EuPeriod.MONTH)
        >>> aprc.rate.round(4).tolist()  # 2 % a month: 1.02 ** 12 - 1
        [0.2682]
    """
    if len(schedules) != len(loans):
        rule = f"must have {len(loans)} schedules, one for each loan"
        raise InvalidValueError("schedules", rule, len(schedules))
    counts = np.zeros(len(loans), np.int64)
    parts: list[tuple[Int64s, FlowColumns]] = []
    for rows, row_count in _alike(schedules, loans):
        places = schedules.offsets[rows] + np.arange(row_count)[:, np.newaxis]
        lines = _Lines.of(
            loans,
            rows,
            conventions,
            plan=loans.plans[int(loans.plan_index[rows[0]])],
            due_day=schedules.due_day[places],
            repaid_minor=schedules.principal_minor[places]
            + schedules.interest_minor[places],
            outstanding_minor=schedules.outstanding_minor[places],
        )
        part = _flow_columns(*lines.flows())
        counts[rows] = np.diff(part.offsets)
        parts.append((rows, part))
    return _in_order(parts, counts)


def _alike(
    schedules: ScheduleColumns, loans: LoanColumns
) -> Iterator[tuple[Int64s, int]]:
    """Yield positions of loans of one plan and number of rows, some at a time."""
    row_counts = np.diff(schedules.offsets)
    keys = row_counts * len(loans.plans) + loans.plan_index
    order = np.argsort(keys, kind="stable")
    ends = np.flatnonzero(np.diff(keys[order], append=-1)) + 1
    for start, end in pairwise([0, *ends.tolist()]):
        row_count = int(row_counts[order[start]])
        step = max(1, _BLOCK_VALUES // row_count)
        for first in range(start, end, step):
            yield order[first : min(first + step, end)], row_count


def _in_order(parts: list[tuple[Int64s, FlowColumns]], counts: Int64s) -> FlowColumns:
    """Return the flows of all loans, one loan after the other."""
    offsets = np.zeros(counts.size + 1, np.int64)
    np.cumsum(counts, out=offsets[1:])
    day, amount_minor, kind_index = (np.empty(offsets[-1], np.int64) for _ in range(3))
    for rows, part in parts:
        shift = offsets[rows] - part.offsets[:-1]
        places = np.arange(part.day.size) + np.repeat(shift, counts[rows])
        day[places] = part.day
        amount_minor[places] = part.amount_minor
        kind_index[places] = part.kind_index
    return FlowColumns(
        offsets=offsets, day=day, amount_minor=amount_minor, kind_index=kind_index
    )


@attrs.frozen(kw_only=True, eq=False)
class _Flow:
    """A flow that each of some loans has, or has not where it is zero.

    `rank` is its place among the flows of one day, as the scalar gives them.
    """

    rank: int
    kind: int
    day: Int64s
    amount_minor: Int64s


@attrs.frozen(kw_only=True, eq=False)
class _Lines:
    """Schedules of loans of one plan and number of rows: (rows, loans), or (loans,)."""

    plan: RepaymentPlan
    principal_minor: Int64s
    start_day: Int64s
    portions: Portions
    due_day: Int64s
    repaid_minor: Int64s
    outstanding_minor: Int64s

    @classmethod
    def of(
        cls,
        loans: LoanColumns,
        rows: Int64s,
        conventions: ScheduleConventions,
        *,
        plan: RepaymentPlan,
        due_day: Int64s,
        repaid_minor: Int64s,
        outstanding_minor: Int64s,
    ) -> _Lines:
        return cls(
            plan=plan,
            principal_minor=loans.principal_minor[rows],
            start_day=loans.start_day[rows],
            portions=Portions(
                conventions=conventions,
                currency_index=loans.currency_index[rows],
                currencies=loans.currencies,
            ),
            due_day=due_day,
            repaid_minor=repaid_minor,
            outstanding_minor=outstanding_minor,
        )

    def flows(self) -> tuple[list[_Flow], bool]:
        """Return the flows in order of their days, and whether two rows share a day."""
        down_count = 0 if self.plan.down_payment is None else 1
        flows = [self._at_start(0, _ADVANCE, self.principal_minor)]
        flows += map(self._repayment, range(down_count))
        flows += self._fees_at_start()
        for row in range(down_count, self.row_count):
            flows.append(self._repayment(row))
            flows += self._fees_of_row(row)
        require_scheduled(self.portions.refusal, self._refused_loan)
        days = self.due_day[down_count:]
        return flows, bool((days[1:] == days[:-1]).any())

    def _refused_loan(self, row: int) -> RefusedLoan:
        currencies = self.portions.currencies
        index = int(self.portions.currency_index[row])
        return RefusedLoan(
            plan=self.plan,
            principal_minor=int(self.principal_minor[row]),
            currency=currencies[index] if currencies else None,
        )

    @property
    def row_count(self) -> int:
        """Rows of a schedule."""
        return len(self.due_day)

    def _fees_at_start(self) -> Iterator[_Flow]:
        for number, fee in enumerate(self.plan.fees):
            if fee.timing is FeeTiming.PER_INSTALLMENT:
                continue
            minor = self.portions.minor_of(fee.portion, self.principal_minor)
            rank = self._rank(number)
            if fee.timing is FeeTiming.FINANCED:
                yield self._at_start(rank, _ADVANCE, minor)
            if fee.is_cost_of_credit:
                yield self._at_start(rank + 1, _CHARGE, minor)

    def _fees_of_row(self, row: int) -> Iterator[_Flow]:
        for number, fee in enumerate(self.plan.fees):
            if fee.timing is FeeTiming.PER_INSTALLMENT and fee.is_cost_of_credit:
                yield _Flow(
                    rank=self._rank(number) + row,
                    kind=_CHARGE,
                    day=self.due_day[row],
                    amount_minor=self._fee_minor(fee, row),
                )

    def _fee_minor(self, fee: Fee, row: int) -> Int64s:
        base_minor = self.principal_minor
        if fee.base is FeeBase.OUTSTANDING:
            base_minor = self.outstanding_minor[row - 1] if row else self._owed_minor()
        return self.portions.minor_of(fee.portion, base_minor)

    def _owed_minor(self) -> Int64s:
        """Return what is owed before the first row, where nothing was paid down."""
        owed = self.principal_minor
        for fee in self.plan.fees:
            if fee.timing is FeeTiming.FINANCED:
                owed = owed + self.portions.minor_of(fee.portion, self.principal_minor)
        return owed

    def _repayment(self, row: int) -> _Flow:
        return _Flow(
            rank=1 + row,
            kind=_REPAYMENT,
            day=self.due_day[row],
            amount_minor=self.repaid_minor[row],
        )

    def _at_start(self, rank: int, kind: int, amount_minor: Int64s) -> _Flow:
        return _Flow(
            rank=rank, kind=kind, day=self.start_day, amount_minor=amount_minor
        )

    def _rank(self, fee_number: int) -> int:
        return 1 + self.row_count + fee_number * (2 + self.row_count)


def _flow_columns(flows: list[_Flow], has_shared_days: bool) -> FlowColumns:
    """Return flows one loan after the other, without those of nothing."""
    shape = flows[0].day.size, len(flows)
    day, amount_minor, kind_index = (np.empty(shape, np.int64) for _ in range(3))
    for place, flow in enumerate(flows):
        day[:, place] = flow.day
        amount_minor[:, place] = flow.amount_minor
        kind_index[:, place] = flow.kind
    if has_shared_days:
        ranks = np.broadcast_to([flow.rank for flow in flows], shape)
        order = np.lexsort((ranks, day))
        day, amount_minor, kind_index = (
            np.take_along_axis(column, order, axis=1)
            for column in (day, amount_minor, kind_index)
        )
    is_paid = amount_minor > 0
    offsets = np.zeros(shape[0] + 1, np.int64)
    np.cumsum(is_paid.sum(axis=1), out=offsets[1:])
    return FlowColumns(
        offsets=offsets,
        day=day[is_paid],
        amount_minor=amount_minor[is_paid],
        kind_index=kind_index[is_paid],
    )
