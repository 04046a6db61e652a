from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core.batch import UNKNOWN
from microcrm_core.errors import InvalidValueError
from microcrm_core.reviews.files_batch import (
    PortfolioReading,
    TableSource,
    read_portfolio,
    read_tables,
)
from microcrm_core.reviews.schema import RECORD_BYTES_MAX, TABLES, Table
from tests.reviews.folders import GOOD, day_number, slow_reading, write_folder


def read(
    tables: Mapping[str, str | bytes], chunk_bytes: int = 2**20
) -> PortfolioReading:
    sources = {}
    for name, text in tables.items():
        data = text if isinstance(text, bytes) else text.encode()
        sources[name] = TableSource(
            name=f"{name}.csv", stream=io.BytesIO(data), size=len(data)
        )
    return read_tables(sources, chunk_bytes=chunk_bytes)


def with_line(table: str, line: str) -> dict[str, str]:
    """Return the good tables with one more line at the end of one of them."""
    return {**GOOD, table: GOOD[table] + line + "\n"}


def test_good_tables_become_columns_and_nothing_is_rejected() -> None:
    reading = read(GOOD)
    portfolio = reading.portfolio

    assert reading.rejected == ()
    assert portfolio.counts() == {
        "customers": 3, "transactions": 3, "loans": 4, "repayments": 3,
    }  # fmt: skip
    assert portfolio.transactions.ids.tolist() == [b"t-1", b"t-2", b"t-3"]
    assert portfolio.transactions.amount_minor.tolist() == [10_000, -1_250, 40_000]
    assert portfolio.transactions.balance_minor.tolist() == [35_025, -700, UNKNOWN]
    assert portfolio.transactions.sequence.tolist() == [0, 1, 0]
    assert portfolio.transactions.known_day.tolist() == [
        day_number(text) for text in ("2024-03-01", "2024-03-04", "2024-03-02")
    ]
    assert portfolio.loans.principal_minor.tolist() == [120_000, 90_000, 50_050, 50_050]
    assert portfolio.loans.annual_ppm.tolist() == [240_000, 182_500, 0, 0]


def test_a_request_is_planned_one_period_before_the_first_due_day_or_as_stated() -> (
    None
):
    loans = read(GOOD).portfolio.loans

    assert loans.disbursed_day[2:].tolist() == [UNKNOWN, UNKNOWN]
    assert loans.planned_day[2:].tolist() == [
        day_number("2024-06-01"), day_number("2024-06-02"),
    ]  # fmt: skip


def test_the_columns_are_the_scalar_rows() -> None:
    portfolio, rejected = slow_reading({name: t.encode() for name, t in GOOD.items()})

    assert rejected == []
    assert read(GOOD).portfolio.equals(portfolio)


