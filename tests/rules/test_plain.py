from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given

from microcrm_core.errors import PolicyError
from microcrm_core.rules import (
    Condition,
    Field,
    FieldDirection,
    FieldKind,
    Missing,
    compare,
    condition_from_plain,
    condition_to_plain,
    field_from_plain,
    field_to_plain,
)
from tests.rules.strategies import FIELDS, conditions


@given(condition=conditions)
def test_a_condition_survives_the_way_through_json(condition: Condition) -> None:
    text = json.dumps(condition_to_plain(condition))

    assert condition_from_plain(json.loads(text)) == condition


def test_a_decimal_is_written_as_exact_text() -> None:
    plain = condition_to_plain(compare("rate", "<", Decimal("0.240")))

    assert plain == {"field": "rate", "op": "<", "value": "0.24"}


LEAF = {"field": "a", "is_missing": True}


@pytest.mark.parametrize(
    ("plain", "path", "rule"),
    [
        (None, "condition", "must be a JSON object"),
        ([], "condition", "must be a JSON object"),
        ({}, "condition", "must have the keys of one of"),
        ({1: LEAF}, "condition", "must have text keys"),
        ({**LEAF, "x": 1}, "condition", "must have the keys of one of"),
        ({"field": "a", "is_missing": 1}, "condition.is_missing", "must be true"),
        ({"field": " a", "is_missing": True}, "condition.field", "must be text"),
        ({"field": 3, "op": "<", "value": 1}, "condition.field", "must be text"),
        ({"field": "a", "op": "eval", "value": 1}, "condition.op", "must be one of"),
        ({"field": "a", "op": ["<"], "value": 1}, "condition.op", "must be one of"),
        ({"field": "a", "op": "<", "value": 0.3}, "condition.value", "must be exact"),
        ({"field": "a", "op": "<", "value": None}, "condition.value", "whole number"),
        ({"field": "a", "op": "<", "value": {}}, "condition.value", "whole number"),
        ({"field": "a", "between": [1]}, "condition.between", "two bounds"),
        ({"field": "a", "between": [1, 2.5]}, "condition.between[1]", "must be exact"),
        ({"field": "a", "one_of": []}, "condition.one_of", "1 to 1000 items"),
        ({"field": "a", "one_of": "abc"}, "condition.one_of", "must be a list"),
        ({"all_of": []}, "condition.all_of", "1 to 1000 items"),
        ({"all_of": [LEAF] * 1001}, "condition.all_of", "1 to 1000 items"),
        ({"all_of": {"a": LEAF}}, "condition.all_of", "must be a list"),
        ({"any_of": [LEAF, 5]}, "condition.any_of[1]", "must be a JSON object"),
        ({"not": {"not": 1}}, "condition.not.not", "must be a JSON object"),
    ],
)
def test_what_is_no_condition_is_refused_with_its_path(
    plain: object, path: str, rule: str
) -> None:
    with pytest.raises(PolicyError, match=rule) as caught:
        condition_from_plain(plain)
    assert caught.value.field == path


def test_levels_are_bounded_before_they_are_built() -> None:
    plain: dict[str, object] = dict(LEAF)
    for _ in range(100_000):
        plain = {"not": plain}

    with pytest.raises(PolicyError, match="at most 32 levels"):
        condition_from_plain(plain)


def test_a_structure_that_contains_itself_is_refused() -> None:
    plain: dict[str, object] = {}
    plain["all_of"] = [plain, plain]

    with pytest.raises(PolicyError):
        condition_from_plain(plain)


def test_conditions_are_counted_over_all_groups() -> None:
    plain = {"any_of": [{"all_of": [LEAF] * 40}] * 40}

    with pytest.raises(PolicyError, match="within the first 1000 conditions"):
        condition_from_plain(plain)


@pytest.mark.parametrize("field", [*FIELDS, Field("x", FieldKind.FLAG)])
def test_a_field_survives_the_way_through_json(field: Field) -> None:
    assert field_from_plain(json.loads(json.dumps(field_to_plain(field)))) == field


def test_every_part_of_a_field_is_kept() -> None:
    field = Field(
        "rate",
        FieldKind.DECIMAL,
        unit="a year",
        missing=Missing.REFUSE,
        is_protected=True,
        direction=FieldDirection.LOWER_IS_BETTER,
        scale=4,
    )

    assert field_from_plain(field_to_plain(field)) == field


@pytest.mark.parametrize(
    ("part", "path"),
    [
        ({"kind": "money"}, "field.kind"),
        ({"scale": 1}, "field.scale"),
        ({"scale": True}, "field.scale"),
        ({"is_protected": "no"}, "field.is_protected"),
        ({"missing": "zero"}, "field.missing"),
        ({"direction": "up"}, "field.direction"),
        ({"choices": ["a", 1]}, "field.choices[1]"),
        ({"choices": ["a"]}, "field.choices"),
        ({"unit": ""}, "field.unit"),
        ({"colour": "red"}, "field"),
        ({"name": ""}, "field.name"),
    ],
)
def test_a_faulty_field_is_refused_with_its_path(
    part: dict[str, object], path: str
) -> None:
    with pytest.raises(PolicyError) as caught:
        field_from_plain({"name": "x", "kind": "whole", **part})
    assert caught.value.field == path
