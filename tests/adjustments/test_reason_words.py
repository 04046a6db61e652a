"""Words of a quote's reasons: what Chinese readers see of kinds, classes and causes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import pytest

from microcrm_core import Reason
from microcrm_core.adjustments import AbsorbedBy, AdjustmentKind
from microcrm_core.ledger import DefaultState, ImpairmentStage, LoanClass
from microcrm_core.loans import Arithmetic, RateMeasure
from microcrm_core.reason_texts import TEXTS, VALUE_NAMES, Language

CHOICES: Final[list[tuple[str, Iterable[str]]]] = [
    ("kind", AdjustmentKind),
    ("measure", RateMeasure),
    ("absorbed_by", AbsorbedBy),
    ("arithmetic", Arithmetic),
    ("before", [*LoanClass, *ImpairmentStage, *DefaultState]),
    ("after", [*LoanClass, *ImpairmentStage, *DefaultState]),
]


@pytest.mark.parametrize(("name", "values"), CHOICES)
def test_every_choice_has_words_in_chinese(name: str, values: Iterable[str]) -> None:
    names = VALUE_NAMES[name]
    assert names.keys() == {str(value) for value in values}
    for value, words in names.items():
        assert words[Language.EN]
        assert value not in words[Language.ZH_CN]
        assert not words[Language.ZH_CN].isascii()


def test_classes_are_told_in_words() -> None:
    classes = {"before": "stage_2", "after": "stage_1"}
    reason = Reason("adjust_class_changes", {"policy": "ifrs-9", **classes})
    assert reason.text("zh-CN") == "按 ifrs-9，分类由 第二阶段 变为 第一阶段"
    assert reason.text("en") == "by ifrs-9 the class was stage_2 and is stage_1"


def test_a_value_without_words_is_shown_as_it_is() -> None:
    amounts = {"before": "EUR 1.00", "after": "EUR 2.00"}
    reason = Reason("adjust_changes_principal", amounts)
    assert reason.text("zh-CN") == "本金将由 EUR 1.00 变为 EUR 2.00"


@pytest.mark.parametrize("taken_by", [*AbsorbedBy, "each"])
@pytest.mark.parametrize("cause", VALUE_NAMES["cause"])
def test_who_takes_a_cost_is_told_in_words(taken_by: str, cause: str) -> None:
    code = f"adjust_absorbed_by_{taken_by}"
    params = {"absorbed_by": "last_installment", "cause": cause}
    for language in TEXTS[code]:
        text = Reason(code, params).text(language)
        assert "_" not in text
        assert VALUE_NAMES["cause"][cause][language] in text
