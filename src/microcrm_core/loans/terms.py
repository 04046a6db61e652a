"""What lender and borrower agreed on.

`LoanTerms` are the agreement: how much, at which rate, in how many installments, on
which dates, and by which `RepaymentPlan`. A `Loan` is an agreement with one customer,
disbursed or only requested. Read `conventions` next: the lender's choices that turn
terms into amounts.

Example:
    >>> from microcrm_core.loans import EQUAL_INSTALLMENTS
    >>> EQUAL_INSTALLMENTS.method
    EqualInstallments()
"""

from __future__ import annotations

import datetime as dt
from typing import Final, cast

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
from microcrm_core.errors import InvalidValueError
from microcrm_core.html import html_table
from microcrm_core.ids import CustomerId, LoanId
from microcrm_core.loans.plans import EQUAL_INSTALLMENTS, RepaymentPlan
from microcrm_core.loans.terms_checks import (
    require_changes,
    require_due_dates,
    require_one_currency,
    require_tranches,
)
from microcrm_core.money import Money
from microcrm_core.rates import Rate

__all__ = [
    "INSTALLMENT_COUNT_MAX",
    "NOMINAL_RATE_MAX",
    "InterestPause",
    "Loan",
    "LoanTerms",
    "RateChange",
    "Tranche",
    "is_rate_allowed",
]

INSTALLMENT_COUNT_MAX: Final = 1200
"""The most installments of one loan: a hundred years of months."""

NOMINAL_RATE_MAX: Final = 1000
"""The highest yearly rate: 100,000 %. More is a mistake, such as 240000 for 24 %."""


@attrs.frozen(kw_only=True)
class Tranche:
    """A part of the principal that is paid out later than the first.

    Attributes:
        disbursed_on: Day of the payment; it bears interest from then on.
        amount: What is paid out; above zero.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.loans import Tranche
        >>> tranche = Tranche(
        ...     disbursed_on=dt.date(2025, 3, 1),
        ...     amount=Money.of("500.00", Currency.of("EUR")),
        ... )
        >>> tranche.amount.minor
        50000
    """

    disbursed_on: dt.date = attrs.field(validator=day_field)
    amount: Money = attrs.field(validator=kind_field(Money))

    def __attrs_post_init__(self) -> None:
        """Refuse a tranche of nothing."""
        if not self.amount.is_positive:
            raise InvalidValueError("amount", "must be above zero", self.amount)


@attrs.frozen(kw_only=True)
class RateChange:
    """A new nominal rate from some day on.

    Attributes:
        from_on: First day that bears interest at the new rate.
        nominal_rate: The new yearly rate, from zero to `NOMINAL_RATE_MAX`.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.loans import RateChange
        >>> from microcrm_core.rates import Rate
        >>> change = RateChange(
        ...     from_on=dt.date(2025, 3, 1), nominal_rate=Rate.per_year("0.12")
        ... )
        >>> change.nominal_rate.annual_ppm
        120000
    """

    from_on: dt.date = attrs.field(validator=day_field)
    nominal_rate: Rate = attrs.field(validator=kind_field(Rate))

    def __attrs_post_init__(self) -> None:
        """Refuse a rate out of bounds."""
        _require_rate("nominal_rate", self.nominal_rate)


@attrs.frozen
class InterestPause:
    """Days that bear no interest; the installments stay due.

    Attributes:
        start_on: First day without interest.
        end_on: First day with interest again, after `start_on`.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.loans import InterestPause
        >>> InterestPause(dt.date(2025, 3, 1), dt.date(2025, 3, 11)).days
        10
    """

    start_on: dt.date = attrs.field(validator=day_field)
    end_on: dt.date = attrs.field(validator=day_field)

    def __attrs_post_init__(self) -> None:
        """Refuse a pause without a day."""
        if self.end_on <= self.start_on:
            rule = f"must be after start_on {self.start_on}"
            raise InvalidValueError("end_on", rule, self.end_on)

    @property
    def days(self) -> int:
        """How many days bear no interest."""
        return (self.end_on - self.start_on).days


