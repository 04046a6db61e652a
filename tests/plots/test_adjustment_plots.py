"""A picture of a quote shows the numbers of the quote, and touches nothing else."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from microcrm_core import STRICT, Currency, Frequency, LoanTerms, Money, Rate
from microcrm_core.adjustments import (
    ADJUSTMENTS_LENIENT,
    AdjustmentKind,
    AdjustmentQuote,
    ExtendTerm,
    ShiftDueDates,
    quote_adjustment,
)
from microcrm_core.errors import InvalidValueError, MissingExtraError
from microcrm_core.ids import LoanId
from microcrm_core.ledger import (
    PLAIN_LEDGER,
    Disbursed,
    LedgerEvent,
    LoanAccount,
)
from microcrm_core.plots import plot_adjustment
from microcrm_core.plots.adjustment_series import (
    DuePair,
    due_pairs,
    points_after,
    points_before,
)
from tests.plots.recipe_quotes import QUOTES, quote_of

pytest.importorskip("matplotlib")

if TYPE_CHECKING:
    from matplotlib.axes import Axes

EUR = Currency.of("EUR")
LENT_ON = dt.date(2025, 1, 15)
KINDS = pytest.mark.parametrize("kind", QUOTES, ids=str)


def account(installment_count: int) -> LoanAccount:
    terms = LoanTerms(
        principal=Money.of("1000.00", EUR),
        nominal_rate=Rate.per_year(0),
        installment_count=installment_count,
        frequency=Frequency.MONTHLY,
        disbursed_on=LENT_ON,
        first_due_on=dt.date(2025, 2, 15),
    )
    lent = LedgerEvent.of(
        Disbursed(amount=terms.principal),
        loan_id=LoanId("loan-7"),
        value_on=LENT_ON,
        recorded_at=dt.datetime(2025, 1, 15, tzinfo=dt.UTC),
        idempotency_key="lent",
    )
    return LoanAccount(
        loan_id=LoanId("loan-7"),
        terms=terms,
        events=[lent],
        conventions=STRICT,
        policy=PLAIN_LEDGER,
    )


def extended(installment_count: int, added_count: int) -> AdjustmentQuote:
    return quote_adjustment(
        account(installment_count),
        ExtendTerm(added_count),
        ADJUSTMENTS_LENIENT,
        LENT_ON,
    ).outcome


def axes_of(quote: AdjustmentQuote) -> tuple[Axes, Axes]:
    bars, lines = plot_adjustment(quote).axes
    return bars, lines


def heights(axes: Axes, label: str) -> list[float]:
    found = next(one for one in axes.containers if one.get_label() == label)
    return [bar.get_height() for bar in found.patches]  # type: ignore[attr-defined] # containers are typed without what they hold


def amounts(column: list[Decimal | None]) -> list[float]:
    return [float(amount) for amount in column if amount is not None]


@pytest.mark.parametrize(
    "kind", [kind for kind in QUOTES if kind is not AdjustmentKind.RENEW], ids=str
)
def test_the_bars_are_the_totals_of_the_quote(kind: AdjustmentKind) -> None:
    quote = quote_of(kind)
    columns = quote.to_columns()
    bars, _ = axes_of(quote)

    for side in ("before", "after"):
        column = columns[f"total_{side}"]
        assert heights(bars, side) == amounts(column)  # type: ignore[arg-type] # a column of amounts


def test_the_bars_of_a_renewal_are_those_of_both_loans() -> None:
    quote = quote_of(AdjustmentKind.RENEW)
    assert quote.renewal is not None
    bars, _ = axes_of(quote)

    old = [row.charged_minor - row.waived_minor for row in quote.before.rows]
    assert heights(bars, "before") == [minor / 100 for minor in old]
    new = quote.renewal.schedule.total_minor
    assert heights(bars, "after") == [minor / 100 for minor in new]


@KINDS
def test_the_lines_begin_with_what_is_owed_and_end_at_zero(
    kind: AdjustmentKind,
) -> None:
    quote = quote_of(kind)
    _, axes = axes_of(quote)
    before, after = axes.get_lines()

    owed = quote.before.outstanding.principal
    assert points_before(quote)[0][1] == owed.minor
    for line, points in (
        (before, points_before(quote)),
        (after, points_after(quote)),
    ):
        days = np.asarray(line.get_xdata(orig=True)).tolist()
        assert days == [on for on, _ in points]
        drawn = np.asarray(line.get_ydata()).tolist()
        assert drawn == [minor / 100 for _, minor in points]
        assert points[-1][1] == 0
        assert points[0][0] == quote.as_of


def test_principal_falls_by_hand() -> None:
    # 1000.00 without interest in four, and with four more in eight installments.
    quote = extended(4, 4)

    assert [minor for _, minor in points_before(quote)] == [
        100_000, 75_000, 50_000, 25_000, 0,
    ]  # fmt: skip
    assert [minor for _, minor in points_after(quote)] == [
        100_000, 87_500, 75_000, 62_500, 50_000, 37_500, 25_000, 12_500, 0,
    ]  # fmt: skip


def test_a_pair_tells_its_due_dates() -> None:
    old, new = (dt.date(2025, 2, 15), 100), (dt.date(2025, 2, 25), 101)

    assert DuePair(old, new).text == "2025-02-15\n→ 2025-02-25"
    assert DuePair(old, (old[0], 101)).text == "2025-02-15"
    assert DuePair(old, None).text == "2025-02-15"
    assert DuePair(None, new).text == "→ 2025-02-25"


def test_labels_name_the_currency_the_loan_and_the_day() -> None:
    bars, lines = axes_of(quote_of(AdjustmentKind.CHANGE_DUE_DAY))

    assert bars.get_title(loc="left") == "loan-7, quoted on 2025-02-20"
    assert bars.get_ylabel() == "due with each installment, EUR"
    assert lines.get_ylabel() == "principal outstanding, EUR"
    assert lines.get_xlabel() == "day, from 2025-02-20 on"
    for axes in (bars, lines):
        legend = axes.get_legend()
        assert legend is not None
        assert [text.get_text() for text in legend.get_texts()] == ["before", "after"]


def test_few_bars_tell_their_amounts_and_many_their_dates_only() -> None:
    few, _ = axes_of(extended(4, 2))
    many, lines = axes_of(extended(60, 12))

    assert "166.67" in [text.get_text() for text in few.texts]
    assert not many.texts
    # One of six, so that dates do not run into each other.
    told = [label.get_text() for label in many.get_xticklabels()]
    assert len(told) == 12
    assert told[:2] == ["2025-02-15", "2025-08-15"]
    assert len(lines.get_xticklabels()) <= 7


def test_a_refused_quote_without_a_schedule_shows_the_loan_as_it_stands() -> None:
    quote = quote_adjustment(
        account(4), ShiftDueDates(-300), ADJUSTMENTS_LENIENT, LENT_ON
    ).outcome
    assert quote.after is None
    bars, lines = axes_of(quote)

    assert heights(bars, "before") == [250.0] * 4
    assert [one.get_label() for one in bars.containers] == ["before"]
    assert [line.get_label() for line in lines.get_lines()] == ["before"]
    assert bars.get_xlabel() == "due date"
    assert due_pairs(quote)[0].after is None


def test_it_draws_on_given_axes() -> None:
    from matplotlib.figure import Figure

    figure = Figure()
    axes = [figure.add_subplot(1, 2, 1), figure.add_subplot(1, 2, 2)]

    assert plot_adjustment(extended(4, 2), axes=axes) is figure
    assert len(axes[0].containers) == 2
    assert len(axes[1].get_lines()) == 2


def test_it_draws_in_a_part_of_a_figure() -> None:
    from matplotlib.figure import Figure

    figure = Figure()
    part = figure.add_subfigure(figure.add_gridspec(1, 2)[0, 1])
    axes = [part.add_subplot(2, 1, 1), part.add_subplot(2, 1, 2)]

    assert plot_adjustment(extended(4, 2), axes=axes) is figure


def test_one_axes_alone_is_refused() -> None:
    from matplotlib.figure import Figure

    with pytest.raises(InvalidValueError, match="axes must be two"):
        plot_adjustment(extended(4, 2), axes=[Figure().add_subplot()])


def test_the_quote_draws_itself() -> None:
    from matplotlib.figure import Figure

    assert isinstance(extended(4, 2).plot(), Figure)


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    quote = extended(4, 2)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)

    with pytest.raises(MissingExtraError, match="plot_adjustment needs the extra"):
        plot_adjustment(quote)


def test_neither_pyplot_nor_a_setting_is_touched(tmp_path: Path) -> None:
    program = (
        "import sys, matplotlib\n"
        # To ask for the backend would choose one, and load pyplot.
        "def settings():\n"
        "    names = [name for name in matplotlib.rcParams if name != 'backend']\n"
        "    return {name: matplotlib.rcParams[name] for name in names}\n"
        "before = settings()\n"
        "from tests.plots.recipe_quotes import quote_of, QUOTES\n"
        "from microcrm_core.plots import plot_adjustment\n"
        "plot_adjustment(quote_of(next(iter(QUOTES)))).savefig(sys.argv[1])\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
        "assert settings() == before\n"
    )
    path = tmp_path / "quote.svg"

    subprocess.run(
        [sys.executable, "-W", "error", "-c", program, str(path)],
        check=True,
        cwd=Path(__file__).parents[2],
    )

    assert path.stat().st_size > 0
