"""Profiles of many customers at once; twin of `build.build_profile`.

Every fact is one int64 column, `UNKNOWN` where the scalar fact is None. Schedules are
built once for all disbursed loans, their ledgers replayed once, transactions summed
once by day; no loop runs over customers. A row equals the scalar profile, or the batch
is refused.

Example:
    >>> from microcrm_core.customers import PROFILE_FACTS
    >>> PROFILE_FACTS[:3]
    ('customer_kind', 'loan_count', 'active_loan_count')
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import attrs
import numpy as np

from microcrm_core.batch import UNKNOWN, Int64s, require_rows
from microcrm_core.checks import day
from microcrm_core.customers.cash_flow_batch import DayBalances
from microcrm_core.customers.cash_flow_facts_batch import cash_flow_facts
from microcrm_core.customers.columns_batch import CustomerColumns, TransactionColumns
from microcrm_core.customers.customer import CustomerKind
from microcrm_core.customers.loan_facts_batch import archive_columns, record_columns
from microcrm_core.customers.loan_outcomes_batch import loan_outcomes
from microcrm_core.customers.profile import (
    PROFILE_FACTS,
    ProfileFact,
    ProfilePolicy,
)
from microcrm_core.customers.sums_batch import ratios_where
from microcrm_core.errors import CurrencyMismatchError, InvalidValueError
from microcrm_core.ledger.log_columns_batch import EventColumns
from microcrm_core.loans.batch import level_installments
from microcrm_core.loans.columns_batch import LoanColumns, RepaymentColumns

__all__ = ["ProfileColumns", "build_profiles"]

_EPOCH: Final = dt.date(1970, 1, 1).toordinal()
_KINDS: Final = tuple(CustomerKind)


@attrs.frozen(kw_only=True, eq=False)
class ProfileColumns:
    """Profiles, one row a customer; twin of `CustomerProfile`.

    Attributes:
        as_of_day: The day of all profiles.
        facts: A column for each of `PROFILE_FACTS`, in their order; `UNKNOWN` for None.
            `customer_kind` holds positions in `tuple(CustomerKind)`.
        request_loan_index: Position of the open request with the latest
            (requested day, id); -1: nothing is asked for.
        last_loan_index: Position of the disbursed loan with the latest
            (disbursed day, id); -1: nothing was disbursed.

    Example:
        See `build_profiles`.
    """

    as_of_day: int
    facts: Mapping[str, Int64s]
    request_loan_index: Int64s
    last_loan_index: Int64s

    def __len__(self) -> int:
        """Return the number of customers."""
        return int(self.last_loan_index.size)

    def profile_facts(self, row: int) -> dict[str, ProfileFact]:
        """Return the facts of one row, as `CustomerProfile.facts` gives them."""
        facts: dict[str, ProfileFact] = {}
        for name, column in self.facts.items():
            value = int(column[row])
            facts[name] = None if value == UNKNOWN else value
        kind = facts["customer_kind"]
        if isinstance(kind, int):
            facts["customer_kind"] = _KINDS[kind].value
        return facts


def build_profiles(
    customers: CustomerColumns,
    cash_flow: DayBalances | TransactionColumns,
    loans: LoanColumns,
    repayments: RepaymentColumns | EventColumns,
    policy: ProfilePolicy,
    as_of: dt.date,
) -> ProfileColumns:
    """Return the profiles of all customers as of a day; twin of `build_profile`.

    Equal to it on every row, or refused.

    Args:
        customers: One row of the result each.
        cash_flow: All transactions, each once; or day buckets made with this day and
            as many customers.
        loans: All loans and requests of the customers.
        repayments: All repayments on these loans, or the events of their logs; a log
            without a disbursement gets the one of its loan.
        policy: How the records are read.
        as_of: The day.

    Units:
        Minor units of each customer's currency; days; counts; parts per million.

    Raises:
        InvalidValueError: A position points at no row, the day buckets are of another
            day or of other customers, a loan has no schedule under the conventions,
            columns do not cover the ledger policy, what was recorded of a loan
            contradicts itself, or a number leaves int64.
        CurrencyMismatchError: A loan is in another currency than its customer.

    Example:
        >>> import datetime as dt
        >>> import numpy as np
        >>> from microcrm_core import Currency
        >>> from microcrm_core.customers import PROFILE_BASIC, Customer, CustomerKind
        >>> from microcrm_core.customers.batch import build_profiles
        >>> from microcrm_core.customers.columns_batch import (
        ...     CustomerColumns, TransactionColumns
        ... )
        >>> from microcrm_core.loans.columns_batch import (
        ...     LoanColumns, RepaymentColumns
        ... )
        >>> customers = CustomerColumns.from_customers([
        ...     Customer(
        ...         id="c-1",
        ...         kind=CustomerKind.SOLE_TRADER,
        ...         currency=Currency.of("EUR"),
        ...         known_on=dt.date(2024, 1, 2),
        ...     )
        ... ])
        >>> loans = LoanColumns.from_loans([], {})
        >>> profiles = build_profiles(
        ...     customers,
        ...     TransactionColumns.from_transactions([], customers),
        ...     loans,
        ...     RepaymentColumns.from_repayments([], loans),
        ...     PROFILE_BASIC,
        ...     dt.date(2024, 3, 31),
        ... )
        >>> facts = profiles.profile_facts(0)
        >>> facts["customer_kind"], facts["loan_count"], facts["tenure_days"]
        ('sole_trader', 0, None)
    """
    as_of_day = day("as_of", as_of).toordinal() - _EPOCH
    count = len(customers)
    _require_loans(customers, loans, repayments)
    days = _day_balances(cash_flow, count, as_of_day)
    outcomes = loan_outcomes(loans, repayments, policy, as_of)
    requests = np.flatnonzero(loans.is_request_as_of(as_of_day))
    request_index = _latest(loans, requests, loans.requested_day, count)
    cash = cash_flow_facts(days, policy)
    facts = {
        "customer_kind": np.where(
            customers.known_day <= as_of_day, customers.kind_index, UNKNOWN
        ),
        **archive_columns(outcomes, count),
        **record_columns(outcomes, policy.grace_days, count, as_of),
        **cash,
        **_request(loans, request_index, cash, policy),
    }
    disbursed = np.flatnonzero(loans.is_disbursed_as_of(as_of_day))
    return ProfileColumns(
        as_of_day=as_of_day,
        facts=MappingProxyType({name: facts[name] for name in PROFILE_FACTS}),
        request_loan_index=request_index,
        last_loan_index=_latest(loans, disbursed, loans.disbursed_day, count),
    )


def _require_loans(
    customers: CustomerColumns,
    loans: LoanColumns,
    repayments: RepaymentColumns | EventColumns,
) -> None:
    count = len(customers)
    require_rows(
        loans.customer_index < count,
        loans.customer_index,
        "customer_index",
        f"must be less than the number of customers, {count}",
    )
    require_rows(
        repayments.loan_index < len(loans),
        repayments.loan_index,
        "loan_index",
        f"must be less than the number of loans, {len(loans)}",
    )
    # Both tables have their own list of currencies; -1 where a loan's is no customer's.
    position = {currency: row for row, currency in enumerate(customers.currencies)}
    translated = np.array([position.get(c, -1) for c in loans.currencies], np.int64)
    own = customers.currency_index[loans.customer_index]
    is_alike = np.asarray(translated[loans.currency_index] == own)
    if not is_alike.all():
        row = int(np.flatnonzero(~is_alike)[0])
        raise CurrencyMismatchError(
            "currency",
            f"of loan {loans.ids[row].decode()!r} must be "
            f"{customers.currencies[int(own[row])].code}, the customer's",
            loans.currencies[int(loans.currency_index[row])].code,
            row=row,
            bad_count=int(np.count_nonzero(~is_alike)),
            row_count=len(loans),
        )


def _day_balances(
    cash_flow: DayBalances | TransactionColumns, count: int, as_of_day: int
) -> DayBalances:
    if isinstance(cash_flow, TransactionColumns):
        return DayBalances.of(cash_flow, customer_count=count, as_of_day=as_of_day)
    if cash_flow.as_of_day != as_of_day:
        rule = f"must be as of the day {as_of_day}"
        raise InvalidValueError("cash_flow", rule, cash_flow.as_of_day)
    if cash_flow.customer_count != count:
        rule = f"must be of all {count} customers"
        raise InvalidValueError("cash_flow", rule, cash_flow.customer_count)
    return cash_flow


def _latest(loans: LoanColumns, rows: Int64s, by_day: Int64s, count: int) -> Int64s:
    """Return each customer's row with the latest (day, id) among *rows*; -1: none."""
    owner = loans.customer_index[rows]
    order = np.lexsort((loans.ids[rows], by_day[rows], owner))
    latest = np.full(count, -1, np.int64)
    is_last = np.diff(owner[order], append=count) != 0
    latest[owner[order][is_last]] = rows[order][is_last]
    return latest


