from __future__ import annotations

import csv
import datetime as dt
import importlib
import io
import sys
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from microcrm_core.errors import InvalidValueError, MissingExtraError
from microcrm_core.frames import portfolio_from_frames
from microcrm_core.reviews.files_batch import PortfolioReading, read_portfolio
from tests.reviews.folders import GOOD, write_folder
from tests.reviews.test_files_batch import read

pandas: Any = pytest.importorskip("pandas")
polars: Any = pytest.importorskip("polars")
pyarrow: Any = pytest.importorskip("pyarrow")
pytest.importorskip("narwhals")

Columns = Mapping[str, list[Any]]
MAKERS: Mapping[str, Callable[[Columns], Any]] = {
    "pandas": pandas.DataFrame,
    "polars": polars.DataFrame,
    "polars lazy": polars.LazyFrame,
    "pyarrow": lambda columns: pyarrow.table(dict(columns)),
}


def text_columns(table: str) -> dict[str, list[Any]]:
    rows = list(csv.DictReader(io.StringIO(GOOD[table])))
    return {name: [row[name] or None for row in rows] for name in rows[0]}


def typed_columns(table: str) -> dict[str, list[Any]]:
    """Return the good table with dates, whole numbers and Decimals for its texts."""

    def typed(name: str, text: str | None) -> Any:
        if text is None:
            return None
        if name.endswith("_on") or name == "birthday":
            return dt.date.fromisoformat(text)
        if name in {"sequence", "installment_count"}:
            return int(text)
        if name in {"amount", "balance_after", "principal", "annual_rate"}:
            return Decimal(text)
        return text

    return {
        name: [typed(name, text) for text in texts]
        for name, texts in text_columns(table).items()
    }


def from_frames(
    make: Callable[[Columns], Any], columns_of: Callable[[str], Columns]
) -> PortfolioReading:
    return portfolio_from_frames(
        customers=make(columns_of("customers")),
        transactions=make(columns_of("transactions")),
        loans=make(columns_of("loans")),
        repayments=make(columns_of("repayments")),
    )


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize("columns_of", [text_columns, typed_columns])
def test_frames_of_every_kind_give_what_the_files_give(
    make: Callable[[Columns], Any], columns_of: Callable[[str], Columns]
) -> None:
    reading = from_frames(make, columns_of)

    assert reading.rejected == ()
    assert reading.portfolio.equals(read(GOOD).portfolio)


def test_floats_and_moments_are_taken_by_their_shortest_form() -> None:
    columns = typed_columns("transactions")
    # A column with gaps makes pandas turn whole numbers into floats.
    frame = pandas.DataFrame(columns)
    frame["amount"] = frame["amount"].astype(float)
    frame["sequence"] = frame["sequence"].astype(float)
    frame["booked_on"] = pandas.to_datetime(frame["booked_on"])
    frame["known_on"] = pandas.to_datetime(frame["known_on"])
    reading = portfolio_from_frames(
        customers=pandas.DataFrame(text_columns("customers")), transactions=frame
    )

    assert reading.rejected == ()
    transactions = reading.portfolio.transactions
    assert transactions.amount_minor.tolist() == [10_000, -1_250, 40_000]
    assert transactions.sequence.tolist() == [0, 1, 0]


def test_a_short_float_keeps_its_own_digits() -> None:
    # 0.1 in 32 bits is 0.100000001490116... in 64 bits.
    frame = polars.DataFrame(text_columns("loans")).with_columns(
        polars.Series("annual_rate", [0.1, 0.2, 0.3, 0.24], dtype=polars.Float32)
    )
    reading = portfolio_from_frames(
        customers=polars.DataFrame(text_columns("customers")), loans=frame
    )

    assert reading.rejected == ()
    assert reading.portfolio.loans.annual_ppm.tolist() == [
        100_000, 200_000, 300_000, 240_000,
    ]  # fmt: skip


def test_a_bad_row_is_named_by_its_position() -> None:
    columns = text_columns("customers")
    columns["industry"] = ["two\nlines", 'a, "b"', None]
    columns["kind"][2] = "firm"
    columns["free text"] = ["x\ny", None, "z"]
    reading = portfolio_from_frames(customers=polars.DataFrame(columns))

    assert [(row.file, row.line, row.code) for row in reading.rejected] == [
        ("customers", 2, "text_form"),
        ("customers", 4, "choice_unknown"),
    ]
    assert reading.portfolio.customers.industries == ('a, "b"',)
    assert reading.ignored_columns == {"customers": ("free text",)}


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (dt.datetime.fromisoformat("2024-03-01T12:00"), "date_form"),
        (dt.datetime(2024, 3, 1, tzinfo=dt.UTC), "date_form"),
        (True, "date_form"),
        (float("inf"), "date_form"),
    ],
)
def test_a_value_that_is_no_day_is_refused(value: object, code: str) -> None:
    columns = text_columns("customers")
    columns["birthday"] = [value, None, None]
    frame = pandas.DataFrame({name: pandas.Series(column, dtype=object)
                              for name, column in columns.items()})  # fmt: skip
    reading = portfolio_from_frames(customers=frame)

    assert [(row.line, row.column, row.code) for row in reading.rejected] == [
        (2, "birthday", code)
    ]


@pytest.mark.parametrize("missing", [None, float("nan"), pandas.NA, pandas.NaT])
def test_every_kind_of_missing_value_is_a_value_not_given(missing: object) -> None:
    columns = text_columns("customers")
    columns["birthday"] = [missing, missing, missing]
    frame = pandas.DataFrame({name: pandas.Series(column, dtype=object)
                              for name, column in columns.items()})  # fmt: skip

    assert portfolio_from_frames(customers=frame).rejected == ()


def test_text_that_is_no_unicode_is_refused() -> None:
    columns = text_columns("customers")
    columns["region"][0] = "\ud800"
    frame = pandas.DataFrame({name: pandas.Series(column, dtype=object)
                              for name, column in columns.items()})  # fmt: skip

    assert [row.code for row in portfolio_from_frames(customers=frame).rejected] == [
        "row_not_utf8"
    ]


def test_a_frame_without_a_column_that_must_be_there_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="customers must have a column kind"):
        portfolio_from_frames(customers=polars.DataFrame({"customer_id": ["c-1"]}))


def test_a_folder_may_hold_parquet_files_instead(tmp_path: Path) -> None:
    parquet = importlib.import_module("pyarrow.parquet")
    write_folder(tmp_path, {"customers": GOOD["customers"]})
    for table in ("transactions", "loans", "repayments"):
        columns = typed_columns(table)
        parquet.write_table(pyarrow.table(columns), tmp_path / f"{table}.parquet")
    reading = read_portfolio(tmp_path)

    assert reading.rejected == ()
    assert reading.portfolio.equals(read(GOOD).portfolio)


def test_csv_goes_before_parquet(tmp_path: Path) -> None:
    write_folder(tmp_path, GOOD)
    (tmp_path / "loans.parquet").write_bytes(b"not read")

    assert read_portfolio(tmp_path).portfolio.equals(read(GOOD).portfolio)


def test_a_missing_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("narwhals", "pyarrow.parquet"):
        monkeypatch.setitem(sys.modules, name, None)
    (tmp_path / "customers.parquet").write_bytes(b"")

    with pytest.raises(MissingExtraError, match="'frames'"):
        portfolio_from_frames(customers=polars.DataFrame())
    with pytest.raises(MissingExtraError, match="'arrow'"):
        read_portfolio(tmp_path)
