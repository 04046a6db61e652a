"""How a profile is made from records: `build_profile`, as of a day.

Each loan is replayed from what was recorded of it, and transactions are summed by day.
Everything stays a whole number; where a formula does not come out even it is rounded
half even, once, at its end. `profile` defines each fact, `loan_facts` says how reversed
payments, charges, waivers and write-offs count; `batch` is the twin for many customers.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import Currency, Money
    >>> from microcrm_core.customers import (
    ...     PROFILE_BASIC, Customer, CustomerKind, Direction, Transaction, build_profile
    ... )
    >>> euro = Currency.of("EUR")
    >>> customer = Customer(
    ...     id="c-1",
    ...     kind=CustomerKind.WAGE_EARNER,
    ...     currency=euro,
    ...     known_on=dt.date(2024, 1, 1),
    ... )
    >>> wages = [
    ...     Transaction(
    ...         id=f"t-{month}",
    ...         customer_id="c-1",
    ...         booked_on=dt.date(2024, month, 1),
    ...         direction=Direction.IN,
    ...         amount=Money(minor, euro),
    ...     )
    ...     for month, minor in ((1, 900), (2, 1100))
    ... ]
    >>> profile = build_profile(
    ...     customer, wages, [], [], PROFILE_BASIC, dt.date(2024, 2, 29)
    ... )
    >>> profile.cash_flow.inflow_month_minor, profile.cash_flow.inflow_volatility_ppm
    (1000, 100000)
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from microcrm_core import ledger
from microcrm_core.checks import day, of_kind
from microcrm_core.customers.cash_flow import CashFlowSummary
from microcrm_core.customers.customer import Customer
from microcrm_core.customers.loan_facts import (
    archive_facts,
    ratio_ppm,
    repayment_record_facts,
)
from microcrm_core.customers.profile import (
    CashFlowFacts,
    CustomerProfile,
    ProfilePolicy,
    RequestFacts,
)
from microcrm_core.customers.transactions import Transaction
from microcrm_core.errors import CurrencyMismatchError, InvalidValueError
from microcrm_core.ids import LoanId
from microcrm_core.loans import Loan, Repayment, build_schedule
from microcrm_core.money import Currency
from microcrm_core.rounding import Rounding, divide

if TYPE_CHECKING:
    # The ledger is read when a profile is built; its names come from the room then.
    from microcrm_core.ledger import LedgerEvent, LoanState

__all__ = ["LoanRecord", "build_profile"]

LoanRecord: TypeAlias = "Repayment | LedgerEvent"
"""What was recorded of a loan: a repayment, or an event of its log."""


def build_profile(
    customer: Customer,
    cash_flow: CashFlowSummary | Iterable[Transaction],
    loans: Iterable[Loan],
    repayments: Iterable[LoanRecord],
    policy: ProfilePolicy,
    as_of: dt.date,
) -> CustomerProfile:
    """Return what is known of *customer* at the end of the day *as_of*.

    Each loan that was paid out by the day is replayed as of the day, as far as it was
    known by its end (UTC); its facts are read from that state.

    Args:
        customer: Whom it is about.
        cash_flow: All transactions of the customer, each once; or their summary, made
            with this *as_of* (a summary no longer shows what became known later).
        loans: All loans and requests of the customer.
        repayments: All repayments on these loans, or the events of their logs, or some
            of both; see `ledger.loan_log`. A loan whose log tells of its disbursement
            is lent only once that counts.
        policy: How the records are read.
        as_of: The day. Facts that lie after it or became known after it are ignored.

    Raises:
        InvalidValueError: A record belongs to someone else or to no loan given, an id
            is given twice, or *as_of* is no date.
        CurrencyMismatchError: A record is in another currency than the customer's.
        LedgerError: What was recorded of a loan contradicts itself, such as a repayment
            before the disbursement.
        ScheduleError: A loan has no schedule under the conventions.

    Source:
        House rules, stated at each fact in `profile`.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.customers import (
        ...     PROFILE_BASIC, Customer, CustomerKind, build_profile
        ... )
        >>> from microcrm_core.dates import Frequency
        >>> from microcrm_core.loans import Loan, LoanTerms, Repayment
        >>> from microcrm_core.rates import Rate
        >>> euro = Currency.of("EUR")
        >>> customer = Customer(
        ...     id="c-1",
        ...     kind=CustomerKind.SOLE_TRADER,
        ...     currency=euro,
        ...     known_on=dt.date(2024, 12, 1),
        ... )
        >>> loan = Loan(
        ...     id="loan-1",
        ...     customer_id="c-1",
        ...     terms=LoanTerms(
        ...         principal=Money(1000, euro),
        ...         nominal_rate=Rate.per_year(0),
        ...         installment_count=2,
        ...         frequency=Frequency.MONTHLY,
        ...         disbursed_on=dt.date(2025, 1, 15),
        ...         first_due_on=dt.date(2025, 2, 15),
        ...     ),
        ...     requested_on=None,
        ...     is_disbursed=True,
        ...     known_on=dt.date(2025, 1, 15),
        ... )
        >>> repayment = Repayment(
        ...     id="r-1",
        ...     loan_id="loan-1",
        ...     paid_on=dt.date(2025, 2, 14),
        ...     amount=Money(500, euro),
        ...     known_on=dt.date(2025, 2, 14),
        ... )
        >>> profile = build_profile(
        ...     customer, [], [loan], [repayment], PROFILE_BASIC, dt.date(2025, 3, 20)
        ... )
        >>> profile.archive.outstanding_minor, profile.archive.tenure_days
        (500, 64)
        >>> record = profile.repayment_record
        >>> record.on_time_share_ppm, record.on_time_streak, record.days_past_due
        (500000, 0, 5)
    """
    day("as_of", as_of)
    of_kind("policy", policy, ProfilePolicy)
    loans = tuple(loans)
    records = _records_by_loan(customer, loans, repayments)
    states = [
        state
        for loan in loans
        if loan.is_disbursed_as_of(as_of)
        and (state := _state(loan, records[loan.id], policy, as_of)) is not None
    ]
    cash_facts = _cash_flow(_summary(customer, cash_flow, as_of), policy, as_of)
    return CustomerProfile(
        customer_id=customer.id,
        currency=customer.currency,
        as_of=as_of,
        customer_kind=customer.kind if customer.known_on <= as_of else None,
        archive=archive_facts(states, as_of),
        repayment_record=repayment_record_facts(states, policy.grace_days, as_of),
        cash_flow=cash_facts,
        request=_request(loans, cash_facts, policy, as_of),
    )


def _state(
    loan: Loan, records: Iterable[LoanRecord], policy: ProfilePolicy, as_of: dt.date
) -> LoanState | None:
    """Return the state of a loan as of a day; None: nothing was paid out by then."""
    state = ledger.replay(
        loan.terms,
        ledger.loan_log(loan, records),
        conventions=policy.conventions,
        policy=policy.ledger,
        as_of=as_of,
        known_at=ledger.end_of_day(as_of),
    )
    return None if state.status is ledger.LoanStatus.APPROVED else state


def _records_by_loan(
    customer: Customer, loans: Sequence[Loan], records: Iterable[LoanRecord]
) -> dict[LoanId, list[LoanRecord]]:
    by_loan: dict[LoanId, list[LoanRecord]] = {}
    for loan in loans:
        if loan.customer_id != customer.id:
            rule = f"of loan {loan.id!r} must be {customer.id!r}"
            raise InvalidValueError("customer_id", rule, loan.customer_id)
        _require_currency(customer, f"loan {loan.id!r}", loan.terms.principal.currency)
        if loan.id in by_loan:
            raise InvalidValueError("loans", "must hold each loan once", loan.id)
        by_loan[loan.id] = []
    for record in records:
        if record.loan_id not in by_loan:
            rule = f"of {_name(record)} must be one of the loans"
            raise InvalidValueError("loan_id", rule, record.loan_id)
        if isinstance(record, Repayment):
            currency = record.amount.currency
            # Nearly all have the very same one, and then no name is made for it.
            if currency is not customer.currency:
                _require_currency(customer, _name(record), currency)
        by_loan[record.loan_id].append(record)
    return by_loan


def _name(record: LoanRecord) -> str:
    kind = "repayment" if isinstance(record, Repayment) else "event"
    return f"{kind} {record.id!r}"


def _summary(
    customer: Customer,
    cash_flow: CashFlowSummary | Iterable[Transaction],
    as_of: dt.date,
) -> CashFlowSummary:
    if isinstance(cash_flow, CashFlowSummary):
        _require_currency(customer, "cash_flow", cash_flow.currency)
        return cash_flow
    transactions = tuple(cash_flow)
    for transaction in transactions:
        if transaction.customer_id != customer.id:
            rule = f"of transaction {transaction.id!r} must be {customer.id!r}"
            raise InvalidValueError("customer_id", rule, transaction.customer_id)
    return CashFlowSummary.of(customer.currency, transactions, as_of=as_of)


def _require_currency(customer: Customer, of_what: str, currency: Currency) -> None:
    if currency != customer.currency:
        raise CurrencyMismatchError(
            "currency",
            f"of {of_what} must be {customer.currency.code}, the customer's",
            currency.code,
        )


def _cash_flow(
    summary: CashFlowSummary, policy: ProfilePolicy, as_of: dt.date
) -> CashFlowFacts:
    months_max = policy.history_months
    inflows = summary.monthly_inflows(as_of, months_max=months_max)
    outflows = summary.monthly_outflows(as_of, months_max=months_max)
    month_count = len(inflows)
    balances = summary.known_balances(as_of, months_max=months_max)
    return CashFlowFacts(
        months_observed=month_count,
        inflow_month_minor=_mean(inflows),
        outflow_month_minor=_mean(outflows),
        inflow_volatility_ppm=_volatility_ppm(inflows),
        balance_low_minor=summary.balance_low(
            policy.balance_quantile_ppm, as_of, months_max=months_max
        ),
        balance_min_minor=min(balances, default=None),
        overdrawn_day_count=(
            sum(balance < 0 for balance in balances) if balances else None
        ),
    )


def _mean(values: Sequence[int]) -> int | None:
    if not values:
        return None
    return divide(sum(values), len(values), Rounding.HALF_EVEN)


def _volatility_ppm(inflows: Sequence[int]) -> int | None:
    if len(inflows) < 2:
        return None
    # The mean is total ÷ count. Deviations are taken times the count, so that they
    # are whole: sum |x - t/n| / n / (t/n) = sum |n*x - t| / (n*t).
    count, total = len(inflows), sum(inflows)
    deviations = sum(abs(count * inflow - total) for inflow in inflows)
    return ratio_ppm(deviations, count * total)


def _request(
    loans: Iterable[Loan], cash: CashFlowFacts, policy: ProfilePolicy, as_of: dt.date
) -> RequestFacts:
    open_requests = [
        (loan.requested_on, loan.id, loan)
        for loan in loans
        if loan.requested_on is not None and loan.is_request_as_of(as_of)
    ]
    if not open_requests:
        return RequestFacts(
            request_installment_minor=None,
            request_installment_to_inflow_ppm=None,
            request_balance_low_to_installment_ppm=None,
        )
    _, _, request = max(open_requests, key=lambda one: one[:2])
    schedule = build_schedule(request.terms_as_of(as_of), policy.conventions)
    installment_minor = schedule.level_installment.minor
    return RequestFacts(
        request_installment_minor=installment_minor,
        request_installment_to_inflow_ppm=ratio_ppm(
            installment_minor, cash.inflow_month_minor
        ),
        request_balance_low_to_installment_ppm=ratio_ppm(
            cash.balance_low_minor, installment_minor
        ),
    )