@attrs.frozen(kw_only=True)
class LoanTerms:
    """What was agreed: the definition from which a schedule is built.

    Attributes:
        principal: Amount lent, without interest; above zero.
        nominal_rate: Yearly rate, from zero to `NOMINAL_RATE_MAX`.
        installment_count: Number of installments, 1 to 1200.
        frequency: Time from one due date to the next.
        disbursed_on: Day from which interest runs; for a request the planned day.
        first_due_on: Due date of the first installment, after `disbursed_on`; the
            other due dates follow from it.
        plan: How the loan is paid back.
        due_on: Every due date as agreed, where no frequency gives them; empty: they
            follow from `first_due_on` and `frequency`.
        last_due_on: The last due date, where it is agreed apart from the others
            because the loan has a fixed length; None: as the others.
        tranches: Parts of `principal` that are paid out later, by date; the rest
            is paid out on `disbursed_on`.
        rate_changes: Later nominal rates, by date; none begins after the last due date
            can be.
        interest_pauses: Days without interest, by date, not overlapping; none begins
            after the last due date can be.

    Raises:
        InvalidValueError: A field breaks its rule.
        CurrencyMismatchError: A tranche, or a fixed sum of the plan, is in another
            currency than the principal.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.dates import Frequency
        >>> from microcrm_core.loans import LoanTerms
        >>> from microcrm_core.rates import Rate
        >>> terms = LoanTerms(
        ...     principal=Money.of("1200.00", Currency.of("EUR")),
        ...     nominal_rate=Rate.per_year("0.24"),
        ...     installment_count=12,
        ...     frequency=Frequency.MONTHLY,
        ...     disbursed_on=dt.date(2025, 1, 15),
        ...     first_due_on=dt.date(2025, 2, 15),
        ... )
        >>> terms.principal.minor
        120000
    """

    principal: Money = attrs.field(validator=kind_field(Money))
    nominal_rate: Rate = attrs.field(validator=kind_field(Rate))
    installment_count: int = attrs.field(
        validator=whole_number_field(at_least=1, at_most=INSTALLMENT_COUNT_MAX)
    )
    frequency: Frequency = attrs.field(validator=kind_field(Frequency))
    disbursed_on: dt.date = attrs.field(validator=day_field)
    first_due_on: dt.date = attrs.field(validator=day_field)
    plan: RepaymentPlan = attrs.field(
        default=EQUAL_INSTALLMENTS, validator=kind_field(RepaymentPlan)
    )
    due_on: tuple[dt.date, ...] = attrs.field(
        default=(), validator=tuple_field(dt.date)
    )
    last_due_on: dt.date | None = attrs.field(
        default=None, validator=attrs.validators.optional(day_field)
    )
    tranches: tuple[Tranche, ...] = attrs.field(
        default=(), validator=tuple_field(Tranche)
    )
    rate_changes: tuple[RateChange, ...] = attrs.field(
        default=(), validator=tuple_field(RateChange)
    )
    interest_pauses: tuple[InterestPause, ...] = attrs.field(
        default=(), validator=tuple_field(InterestPause)
    )

    def __attrs_post_init__(self) -> None:
        """Refuse terms that no schedule can keep."""
        if not self.principal.is_positive:
            raise InvalidValueError("principal", "must be above zero", self.principal)
        _require_rate("nominal_rate", self.nominal_rate)
        if self.first_due_on <= self.disbursed_on:
            raise InvalidValueError(
                "first_due_on",
                f"must be after disbursed_on {self.disbursed_on}",
                self.first_due_on,
            )
        # Most terms have none of these, and then nothing is called for them.
        if self.plan is not EQUAL_INSTALLMENTS:
            require_one_currency(self)
        if self.due_on or self.last_due_on is not None:
            require_due_dates(self)
        if self.tranches:
            require_tranches(self)
        if self.rate_changes or self.interest_pauses:
            require_changes(self)

    def _repr_html_(self) -> str:
        # Notebooks call this name.
        own = [row for row in _given_parts(self) if row[0] != "plan"]
        rows = [*own, *_given_parts(self.plan)]
        return html_table(("term", "agreed"), rows)

    @property
    def disbursements(self) -> tuple[tuple[dt.date, Money], ...]:
        """Every payment of principal with its day, the first one first."""
        later = tuple((part.disbursed_on, part.amount) for part in self.tranches)
        first = self.principal
        for _, amount in later:
            first -= amount
        return ((self.disbursed_on, first), *later)


def _given_parts(whole: object) -> list[tuple[str, str]]:
    """Return the parts of an attrs value that are not left at their default."""
    kind = type(whole)
    assert attrs.has(kind)  # the callers hand over no other
    fields = [(field, getattr(whole, field.name)) for field in attrs.fields(kind)]
    return [
        (field.name, _told(part)) for field, part in fields if part != field.default
    ]


def _told(part: object) -> str:
    if isinstance(part, tuple):
        return "; ".join(map(_told, cast("tuple[object, ...]", part)))
    if not attrs.has(type(part)) or type(part).__str__ is not object.__str__:
        return str(part)
    name = type(part).__name__
    parts = ", ".join(f"{field} {text}" for field, text in _given_parts(part))
    return f"{name}: {parts}" if parts else name