# Each line is good but for one thing; beside it: column and code of the rejection.
BAD_LINES = [
    ("customers", "c-9,firm,EUR,,,,,,", "kind", "choice_unknown"),
    ("customers", "c-9,sole_trader,EUX,,,,,,", "currency", "currency_unknown"),
    ("customers", "c-9,sole_trader,XAU,,,,,,", "currency", "currency_unknown"),
    ("customers", "c-1,sole_trader,EUR,,,,,,", "customer_id", "id_repeated"),
    ("customers", " c-9,sole_trader,EUR,,,,,,", "customer_id", "id_form"),
    ("customers", f"{'c' * 65},sole_trader,EUR,,,,,,", "customer_id", "id_form"),
    ("customers", "c\x07,sole_trader,EUR,,,,,,", "customer_id", "id_form"),
    ("customers", ",sole_trader,EUR,,,,,,", "customer_id", "value_missing"),
    ("customers", "c-9,sole_trader,EUR,,,1980-02-30,,,", "birthday", "date_form"),
    ("customers", "c-9,sole_trader,EUR,,,1899-12-31,,,", "birthday", "date_range"),
    ("customers", "c-9,sole_trader,EUR,,,,,c-9,", "referred_by",
     "referrer_is_customer"),
    ("customers", f"c-9,sole_trader,EUR,{'x' * 201},,,,,", "industry", "text_form"),
    ("customers", "c-9,sole_trader,EUR,,,,,", None, "row_field_count"),
    ("customers", "c-9,sole_trader,EUR,,,,,,,", None, "row_field_count"),
    ("customers", 'c-9,sole_trader,EUR,a"b,,,,,', None, "row_quotes"),
    ("customers", 'c-9,sole_trader,EUR,"a"b,,,,,', None, "row_quotes"),
    ("transactions", "t-9,c-8,2024-03-01,in,1,,,", "customer_id", "customer_unknown"),
    ("transactions", "t-9,c-1,2024-3-01,in,1,,,", "booked_on", "date_form"),
    ("transactions", "t-9,c-1,2023-02-29,in,1,,,", "booked_on", "date_form"),
    ("transactions", "t-9,c-1,2024-W05-3,in,1,,,", "booked_on", "date_form"),
    ("transactions", "t-9,c-1,2201-01-01,in,1,,,", "booked_on", "date_range"),
    ("transactions", "t-9,c-1,2024-03-01,both,1,,,", "direction", "choice_unknown"),
    ("transactions", "t-9,c-1,2024-03-01,in,-1,,,", "amount", "amount_positive"),
    ("transactions", "t-9,c-1,2024-03-01,in,0.00,,,", "amount", "amount_positive"),
    ("transactions", "t-9,c-1,2024-03-01,in,1.005,,,", "amount", "amount_digits"),
    ("transactions", "t-9,c-2,2024-03-01,in,1.5,,,", "amount", "amount_digits"),
    ("transactions", "t-9,c-1,2024-03-01,in,1e3,,,", "amount", "amount_form"),
    ("transactions", "t-9,c-1,2024-03-01,in,.5,,,", "amount", "amount_form"),
    ("transactions", "t-9,c-1,2024-03-01,in,5.,,,", "amount", "amount_form"),
    ("transactions", "t-9,c-1,2024-03-01,in,99999999999999999999,,,", "amount",
     "amount_range"),
    ("transactions", "t-9,c-1,2024-03-01,in,10000000000000.01,,,", "amount",
     "amount_range"),
    ("transactions", "t-9,c-1,2024-03-01,in,1,x,,", "balance_after", "amount_form"),
    ("transactions", "t-9,c-1,2024-03-01,in,1,,-1,", "sequence", "whole_form"),
    ("transactions", "t-9,c-1,2024-03-01,in,1,,2147483648,", "sequence", "whole_form"),
    ("transactions", "t-1,c-2,2024-03-01,in,1,,,", "transaction_id", "id_repeated"),
    ("loans", "l-9,c-1,JPY,9,0,1,weekly,2024-06-08,,2024-06-01,,", "currency",
     "currency_mixed"),
    ("loans", "l-9,c-1,EUR,0,0,1,weekly,2024-06-08,,2024-06-01,,", "principal",
     "amount_positive"),
    ("loans", "l-9,c-1,EUR,9,100.000001,1,weekly,2024-06-08,,2024-06-01,,",
     "annual_rate", "rate_form"),
    ("loans", "l-9,c-1,EUR,9,0.0000001,1,weekly,2024-06-08,,2024-06-01,,",
     "annual_rate", "rate_form"),
    ("loans", "l-9,c-1,EUR,9,-0.1,1,weekly,2024-06-08,,2024-06-01,,", "annual_rate",
     "rate_form"),
    ("loans", "l-9,c-1,EUR,9,0,0,weekly,2024-06-08,,2024-06-01,,",
     "installment_count", "whole_form"),
    ("loans", "l-9,c-1,EUR,9,0,1201,weekly,2024-06-08,,2024-06-01,,",
     "installment_count", "whole_form"),
    ("loans", "l-9,c-1,EUR,9,0,101,yearly,2024-06-08,,2024-06-01,,",
     "installment_count", "loan_too_long"),
    ("loans", "l-9,c-1,EUR,9,0,1,hourly,2024-06-08,,2024-06-01,,", "frequency",
     "frequency_unknown"),
    ("loans", "l-9,c-1,EUR,9,0,1,weekly,2024-06-01,,2024-06-01,,", "first_due_on",
     "first_due_too_early"),
    ("loans", "l-9,c-1,EUR,9,0,1,weekly,2024-06-01,,,,2024-05-01", "requested_on",
     "request_undated"),
    ("loans", "l-9,c-1,EUR,9,0,1,weekly,2024-06-01,2024-05-01,,2024-06-01,",
     "first_due_on", "first_due_too_early"),
    ("loans", "l-9,c-1,EUR,9000000000000,100,1,monthly,2024-06-08,,2024-06-01,,",
     "principal", "loan_too_large"),
    ("loans", "l-9,c-8,EUR,9,0,1,weekly,2024-06-08,,2024-06-01,,", "customer_id",
     "customer_unknown"),
    ("loans", "l-1,c-1,EUR,9,0,1,weekly,2024-06-08,,2024-06-01,,", "loan_id",
     "id_repeated"),
    ("repayments", "r-9,l-8,2024-03-01,1,EUR,", "loan_id", "loan_unknown"),
    ("repayments", "r-9,l-1,2024-03-01,1,USD,", "currency", "currency_mixed"),
    ("repayments", "r-9,l-1,2024-03-01,1,US,", "currency", "currency_unknown"),
    ("repayments", "r-9,l-1,2024-01-14,1,EUR,", "paid_on", "repaid_too_early"),
    ("repayments", "r-9,l-3,2024-07-01,1,EUR,", "loan_id", "request_repaid"),
    ("repayments", "r-9,l-1,2024-03-01,-5,EUR,", "amount", "amount_positive"),
    ("repayments", "r-1,l-1,2024-03-01,5,EUR,", "repayment_id", "id_repeated"),
]  # fmt: skip


