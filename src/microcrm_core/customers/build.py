"""How a profile is made from records: `build_profile`, as of a day.

Loans are scheduled once each, repayments are allocated oldest due first, and
transactions are summed by day. Everything stays a whole number; where a formula does
not come out even it is rounded half even, once, at its end. `profile` defines each
fact; `batch` is the twin for many customers.

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
from typing import Final

import attrs
from dateutil.relativedelta import relativedelta

from microcrm_core.checks import day
from microcrm_core.customers.cash_flow import CashFlowSummary
from microcrm_core.customers.customer import Customer
from microcrm_core.customers.profile import (
    ArchiveFacts,
    CashFlowFacts,
    CustomerProfile,
    ProfilePolicy,
    RepaymentRecordFacts,
    RequestFacts,
)
from microcrm_core.customers.transactions import Transaction
from microcrm_core.errors import CurrencyMismatchError, InvalidValueError
from microcrm_core.ids import LoanId
from microcrm_core.loans import (
    Loan,
    LoanStanding,
    Repayment,
    allocate_repayments,
    build_schedule,
)
from microcrm_core.money import Currency
from microcrm_core.rounding import Rounding, divide

__all__ = ["build_profile", "months_before"]

_PPM: Final = 1_000_000
_YEAR_MONTHS: Final = 12


def build_profile(
    customer: Customer,
    cash_flow: CashFlowSummary | Iterable[Transaction],
    loans: Iterable[Loan],
    repayments: Iterable[Repayment],
    policy: ProfilePolicy,
    as_of: dt.date,
) -> CustomerProfile:
    """Return what is known of *customer* at the end of the day *as_of*.

    Args:
        customer: Whom it is about.
        cash_flow: All transactions of the customer, each once; or their summary, made
            with this *as_of* (a summary no longer shows what became known later).
        loans: All loans and requests of the customer.
        repayments: All repayments on these loans.
        policy: How the records are read.
        as_of: The day. Facts that lie after it or became known after it are ignored.

    Raises:
        InvalidValueError: A record belongs to someone else or to no loan given, an id
            is given twice, or *as_of* is no date.
        CurrencyMismatchError: A record is in another currency than the customer's.
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
    loans = tuple(loans)
    paid = _repayments_by_loan(customer, loans, repayments)
    disbursed = [loan for loan in loans if loan.is_disbursed_as_of(as_of)]
    standings = [
        allocate_repayments(
            build_schedule(loan.terms, policy.conventions), paid[loan.id], as_of
        )
        for loan in disbursed
    ]
    cash_facts = _cash_flow(_summary(customer, cash_flow, as_of), policy, as_of)
    return CustomerProfile(
        customer_id=customer.id,
        currency=customer.currency,
        as_of=as_of,
        customer_kind=customer.kind if customer.known_on <= as_of else None,
        archive=_archive(disbursed, standings, as_of),
        repayment_record=_repayment_record(standings, policy, as_of),
        cash_flow=cash_facts,
        request=_request(loans, cash_facts, policy, as_of),
    )


def months_before(as_of: dt.date, months: int) -> dt.date:
    """Return the day so many calendar months before, the last day of a short month.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.customers.build import months_before
        >>> months_before(dt.date(2024, 2, 29), 12).isoformat()
        '2023-02-28'
    """
    return as_of - relativedelta(months=months)


def _repayments_by_loan(
    customer: Customer, loans: Sequence[Loan], repayments: Iterable[Repayment]
) -> dict[LoanId, list[Repayment]]:
    paid: dict[LoanId, list[Repayment]] = {}
    for loan in loans:
        if loan.customer_id != customer.id:
            rule = f"of loan {loan.id!r} must be {customer.id!r}"
            raise InvalidValueError("customer_id", rule, loan.customer_id)
        _require_currency(customer, f"loan {loan.id!r}", loan.terms.principal.currency)
        if loan.id in paid:
            raise InvalidValueError("loans", "must hold each loan once", loan.id)
        paid[loan.id] = []
    for repayment in repayments:
        if repayment.loan_id not in paid:
            rule = f"of repayment {repayment.id!r} must be one of the loans"
            raise InvalidValueError("loan_id", rule, repayment.loan_id)
        _require_currency(
            customer, f"repayment {repayment.id!r}", repayment.amount.currency
        )
        paid[repayment.loan_id].append(repayment)
    return paid


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


