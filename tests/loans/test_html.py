from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import InvalidValueError
from microcrm_core.html import html_table


class _Cells(HTMLParser):
    """Collects the text of table cells."""

    def __init__(self) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        self.cells[-1] += data


@given(
    rows=st.lists(
        st.tuples(
            st.text("<>&\"'ab/ ", max_size=8), st.integers(), st.none() | st.just("x")
        )
    )
)
def test_a_browser_reads_back_every_value_and_no_markup(
    rows: list[tuple[str, int, str | None]],
) -> None:
    reader = _Cells()
    reader.feed(html_table(["<a>", "n", "c"], rows))

    expected = ["<a>", "n", "c"]
    for row in rows:
        expected += ["" if value is None else str(value) for value in row]
    assert reader.cells == expected
    assert reader.tags <= {"table", "thead", "tbody", "tr", "th", "td"}


def test_caption_and_footer_stand_where_they_belong() -> None:
    table = html_table(["a"], [[1]], caption="A & B", footer=["sum"])

    assert table.startswith("<table><caption>A &amp; B</caption><thead>")
    assert table.endswith("<tfoot><tr><td>sum</td></tr></tfoot></table>")


def test_a_row_of_another_width_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="2 values"):
        html_table(["a", "b"], [[1]])
    with pytest.raises(InvalidValueError, match="2 values"):
        html_table(["a", "b"], [], footer=[1, 2, 3])
