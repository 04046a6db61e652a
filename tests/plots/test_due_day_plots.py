"""A picture of an advice shows how often each day fell short."""

from __future__ import annotations

import sys

import attrs
import pytest

from microcrm_core import Currency, Money
from microcrm_core.adjustments import DueDayAdvice
from microcrm_core.errors import InvalidValueError, MissingExtraError
from microcrm_core.plots import plot_due_days

pytest.importorskip("matplotlib")

ADVICE = DueDayAdvice(
    due_day=12,
    current_due_day=5,
    needed=Money.of("120.00", Currency.of("EUR")),
    months=12,
    low_balance_minor_by_day=(9_000,) * 10 + (15_000,) * 18,
    shortfall_count_by_day=(4,) * 10 + (0,) * 17 + (12,),
)


def test_each_day_has_a_bar_of_its_shortfalls() -> None:
    (axes,) = plot_due_days(ADVICE).axes
    bars = [patch for container in axes.containers for patch in container]

    assert [bar.get_height() for bar in bars] == [*ADVICE.shortfall_count_by_day]
    middles = [bar.get_x() + bar.get_width() / 2 for bar in bars]
    assert middles == pytest.approx(range(1, 29))
    assert axes.get_ylim()[1] > 12


def test_the_current_and_the_advised_day_are_named() -> None:
    (axes,) = plot_due_days(ADVICE).axes

    named = {text.get_text(): text.xy for text in axes.texts}  # type: ignore[attr-defined] # annotations, which know their place

    assert named == {"current due day": (5, 4), "advised due day": (12, 0)}
    assert axes.get_title() == "days on which the balance does not cover EUR 120.00"
    assert axes.get_ylabel() == "months that fell short, of 12"


def test_a_day_that_stays_is_named_once() -> None:
    stays = attrs.evolve(ADVICE, due_day=5)

    (axes,) = plot_due_days(stays).axes

    assert [text.get_text() for text in axes.texts] == ["due day, which stays"]


def test_a_customer_without_a_due_day_has_an_advised_one_only() -> None:
    (axes,) = plot_due_days(attrs.evolve(ADVICE, current_due_day=None)).axes

    assert [text.get_text() for text in axes.texts] == ["advised due day"]


def test_an_advice_without_a_history_is_refused() -> None:
    none = attrs.evolve(
        ADVICE, due_day=None, low_balance_minor_by_day=(), shortfall_count_by_day=()
    )

    with pytest.raises(InvalidValueError, match="advice must compare days"):
        plot_due_days(none)


def test_it_draws_on_given_axes() -> None:
    from matplotlib.figure import Figure

    figure = Figure()
    axes = figure.add_subplot()

    assert plot_due_days(ADVICE, axes=axes) is figure
    assert len(axes.containers) == 28


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)

    with pytest.raises(MissingExtraError, match="plot_due_days needs the extra"):
        plot_due_days(ADVICE)
