"""Loans and repayments as columns: one array for each field, one row for each.

The form in which a whole portfolio is judged at once. A row becomes the `Loan` or
`Repayment` that it stands for when someone asks. Ids are fixed-width UTF-8 bytes;
days are days since 1970-01-01; what is not known is `UNKNOWN`.

Example:
    >>> from microcrm_core.loans.columns_batch import LoanColumns
    >>> len(LoanColumns.from_loans([], {}))
    0
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import attrs
import numpy as np

from microcrm_core.batch import UNKNOWN, Bools, Int64s, require_rows
from microcrm_core.dates import Frequency
from microcrm_core.errors import CurrencyMismatchError, InvalidValueError
from microcrm_core.ids import CustomerId, LoanId, RepaymentId
from microcrm_core.loans.column_checks_batch import (
    DAY_MAX,
    DAY_MIN,
    ID_BYTES_MAX,
    Ids,
    date_of,
    day_array,
    id_array,
    int64_array,
    require_columns,
    require_ids,
    require_index,
    require_range,
    require_terms,
)
from microcrm_core.loans.plans import EQUAL_INSTALLMENTS, RepaymentPlan
from microcrm_core.loans.repayments import Repayment
from microcrm_core.loans.terms import Loan, LoanTerms
from microcrm_core.money import Currency, Money
from microcrm_core.rates import Rate

__all__ = ["ID_BYTES_MAX", "Ids", "LoanColumns", "RepaymentColumns"]

_ALL: Final = slice(None)
# Terms of one loan alone, which a column would have to hold for all.
_UNHELD: Final = (
    "due_on",
    "last_due_on",
    "tranches",
    "rate_changes",
    "interest_pauses",
)


def _planned_day(columns: LoanColumns) -> Int64s:
    is_open = columns.disbursed_day == UNKNOWN
    return np.where(is_open, columns.requested_day, columns.disbursed_day)


def _first_plan(columns: LoanColumns) -> Int64s:
    return np.zeros(columns.ids.size, np.int64)


@attrs.frozen(kw_only=True, eq=False)
class LoanColumns:
    """Many loans; every array is int64 and has the shape (loans,), but `ids`.

    Plans are few, and rows point at them. Terms that belong to one loan alone have no
    columns: explicit due dates, a last due date of its own, tranches, rate changes and
    interest pauses. `from_loans` refuses such loans by name.

    Attributes:
        ids: Loan ids as bytes, at most 64 each.
        customer_index: Position of the customer in the table of customers.
        currency_index: Position in `currencies`.
        currencies: The currencies that occur.
        principal_minor: Amount lent or asked for; above zero.
        annual_ppm: Nominal yearly rate in parts per million; zero or more.
        installment_count: 1 to 1200.
        frequency_index: Position in `frequencies`.
        frequencies: The frequencies that occur.
        requested_day: Day of the request; `UNKNOWN`: not known.
        disbursed_day: Day of the disbursement; `UNKNOWN`: an open request, whose
            requested day must then be known.
        first_due_day: Due day of the first installment, after `planned_day`.
        known_day: Day on which the lender came to know all this.
        planned_day: Day of disbursement as it was planned at the request. If the
            column is not given, the disbursed day, else the requested day.
        plan_index: Position in `plans`. If the column is not given, zero.
        plans: The repayment plans that occur.

    Raises:
        InvalidValueError: A column has the wrong type or length, or a row breaks a
            rule of `Loan` or `LoanTerms`; the error names the first such row.

    Example:
        >>> import numpy as np
        >>> from microcrm_core import Currency
        >>> from microcrm_core.batch import UNKNOWN
        >>> from microcrm_core.dates import Frequency
        >>> from microcrm_core.loans.columns_batch import LoanColumns
        >>> loans = LoanColumns(
        ...     ids=np.array([b"loan-1", b"loan-2"]),
        ...     customer_index=np.array([0, 0]),
        ...     currency_index=np.array([0, 0]),
        ...     currencies=(Currency.of("EUR"),),
        ...     principal_minor=np.array([100_000, 50_000]),
        ...     annual_ppm=np.array([240_000, 240_000]),
        ...     installment_count=np.array([12, 6]),
        ...     frequency_index=np.array([0, 0]),
        ...     frequencies=(Frequency.MONTHLY,),
        ...     requested_day=np.array([UNKNOWN, 20_500]),
        ...     disbursed_day=np.array([20_000, UNKNOWN]),
        ...     first_due_day=np.array([20_031, 20_530]),
        ...     known_day=np.array([20_000, 20_500]),
        ... )
        >>> loans.planned_day.tolist()
        [20000, 20500]
        >>> loans.take(np.array([1])).ids.tolist()
        [b'loan-2']
    """

    ids: Ids
    customer_index: Int64s
    currency_index: Int64s
    currencies: tuple[Currency, ...]
    principal_minor: Int64s
    annual_ppm: Int64s
    installment_count: Int64s
    frequency_index: Int64s
    frequencies: tuple[Frequency, ...]
    requested_day: Int64s
    disbursed_day: Int64s
    first_due_day: Int64s
    known_day: Int64s
    planned_day: Int64s = attrs.Factory(_planned_day, takes_self=True)
    plan_index: Int64s = attrs.Factory(_first_plan, takes_self=True)
    plans: tuple[RepaymentPlan, ...] = (EQUAL_INSTALLMENTS,)

    def __attrs_post_init__(self) -> None:
        """Refuse columns whose rows are no loans."""
        require_ids(self.ids)
        require_columns(self, _LOAN_COLUMNS, self.ids.size)
        require_index("customer_index", self.customer_index, None)
        require_index("currency_index", self.currency_index, len(self.currencies))
        require_terms(self)
        require_range("known_day", self.known_day, DAY_MIN, DAY_MAX)
        for name in ("requested_day", "disbursed_day"):
            require_range(
                name, getattr(self, name), DAY_MIN, DAY_MAX, may_be_unknown=True
            )
        is_open = self.disbursed_day == UNKNOWN
        require_rows(
            ~is_open | (self.requested_day != UNKNOWN),
            self.requested_day,
            "requested_day",
            "must be known unless disbursed_day is",
        )
        require_range("planned_day", self.planned_day, DAY_MIN, DAY_MAX)
        is_requested = self.requested_day != UNKNOWN
        require_rows(
            is_requested | (self.planned_day == self.disbursed_day),
            self.planned_day,
            "planned_day",
            "must be the disbursed_day where no request is known",
        )
        require_rows(
            self.first_due_day > np.maximum(self.planned_day, self.disbursed_day),
            self.first_due_day,
            "first_due_day",
            "must be after disbursed_day and planned_day",
        )

    @property
    def start_day(self) -> Int64s:
        """Day from which interest runs: disbursed, or planned for an open request."""
        return self.start_days(_ALL)

    def start_days(self, rows: Int64s | slice) -> Int64s:
        """Return `start_day` of the loans at these positions alone."""
        disbursed_day = self.disbursed_day[rows]
        is_open = disbursed_day == UNKNOWN
        return np.where(is_open, self.planned_day[rows], disbursed_day)

    def __len__(self) -> int:
        """Return the number of loans."""
        return int(self.ids.size)

    @classmethod
    def from_loans(
        cls, loans: Iterable[Loan], customer_position: Mapping[CustomerId, int]
    ) -> LoanColumns:
        """Return the columns of *loans*, in their order.

        Args:
            loans: Rates in whole parts per million.
            customer_position: Position of each customer in the table of customers.

        Raises:
            InvalidValueError: A customer has no position, a rate is not whole parts per
                million, an id is longer than 64 bytes, an amount exceeds int64, or
                the terms of a loan have something that columns cannot hold.
        """
        given = tuple(loans)
        currencies: dict[Currency, int] = {}
        frequencies: dict[Frequency, int] = {}
        plans: dict[RepaymentPlan, int] = {}
        for loan in given:
            _require_held(loan)
            currencies.setdefault(loan.terms.principal.currency, len(currencies))
            frequencies.setdefault(loan.terms.frequency, len(frequencies))
            plans.setdefault(loan.terms.plan, len(plans))
        for loan in given:
            if loan.customer_id not in customer_position:
                rule = "must have a position among the customers"
                raise InvalidValueError("customer_id", rule, loan.customer_id)
        terms = [loan.terms for loan in given]
        return cls(
            ids=id_array(loan.id for loan in given),
            customer_index=int64_array(
                "customer_index",
                (customer_position[loan.customer_id] for loan in given),
            ),
            currency_index=int64_array(
                "currency_index", (currencies[t.principal.currency] for t in terms)
            ),
            currencies=tuple(currencies),
            principal_minor=int64_array(
                "principal_minor", (t.principal.minor for t in terms)
            ),
            annual_ppm=int64_array(
                "annual_ppm", (t.nominal_rate.annual_ppm for t in terms)
            ),
            installment_count=int64_array(
                "installment_count", (t.installment_count for t in terms)
            ),
            frequency_index=int64_array(
                "frequency_index", (frequencies[t.frequency] for t in terms)
            ),
            frequencies=tuple(frequencies),
            requested_day=day_array(loan.requested_on for loan in given),
            disbursed_day=day_array(
                loan.terms.disbursed_on if loan.is_disbursed else None for loan in given
            ),
            first_due_day=day_array(t.first_due_on for t in terms),
            known_day=day_array(loan.known_on for loan in given),
            planned_day=day_array(
                loan.planned_on or loan.terms.disbursed_on for loan in given
            ),
            plan_index=int64_array("plan_index", (plans[t.plan] for t in terms)),
            plans=tuple(plans) or (EQUAL_INSTALLMENTS,),
        )

    def loan(self, row: int, *, customer_id: CustomerId) -> Loan:
        """Return the loan of one row.

        Args:
            row: Position, from 0.
            customer_id: Id of the customer at `customer_index[row]`.
        """
        requested_day = int(self.requested_day[row])
        disbursed_day = int(self.disbursed_day[row])
        planned_day = int(self.planned_day[row])
        is_as_planned = disbursed_day in (UNKNOWN, planned_day)
        return Loan(
            id=LoanId(self.ids[row].decode()),
            customer_id=customer_id,
            terms=self.terms(row),
            requested_on=None if requested_day == UNKNOWN else date_of(requested_day),
            is_disbursed=disbursed_day != UNKNOWN,
            known_on=date_of(self.known_day[row]),
            planned_on=None if is_as_planned else date_of(planned_day),
        )

    def terms(self, row: int) -> LoanTerms:
        """Return the terms of one row, counted from 0."""
        currency = self.currencies[int(self.currency_index[row])]
        return LoanTerms(
            principal=Money(int(self.principal_minor[row]), currency),
            nominal_rate=Rate.of_ppm(int(self.annual_ppm[row])),
            installment_count=int(self.installment_count[row]),
            frequency=self.frequencies[int(self.frequency_index[row])],
            disbursed_on=date_of(self.start_days(slice(row, row + 1))[0]),
            first_due_on=date_of(self.first_due_day[row]),
            plan=self.plans[int(self.plan_index[row])],
        )

    def take(self, rows: Int64s | Bools) -> LoanColumns:
        """Return the loans of these rows, chosen by position or by a mask."""
        return attrs.evolve(
            self,
            ids=self.ids[rows],
            **{name: getattr(self, name)[rows] for name in _LOAN_COLUMNS},
        )

    def is_disbursed_as_of(self, as_of_day: int) -> Bools:
        """Return for each row what `Loan.is_disbursed_as_of` says."""
        # UNKNOWN is below every day, so an open request must be told apart.
        is_paid_out: Bools = self.disbursed_day != UNKNOWN
        is_paid_out &= self.disbursed_day <= as_of_day
        is_paid_out &= self.known_day <= as_of_day
        return is_paid_out

    def is_request_as_of(self, as_of_day: int) -> Bools:
        """Return for each row what `Loan.is_request_as_of` says."""
        is_request = ~self.is_disbursed_as_of(as_of_day)
        is_request &= self.requested_day != UNKNOWN
        is_request &= self.requested_day <= as_of_day
        is_request &= self.known_day <= as_of_day
        return is_request


@attrs.frozen(kw_only=True, eq=False)
class RepaymentColumns:
    """Many repayments; every array is int64 and of shape (repayments,), but `ids`.

    Amounts are in the currency of the loan.

    Attributes:
        ids: Repayment ids as bytes, at most 64 each.
        loan_index: Position of the loan in `LoanColumns`.
        paid_day: Day of the payment.
        amount_minor: What was paid; above zero.
        known_day: Day on which the lender came to know it.

    Raises:
        InvalidValueError: A column has the wrong type or length, or a row breaks a
            rule of `Repayment`; the error names the first such row.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.loans.columns_batch import RepaymentColumns
        >>> repayments = RepaymentColumns(
        ...     ids=np.array([b"r-1"]),
        ...     loan_index=np.array([0]),
        ...     paid_day=np.array([20_030]),
        ...     amount_minor=np.array([9_456]),
        ...     known_day=np.array([20_031]),
        ... )
        >>> len(repayments)
        1
    """

    ids: Ids
    loan_index: Int64s
    paid_day: Int64s
    amount_minor: Int64s
    known_day: Int64s

    def __attrs_post_init__(self) -> None:
        """Refuse columns whose rows are no repayments."""
        require_ids(self.ids)
        require_columns(self, _REPAYMENT_COLUMNS, self.ids.size)
        require_index("loan_index", self.loan_index, None)
        require_range("amount_minor", self.amount_minor, 1, None)
        for name in ("paid_day", "known_day"):
            require_range(name, getattr(self, name), DAY_MIN, DAY_MAX)

    def __len__(self) -> int:
        """Return the number of repayments."""
        return int(self.ids.size)

    @classmethod
    def from_repayments(
        cls, repayments: Iterable[Repayment], loans: LoanColumns
    ) -> RepaymentColumns:
        """Return the columns of *repayments* on *loans*, in their order.

        Raises:
            InvalidValueError: A repayment belongs to none of the loans, an id is longer
                than 64 bytes, or an amount exceeds int64.
            CurrencyMismatchError: A repayment is in another currency than its loan.
        """
        given = tuple(repayments)
        position = {loan_id.decode(): row for row, loan_id in enumerate(loans.ids)}
        for repayment in given:
            if repayment.loan_id not in position:
                rule = "must be of one of the loans"
                raise InvalidValueError("loan_id", rule, repayment.loan_id)
            row = position[repayment.loan_id]
            currency = loans.currencies[int(loans.currency_index[row])]
            if repayment.amount.currency != currency:
                raise CurrencyMismatchError(
                    "amount",
                    f"of repayment {repayment.id!r} must be in {currency.code}",
                    repayment.amount.currency.code,
                )
        return cls(
            ids=id_array(repayment.id for repayment in given),
            loan_index=int64_array("loan_index", (position[r.loan_id] for r in given)),
            paid_day=day_array(r.paid_on for r in given),
            amount_minor=int64_array("amount_minor", (r.amount.minor for r in given)),
            known_day=day_array(r.known_on for r in given),
        )

    def repayment(self, row: int, *, loans: LoanColumns) -> Repayment:
        """Return the repayment of one row, counted from 0.

        Args:
            row: Position, from 0.
            loans: The table that `loan_index` points into.
        """
        loan_row = int(self.loan_index[row])
        currency = loans.currencies[int(loans.currency_index[loan_row])]
        return Repayment(
            id=RepaymentId(self.ids[row].decode()),
            loan_id=LoanId(loans.ids[loan_row].decode()),
            paid_on=date_of(self.paid_day[row]),
            amount=Money(int(self.amount_minor[row]), currency),
            known_on=date_of(self.known_day[row]),
        )

    def take(self, rows: Int64s | Bools) -> RepaymentColumns:
        """Return the repayments of these rows, chosen by position or by a mask."""
        return attrs.evolve(
            self,
            ids=self.ids[rows],
            **{name: getattr(self, name)[rows] for name in _REPAYMENT_COLUMNS},
        )


_LOAN_COLUMNS: Final = (
    "customer_index",
    "currency_index",
    "principal_minor",
    "annual_ppm",
    "installment_count",
    "frequency_index",
    "requested_day",
    "disbursed_day",
    "first_due_day",
    "known_day",
    "planned_day",
    "plan_index",
)
_REPAYMENT_COLUMNS: Final = ("loan_index", "paid_day", "amount_minor", "known_day")


def _require_held(loan: Loan) -> None:
    for name in _UNHELD:
        value = getattr(loan.terms, name)
        if value:
            raise InvalidValueError(
                name,
                f"of loan {loan.id!r} must not be given in columns",
                str(value),
                hint="use build_schedule for this loan",
            )
