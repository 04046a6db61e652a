"""Judging a condition: met, unmet or unknown, with the trace of every step.

A condition is compiled once against the fields: names and kinds are checked, and
thresholds become the scaled whole numbers of `fields`. Judging looks at every
condition, also where the outcome is certain before the last one, because the
customer is owed the whole answer. `batch` is the twin for columns.

Source:
    Groups follow the strong three-valued logic of S. C. Kleene, Introduction to
    Metamathematics (1952), section 64.

Example:
    >>> from microcrm_core.rules import (
    ...     Field, FieldKind, all_of, compare, compile_condition, evaluate,
    ... )
    >>> fields = [Field("days_past_due", FieldKind.WHOLE, unit="days")]
    >>> compiled = compile_condition(compare("days_past_due", "<=", 30), fields)
    >>> evaluation = evaluate(compiled, {"days_past_due": 42})
    >>> evaluation.outcome, evaluation.trace[0].distance
    (False, 12)
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import attrs

from microcrm_core.errors import InvalidValueError, PolicyError
from microcrm_core.rules.conditions import (
    AllOf,
    AnyOf,
    Between,
    Comparison,
    Condition,
    IsMissing,
    Not,
    OneOf,
    Op,
)
from microcrm_core.rules.fields import Field, FieldSet, Missing, RuleFact

__all__ = [
    "CompiledCondition",
    "Evaluation",
    "Node",
    "NodeKind",
    "TraceStep",
    "compile_condition",
    "evaluate",
]

_OPERATORS: Final[Mapping[Op, Callable[[int, int], bool]]] = MappingProxyType(
    {
        Op.EQ: operator.eq,
        Op.NE: operator.ne,
        Op.LT: operator.lt,
        Op.LE: operator.le,
        Op.GT: operator.gt,
        Op.GE: operator.ge,
    }
)


class NodeKind(StrEnum):
    """What a node of a compiled condition does.

    Example:
        >>> from microcrm_core.rules.evaluate import NodeKind
        >>> NodeKind("any_of").name
        'ANY_OF'
    """

    COMPARE = "compare"
    BETWEEN = "between"
    ONE_OF = "one_of"
    IS_MISSING = "is_missing"
    ALL_OF = "all_of"
    ANY_OF = "any_of"
    NOT = "not"


@attrs.frozen(kw_only=True)
class Node:
    """One condition of a compiled tree.

    Attributes:
        kind: What it does.
        text: The condition's short form for people.
        depth: Levels above it; 0 for the whole condition.
        field_index: Position in `CompiledCondition.fields`; -1 for a group.
        op: The operator of a comparison, else None.
        numbers: Scaled whole numbers: the threshold, the bounds, or the values.
        children: Positions of the conditions that it joins, each after its own.

    Example:
        >>> from microcrm_core.rules import (
        ...     Field, FieldKind, compare, compile_condition,
        ... )
        >>> field = Field("rate", FieldKind.DECIMAL, scale=4)
        >>> compile_condition(compare("rate", "<", "0.3"), [field]).nodes[0].numbers
        (3000,)
    """

    kind: NodeKind
    text: str
    depth: int
    field_index: int = -1
    op: Op | None = None
    numbers: tuple[int, ...] = ()
    children: tuple[int, ...] = ()

    @property
    def is_leaf(self) -> bool:
        """Whether it reads a field and joins nothing."""
        return self.field_index >= 0


@attrs.frozen(kw_only=True)
class CompiledCondition:
    """A condition that has been checked and can be judged.

    Attributes:
        condition: What was declared.
        fields: The fields that it names, in the order in which it names them.
        nodes: Its conditions, the whole first, each before those that it joins.

    Example:
        >>> from microcrm_core.rules import (
        ...     Field, FieldKind, all_of, compare, compile_condition,
        ... )
        >>> fields = [Field("a", FieldKind.WHOLE), Field("b", FieldKind.WHOLE)]
        >>> compiled = compile_condition(
        ...     all_of(compare("a", ">", 1), compare("a", "<", 9)), fields
        ... )
        >>> compiled.field_names, len(compiled.nodes)
        (('a',), 3)
    """

    condition: Condition
    fields: tuple[Field, ...]
    nodes: tuple[Node, ...]

    @property
    def field_names(self) -> tuple[str, ...]:
        """The names of the fields."""
        return tuple(field.name for field in self.fields)


@attrs.frozen(kw_only=True)
class TraceStep:
    """What one condition came to.

    Attributes:
        condition: The condition's short form for people.
        outcome: True met, False unmet, None unknown.
        field: The field that it reads; None for a group.
        value: The value found; None for a group and where it is not known.
        distance: Value less threshold, exact, in the field's unit; for a range
            value less the nearer bound. None where there is no such number.
        depth: Levels above it; 0 for the whole condition.

    Example:
        >>> from microcrm_core.rules import (
        ...     Field, FieldKind, compare, compile_condition, evaluate,
        ... )
        >>> fields = [Field("tenure_days", FieldKind.WHOLE)]
        >>> compiled = compile_condition(compare("tenure_days", ">=", 365), fields)
        >>> step = evaluate(compiled, {"tenure_days": 360}).trace[0]
        >>> step.condition, step.outcome, step.value, step.distance
        ('tenure_days >= 365', False, 360, -5)
    """

    condition: str
    outcome: bool | None
    field: str | None
    value: RuleFact
    distance: RuleFact
    depth: int


@attrs.frozen(kw_only=True)
class Evaluation:
    """What a condition came to for one customer.

    Attributes:
        compiled: What was judged.
        outcomes: Of each node: True met, False unmet, None unknown.
        numbers: Scaled value of each field; None where it is not known.

    Example:
        >>> from microcrm_core.rules import (
        ...     Field, FieldKind, compare, compile_condition, evaluate,
        ... )
        >>> fields = [Field("tenure_days", FieldKind.WHOLE)]
        >>> compiled = compile_condition(compare("tenure_days", ">=", 365), fields)
        >>> print(evaluate(compiled, {}).outcome)
        None
    """

    compiled: CompiledCondition
    outcomes: tuple[bool | None, ...]
    numbers: tuple[int | None, ...]

    @property
    def outcome(self) -> bool | None:
        """True met, False unmet, None unknown."""
        return self.outcomes[0]

    @property
    def trace(self) -> tuple[TraceStep, ...]:
        """Every condition with its outcome, the whole first, groups included."""
        return tuple(self.step(position) for position in range(len(self.outcomes)))

    def step(self, position: int) -> TraceStep:
        """Return what the node at *position* came to."""
        node = self.compiled.nodes[position]
        name: str | None = None
        value: RuleFact = None
        distance: RuleFact = None
        if node.is_leaf:
            field = self.compiled.fields[node.field_index]
            number = self.numbers[node.field_index]
            name = field.name
            if number is not None:
                value = field.unscaled(number)
                gap = _gap(node, number) if field.is_ordered else None
                distance = None if gap is None else field.unscaled(gap)
        return TraceStep(
            condition=node.text,
            outcome=self.outcomes[position],
            field=name,
            value=value,
            distance=distance,
            depth=node.depth,
        )


def compile_condition(
    condition: Condition,
    fields: FieldSet | Iterable[Field],
    *,
    path: str = "condition",
) -> CompiledCondition:
    """Return *condition* checked against *fields* and ready to be judged.

    Args:
        condition: What was declared.
        fields: The fields that it may name.
        path: Where it stands, for the errors.

    Raises:
        PolicyError: It names an unknown or protected field, orders texts or flags,
            or compares a field with a value that it cannot have: of another kind,
            with more digits, no choice, outside int64; or a range is empty.

    Example:
        >>> from microcrm_core.rules import (
        ...     Field, FieldKind, compare, compile_condition,
        ... )
        >>> fields = [Field("loan_count", FieldKind.WHOLE)]
        >>> compile_condition(compare("loan_count", ">", 0), fields).field_names
        ('loan_count',)
    """
    known = fields if isinstance(fields, FieldSet) else FieldSet(fields)
    used: dict[Field, int] = {}
    nodes: list[Node] = []
    _add_node(condition, known, path, 0, used, nodes)
    return CompiledCondition(
        condition=condition, fields=tuple(used), nodes=tuple(nodes)
    )


def evaluate(compiled: CompiledCondition, facts: Mapping[str, RuleFact]) -> Evaluation:
    """Return what the condition comes to for these facts, and every step.

    Args:
        compiled: From `compile_condition`.
        facts: Values by field name; one that is None or absent is not known.
            Names that the condition does not use are not looked at.

    Raises:
        InvalidValueError: A fact is a float or not of its field's kind; or one is
            missing that the condition compares and whose field refuses that.

    Example:
        >>> from microcrm_core.rules import (
        ...     Field, FieldKind, any_of, compare, compile_condition, evaluate,
        ... )
        >>> fields = [Field("a", FieldKind.WHOLE), Field("b", FieldKind.WHOLE)]
        >>> condition = any_of(compare("a", ">", 1), compare("b", ">", 1))
        >>> compiled = compile_condition(condition, fields)
        >>> [step.outcome for step in evaluate(compiled, {"a": 2}).trace]
        [True, True, None]
    """
    numbers: list[int | None] = []
    for field in compiled.fields:
        fact = facts.get(field.name)
        numbers.append(None if fact is None else field.scaled(fact))
    nodes = compiled.nodes
    outcomes: list[bool | None] = [None] * len(nodes)
    # Backwards, so that every node comes after those that it joins.
    for position in range(len(nodes) - 1, -1, -1):
        node = nodes[position]
        if node.is_leaf:
            field = compiled.fields[node.field_index]
            outcomes[position] = _leaf_outcome(node, field, numbers[node.field_index])
        else:
            outcomes[position] = _group_outcome(
                node.kind, [outcomes[child] for child in node.children]
            )
    return Evaluation(
        compiled=compiled, outcomes=tuple(outcomes), numbers=tuple(numbers)
    )


def _leaf_outcome(node: Node, field: Field, number: int | None) -> bool | None:
    if node.kind is NodeKind.IS_MISSING:
        return number is None
    if number is None:
        if field.missing is Missing.REFUSE:
            raise InvalidValueError(field.name, "must be known", None)
        return False if field.missing is Missing.UNMET else None
    if node.kind is NodeKind.COMPARE:
        assert node.op is not None  # every comparison has one
        return _OPERATORS[node.op](number, node.numbers[0])
    if node.kind is NodeKind.BETWEEN:
        low, high = node.numbers
        return low <= number <= high
    return number in node.numbers


def _group_outcome(kind: NodeKind, parts: list[bool | None]) -> bool | None:
    if kind is NodeKind.NOT:
        return None if parts[0] is None else not parts[0]
    decisive = kind is NodeKind.ANY_OF
    if decisive in parts:
        return decisive
    return None if None in parts else not decisive


def _gap(node: Node, number: int) -> int | None:
    if node.kind is NodeKind.COMPARE:
        return number - node.numbers[0]
    if node.kind is NodeKind.BETWEEN:
        return min((number - bound for bound in node.numbers), key=abs)
    return None


def _add_node(
    condition: object,
    known: FieldSet,
    path: str,
    depth: int,
    used: dict[Field, int],
    nodes: list[Node],
) -> int:
    position = len(nodes)
    if not isinstance(condition, AllOf | AnyOf | Not):
        if not isinstance(condition, Comparison | Between | OneOf | IsMissing):
            raise PolicyError(path, "must be a condition", condition)
        nodes.append(_leaf(condition, known, path, depth, used))
        return position
    kind, parts = _parts(condition, path)
    node = Node(kind=kind, text=str(condition), depth=depth)
    nodes.append(node)
    children = tuple(
        _add_node(part, known, part_path, depth + 1, used, nodes)
        for part, part_path in parts
    )
    nodes[position] = attrs.evolve(node, children=children)
    return position


def _parts(
    condition: AllOf | AnyOf | Not, path: str
) -> tuple[NodeKind, list[tuple[Condition, str]]]:
    if isinstance(condition, Not):
        return NodeKind.NOT, [(condition.condition, f"{path}.not")]
    kind = NodeKind.ALL_OF if isinstance(condition, AllOf) else NodeKind.ANY_OF
    return kind, [
        (part, f"{path}.{kind}[{i}]") for i, part in enumerate(condition.conditions)
    ]


def _leaf(
    condition: Comparison | Between | OneOf | IsMissing,
    known: FieldSet,
    path: str,
    depth: int,
    used: dict[Field, int],
) -> Node:
    field = known.field(condition.field, path=f"{path}.field")
    if field.is_protected:
        rule = "must not be a protected field"
        raise PolicyError(f"{path}.field", rule, field.name)
    op: Op | None = None
    numbers: tuple[int, ...] = ()
    if isinstance(condition, Comparison):
        kind, op = NodeKind.COMPARE, condition.op
        if op not in (Op.EQ, Op.NE):
            _require_order(field, f"{path}.op", op)
        name = f"{path}.value"
        numbers = (field.scaled(condition.value, name=name, error=PolicyError),)
    elif isinstance(condition, Between):
        kind = NodeKind.BETWEEN
        _require_order(field, f"{path}.between", "between")
        bounds = (condition.low, condition.high)
        numbers = tuple(
            field.scaled(bound, name=f"{path}.between[{i}]", error=PolicyError)
            for i, bound in enumerate(bounds)
        )
        if numbers[0] > numbers[1]:
            rule = "must have a low bound that is at most the high one"
            raise PolicyError(f"{path}.between", rule, bounds)
    elif isinstance(condition, OneOf):
        kind = NodeKind.ONE_OF
        numbers = tuple(
            field.scaled(value, name=f"{path}.one_of[{i}]", error=PolicyError)
            for i, value in enumerate(condition.values)
        )
        if len(set(numbers)) < len(numbers):
            raise PolicyError(f"{path}.one_of", "must not repeat", condition.values)
    else:
        kind = NodeKind.IS_MISSING
    return Node(
        kind=kind,
        text=str(condition),
        depth=depth,
        field_index=used.setdefault(field, len(used)),
        op=op,
        numbers=numbers,
    )


def _require_order(field: Field, path: str, found: str) -> None:
    if not field.is_ordered:
        rule = f"must be == or != for {field.name}, whose kind is {field.kind}"
        raise PolicyError(path, rule, found)
