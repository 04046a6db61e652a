from __future__ import annotations

import csv
from pathlib import Path

import pytest

from microcrm_core.errors import InvalidValueError
from microcrm_core.reviews.rejections import Fault, RejectedRow, write_rejected

ROW = RejectedRow(
    file="loans.csv",
    line=3,
    column="loan_id",
    code="id_repeated",
    params={"id": 'l,"1', "line": 2},
)
WHOLE_ROW = RejectedRow(file="loans.csv", line=4, column=None, code="row_not_utf8")


def test_the_list_has_place_and_reason_and_is_plain_csv(tmp_path: Path) -> None:
    write_rejected(tmp_path / "rejected.csv", [ROW, WHOLE_ROW])

    with (tmp_path / "rejected.csv").open(encoding="utf-8", newline="") as stream:
        assert list(csv.reader(stream)) == [
            ["file", "line", "column", "reason"],
            ["loans.csv", "3", "loan_id",
             'must not stand twice, l,"1 stands on line 2 already'],
            ["loans.csv", "4", "", "must be valid UTF-8"],
        ]  # fmt: skip


def test_a_list_that_fails_half_way_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "rejected.csv"
    path.write_text("old")

    with pytest.raises(InvalidValueError, match="language must be one of"):
        write_rejected(path, [ROW], language="fr")
    assert [one.name for one in tmp_path.iterdir()] == ["rejected.csv"]
    assert path.read_text() == "old"


def test_reasons_may_be_read_in_chinese(tmp_path: Path) -> None:
    write_rejected(tmp_path / "rejected.csv", [WHOLE_ROW], language="zh-CN")

    text = (tmp_path / "rejected.csv").read_text(encoding="utf-8")
    assert "必须是有效的 UTF-8 编码" in text


def test_a_code_without_texts_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="code must have texts"):
        Fault("amount", "too_green")


def test_a_figure_is_shown_in_the_words_of_the_language() -> None:
    row = RejectedRow(
        file="transactions.csv",
        line=2,
        column="amount",
        code="amount_form",
        params={"figure": "1,50"},
    )

    assert row.text("en").endswith(", got 1,50")
    assert row.text("zh-CN").endswith("，实际为 1,50")
