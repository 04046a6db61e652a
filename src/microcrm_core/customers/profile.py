"""Profiles: what the lender knows of a customer as of a day, as whole numbers.

A profile answers the questions that tiers, prices and offers ask: how much was lent
and what is still open, how punctual the repayments were, what comes in and what is
left in the account, and what is asked for now. It uses a fact only where the day of
the fact and the day on which it became known are both on or before the day.

Missing is not zero. A count, a sum or a lateness of nothing is 0, because that is
known; a share, a mean or a quantile of nothing is None. `batch` is the twin for many
customers.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import Currency
    >>> from microcrm_core.customers import (
    ...     PROFILE_BASIC, CashFlowSummary, Customer, CustomerKind, build_profile
    ... )
    >>> euro = Currency.of("EUR")
    >>> customer = Customer(
    ...     id="c-1",
    ...     kind=CustomerKind.SOLE_TRADER,
    ...     currency=euro,
    ...     known_on=dt.date(2024, 1, 2),
    ... )
    >>> nothing = CashFlowSummary(currency=euro)
    >>> profile = build_profile(
    ...     customer, nothing, [], [], PROFILE_BASIC, dt.date(2024, 3, 31)
    ... )
    >>> profile.archive.loan_count, profile.cash_flow.balance_low_minor
    (0, None)
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import attrs

from microcrm_core.checks import name_text_field, whole_number_field
from microcrm_core.customers.customer import CustomerKind
from microcrm_core.decisions import PolicyRef
from microcrm_core.errors import InvalidValueError, PolicyError
from microcrm_core.html import html_table
from microcrm_core.ids import CustomerId, PolicyId
from microcrm_core.ledger import PLAIN_LEDGER, LedgerPolicy
from microcrm_core.loans import STRICT, ScheduleConventions
from microcrm_core.money import Currency

__all__ = [
    "PROFILE_BASIC",
    "PROFILE_FACTS",
    "ArchiveFacts",
    "CashFlowFacts",
    "CustomerProfile",
    "ProfileFact",
    "ProfilePolicy",
    "RepaymentRecordFacts",
    "RequestFacts",
]

ProfileFact: TypeAlias = int | str | None
"""A whole number or a text; None: not known."""

_PPM: Final = 1_000_000


def _conventions_field(
    _instance: object, attribute: attrs.Attribute[Any], value: object
) -> None:
    if not isinstance(value, ScheduleConventions):
        raise PolicyError(attribute.name, "must be ScheduleConventions", value)


def _ledger_field(
    _instance: object, attribute: attrs.Attribute[Any], value: object
) -> None:
    if not isinstance(value, LedgerPolicy):
        raise PolicyError(attribute.name, "must be a LedgerPolicy", value)


@attrs.frozen(kw_only=True)
class ProfilePolicy:
    """How a lender reads its records: policy data.

    Attributes:
        id: Name of the policy.
        version: Which edition of it.
        conventions: How terms become schedules.
        ledger: How loans are kept: what repayments pay first, what lateness costs and
            what paying early changes.
        grace_days: An installment paid up to so many days after its due date counts
            as on time. Days past due are not shortened by it.
        balance_quantile_ppm: Which low quantile of end-of-day balances, 1 to
            1,000,000.
        history_months: Cash flow looks back at most so many full months; None: all.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        >>> import attrs
        >>> from microcrm_core.customers import PROFILE_BASIC
        >>> lenient = attrs.evolve(PROFILE_BASIC, id="profile-lenient", grace_days=3)
        >>> lenient.grace_days, lenient.balance_quantile_ppm
        (3, 100000)
    """

    id: PolicyId = attrs.field(validator=name_text_field)
    version: str = attrs.field(validator=name_text_field)
    conventions: ScheduleConventions = attrs.field(validator=_conventions_field)
    ledger: LedgerPolicy = attrs.field(default=PLAIN_LEDGER, validator=_ledger_field)
    grace_days: int = attrs.field(validator=whole_number_field(at_least=0))
    balance_quantile_ppm: int = attrs.field(
        validator=whole_number_field(at_least=1, at_most=_PPM)
    )
    history_months: int | None = attrs.field(
        validator=attrs.validators.optional(whole_number_field(at_least=1))
    )

    @property
    def ref(self) -> PolicyRef:
        """Id, version and digest, for decisions and records.

        A policy with `PLAIN_LEDGER` has the digest that it had before policies named
        their ledger: all of them meant that one.
        """
        parts = attrs.asdict(self, recurse=False)
        if self.ledger == PLAIN_LEDGER:
            del parts["ledger"]
        return PolicyRef.of(self.id, self.version, parts)


PROFILE_BASIC: Final = ProfilePolicy(
    id=PolicyId("profile-basic"),
    version="2025-01",
    conventions=STRICT,
    grace_days=0,
    balance_quantile_ppm=100_000,
    history_months=None,
)
"""`PLAIN_LEDGER`, no days of grace, the lowest tenth of balances, all full months.