@pytest.mark.parametrize(("table", "line", "column", "code"), BAD_LINES)
def test_a_bad_row_is_listed_with_its_place_and_the_rest_is_kept(
    table: str, line: str, column: str | None, code: str
) -> None:
    reading = read(with_line(table, line))

    (row,) = reading.rejected
    assert (row.file, row.line) == (f"{table}.csv", GOOD[table].count("\n") + 1)
    assert (row.column, row.code) == (column, code)
    assert reading.portfolio.equals(read(GOOD).portfolio)
    assert all(row.text(language) for language in ("en", "zh-CN"))


def test_broken_utf8_is_listed_by_its_column() -> None:
    line = b"c-9,sole_trader,EUR,caf\xe9,,,,,\n"
    reading = read({**GOOD, "customers": GOOD["customers"].encode() + line})

    (row,) = reading.rejected
    assert (row.line, row.column, row.code) == (5, "industry", "row_not_utf8")


def test_rows_of_a_rejected_customer_are_rejected_with_that_cause() -> None:
    tables = {**GOOD, "customers": GOOD["customers"].replace("c-1,sole", "c-1,lone")}

    rejected = read(tables).rejected

    assert [(row.file, row.line, row.code) for row in rejected] == [
        ("customers.csv", 2, "choice_unknown"),
        ("transactions.csv", 2, "customer_rejected"),
        ("transactions.csv", 3, "customer_rejected"),
        ("loans.csv", 2, "customer_rejected"),
        ("repayments.csv", 2, "loan_rejected"),
        ("repayments.csv", 3, "loan_rejected"),
    ]
    assert rejected[1].text() == "customer c-1 was rejected, see customers.csv line 2"


def test_personal_text_is_never_shown() -> None:
    line = "c-9,sole_trader,EUR,,,born in May,,,"

    (row,) = read(with_line("customers", line)).rejected

    assert "May" not in str(row)


def test_the_first_good_row_of_an_id_stays() -> None:
    # The first line with this id is bad for another reason, so it takes no place.
    text = GOOD["customers"] + "c-9,firm,EUR,,,,,,\nc-9,sole_trader,EUR,,,,,,\n"
    reading = read({"customers": text})

    assert [row.code for row in reading.rejected] == ["choice_unknown"]
    assert reading.portfolio.customers.ids.tolist()[-1] == b"c-9"


def test_a_quoted_record_may_span_lines_and_counts_as_its_first() -> None:
    text = (
        "note,customer_id,kind,currency\n"
        '"two\nlines, and a ""quote""",c-1,sole_trader,EUR\n'
        "x,c-2,firm,EUR\n"
    )
    reading = read({"customers": text})

    assert reading.portfolio.customers.ids.tolist() == [b"c-1"]
    assert [row.line for row in reading.rejected] == [4]
    assert reading.ignored_columns == {"customers.csv": ("note",)}


def test_a_stray_quote_loses_one_row_and_not_the_rest() -> None:
    text = (
        "customer_id,kind,currency,industry\n"
        'c-1,sole_trader,EUR,"open\n'
        "c-2,sole_trader,EUR,food\n"
        'c-3,sole_trader,EUR,"food"\n'
    )
    reading = read({"customers": text})

    assert [(row.line, row.code) for row in reading.rejected] == [(2, "row_quotes")]
    assert reading.portfolio.customers.ids.tolist() == [b"c-2", b"c-3"]


def test_byte_order_mark_line_ends_and_blank_lines_change_nothing() -> None:
    text = "\ufeff" + GOOD["customers"].replace("\n", "\r\n\r\n\n")
    reading = read({**GOOD, "customers": text.rstrip()})

    assert reading.rejected == ()
    assert reading.portfolio.equals(read(GOOD).portfolio)


