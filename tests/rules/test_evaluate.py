from __future__ import annotations

import pickle
from collections.abc import Mapping
from decimal import Decimal

import pytest
from hypothesis import given

from microcrm_core.errors import InvalidValueError, PolicyError
from microcrm_core.rules import (
    Condition,
    Field,
    FieldKind,
    Missing,
    RuleFact,
    all_of,
    any_of,
    between,
    compare,
    compile_condition,
    evaluate,
    is_missing,
    not_,
    one_of,
)
from tests.rules.strategies import FIELDS, conditions, facts

# One fact that is met, one that is unmet and one that is not known.
TRUTH = [Field(name, FieldKind.WHOLE) for name in ("yes", "no", "maybe")]
TRUTH_FACTS = {"yes": 1, "no": 0}
YES, NO, MAYBE = (compare(field.name, "==", 1) for field in TRUTH)


def outcome(condition: Condition, values: Mapping[str, RuleFact]) -> bool | None:
    fields = FIELDS if not set(values) - {f.name for f in FIELDS} else TRUTH
    return evaluate(compile_condition(condition, fields), values).outcome


@pytest.mark.parametrize(
    ("left", "right", "both", "either"),
    [
        # The strong tables of Kleene (1952), section 64.
        (YES, YES, True, True),
        (YES, NO, False, True),
        (YES, MAYBE, None, True),
        (NO, YES, False, True),
        (NO, NO, False, False),
        (NO, MAYBE, False, None),
        (MAYBE, YES, None, True),
        (MAYBE, NO, False, None),
        (MAYBE, MAYBE, None, None),
    ],
)
def test_groups_follow_the_strong_tables(
    left: Condition, right: Condition, both: bool | None, either: bool | None
) -> None:
    assert outcome(all_of(left, right), TRUTH_FACTS) is both
    assert outcome(any_of(left, right), TRUTH_FACTS) is either


@pytest.mark.parametrize(
    ("inner", "expected"), [(YES, False), (NO, True), (MAYBE, None)]
)
def test_the_opposite_of_unknown_is_unknown(
    inner: Condition, expected: bool | None
) -> None:
    assert outcome(not_(inner), TRUTH_FACTS) is expected


@pytest.mark.parametrize(
    ("op", "below", "equal", "above"),
    [
        ("==", False, True, False),
        ("!=", True, False, True),
        ("<", True, False, False),
        ("<=", True, True, False),
        (">", False, False, True),
        (">=", False, True, True),
    ],
)
def test_a_tie_goes_where_the_operator_says(
    op: str, below: bool, equal: bool, above: bool
) -> None:
    condition = compare("days", op, 30)

    found = [outcome(condition, {"days": value}) for value in (29, 30, 31)]

    assert found == [below, equal, above]


def test_both_bounds_of_a_range_are_inside() -> None:
    condition = between("days", 1, 30)

    found = [outcome(condition, {"days": value}) for value in (0, 1, 30, 31)]

    assert found == [False, True, True, False]


def test_a_missing_value_may_count_as_unmet() -> None:
    assert outcome(compare("count", ">", 0), {}) is False
    assert outcome(not_(compare("count", ">", 0)), {"count": None}) is True


def test_a_missing_value_may_be_refused() -> None:
    field = Field("consent", FieldKind.FLAG, missing=Missing.REFUSE)
    compiled = compile_condition(
        any_of(is_missing("consent"), compare("consent", "==", True)), [field]
    )

    with pytest.raises(InvalidValueError, match="consent must be known"):
        evaluate(compiled, {})


def test_being_missing_is_never_unknown() -> None:
    assert outcome(is_missing("days"), {}) is True
    assert outcome(is_missing("count"), {}) is True
    assert outcome(is_missing("days"), {"days": 0}) is False


def test_the_trace_goes_on_where_the_outcome_is_certain() -> None:
    condition = any_of(
        compare("days", ">=", 30),
        compare("rate", "<", "0.3"),
        all_of(between("days", 40, 50), compare("trade", "==", "food")),
        one_of("count", (1, 2)),
    )
    compiled = compile_condition(condition, FIELDS)

    trace = evaluate(
        compiled, {"days": 42, "rate": Decimal("0.35"), "trade": "repair"}
    ).trace

    rows = [(s.condition, s.outcome, s.value, s.distance, s.depth) for s in trace[1:]]
    assert trace[0].outcome is True
    assert rows == [
        ("days >= 30", True, 42, 12, 1),
        ("rate < 0.3", False, Decimal("0.35"), Decimal("0.05"), 1),
        ("all of (40 <= days <= 50, trade == food)", False, None, None, 1),
        ("40 <= days <= 50", True, 42, 2, 2),
        ("trade == food", False, "repair", None, 2),
        ("count in (1, 2)", False, None, None, 1),
    ]


