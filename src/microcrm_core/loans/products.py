"""Products: what a lender offers, with the bounds that terms must keep.

A `Product` is policy data: how much it lends, at which rates, over how many
installments, with which repayment plans, to whom and from when. `check` holds terms or
a mere request against it and says every bound that is broken, not the first one only.
A product is changed by a new version; `Catalog` in `catalogs` keeps them apart and says
which of them fit.

Example:
    >>> from microcrm_core import Currency, Frequency, Money, Rate
    >>> from microcrm_core.loans import EQUAL_INSTALLMENTS, STRICT
    >>> from microcrm_core.loans.products import CountBounds, Product
    >>> euro = Currency.of("EUR")
    >>> market = Product(
    ...     id="market",
    ...     version="2025-01",
    ...     name="Market stall",
    ...     currency=euro,
    ...     plans=(EQUAL_INSTALLMENTS,),
    ...     conventions=STRICT,
    ...     principal_min=Money.of("500.00", euro),
    ...     principal_max=Money.of("5000.00", euro),
    ...     nominal_rate_min=Rate.per_year("0.18"),
    ...     nominal_rate_max=Rate.per_year("0.30"),
    ...     counts=(CountBounds(Frequency.MONTHLY, 3, 24),),
    ... )
    >>> market.ref.version
    '2025-01'
"""

from __future__ import annotations

import datetime as dt

import attrs

from microcrm_core.checks import (
    day,
    day_field,
    kind_field,
    name_text_field,
    tuple_field,
    whole_number_field,
)
from microcrm_core.dates import Frequency
from microcrm_core.decisions import Decision, PolicyRef, Reason
from microcrm_core.errors import InvalidValueError, ScheduleError
from microcrm_core.loans.conventions import ScheduleConventions
from microcrm_core.loans.conventions_plain import conventions_to_plain
from microcrm_core.loans.plain_values import (
    currency_to_plain,
    money_to_plain,
    rate_text,
)
from microcrm_core.loans.plans import RepaymentPlan
from microcrm_core.loans.plans_plain import plan_to_plain
from microcrm_core.loans.product_bounds import broken_bounds, doubtful_rates
from microcrm_core.loans.product_parts import require_product
from microcrm_core.loans.product_requests import ProductRequest, request_of
from microcrm_core.loans.scheduling import build_schedule
from microcrm_core.loans.terms import INSTALLMENT_COUNT_MAX, LoanTerms
from microcrm_core.money import Currency, Money
from microcrm_core.rates import Rate
from microcrm_core.rules.plain import Plain

__all__ = ["CountBounds", "Product"]


@attrs.frozen
class CountBounds:
    """How many installments there may be at one frequency.

    Attributes:
        frequency: Time from one due date to the next.
        count_min: The fewest; 1 or more.
        count_max: The most; not below `count_min`, at most 1200.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        >>> from microcrm_core import Frequency
        >>> from microcrm_core.loans.products import CountBounds
        >>> bounds = CountBounds(Frequency.WEEKLY, 4, 52)
        >>> str(bounds), bounds.allows(53)
        ('4 to 52 weekly', False)
    """

    frequency: Frequency = attrs.field(validator=kind_field(Frequency))
    count_min: int = attrs.field(
        validator=whole_number_field(at_least=1, at_most=INSTALLMENT_COUNT_MAX)
    )
    count_max: int = attrs.field(
        validator=whole_number_field(at_least=1, at_most=INSTALLMENT_COUNT_MAX)
    )

    def __attrs_post_init__(self) -> None:
        """Refuse bounds that nothing keeps."""
        if self.count_max < self.count_min:
            rule = f"must not be below count_min {self.count_min}"
            raise InvalidValueError("count_max", rule, self.count_max)

    def allows(self, count: int) -> bool:
        """Return whether *count* is within the bounds."""
        return self.count_min <= count <= self.count_max

    def __str__(self) -> str:
        """Return the bounds and the frequency."""
        return f"{self.count_min} to {self.count_max} {self.frequency}"