def test_a_line_that_is_too_long_is_rejected_alone() -> None:
    text = (
        GOOD["customers"]
        + "x" * (3 * RECORD_BYTES_MAX)
        + "\nc-9,sole_trader,EUR,,,,,,\n"
    )

    for chunk_bytes in (1_000, 2**20):
        reading = read({"customers": text}, chunk_bytes)
        (row,) = reading.rejected
        assert (row.line, row.code) == (5, "row_too_long")
        assert reading.portfolio.customers.ids.tolist()[-1] == b"c-9"


def test_columns_may_come_in_any_order() -> None:
    lines = [line.split(",") for line in GOOD["customers"].split()]
    text = "\n".join(",".join(reversed(fields)) for fields in lines)

    assert read({**GOOD, "customers": text}).portfolio.equals(read(GOOD).portfolio)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_missing_column_refuses_the_file_by_name(table: Table) -> None:
    for column in table.required:
        name = table.name
        text = GOOD[name].replace(column, "other", 1)
        with pytest.raises(InvalidValueError, match=f"must have a column {column}"):
            read({**GOOD, name: text})


@pytest.mark.parametrize("text", ["", '"open', "a\xff"])
def test_a_file_without_a_header_is_refused(text: str) -> None:
    with pytest.raises(InvalidValueError, match=r"customers\.csv must"):
        read({"customers": text.encode("latin-1")})


def test_a_column_that_stands_twice_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="one column kind"):
        read({"customers": "customer_id,kind,currency,kind\n"})


def test_a_folder_without_customers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match="must hold customers"):
        read_portfolio(tmp_path)


def test_absent_files_are_empty_and_progress_reaches_the_end(tmp_path: Path) -> None:
    write_folder(tmp_path, {"customers": GOOD["customers"]})
    told: list[tuple[str, int, int]] = []

    reading = read_portfolio(tmp_path, progress=lambda *one: told.append(one))

    assert reading.portfolio.counts()["loans"] == 0
    name, done, size = told[-1]
    assert name == "customers.csv"
    assert 0 < done <= size == len(GOOD["customers"])


POOLS: Mapping[str, tuple[str, ...]] = {
    "customer_id": ("c-1", "c-2", "c-3", "c-4", "客户", "a,b", 'q"', "c-1 ", "x" * 65,
                    ""),
    "kind": ("sole_trader", "wage_earner", "small_business", "firm", "", "Sole_trader"),
    "currency": ("EUR", "EUR", "EUR", "JPY", "KWD", "eur", "XAU", ""),
    "industry": ("", "food", "food and drink", "農業", "y" * 70, " z", "a\tb"),
    "region": ("", "north", "o'hara"),
    "birthday": ("", "1980-02-29", "1981-02-29", "19800229", "2024-01-01T00"),
    "channel": ("", "web"),
    "referred_by": ("", "c-1", "c-9", "z" * 64),
    "known_on": ("", "", "2024-01-31", "1899-01-01", "2200-12-31"),
    "transaction_id": ("t-1", "t-2", "t-3", "t-4", "t-5", "t-6", "a" * 30, " t"),
    "booked_on": ("2024-01-31", "2024-02-29", "2023-02-29", "2024-13-01", "",
                  "\uff12024-01-1"),
    "direction": ("in", "out", "out", "", "IN"),
    "amount": ("1", "12.5", "0012.50", "1.2500", "1.23456789012", "+3", "-4", "0", "",
               "1,5", "9999999999999.99", "10000000000000.00", "10000000000000.01",
               "123456789012345678901", "1.001", "0.5", "..", "5.", "1 "),
    "balance_after": ("", "-0", "-12.34", "--1", "7", "-.5", "-"),
    "sequence": ("", "0", "7", "2147483647", "2147483648", "-1", "1.0"),
    "loan_id": ("l-1", "l-2", "l-3", "l-4", "l-5", "l\x7f"),
    "principal": ("1", "1000.00", "10000000000000", "0", "-1"),
    "annual_rate": ("0", "0.24", "1.5", "0.1234567", "100", "100.1", "-0",
                    "0.240000000"),
    "installment_count": ("1", "12", "1200", "1201", "0", "01", "1.5"),
    "frequency": ("monthly", "weekly", "P10D", "P1Y", "P99999M", "never", "P\uff11D"),
    "first_due_on": ("2024-03-31", "2024-02-28", "1900-01-01", "2024-02-30"),
    "requested_on": ("", "2024-01-01", "2024-05-01"),
    "disbursed_on": ("", "2024-01-31", "2024-02-28", "bad"),
    "planned_on": ("", "2024-01-01", "2024-04-01"),
    "repayment_id": ("r-1", "r-2", "r-3", "r-4"),
    "paid_on": ("2024-02-01", "2024-01-30", "2024-03-01"),
    "note": ("", "x", 'a "b"\nc', "caf\u00e9"),
}  # fmt: skip


