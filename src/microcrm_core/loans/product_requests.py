"""What a customer asks for, as far as it is known: less than terms, or all of them.

At the counter a request may be no more than "about 2000, over a year". A
`ProductRequest` holds what is known; None is not known, and nothing is refused for it.
Read `products` next: the bounds that a request is held against.

Example:
    >>> from microcrm_core import Currency, Frequency, Money
    >>> from microcrm_core.loans.product_requests import ProductRequest
    >>> request = ProductRequest(
    ...     principal=Money.of("2000.00", Currency.of("EUR")),
    ...     installment_count=12,
    ...     frequency=Frequency.MONTHLY,
    ... )
    >>> request.nominal_rate is None
    True
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Final

import attrs

from microcrm_core.checks import (
    day_field,
    kind_field,
    name_text_field,
    tuple_field,
    whole_number_field,
)
from microcrm_core.dates import Frequency
from microcrm_core.decisions import FactValue
from microcrm_core.errors import InvalidValueError
from microcrm_core.loans.methods import METHOD_KINDS, method_kind
from microcrm_core.loans.plans import RepaymentPlan
from microcrm_core.loans.terms import INSTALLMENT_COUNT_MAX, LoanTerms
from microcrm_core.money import Money
from microcrm_core.rates import Rate

__all__ = [
    "CUSTOMER_KINDS",
    "ProductRequest",
    "request_of",
    "require_customer_kind",
]

CUSTOMER_KINDS: Final = ("small_business", "sole_trader", "wage_earner")
"""The kinds of customers that products may be offered to.

