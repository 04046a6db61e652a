"""Decisions: one canonical text, safe against change, readable in two languages."""

from __future__ import annotations

import ast
import copy
import datetime as dt
import hashlib
import json
import pickle
from collections.abc import Iterator
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from string import Formatter
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import microcrm_core
from microcrm_core import (
    Currency,
    Decision,
    InvalidValueError,
    Language,
    Money,
    PolicyRef,
    Reason,
    canonical_json,
    digest,
    render,
)
from microcrm_core.decisions import frozen_json
from microcrm_core.reason_texts import TEXTS

SOURCES = Path(microcrm_core.__file__).parent
TODAY = dt.date(2025, 1, 31)


class Color(StrEnum):
    RED = "red"


@attrs.frozen
class Point:
    x: int
    y: int
    _hidden: float = 0.5


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4)
    ),
    max_leaves=12,
)


# Canonical JSON


def test_keys_are_ordered_as_in_the_example_of_rfc_8785() -> None:
    # RFC 8785, section 3.2.3: the input and the expected order of its values.
    keys = {
        "\u20ac": "Euro Sign",
        "\r": "Carriage Return",
        "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One",
        "\U0001f600": "Emoji: Grinning Face",
        "\u0080": "Control",
        "\u00f6": "Latin Small Letter O With Diaeresis",
    }
    assert list(json.loads(canonical_json(keys)).values()) == [
        "Carriage Return",
        "One",
        "Control",
        "Latin Small Letter O With Diaeresis",
        "Euro Sign",
        "Emoji: Grinning Face",
        "Hebrew Letter Dalet With Dagesh",
    ]


def test_texts_are_escaped_as_in_the_example_of_rfc_8785() -> None:
    # RFC 8785, section 3.2.2: the member "string" of the sample, and its form.
    text = "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/"
    assert canonical_json(text) == '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'
    assert canonical_json("\b\t\n\f\r\x7f") == '"\\b\\t\\n\\f\\r\x7f"'


def test_every_type_has_its_one_text() -> None:
    moment = dt.datetime(2025, 1, 31, 8, tzinfo=dt.timezone(dt.timedelta(hours=8)))
    for value, text in (
        (None, "null"),
        (True, "true"),
        (-7, "-7"),
        (Color.RED, '"red"'),
        (TODAY, '"2025-01-31"'),
        (moment, '"2025-01-31T00:00:00+00:00"'),
        (Fraction(6, 4), '"3/2"'),
        (Point(1, 2), '{"x":1,"y":2}'),
        ((1, [2]), "[1,[2]]"),
        ({Color.RED: 1}, '{"red":1}'),
        ("信", '"信"'),
    ):
        assert canonical_json(value) == text


@pytest.mark.parametrize(
    ("decimal", "text"),
    [
        ("0.240", "0.24"),
        ("2.00", "2"),
        ("100", "100"),
        ("1E+2", "100"),
        ("-0.0", "0"),
        ("-0", "0"),
        ("0.00", "0"),
        ("-1.50", "-1.5"),
    ],
)
def test_equal_decimals_have_one_text(decimal: str, text: str) -> None:
    assert canonical_json(Decimal(decimal)) == f'"{text}"'


def test_whole_numbers_stay_exact_beyond_the_doubles_of_json() -> None:
    assert canonical_json(2**53 + 1) == "9007199254740993"


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        {"x": [0.5]},
        {1: "x"},
        Decimal("NaN"),
        Decimal("Infinity"),
        "\ud800",
        {"\udfff": 1},
        dt.datetime(2025, 1, 31),  # noqa: DTZ001  # the missing zone is the point
        {1, 2},
        b"x",
        object(),
    ],
)
def test_what_has_no_exact_text_is_refused(value: object) -> None:
    with pytest.raises(InvalidValueError):
        canonical_json(value)
    with pytest.raises(InvalidValueError):
        frozen_json(value)


def test_a_value_that_holds_itself_is_refused() -> None:
    loop: list[object] = []
    loop.append(loop)
    with pytest.raises(InvalidValueError, match=r"at most 100 levels"):
        canonical_json(loop)
    deep: object = 1
    for _ in range(100):
        deep = [deep]
    assert canonical_json(deep) == "[" * 100 + "1" + "]" * 100