def field_text(value: str, is_quoted: bool) -> str:
    if is_quoted or any(one in value for one in ',"\n'):
        return '"' + value.replace('"', '""') + '"'
    return value


@st.composite
def table_bytes(draw: st.DrawFn, name: str) -> bytes:
    """Return a table of good, bad and odd values, some of its bytes changed."""
    table = next(one for one in TABLES if one.name == name)
    left_out = draw(st.sets(st.sampled_from(table.optional)))
    kept = [one for one in table.columns if one not in left_out]
    columns = draw(st.permutations([*kept, "note"]))
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    pools = [
        st.one_of(st.sampled_from(POOLS[one][:2]), st.sampled_from(POOLS[one]))
        for one in columns
    ]
    rows = draw(st.lists(st.tuples(*pools), max_size=12))
    quotes = draw(st.lists(st.booleans(), min_size=1, max_size=7))
    lines = [",".join(columns)]
    for number, row in enumerate(rows):
        lines.append(
            ",".join(
                field_text(value, quotes[(number + at) % len(quotes)])
                for at, value in enumerate(row)
            )
        )
    data = bytearray(newline.join(lines).encode())
    header = len(lines[0])
    for _ in range(draw(st.integers(0, 4)) if len(data) > header + 3 else 0):
        at = draw(st.integers(header + 2, len(data) - 1))
        what = draw(
            st.sampled_from([b",", b'"', b"\n", b"\r", b"", b"\xff", b"9", b"\0"])
        )
        data[at : at + 1] = what
    end = draw(st.sampled_from([b"", b"\n", b"\r\n\n"]))
    return draw(st.sampled_from([b"", b"\xef\xbb\xbf"])) + bytes(data) + end


@given(
    customers=table_bytes("customers"),
    transactions=table_bytes("transactions"),
    loans=table_bytes("loans"),
    repayments=table_bytes("repayments"),
    chunk_bytes=st.sampled_from([7, 64, 301, 2**20]),
)
def test_the_fast_reader_gives_what_the_scalar_parser_gives_row_by_row(
    customers: bytes,
    transactions: bytes,
    loans: bytes,
    repayments: bytes,
    chunk_bytes: int,
) -> None:
    tables = {
        "customers": customers,
        "transactions": transactions,
        "loans": loans,
        "repayments": repayments,
    }
    portfolio, rejected = slow_reading(tables)
    reading = read(tables, chunk_bytes)

    assert list(reading.rejected) == rejected
    assert [row.params for row in reading.rejected] == [row.params for row in rejected]
    assert reading.portfolio.equals(portfolio)


GOOD_BYTES = {name: text.encode() for name, text in GOOD.items()}


@given(
    table=st.sampled_from(list(GOOD)),
    changes=st.lists(
        st.tuples(st.integers(0, 10**6), st.integers(0, 255), st.booleans()),
        max_size=3,
    ),
    chunk_bytes=st.sampled_from([1, 50, 2**20]),
)
def test_changed_bytes_in_good_tables_are_read_alike(
    table: str, changes: list[tuple[int, int, bool]], chunk_bytes: int
) -> None:
    data = bytearray(GOOD_BYTES[table])
    header = data.index(b"\n") + 1
    for place, value, is_inserted in changes:
        at = header + place % (len(data) - header)
        data[at : at + (not is_inserted)] = bytes([value])
    tables = {**GOOD_BYTES, table: bytes(data)}
    portfolio, rejected = slow_reading(tables)
    reading = read(tables, chunk_bytes)

    assert list(reading.rejected) == rejected
    assert reading.portfolio.equals(portfolio)


def test_a_reading_tells_its_counts_and_a_notebook_the_rejected_rows() -> None:
    text = b"customer_id,kind,currency\nc-1,sole_trader,EUR\nc-2,trader,EUR\n"
    source = TableSource(name="customers.csv", stream=io.BytesIO(text))
    reading = read_tables({"customers": source})

    assert repr(reading) == (
        "PortfolioReading(Portfolio(customers=1, transactions=0, loans=0, "
        "repayments=0), rejected=1)"
    )
    assert "<td>customers.csv</td><td>3</td><td>kind</td>" in reading._repr_html_()
