"""Columns of the cost of credit: the flows of many credits, and their rates.

The flows of credit *k* are the values from `offsets[k]` up to `offsets[k + 1]`, in
order of time. `FlowColumns` hold days, `TimedFlowColumns` hold times as a measure
counts them, `LevelFlowColumns` hold loans of equal installments without writing each
one out. `rates_batch.solve_rates` takes any of them.

Example:
    >>> import numpy as np
    >>> from microcrm_core.loans.rate_columns_batch import FLOW_KINDS, FlowColumns
    >>> flows = FlowColumns(
    ...     offsets=np.array([0, 2]),
    ...     day=np.array([20_000, 20_031]),
    ...     amount_minor=np.array([100_000, 103_000]),
    ...     kind_index=np.array([0, 1]),
    ... )
    >>> len(flows), FLOW_KINDS[flows.kind_index[1]].value
    (1, 'repayment')
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Final

import attrs
import numpy as np
import numpy.typing as npt

from microcrm_core.batch import Bools, Floats, Int64s, require_rows
from microcrm_core.errors import InvalidValueError
from microcrm_core.loans.cash_flows import (
    CashFlow,
    CreditFlows,
    FlowDirection,
    FlowKind,
)
from microcrm_core.loans.rate_measures import RateOutcome
from microcrm_core.money import Currency, Money

__all__ = [
    "FLOW_KINDS",
    "RATE_OUTCOMES",
    "FlowColumns",
    "LevelFlowColumns",
    "RateColumns",
    "TimedFlowColumns",
]

FLOW_KINDS: Final = tuple(FlowKind)
"""What the numbers in `kind_index` stand for."""
RATE_OUTCOMES: Final = tuple(RateOutcome)
"""What the numbers in `outcome_index` stand for."""

_IS_RECEIVED: Final = np.array(
    [kind.direction is FlowDirection.TO_BORROWER for kind in FLOW_KINDS]
)
_SIGN: Final = np.where(_IS_RECEIVED, 1, -1).astype(np.int64)
_EPOCH_ORDINAL: Final = dt.date(1970, 1, 1).toordinal()


def _int64s(values: npt.ArrayLike) -> Int64s:
    return np.ascontiguousarray(values, dtype=np.int64)


def _floats(values: npt.ArrayLike) -> Floats:
    return np.ascontiguousarray(values, dtype=np.float64)


def _int64s_or_none(values: npt.ArrayLike | None) -> Int64s | None:
    return None if values is None else _int64s(values)


def _floats_or_none(values: npt.ArrayLike | None) -> Floats | None:
    return None if values is None else _floats(values)


def _require_offsets(offsets: Int64s, size: int) -> None:
    is_start = offsets.ndim == 1 and offsets.size > 0 and offsets[0] == 0
    if not is_start or offsets[-1] != size or (np.diff(offsets) < 0).any():
        rule = f"must rise from 0 to the number of flows, {size}"
        raise InvalidValueError("offsets", rule, offsets[:3].tolist())


def _require_flows(amount_minor: Int64s, kind_index: Int64s) -> None:
    require_rows(
        amount_minor >= 0, amount_minor, "amount_minor", "must not be negative"
    )
    is_kind = (kind_index >= 0) & (kind_index < len(FLOW_KINDS))
    require_rows(is_kind, kind_index, "kind_index", "must be a position in FLOW_KINDS")


def _require_length(name: str, values: Int64s | Floats, size: int) -> None:
    if values.shape != (size,):
        rule = f"must have {size} values in one dimension"
        raise InvalidValueError(name, rule, values.shape)


@attrs.frozen(kw_only=True, eq=False)
class FlowColumns:
    """Dated flows of many credits.

    Attributes:
        offsets: Where the flows of each credit begin; one more than there are credits.
        day: Days since 1970-01-01, rising or equal within a credit.
        amount_minor: Minor units, zero or more.
        kind_index: Positions in `FLOW_KINDS`, which say which way an amount goes.

    Shapes:
        (credits + 1,) for the offsets, (flows,) for the others.

    Raises:
        InvalidValueError: Lengths differ, an amount is negative, a kind is unknown, or
            days of a credit fall.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.loans.cash_flows import CashFlow, CreditFlows
        >>> from microcrm_core.loans.rate_columns_batch import FlowColumns
        >>> from microcrm_core.money import Currency, Money
        >>> yen = Currency.of("JPY")
        >>> credit = CreditFlows(
        ...     [
        ...         CashFlow(dt.date(2025, 1, 1), Money(100, yen), "advance"),
        ...         CashFlow(dt.date(2025, 2, 1), Money(103, yen), "repayment"),
        ...     ]
        ... )
        >>> FlowColumns.of([credit, credit]).offsets.tolist()
        [0, 2, 4]
    """

    offsets: Int64s = attrs.field(converter=_int64s)
    day: Int64s = attrs.field(converter=_int64s)
    amount_minor: Int64s = attrs.field(converter=_int64s)
    kind_index: Int64s = attrs.field(converter=_int64s)

    def __attrs_post_init__(self) -> None:
        """Check what the columns hold."""
        size = self.amount_minor.size
        _require_offsets(self.offsets, size)
        _require_length("day", self.day, size)
        _require_length("amount_minor", self.amount_minor, size)
        _require_length("kind_index", self.kind_index, size)
        _require_flows(self.amount_minor, self.kind_index)
        is_rising = np.ones(size, np.bool_)
        is_rising[1:] = self.day[1:] >= self.day[:-1]
        is_rising[self.offsets[:-1][self.offsets[:-1] < size]] = True
        require_rows(is_rising, self.day, "day", "must not fall within a credit")

    @classmethod
    def of(cls, credits: Iterable[CreditFlows]) -> FlowColumns:
        """Return the columns of credits; names and excluded charges are left behind.

        Example:
            >>> from microcrm_core.loans.rate_columns_batch import FlowColumns
            >>> len(FlowColumns.of([]))
            0
        """
        listed = [credit.flows for credit in credits]
        flows = [flow for one in listed for flow in one]
        return cls(
            offsets=np.cumsum([0, *map(len, listed)]),
            day=[flow.on.toordinal() - _EPOCH_ORDINAL for flow in flows],
            amount_minor=[flow.amount.minor for flow in flows],
            kind_index=[FLOW_KINDS.index(flow.kind) for flow in flows],
        )

    def credit(self, row: int, currency: Currency) -> CreditFlows:
        """Return one credit, its charges named by their kind.

        Example:
            >>> import numpy as np
            >>> from microcrm_core.loans.rate_columns_batch import FlowColumns
            >>> from microcrm_core.money import Currency
            >>> columns = FlowColumns(
            ...     offsets=[0, 2],
            ...     day=[0, 31],
            ...     amount_minor=[10, 11],
            ...     kind_index=[0, 1],
            ... )
            >>> str(columns.credit(0, Currency.of("JPY")).cost)
            'JPY 1'
        """
        start, stop = self.offsets[row], self.offsets[row + 1]
        return CreditFlows(
            CashFlow(
                dt.date.fromordinal(int(self.day[at]) + _EPOCH_ORDINAL),
                Money(int(self.amount_minor[at]), currency),
                kind := FLOW_KINDS[int(self.kind_index[at])],
                kind.value if kind is FlowKind.CHARGE else None,
            )
            for at in range(start, stop)
        )

    @property
    def is_received(self) -> Bools:
        """Whether each flow goes to the borrower."""
        received: Bools = _IS_RECEIVED[self.kind_index]
        return received

    @property
    def row(self) -> Int64s:
        """The credit of each flow."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    def __len__(self) -> int:
        """Return how many credits there are."""
        return int(self.offsets.size - 1)


