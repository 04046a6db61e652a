from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core.batch import UNKNOWN, Int64s
from microcrm_core.errors import InvalidValueError
from microcrm_core.rules import (
    Condition,
    Field,
    FieldKind,
    Missing,
    Op,
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
from microcrm_core.rules.batch import evaluate_columns, first_hits, first_met
from tests.rules.strategies import FIELDS, conditions, facts


def columns_of(rows: list[Mapping[str, RuleFact]]) -> dict[str, Int64s]:
    return {
        field.name: np.array(
            [
                UNKNOWN if row[field.name] is None else field.scaled(row[field.name])
                for row in rows
            ],
            np.int64,
        )
        for field in FIELDS
    }


def scalar_outcomes(
    condition: Condition, rows: list[Mapping[str, RuleFact]]
) -> list[bool | None]:
    compiled = compile_condition(condition, FIELDS)
    return [evaluate(compiled, row).outcome for row in rows]


def batch_outcomes(
    condition: Condition, columns: Mapping[str, Int64s]
) -> list[bool | None]:
    found = evaluate_columns(compile_condition(condition, FIELDS), columns)
    assert not (found.is_met & found.is_unknown).any()
    return [
        None if unknown else met
        for met, unknown in zip(
            found.is_met.tolist(), found.is_unknown.tolist(), strict=True
        )
    ]


@given(condition=conditions, rows=st.lists(facts, min_size=1, max_size=12))
def test_columns_equal_the_scalar_on_every_row(
    condition: Condition, rows: list[Mapping[str, RuleFact]]
) -> None:
    assert batch_outcomes(condition, columns_of(rows)) == scalar_outcomes(
        condition, rows
    )


@pytest.mark.parametrize("name", ["days", "count"])
@pytest.mark.parametrize("op", Op)
def test_columns_equal_the_scalar_at_and_beside_every_threshold(
    name: str, op: Op
) -> None:
    # The ends of int64 are where an unknown value could pass for a small one.
    ends = [-(2**63) + 1, 2**63 - 1]
    values = [None, -1, 0, 1, *ends]
    rows: list[Mapping[str, RuleFact]] = [
        {field.name: None for field in FIELDS} | {name: value} for value in values
    ]
    for threshold in (0, *ends):
        leaf = compare(name, op, threshold)
        for condition in (leaf, not_(leaf), any_of(leaf, is_missing(name))):
            assert batch_outcomes(condition, columns_of(rows)) == scalar_outcomes(
                condition, rows
            )


def test_columns_equal_the_scalar_for_every_combination_of_missing_values() -> None:
    condition = any_of(
        all_of(between("days", 0, 1), not_(one_of("count", (0, 1)))),
        all_of(compare("trade", "!=", "food"), compare("has_shop", "==", True)),
        not_(compare("rate", ">=", "0.01")),
    )
    rows: list[Mapping[str, RuleFact]] = [
        {"days": d, "count": c, "rate": r, "trade": t, "has_shop": s}
        for d, c, r, t, s in product(
            (None, -1, 0, 1, 2),
            (None, 0, 1, 2),
            (None, 0, "0.01", "0.02"),
            (None, "food", "repair"),
            (None, True, False),
        )
    ]

    assert batch_outcomes(condition, columns_of(rows)) == scalar_outcomes(
        condition, rows
    )


def test_blocks_join_without_a_seam() -> None:
    # Only the last block holds an unknown value, and it is a short one.
    row_count = 3 * 65_536 + 5
    days = np.arange(row_count, dtype=np.int64)
    days[-1] = UNKNOWN
    bound = 2 * 65_536
    compiled = compile_condition(compare("days", "<", bound), FIELDS)

    found = evaluate_columns(compiled, {"days": days})

    assert found.is_met.sum() == bound
    assert found.is_met[:bound].all()
    assert np.flatnonzero(found.is_unknown).tolist() == [row_count - 1]


@pytest.mark.parametrize("condition_count", [1, 10, 127, 128, 129, 255, 300])
def test_the_first_hit_is_the_least_position_that_is_met(condition_count: int) -> None:
    # Row v meets the conditions v and above; the last two rows meet none.
    compiled = [
        compile_condition(compare("days", "<=", bound), FIELDS)
        for bound in range(condition_count)
    ]
    days = np.array([*range(condition_count + 1), UNKNOWN], np.int64)

    hits = first_hits(compiled, {"days": days})

    assert hits.first_index.tolist() == [*range(condition_count), -1, -1]
    assert hits.is_hit.sum(axis=0).tolist() == [*range(condition_count, -1, -1), 0]
    assert first_met(compiled, {"days": days}).tolist() == hits.first_index.tolist()


@given(
    declared=st.lists(conditions, min_size=1, max_size=4),
    rows=st.lists(facts, min_size=1, max_size=8),
)
def test_hits_equal_the_scalar_on_every_row(
    declared: list[Condition], rows: list[Mapping[str, RuleFact]]
) -> None:
    compiled = [compile_condition(condition, FIELDS) for condition in declared]

    hits = first_hits(compiled, columns_of(rows))

    expected = [
        [evaluate(item, row).outcome is True for row in rows] for item in compiled
    ]
    assert hits.is_hit.tolist() == expected
    assert hits.first_index.tolist() == [
        next((i for i, row in enumerate(expected) if row[r]), -1)
        for r in range(len(rows))
    ]


def test_no_rows_are_no_error() -> None:
    compiled = compile_condition(compare("days", ">", 0), FIELDS)
    columns = {"days": np.empty(0, np.int64)}

    assert evaluate_columns(compiled, columns).is_met.size == 0
    assert first_hits([compiled], columns).first_index.size == 0


def test_a_refused_missing_value_names_its_rows() -> None:
    field = Field("consent", FieldKind.FLAG, missing=Missing.REFUSE)
    compiled = compile_condition(compare("consent", "==", True), [field])

    with pytest.raises(InvalidValueError, match="2 of 3 rows: consent must be known"):
        evaluate_columns(compiled, {"consent": np.array([1, UNKNOWN, UNKNOWN])})


@pytest.mark.parametrize(
    ("columns", "rule"),
    [
        ({}, "must have 'days'"),
        ({"days": np.zeros(2), "trade": np.zeros(2, np.int64)}, "must be int64"),
        ({"days": np.zeros((2, 1), np.int64), "trade": np.zeros(2, np.int64)}, "shape"),
        ({"days": np.zeros(2, np.int64), "trade": np.zeros(3, np.int64)}, "2 rows"),
        ({"days": np.zeros(2, np.int64), "trade": np.array([0, 3])}, "must be 0 to 2"),
        ({"days": np.zeros(2, np.int64), "trade": np.array([-1, 0])}, "must be 0 to 2"),
    ],
)
def test_columns_that_cannot_be_judged_are_refused(
    columns: dict[str, Int64s], rule: str
) -> None:
    compiled = compile_condition(
        all_of(compare("days", ">", 0), compare("trade", "==", "food")), FIELDS
    )

    with pytest.raises(InvalidValueError, match=rule):
        evaluate_columns(compiled, columns)


def test_no_conditions_have_no_first_one() -> None:
    with pytest.raises(InvalidValueError, match="conditions must not be empty"):
        first_hits([], {})
