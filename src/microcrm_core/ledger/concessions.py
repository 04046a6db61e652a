"""Concessions: terms made easier for a customer, and whether out of need.

A new due date, a holiday, a lower rate or a new plan is a concession. What makes it a
restructuring, or forbearance, is that the customer was in financial difficulty: a
finding of the lender, which no event of the ledger holds. So it is given.

Example:
    >>> import datetime as dt
    >>> from microcrm_core.ledger.concessions import Concession
    >>> Concession(granted_on=dt.date(2025, 3, 1), is_in_difficulty=True).observed_from
    datetime.date(2025, 3, 1)
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import attrs

from microcrm_core.checks import day_field, kind_field
from microcrm_core.errors import InvalidValueError

__all__ = ["Concession", "needed_concessions"]


@attrs.frozen(kw_only=True)
class Concession:
    """Terms that were made easier on a day.

    Attributes:
        granted_on: The day.
        is_in_difficulty: Whether the customer was in financial difficulty.
        first_due_on: The first due date under the new terms; None: it is not known, and
            observation runs from the day of the grant.
        is_non_performing: Whether the loan was non-performing when it was granted;
            None: its days past due on the day before tell.

    Raises:
        InvalidValueError: A field breaks its rule, or dates cross.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.ledger import Concession
        >>> eased = Concession(granted_on=dt.date(2025, 3, 1), is_in_difficulty=True)
        >>> eased.observed_from.isoformat()
        '2025-03-01'
    """

    granted_on: dt.date = attrs.field(validator=day_field)
    is_in_difficulty: bool = attrs.field(validator=kind_field(bool))
    first_due_on: dt.date | None = attrs.field(
        default=None, validator=attrs.validators.optional(day_field)
    )
    is_non_performing: bool | None = attrs.field(
        default=None, validator=kind_field(bool, type(None))
    )

    def __attrs_post_init__(self) -> None:
        """Refuse a first due date before the grant."""
        if self.first_due_on is not None and self.first_due_on < self.granted_on:
            rule = f"must not be before granted_on {self.granted_on}"
            raise InvalidValueError("first_due_on", rule, self.first_due_on)

    @property
    def observed_from(self) -> dt.date:
        """The day from which a restructured loan is observed."""
        return self.first_due_on or self.granted_on


def needed_concessions(
    concessions: Iterable[Concession], as_of: dt.date
) -> tuple[Concession, ...]:
    """Return those granted in difficulty up to *as_of*, oldest first.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.ledger.concessions import Concession, needed_concessions
        >>> on = dt.date(2025, 3, 1)
        >>> eased = Concession(granted_on=on, is_in_difficulty=False)
        >>> needed_concessions([eased], on)
        ()
    """
    kept = [
        one for one in concessions if one.is_in_difficulty and one.granted_on <= as_of
    ]
    return tuple(sorted(kept, key=lambda one: (one.granted_on, one.observed_from)))
