"""Portfolio folders for tests, and a slow reader to compare the fast one with.

The slow reader goes byte by byte and row by row, and uses nothing but the scalar row
parsers; so it says what a file means.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from microcrm_core.reviews.portfolio_batch import Portfolio
from microcrm_core.reviews.rejections import Fault, RejectedRow
from microcrm_core.reviews.rows import (
    KnownCustomers,
    KnownLoan,
    KnownLoans,
    parse_customer,
    parse_loan,
    parse_repayment,
    parse_transaction,
)
from microcrm_core.reviews.schema import (
    CUSTOMERS,
    LOANS,
    RECORD_BYTES_MAX,
    REPAYMENTS,
    TABLES,
    TRANSACTIONS,
    Table,
)

GOOD: Mapping[str, str] = {
    "customers": (
        "customer_id,kind,currency,industry,region,birthday,channel,referred_by,known_on\n"
        "c-1,sole_trader,EUR,food,north,1980-05-17,branch,,2023-01-02\n"
        "c-2,wage_earner,JPY,,south,,,c-1,\n"
        "c-3,small_business,EUR,retail,,,web,elsewhere-9,2024-02-29\n"
    ),
    "transactions": (
        "transaction_id,customer_id,booked_on,direction,amount,balance_after,sequence,"
        "known_on\n"
        "t-1,c-1,2024-03-01,in,100.00,350.25,0,\n"
        "t-2,c-1,2024-03-01,out,12.5,-7,1,2024-03-04\n"
        "t-3,c-2,2024-03-02,in,40000,,,\n"
    ),
    "loans": (
        "loan_id,customer_id,currency,principal,annual_rate,installment_count,frequency,"
        "first_due_on,requested_on,disbursed_on,planned_on,known_on\n"
        "l-1,c-1,EUR,1200,0.24,12,monthly,2024-02-15,2024-01-10,2024-01-15,,\n"
        "l-2,c-2,JPY,90000,0.1825,8,P2W,2024-05-01,,2024-04-10,,2024-04-11\n"
        "l-3,c-3,EUR,500.50,0,1,weekly,2024-06-08,2024-05-30,,,\n"
        "l-4,c-3,EUR,500.50,0,1,weekly,2024-06-08,2024-05-30,,2024-06-02,\n"
    ),
    "repayments": (
        "repayment_id,loan_id,paid_on,amount,currency,known_on\n"
        "r-1,l-1,2024-02-14,113.45,EUR,\n"
        "r-2,l-1,2024-01-15,1,EUR,2024-02-20\n"
        "r-3,l-2,2024-05-01,12000,JPY,\n"
    ),
}
"""Four small tables without a bad row, one line a row."""


def write_folder(folder: Path, tables: Mapping[str, str | bytes]) -> Path:
    """Write each table as a CSV file and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in tables.items():
        data = text if isinstance(text, bytes) else text.encode()
        (folder / f"{name}.csv").write_bytes(data)
    return folder


def slow_reading(
    tables: Mapping[str, bytes],
) -> tuple[Portfolio, list[RejectedRow]]:
    """Return the portfolio and the rejected rows of some CSV files, row by row."""
    rejected: list[RejectedRow] = []

    def read(table: Table, parse: Any) -> tuple[list[Any], dict[str, int]]:
        values, found, lost = _slow_table(tables.get(table.name), table, parse)
        rejected.extend(found)
        return values, lost

    customers, lost = read(CUSTOMERS, parse_customer)
    currencies = {customer.id: customer.currency for customer in customers}
    known = KnownCustomers(currencies=currencies, rejected=lost)
    transactions, _ = read(TRANSACTIONS, lambda row: parse_transaction(row, known))
    loans, lost = read(LOANS, lambda row: parse_loan(row, known))
    known_loans = KnownLoans(
        loans={
            loan.id: KnownLoan(
                currency=loan.terms.principal.currency,
                disbursed_on=loan.terms.disbursed_on if loan.is_disbursed else None,
            )
            for loan in loans
        },
        rejected=lost,
    )
    repayments, _ = read(REPAYMENTS, lambda row: parse_repayment(row, known_loans))
    portfolio = Portfolio.from_scalars(
        customers=customers,
        transactions=transactions,
        loans=loans,
        repayments=repayments,
    )
    order = [table.file for table in TABLES]
    rejected.sort(key=lambda row: (order.index(row.file), row.line))
    return portfolio, rejected


