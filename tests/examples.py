"""The examples in docstrings and pages, as sybil finds them.

One namespace a document; `>>>` blocks are checked, and so is what a Python code
block raises.
"""

from __future__ import annotations

from doctest import ELLIPSIS, NORMALIZE_WHITESPACE
from pathlib import Path
from typing import Final

from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser
from sybil.parsers.rest import DocTestParser
from sybil.typing import Parser

_ROOT: Final = Path(__file__).resolve().parents[1]
_OPTIONS: Final = ELLIPSIS | NORMALIZE_WHITESPACE

SOURCE_EXAMPLES: Final = Sybil(
    parsers=[DocTestParser(optionflags=_OPTIONS)],
    path=str(_ROOT / "src"),
    patterns=["*.py"],
)
_PAGE_PARSERS: Final[list[Parser]] = [
    PythonCodeBlockParser(doctest_optionflags=_OPTIONS),
    SkipParser(),
]
PAGE_EXAMPLES: Final = Sybil(
    parsers=_PAGE_PARSERS,
    path=str(_ROOT / "docs"),
    patterns=["*.md"],
)
README_EXAMPLES: Final = Sybil(
    parsers=_PAGE_PARSERS, path=str(_ROOT), patterns=["README.md"]
)