@attrs.frozen(kw_only=True, eq=False)
class TimedFlowColumns:
    """Flows of many credits, each at a time that a measure has counted.

    Attributes:
        offsets: Where the flows of each credit begin; one more than there are credits.
        whole: Whole periods since the zero point of the credit; may be negative.
        odd: What is left of a period; None: nothing is left anywhere.
        amount_minor: Minor units, zero or more.
        kind_index: Positions in `FLOW_KINDS`.
        per_year: Periods in a year.

    Shapes:
        (credits + 1,) for the offsets, (flows,) for the others.

    Raises:
        InvalidValueError: Lengths differ, an amount is negative, a kind is unknown,
            or *per_year* is not above zero.

    Example:
        >>> from microcrm_core.loans.rate_columns_batch import TimedFlowColumns
        >>> flows = TimedFlowColumns(
        ...     offsets=[0, 3],
        ...     whole=[0, 1, 2],
        ...     amount_minor=[1000, 600, 600],
        ...     kind_index=[0, 1, 1],
        ...     per_year=1,
        ... )
        >>> len(flows)
        1
    """

    offsets: Int64s = attrs.field(converter=_int64s)
    whole: Int64s = attrs.field(converter=_int64s)
    odd: Floats | None = attrs.field(default=None, converter=_floats_or_none)
    amount_minor: Int64s = attrs.field(converter=_int64s)
    kind_index: Int64s = attrs.field(converter=_int64s)
    per_year: float = attrs.field(converter=float)

    def __attrs_post_init__(self) -> None:
        """Check what the columns hold."""
        size = self.amount_minor.size
        _require_offsets(self.offsets, size)
        _require_length("whole", self.whole, size)
        _require_length("amount_minor", self.amount_minor, size)
        _require_length("kind_index", self.kind_index, size)
        if self.odd is not None:
            _require_length("odd", self.odd, size)
            require_rows(self.odd >= 0, self.odd, "odd", "must not be negative")
        _require_flows(self.amount_minor, self.kind_index)
        _require_per_year(self.per_year)

    def signed_minor(self, part: slice) -> Int64s:
        """Return minor units of some flows, below zero from the borrower."""
        sign: Int64s = _SIGN[self.kind_index[part]]
        sign *= self.amount_minor[part]
        return sign

    def __len__(self) -> int:
        """Return how many credits there are."""
        return int(self.offsets.size - 1)


