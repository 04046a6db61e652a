"""Decisions that explain themselves.

A `Decision` carries its outcome, the reasons in order, the policy (id, version,
digest), the facts that it used and the day for which it holds. Reasons are codes
with parameters; `render` turns one into English or Chinese. Everything has one
canonical JSON form, so that digests agree between machines.

Example:
    >>> import datetime as dt
    >>> from microcrm_core.decisions import Decision, PolicyRef, Reason
    >>> policy = PolicyRef.of("tiers-basic", "2025-01", {"tiers": ["ordinary"]})
    >>> decision = Decision(
    ...     outcome="ordinary",
    ...     reasons=(Reason("tier_default", {"tier": "ordinary"}),),
    ...     policy=policy,
    ...     facts={"repaid_loan_count": 0},
    ...     as_of=dt.date(2025, 1, 31),
    ... )
    >>> decision.reasons[0].text("en")
    'no rule of a better or worse tier holds, so the tier is ordinary'
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType
from typing import Any, Final, Generic, TypeAlias, TypeVar, cast

import attrs

from microcrm_core.checks import (
    day_field,
    name_text,
    name_text_field,
    utc_instant,
)
from microcrm_core.errors import InvalidValueError
from microcrm_core.html import html_table
from microcrm_core.reason_texts import TEXTS, VALUE_NAMES, WEEKDAY_NAMES, Language

__all__ = [
    "Decision",
    "FactValue",
    "JsonValue",
    "Language",
    "PolicyRef",
    "Reason",
    "SourceStatus",
    "canonical_json",
    "digest",
    "frozen_json",
    "render",
]

T = TypeVar("T")
FactValue: TypeAlias = int | str | bool | dt.date | None
"""What a fact or a parameter of a reason may be; None where it is not known."""

JsonValue: TypeAlias = (
    "bool | int | str | tuple[JsonValue, ...] | Mapping[str, JsonValue] | None"
)
"""Read-only JSON without fractions of numbers."""

_LEVELS_MAX: Final = 100
_NO_FACTS: Final[Mapping[str, FactValue]] = MappingProxyType({})


def canonical_json(value: object) -> str:
    """Return the one JSON text that stands for *value*.

    Keys are sorted, there is no space, non-ASCII stays as it is. Dates become ISO
    text, moments ISO text in UTC, enums their value, `Decimal` and `Fraction` exact
    text, attrs objects mappings of their public fields, or what their `to_plain`
    returns. Whole numbers are written out in full: unlike JSON in general, a
    reader must take them as exact beyond 2**53 too.

    Raises:
        InvalidValueError: *value* holds a float or another type without one
            exact text, a mapping key that is no text, text that is not valid
            Unicode, a moment without a zone, or more than 100 levels.

    Source:
        RFC 8785 for key order (UTF-16 code units), escapes and separators. Its
        numbers are doubles; ours are whole numbers of any size.

    Example:
        >>> from microcrm_core import canonical_json
        >>> canonical_json({"b": 1, "a": ["x", None, True]})
        '{"a":["x",null,true],"b":1}'
    """
    return json.dumps(
        _plain(value, "value", _LEVELS_MAX),
        ensure_ascii=False,
        separators=(",", ":"),
        allow_nan=False,
        default=_opened,
    )


def frozen_json(value: object, field: str = "value") -> JsonValue:
    """Return *value* as JSON types only, read-only all the way down.

    The types of `canonical_json`: what it writes for *value* and for the result is
    the same. Later changes to what was passed in do not reach the result.

    Args:
        value: Anything that has a canonical JSON.
        field: Name for errors.

    Raises:
        InvalidValueError: As `canonical_json`.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.decisions import frozen_json
        >>> frozen_json(["x", dt.date(2025, 1, 31)])
        ('x', '2025-01-31')
    """
    return _plain(value, field, _LEVELS_MAX)


def digest(value: object) -> str:
    """Return the SHA-256 of the canonical JSON of *value*, in hexadecimal.

    Raises:
        InvalidValueError: As `canonical_json`.

    Example:
        >>> from microcrm_core import digest
        >>> digest({"a": 1}) == digest({"a": 1})
        True
        >>> digest({})[:12]
        '44136fa355b3'
    """
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def _plain(value: object, path: str, levels: int) -> JsonValue:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, StrEnum | str):
        return _unicode_text(str(value), path)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, dt.datetime):
        return utc_instant(path, value).isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, Decimal | Fraction):
        return _exact_text(value, path)
    if levels == 0:
        rule = f"must have at most {_LEVELS_MAX} levels"
        raise InvalidValueError("value", rule, type(value).__name__)
    if isinstance(value, tuple | list):
        items = enumerate(cast("Sequence[object]", value))
        return tuple(_plain(item, f"{path}[{i}]", levels - 1) for i, item in items)
    if isinstance(value, Mapping):
        mapping = cast("Mapping[object, object]", value)
        return _plain_mapping(mapping, path, levels)
    kind = type(value)
    to_plain = getattr(kind, "to_plain", None)
    if to_plain is not None:
        return _plain(to_plain(value), path, levels - 1)
    if attrs.has(kind):
        names = [field.name for field in attrs.fields(kind)]
        parts = {n: getattr(value, n) for n in names if not n.startswith("_")}
        return _plain_mapping(parts, path, levels)
    raise InvalidValueError(path, "must have one exact JSON form", value)


def _plain_mapping(
    value: Mapping[Any, object], path: str, levels: int
) -> Mapping[str, JsonValue]:
    for key in value:
        if not isinstance(key, str):
            raise InvalidValueError(path, "must have text keys", key)
    keyed = {_unicode_text(str(key), path): item for key, item in value.items()}
    # RFC 8785 orders by UTF-16 code units, which code points do not above U+FFFF.
    order = sorted(keyed, key=lambda key: key.encode("utf-16-be"))
    return MappingProxyType(
        {key: _plain(keyed[key], f"{path}.{key}", levels - 1) for key in order}
    )


def _unicode_text(text: str, path: str) -> str:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise InvalidValueError(path, "must be valid Unicode", text) from None
    return text


def _exact_text(value: Decimal | Fraction, path: str) -> str:
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    if not value.is_finite():
        raise InvalidValueError(path, "must be a finite number", value)
    # 0.240 and 0.24, and -0 and 0, are one number and must have one digest.
    text = f"{abs(value) if value.is_zero() else value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _opened(value: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    # json writes dicts only; the read-only views are of dicts in canonical order.
    return dict(value)


def _frozen_facts(value: Mapping[str, FactValue]) -> Mapping[str, FactValue]:
    for name, fact in value.items():
        name_text("the name of a fact", name)
        if not _is_fact_value(fact):
            rule = "must be a whole number, text, a bool, a date or None"
            raise InvalidValueError(name, rule, fact)
    return MappingProxyType(dict(value))


def _is_fact_value(value: object) -> bool:
    if isinstance(value, dt.datetime):
        return False
    return value is None or isinstance(value, int | str | dt.date)


def _reasons(value: Iterable[Reason]) -> tuple[Reason, ...]:
    reasons = tuple(value)
    if not reasons:
        raise InvalidValueError("reasons", "must not be empty", reasons)
    return reasons


@attrs.frozen
class Reason:
    """Why a decision came out as it did: a code and its parameters.

    Attributes:
        code: Key of the text in every language; stable.
        params: What fills the text; whole numbers, texts, dates, no personal data.

    Example:
        >>> from microcrm_core import Reason
        >>> Reason("due_day_no_history", {"months": 2, "months_min": 3}).text("en")
        '2 full months of balances are known, at least 3 are needed'
    """

    code: str = attrs.field(validator=name_text_field)
    params: Mapping[str, FactValue] = attrs.field(
        default=_NO_FACTS, converter=_frozen_facts
    )

    def text(self, language: Language | str = Language.EN) -> str:
        """Return the reason as a sentence; see `render`."""
        return render(self, language)

    def __hash__(self) -> int:
        """Hash by value; the parameters are a read-only mapping."""
        return hash((self.code, tuple(sorted(self.params.items(), key=lambda p: p[0]))))

    def __reduce__(self) -> tuple[Any, ...]:
        """Survive a trip between processes."""
        return type(self), (self.code, dict(self.params))


@attrs.frozen
class PolicyRef:
    """Which policy decided, down to its content.

    Attributes:
        id: Name of the policy.
        version: The lender's version of it.
        digest: SHA-256 of its canonical JSON.

    Example:
        >>> from microcrm_core import PolicyRef
        >>> ref = PolicyRef.of("due-day", "1", {"quantile_ppm": 100_000})
        >>> ref.id, ref.version, len(ref.digest)
        ('due-day', '1', 64)
    """

    id: str = attrs.field(validator=name_text_field)
    version: str = attrs.field(validator=name_text_field)
    digest: str = attrs.field(validator=name_text_field)

    @classmethod
    def of(cls, policy_id: str, version: str, content: object) -> PolicyRef:
        """Return the reference to a policy with this *content*."""
        return cls(policy_id, version, digest(content))


class SourceStatus(StrEnum):
    """How far the source of a rule is trusted.

    A policy that repeats a law is data, not advice: what is only `KNOWN` or `SECONDARY`
    must be verified before anyone relies on it.

    Attributes:
        READ: Seen in an official or professional text.
        KNOWN: General knowledge; to be verified before it is relied on.
        SECONDARY: Reported by others only.
        HOUSE: The lender's own rule.

    Example:
        >>> from microcrm_core.decisions import SourceStatus
        >>> SourceStatus("known") is SourceStatus.KNOWN
        True
    """

    READ = "read"
    KNOWN = "known"
    SECONDARY = "secondary"
    HOUSE = "house"


@attrs.frozen(kw_only=True)
class Decision(Generic[T]):
    """An outcome, and everything needed to explain or repeat it.

    Attributes:
        outcome: What was decided; a refusal is an outcome too.
        reasons: Why, the most important first; never empty.
        policy: The policy that decided.
        facts: The facts that were used, by name; None where one was not known.
        as_of: The day for which it holds; nothing known later was used.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Decision, PolicyRef, Reason
        >>> decision = Decision(
        ...     outcome=None,
        ...     reasons=(Reason("price_no_loan"),),
        ...     policy=PolicyRef.of("pricing", "1", {}),
        ...     facts={},
        ...     as_of=dt.date(2025, 1, 31),
        ... )
        >>> print(decision)
        outcome None
        why     there is no requested loan and no earlier loan to repeat
        policy  pricing 1
        as of   2025-01-31
    """

    outcome: T
    reasons: tuple[Reason, ...] = attrs.field(converter=_reasons)
    policy: PolicyRef
    facts: Mapping[str, FactValue] = attrs.field(converter=_frozen_facts)
    as_of: dt.date = attrs.field(validator=day_field)

    def explain(self, language: Language | str = Language.EN) -> tuple[str, ...]:
        """Return the reasons as sentences, in order."""
        return tuple(render(reason, language) for reason in self.reasons)

    def __str__(self) -> str:
        """Return a few lines: outcome, reasons in English, policy and day."""
        reasons = "\n        ".join(self.explain())
        return (
            f"outcome {_outcome_text(self.outcome)}\n"
            f"why     {reasons}\n"
            f"policy  {self.policy.id} {self.policy.version}\n"
            f"as of   {self.as_of}"
        )

    def _repr_html_(self) -> str:
        rows: list[tuple[str, object]] = [
            ("why", sentence) for sentence in self.explain()
        ]
        rows += [(name, value) for name, value in self.facts.items()]
        rows.append(("policy", f"{self.policy.id} {self.policy.version}"))
        outcome = getattr(self.outcome, "value", self.outcome)
        return html_table(("as of", self.as_of), [("outcome", outcome), *rows])

    def __hash__(self) -> int:
        """Hash by value; the facts are a read-only mapping."""
        facts = tuple(sorted(self.facts.items(), key=lambda pair: pair[0]))
        return hash((self.outcome, self.reasons, self.policy, facts, self.as_of))

    def __reduce__(self) -> tuple[Any, ...]:
        """Survive a trip between processes."""
        names = [field.name for field in attrs.fields(Decision)]
        parts = {name: getattr(self, name) for name in names}
        parts["facts"] = dict(self.facts)
        return _decision, (parts,)


def _outcome_text(outcome: object) -> str:
    """Return an outcome on one line: of an object without its own text, short parts."""
    kind = type(outcome)
    if not attrs.has(kind) or kind.__str__ is not object.__str__:
        return str(getattr(outcome, "value", outcome))
    parts = {
        field.name: getattr(outcome, field.name)
        for field in attrs.fields(kind)
        if not field.name.startswith("_")
    }
    shown = [f"{name} {part}" for name, part in parts.items() if _is_short(part)]
    return ", ".join(shown) or kind.__name__


def _is_short(part: object) -> bool:
    if part is None or isinstance(part, Mapping | tuple | list | frozenset):
        return False
    return not attrs.has(type(part)) or type(part).__str__ is not object.__str__


def _decision(parts: dict[str, Any]) -> Decision[Any]:
    return Decision(**parts)


def render(reason: Reason, language: Language | str = Language.EN) -> str:
    """Return *reason* as a sentence in *language*.

    Whole numbers are grouped by thousands; dates are ISO; a parameter whose name
    ends in `_ppm` is shown as a percentage with its exact digits, a weekday by its
    name in the language where the parameter's name ends in `weekday`.

    Raises:
        InvalidValueError: The language or the code has no texts, or a parameter
            of the text is missing.

    Example:
        >>> from microcrm_core import Reason, render
        >>> reason = Reason("due_day_no_history", {"months": 2, "months_min": 3})
        >>> render(reason, "zh-CN")
        '已知完整月份余额 2 个月，至少需要 3 个月'
    """
    try:
        language = Language(language)
    except ValueError:
        known = ", ".join(Language)
        rule = f"must be one of {known}"
        raise InvalidValueError("language", rule, language) from None
    if reason.code not in TEXTS:
        raise InvalidValueError("code", "must have texts", reason.code)
    shown = {
        name: _shown(name, value, language) for name, value in reason.params.items()
    }
    try:
        return TEXTS[reason.code][language].format_map(shown)
    except KeyError as error:
        rule = f"must have the parameter {error.args[0]!r} of its text"
        raise InvalidValueError(
            f"reason {reason.code!r}", rule, dict(reason.params)
        ) from None


def _shown(name: str, value: FactValue, language: Language) -> str:
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, int) and not isinstance(value, bool):
        if name.endswith("_ppm"):
            return f"{_exact_text(Decimal(value) / 10_000, name)}%"
        return f"{value:,}"
    if name.endswith("weekday") and value in WEEKDAY_NAMES:
        return WEEKDAY_NAMES[str(value)][language]
    names = VALUE_NAMES.get(name, {})
    return names[str(value)][language] if value in names else str(value)