@attrs.frozen(kw_only=True)
class Product:
    """What a lender offers: policy data.

    Attributes:
        id: Name of the product; stays from version to version.
        version: The lender's version of it.
        name: What customers call it.
        currency: The currency of every amount.
        plans: The repayment plans to choose from; at least one, all different.
        conventions: How terms become a schedule.
        principal_min: The least that is lent; above zero.
        principal_max: The most that is lent.
        principal_step: What every principal is a multiple of; None: any amount.
        nominal_rate_min: The lowest yearly rate.
        nominal_rate_max: The highest yearly rate.
        counts: The frequencies to choose from, each with its bounds on the number of
            installments; at least one, all different.
        first_due_days_min: The fewest days from disbursement to the first due date;
            None: no bound.
        first_due_days_max: The most; None: no bound.
        due_days: The days of the month, 1 to 31, on which monthly and semimonthly
            installments may first fall due, in order; empty: all. A day that a short
            month lacks is its last day.
        has_free_dates: Whether due dates may be agreed one by one, or the last apart.
        tranche_count_max: Into how many parts beside the first the principal may be
            split; 0: it is paid out at once.
        customer_kinds: To whom it is offered, each one of `CUSTOMER_KINDS`; empty: to
            everyone.
        effective_from: First day on which it is offered; None: no limit.
        effective_until: First day on which it is no longer; None: no limit.
        ref: Id, version and digest, for decisions.

    Raises:
        InvalidValueError: A field breaks its rule, the bounds leave nothing, or the
            conventions cannot serve a plan or a frequency.
        CurrencyMismatchError: An amount is in another currency than the product.

    Example:
        >>> import attrs
        >>> from microcrm_core import Currency, Frequency, Money, Rate
        >>> from microcrm_core.loans import EQUAL_INSTALLMENTS, STRICT
        >>> from microcrm_core.loans.products import CountBounds, Product
        >>> euro = Currency.of("EUR")
        >>> market = Product(
        ...     id="market",
        ...     version="2025-01",
        ...     name="Market stall",
        ...     currency=euro,
        ...     plans=(EQUAL_INSTALLMENTS,),
        ...     conventions=STRICT,
        ...     principal_min=Money.of("500.00", euro),
        ...     principal_max=Money.of("5000.00", euro),
        ...     nominal_rate_min=Rate.per_year("0.18"),
        ...     nominal_rate_max=Rate.per_year("0.30"),
        ...     counts=(CountBounds(Frequency.MONTHLY, 3, 24),),
        ... )
        >>> raised = attrs.evolve(
        ...     market, version="2025-07", principal_max=Money.of("8000.00", euro)
        ... )
        >>> raised.ref.digest == market.ref.digest
        False
    """

    id: str = attrs.field(validator=name_text_field)
    version: str = attrs.field(validator=name_text_field)
    name: str = attrs.field(validator=name_text_field)
    currency: Currency = attrs.field(validator=kind_field(Currency))
    plans: tuple[RepaymentPlan, ...] = attrs.field(validator=tuple_field(RepaymentPlan))
    conventions: ScheduleConventions = attrs.field(
        validator=kind_field(ScheduleConventions)
    )
    principal_min: Money = attrs.field(validator=kind_field(Money))
    principal_max: Money = attrs.field(validator=kind_field(Money))
    principal_step: Money | None = attrs.field(
        default=None, validator=attrs.validators.optional(kind_field(Money))
    )
    nominal_rate_min: Rate = attrs.field(validator=kind_field(Rate))
    nominal_rate_max: Rate = attrs.field(validator=kind_field(Rate))
    counts: tuple[CountBounds, ...] = attrs.field(validator=tuple_field(CountBounds))
    first_due_days_min: int | None = attrs.field(
        default=None,
        validator=attrs.validators.optional(whole_number_field(at_least=1)),
    )
    first_due_days_max: int | None = attrs.field(
        default=None,
        validator=attrs.validators.optional(whole_number_field(at_least=1)),
    )
    due_days: tuple[int, ...] = attrs.field(default=(), validator=tuple_field(int))
    has_free_dates: bool = attrs.field(default=False, validator=kind_field(bool))
    tranche_count_max: int = attrs.field(
        default=0, validator=whole_number_field(at_least=0)
    )
    customer_kinds: tuple[str, ...] = attrs.field(
        default=(), validator=tuple_field(str)
    )
    effective_from: dt.date | None = attrs.field(
        default=None, validator=attrs.validators.optional(day_field)
    )
    effective_until: dt.date | None = attrs.field(
        default=None, validator=attrs.validators.optional(day_field)
    )
    ref: PolicyRef = attrs.field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Refuse bounds that nothing keeps, and take the digest."""
        require_product(self)
        object.__setattr__(self, "ref", PolicyRef.of(self.id, self.version, self))

    def check(
        self,
        asked: LoanTerms | ProductRequest,
        as_of: dt.date,
        *,
        customer_kind: str | None = None,
    ) -> Decision[bool]:
        """Return whether what is asked for keeps every bound, and each that it breaks.

        What a request does not say breaks nothing. Terms that keep every bound must
        have a schedule too; if they have none, the reason is what `build_schedule`
        says. A rate of more than 1000 % a year is allowed where the bounds allow it,
        and named in a reason of its own: 28 for 28 % is an easy mistake.

        Args:
            asked: Terms, or what is known of them.
            as_of: The day for which it is judged: whether the product is on offer.
            customer_kind: Who asks, where *asked* are terms; None: not known.

        Raises:
            InvalidValueError: *asked* is neither, or names the customer already.

        Example:
            >>> import datetime as dt
            >>> from microcrm_core import Currency, Frequency, Money, Rate
            >>> from microcrm_core.loans import EQUAL_INSTALLMENTS, STRICT
            >>> from microcrm_core.loans.product_requests import ProductRequest
            >>> from microcrm_core.loans.products import CountBounds, Product
            >>> euro = Currency.of("EUR")
            >>> market = Product(
            ...     id="market",
            ...     version="2025-01",
            ...     name="Market stall",
            ...     currency=euro,
            ...     plans=(EQUAL_INSTALLMENTS,),
            ...     conventions=STRICT,
            ...     principal_min=Money.of("500.00", euro),
            ...     principal_max=Money.of("5000.00", euro),
            ...     nominal_rate_min=Rate.per_year("0.18"),
            ...     nominal_rate_max=Rate.per_year("0.30"),
            ...     counts=(CountBounds(Frequency.MONTHLY, 3, 24),),
            ... )
            >>> asked = ProductRequest(
            ...     principal=Money.of("8000.00", euro),
            ...     installment_count=36,
            ...     frequency=Frequency.MONTHLY,
            ... )
            >>> decision = market.check(asked, dt.date(2025, 3, 1))
            >>> decision.outcome
            False
            >>> for sentence in decision.explain():
            ...     print(sentence)
            principal is EUR 8000.00, at most EUR 5000.00 is allowed
            installment_count is 36, at most 24 is allowed
        """
        day("as_of", as_of)
        request = request_of(asked, customer_kind=customer_kind)
        broken = broken_bounds(self, request, as_of)
        if not broken and isinstance(asked, LoanTerms):
            broken = self._without_schedule(asked)
        fits = Reason("product_fits", {"product": self.id, "version": self.version})
        return Decision(
            outcome=not broken,
            reasons=(*(broken or (fits,)), *doubtful_rates(self, request)),
            policy=self.ref,
            facts=request.facts(),
            as_of=as_of,
        )

    def _without_schedule(self, terms: LoanTerms) -> tuple[Reason, ...]:
        try:
            build_schedule(terms, self.conventions)
        except ScheduleError as error:
            rule = error.finding
        except InvalidValueError as error:
            # A date beyond the calendar, or something that an engine has not.
            rule = f"{error.field} {error.rule}"
        else:
            return ()
        return (Reason("product_no_schedule", {"rule": rule}),)

    def is_offered(self, as_of: dt.date) -> bool:
        """Return whether the product is on offer that day."""
        day("as_of", as_of)
        since, until = self.effective_from, self.effective_until
        return (since is None or since <= as_of) and (until is None or as_of < until)

    def to_plain(self) -> Plain:
        """Return the product as a JSON object with every part."""
        since, until, step = (
            self.effective_from,
            self.effective_until,
            self.principal_step,
        )
        return {
            "id": self.id,
            "version": self.version,
            "name": self.name,
            "currency": currency_to_plain(self.currency),
            "plans": [plan_to_plain(plan) for plan in self.plans],
            "conventions": conventions_to_plain(self.conventions),
            "principal_min": money_to_plain(self.principal_min),
            "principal_max": money_to_plain(self.principal_max),
            "principal_step": None if step is None else money_to_plain(step),
            "nominal_rate_min": rate_text(self.nominal_rate_min),
            "nominal_rate_max": rate_text(self.nominal_rate_max),
            "counts": [
                {
                    "frequency": str(bounds.frequency),
                    "count_min": bounds.count_min,
                    "count_max": bounds.count_max,
                }
                for bounds in self.counts
            ],
            "first_due_days_min": self.first_due_days_min,
            "first_due_days_max": self.first_due_days_max,
            "due_days": [*self.due_days],
            "has_free_dates": self.has_free_dates,
            "tranche_count_max": self.tranche_count_max,
            "customer_kinds": [*self.customer_kinds],
            "effective_from": None if since is None else since.isoformat(),
            "effective_until": None if until is None else until.isoformat(),
        }
