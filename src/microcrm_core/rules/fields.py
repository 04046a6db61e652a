"""Fields: what a rule may ask about, and of which kind it is.

A field is declared once, with its kind, its unit and what a missing value means.
Every value then has one exact whole number that stands for it: a decimal is scaled
by its digits, a text is its position among the choices. So a rule compares whole
numbers only, for one customer as for a column. `conditions` is the module to read
next.

Example:
    >>> from microcrm_core.rules import Field, FieldKind
    >>> Field("rate", FieldKind.DECIMAL, unit="a year", scale=4).scaled("0.24")
    2400
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any, Final, TypeAlias

import attrs

from microcrm_core.checks import exact_fraction, name_text_field, whole_number
from microcrm_core.decisions import FactValue
from microcrm_core.errors import InvalidValueError, PolicyError

__all__ = [
    "Field",
    "FieldDirection",
    "FieldKind",
    "FieldSet",
    "Missing",
    "RuleFact",
]

RuleFact: TypeAlias = "FactValue | Decimal"
"""A value that a rule may read; None where it is not known."""

# An exact power of ten of this size still leaves room for eight digits in int64.
_SCALE_MAX: Final = 10
# One less than the range of int64 at the bottom, which stands for "not known".
_INT64_MAX: Final = 2**63 - 1


class FieldKind(StrEnum):
    """What the values of a field are.

    Attributes:
        WHOLE: Whole numbers: minor units, days, counts, parts per million.
        DECIMAL: Exact decimals with at most `Field.scale` digits after the point.
        TEXT: One of the field's choices.
        FLAG: True or false.

    Example:
        >>> from microcrm_core.rules import FieldKind
        >>> [kind.value for kind in FieldKind]
        ['whole', 'decimal', 'text', 'flag']
    """

    WHOLE = "whole"
    DECIMAL = "decimal"
    TEXT = "text"
    FLAG = "flag"


class Missing(StrEnum):
    """What a comparison says where the value is not known.

    Attributes:
        UNKNOWN: Neither met nor unmet; groups follow Kleene's logic.
        UNMET: The comparison is unmet, so its negation is met.
        REFUSE: Judging raises an error that names the field.

    Example:
        >>> from microcrm_core.rules import Missing
        >>> [policy.value for policy in Missing]
        ['unknown', 'unmet', 'refuse']
    """

    UNKNOWN = "unknown"
    UNMET = "unmet"
    REFUSE = "refuse"


class FieldDirection(StrEnum):
    """Which way a value must move to speak for the customer.

    Example:
        >>> from microcrm_core.rules import FieldDirection
        >>> FieldDirection("lower_is_better").name
        'LOWER_IS_BETTER'
    """

    HIGHER_IS_BETTER = "higher_is_better"
    LOWER_IS_BETTER = "lower_is_better"


def _instance_of(
    kind: type[object],
) -> Callable[[object, attrs.Attribute[Any], object], None]:
    def check(
        _instance: object, attribute: attrs.Attribute[Any], value: object
    ) -> None:
        if not isinstance(value, kind):
            raise InvalidValueError(attribute.name, f"must be a {kind.__name__}", value)

    return check


def _choices(values: Iterable[str]) -> tuple[str, ...]:
    # Plain text, so that a StrEnum's members and their stored form are one.
    return tuple(str(value) for value in values)


@attrs.frozen
class Field:
    """One fact that rules may ask about.

    Attributes:
        name: Key of the fact.
        kind: What its values are.
        unit: What one of it is, for people; None where the name says it.
        missing: What a comparison says where the value is not known.
        is_protected: No condition may name it: a birthday, say.
        direction: Which way is better; None where neither is.
        scale: Digits after the point of a decimal, 0 to 10; 0 for the other kinds.
        choices: The texts that a text field may hold, in the order of the columns.

    Raises:
        InvalidValueError: A part has the wrong type, the scale does not fit the kind,
            or the choices are missing, doubled or not for this kind.

    Example:
        >>> from microcrm_core.rules import Field, FieldKind
        >>> trade = Field("trade", FieldKind.TEXT, choices=("food", "transport"))
        >>> trade.scaled("transport"), trade.unscaled(0)
        (1, 'food')
    """

    name: str = attrs.field(validator=name_text_field)
    kind: FieldKind = attrs.field(validator=_instance_of(FieldKind))
    unit: str | None = attrs.field(default=None, kw_only=True)
    missing: Missing = attrs.field(
        default=Missing.UNKNOWN,
        kw_only=True,
        validator=_instance_of(Missing),
    )
    is_protected: bool = attrs.field(
        default=False, kw_only=True, validator=_instance_of(bool)
    )
    direction: FieldDirection | None = attrs.field(
        default=None,
        kw_only=True,
        validator=attrs.validators.optional(_instance_of(FieldDirection)),
    )
    scale: int = attrs.field(default=0, kw_only=True)
    choices: tuple[str, ...] = attrs.field(default=(), kw_only=True, converter=_choices)

    def __attrs_post_init__(self) -> None:
        """Check the parts that depend on each other."""
        whole_number("scale", self.scale, at_least=0, at_most=_SCALE_MAX)
        if self.scale and self.kind is not FieldKind.DECIMAL:
            raise InvalidValueError("scale", "must be 0 but for decimals", self.scale)
        if (self.kind is FieldKind.TEXT) != bool(self.choices):
            rule = "must be given for a text field and for no other"
            raise InvalidValueError("choices", rule, self.choices)
        if len(set(self.choices)) < len(self.choices):
            raise InvalidValueError("choices", "must not repeat", self.choices)

    @property
    def is_ordered(self) -> bool:
        """Whether one value can be less than another."""
        return self.kind in (FieldKind.WHOLE, FieldKind.DECIMAL)

    def scaled(
        self,
        value: object,
        *,
        name: str | None = None,
        error: type[InvalidValueError] = InvalidValueError,
    ) -> int:
        """Return the whole number that stands for *value* in columns.

        A decimal is multiplied by ten to the power of `scale`, a text is its
        position among the choices, a flag is 0 or 1.

        Args:
            value: A value of the field's kind; for decimals plain decimal text, a
                whole number or a `Decimal`.
            name: Name for the error; None for that of the field.
            error: The kind of error to raise.

        Raises:
            InvalidValueError: *value* is a float or of another kind, has more
                digits than `scale`, is no choice, or does not fit int64.

        Example:
            >>> from decimal import Decimal
            >>> from microcrm_core.rules import Field, FieldKind
            >>> Field("rate", FieldKind.DECIMAL, scale=2).scaled(Decimal("0.3"))
            30
        """
        # The common case, before all the ways in which a value may be wrong.
        if (
            type(value) is int
            and self.kind is FieldKind.WHOLE
            and -_INT64_MAX <= value <= _INT64_MAX
        ):
            return value
        name = self.name if name is None else name
        if isinstance(value, float):
            hint = f'write it as text "{value!r}"'
            raise error(name, "must be exact", value, hint=hint)
        if self.kind is FieldKind.FLAG:
            if not isinstance(value, bool):
                raise error(name, "must be true or false", value)
            return int(value)
        if self.kind is FieldKind.TEXT:
            if not isinstance(value, str) or value not in self.choices:
                known = ", ".join(self.choices)
                raise error(name, f"must be one of {known}", value)
            return self.choices.index(value)
        if isinstance(value, bool):
            raise error(name, "must be a number, not a flag", value)
        if self.kind is FieldKind.WHOLE:
            if not isinstance(value, int):
                raise error(name, "must be a whole number", value)
            number = value
        else:
            number = self._scaled_decimal(value, name, error)
        if abs(number) > _INT64_MAX:
            raise error(name, "must fit a column of int64", value)
        return number

    def unscaled(self, number: int) -> int | str | bool | Decimal:
        """Return the value that the whole *number* stands for.

        Example:
            >>> from microcrm_core.rules import Field, FieldKind
            >>> Field("rate", FieldKind.DECIMAL, scale=2).unscaled(30)
            Decimal('0.30')
        """
        if self.kind is FieldKind.FLAG:
            return bool(number)
        if self.kind is FieldKind.TEXT:
            return self.choices[number]
        if self.kind is FieldKind.DECIMAL:
            return _shifted(number, self.scale)
        return number

    def _scaled_decimal(
        self, value: object, name: str, error: type[InvalidValueError]
    ) -> int:
        if not isinstance(value, str | int | Decimal):
            raise error(name, "must be a decimal", value)
        try:
            exact: Fraction = exact_fraction(name, value) * 10**self.scale
        except InvalidValueError as found:
            raise error(name, found.rule, value) from None
        if exact.denominator != 1:
            rule = f"must have at most {self.scale} digits after the point"
            raise error(name, rule, value)
        return exact.numerator


def _shifted(number: int, scale: int) -> Decimal:
    # Built from its digits, because arithmetic would round at the context's precision.
    digits = tuple(int(digit) for digit in str(abs(number)))
    return Decimal((int(number < 0), digits, -scale))


def _fields(values: Iterable[object]) -> tuple[Field, ...]:
    fields: list[Field] = []
    for value in values:
        if not isinstance(value, Field):
            raise InvalidValueError("fields", "must all be a Field", value)
        fields.append(value)
    return tuple(fields)


@attrs.frozen
class FieldSet:
    """The fields that rules may name, each under its own name.

    Attributes:
        fields: The fields, in the order in which they were declared.

    Raises:
        InvalidValueError: A part is no `Field`.
        PolicyError: Two fields have one name.

    Example:
        >>> from microcrm_core.rules import Field, FieldKind, FieldSet
        >>> known = FieldSet((Field("days_past_due", FieldKind.WHOLE),))
        >>> known.field("days_past_due").kind.value, len(known)
        ('whole', 1)
    """

    fields: tuple[Field, ...] = attrs.field(converter=_fields)
    _by_name: dict[str, Field] = attrs.field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Put each field under its name."""
        by_name: dict[str, Field] = {}
        for field in self.fields:
            if field.name in by_name:
                raise PolicyError("fields", "must not repeat a name", field.name)
            by_name[field.name] = field
        object.__setattr__(self, "_by_name", by_name)

    def field(self, name: object, *, path: str = "field") -> Field:
        """Return the field of that *name*.

        Args:
            name: Name of a field.
            path: Where the name stands, for the error.

        Raises:
            PolicyError: There is none; the error suggests a name that is close.

        Example:
            >>> from microcrm_core.rules import Field, FieldKind, FieldSet
            >>> known = FieldSet((Field("tenure_days", FieldKind.WHOLE, unit="days"),))
            >>> known.field("tenure_days").unit
            'days'
        """
        if isinstance(name, str):
            if name in self._by_name:
                return self._by_name[name]
            # Loaded when a name is wrong, which is rare.
            import difflib

            close = difflib.get_close_matches(name[:100], list(self._by_name), n=1)
            hint = f"did you mean {close[0]!r}" if close else None
        else:
            hint = None
        raise PolicyError(path, "must be a known field", name, hint=hint)

    def __iter__(self) -> Iterator[Field]:
        """Yield the fields in order."""
        return iter(self.fields)

    def __len__(self) -> int:
        """Return the number of fields."""
        return len(self.fields)

    def __contains__(self, name: object) -> bool:
        """Return whether a field has that name."""
        return name in self._by_name
