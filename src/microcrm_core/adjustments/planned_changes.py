"""What requests come to: the events that a loan's ledger would get, and why not.

A `PlannedChange` is something that would happen to the loan, with the day on which it
would be true. `PlannedRequests` are the changes of all requests together, in the order
in which they apply; or the reasons why one of them cannot be met.

Example:
    >>> from microcrm_core.adjustments import PlannedRequests
    >>> PlannedRequests().is_refused
    False
"""

from __future__ import annotations

import datetime as dt

import attrs

from microcrm_core.adjustments.adjustment_policies import AbsorbedBy
from microcrm_core.adjustments.requests import AdjustmentKind
from microcrm_core.checks import day_field, kind_field, tuple_field
from microcrm_core.decisions import Reason
from microcrm_core.ledger.happenings import HAPPENINGS, Happening

__all__ = ["PlannedChange", "PlannedRequests"]


@attrs.frozen(kw_only=True)
class PlannedChange:
    """Something that would happen to a loan if a request were accepted.

    Attributes:
        what: What would happen.
        value_on: The day on which it would be true.
        kind: The kind of request that it comes from.
        absorbed_by: Which installments take what it costs; None: each bears the
            interest of its own period, or it is no change of dates or rate, so that its
            own rule says where amounts go.

    Raises:
        InvalidValueError: A field is of another kind.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.adjustments import AdjustmentKind, PlannedChange
        >>> from microcrm_core.ledger import TermChanged
        >>> longer = PlannedChange(
        ...     what=TermChanged(2),
        ...     value_on=dt.date(2025, 3, 1),
        ...     kind=AdjustmentKind.EXTEND_TERM,
        ... )
        >>> longer.what.added_count
        2
    """

    what: Happening = attrs.field(validator=kind_field(*HAPPENINGS.values()))
    value_on: dt.date = attrs.field(validator=day_field)
    kind: AdjustmentKind = attrs.field(validator=kind_field(AdjustmentKind))
    absorbed_by: AbsorbedBy | None = attrs.field(
        default=None, validator=attrs.validators.optional(kind_field(AbsorbedBy))
    )


@attrs.frozen(kw_only=True)
class PlannedRequests:
    """What requests come to, or why they cannot be met.

    Attributes:
        changes: What would happen, in the order in which it applies; empty where a
            request is refused.
        refusals: Why the first request that cannot be met cannot.
        notes: What else is to be known, in the order of the requests.

    Raises:
        InvalidValueError: A field is of another kind.

    Example:
        >>> from microcrm_core import Reason
        >>> from microcrm_core.adjustments import PlannedRequests
        >>> refused = PlannedRequests(
        ...     refusals=(Reason("adjust_nothing_owed", {"status": "closed"}),)
        ... )
        >>> refused.is_refused, refused.refusals[0].text("en")
        (True, 'nothing is owed: the loan is closed')
    """

    changes: tuple[PlannedChange, ...] = attrs.field(
        default=(), validator=tuple_field(PlannedChange)
    )
    refusals: tuple[Reason, ...] = attrs.field(
        default=(), validator=tuple_field(Reason)
    )
    notes: tuple[Reason, ...] = attrs.field(default=(), validator=tuple_field(Reason))

    @property
    def is_refused(self) -> bool:
        """Whether some request cannot be met."""
        return bool(self.refusals)

    @property
    def absorbed_by(self) -> tuple[AbsorbedBy | None, ...]:
        """Which installments take what each change costs; see `PlannedChange`."""
        return tuple(change.absorbed_by for change in self.changes)
