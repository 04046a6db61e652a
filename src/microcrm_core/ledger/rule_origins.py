"""Where a rule of classification comes from, and limits of days.

Every policy of this room names its source, how far that is trusted, and from which day
on the rule is in force. A preset is data, not advice: what is `known` must be verified
before anyone relies on it.

Example:
    >>> from microcrm_core.ledger.rule_origins import DayLimit
    >>> DayLimit(90).is_reached(90), DayLimit(90, is_included=True).is_reached(90)
    (False, True)
"""

from __future__ import annotations

import datetime as dt

import attrs

from microcrm_core.checks import (
    day_field,
    kind_field,
    name_text_field,
    whole_number_field,
)
from microcrm_core.decisions import PolicyRef, SourceStatus
from microcrm_core.errors import InvalidValueError, PolicyError

__all__ = ["DayLimit", "RuleOrigin", "SourceStatus"]


@attrs.frozen(kw_only=True)
class RuleOrigin:
    """Where a rule comes from and when it is in force.

    Attributes:
        id: Name of the policy that has it.
        version: Which edition of this data.
        source: Where the rule stands.
        status: How far that is trusted.
        effective_from: First day on which it is in force; None: the source names none.
        effective_until: First day on which it no longer is; None: none is known.
        reading: How it was read where it leaves room; None: it leaves none.

    Raises:
        InvalidValueError: A field breaks its rule, or dates cross.

    Example:
        >>> from microcrm_core.ledger.classification_presets import CN_FIVE_CLASS
        >>> str(CN_FIVE_CLASS.origin.effective_from)
        '2023-07-01'
    """

    id: str = attrs.field(validator=name_text_field)
    version: str = attrs.field(validator=name_text_field)
    source: str = attrs.field(validator=name_text_field)
    status: SourceStatus = attrs.field(validator=kind_field(SourceStatus))
    effective_from: dt.date | None = attrs.field(
        default=None, validator=attrs.validators.optional(day_field)
    )
    effective_until: dt.date | None = attrs.field(
        default=None, validator=attrs.validators.optional(day_field)
    )
    reading: str | None = attrs.field(
        default=None, validator=attrs.validators.optional(name_text_field)
    )

    def __attrs_post_init__(self) -> None:
        """Refuse dates that cross."""
        since, until = self.effective_from, self.effective_until
        if since is not None and until is not None and until <= since:
            rule = f"must be after effective_from {since}"
            raise InvalidValueError("effective_until", rule, until)

    def is_in_force(self, on: dt.date) -> bool:
        """Whether the rule is in force on *on*."""
        since, until = self.effective_from, self.effective_until
        return (since is None or since <= on) and (until is None or on < until)

    def require_in_force(self, as_of: dt.date) -> None:
        """Raise unless the rule is in force on *as_of*.

        Raises:
            PolicyError: It is not yet, or no longer.
        """
        if not self.is_in_force(as_of):
            since, until = self.effective_from, self.effective_until
            span = f"from {since}" if until is None else f"from {since} until {until}"
            rule = f"must be a day on which {self.id} is in force, {span}"
            raise PolicyError("as_of", rule, as_of)

    def ref(self, policy: object) -> PolicyRef:
        """Return id, version and digest of the *policy* that has the rule."""
        return PolicyRef.of(self.id, self.version, policy)


@attrs.frozen
class DayLimit:
    """A number of days that something may last.

    Attributes:
        days: The number; not negative.
        is_included: Whether the limit is reached on that day, or only after it.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        >>> from microcrm_core.ledger.rule_origins import DayLimit
        >>> str(DayLimit(30)), str(DayLimit(90, is_included=True))
        ('more than 30', '90 or more')
    """

    days: int = attrs.field(validator=whole_number_field(at_least=0))
    is_included: bool = attrs.field(
        default=False, validator=kind_field(bool), kw_only=True
    )

    @property
    def days_min(self) -> int:
        """The fewest days that reach it."""
        return self.days if self.is_included else self.days + 1

    def is_reached(self, days: int) -> bool:
        """Whether *days* reach it."""
        return days >= self.days_min

    def __str__(self) -> str:
        """Return it in words."""
        return f"{self.days} or more" if self.is_included else f"more than {self.days}"
