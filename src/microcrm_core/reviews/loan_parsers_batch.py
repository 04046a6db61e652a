"""Loans and their repayments, from plain fields many at once or row by row.

Example:
    >>> from microcrm_core.reviews.loan_parsers_batch import LoanParser
    >>> LoanParser.table.file
    'loans.csv'
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, ClassVar, Final

import numpy as np

from microcrm_core.batch import UNKNOWN, Bools, Floats, Int64s
from microcrm_core.dates import Frequency, FrequencyUnit
from microcrm_core.loans.columns_batch import LoanColumns, RepaymentColumns
from microcrm_core.reviews.parsing_batch import (
    EPOCH_ORDINAL,
    Columns,
    FieldsOf,
    Owners,
    RowColumns,
    Vocabulary,
    day_column,
    day_number,
    given_fields,
    id_column,
    known_customers,
)
from microcrm_core.reviews.rejections import Fault
from microcrm_core.reviews.row_values import Row, frequency_value
from microcrm_core.reviews.rows import (
    KnownCustomers,
    KnownLoan,
    KnownLoans,
    is_too_long,
    longest_period_days,
    parse_loan,
    parse_repayment,
)
from microcrm_core.reviews.schema import (
    ANNUAL_RATE_MAX,
    DAY_MIN,
    INSTALLMENT_COUNT_MAX,
    LOAN_NUMERATOR_MAX,
    LOANS,
    REPAYMENTS,
    Table,
)

__all__ = ["LoanParser", "RepaymentParser"]

_PPM_DIGITS: Final = 6
_DAY_MIN: Final = DAY_MIN.toordinal() - EPOCH_ORDINAL


class LoanParser:
    """Parses `loans.csv`, given the customers.

    Example:
        See `files_batch.read_portfolio`.
    """

    table: ClassVar[Table] = LOANS
    dtypes: ClassVar[Mapping[str, str]] = {
        "ids": "S",
        "customer_index": "i8",
        "currency_index": "i8",
        "principal_minor": "i8",
        "annual_ppm": "i8",
        "installment_count": "i8",
        "frequency_index": "i8",
        "requested_day": "i8",
        "disbursed_day": "i8",
        "first_due_day": "i8",
        "known_day": "i8",
        "planned_day": "i8",
    }

    def __init__(self, customers: Owners) -> None:
        self._customers = customers
        self._known: KnownCustomers | None = None
        self._frequencies = Vocabulary(_frequency, str)

    def parse_plain(self, fields_of: FieldsOf) -> tuple[Columns, Bools]:
        """See `TableParser`; open requests are left to `parse_row`."""
        customers = self._customers
        ids, is_good = id_column(fields_of, "loan_id")
        customer, is_customer = customers.find(given_fields(fields_of, "customer_id"))
        is_good &= is_customer
        is_good &= customers.has_currency(given_fields(fields_of, "currency"), customer)
        principal, is_amount = customers.amounts(
            given_fields(fields_of, "principal"), customer
        )
        is_good &= is_amount & (principal > 0)
        annual_ppm, is_rate = given_fields(fields_of, "annual_rate").decimals(
            _PPM_DIGITS, most=ANNUAL_RATE_MAX * 10**_PPM_DIGITS
        )
        count, is_count = given_fields(fields_of, "installment_count").whole_numbers(
            least=1, most=INSTALLMENT_COUNT_MAX
        )
        is_good &= is_rate & (annual_ppm >= 0) & is_count
        frequency, is_frequency = self._frequencies.positions(
            given_fields(fields_of, "frequency")
        )
        is_good &= is_frequency & (frequency >= 0)
        first_due, is_day = given_fields(fields_of, "first_due_on").days()
        size = ids.size
        requested, is_requested = day_column(
            fields_of, "requested_on", UNKNOWN, ids.size
        )
        disbursed, is_disbursed = day_column(
            fields_of, "disbursed_on", UNKNOWN, ids.size
        )
        planned, is_planned = day_column(fields_of, "planned_on", UNKNOWN, size)
        is_good &= is_day & is_requested & is_disbursed & is_planned
        planned = np.where(
            planned == UNKNOWN, self._planned_days(first_due, frequency), planned
        )
        planned = np.where(requested == UNKNOWN, disbursed, planned)
        is_good &= (disbursed != UNKNOWN) & (planned >= _DAY_MIN)
        is_good &= first_due > np.maximum(disbursed, planned)
        otherwise = np.where(requested != UNKNOWN, requested, disbursed)
        known, is_known = day_column(fields_of, "known_on", otherwise, ids.size)
        is_good &= is_known
        is_good[is_good] = self._are_fitting(
            frequency[is_good],
            count[is_good],
            principal[is_good].astype(np.float64) * annual_ppm[is_good],
            (first_due - np.minimum(disbursed, planned))[is_good],
        )
        columns: Columns = {
            "ids": ids,
            "customer_index": customer,
            "currency_index": customers.currency_index[customer]
            if customers.ids.size
            else customer,
            "principal_minor": principal,
            "annual_ppm": annual_ppm,
            "installment_count": count,
            "frequency_index": frequency,
            "requested_day": requested,
            "disbursed_day": disbursed,
            "first_due_day": first_due,
            "known_day": known,
            "planned_day": planned,
        }
        return columns, is_good

    def parse_row(self, row: Row) -> RowColumns | Fault:
        """See `TableParser`."""
        if self._known is None:
            self._known = known_customers(self._customers)
        loan = parse_loan(row, self._known)
        if isinstance(loan, Fault):
            return loan
        terms, requested_on = loan.terms, loan.requested_on
        owner = self._customers.positions[loan.customer_id]
        start_day = day_number(terms.disbursed_on)
        planned_on = loan.planned_on
        return {
            "ids": loan.id.encode(),
            "customer_index": owner,
            "currency_index": int(self._customers.currency_index[owner]),
            "principal_minor": terms.principal.minor,
            "annual_ppm": terms.nominal_rate.annual_ppm,
            "installment_count": terms.installment_count,
            "frequency_index": self._frequencies.position(terms.frequency),
            "requested_day": UNKNOWN
            if requested_on is None
            else day_number(requested_on),
            "disbursed_day": start_day if loan.is_disbursed else UNKNOWN,
            "first_due_day": day_number(terms.first_due_on),
            "known_day": day_number(loan.known_on),
            "planned_day": start_day if planned_on is None else day_number(planned_on),
        }

    def finish(self, columns: Columns) -> LoanColumns:
        """Return the table of all columns."""
        frequencies, frequency_index = self._frequencies.finish(
            columns["frequency_index"]
        )
        moved: dict[str, Any] = {**columns, "frequency_index": frequency_index}
        return LoanColumns(
            **moved,
            currencies=self._customers.currencies,
            frequencies=frequencies,
        )

    def _planned_days(self, first_due_day: Int64s, frequency_index: Int64s) -> Int64s:
        """Twin of `planned_disbursement`; `UNKNOWN` is for the scalar to decide."""
        planned = np.full(first_due_day.size, UNKNOWN)
        for index, frequency in enumerate(self._frequencies.values):
            rows = np.flatnonzero(frequency_index == index)
            planned[rows] = _one_period_before(first_due_day[rows], frequency)
        return planned

    def _are_fitting(
        self,
        frequency_index: Int64s,
        installment_count: Int64s,
        yearly_interest: Floats,
        first_period_days: Int64s,
    ) -> Bools:
        # Well below the bound in floats is surely below it; the rest is for `rows`.
        frequencies = self._frequencies.values
        longest = np.array([longest_period_days(one) for one in frequencies], np.int64)
        count_max = np.array([_count_max(one) for one in frequencies], np.int64)
        days = first_period_days
        if frequency_index.size:
            days = np.maximum(days, longest[frequency_index])
            is_fitting = installment_count <= count_max[frequency_index]
            is_fitting &= yearly_interest * days < LOAN_NUMERATOR_MAX / 2
            return np.asarray(is_fitting, np.bool_)
        return np.ones(0, np.bool_)


class RepaymentParser:
    """Parses `repayments.csv`, given the loans.

    Example:
        See `files_batch.read_portfolio`.
    """

    table: ClassVar[Table] = REPAYMENTS
    dtypes: ClassVar[Mapping[str, str]] = {
        "ids": "S",
        "loan_index": "i8",
        "paid_day": "i8",
        "amount_minor": "i8",
        "known_day": "i8",
    }

    def __init__(self, loans: Owners, disbursed_day: Int64s) -> None:
        self._loans = loans
        self._disbursed_day = disbursed_day
        self._known: KnownLoans | None = None

    def parse_plain(self, fields_of: FieldsOf) -> tuple[Columns, Bools]:
        """See `TableParser`."""
        ids, is_good = id_column(fields_of, "repayment_id")
        loan, is_loan = self._loans.find(given_fields(fields_of, "loan_id"))
        paid, is_day = given_fields(fields_of, "paid_on").days()
        amount, is_amount = self._loans.amounts(given_fields(fields_of, "amount"), loan)
        is_good &= is_loan & is_day & is_amount & (amount > 0)
        is_good &= self._loans.has_currency(given_fields(fields_of, "currency"), loan)
        if self._disbursed_day.size:
            disbursed = self._disbursed_day[loan]
            is_good &= (disbursed != UNKNOWN) & (paid >= disbursed)
        known, is_known = day_column(fields_of, "known_on", paid, ids.size)
        columns: Columns = {
            "ids": ids,
            "loan_index": loan,
            "paid_day": paid,
            "amount_minor": amount,
            "known_day": known,
        }
        return columns, is_good & is_known

    def parse_row(self, row: Row) -> RowColumns | Fault:
        """See `TableParser`."""
        if self._known is None:
            self._known = self._known_loans()
        repayment = parse_repayment(row, self._known)
        if isinstance(repayment, Fault):
            return repayment
        return {
            "ids": repayment.id.encode(),
            "loan_index": self._loans.positions[repayment.loan_id],
            "paid_day": day_number(repayment.paid_on),
            "amount_minor": repayment.amount.minor,
            "known_day": day_number(repayment.known_on),
        }

    def finish(self, columns: Columns) -> RepaymentColumns:
        """Return the table of all columns."""
        return RepaymentColumns(**columns)

    def _known_loans(self) -> KnownLoans:
        loans = self._loans
        days = self._disbursed_day.tolist()
        return KnownLoans(
            loans={
                loan_id: KnownLoan(
                    currency=loans.currency_of(row),
                    disbursed_on=None
                    if days[row] == UNKNOWN
                    else dt.date.fromordinal(days[row] + EPOCH_ORDINAL),
                )
                for loan_id, row in loans.positions.items()
            },
            rejected=loans.rejected,
            file=loans.file,
        )


def _one_period_before(first_due_day: Int64s, frequency: Frequency) -> Int64s:
    if frequency.unit in (FrequencyUnit.DAY, FrequencyUnit.WEEK):
        days = 7 if frequency.unit is FrequencyUnit.WEEK else 1
        return first_due_day - days * frequency.count
    if frequency.unit is not FrequencyUnit.MONTH:
        return np.full(first_due_day.size, UNKNOWN)
    due = first_due_day.astype("M8[D]")
    month = due.astype("M8[M]")
    into_month = (due - month.astype("M8[D]")).astype(np.int64)
    earlier = month.astype(np.int64) - frequency.count
    begins = earlier.astype("M8[M]").astype("M8[D]").astype(np.int64)
    ends = (earlier + 1).astype("M8[M]").astype("M8[D]").astype(np.int64) - 1
    before: Int64s = np.minimum(begins + into_month, ends)
    return before


def _frequency(text: str) -> Frequency:
    return frequency_value({"frequency": text}, "frequency")


def _count_max(frequency: Frequency) -> int:
    counts = range(INSTALLMENT_COUNT_MAX, 0, -1)
    return next((count for count in counts if not is_too_long(frequency, count)), 0)