def is_rate_allowed(rate: Rate) -> bool:
    """Return whether a rate is from zero to `NOMINAL_RATE_MAX`.

    Example:
        >>> from microcrm_core.loans.terms import is_rate_allowed
        >>> from microcrm_core.rates import Rate
        >>> is_rate_allowed(Rate.per_year(24)), is_rate_allowed(Rate.per_year(24_000))
        (True, False)
    """
    # Comparing a fraction takes ten times as long.
    numerator, denominator = rate.annual_fraction.as_integer_ratio()
    return 0 <= numerator <= NOMINAL_RATE_MAX * denominator


def _require_rate(field: str, rate: Rate) -> None:
    if not is_rate_allowed(rate):
        rule = f"must be from 0 to {NOMINAL_RATE_MAX}"
        raise InvalidValueError(field, rule, rate, hint="24 % a year is 0.24")


@attrs.frozen(kw_only=True)
class Loan:
    """One agreement with one customer, disbursed or only requested.

    Attributes:
        id: Identity of the loan.
        customer_id: Who borrows.
        terms: What was agreed, or asked for.
        requested_on: Day of the request; None where it is not known.
        is_disbursed: Whether the principal was paid out, on `terms.disbursed_on`. If
            not, that is the planned day.
        known_on: Day on which the lender came to know all this.
        planned_on: Day of disbursement as it was planned at the request, before
            the first due date; None: as in the terms. When the money was really
            paid out was not known before that day.

    Raises:
        InvalidValueError: A field breaks its rule, or the loan is neither
            disbursed nor requested on a known day.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.dates import Frequency
        >>> from microcrm_core.ids import CustomerId, LoanId
        >>> from microcrm_core.loans import Loan, LoanTerms
        >>> from microcrm_core.rates import Rate
        >>> loan = Loan(
        ...     id=LoanId("loan-1"),
        ...     customer_id=CustomerId("customer-1"),
        ...     terms=LoanTerms(
        ...         principal=Money.of("1200.00", Currency.of("EUR")),
        ...         nominal_rate=Rate.per_year("0.24"),
        ...         installment_count=12,
        ...         frequency=Frequency.MONTHLY,
        ...         disbursed_on=dt.date(2025, 1, 15),
        ...         first_due_on=dt.date(2025, 2, 15),
        ...     ),
        ...     requested_on=dt.date(2025, 1, 10),
        ...     is_disbursed=True,
        ...     known_on=dt.date(2025, 1, 10),
        ... )
        >>> loan.is_request_as_of(dt.date(2025, 1, 14))
        True
        >>> loan.is_disbursed_as_of(dt.date(2025, 1, 15))
        True
    """

    id: LoanId = attrs.field(validator=name_text_field)
    customer_id: CustomerId = attrs.field(validator=name_text_field)
    terms: LoanTerms = attrs.field(validator=kind_field(LoanTerms))
    requested_on: dt.date | None = attrs.field(
        validator=attrs.validators.optional(day_field)
    )
    is_disbursed: bool = attrs.field(validator=kind_field(bool))
    known_on: dt.date = attrs.field(validator=day_field)
    planned_on: dt.date | None = attrs.field(
        default=None, validator=attrs.validators.optional(day_field)
    )

    def __attrs_post_init__(self) -> None:
        """Refuse a loan that is neither disbursed nor requested."""
        if self.planned_on is not None and self.planned_on >= self.terms.first_due_on:
            rule = f"must be before first_due_on {self.terms.first_due_on}"
            raise InvalidValueError("planned_on", rule, self.planned_on)
        if not self.is_disbursed and self.requested_on is None:
            raise InvalidValueError(
                "requested_on", "must be given unless is_disbursed", None
            )

    def is_disbursed_as_of(self, as_of: dt.date) -> bool:
        """Return whether the principal was paid out, and known, by that day.

        Raises:
            InvalidValueError: *as_of* is no date.
        """
        day("as_of", as_of)
        is_paid_out = self.is_disbursed and self.terms.disbursed_on <= as_of
        return is_paid_out and self.known_on <= as_of

    def terms_as_of(self, as_of: dt.date) -> LoanTerms:
        """Return the terms as they were known that day.

        Before the loan is disbursed, interest is to run from the planned day.

        Raises:
            InvalidValueError: *as_of* is no date.
        """
        if self.planned_on is None or self.is_disbursed_as_of(as_of):
            return self.terms
        return attrs.evolve(self.terms, disbursed_on=self.planned_on)

    def is_request_as_of(self, as_of: dt.date) -> bool:
        """Return whether the loan was asked for, and known, but not yet disbursed.

        Raises:
            InvalidValueError: *as_of* is no date.
        """
        if self.is_disbursed_as_of(as_of) or self.requested_on is None:
            return False
        return self.requested_on <= as_of and self.known_on <= as_of
