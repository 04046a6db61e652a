"""The tree holds: what importing costs, who imports numpy, what stands at the top."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "microcrm_core"
EXTRAS = {"narwhals", "pandas", "polars", "pyarrow", "holidays", "matplotlib",
          "hypothesis", "pytest"}  # fmt: skip
EDGES = {"samples", "frames", "plots"}
LAZY_IMPORTERS = {
    "adjustments/adjustment_quotes.py": {
        "microcrm_core.frames",
        "microcrm_core.plots",
    },
    "adjustments/smoothing_batch.py": {"microcrm_core.frames"},
    "ledger/loan_states.py": {"microcrm_core.frames"},
    "ledger/state_columns_batch.py": {"microcrm_core.frames"},
    "loans/schedule.py": {"microcrm_core.frames"},
    "reviews/batch.py": {"microcrm_core.frames"},
    "reviews/files_batch.py": {"microcrm_core.frames.parquet"},
}


def loaded_by(statement: str) -> set[str]:
    code = f"{statement}\nimport sys, json\nprint(json.dumps(sorted(sys.modules)))"
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return set(json.loads(answer.stdout))


def imported_modules(path: Path) -> set[str]:
    """Top-level names that a file imports outside `if TYPE_CHECKING`."""
    found = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def test_importing_the_package_loads_neither_numpy_nor_an_extra() -> None:
    loaded = loaded_by("import microcrm_core")

    assert loaded & ({"numpy"} | EXTRAS) == set()


def test_touching_every_public_name_loads_neither_numpy_nor_an_extra() -> None:
    statement = (
        "import microcrm_core\n"
        "for name in microcrm_core.__all__: getattr(microcrm_core, name)"
    )

    assert loaded_by(statement) & ({"numpy"} | EXTRAS) == set()


@pytest.mark.parametrize(
    "room", ["dates", "rules", "loans", "ledger", "customers", "tiers", "adjustments",
             "loyalty", "storage", "reviews"],
)  # fmt: skip
def test_every_name_of_a_room_is_loaded_without_numpy(room: str) -> None:
    statement = (
        f"import microcrm_core.{room} as room\n"
        "for name in room.__all__: getattr(room, name)"
    )

    assert "numpy" not in loaded_by(statement)


def test_only_batch_modules_and_edges_import_numpy() -> None:
    importers = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if "numpy" in imported_modules(path)
        and path.relative_to(PACKAGE).parts[0] not in EDGES
    }

    assert {name for name in importers if not name.endswith("batch.py")} == set()


def test_no_module_imports_an_extra_when_it_is_imported() -> None:
    importers = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if imported_modules(path) & EXTRAS
    }

    assert importers == set()


def test_only_the_known_modules_reach_an_edge_by_name() -> None:
    # import-linter does not see these; docs/architecture.md lists them.
    found: dict[str, set[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        place = path.relative_to(PACKAGE)
        if place.parts[0] in EDGES or place.name in {"__main__.py", "__init__.py"}:
            continue
        names = {
            node.value
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and re.fullmatch(r"microcrm_core(\.\w+)+", node.value)
        }
        if names:
            found[place.as_posix()] = names

    assert found == LAZY_IMPORTERS


def test_the_top_level_holds_the_agreed_names_only() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout: what git tracks is not known here")
    tracked = subprocess.run(
        ["git", "ls-tree", "--name-only", "HEAD"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    agreed = {"src", "tests", "docs", "mkdocs.yml", "pyproject.toml", "LICENSE",
              "README.md"}  # fmt: skip

    assert {name for name in tracked if not name.startswith(".")} - agreed == set()