def _request(
    loans: LoanColumns,
    request_index: Int64s,
    cash: Mapping[str, Int64s],
    policy: ProfilePolicy,
) -> dict[str, Int64s]:
    has_request = request_index >= 0
    rows = request_index[has_request]
    installment = np.full(request_index.size, UNKNOWN, np.int64)
    installment[has_request] = level_installments(
        principal_minor=loans.principal_minor[rows],
        annual_ppm=loans.annual_ppm[rows],
        installment_count=loans.installment_count[rows],
        frequency_index=loans.frequency_index[rows],
        frequencies=loans.frequencies,
        planned_day=loans.planned_day[rows],
        first_due_day=loans.first_due_day[rows],
        conventions=policy.conventions,
        plan_index=loans.plan_index[rows],
        plans=loans.plans,
        currency_index=loans.currency_index[rows],
        currencies=loans.currencies,
    )
    inflow, low = cash["inflow_month_minor"], cash["balance_low_minor"]
    return {
        "request_installment_minor": installment,
        # UNKNOWN is below zero, so it is no inflow either.
        "request_installment_to_inflow_ppm": ratios_where(
            installment,
            inflow,
            has_request & (inflow > 0),
            field="request_installment_to_inflow_ppm",
        ),
        "request_balance_low_to_installment_ppm": ratios_where(
            low,
            installment,
            has_request & (low != UNKNOWN),
            field="request_balance_low_to_installment_ppm",
        ),
    }
