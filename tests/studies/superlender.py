"""The SuperLender data of a Nigerian lender, 2016-2017, as a portfolio folder.

    uv run python -m tests.studies.superlender --data DIR --out DIR

`ASSUMPTIONS` says what the data do not say and what is taken instead; the command
prints it, and how well the loans come out.

Source of the data: Data Science Nigeria and Zindi, "Loan Default Prediction".
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import gzip
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final

import attrs

from microcrm_core import Currency, Money
from microcrm_core.dates import Frequency
from microcrm_core.loans import STRICT, LoanTerms, build_schedule
from microcrm_core.rates import Rate

__all__ = ["ASSUMPTIONS", "SuperLoan", "load", "main", "write_portfolio"]

ASSUMPTIONS: Final = (
    "A customer is a customerid with a loan, known from the day of the first request.",
    "Kind: sole_trader where the employment is Self-Employed; else wage_earner, also "
    "where it is blank. The data name no businesses.",
    "The birthday is that of the first row about the customer. A referral counts where "
    "the referrer is a customer at hand; the others are left empty.",
    "Money is in NGN with 2 digits.",
    "A loan is requested and known on its creationdate, disbursed on its approveddate. "
    "The times of day and the hour between the two clocks are dropped.",
    "Terms of 15 and 30 days are one installment; 60 and 90 days are two and three, "
    "30 days apart.",
    "Current loans state no due date: it is 15 or 30 days after the approval, and the "
    "Monday after where that is a weekend, as it is for earlier loans.",
    "The yearly rate is the one, in whole parts per million under ACT/365F, at which "
    "the strict schedule comes nearest to totaldue; the price is a flat charge in the "
    "data.",
    "Repayments have dates and no amounts. With one installment, all of the schedule's "
    "total is paid on closeddate; with more, the first installment on firstrepaiddate "
    "and the rest on closeddate. Current loans have no repayments: what became of them "
    "(good_bad_flag) was known later.",
    "There are no transactions.",
)
"""What the portfolio folder takes for granted, one sentence each."""

_CURRENCY: Final = Currency.of("NGN")
_PERIOD_DAYS: Final = 30
_RATE_PPM_MAX: Final = 10_000_000
_SATURDAY: Final = 5


@attrs.frozen(kw_only=True)
class SuperLoan:
    """One row of prevloans.csv or perf.csv.

    Attributes:
        id: systemloanid.
        customer_id: Who borrows.
        number: Loan of the customer, from 1.
        requested_on: creationdate.
        disbursed_on: approveddate.
        amount_minor: Principal, in kobo.
        total_minor: Principal and price, in kobo.
        term_days: 15, 30, 60 or 90.
        first_due_on: Due date of the first installment.
        first_repaid_on: None for a current loan.
        closed_on: None for a current loan.
        referred_by: customerid of the referrer, at hand or not; empty if none.
        is_bad: good_bad_flag; None for an earlier loan.
    """

    id: str
    customer_id: str
    number: int
    requested_on: dt.date
    disbursed_on: dt.date
    amount_minor: int
    total_minor: int
    term_days: int
    first_due_on: dt.date
    first_repaid_on: dt.date | None
    closed_on: dt.date | None
    referred_by: str
    is_bad: bool | None

    @property
    def installment_count(self) -> int:
        """One for each 30 days begun."""
        return -(-self.term_days // _PERIOD_DAYS)

    @property
    def price_key(self) -> tuple[int, int, int, int]:
        """What the rate depends on."""
        first_days = (self.first_due_on - self.disbursed_on).days
        return self.amount_minor, self.total_minor, first_days, self.installment_count


def load(data_dir: str | Path) -> tuple[SuperLoan, ...]:
    """Return all loans of a SuperLender folder, earlier ones first.

    Args:
        data_dir: Folder with prevloans.csv.gz, perf.csv.gz and demographics.csv.gz.
    """
    folder = Path(data_dir)
    rows = [*_rows(folder, "prevloans"), *_rows(folder, "perf")]
    return tuple(_loan(row) for row in rows)


def write_portfolio(data_dir: str | Path, out_dir: str | Path) -> dict[str, int]:
    """Write customers, loans and repayments; return the number of rows of each."""
    loans = load(data_dir)
    folder = Path(out_dir)
    folder.mkdir(parents=True, exist_ok=True)
    customers = list(_customer_rows(loans, _people(Path(data_dir))))
    tables = {
        "customers": customers,
        "loans": [_loan_row(loan) for loan in loans],
        "repayments": list(_repayment_rows(loans)),
    }
    return {name: _write(folder / f"{name}.csv", rows) for name, rows in tables.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.studies.superlender")
    parser.add_argument("--data", required=True, type=Path, help="folder of the data")
    parser.add_argument("--out", required=True, type=Path, help="folder to write")
    options = parser.parse_args(arguments)
    counts = write_portfolio(options.data, options.out)
    print("SuperLender as a portfolio: assumptions")
    for number, text in enumerate(ASSUMPTIONS, start=1):
        print(f"  {number}. {text}")
    print(f"\n{'table':<12}{'rows':>8}")
    for name, count in counts.items():
        print(f"{name:<12}{count:>8,}")
    loans = load(options.data)
    gaps = [abs(_priced(loan.price_key)[1] - loan.total_minor) for loan in loans]
    earlier = [loan for loan in loans if loan.closed_on is not None]
    as_ruled = sum(
        loan.first_due_on == _ruled_due_on(loan.disbursed_on, loan.term_days)
        for loan in earlier
    )
    exact = sum(gap == 0 for gap in gaps)
    print(f"\nschedule total equals totaldue: {exact:,} of {len(gaps):,} loans")
    print(f"largest difference: {max(gaps)} kobo")
    print(f"earlier loans due by the rule: {as_ruled:,} of {len(earlier):,}")
    return 0


def _rows(folder: Path, name: str) -> Iterator[dict[str, str]]:
    with gzip.open(folder / f"{name}.csv.gz", "rt", encoding="utf-8", newline="") as f:
        yield from csv.DictReader(f)


def _day(moment: str) -> dt.date:
    return dt.date.fromisoformat(moment[:10])


def _minor(text: str) -> int:
    return Money.of(text.rstrip("0").rstrip("."), _CURRENCY).minor


def _ruled_due_on(disbursed_on: dt.date, term_days: int) -> dt.date:
    due_on = disbursed_on + dt.timedelta(days=min(term_days, _PERIOD_DAYS))
    is_weekend = due_on.weekday() >= _SATURDAY
    return due_on + dt.timedelta(days=7 - due_on.weekday() if is_weekend else 0)


def _loan(row: Mapping[str, str]) -> SuperLoan:
    disbursed_on = _day(row["approveddate"])
    term_days = int(row["termdays"])
    due, repaid = row.get("firstduedate"), row.get("firstrepaiddate")
    closed, flag = row.get("closeddate"), row.get("good_bad_flag")
    return SuperLoan(
        id=row["systemloanid"],
        customer_id=row["customerid"],
        number=int(row["loannumber"]),
        requested_on=_day(row["creationdate"]),
        disbursed_on=disbursed_on,
        amount_minor=_minor(row["loanamount"]),
        total_minor=_minor(row["totaldue"]),
        term_days=term_days,
        first_due_on=_day(due) if due else _ruled_due_on(disbursed_on, term_days),
        first_repaid_on=_day(repaid) if repaid else None,
        closed_on=_day(closed) if closed else None,
        referred_by=row["referredby"],
        is_bad=None if flag is None else flag == "Bad",
    )


def _people(folder: Path) -> dict[str, dict[str, str]]:
    people: dict[str, dict[str, str]] = {}
    for row in _rows(folder, "demographics"):
        people.setdefault(row["customerid"], row)
    return people


def _customer_rows(
    loans: Iterable[SuperLoan], people: Mapping[str, Mapping[str, str]]
) -> Iterator[dict[str, object]]:
    known_on: dict[str, dt.date] = {}
    referrer: dict[str, str] = {}
    for loan in loans:
        earliest = known_on.get(loan.customer_id, loan.requested_on)
        known_on[loan.customer_id] = min(earliest, loan.requested_on)
        if loan.referred_by and loan.referred_by != loan.customer_id:
            referrer.setdefault(loan.customer_id, loan.referred_by)
    for customer_id, day in known_on.items():
        person = people.get(customer_id, {})
        employment = person.get("employment_status_clients", "")
        referred_by = referrer.get(customer_id, "")
        yield {
            "customer_id": customer_id,
            "kind": "sole_trader" if employment == "Self-Employed" else "wage_earner",
            "currency": _CURRENCY.code,
            "industry": "",
            "region": "",
            "birthday": person.get("birthdate", "")[:10],
            "channel": "",
            "referred_by": referred_by if referred_by in known_on else "",
            "known_on": day.isoformat(),
        }


def _loan_row(loan: SuperLoan) -> dict[str, object]:
    rate_ppm, _, _ = _priced(loan.price_key)
    return {
        "loan_id": loan.id,
        "customer_id": loan.customer_id,
        "currency": _CURRENCY.code,
        "principal": f"{Money(loan.amount_minor, _CURRENCY).amount:f}",
        "annual_rate": f"{Rate.of_ppm(rate_ppm).annual:f}",
        "installment_count": loan.installment_count,
        "frequency": f"P{_PERIOD_DAYS}D",
        "requested_on": loan.requested_on.isoformat(),
        "disbursed_on": loan.disbursed_on.isoformat(),
        "first_due_on": loan.first_due_on.isoformat(),
        "known_on": loan.requested_on.isoformat(),
    }


def _repayment_rows(loans: Iterable[SuperLoan]) -> Iterator[dict[str, object]]:
    for loan in loans:
        if loan.closed_on is None or loan.first_repaid_on is None:
            continue
        _, total_minor, first_minor = _priced(loan.price_key)
        parts = [(loan.closed_on, total_minor)]
        if loan.installment_count > 1 and loan.first_repaid_on < loan.closed_on:
            parts = [
                (loan.first_repaid_on, first_minor),
                (loan.closed_on, total_minor - first_minor),
            ]
        for number, (paid_on, amount_minor) in enumerate(parts, start=1):
            yield {
                "repayment_id": f"{loan.id}-{number}",
                "loan_id": loan.id,
                "paid_on": paid_on.isoformat(),
                "amount": f"{Money(amount_minor, _CURRENCY).amount:f}",
                "currency": _CURRENCY.code,
                "known_on": paid_on.isoformat(),
            }


@cache
def _priced(price_key: tuple[int, int, int, int]) -> tuple[int, int, int]:
    """Return rate in ppm, total and first installment of the nearest schedule."""
    _, total_minor, _, _ = price_key
    reaches = _first_ppm(price_key, total_minor)
    exceeds = _first_ppm(price_key, total_minor + 1)
    # Rounding gives many rates one total: their middle is closest to the flat price.
    candidates = (max(0, reaches - 1), (reaches + max(reaches, exceeds - 1)) // 2)
    ppm = min(
        candidates,
        key=lambda rate: abs(_schedule_amounts(price_key, rate)[0] - total_minor),
    )
    return ppm, *_schedule_amounts(price_key, ppm)


def _first_ppm(price_key: tuple[int, int, int, int], total_minor: int) -> int:
    # The total never falls as the rate rises, so halving finds the place.
    low, high = 0, _RATE_PPM_MAX
    while low < high:
        middle = (low + high) // 2
        if _schedule_amounts(price_key, middle)[0] < total_minor:
            low = middle + 1
        else:
            high = middle
    return low


def _schedule_amounts(
    price_key: tuple[int, int, int, int], rate_ppm: int
) -> tuple[int, int]:
    amount_minor, _, first_days, installment_count = price_key
    # Interest depends on the days between dates only, so any start will do.
    start = dt.date(2001, 1, 1)
    terms = LoanTerms(
        principal=Money(amount_minor, _CURRENCY),
        nominal_rate=Rate.of_ppm(rate_ppm),
        installment_count=installment_count,
        frequency=Frequency.of(f"P{_PERIOD_DAYS}D"),
        disbursed_on=start,
        first_due_on=start + dt.timedelta(days=first_days),
    )
    schedule = build_schedule(terms, STRICT)
    return schedule.total.minor, schedule.total_minor[0]


def _write(path: Path, rows: Sequence[Mapping[str, object]]) -> int:
    with path.open("w", encoding="utf-8", newline="") as f:
        writer = csv.DictWriter(f, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return len(rows)


if __name__ == "__main__":
    sys.exit(main())
