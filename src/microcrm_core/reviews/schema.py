"""The tables of a portfolio folder: their files, columns and bounds.

A lender hands over up to four tables: who its customers are, what their
accounts did, what was lent, and what was paid back. This module only names what
stands where; `rows` says what a good row is, `files_batch` reads a folder.

Example:
    >>> from microcrm_core.reviews.schema import LOANS
    >>> LOANS.file, LOANS.required[:3]
    ('loans.csv', ('loan_id', 'customer_id', 'currency'))
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import attrs

__all__ = [
    "AMOUNT_MINOR_MAX",
    "ANNUAL_RATE_MAX",
    "CUSTOMERS",
    "DAY_MAX",
    "DAY_MIN",
    "ID_BYTES_MAX",
    "INSTALLMENT_COUNT_MAX",
    "KNOWN_FROM_BEGINNING",
    "LOANS",
    "LOAN_DAYS_MAX",
    "LOAN_MONTHS_MAX",
    "LOAN_NUMERATOR_MAX",
    "RECORD_BYTES_MAX",
    "REPAYMENTS",
    "SEQUENCE_MAX",
    "TABLES",
    "TEXT_BYTES_MAX",
    "TRANSACTIONS",
    "Table",
]

ID_BYTES_MAX: Final = 64
"""Longest id, in bytes of UTF-8."""

TEXT_BYTES_MAX: Final = 200
"""Longest industry, region or channel, in bytes of UTF-8."""

DAY_MIN: Final = dt.date(1900, 1, 1)
"""Earliest date that a file may state."""

DAY_MAX: Final = dt.date(2200, 12, 31)
"""Latest date that a file may state."""

KNOWN_FROM_BEGINNING: Final = dt.date.min
"""`known_on` of a customer whose row does not state it: known on every day."""

AMOUNT_MINOR_MAX: Final = 10**15
"""Largest amount, in minor units and without its sign.

Far inside int64, so that one mistyped row cannot make the sums of a customer overflow.
"""

SEQUENCE_MAX: Final = 2**31 - 1
"""Largest place of a transaction within its day."""

INSTALLMENT_COUNT_MAX: Final = 1200
"""The most installments of one loan."""

ANNUAL_RATE_MAX: Final = 100
"""Highest nominal rate a year, as a fraction: 100 is 10,000 %."""

LOAN_MONTHS_MAX: Final = 1200
"""Longest loan, in months: installments times the months between them."""

LOAN_DAYS_MAX: Final = 36_525
"""Longest loan whose frequency counts days or weeks, in days."""

LOAN_NUMERATOR_MAX: Final = 2**62
"""Largest principal in minor units times annual ppm times days of the longest period.

Many schedules at once are computed in int64; a larger loan is refused.
"""

RECORD_BYTES_MAX: Final = 65_536
"""Longest record, its line end included; also how far a quote may stay open."""


@attrs.frozen(kw_only=True)
class Table:
    """One table of a portfolio folder.

    Attributes:
        name: Name of the table, and of its file without the ending.
        required: Columns that the header must name.
        optional: Columns that it may name; left out, every row is empty there.

    Example:
        >>> from microcrm_core.reviews.schema import REPAYMENTS
        >>> REPAYMENTS.file, REPAYMENTS.optional
        ('repayments.csv', ('known_on',))
    """

    name: str
    required: tuple[str, ...]
    optional: tuple[str, ...]

    @property
    def file(self) -> str:
        """Name of the CSV file."""
        return f"{self.name}.csv"

    @property
    def parquet_file(self) -> str:
        """Name of the Parquet file that may stand in for it."""
        return f"{self.name}.parquet"

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns, in the order in which they are written."""
        return self.required + self.optional

    @property
    def id_column(self) -> str:
        """The column that identifies a row."""
        return self.required[0]


CUSTOMERS: Final = Table(
    name="customers",
    required=("customer_id", "kind", "currency"),
    optional=(
        "industry",
        "region",
        "birthday",
        "channel",
        "referred_by",
        "known_on",
    ),
)

TRANSACTIONS: Final = Table(
    name="transactions",
    required=("transaction_id", "customer_id", "booked_on", "direction", "amount"),
    optional=("balance_after", "sequence", "currency", "known_on"),
)

LOANS: Final = Table(
    name="loans",
    required=(
        "loan_id",
        "customer_id",
        "currency",
        "principal",
        "annual_rate",
        "installment_count",
        "frequency",
        "first_due_on",
    ),
    optional=("requested_on", "disbursed_on", "planned_on", "known_on"),
)

REPAYMENTS: Final = Table(
    name="repayments",
    required=("repayment_id", "loan_id", "paid_on", "amount", "currency"),
    optional=("known_on",),
)

TABLES: Final = (CUSTOMERS, TRANSACTIONS, LOANS, REPAYMENTS)
"""The tables in the order in which rejected rows are listed."""
