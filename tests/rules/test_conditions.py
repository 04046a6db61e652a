from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import pytest

from microcrm_core.errors import PolicyError
from microcrm_core.rules import (
    Condition,
    all_of,
    any_of,
    between,
    compare,
    is_missing,
    not_,
    one_of,
)
from microcrm_core.rules.conditions import DEPTH_MAX, NODES_MAX


def test_the_short_form_reads_like_the_rule() -> None:
    condition = all_of(
        compare("days_past_due", "<=", 30),
        any_of(between("rate", Decimal("0.10"), "0.3"), is_missing("rate")),
        not_(one_of("kind", ("sole_trader", "wage_earner"))),
        compare("has_shop", "==", True),
    )

    assert str(condition) == (
        "all of (days_past_due <= 30, any of (0.1 <= rate <= 0.3, rate is missing), "
        "not (kind in (sole_trader, wage_earner)), has_shop == true)"
    )


def test_a_float_is_refused_with_what_to_write_instead() -> None:
    with pytest.raises(PolicyError) as caught:
        compare("rate", "<", 0.3)  # type: ignore[arg-type]  # wrong on purpose
    expected = 'value must be exact, got 0.3; write it as text "0.3"'
    assert str(caught.value) == expected


def test_a_float_beside_a_decimal_is_refused() -> None:
    with pytest.raises(PolicyError, match="high must be exact"):
        between("rate", Decimal("0.1"), 0.3)  # type: ignore[arg-type]  # on purpose


def test_an_unknown_operator_is_refused() -> None:
    with pytest.raises(PolicyError, match="must be one of ==, !=, <, <=, >, >="):
        compare("a", "=>", 1)


@pytest.mark.parametrize("join", [all_of, any_of])
def test_an_empty_group_is_refused(join: type) -> None:
    # all of nothing would be met by everyone: more likely a mistake than a rule.
    with pytest.raises(PolicyError, match="must not be empty"):
        join()


def test_an_empty_list_of_values_is_refused() -> None:
    with pytest.raises(PolicyError, match="must hold 1 to 1000 values, got 0"):
        one_of("a", ())


def test_levels_are_bounded() -> None:
    condition: Condition = is_missing("a")
    for _ in range(DEPTH_MAX - 1):
        condition = not_(condition)

    with pytest.raises(PolicyError, match="at most 32 levels, got 33"):
        not_(condition)


def test_the_number_of_conditions_is_bounded_however_they_are_shared() -> None:
    # Doubling a shared part nine times makes a thousand conditions of one.
    condition: Condition = is_missing("a")
    for _ in range(8):
        condition = all_of(condition, condition)
    widest = all_of(*[is_missing("a")] * (NODES_MAX - 1))

    assert widest.node_count == NODES_MAX
    with pytest.raises(PolicyError, match="at most 1000 conditions, got 1023"):
        all_of(condition, condition)


def test_a_choice_is_kept_as_its_stored_text() -> None:
    class Kind(StrEnum):
        SOLE_TRADER = "sole_trader"

    condition = compare("kind", "==", Kind.SOLE_TRADER)

    assert condition == compare("kind", "==", "sole_trader")
    assert type(condition.value) is str


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("1E+999999999"), None, b"x"])
def test_a_value_without_one_exact_form_is_refused(value: object) -> None:
    with pytest.raises(PolicyError, match="value must be a"):
        compare("rate", "<", value)  # type: ignore[arg-type]  # wrong on purpose


def test_one_text_is_not_taken_for_a_list_of_letters() -> None:
    with pytest.raises(PolicyError, match="must be a list, not one text"):
        one_of("kind", "food")


def test_what_is_no_condition_is_refused_in_a_group() -> None:
    with pytest.raises(PolicyError, match="must all be conditions, got 'a > 1'"):
        all_of("a > 1")  # type: ignore[arg-type]  # wrong on purpose
