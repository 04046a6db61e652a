"""Every event has a recipe, and every order of allocation a line in the table."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from microcrm_core import ledger
from microcrm_core.ledger import (
    HAPPENINGS,
    AllocationOrder,
    DelinquencyPaused,
    DelinquencyResumed,
    DueState,
)

DOCS = Path(__file__).parents[2] / "docs"
TABLE = re.compile(
    r"^ +due_on +principal .*outstanding\n(?: 2\d{3}-.*\n)+", re.MULTILINE
)
# These change no row; the page on arrears shows the days that they take off.
WITHOUT_TABLE = (DelinquencyPaused, DelinquencyResumed)
LETTERS = dict(zip(range(4), "CIFP", strict=True))
ORDERS = {
    name: order
    for name in ledger.__all__
    if isinstance(order := getattr(ledger, name), AllocationOrder)
}


@pytest.mark.parametrize(
    "name", [kind.__name__ for kind in HAPPENINGS.values() if kind not in WITHOUT_TABLE]
)
def test_every_event_has_a_recipe_with_a_table_before_and_after(name: str) -> None:
    found = []
    for page in DOCS.glob("recipes/ledger-*.md"):
        head, *sections = re.split(r"^## ", page.read_text(), flags=re.MULTILINE)
        for position, section in enumerate(sections):
            if not re.search(rf"^(>>>|\.\.\.) .*\b{name}\(", section, re.MULTILINE):
                continue
            # What was before may stand above, as the start of the whole page.
            earlier = TABLE.findall(head + "".join(sections[:position]))
            after = TABLE.findall(section)
            found.append(bool(after) and len(earlier) + len(after) > 1)

    assert any(found), f"{name} is made in {len(found)} recipes"


@pytest.mark.parametrize("name", ORDERS)
def test_every_order_that_comes_with_the_package_is_a_line_of_the_table(
    name: str,
) -> None:
    order = ORDERS[name]
    texts = [
        " ".join(LETTERS[bucket] for bucket in order.buckets(state))
        for state in DueState
    ]
    line = (
        f"| `{name}` | {' | '.join(texts)} | {order.in_advance} | {order.processing} |"
    )

    assert line in (DOCS / "reference/ledger.md").read_text()
