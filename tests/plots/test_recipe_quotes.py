"""The recipes on adjustments show every request, as it is quoted and drawn today."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path

import pytest

from microcrm_core.adjustments import AdjustmentKind
from microcrm_core.plots.adjustment_series import due_pairs, points_after, points_before
from tests.plots.recipe_quotes import IMAGES, QUOTES, image_of, quote_of, svg_of

pytest.importorskip("matplotlib")

PAGES = {
    path.name: path.read_text()
    for path in (Path(__file__).parents[2] / "docs" / "recipes").glob("adjust-*.md")
}
KINDS = pytest.mark.parametrize("kind", QUOTES, ids=str)
SVG = "{http://www.w3.org/2000/svg}"
# As the plots have them: before, and after.
COLORS = {"before": "#0072b2", "after": "#e69f00"}


def texts(svg: str) -> list[str]:
    """All that is written in a picture: dates, amounts and labels, in order."""
    return ["".join(text.itertext()) for text in ET.fromstring(svg).iter(f"{SVG}text")]


def bar_heights(svg: str, color: str) -> list[float]:
    """How high the bars of a color are, in the units of the picture."""
    found = []
    for path in ET.fromstring(svg).iter(f"{SVG}path"):
        if "clip-path" in path.attrib and path.get("style") == f"fill: {color}":
            numbers = [float(one) for one in re.findall(r"-?[\d.]+", path.attrib["d"])]
            found.append(max(numbers[1::2]) - min(numbers[1::2]))
    return found


def marks(svg: str, color: str) -> list[tuple[float, float]]:
    """Where the points of a line are: how far right, and how low."""
    return [
        (float(use.attrib["x"]), float(use.attrib["y"]))
        # The marks of the legend are not clipped.
        for group in ET.fromstring(svg).iter(f"{SVG}g")
        if "clip-path" in group.attrib
        for use in group.findall(f"{SVG}use")
        if f"fill: {color}" in use.get("style", "")
    ]


def test_every_request_has_a_quote_and_nothing_else_has_a_picture() -> None:
    assert set(QUOTES) == set(AdjustmentKind)
    pictures = {path.name for path in IMAGES.glob("adjust-*")}
    assert pictures == {image_of(kind).name for kind in QUOTES}


@KINDS
def test_the_page_of_a_request_shows_its_quote_and_its_picture(
    kind: AdjustmentKind,
) -> None:
    link = f"](../images/{image_of(kind).name})"
    pages = [text for text in PAGES.values() if link in text]

    assert len(pages) == 1
    shown = {" ".join(line.split()) for line in pages[0].splitlines()}
    table = {" ".join(line.split()) for line in str(quote_of(kind)).splitlines()}
    assert table <= shown


def test_a_picture_is_drawn_the_same_twice() -> None:
    quote = quote_of(AdjustmentKind.RENEW)

    assert svg_of(quote) == svg_of(quote)


@KINDS
def test_a_kept_picture_says_what_is_drawn_today(kind: AdjustmentKind) -> None:
    # Another version of matplotlib may place things elsewhere; what it shows holds.
    kept = image_of(kind).read_text()

    assert texts(kept) == texts(svg_of(quote_of(kind)))


@KINDS
def test_the_bars_of_a_kept_picture_are_the_amounts(kind: AdjustmentKind) -> None:
    pairs = due_pairs(quote_of(kind))
    kept = image_of(kind).read_text()
    sides = {
        "before": [pair.before[1] for pair in pairs if pair.before is not None],
        "after": [pair.after[1] for pair in pairs if pair.after is not None],
    }
    heights = {side: bar_heights(kept, color) for side, color in COLORS.items()}

    highest = max(max(amounts) for amounts in sides.values())
    unit = max(max(one) for one in heights.values()) / highest
    for side, amounts in sides.items():
        assert heights[side] == pytest.approx([a * unit for a in amounts], abs=1e-4)


@KINDS
def test_the_lines_of_a_kept_picture_are_the_principal(kind: AdjustmentKind) -> None:
    quote, kept = quote_of(kind), image_of(kind).read_text()
    sides = {"before": points_before(quote), "after": points_after(quote)}
    placed = {side: marks(kept, color) for side, color in COLORS.items()}

    # Zero is where a line ends, and the line of what is lent today the highest.
    bottom = placed["before"][-1][1]
    owed = quote.before.outstanding.principal.minor
    unit = (bottom - placed["before"][0][1]) / owed
    for side, points in sides.items():
        expected = [bottom - minor * unit for _, minor in points]
        assert [low for _, low in placed[side]] == pytest.approx(expected, abs=1e-3)
        rights = [right for right, _ in placed[side]]
        days = [(later - on).days for (on, _), (later, _) in pairwise(points)]
        day = (rights[-1] - rights[0]) / sum(days)
        steps = [later - right for right, later in pairwise(rights)]
        assert steps == pytest.approx([one * day for one in days], abs=1e-3)


@KINDS
def test_a_kept_picture_is_small_and_knows_no_day(kind: AdjustmentKind) -> None:
    path = image_of(kind)

    assert path.stat().st_size <= 40_000
    assert "dc:date" not in path.read_text()