@pytest.mark.parametrize(
    ("value", "distance"), [(35, -5), (40, 0), (44, 4), (46, -4), (53, 3)]
)
def test_the_distance_to_a_range_is_that_to_the_nearer_bound(
    value: int, distance: int
) -> None:
    compiled = compile_condition(between("days", 40, 50), FIELDS)

    assert evaluate(compiled, {"days": value}).trace[0].distance == distance


@pytest.mark.parametrize(
    ("condition", "path", "rule"),
    [
        (compare("day", "<", 1), "condition.field", "did you mean 'days'"),
        (compare("days", "<", "1"), "condition.value", "must be a whole number"),
        (compare("days", "==", True), "condition.value", "not a flag"),
        (compare("days", "<", 2**63), "condition.value", "int64"),
        (compare("rate", "<", "0.001"), "condition.value", "at most 2 digits"),
        (compare("trade", "<", "food"), "condition.op", "must be == or !="),
        (compare("has_shop", ">", False), "condition.op", "must be == or !="),
        (compare("trade", "==", "mining"), "condition.value", "must be one of"),
        (between("trade", "food", "repair"), "condition.between", "must be =="),
        (between("days", 2, 1), "condition.between", "low bound"),
        (between("days", 1, "2"), "condition.between[1]", "whole number"),
        (one_of("rate", ("0.1", "0.10")), "condition.one_of", "must not repeat"),
        (
            all_of(is_missing("days"), not_(any_of(compare("days", "<", "x")))),
            "condition.all_of[1].not.any_of[0].value",
            "must be a whole number",
        ),
    ],
)
def test_a_condition_that_does_not_fit_the_fields_is_refused_with_its_path(
    condition: Condition, path: str, rule: str
) -> None:
    with pytest.raises(PolicyError, match=rule) as caught:
        compile_condition(condition, FIELDS)
    assert caught.value.field == path


def test_what_is_no_condition_is_refused_with_its_path() -> None:
    with pytest.raises(PolicyError, match="rules must be a condition, got 'days > 3'"):
        compile_condition("days > 3", FIELDS, path="rules")  # type: ignore[arg-type]  # on purpose


@pytest.mark.parametrize(
    "condition", [compare("birthday", "<", 1), is_missing("birthday")]
)
def test_a_protected_field_is_refused_wherever_it_is_named(
    condition: Condition,
) -> None:
    birthday = Field("birthday", FieldKind.WHOLE, is_protected=True)

    with pytest.raises(PolicyError, match="protected"):
        compile_condition(not_(condition), [birthday])


@pytest.mark.parametrize(
    "values", [{"days": 1.0}, {"days": True}, {"days": "1"}, {"days": Decimal(1)}]
)
def test_a_fact_of_another_kind_is_refused_by_name(values: dict[str, object]) -> None:
    compiled = compile_condition(compare("days", ">", 0), FIELDS)

    with pytest.raises(InvalidValueError) as caught:
        evaluate(compiled, values)  # type: ignore[arg-type]  # wrong on purpose
    assert caught.value.field == "days"


@given(condition=conditions, values=facts)
def test_a_double_negation_changes_nothing(
    condition: Condition, values: Mapping[str, RuleFact]
) -> None:
    assert outcome(not_(not_(condition)), values) is outcome(condition, values)


@given(left=conditions, right=conditions, values=facts)
def test_negation_turns_all_into_any(
    left: Condition, right: Condition, values: Mapping[str, RuleFact]
) -> None:
    # De Morgan's law, which the strong tables keep.
    assert outcome(not_(all_of(left, right)), values) is outcome(
        any_of(not_(left), not_(right)), values
    )


@given(condition=conditions, values=facts)
def test_the_trace_holds_every_condition_once(
    condition: Condition, values: Mapping[str, RuleFact]
) -> None:
    evaluation = evaluate(compile_condition(condition, FIELDS), values)

    node_count = getattr(condition, "node_count", 1)
    assert len(evaluation.trace) == node_count
    assert evaluation.trace[0].condition == str(condition)


def test_a_compiled_condition_survives_a_trip_between_processes() -> None:
    compiled = compile_condition(all_of(compare("days", ">", 1)), FIELDS)

    assert pickle.loads(pickle.dumps(compiled)) == compiled
