"""What closes each of many loans on a day; twin of `payoff_quote`.

It covers what `replay_many` covers, where neither early nor late payments change
interest: all that rows ask for is owed, so a quote is what is outstanding on the day,
the interest of later rows included. A policy under which an early payer saves interest
is refused by name; `payoff_quote` takes it.

Example:
    >>> from microcrm_core.ledger.payoffs_batch import PayoffColumns
    >>> [name for name in PayoffColumns.__annotations__ if name != "fees_minor"]
    ['principal_minor', 'interest_minor', 'penalties_minor']
"""

from __future__ import annotations

import datetime as dt

import attrs

from microcrm_core.batch import Int64s
from microcrm_core.ledger.allocation_orders import Bucket
from microcrm_core.ledger.fixed_rows_batch import FixedRows
from microcrm_core.ledger.ledger_policies import LedgerPolicy
from microcrm_core.ledger.log_columns_batch import EventColumns
from microcrm_core.ledger.replays_batch import replay_many

__all__ = ["PayoffColumns", "payoff_quotes"]


@attrs.frozen(kw_only=True, eq=False)
class PayoffColumns:
    """What closes many loans, if exactly that is paid on the day.

    Attributes:
        principal_minor: Principal of each loan; shape (loans,), as the others.
        interest_minor: Interest.
        fees_minor: Fees.
        penalties_minor: Penalties.

    Example:
        See `payoff_quotes`.
    """

    principal_minor: Int64s
    interest_minor: Int64s
    fees_minor: Int64s
    penalties_minor: Int64s

    @property
    def total_minor(self) -> Int64s:
        """All buckets together."""
        of_loan: Int64s = self.principal_minor + self.interest_minor
        return of_loan + self.fees_minor + self.penalties_minor


def payoff_quotes(
    rows: FixedRows,
    events: EventColumns,
    *,
    policy: LedgerPolicy,
    on_day: int,
    known_at: dt.datetime | None = None,
) -> PayoffColumns:
    """Return what closes each loan on a day, by bucket; twin of `payoff_quote`.

    Zero where nothing is owed. The payment is to come after all that the log has on
    that day.

    Args:
        rows: What the schedules ask for.
        events: Their `loan_index` points at the loans of *rows*.
        policy: How all of the loans are kept.
        on_day: The day of the payment, since 1970-01-01.
        known_at: Last moment of recording that counts; None: all is known.

    Raises:
        InvalidValueError: As `replay_many`.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.ledger import PLAIN_LEDGER
        >>> from microcrm_core.ledger.fixed_rows_batch import FixedRows
        >>> from microcrm_core.ledger.log_columns_batch import EventColumns
        >>> from microcrm_core.ledger.payoffs_batch import payoff_quotes
        >>> rows = FixedRows(
        ...     offsets=np.array([0, 1]),
        ...     due_day=np.array([20_031]),
        ...     principal_minor=np.array([1_000]),
        ...     interest_minor=np.array([20]),
        ...     fees_minor=np.array([0]),
        ...     is_down_payment=np.array([False]),
        ...     disbursed_day=np.array([20_000]),
        ...     lent_minor=np.array([1_000]),
        ... )
        >>> events = EventColumns(
        ...     ids=np.array([b"lent"]),
        ...     loan_index=np.array([0]),
        ...     value_day=np.array([20_000]),
        ...     recorded_us=np.array([0]),
        ...     kind_index=np.array([0]),
        ...     amount_minor=np.array([1_000]),
        ... )
        >>> quotes = payoff_quotes(rows, events, policy=PLAIN_LEDGER, on_day=20_010)
        >>> quotes.total_minor.tolist()
        [1020]
    """
    states = replay_many(
        rows, events, policy=policy, as_of_day=on_day, known_at=known_at
    )
    owed = states.outstanding_minor
    return PayoffColumns(
        principal_minor=owed[Bucket.PRINCIPAL],
        interest_minor=owed[Bucket.INTEREST],
        fees_minor=owed[Bucket.FEES],
        penalties_minor=owed[Bucket.PENALTIES],
    )