@attrs.frozen(kw_only=True, eq=False)
class LevelFlowColumns:
    """Loans that are paid out once and repaid in equal installments, one a period.

    Attributes:
        principal_minor: What the borrower receives, fees taken off; above zero.
        installment_minor: What each installment pays; above zero.
        installment_count: How many; 1 or more.
        per_year: Periods in a year.
        first_whole: Whole periods to the first installment; None: one.
        first_odd: What is left of a period to the first installment; None: nothing.

    Shapes:
        (credits,)

    Raises:
        InvalidValueError: Lengths differ, or a value is out of its range.

    Example:
        >>> from microcrm_core.loans.rate_columns_batch import LevelFlowColumns
        >>> loans = LevelFlowColumns(
        ...     principal_minor=[100_000],
        ...     installment_minor=[9_000],
        ...     installment_count=[12],
        ...     per_year=12,
        ... )
        >>> len(loans)
        1
    """

    principal_minor: Int64s = attrs.field(converter=_int64s)
    installment_minor: Int64s = attrs.field(converter=_int64s)
    installment_count: Int64s = attrs.field(converter=_int64s)
    per_year: float = attrs.field(converter=float)
    first_whole: Int64s | None = attrs.field(default=None, converter=_int64s_or_none)
    first_odd: Floats | None = attrs.field(default=None, converter=_floats_or_none)

    def __attrs_post_init__(self) -> None:
        """Check what the columns hold."""
        size = self.principal_minor.size
        for name in ("principal_minor", "installment_minor", "installment_count"):
            values: Int64s = getattr(self, name)
            _require_length(name, values, size)
            # One pass over the column in the common case.
            if size and values.min() < 1:
                require_rows(values >= 1, values, name, "must be 1 or more")
        if self.first_whole is not None:
            _require_length("first_whole", self.first_whole, size)
            rule = "must not be negative"
            require_rows(self.first_whole >= 0, self.first_whole, "first_whole", rule)
        if self.first_odd is not None:
            _require_length("first_odd", self.first_odd, size)
            is_part = (self.first_odd >= 0) & (self.first_odd <= 1)
            require_rows(is_part, self.first_odd, "first_odd", "must be from 0 to 1")
        if self.first_whole is not None or self.first_odd is not None:
            whole = 1 if self.first_whole is None else self.first_whole
            first = np.asarray(
                whole + (0.0 if self.first_odd is None else self.first_odd)
            )
            rule = "must leave time before the first installment"
            require_rows(first > 0, first, "first_whole", rule)
        _require_per_year(self.per_year)

    def __len__(self) -> int:
        """Return how many loans there are."""
        return int(self.principal_minor.size)


def _require_per_year(per_year: float) -> None:
    if not 0 < per_year <= 366:
        raise InvalidValueError("per_year", "must be above 0, at most 366", per_year)


@attrs.frozen(kw_only=True, eq=False)
class RateColumns:
    """The rates of many credits under one measure.

    Attributes:
        rate: The rate a year as a fraction; not a number unless the outcome is found.
        outcome_index: Positions in `RATE_OUTCOMES`.

    Shapes:
        (credits,)

    Example:
        >>> import numpy as np
        >>> from microcrm_core.loans.rate_columns_batch import RateColumns
        >>> rates = RateColumns(rate=[0.25, np.nan], outcome_index=[0, 1])
        >>> rates.outcome(1).value, rates.is_found.tolist()
        ('no_rate', [True, False])
    """

    rate: Floats = attrs.field(converter=_floats)
    outcome_index: Int64s = attrs.field(converter=_int64s)

    @property
    def is_found(self) -> Bools:
        """Whether exactly one rate was found, row by row."""
        found: Bools = self.outcome_index == 0
        return found

    def outcome(self, row: int) -> RateOutcome:
        """Return what came of one row.

        Example:
            >>> from microcrm_core.loans.rate_columns_batch import RateColumns
            >>> RateColumns(rate=[0.25], outcome_index=[0]).outcome(0).value
            'found'
        """
        return RATE_OUTCOMES[int(self.outcome_index[row])]

    def __len__(self) -> int:
        """Return how many rows there are."""
        return int(self.rate.size)