def _slow_table(
    data: bytes | None, table: Table, parse: Any
) -> tuple[list[Any], list[RejectedRow], dict[str, int]]:
    good: dict[str, Any] = {}
    lines: dict[str, int] = {}
    rejected: list[RejectedRow] = []
    lost: dict[str, int] = {}
    records = slow_records(b"" if data is None else data)
    names = [name.decode() for name in next(records, (1, []))[1]]
    for line, fields in records:
        value = _slow_row(names, fields, table, parse)
        if isinstance(value, tuple):
            fault, row_id = value
            if row_id is not None:
                lost.setdefault(row_id, line)
        elif value.id in good:
            params = {"id": value.id, "line": lines[value.id]}
            fault = Fault(table.id_column, "id_repeated", params)
        else:
            good[value.id] = value
            lines[value.id] = line
            continue
        rejected.append(RejectedRow.of(fault, file=table.file, line=line))
    return list(good.values()), rejected, lost


def _slow_row(
    names: list[str], fields: list[bytes] | str, table: Table, parse: Any
) -> Any:
    if isinstance(fields, str):
        return Fault(None, fields, {"bytes_max": RECORD_BYTES_MAX}), None
    if len(fields) != len(names):
        params = {"expected": len(names), "found": len(fields)}
        return Fault(None, "row_field_count", params), None
    row = {}
    for name, field in zip(names, fields, strict=True):
        try:
            row[name] = field.decode()
        except UnicodeDecodeError:
            return Fault(name, "row_not_utf8"), None
    value = parse({name: row[name] for name in names if name in table.columns})
    return (value, row[table.id_column]) if isinstance(value, Fault) else value


def slow_records(data: bytes) -> Iterator[tuple[int, Any]]:
    """Yield line and fields of each record, or the code of what is wrong with it."""
    data = data.removeprefix(b"\xef\xbb\xbf")
    if data and not data.endswith(b"\n"):
        data += b"\n"
    at, line = 0, 1
    while at < len(data):
        end = data.index(b"\n", at) + 1
        first = data[at:end]
        if first in (b"\n", b"\r\n"):
            at, line = end, line + 1
            continue
        record = None if len(first) > RECORD_BYTES_MAX else _slow_record(data, at)
        if record is None:
            is_long = len(first) > RECORD_BYTES_MAX
            yield line, "row_too_long" if is_long else "row_quotes"
            at, line = end, line + 1
            continue
        fields, after = record
        yield line, fields
        line += data.count(b"\n", at, after)
        at = after


def _slow_record(data: bytes, at: int) -> tuple[list[bytes], int] | None:
    fields: list[bytes] = []
    end = min(len(data), at + RECORD_BYTES_MAX)
    while True:
        field = bytearray()
        if at < end and data[at : at + 1] == b'"':
            at += 1
            while True:
                if at >= end:
                    return None
                if data[at : at + 1] != b'"':
                    field += data[at : at + 1]
                    at += 1
                elif at + 1 < end and data[at + 1 : at + 2] == b'"':
                    field += b'"'
                    at += 2
                else:
                    at += 1
                    break
        else:
            while at < end and data[at : at + 1] not in (b",", b'"', b"\n"):
                field += data[at : at + 1]
                at += 1
            if data[at : at + 1] == b"\n" and field.endswith(b"\r"):
                fields.append(bytes(field[:-1]))
                return fields, at + 1
        fields.append(bytes(field))
        if at < end and data[at : at + 1] == b",":
            at += 1
        elif at < end and data[at : at + 1] == b"\n":
            return fields, at + 1
        elif at + 1 < end and data[at : at + 2] == b"\r\n":
            return fields, at + 2
        else:
            return None


def day_number(text: str) -> int:
    """Return the days from 1970-01-01 to an ISO date."""
    return (dt.date.fromisoformat(text) - dt.date(1970, 1, 1)).days