@given(json_values)
def test_canonical_json_is_json_and_its_own_fixed_point(value: object) -> None:
    text = canonical_json(value)
    assert json.loads(text) == value
    assert canonical_json(json.loads(text)) == text
    assert canonical_json(frozen_json(value)) == text


@given(st.dictionaries(st.text(), st.integers(), max_size=5))
def test_the_order_of_keys_does_not_matter(mapping: dict[str, int]) -> None:
    turned = dict(reversed(mapping.items()))
    assert digest(turned) == digest(mapping)


def test_the_digest_is_the_sha_256_of_the_utf_8_text() -> None:
    assert digest("信") == hashlib.sha256(b'"\xe4\xbf\xa1"').hexdigest()


# Decisions


def decision_of(**changes: Any) -> Decision[str]:
    parts: dict[str, Any] = {
        "outcome": "ordinary",
        "reasons": [Reason("tier_default", {"tier": "ordinary"})],
        "policy": PolicyRef.of("tiers", "1", {"a": 1}),
        "facts": {"loan_count": 1, "seen_on": TODAY, "kind": None, "is_new": True},
        "as_of": TODAY,
    }
    return Decision(**{**parts, **changes})


def test_a_decision_travels_between_processes() -> None:
    decision = decision_of()
    for twin in (pickle.loads(pickle.dumps(decision)), copy.deepcopy(decision)):
        assert twin == decision
        assert hash(twin) == hash(decision)
    assert digest(decision) == digest(decision_of())


def test_facts_in_another_order_make_the_same_decision() -> None:
    turned = decision_of(facts=dict(reversed(list(decision_of().facts.items()))))
    assert turned == decision_of()
    assert hash(turned) == hash(decision_of())
    assert decision_of(facts={}) != decision_of()


def test_a_decision_cannot_be_changed_through_what_made_it() -> None:
    facts: dict[str, object] = {"loan_count": 1}
    reasons = [Reason("price_no_loan")]
    params: dict[str, int] = {"months": 2, "months_min": 3}
    reason = Reason("due_day_no_history", params)
    decision = decision_of(facts=facts, reasons=reasons)
    facts["loan_count"] = 2
    reasons.clear()
    params["months"] = 99
    assert decision.facts["loan_count"] == 1
    assert decision.reasons == (Reason("price_no_loan"),)
    assert reason.params["months"] == 2
    with pytest.raises(TypeError):
        decision.facts["loan_count"] = 2  # type: ignore[index]  # on purpose


@pytest.mark.parametrize(
    "value", [1.5, Decimal(1), [1], {}, dt.datetime(2025, 1, 31, tzinfo=dt.UTC)]
)
def test_a_fact_is_a_whole_number_a_text_a_date_or_not_known(value: Any) -> None:
    with pytest.raises(InvalidValueError, match=r"^share must be a whole number, text"):
        decision_of(facts={"share": value})
    with pytest.raises(InvalidValueError, match=r"^share must be a whole number, text"):
        Reason("tier_default", {"share": value})


def test_a_decision_without_a_reason_is_refused() -> None:
    with pytest.raises(InvalidValueError, match=r"^reasons must not be empty"):
        decision_of(reasons=())


def test_a_policy_reference_follows_its_content() -> None:
    ref = PolicyRef.of("tiers", "1", {"a": 1})
    assert ref.digest == hashlib.sha256(b'{"a":1}').hexdigest()
    assert ref != PolicyRef.of("tiers", "1", {"a": 2})


# Texts


