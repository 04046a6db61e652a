"""From the text of one row to the value that it stands for, or to its fault.

This is the truth about portfolio files: every other reader, however fast, must give
what these functions give. Each takes the row as a mapping from column to text, where a
column that the file lacks is left out, and what is known of the tables before it. The
first fault in the order of the table's columns is the one that is told.

Example:
    >>> from microcrm_core.reviews.rows import parse_customer
    >>> customer = parse_customer(
    ...     {"customer_id": "c-1", "kind": "sole_trader", "currency": "EUR"}
    ... )
    >>> customer.known_on.isoformat()
    '0001-01-01'
    >>> parse_customer({"customer_id": "c-1", "kind": "firm", "currency": "EUR"}).code
    'choice_unknown'
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NoReturn

import attrs

from microcrm_core.customers import Customer, CustomerKind, Direction, Transaction
from microcrm_core.dates import Frequency, FrequencyUnit, roll_date
from microcrm_core.errors import InvalidValueError
from microcrm_core.ids import CustomerId, LoanId, RepaymentId, TransactionId
from microcrm_core.loans import Loan, LoanTerms, Repayment
from microcrm_core.money import Currency, Money
from microcrm_core.rates import Rate
from microcrm_core.reviews.rejections import Fault
from microcrm_core.reviews.row_values import (
    FaultFoundError,
    Row,
    annual_ppm_value,
    choice_value,
    currency_value,
    day_if_given,
    day_value,
    frequency_value,
    id_value,
    minor_value,
    positive_value,
    require_currency,
    text_value,
    whole_value,
)
from microcrm_core.reviews.schema import (
    DAY_MIN,
    INSTALLMENT_COUNT_MAX,
    KNOWN_FROM_BEGINNING,
    LOAN_DAYS_MAX,
    LOAN_MONTHS_MAX,
    LOAN_NUMERATOR_MAX,
    SEQUENCE_MAX,
)

__all__ = [
    "KnownCustomers",
    "KnownLoan",
    "KnownLoans",
    "is_too_long",
    "longest_period_days",
    "parse_customer",
    "parse_loan",
    "parse_repayment",
    "parse_transaction",
    "planned_disbursement",
]

_MONTH_DAYS_MAX: Final = 31
_KINDS: Final = {kind.value: kind for kind in CustomerKind}
_DIRECTIONS: Final = {direction.value: direction for direction in Direction}
_NONE_REJECTED: Final[Mapping[str, int]] = MappingProxyType({})


@attrs.frozen(kw_only=True)
class KnownCustomers:
    """What the rows after the customers may refer to.

    Attributes:
        currencies: The currency of each good customer, by id.
        rejected: The line of each rejected customer that no good row stands for.
        file: Where these lines are.

    Example:
        >>> from microcrm_core import Currency
        >>> from microcrm_core.reviews.rows import KnownCustomers
        >>> KnownCustomers(currencies={"c-1": Currency.of("EUR")}).file
        'customers.csv'
    """

    currencies: Mapping[str, Currency]
    rejected: Mapping[str, int] = _NONE_REJECTED
    file: str = "customers.csv"


@attrs.frozen(kw_only=True)
class KnownLoan:
    """What a repayment must fit to.

    Attributes:
        currency: The currency of the loan.
        disbursed_on: Day of the disbursement; None: an open request.

    Example:
        >>> from microcrm_core import Currency
        >>> from microcrm_core.reviews.rows import KnownLoan
        >>> KnownLoan(currency=Currency.of("EUR"), disbursed_on=None).currency.code
        'EUR'
    """

    currency: Currency
    disbursed_on: dt.date | None


@attrs.frozen(kw_only=True)
class KnownLoans:
    """What repayments may refer to.

    Attributes:
        loans: Each good loan, by id.
        rejected: The line of each rejected loan that no good row stands for.
        file: Where these lines are.

    Example:
        >>> from microcrm_core.reviews.rows import KnownLoans
        >>> KnownLoans(loans={}).file
        'loans.csv'
    """

    loans: Mapping[str, KnownLoan]
    rejected: Mapping[str, int] = _NONE_REJECTED
    file: str = "loans.csv"


def parse_customer(row: Row) -> Customer | Fault:
    """Return the customer that a row of `customers.csv` stands for, or its fault.

    Example:
        >>> from microcrm_core.reviews.rows import parse_customer
        >>> parse_customer({"customer_id": " c", "kind": "", "currency": ""}).code
        'id_form'
    """
    try:
        return _customer(row)
    except FaultFoundError as found:
        return found.fault


def parse_transaction(row: Row, known: KnownCustomers) -> Transaction | Fault:
    """Return the transaction that a row of `transactions.csv` stands for, or its fault.

    Example:
        >>> from microcrm_core import Currency
        >>> from microcrm_core.reviews.rows import KnownCustomers, parse_transaction
        >>> row = {
        ...     "transaction_id": "t-1",
        ...     "customer_id": "c-1",
        ...     "booked_on": "2024-03-01",
        ...     "direction": "out",
        ...     "amount": "12.50",
        ... }
        >>> known = KnownCustomers(currencies={"c-1": Currency.of("EUR")})
        >>> parse_transaction(row, known).signed_minor
        -1250
        >>> parse_transaction({**row, "amount": "-3"}, known).code
        'amount_positive'
    """
    try:
        return _transaction(row, known)
    except FaultFoundError as found:
        return found.fault


def parse_loan(row: Row, known: KnownCustomers) -> Loan | Fault:
    """Return the loan or request that a row of `loans.csv` stands for, or its fault.

    Example:
        >>> from microcrm_core import Currency
        >>> from microcrm_core.reviews.rows import KnownCustomers, parse_loan
        >>> row = {
        ...     "loan_id": "l-1",
        ...     "customer_id": "c-1",
        ...     "currency": "EUR",
        ...     "principal": "1200",
        ...     "annual_rate": "0.24",
        ...     "installment_count": "12",
        ...     "frequency": "monthly",
        ...     "first_due_on": "2025-03-15",
        ...     "requested_on": "2025-02-10",
        ... }
        >>> known = KnownCustomers(currencies={"c-1": Currency.of("EUR")})
        >>> loan = parse_loan(row, known)
        >>> loan.is_disbursed, loan.terms.disbursed_on.isoformat()
        (False, '2025-02-15')
    """
    try:
        return _loan(row, known)
    except FaultFoundError as found:
        return found.fault


def parse_repayment(row: Row, known: KnownLoans) -> Repayment | Fault:
    """Return the repayment that a row of `repayments.csv` stands for, or its fault.

    Example:
        >>> from microcrm_core.reviews.rows import KnownLoans, parse_repayment
        >>> row = {
        ...     "repayment_id": "r-1",
        ...     "loan_id": "l-1",
        ...     "paid_on": "2025-03-14",
        ...     "amount": "113.45",
        ...     "currency": "EUR",
        ... }
        >>> parse_repayment(row, KnownLoans(loans={})).code
        'loan_unknown'
    """
    try:
        return _repayment(row, known)
    except FaultFoundError as found:
        return found.fault


def planned_disbursement(first_due_on: dt.date, frequency: Frequency) -> dt.date:
    """Return the day on which a request is taken to be paid out: one period before.

    The rule for requests that do not state a `planned_on`.

    Raises:
        InvalidValueError: That day lies before the year 1.

    Source:
        House rule.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.dates import Frequency
        >>> from microcrm_core.reviews.rows import planned_disbursement
        >>> planned_disbursement(dt.date(2025, 3, 31), Frequency.MONTHLY).isoformat()
        '2025-02-28'
    """
    return roll_date(first_due_on, frequency, -1)


def longest_period_days(frequency: Frequency) -> int:
    """Return how many days a period of *frequency* has at most.

    Example:
        >>> from microcrm_core.dates import Frequency
        >>> from microcrm_core.reviews.rows import longest_period_days
        >>> longest_period_days(Frequency.QUARTERLY)
        93
    """
    if frequency.unit is FrequencyUnit.SEMIMONTH:
        return _MONTH_DAYS_MAX
    if frequency.unit is FrequencyUnit.MONTH:
        return _MONTH_DAYS_MAX * frequency.count
    return frequency.count * (7 if frequency.unit is FrequencyUnit.WEEK else 1)


def is_too_long(frequency: Frequency, installment_count: int) -> bool:
    """Return whether so many installments take more than a hundred years.

    Example:
        >>> from microcrm_core.dates import Frequency
        >>> from microcrm_core.reviews.rows import is_too_long
        >>> is_too_long(Frequency.MONTHLY, 1200), is_too_long(Frequency.YEARLY, 101)
        (False, True)
    """
    units = frequency.count * installment_count
    if frequency.unit is FrequencyUnit.MONTH:
        return units > LOAN_MONTHS_MAX
    if frequency.unit is FrequencyUnit.SEMIMONTH:
        return units > 2 * LOAN_MONTHS_MAX
    return units * (7 if frequency.unit is FrequencyUnit.WEEK else 1) > LOAN_DAYS_MAX


def _customer(row: Row) -> Customer:
    customer_id = id_value(row, "customer_id")
    kind = choice_value(row, "kind", _KINDS)
    currency = currency_value(row, "currency")
    industry, region = text_value(row, "industry"), text_value(row, "region")
    birthday = day_if_given(row, "birthday", is_personal=True)
    channel = text_value(row, "channel")
    referred_by = id_value(row, "referred_by") if row.get("referred_by") else None
    if referred_by == customer_id:
        raise FaultFoundError("referred_by", "referrer_is_customer")
    return Customer(
        id=CustomerId(customer_id),
        kind=kind,
        currency=currency,
        industry=industry,
        region=region,
        birthday=birthday,
        channel=channel,
        referred_by=None if referred_by is None else CustomerId(referred_by),
        known_on=day_if_given(row, "known_on") or KNOWN_FROM_BEGINNING,
    )


def _transaction(row: Row, known: KnownCustomers) -> Transaction:
    transaction_id = id_value(row, "transaction_id")
    customer_id, currency = _owner(row, known)
    booked_on = day_value(row, "booked_on")
    direction = choice_value(row, "direction", _DIRECTIONS)
    amount = positive_value(row, "amount", currency)
    balance_after = None
    if row.get("balance_after"):
        balance_after = Money(minor_value(row, "balance_after", currency), currency)
    sequence = 0
    if row.get("sequence"):
        sequence = whole_value(row, "sequence", least=0, most=SEQUENCE_MAX)
    if row.get("currency"):
        require_currency(row, currency, of=customer_id)
    return Transaction(
        id=TransactionId(transaction_id),
        customer_id=CustomerId(customer_id),
        booked_on=booked_on,
        direction=direction,
        amount=amount,
        balance_after=balance_after,
        sequence=sequence,
        known_on=day_if_given(row, "known_on") or booked_on,
    )


def _loan(row: Row, known: KnownCustomers) -> Loan:
    loan_id = id_value(row, "loan_id")
    customer_id, currency = _owner(row, known)
    require_currency(row, currency, of=customer_id)
    principal = positive_value(row, "principal", currency)
    annual_ppm = annual_ppm_value(row, "annual_rate")
    installment_count = whole_value(
        row, "installment_count", least=1, most=INSTALLMENT_COUNT_MAX
    )
    frequency = frequency_value(row, "frequency")
    if is_too_long(frequency, installment_count):
        raise FaultFoundError("installment_count", "loan_too_long")
    first_due_on = day_value(row, "first_due_on")
    requested_on = day_if_given(row, "requested_on")
    disbursed_on = day_if_given(row, "disbursed_on")
    planned_on = day_if_given(row, "planned_on")
    known_on = day_if_given(row, "known_on") or requested_on or disbursed_on
    if known_on is None or (disbursed_on is None and requested_on is None):
        raise FaultFoundError("requested_on", "request_undated")
    if requested_on is None:
        planned_on = disbursed_on
    planned_on = planned_on or _planned(first_due_on, frequency)
    starts_on = disbursed_on or planned_on
    for on in (starts_on, planned_on):
        if first_due_on <= on:
            raise FaultFoundError(
                "first_due_on", "first_due_too_early", disbursed_on=on.isoformat()
            )
    longest = (first_due_on - min(starts_on, planned_on)).days
    days = max(longest, longest_period_days(frequency))
    if principal.minor * annual_ppm * days > LOAN_NUMERATOR_MAX:
        raise FaultFoundError("principal", "loan_too_large")
    return Loan(
        id=LoanId(loan_id),
        customer_id=CustomerId(customer_id),
        terms=LoanTerms(
            principal=principal,
            nominal_rate=Rate.of_ppm(annual_ppm),
            installment_count=installment_count,
            frequency=frequency,
            disbursed_on=starts_on,
            first_due_on=first_due_on,
        ),
        requested_on=requested_on,
        is_disbursed=disbursed_on is not None,
        known_on=known_on,
        planned_on=None if planned_on == starts_on else planned_on,
    )


def _repayment(row: Row, known: KnownLoans) -> Repayment:
    repayment_id = id_value(row, "repayment_id")
    loan_id = id_value(row, "loan_id")
    loan = known.loans.get(loan_id)
    if loan is None:
        _refuse_owner("loan", loan_id, known.rejected.get(loan_id), known.file)
    paid_on = day_value(row, "paid_on")
    amount = positive_value(row, "amount", loan.currency)
    require_currency(row, loan.currency, of=loan_id)
    if loan.disbursed_on is None:
        raise FaultFoundError("loan_id", "request_repaid", id=loan_id)
    if paid_on < loan.disbursed_on:
        raise FaultFoundError(
            "paid_on", "repaid_too_early", disbursed_on=loan.disbursed_on.isoformat()
        )
    return Repayment(
        id=RepaymentId(repayment_id),
        loan_id=LoanId(loan_id),
        paid_on=paid_on,
        amount=amount,
        known_on=day_if_given(row, "known_on") or paid_on,
    )


def _planned(first_due_on: dt.date, frequency: Frequency) -> dt.date:
    try:
        planned_on = planned_disbursement(first_due_on, frequency)
    except InvalidValueError:
        raise FaultFoundError("first_due_on", "planned_too_early") from None
    if planned_on < DAY_MIN:
        raise FaultFoundError("first_due_on", "planned_too_early")
    return planned_on


def _owner(row: Row, known: KnownCustomers) -> tuple[str, Currency]:
    customer_id = id_value(row, "customer_id")
    currency = known.currencies.get(customer_id)
    if currency is None:
        line = known.rejected.get(customer_id)
        _refuse_owner("customer", customer_id, line, known.file)
    return customer_id, currency


def _refuse_owner(owner: str, owner_id: str, line: int | None, file: str) -> NoReturn:
    column = f"{owner}_id"
    if line is None:
        raise FaultFoundError(column, f"{owner}_unknown", id=owner_id)
    raise FaultFoundError(
        column, f"{owner}_rejected", id=owner_id, file=file, line=line
    )