House rule.
"""


@attrs.frozen(kw_only=True)
class ArchiveFacts:
    """What was lent; only loans that were disbursed by the day.

    Attributes:
        loan_count: Loans.
        active_loan_count: Of these, not fully repaid.
        repaid_loan_count: Of these, fully repaid: nothing is left to pay, and nothing
            was written off.
        tenure_days: Days since the first disbursement; None: nothing was disbursed.
        lent_minor: Principal disbursed, minor units.
        outstanding_minor: What is owed of principal, interest, fees and penalties, due
            or not, and neither paid, waived nor written off; minor units. Credit on one
            loan does not reduce another.

    Example:
        >>> from microcrm_core.customers import ArchiveFacts
        >>> one_loan_half_repaid = ArchiveFacts(
        ...     loan_count=1,
        ...     active_loan_count=1,
        ...     repaid_loan_count=0,
        ...     tenure_days=64,
        ...     lent_minor=1000,
        ...     outstanding_minor=500,
        ... )
        >>> one_loan_half_repaid.tenure_days
        64
    """

    loan_count: int
    active_loan_count: int
    repaid_loan_count: int
    tenure_days: int | None
    lent_minor: int
    outstanding_minor: int


@attrs.frozen(kw_only=True)
class RepaymentRecordFacts:
    """How punctual repayments were, over the installments of all loans.

    An installment is *due* when its due date is on or before the day, and *overdue*
    when the date is before the day and it is not settled. It is settled on the day on
    which nothing of it is left: it was paid in full, charges among it, or the rest was
    waived. It is *on time* when it was settled up to `ProfilePolicy.grace_days` after
    its due date, and *late* when it was settled later or that many days have passed. A
    due installment that is neither (open, within grace, the due date included) is not
    yet judged: it neither counts nor breaks anything.

    A payment that was reversed never was. What a write-off waives was not paid: it
    counts as open. `loan_facts` states the rule for everything that can happen.

    Attributes:
        due_installment_count: Installments that are due.
        on_time_share_ppm: On time ÷ (on time + late), rounded half even, parts per
            million; None: none is judged.
        on_time_streak: Installments on time whose due date is after that of the latest
            late one.
        days_past_due: Days since the due date of the oldest overdue installment; 0:
            none is overdue. No grace.
        days_past_due_max: Most days from a due date to the day of settling, or to the
            day where that is still open; 0: nothing was ever overdue. No grace.
        days_past_due_max_12m: The same over the installments that were open at
            some time in the last twelve months: still open, or settled after the day
            twelve calendar months before (from February 29 the 28th). Lateness counts
            in full, also the part before.

    Example:
        >>> from microcrm_core.customers import RepaymentRecordFacts
        >>> one_of_two_is_open = RepaymentRecordFacts(
        ...     due_installment_count=2,
        ...     on_time_share_ppm=500_000,
        ...     on_time_streak=0,
        ...     days_past_due=5,
        ...     days_past_due_max=5,
        ...     days_past_due_max_12m=5,
        ... )
        >>> one_of_two_is_open.on_time_share_ppm
        500000
    """

    due_installment_count: int
    on_time_share_ppm: int | None
    on_time_streak: int
    days_past_due: int
    days_past_due_max: int
    days_past_due_max_12m: int


@attrs.frozen(kw_only=True)
class CashFlowFacts:
    """What comes in, goes out and stays on the account; see `CashFlowSummary`.

    Attributes:
        months_observed: Full months that the figures cover.
        inflow_month_minor: Mean money in of a full month, rounded half even, minor
            units; None: no full month.
        outflow_month_minor: The same of money out.
        inflow_volatility_ppm: Mean absolute deviation of monthly inflow from its mean
            ÷ the mean, from exact fractions, rounded half even, parts per million;
            None: fewer than two full months, or no inflow.
        balance_low_minor: Low quantile (`ProfilePolicy.balance_quantile_ppm`, nearest
            rank) of end-of-day balances in full months, minor units; None: none is
            known.
        balance_min_minor: Lowest end-of-day balance from the first day of the first
            full month up to the day, minor units; None: no full month, or no balance
            is known.
        overdrawn_day_count: Days with an end-of-day balance below zero; the same days,
            and None in the same cases.

    Example:
        >>> from microcrm_core.customers import CashFlowFacts
        >>> without_stated_balances = CashFlowFacts(
        ...     months_observed=3,
        ...     inflow_month_minor=1100,
        ...     outflow_month_minor=100,
        ...     inflow_volatility_ppm=121_212,
        ...     balance_low_minor=None,
        ...     balance_min_minor=None,
        ...     overdrawn_day_count=None,
        ... )
        >>> without_stated_balances.balance_low_minor is None
        True
    """

    months_observed: int
    inflow_month_minor: int | None
    outflow_month_minor: int | None
    inflow_volatility_ppm: int | None
    balance_low_minor: int | None
    balance_min_minor: int | None
    overdrawn_day_count: int | None


@attrs.frozen(kw_only=True)
class RequestFacts:
    """What is asked for: the open request with the latest (requested_on, id).

    Attributes:
        request_installment_minor: Level installment, minor units; None: no request.
        request_installment_to_inflow_ppm: That ÷ `inflow_month_minor`, rounded half
            even, parts per million; None: no request, or inflow not known or zero.
        request_balance_low_to_installment_ppm: `balance_low_minor` ÷ that, rounded
            half even, parts per million; None: no request, or balances not known.

    Example:
        >>> from microcrm_core.customers import RequestFacts
        >>> without_known_balances = RequestFacts(
        ...     request_installment_minor=300,
        ...     request_installment_to_inflow_ppm=272_727,
        ...     request_balance_low_to_installment_ppm=None,
        ... )
        >>> without_known_balances.request_installment_minor
        300
    """

    request_installment_minor: int | None
    request_installment_to_inflow_ppm: int | None
    request_balance_low_to_installment_ppm: int | None


_PARTS: Final = (
    ("archive", ArchiveFacts),
    ("repayment_record", RepaymentRecordFacts),
    ("cash_flow", CashFlowFacts),
    ("request", RequestFacts),
)
PROFILE_FACTS: Final[tuple[str, ...]] = (
    "customer_kind",
    *(field.name for _, part in _PARTS for field in attrs.fields(part)),
)
"""The names of all facts, in the order of `CustomerProfile.facts`."""


@attrs.frozen(kw_only=True)
class CustomerProfile:
    """What is known of one customer as of a day; made by `build_profile`.

    Attributes:
        customer_id: Whom it is about.
        currency: Of every amount.
        as_of: The day.
        customer_kind: What the customer lives on; None: the customer was not known on
            the day.
        archive: What was lent.
        repayment_record: How punctual repayments were.
        cash_flow: What moves on the account.
        request: What is asked for.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency
        >>> from microcrm_core.customers import (
        ...     PROFILE_BASIC, Customer, CustomerKind, build_profile
        ... )
        >>> customer = Customer(
        ...     id="c-1",
        ...     kind=CustomerKind.SOLE_TRADER,
        ...     currency=Currency.of("EUR"),
        ...     known_on=dt.date(2024, 1, 2),
        ... )
        >>> profile = build_profile(
        ...     customer, [], [], [], PROFILE_BASIC, dt.date(2024, 3, 31)
        ... )
        >>> profile.fact("customer_kind"), profile.fact("tenure_days")
        ('sole_trader', None)
    """

    customer_id: CustomerId
    currency: Currency
    as_of: dt.date
    customer_kind: CustomerKind | None
    archive: ArchiveFacts
    repayment_record: RepaymentRecordFacts
    cash_flow: CashFlowFacts
    request: RequestFacts

    def facts(self) -> Mapping[str, ProfileFact]:
        """Return every fact by its name, in the order of `PROFILE_FACTS`.

        The kind is its stored text.
        """
        kind = self.customer_kind
        facts: dict[str, ProfileFact] = {
            "customer_kind": None if kind is None else kind.value
        }
        for name, part in _PARTS:
            values = getattr(self, name)
            for field in attrs.fields(part):
                facts[field.name] = getattr(values, field.name)
        return MappingProxyType(facts)

    def fact(self, name: str) -> ProfileFact:
        """Return one fact by its name.

        Raises:
            InvalidValueError: There is no fact of this name.
        """
        facts = self.facts()
        if name not in facts:
            raise InvalidValueError("name", "must be a fact of a profile", name)
        return facts[name]

    def __str__(self) -> str:
        """Return one line a fact, "-" where it is not known."""
        width = max(map(len, PROFILE_FACTS))
        lines = [
            f"{name:<{width}}  {'-' if value is None else value}"
            for name, value in self.facts().items()
        ]
        return "\n".join((self._title(), *lines))

    def _repr_html_(self) -> str:
        return html_table(
            ("fact", "value"), tuple(self.facts().items()), caption=self._title()
        )

    def _title(self) -> str:
        return f"{self.customer_id} as of {self.as_of} ({self.currency.code})"
