"""In which order a repayment pays what is owed.

Money first goes where the order says: to what is past due, to what is due on the day,
and then to what is not due yet; and within each to penalties, fees, interest and
principal in an order of its own. *Horizontal*: the oldest installment is finished
before the next one gets anything. *Vertical*: one bucket is finished in all
installments before the next bucket gets anything.

Example:
    >>> from microcrm_core.ledger import Bucket, DueState, OLDEST_FIRST
    >>> OLDEST_FIRST.buckets(DueState.PAST_DUE)[0] is Bucket.PENALTIES
    True
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from itertools import product
from typing import Final, Self

import attrs

from microcrm_core.checks import kind_field, tuple_field
from microcrm_core.errors import InvalidValueError

__all__ = [
    "FEES_INTEREST_PRINCIPAL",
    "INTEREST_PRINCIPAL_PENALTIES_FEES",
    "OLDEST_FIRST",
    "PENALTIES_FEES_PRINCIPAL_INTEREST",
    "PRINCIPAL_INTEREST_PENALTIES_FEES",
    "AllocationOrder",
    "Bucket",
    "DueState",
    "InAdvance",
    "Processing",
]


class Bucket(IntEnum):
    """What an installment is made of; the number is its place in a row's amounts.

    Attributes:
        PRINCIPAL: Principal.
        INTEREST: Interest.
        FEES: Fees.
        PENALTIES: Penalties.

    Example:
        >>> from microcrm_core.ledger import Bucket
        >>> [bucket.name.lower() for bucket in Bucket]
        ['principal', 'interest', 'fees', 'penalties']
    """

    PRINCIPAL = 0
    INTEREST = 1
    FEES = 2
    PENALTIES = 3


class DueState(StrEnum):
    """How a due date lies to the day of a repayment.

    Attributes:
        PAST_DUE: Before it.
        DUE: On it.
        IN_ADVANCE: After it.

    Example:
        >>> from microcrm_core.ledger import DueState
        >>> DueState.DUE.value
        'due'
    """

    PAST_DUE = "past_due"
    DUE = "due"
    IN_ADVANCE = "in_advance"


class InAdvance(StrEnum):
    """Where money goes that is paid before anything is due.

    Attributes:
        NEXT: To the next installment, then the one after it.
        LAST: To the last installment, then the one before it.
        SPREAD: Evenly to all installments.
        CURRENT_OR_LAST: To the installment of the running period; once that is paid, to
            the last one.

    Example:
        >>> from microcrm_core.ledger import InAdvance
        >>> InAdvance.SPREAD.value
        'spread'
    """

    NEXT = "next"
    LAST = "last"
    SPREAD = "spread"
    CURRENT_OR_LAST = "current_or_last"


class Processing(StrEnum):
    """Which is finished first: an installment, or a bucket.

    Attributes:
        HORIZONTAL: An installment.
        VERTICAL: A bucket, through all installments.

    Example:
        >>> from microcrm_core.ledger import Processing
        >>> Processing.VERTICAL.value
        'vertical'
    """

    HORIZONTAL = "horizontal"
    VERTICAL = "vertical"


_ALL: Final = set(product(DueState, Bucket))


@attrs.frozen(kw_only=True)
class AllocationOrder:
    """In which order a repayment pays, as data.

    Attributes:
        places: Pairs of due state and bucket, the first to be paid first; each of the
            twelve pairs once.
        in_advance: Where money goes that is paid before anything is due.
        processing: Whether an installment or a bucket is finished first.

    Raises:
        InvalidValueError: A pair is missing or comes twice.

    Example:
        >>> from microcrm_core.ledger import AllocationOrder, Bucket, InAdvance
        >>> order = AllocationOrder.of(
        ...     (Bucket.INTEREST, Bucket.PRINCIPAL, Bucket.FEES, Bucket.PENALTIES),
        ...     in_advance=InAdvance.LAST,
        ... )
        >>> len(order.places)
        12
    """

    places: tuple[tuple[DueState, Bucket], ...] = attrs.field(
        validator=tuple_field(tuple)
    )
    in_advance: InAdvance = attrs.field(
        default=InAdvance.NEXT, validator=kind_field(InAdvance)
    )
    processing: Processing = attrs.field(
        default=Processing.HORIZONTAL, validator=kind_field(Processing)
    )

    # Private and computed once: a replay asks for it with every repayment.
    _steps: tuple[tuple[DueState, tuple[Bucket, ...]], ...] = attrs.field(
        init=False, eq=False, repr=False, default=()
    )
    _is_oldest_first: bool = attrs.field(
        init=False, eq=False, repr=False, default=False
    )
    _indexes: tuple[tuple[int, ...], ...] = attrs.field(
        init=False, eq=False, repr=False, default=()
    )

    def __attrs_post_init__(self) -> None:
        """Refuse an order in which a pair is missing, or comes twice."""
        if len(self.places) != len(_ALL) or set(self.places) != _ALL:
            rule = "must have each pair of due state and bucket once"
            raise InvalidValueError("places", rule, self.places)
        states = dict.fromkeys(state for state, _ in self.places)
        steps: list[tuple[DueState, tuple[Bucket, ...]]] = [
            (state, self.buckets(state)) for state in states
        ]
        if self.processing is Processing.VERTICAL:
            steps = [(state, (bucket,)) for state, bucket in self.places]
        is_oldest_first = (
            self.processing is Processing.HORIZONTAL
            and self.in_advance is InAdvance.NEXT
            and [state for state, _ in steps] == list(DueState)
        )
        object.__setattr__(self, "_steps", tuple(steps))
        object.__setattr__(self, "_is_oldest_first", is_oldest_first)
        indexes = tuple(tuple(map(int, buckets)) for _, buckets in steps)
        object.__setattr__(self, "_indexes", indexes)

    @classmethod
    def of(
        cls,
        *buckets: tuple[Bucket, ...],
        in_advance: InAdvance = InAdvance.NEXT,
        processing: Processing = Processing.HORIZONTAL,
    ) -> Self:
        """Return what is past due first, then what is due, then the rest.

        Args:
            buckets: The order of buckets, once for all due states, or once for each:
                past due, due, in advance.
            in_advance: Where money goes that is paid before anything is due.
            processing: Whether an installment or a bucket is finished first.

        Raises:
            InvalidValueError: There are neither one nor three orders, or a bucket is
                missing.
        """
        if len(buckets) not in (1, len(DueState)):
            rule = "must be given once, or for each due state"
            raise InvalidValueError("buckets", rule, len(buckets))
        each = buckets * len(DueState) if len(buckets) == 1 else buckets
        places = tuple(
            (state, bucket)
            for state, order in zip(DueState, each, strict=True)
            for bucket in order
        )
        return cls(places=places, in_advance=in_advance, processing=processing)

    @property
    def steps(self) -> tuple[tuple[DueState, tuple[Bucket, ...]], ...]:
        """The order as steps of which each is finished before the next one begins.

        Horizontal: each due state, with its buckets in order; vertical: each pair.
        """
        return self._steps

    @property
    def indexes(self) -> tuple[tuple[int, ...], ...]:
        """The buckets of each step as whole numbers: places in a row's amounts."""
        return self._indexes

    @property
    def is_oldest_first(self) -> bool:
        """Whether the rows are paid one after the other, in order of due dates."""
        return self._is_oldest_first

    def buckets(self, state: DueState) -> tuple[Bucket, ...]:
        """Return the order of buckets in one due state."""
        return tuple(bucket for place, bucket in self.places if place is state)