def parameters_of(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("code", sorted(TEXTS))
def test_every_text_has_both_languages_with_the_same_parameters(code: str) -> None:
    texts = TEXTS[code]
    assert set(texts) == set(Language)
    assert parameters_of(texts[Language.EN]) == parameters_of(texts[Language.ZH_CN])
    params = dict.fromkeys(parameters_of(texts[Language.EN]), 7)
    for language in Language:
        assert "{" not in render(Reason(code, params), language)


def reasons_in_source() -> Iterator[tuple[str, str, set[str] | None]]:
    """Yield place, code and literal parameter names of each `Reason("…")`."""
    for path in sorted(SOURCES.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            if getattr(node.func, "id", getattr(node.func, "attr", "")) != "Reason":
                continue
            code = node.args[0] if node.args else None
            if not isinstance(code, ast.Constant) or not isinstance(code.value, str):
                continue
            names: set[str] | None = set() if len(node.args) == 1 else None
            if len(node.args) > 1 and isinstance(node.args[1], ast.Dict):
                keys = node.args[1].keys
                if all(isinstance(key, ast.Constant) for key in keys):
                    names = {str(getattr(key, "value", "")) for key in keys}
            yield f"{path.name}:{node.lineno}", code.value, names


def test_no_reason_in_the_package_lacks_a_text_or_a_parameter_of_it() -> None:
    lacking = []
    for place, code, names in reasons_in_source():
        if code not in TEXTS:
            lacking.append(f"{place}: {code} has no text")
        elif names is not None:
            missing = parameters_of(TEXTS[code][Language.EN]) - names
            if missing:
                lacking.append(f"{place}: {code} lacks {sorted(missing)}")
    assert lacking == []


def test_figures_are_grouped_shares_are_percentages_and_dates_are_iso() -> None:
    amount = Reason(
        "due_day_recommended",
        {"due_day": 5, "balance_low_minor": 1_234_567, "months": 12},
    )
    assert "1,234,567" in amount.text()
    rate = Reason("price_base", {"rate_ppm": 245_000})
    assert rate.text("en") == "the base rate is 24.5% a year"
    assert rate.text(Language.ZH_CN) == "基准年利率为 24.5%"
    tiny = Reason("price_base", {"rate_ppm": 1})
    assert tiny.text() == "the base rate is 0.0001% a year"
    on = Reason("condition_met", {"condition": "seen", "value": TODAY})
    assert on.text() == "seen holds: the value is 2025-01-31"


def test_a_decision_explains_itself_in_order_and_in_both_languages() -> None:
    decision = decision_of(
        reasons=[
            Reason("price_no_loan"),
            Reason("tier_default", {"tier": "ordinary"}),
        ]
    )
    assert decision.explain() == (
        "there is no requested loan and no earlier loan to repeat",
        "no rule of a better or worse tier holds, so the tier is ordinary",
    )
    assert decision.explain("zh-CN")[0] == "没有申请中的贷款，也没有可复制的历史贷款"


def test_what_cannot_be_rendered_is_refused_with_its_reason() -> None:
    reason = Reason("tier_default", {"tier": "ordinary"})
    with pytest.raises(InvalidValueError, match=r"^language must be one of en, zh-CN"):
        render(reason, "fr")
    with pytest.raises(InvalidValueError, match=r"^code must have texts, got 'nope'"):
        render(Reason("nope"))
    with pytest.raises(InvalidValueError, match=r"must have the parameter 'tier'"):
        render(Reason("tier_default"))


def test_a_notebook_shows_outcome_reasons_facts_and_policy_escaped() -> None:
    decision = Decision(
        outcome="<ordinary>",
        reasons=(Reason("price_no_loan"),),
        policy=PolicyRef.of("pricing", "7", {}),
        facts={"tenure_days": 12},
        as_of=dt.date(2025, 1, 31),
    )
    html = decision._repr_html_()

    for text in ("&lt;ordinary&gt;", "no requested loan", "tenure_days", "pricing 7"):
        assert text in html
    assert "2025-01-31" in html


@attrs.frozen(kw_only=True)
class _Advice:
    day: int
    earlier: int | None
    needed: Money
    by_day: tuple[int, ...]


def test_a_printed_decision_takes_a_few_lines() -> None:
    decision = Decision(
        outcome=_Advice(
            day=12,
            earlier=None,
            needed=Money.of("10.00", Currency.of("EUR")),
            by_day=(1, 2, 3),
        ),
        reasons=(
            Reason("due_day_keeps", {"due_day": 12}),
            Reason("weekday_keeps", {"weekday": "friday"}),
        ),
        policy=PolicyRef.of("due-day", "7", {}),
        facts={},
        as_of=dt.date(2025, 1, 31),
    )

    assert str(decision).splitlines() == [
        "outcome day 12, needed EUR 10.00",
        "why     no day is better than the current due day 12",
        "        no weekday is better than the current one, Friday",
        "policy  due-day 7",
        "as of   2025-01-31",
    ]
    assert repr(decision).startswith("Decision(outcome=")


def test_a_weekday_is_named_in_the_language_and_any_other_text_as_it_is() -> None:
    named = Reason("weekday_keeps", {"weekday": "sunday"})
    other = Reason("weekday_keeps", {"weekday": "holiday"})

    assert named.text("zh-CN") == "没有比当前还款日星期日更合适的日子"
    assert other.text("en") == "no weekday is better than the current one, holiday"
