"""Adding a public name is a decision: documented once, with an example, typed."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import microcrm_core
from microcrm_core.reviews.table_batch import REVIEW_COLUMNS

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "microcrm_core"
ROOMS = ("dates", "rules", "loans", "ledger", "customers", "tiers", "adjustments",
         "loyalty", "storage", "reviews", "samples", "frames", "plots")  # fmt: skip
PAGES = {path: path.read_text() for path in (ROOT / "docs/reference").glob("*.md")}
TYPED_USES = (ROOT / "tests/typing/api.py").read_text()


def public_names() -> list[tuple[str, str]]:
    names = [("microcrm_core", name) for name in microcrm_core.__all__]
    for room in ROOMS:
        module = importlib.import_module(f"microcrm_core.{room}")
        names += [(module.__name__, name) for name in module.__all__]
    return names


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def assigned_names(path: Path) -> Iterator[str]:
    for node in ast.parse(path.read_text()).body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.AnnAssign):
            targets = [node.target]
        yield from (target.id for target in targets if isinstance(target, ast.Name))


CONSTANTS = {
    name: module_name(path)
    for path in PACKAGE.rglob("*.py")
    for name in assigned_names(path)
    if not name.startswith("_")
}
NAMES = public_names()


def is_class_or_function(thing: object) -> bool:
    return isinstance(thing, type) or inspect.isroutine(thing)


@pytest.mark.parametrize(("module", "name"), NAMES)
def test_a_public_name_is_on_exactly_one_reference_page(module: str, name: str) -> None:
    thing = getattr(importlib.import_module(module), name)
    # A constant or an alias does not know where it was made.
    home = thing.__module__ if is_class_or_function(thing) else CONSTANTS[name]

    pages = [
        path.name
        for path, text in PAGES.items()
        if re.search(rf"^::: {re.escape(home)}$", text, re.MULTILINE)
    ]

    assert len(pages) == 1, f"{home} is on {pages}"


def test_a_public_constant_is_told_about_by_its_name() -> None:
    # Its page may show no more than its value.
    constants = {
        name
        for module, name in NAMES
        if not is_class_or_function(getattr(importlib.import_module(module), name))
    }
    words = set(re.findall(r"\w+", " ".join(PAGES.values())))

    assert constants - words == set()


@pytest.mark.parametrize(("module", "name"), NAMES)
def test_a_public_name_shows_an_example(module: str, name: str) -> None:
    thing = getattr(importlib.import_module(module), name)
    if is_class_or_function(thing):
        text = inspect.getdoc(thing) or ""
        assert "Example:" in text
        assert ">>>" in text


@pytest.mark.parametrize("name", microcrm_core.__all__)
def test_a_root_name_has_a_typed_use(name: str) -> None:
    # Once in the import, and at least once more.
    assert len(re.findall(rf"\b{name}\b", TYPED_USES)) > 1


def test_all_is_sorted_and_true_everywhere() -> None:
    for path in PACKAGE.rglob("*.py"):
        if path.name == "__main__.py":
            continue
        module = importlib.import_module(module_name(path))
        names = getattr(module, "__all__", [])
        assert list(names) == sorted(names, key=_isort_key), module.__name__
        assert all(hasattr(module, name) for name in names), module.__name__


def test_the_page_on_reviews_names_every_column_in_order() -> None:
    page = PAGES[ROOT / "docs/reference/reviews.md"]
    table = page.partition("| column | meaning | unit |")[2].partition("\n\n")[0]

    rows = re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)

    only_in_the_file = {"tier_before", "tier_reason"}
    assert only_in_the_file <= set(rows)
    assert [name for name in rows if name not in only_in_the_file] == [*REVIEW_COLUMNS]


def _isort_key(name: str) -> tuple[int, str]:
    # Constants, classes, functions: the order in which ruff keeps `__all__`.
    kind = 0 if name.isupper() else 1 if name[:1].isupper() else 2
    return kind, name