_PENALTIES_FIRST: Final = (
    Bucket.PENALTIES,
    Bucket.FEES,
    Bucket.INTEREST,
    Bucket.PRINCIPAL,
)

OLDEST_FIRST: Final = AllocationOrder.of(_PENALTIES_FIRST)
"""Penalties, fees, interest, principal of the oldest installment, then of the next."""

FEES_INTEREST_PRINCIPAL: Final = AllocationOrder.of(
    (Bucket.FEES, Bucket.INTEREST, Bucket.PRINCIPAL, Bucket.PENALTIES)
)
"""Fees, interest, principal, penalties of the oldest installment, then of the next."""

INTEREST_PRINCIPAL_PENALTIES_FEES: Final = AllocationOrder.of(
    (Bucket.INTEREST, Bucket.PRINCIPAL, Bucket.PENALTIES, Bucket.FEES)
)
"""Interest and principal before charges; installments oldest first."""

PRINCIPAL_INTEREST_PENALTIES_FEES: Final = AllocationOrder.of(
    (Bucket.PRINCIPAL, Bucket.INTEREST, Bucket.PENALTIES, Bucket.FEES)
)
"""Principal before interest and charges; installments oldest first."""

PENALTIES_FEES_PRINCIPAL_INTEREST: Final = AllocationOrder.of(
    (Bucket.PENALTIES, Bucket.FEES, Bucket.PRINCIPAL, Bucket.INTEREST)
)
"""Charges, then principal before interest; installments oldest first."""