They are the stored forms of `CustomerKind`, in its order; `loans` stands below
`customers` and does not import it.
"""


def require_customer_kind(field: str, kind: str) -> None:
    """Refuse a kind of customer that does not exist.

    Raises:
        InvalidValueError: *kind* is none of `CUSTOMER_KINDS`.

    Example:
        >>> from microcrm_core.loans.product_requests import require_customer_kind
        >>> require_customer_kind("customer_kind", "sole_trader")
    """
    if kind not in CUSTOMER_KINDS:
        rule = f"must be one of {', '.join(CUSTOMER_KINDS)}"
        raise InvalidValueError(field, rule, kind)


@attrs.frozen(kw_only=True)
class ProductRequest:
    """What is asked for; every part is None where it is not known.

    Attributes:
        principal: Amount to be lent; above zero.
        nominal_rate: Yearly rate.
        later_rates: Yearly rates that apply from later days on.
        installment_count: Number of installments, 1 to 1200.
        frequency: Time from one due date to the next.
        method: Stored name of the repayment method, one of `METHOD_KINDS`; that of the
            plan where a plan is given.
        plan: The whole repayment plan.
        disbursed_on: Day from which interest is to run.
        first_due_on: Due date of the first installment, after `disbursed_on`.
        has_free_dates: Whether due dates are agreed one by one, or the last apart.
        tranche_count: Parts of the principal that are paid out later.
        customer_kind: What the customer lives on, one of `CUSTOMER_KINDS`.

    Raises:
        InvalidValueError: A part breaks its rule, or the method is not that of the
            plan.

    Example:
        >>> from microcrm_core.loans.product_requests import ProductRequest
        >>> ProductRequest(method="seasonal", installment_count=6).frequency is None
        True
    """

    principal: Money | None = attrs.field(
        default=None, validator=attrs.validators.optional(kind_field(Money))
    )
    nominal_rate: Rate | None = attrs.field(
        default=None, validator=attrs.validators.optional(kind_field(Rate))
    )
    later_rates: tuple[Rate, ...] = attrs.field(default=(), validator=tuple_field(Rate))
    installment_count: int | None = attrs.field(
        default=None,
        validator=attrs.validators.optional(
            whole_number_field(at_least=1, at_most=INSTALLMENT_COUNT_MAX)
        ),
    )
    frequency: Frequency | None = attrs.field(
        default=None, validator=attrs.validators.optional(kind_field(Frequency))
    )
    method: str | None = attrs.field(
        default=None, validator=attrs.validators.optional(name_text_field)
    )
    plan: RepaymentPlan | None = attrs.field(
        default=None, validator=attrs.validators.optional(kind_field(RepaymentPlan))
    )
    disbursed_on: dt.date | None = attrs.field(
        default=None, validator=attrs.validators.optional(day_field)
    )
    first_due_on: dt.date | None = attrs.field(
        default=None, validator=attrs.validators.optional(day_field)
    )
    has_free_dates: bool | None = attrs.field(
        default=None, validator=kind_field(bool, type(None))
    )
    tranche_count: int | None = attrs.field(
        default=None,
        validator=attrs.validators.optional(whole_number_field(at_least=0)),
    )
    customer_kind: str | None = attrs.field(
        default=None, validator=attrs.validators.optional(name_text_field)
    )

    def __attrs_post_init__(self) -> None:
        """Refuse what no loan could be, and take the method from the plan."""
        if self.principal is not None and not self.principal.is_positive:
            raise InvalidValueError("principal", "must be above zero", self.principal)
        if self.customer_kind is not None:
            require_customer_kind("customer_kind", self.customer_kind)
        if self.method is not None and self.method not in METHOD_KINDS:
            rule = f"must be one of {', '.join(METHOD_KINDS)}"
            raise InvalidValueError("method", rule, self.method)
        if self.plan is not None:
            kind = method_kind(self.plan.method)
            if self.method not in (None, kind):
                rule = f"must be that of the plan, {kind}"
                raise InvalidValueError("method", rule, self.method)
            object.__setattr__(self, "method", kind)
        if (
            self.disbursed_on is not None
            and self.first_due_on is not None
            and self.first_due_on <= self.disbursed_on
        ):
            rule = f"must be after disbursed_on {self.disbursed_on}"
            raise InvalidValueError("first_due_on", rule, self.first_due_on)

    @classmethod
    def of_terms(
        cls, terms: LoanTerms, *, customer_kind: str | None = None
    ) -> ProductRequest:
        """Return the request that asks for exactly these terms.

        Example:
            >>> from microcrm_core.loans.product_requests import ProductRequest
            >>> from microcrm_core.loans.terms_plain import terms_from_plain
            >>> terms = terms_from_plain(
            ...     {
            ...         "principal": {"currency": "EUR", "minor": 120_000},
            ...         "nominal_rate": "0.24",
            ...         "installment_count": 12,
            ...         "frequency": "monthly",
            ...         "disbursed_on": "2025-01-15",
            ...         "first_due_on": "2025-02-15",
            ...     }
            ... )
            >>> ProductRequest.of_terms(terms).method
            'equal_installments'
        """
        return cls(
            principal=terms.principal,
            nominal_rate=terms.nominal_rate,
            later_rates=tuple(change.nominal_rate for change in terms.rate_changes),
            installment_count=terms.installment_count,
            frequency=terms.frequency,
            plan=terms.plan,
            disbursed_on=terms.disbursed_on,
            first_due_on=terms.first_due_on,
            has_free_dates=bool(terms.due_on) or terms.last_due_on is not None,
            tranche_count=len(terms.tranches),
            customer_kind=customer_kind,
        )

    @property
    def first_due_days(self) -> int | None:
        """Days from disbursement to the first due date; None: not known."""
        if self.disbursed_on is None or self.first_due_on is None:
            return None
        return (self.first_due_on - self.disbursed_on).days

    def facts(self) -> Mapping[str, FactValue]:
        """Return what is known as the facts of a decision; None: not known."""
        return {
            "principal": None if self.principal is None else str(self.principal),
            "nominal_rate": None
            if self.nominal_rate is None
            else str(self.nominal_rate),
            "installment_count": self.installment_count,
            "frequency": None if self.frequency is None else str(self.frequency),
            "method": self.method,
            "disbursed_on": self.disbursed_on,
            "first_due_on": self.first_due_on,
            "has_free_dates": self.has_free_dates,
            "tranche_count": self.tranche_count,
            "customer_kind": self.customer_kind,
        }


def request_of(asked: object, *, customer_kind: str | None) -> ProductRequest:
    """Return what is asked for, whether it comes as terms or as a request.

    Args:
        asked: Terms, or what is known of them.
        customer_kind: Who asks, where *asked* are terms; None: not known.

    Raises:
        InvalidValueError: *asked* is neither, or names the customer already.

    Example:
        >>> from microcrm_core.loans.product_requests import ProductRequest, request_of
        >>> request_of(ProductRequest(), customer_kind=None) == ProductRequest()
        True
    """
    if isinstance(asked, LoanTerms):
        return ProductRequest.of_terms(asked, customer_kind=customer_kind)
    if not isinstance(asked, ProductRequest):
        rule = "must be LoanTerms or a ProductRequest"
        hint = "use ProductRequest(...) with what is known"
        raise InvalidValueError("asked", rule, asked, hint=hint)
    if customer_kind is not None:
        rule = "must be given in the request, not beside it"
        raise InvalidValueError("customer_kind", rule, customer_kind)
    return asked
