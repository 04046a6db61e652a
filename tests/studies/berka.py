"""The Berka data of a Czech bank, 1993-1998, as a portfolio folder.

    uv run python -m tests.studies.berka --data ../shared/data/berka --out DIR

`load` reads the raw tables; the other studies on these data start from it. The command
writes the four tables that `microcrm_core review` reads. `ASSUMPTIONS` says what the
data do not say and what is taken instead; the command prints it.

Source of the data: P. Berka and M. Sochorova, PKDD'99 Discovery Challenge.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import gzip
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final

import attrs

__all__ = [
    "ASSUMPTIONS",
    "DUE_DAY",
    "BerkaAccount",
    "BerkaData",
    "BerkaLoan",
    "BerkaTransaction",
    "in_order",
    "load",
    "main",
    "write_portfolio",
]

ASSUMPTIONS: Final = (
    "A customer is an account; birthday and region are those of its owner.",
    "Kind: wage_earner where a pension (DUCHOD) was credited, or where on one day of "
    "the month a transfer from another bank came in at least 3 months; else "
    "sole_trader. The data name no businesses.",
    "An account is known to the lender from the day it was opened.",
    "Money is in CZK with 2 digits.",
    "Rows of one day stand in the order in which their balances chain from the day "
    "before, to within 0.15 CZK (the data round interest); where none chains, "
    "credits first, then by trans_id.",
    "A loan is requested, disbursed and known on its date. Its rate is 0, because "
    "payments times duration is the amount: interest, if any, is not in the data.",
    "Installments fall on the 12th, the first on the first 12th after the grant: "
    "observed loan payments do.",
    "Repayments are the debits marked UVER of an account with a loan, from the day "
    "after the grant on. The data end long before most loans do, so a loan with no "
    "repayment rows is a gap in the data and not arrears.",
    "A loan payment within 1 CZK of the installment is the installment: the observed "
    "ones differ from it by up to 0.50 CZK, above or below, and never more.",
    "A gap in the transactions is missing data, not inactivity.",
)
"""What the portfolio folder takes for granted, one sentence each."""

DUE_DAY: Final = 12
"""The day of the month on which every observed loan payment falls."""

_PAYMENT_TOLERANCE_MINOR: Final = 100
_CHAIN_TOLERANCE_MINOR: Final = 15
_WAGE_MONTHS_MIN: Final = 3


@attrs.frozen(kw_only=True)
class BerkaLoan:
    """One row of loan.csv.

    Attributes:
        id: loan_id.
        account_id: Who borrows.
        granted_on: Day of the grant.
        amount_minor: Principal, in hellers.
        duration_months: Number of monthly installments.
        payment_minor: The installment, in hellers.
        status: A finished well, B finished unpaid, C running well, D in debt.
    """

    id: str
    account_id: str
    granted_on: dt.date
    amount_minor: int
    duration_months: int
    payment_minor: int
    status: str

    @property
    def is_bad(self) -> bool:
        """Whether it ended unpaid or runs in debt (status B or D)."""
        return self.status in {"B", "D"}


@attrs.frozen(kw_only=True)
class BerkaTransaction:
    """One row of trans_partial.csv.

    Attributes:
        id: trans_id.
        account_id: Whose account moved.
        booked_on: Day of the movement.
        amount_minor: In hellers; below zero when money left the account.
        balance_minor: Balance of the account after it, in hellers.
        symbol: k_symbol in Czech, such as UVER (loan payment); empty if none.
        operation: Such as VKLAD (cash in); empty for interest.
    """

    id: str
    account_id: str
    booked_on: dt.date
    amount_minor: int
    balance_minor: int
    symbol: str
    operation: str


@attrs.frozen(kw_only=True)
class BerkaAccount:
    """One row of account.csv with what the other tables say about its owner.

    Attributes:
        id: account_id.
        opened_on: Day of opening.
        district: Name of the owner's district.
        birthday: Of the owner; personal data, so never shown.
    """

    id: str
    opened_on: dt.date
    district: str
    birthday: dt.date = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class BerkaData:
    """The tables that the studies use.

    Attributes:
        accounts: By account_id, in the order of the file.
        loans: In the order of the file.
        transactions: Rows of each account by day and trans_id; an account without
            rows is not in it.
    """

    accounts: Mapping[str, BerkaAccount]
    loans: tuple[BerkaLoan, ...]
    transactions: Mapping[str, tuple[BerkaTransaction, ...]]

    def before(self, account_id: str, day: dt.date) -> tuple[BerkaTransaction, ...]:
        """Return the rows of an account that were booked before a day."""
        rows = self.transactions.get(account_id, ())
        return tuple(row for row in rows if row.booked_on < day)


def load(data_dir: str | Path) -> BerkaData:
    """Return the tables of a Berka folder, this part of the data or another.

    Args:
        data_dir: Folder with account.csv.gz and the others.
    """
    folder = Path(data_dir)
    return BerkaData(
        accounts={account.id: account for account in _accounts(folder)},
        loans=tuple(_loan(row) for row in _rows(folder, "loan")),
        transactions=_transactions(folder),
    )


def in_order(
    rows: Sequence[BerkaTransaction], *, is_chained: bool
) -> tuple[BerkaTransaction, ...]:
    """Return the rows of an account in the order in which they were booked.

    Args:
        rows: By day and trans_id, from the opening of the account on.
        is_chained: Whether rows of one day are put so that their balances chain from
            the day before; else they stay by trans_id, whatever the balances say.
    """
    return tuple(_chained(rows) if is_chained else rows)


def write_portfolio(data: BerkaData, out_dir: str | Path) -> dict[str, int]:
    """Write the four tables and return the number of rows of each."""
    folder = Path(out_dir)
    folder.mkdir(parents=True, exist_ok=True)
    tables = {
        "customers": _customer_rows(data),
        "transactions": _transaction_rows(data),
        "loans": _loan_rows(data),
        "repayments": _repayment_rows(data),
    }
    return {name: _write(folder / f"{name}.csv", rows) for name, rows in tables.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.studies.berka")
    parser.add_argument("--data", required=True, type=Path, help="folder of the data")
    parser.add_argument("--out", required=True, type=Path, help="folder to write")
    options = parser.parse_args(arguments)
    data = load(options.data)
    counts = write_portfolio(data, options.out)
    print("Berka as a portfolio: assumptions")
    for number, text in enumerate(ASSUMPTIONS, start=1):
        print(f"  {number}. {text}")
    print(f"\n{'table':<14}{'rows':>8}")
    for name, count in counts.items():
        print(f"{name:<14}{count:>8,}")
    kinds = [_kind(data.transactions.get(account, ())) for account in data.accounts]
    for kind in sorted(set(kinds)):
        print(f"{kind:<14}{kinds.count(kind):>8,}")
    return 0


def _rows(folder: Path, name: str) -> Iterator[dict[str, str]]:
    with gzip.open(folder / f"{name}.csv.gz", "rt", encoding="utf-8", newline="") as f:
        yield from csv.DictReader(f)


def _day(text: str) -> dt.date:
    # YYMMDD, in places followed by a time of day that is always midnight.
    return dt.date(1900 + int(text[:2]), int(text[2:4]), int(text[4:6]))


def _birthday(birth_number: str) -> dt.date:
    month = int(birth_number[2:4])
    woman_offset = 50 if month > 50 else 0
    year = 1900 + int(birth_number[:2])
    return dt.date(year, month - woman_offset, int(birth_number[4:6]))


def _minor(text: str) -> int:
    whole, _, digits = text.partition(".")
    cents = int(digits.ljust(2, "0"))
    if len(digits) > 2:
        raise ValueError(f"an amount must have at most 2 digits, got {text!r}")
    is_negative = whole.startswith("-")
    return int(whole) * 100 + (-cents if is_negative else cents)


def _accounts(folder: Path) -> Iterator[BerkaAccount]:
    districts = {row["A1"]: row["A2"] for row in _rows(folder, "district")}
    clients = {row["client_id"]: row for row in _rows(folder, "client")}
    owners = {
        row["account_id"]: clients[row["client_id"]]
        for row in _rows(folder, "disp")
        if row["type"] == "OWNER"
    }
    for row in _rows(folder, "account"):
        owner = owners[row["account_id"]]
        yield BerkaAccount(
            id=row["account_id"],
            opened_on=_day(row["date"]),
            district=districts[owner["district_id"]],
            birthday=_birthday(owner["birth_number"]),
        )


def _loan(row: Mapping[str, str]) -> BerkaLoan:
    return BerkaLoan(
        id=row["loan_id"],
        account_id=row["account_id"],
        granted_on=_day(row["date"]),
        amount_minor=_minor(row["amount"]),
        duration_months=int(row["duration"]),
        payment_minor=_minor(row["payments"]),
        status=row["status"],
    )


def _transactions(folder: Path) -> dict[str, tuple[BerkaTransaction, ...]]:
    by_account: dict[str, list[BerkaTransaction]] = {}
    for row in _rows(folder, "trans_partial"):
        sign = 1 if row["type"] == "PRIJEM" else -1
        by_account.setdefault(row["account_id"], []).append(
            BerkaTransaction(
                id=row["trans_id"],
                account_id=row["account_id"],
                booked_on=_day(row["date"]),
                amount_minor=sign * _minor(row["amount"]),
                balance_minor=_minor(row["balance"]),
                symbol=row["k_symbol"],
                operation=row["operation"],
            )
        )
    for rows in by_account.values():
        rows.sort(key=lambda row: (row.booked_on, int(row.id)))
    return {account: tuple(rows) for account, rows in by_account.items()}


def _chained(rows: Sequence[BerkaTransaction]) -> list[BerkaTransaction]:
    ordered: list[BerkaTransaction] = []
    balance = 0  # an account begins empty
    for _, group in groupby(rows, key=lambda row: row.booked_on):
        of_day = sorted(group, key=lambda row: (row.amount_minor < 0, int(row.id)))
        ordered += _chain(balance, of_day) or of_day
        balance = ordered[-1].balance_minor
    return ordered


def _chain(
    balance_minor: int, left: Sequence[BerkaTransaction]
) -> list[BerkaTransaction] | None:
    if not left:
        return []
    for index, row in enumerate(left):
        gap = balance_minor + row.amount_minor - row.balance_minor
        if abs(gap) <= _CHAIN_TOLERANCE_MINOR:
            rest = _chain(row.balance_minor, [*left[:index], *left[index + 1 :]])
            if rest is not None:
                return [row, *rest]
    return None


def _kind(rows: Sequence[BerkaTransaction]) -> str:
    months_by_day: dict[int, set[tuple[int, int]]] = {}
    for row in rows:
        if row.symbol == "DUCHOD":
            return "wage_earner"
        if row.operation == "PREVOD Z UCTU":
            day = row.booked_on
            months_by_day.setdefault(day.day, set()).add((day.year, day.month))
    is_regular = any(len(m) >= _WAGE_MONTHS_MIN for m in months_by_day.values())
    return "wage_earner" if is_regular else "sole_trader"


def _customer_rows(data: BerkaData) -> Iterator[dict[str, object]]:
    for account in data.accounts.values():
        yield {
            "customer_id": account.id,
            "kind": _kind(data.transactions.get(account.id, ())),
            "currency": "CZK",
            "industry": "",
            "region": account.district,
            "birthday": account.birthday.isoformat(),
            "channel": "",
            "referred_by": "",
            "known_on": account.opened_on.isoformat(),
        }


def _transaction_rows(data: BerkaData) -> Iterator[dict[str, object]]:
    for rows in data.transactions.values():
        for _, group in groupby(_chained(rows), key=lambda row: row.booked_on):
            for sequence, row in enumerate(group):
                if row.amount_minor == 0:
                    continue  # a fee or interest of nothing moves no money
                yield {
                    "transaction_id": row.id,
                    "customer_id": row.account_id,
                    "booked_on": row.booked_on.isoformat(),
                    "direction": "in" if row.amount_minor > 0 else "out",
                    "amount": _decimal(abs(row.amount_minor)),
                    "balance_after": _decimal(row.balance_minor),
                    "sequence": sequence,
                    "known_on": row.booked_on.isoformat(),
                }


def _loan_rows(data: BerkaData) -> Iterator[dict[str, object]]:
    for loan in data.loans:
        granted_on = loan.granted_on.isoformat()
        yield {
            "loan_id": loan.id,
            "customer_id": loan.account_id,
            "currency": "CZK",
            "principal": _decimal(loan.amount_minor),
            "annual_rate": "0",
            "installment_count": loan.duration_months,
            "frequency": "monthly",
            "requested_on": granted_on,
            "disbursed_on": granted_on,
            "first_due_on": _first_due_on(loan.granted_on).isoformat(),
            "known_on": granted_on,
        }


def _first_due_on(granted_on: dt.date) -> dt.date:
    if granted_on.day < DUE_DAY:
        return granted_on.replace(day=DUE_DAY)
    return (granted_on.replace(day=1) + dt.timedelta(days=31)).replace(day=DUE_DAY)


def _repayment_rows(data: BerkaData) -> Iterator[dict[str, object]]:
    for loan in data.loans:
        for row in data.transactions.get(loan.account_id, ()):
            is_payment = row.symbol == "UVER" and row.amount_minor < 0
            if is_payment and row.booked_on > loan.granted_on:
                yield {
                    "repayment_id": f"r-{row.id}",
                    "loan_id": loan.id,
                    "paid_on": row.booked_on.isoformat(),
                    "amount": _decimal(_paid_minor(loan, row)),
                    "currency": "CZK",
                    "known_on": row.booked_on.isoformat(),
                }


def _paid_minor(loan: BerkaLoan, row: BerkaTransaction) -> int:
    gap = -row.amount_minor - loan.payment_minor
    is_rounding = abs(gap) <= _PAYMENT_TOLERANCE_MINOR
    return loan.payment_minor if is_rounding else -row.amount_minor


def _decimal(minor: int) -> str:
    whole, cents = divmod(abs(minor), 100)
    return f"{'-' if minor < 0 else ''}{whole}.{cents:02}"


def _write(path: Path, rows: Iterator[dict[str, object]]) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="") as f:
        writer: csv.DictWriter[str] | None = None
        for row in rows:
            if writer is None:
                writer = csv.DictWriter(f, list(row), lineterminator="\n")
                writer.writeheader()
            writer.writerow(row)
            count += 1
    return count


if __name__ == "__main__":
    sys.exit(main())
