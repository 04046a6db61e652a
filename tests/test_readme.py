"""The README is the first page that anyone reads: its examples run, its words hold."""

from __future__ import annotations

import re
from pathlib import Path

from tests.examples import README_EXAMPLES

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"


def test_its_examples_print_what_it_shows() -> None:
    examples = list(README_EXAMPLES.parse(README).examples())

    assert examples
    for example in examples:
        example.evaluate()


def test_its_code_is_eight_lines() -> None:
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    lines = [line for line in blocks[0].splitlines() if line.startswith((">>>", "..."))]

    assert len(lines) == 8


def test_its_parts_stand_in_the_agreed_order() -> None:
    text = README.read_text()
    parts = (
        "uv run python -m microcrm_core review\n",
        "uv run pytest\n",
        "```python\n",
        "](docs/",
        "What it is not:",
    )
    places = [text.find(part) for part in parts]

    assert -1 not in places
    assert places == sorted(places)


def test_each_command_sets_up_everything_by_itself() -> None:
    commands = re.findall(r"```bash\n(.*?)```", README.read_text(), re.DOTALL)

    assert len(commands) == 2
    assert all(
        command.startswith("python -m pip install uv && uv run ")
        and command.count("\n") == 1
        for command in commands
    )


def test_it_has_three_links_and_they_lead_to_pages_that_exist() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", README.read_text())

    assert len(links) == 3
    assert [link for link in links if not (ROOT / link).exists()] == []
