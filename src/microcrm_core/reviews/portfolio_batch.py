"""The four tables of a lender as columns: what a review reads.

A `Portfolio` holds every customer with their transactions, loans and repayments. It
comes from a folder (`files_batch.read_portfolio`), from frames, from the sample
generator or from scalar values, and all of these give the same columns. A
transaction or a loan carries the position of its customer, a repayment that of its
loan. Rows stand in the order of their source, and nothing may depend on that order.

Example:
    >>> from microcrm_core.reviews.portfolio_batch import Portfolio
    >>> Portfolio.from_scalars(customers=())
    Portfolio(customers=0, transactions=0, loans=0, repayments=0)
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, Final

import attrs
import numpy as np
import numpy.typing as npt

from microcrm_core.batch import UNKNOWN, Int64s, require_rows
from microcrm_core.checks import whole_number
from microcrm_core.customers import Customer, Transaction
from microcrm_core.customers.columns_batch import CustomerColumns, TransactionColumns
from microcrm_core.errors import InvalidValueError
from microcrm_core.html import html_table
from microcrm_core.ids import CustomerId
from microcrm_core.loans import Loan, Repayment
from microcrm_core.loans.columns_batch import Ids, LoanColumns, RepaymentColumns

__all__ = ["Portfolio", "RowGroups"]

_EPOCH: Final = dt.date(1970, 1, 1).toordinal()


@attrs.frozen(eq=False)
class RowGroups:
    """The rows of a table sorted by the row of another table that they belong to.

    Attributes:
        order: Row numbers, group by group, in the order of the table within each.
        starts: Where each group begins in `order`; one more entry ends the last.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.reviews.portfolio_batch import RowGroups
        >>> groups = RowGroups.of(np.array([1, 0, 1]), group_count=3)
        >>> [groups.rows(group).tolist() for group in range(3)]
        [[1], [0, 2], []]
    """

    order: Int64s
    starts: Int64s

    @classmethod
    def of(cls, index: npt.NDArray[np.integer[Any]], *, group_count: int) -> RowGroups:
        """Return the groups of a table whose row *i* belongs to row *index[i]*.

        Example:
            >>> import numpy as np
            >>> from microcrm_core.reviews.portfolio_batch import RowGroups
            >>> RowGroups.of(np.array([1, 0, 1]), group_count=2).starts.tolist()
            [0, 1, 3]
        """
        starts = np.zeros(group_count + 1, np.int64)
        np.cumsum(np.bincount(index, minlength=group_count), out=starts[1:])
        return cls(np.argsort(index, kind="stable").astype(np.int64), starts)

    def rows(self, group: int) -> Int64s:
        """Return the row numbers of one group, in the order of the table.

        Example:
            >>> import numpy as np
            >>> from microcrm_core.reviews.portfolio_batch import RowGroups
            >>> RowGroups.of(np.array([0, 0]), group_count=1).rows(0).tolist()
            [0, 1]
        """
        return self.order[self.starts[group] : self.starts[group + 1]]


@attrs.frozen(kw_only=True, eq=False, repr=False, slots=False)
class Portfolio:
    """Customers, transactions, loans and repayments, one row each.

    The tables agree with each other: every position points at a row, a loan has the
    currency of its customer, and no id stands twice in a table. The readers, the
    sample generator and `from_scalars` see to that; who builds columns by hand
    promises it.

    Attributes:
        customers: Whom we know.
        transactions: What moved on their accounts.
        loans: What was lent to them or asked for.
        repayments: What they paid back.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency
        >>> from microcrm_core.customers import Customer, CustomerKind
        >>> from microcrm_core.reviews.portfolio_batch import Portfolio
        >>> customer = Customer(
        ...     id="c-1",
        ...     kind=CustomerKind.SOLE_TRADER,
        ...     currency=Currency.of("EUR"),
        ...     known_on=dt.date(2024, 1, 2),
        ... )
        >>> portfolio = Portfolio.from_scalars(customers=[customer])
        >>> portfolio
        Portfolio(customers=1, transactions=0, loans=0, repayments=0)
        >>> portfolio.customer_scalars(0)[0] == customer
        True
    """

    customers: CustomerColumns
    transactions: TransactionColumns
    loans: LoanColumns
    repayments: RepaymentColumns

    @classmethod
    def from_scalars(
        cls,
        *,
        customers: Iterable[Customer],
        transactions: Iterable[Transaction] = (),
        loans: Iterable[Loan] = (),
        repayments: Iterable[Repayment] = (),
    ) -> Portfolio:
        """Return the portfolio of these values, rows in the order given.

        Raises:
            InvalidValueError: An id stands twice in a table, a row belongs to nobody,
                currencies are mixed, an amount leaves int64, or a loan is repaid
                before it was disbursed.

        Example:
            >>> from microcrm_core.reviews.portfolio_batch import Portfolio
            >>> Portfolio.from_scalars(customers=[]).customer_count
            0
        """
        customer_columns = CustomerColumns.from_customers(customers)
        _require_distinct("customer_id", customer_columns.ids)
        position = {
            CustomerId(one.decode()): row
            for row, one in enumerate(customer_columns.ids)
        }
        loan_columns = LoanColumns.from_loans(loans, position)
        _require_distinct("loan_id", loan_columns.ids)
        _require_loan_currencies(loan_columns, customer_columns)
        transaction_columns = TransactionColumns.from_transactions(
            transactions, customer_columns
        )
        _require_distinct("transaction_id", transaction_columns.ids)
        repayment_columns = RepaymentColumns.from_repayments(repayments, loan_columns)
        _require_distinct("repayment_id", repayment_columns.ids)
        _require_paid_after_disbursement(repayment_columns, loan_columns)
        return cls(
            customers=customer_columns,
            transactions=transaction_columns,
            loans=loan_columns,
            repayments=repayment_columns,
        )

    @property
    def customer_count(self) -> int:
        """Number of customers."""
        return len(self.customers)

    @property
    def last_day(self) -> dt.date | None:
        """The latest day on which anything happened; None: nothing did.

        Bookings, repayments, requests and disbursements count; what is merely planned,
        such as a due date, does not.

        Example:
            >>> from microcrm_core.reviews.portfolio_batch import Portfolio
            >>> Portfolio.from_scalars(customers=[]).last_day is None
            True
        """
        days = [
            int(column.max())
            for column in (
                self.transactions.booked_day,
                self.repayments.paid_day,
                self.loans.requested_day,
                self.loans.disbursed_day,
            )
            if column.size and column.max() != UNKNOWN
        ]
        return dt.date.fromordinal(_EPOCH + max(days)) if days else None

    @cached_property
    def transactions_by_customer(self) -> RowGroups:
        """The transactions of each customer; sorted when first asked for."""
        index = self.transactions.customer_index
        return RowGroups.of(index, group_count=self.customer_count)

    @cached_property
    def loans_by_customer(self) -> RowGroups:
        """The loans of each customer; sorted when first asked for."""
        index = self.loans.customer_index
        return RowGroups.of(index, group_count=self.customer_count)

    @cached_property
    def repayments_by_loan(self) -> RowGroups:
        """The repayments of each loan; sorted when first asked for."""
        index = self.repayments.loan_index
        return RowGroups.of(index, group_count=len(self.loans))

    def customer_row(self, customer_id: str) -> int:
        """Return the position of the customer with this id.

        Raises:
            InvalidValueError: There is none.

        Example:
            >>> from microcrm_core.reviews.portfolio_batch import Portfolio
            >>> try:
            ...     Portfolio.from_scalars(customers=[]).customer_row("c-1")
            ... except ValueError as error:
            ...     print(error)
            customer_id must be in the portfolio, got 'c-1'
        """
        rows = np.flatnonzero(self.customers.ids == customer_id.encode())
        if rows.size == 0:
            raise InvalidValueError(
                "customer_id", "must be in the portfolio", customer_id
            )
        return int(rows[0])

    def customer_scalars(
        self, row: int
    ) -> tuple[
        Customer, tuple[Transaction, ...], tuple[Loan, ...], tuple[Repayment, ...]
    ]:
        """Return one customer, their transactions, their loans and the repayments.

        Args:
            row: Position of the customer.

        Raises:
            InvalidValueError: There is no such row.

        Example:
            >>> from microcrm_core.reviews.portfolio_batch import Portfolio
            >>> try:
            ...     Portfolio.from_scalars(customers=[]).customer_scalars(0)
            ... except ValueError as error:
            ...     print(error)
            row must be less than the 0 customers, got 0
        """
        whole_number("row", row, at_least=0)
        if row >= self.customer_count:
            rule = f"must be less than the {self.customer_count} customers"
            raise InvalidValueError("row", rule, row)
        loan_rows = self.loans_by_customer.rows(row)
        repayment_rows = [self.repayments_by_loan.rows(int(loan)) for loan in loan_rows]
        in_order = np.sort(np.concatenate([np.empty(0, np.int64), *repayment_rows]))
        customer = self.customers.row(row)
        return (
            customer,
            tuple(
                self.transactions.row(int(one), customers=self.customers)
                for one in self.transactions_by_customer.rows(row)
            ),
            tuple(
                self.loans.loan(int(one), customer_id=customer.id) for one in loan_rows
            ),
            tuple(
                self.repayments.repayment(int(one), loans=self.loans)
                for one in in_order
            ),
        )

    def take_customers(self, rows: npt.ArrayLike) -> Portfolio:
        """Return the portfolio of some customers, in the order of *rows*.

        Args:
            rows: Positions of customers, none twice.

        Raises:
            InvalidValueError: A position is out of range or stands twice.

        Example:
            >>> from microcrm_core.reviews.portfolio_batch import Portfolio
            >>> Portfolio.from_scalars(customers=[]).take_customers([])
            Portfolio(customers=0, transactions=0, loans=0, repayments=0)
        """
        taken = np.asarray(rows, np.int64).reshape(-1)
        new_customer = _new_positions(taken, self.customer_count)
        loan_owner = new_customer[self.loans.customer_index]
        kept_loans = np.flatnonzero(loan_owner >= 0)
        new_loan = _new_positions(kept_loans, len(self.loans))
        transaction_owner = new_customer[self.transactions.customer_index]
        kept_transactions = np.flatnonzero(transaction_owner >= 0)
        repaid_loan = new_loan[self.repayments.loan_index]
        kept_repayments = np.flatnonzero(repaid_loan >= 0)
        return Portfolio(
            customers=self.customers.take(taken),
            transactions=attrs.evolve(
                self.transactions.take(kept_transactions),
                customer_index=transaction_owner[kept_transactions].astype(np.int32),
            ),
            loans=attrs.evolve(
                self.loans.take(kept_loans), customer_index=loan_owner[kept_loans]
            ),
            repayments=attrs.evolve(
                self.repayments.take(kept_repayments),
                loan_index=repaid_loan[kept_repayments],
            ),
        )

    def equals(self, other: Portfolio) -> bool:
        """Return whether both hold the same rows in the same order.

        Texts, currencies and frequencies are compared, not their positions in a
        vocabulary, and ids without the width of their column.

        Example:
            >>> from microcrm_core.reviews.portfolio_batch import Portfolio
            >>> empty = Portfolio.from_scalars(customers=[])
            >>> empty.equals(Portfolio.from_scalars(customers=[]))
            True
        """
        return all(
            _columns_equal(getattr(self, table), getattr(other, table))
            for table in self.counts()
        )

    def counts(self) -> dict[str, int]:
        """Return the number of rows of each table.

        Example:
            >>> from microcrm_core.reviews.portfolio_batch import Portfolio
            >>> Portfolio.from_scalars(customers=[]).counts()["loans"]
            0
        """
        return {
            "customers": self.customer_count,
            "transactions": len(self.transactions),
            "loans": len(self.loans),
            "repayments": len(self.repayments),
        }

    def __repr__(self) -> str:
        """Return the counts; a portfolio is too long and too private to print."""
        counts = ", ".join(f"{name}={count}" for name, count in self.counts().items())
        return f"Portfolio({counts})"

    def _repr_html_(self) -> str:
        """Return the counts as a small table, for notebooks."""
        rows = [(name, f"{count:,}") for name, count in self.counts().items()]
        return html_table(("table", "rows"), rows, caption="Portfolio")


# Where a column of positions stands beside the choices that it points into.
_CHOICES: Final = {
    "currency_index": "currencies",
    "industry_index": "industries",
    "region_index": "regions",
    "channel_index": "channels",
    "frequency_index": "frequencies",
}


def _columns_equal(mine: Any, theirs: Any) -> bool:
    fields: tuple[attrs.Attribute[Any], ...] = attrs.fields(mine.__class__)
    for field in fields:
        if field.name in _CHOICES.values():
            continue
        left, right = getattr(mine, field.name), getattr(theirs, field.name)
        if field.name in _CHOICES:
            name = _CHOICES[field.name]
            left = _chosen(getattr(mine, name), left)
            right = _chosen(getattr(theirs, name), right)
        if not np.array_equal(left, right):
            return False
    return True


def _chosen(choices: Sequence[object], index: Int64s) -> npt.NDArray[np.object_]:
    # One more entry, so that -1 finds None.
    table = np.empty(len(choices) + 1, dtype=np.object_)
    table[:-1] = choices
    return table[index]


def _require_distinct(field: str, ids: Ids) -> None:
    order = np.argsort(ids, kind="stable")
    is_repeat = np.zeros(ids.size, np.bool_)
    is_repeat[order[1:]] = ids[order[1:]] == ids[order[:-1]]
    require_rows(~is_repeat, ids, field, "must not stand twice")


def _require_loan_currencies(loans: LoanColumns, customers: CustomerColumns) -> None:
    mine = _chosen(loans.currencies, loans.currency_index)
    owner = customers.currency_index[loans.customer_index]
    is_same = np.asarray(mine == _chosen(customers.currencies, owner), np.bool_)
    rule = "must be of a loan in the currency of its customer"
    require_rows(is_same, loans.ids, "loan_id", rule)


def _require_paid_after_disbursement(
    repayments: RepaymentColumns, loans: LoanColumns
) -> None:
    disbursed_day = loans.disbursed_day[repayments.loan_index]
    is_valid = (disbursed_day != UNKNOWN) & (repayments.paid_day >= disbursed_day)
    rule = "must be of a repayment on or after the day of the disbursement"
    require_rows(is_valid, repayments.ids, "repayment_id", rule)


def _new_positions(kept: Int64s, count: int) -> Int64s:
    # Position of each old row among the kept ones, -1 where it is left out.
    if kept.size and (int(kept.min()) < 0 or int(kept.max()) >= count):
        rule = f"must lie from 0 to {count - 1}"
        bad = kept[(kept < 0) | (kept >= count)]
        raise InvalidValueError("rows", rule, int(bad[0]))
    new = np.full(count, -1, np.int64)
    new[kept] = np.arange(kept.size)
    if int((new >= 0).sum()) != kept.size:
        raise InvalidValueError("rows", "must not name a customer twice", "a repeat")
    return new
