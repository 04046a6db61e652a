"""Adding a public name is a decision: documented once, with an example, typed."""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path

import pytest

import microcrm_core

ROOT = Path(__file__).parents[1]
ROOMS = ("dates", "rules", "loans", "customers", "tiers", "adjustments", "loyalty",
         "storage", "reviews", "samples", "frames")  # fmt: skip
PAGES = {path: path.read_text() for path in (ROOT / "docs/reference").glob("*.md")}
TYPED_USES = (ROOT / "tests/typing/api.py").read_text()


def public_names() -> list[tuple[str, str]]:
    names = [("microcrm_core", name) for name in microcrm_core.__all__]
    for room in ROOMS:
        module = importlib.import_module(f"microcrm_core.{room}")
        names += [(module.__name__, name) for name in module.__all__]
    return names


NAMES = public_names()


@pytest.mark.parametrize(("module", "name"), NAMES)
def test_a_public_name_is_on_exactly_one_reference_page(module: str, name: str):
    thing = getattr(importlib.import_module(module), name)
    home = getattr(thing, "__module__", None)
    if isinstance(thing, type) or inspect.isroutine(thing):
        pages = [
            path.name
            for path, text in PAGES.items()
            if re.search(rf"^::: {re.escape(str(home))}$", text, re.MULTILINE)
        ]
        assert len(pages) == 1, f"{home} is on {pages}"
    else:  # a constant or an alias: its module's page shows it by name
        assert any(re.search(rf"\b{name}\b", text) for text in PAGES.values())


@pytest.mark.parametrize(("module", "name"), NAMES)
def test_a_public_name_shows_an_example(module: str, name: str):
    thing = getattr(importlib.import_module(module), name)
    if isinstance(thing, type) or inspect.isroutine(thing):
        text = inspect.getdoc(thing) or ""
        assert "Example:" in text
        assert ">>>" in text


@pytest.mark.parametrize("name", microcrm_core.__all__)
def test_a_root_name_has_a_typed_use(name: str):
    assert re.search(rf"\b{name}\b", TYPED_USES)


def test_all_is_sorted_and_true_everywhere():
    for module_path in (ROOT / "src/microcrm_core").rglob("*.py"):
        parts = module_path.relative_to(ROOT / "src").with_suffix("").parts
        if parts[-1] in {"__main__"}:
            continue
        module = importlib.import_module(".".join(p for p in parts if p != "__init__"))
        names = getattr(module, "__all__", [])
        assert list(names) == sorted(names, key=_isort_key), module.__name__
        assert all(hasattr(module, name) for name in names), module.__name__


def _isort_key(name: str) -> tuple[int, str]:
    # Constants, classes, functions: the order in which ruff keeps `__all__`.
    kind = 0 if name.isupper() else 1 if name[:1].isupper() else 2
    return kind, name
