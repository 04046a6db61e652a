"""The README is the first page that anyone reads: its examples run, its words hold."""

from __future__ import annotations

import re
from pathlib import Path

from tests.examples import README_EXAMPLES

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"


def test_its_examples_print_what_it_shows():
    examples = list(README_EXAMPLES.parse(README).examples())

    assert examples
    for example in examples:
        example.evaluate()


def test_its_code_is_eight_lines():
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    lines = [line for line in blocks[0].splitlines() if line.startswith((">>>", "..."))]

    assert len(lines) == 8


def test_its_links_lead_to_pages_that_exist():
    links = re.findall(r"\]\((?!https?:)([^)#]+)", README.read_text())

    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
