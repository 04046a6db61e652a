"""Random fields, conditions and facts for the laws of rules and tiers."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from hypothesis import strategies as st

from microcrm_core.rules import (
    Condition,
    Field,
    FieldKind,
    FieldSet,
    Missing,
    Op,
    RuleFact,
    all_of,
    any_of,
    between,
    compare,
    is_missing,
    not_,
    one_of,
)

CHOICES: Final = ("food", "transport", "repair")

FIELDS: Final = FieldSet(
    (
        Field("days", FieldKind.WHOLE, unit="days"),
        Field("count", FieldKind.WHOLE, missing=Missing.UNMET),
        Field("rate", FieldKind.DECIMAL, scale=2),
        Field("trade", FieldKind.TEXT, choices=CHOICES),
        Field("has_shop", FieldKind.FLAG),
    )
)

# So few numbers that values and thresholds meet all the time.
numbers = st.integers(-2, 2)


def _leaves() -> st.SearchStrategy[Condition]:
    whole = st.sampled_from(("days", "count"))
    bounds = st.tuples(numbers, numbers).map(sorted)
    cents = numbers.map(lambda number: Decimal(number).scaleb(-2))
    equality = st.sampled_from((Op.EQ, Op.NE))
    values = st.lists(numbers, min_size=1, max_size=3, unique=True)
    texts = st.lists(st.sampled_from(CHOICES), min_size=1, max_size=3, unique=True)
    return st.one_of(
        st.builds(compare, whole, st.sampled_from(Op), numbers),
        st.builds(compare, st.just("rate"), st.sampled_from(Op), cents),
        st.builds(compare, st.just("trade"), equality, st.sampled_from(CHOICES)),
        st.builds(compare, st.just("has_shop"), equality, st.booleans()),
        st.builds(lambda name, pair: between(name, *pair), whole, bounds),
        st.builds(one_of, whole, values),
        st.builds(one_of, st.just("trade"), texts),
        st.builds(is_missing, st.sampled_from([field.name for field in FIELDS])),
    )


def _groups(parts: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    several = st.lists(parts, min_size=1, max_size=3)
    return st.one_of(
        several.map(lambda items: all_of(*items)),
        several.map(lambda items: any_of(*items)),
        parts.map(not_),
    )


conditions: st.SearchStrategy[Condition] = st.recursive(
    _leaves(), _groups, max_leaves=8
)

facts: st.SearchStrategy[Mapping[str, RuleFact]] = st.fixed_dictionaries(
    {
        "days": st.none() | numbers,
        "count": st.none() | numbers,
        "rate": st.none() | numbers.map(lambda number: Decimal(number).scaleb(-2)),
        "trade": st.none() | st.sampled_from(CHOICES),
        "has_shop": st.none() | st.booleans(),
    }
)