def _archive(
    disbursed: Sequence[Loan], standings: Sequence[LoanStanding], as_of: dt.date
) -> ArchiveFacts:
    repaid_count = sum(standing.is_settled for standing in standings)
    first_on = min((loan.terms.disbursed_on for loan in disbursed), default=None)
    return ArchiveFacts(
        loan_count=len(disbursed),
        active_loan_count=len(disbursed) - repaid_count,
        repaid_loan_count=repaid_count,
        tenure_days=None if first_on is None else (as_of - first_on).days,
        lent_minor=sum(loan.terms.principal.minor for loan in disbursed),
        outstanding_minor=sum(standing.outstanding_minor for standing in standings),
    )


@attrs.frozen(kw_only=True)
class _Due:
    """An installment whose due date has come."""

    due_on: dt.date
    settled_on: dt.date | None
    as_of: dt.date
    grace_days: int

    @property
    def days_late(self) -> int:
        """Days from the due date to the payment, or to the day; not below zero."""
        return max(0, ((self.settled_on or self.as_of) - self.due_on).days)

    @property
    def is_late(self) -> bool:
        return self.days_late > self.grace_days

    @property
    def is_on_time(self) -> bool:
        return self.settled_on is not None and not self.is_late


def _repayment_record(
    standings: Sequence[LoanStanding], policy: ProfilePolicy, as_of: dt.date
) -> RepaymentRecordFacts:
    due = [
        _Due(
            due_on=due_on,
            settled_on=settled_on,
            as_of=as_of,
            grace_days=policy.grace_days,
        )
        for standing in standings
        for due_on, settled_on in zip(
            standing.schedule.due_on, standing.settled_on, strict=True
        )
        if due_on <= as_of
    ]
    on_time = [one for one in due if one.is_on_time]
    late = [one for one in due if one.is_late]
    judged_count = len(on_time) + len(late)
    latest_late_on = max((one.due_on for one in late), default=dt.date.min)
    year_ago = months_before(as_of, _YEAR_MONTHS)
    return RepaymentRecordFacts(
        due_installment_count=len(due),
        on_time_share_ppm=_ratio_ppm(len(on_time), judged_count),
        on_time_streak=sum(one.due_on > latest_late_on for one in on_time),
        days_past_due=max(
            (one.days_late for one in due if one.settled_on is None), default=0
        ),
        days_past_due_max=max((one.days_late for one in due), default=0),
        days_past_due_max_12m=max(
            (
                one.days_late
                for one in due
                if one.settled_on is None or one.settled_on > year_ago
            ),
            default=0,
        ),
    )


def _cash_flow(
    summary: CashFlowSummary, policy: ProfilePolicy, as_of: dt.date
) -> CashFlowFacts:
    months_max = policy.history_months
    inflows = summary.monthly_inflows(as_of, months_max=months_max)
    outflows = summary.monthly_outflows(as_of, months_max=months_max)
    month_count = len(inflows)
    return CashFlowFacts(
        months_observed=month_count,
        inflow_month_minor=_mean(inflows),
        outflow_month_minor=_mean(outflows),
        inflow_volatility_ppm=_volatility_ppm(inflows),
        balance_low_minor=summary.balance_low(
            policy.balance_quantile_ppm, as_of, months_max=months_max
        ),
        balance_min_minor=summary.balance_min(as_of, months_max=months_max),
        overdrawn_day_count=summary.overdrawn_day_count(as_of, months_max=months_max),
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
    return _ratio_ppm(deviations, count * total)


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
        request_installment_to_inflow_ppm=_ratio_ppm(
            installment_minor, cash.inflow_month_minor
        ),
        request_balance_low_to_installment_ppm=_ratio_ppm(
            cash.balance_low_minor, installment_minor
        ),
    )


def _ratio_ppm(numerator: int | None, denominator: int | None) -> int | None:
    if numerator is None or not denominator:
        return None
    return divide(numerator * _PPM, denominator, Rounding.HALF_EVEN)
