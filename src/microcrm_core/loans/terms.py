"""What lender and borrower agreed on, and how the lender counts.

`LoanTerms` are the agreement: how much, at which rate, in how many installments.
`ScheduleConventions` are the lender's choices that turn terms into amounts: how days
count and which way amounts are rounded. A `Loan` is an agreement with one
customer, disbursed or only requested. Read `schedule` next: terms and conventions
together make a schedule.

Example:
    >>> from microcrm_core.loans import STRICT
    >>> str(STRICT.day_count), str(STRICT.rounding), str(STRICT.roll)
    ('ACT/365F', 'half_even', 'day_of_month')
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, Final

import attrs

from microcrm_core.checks import day, day_field, name_text_field, whole_number_field
from microcrm_core.dates import DayCount, Frequency, RollRule
from microcrm_core.errors import InvalidValueError
from microcrm_core.ids import CustomerId, LoanId
from microcrm_core.money import Money
from microcrm_core.rates import Rate
from microcrm_core.rounding import Rounding

__all__ = [
    "INSTALLMENT_COUNT_MAX",
    "NOMINAL_RATE_MAX",
    "STRICT",
    "Loan",
    "LoanTerms",
    "ScheduleConventions",
]

INSTALLMENT_COUNT_MAX: Final = 1200
"""The most installments of one loan: a hundred years of months."""

NOMINAL_RATE_MAX: Final = 1000
"""The highest yearly rate: 100,000 %. More is a mistake, such as 240000 for 24 %."""


def _kind_field(
    kind: type[object],
) -> Callable[[object, attrs.Attribute[Any], object], None]:
    def check(
        _instance: object, attribute: attrs.Attribute[Any], value: object
    ) -> None:
        if not isinstance(value, kind):
            raise InvalidValueError(attribute.name, f"must be a {kind.__name__}", value)

    return check


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

    Raises:
        InvalidValueError: A field breaks its rule.

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

    principal: Money = attrs.field(validator=_kind_field(Money))
    nominal_rate: Rate = attrs.field(validator=_kind_field(Rate))
    installment_count: int = attrs.field(
        validator=whole_number_field(at_least=1, at_most=INSTALLMENT_COUNT_MAX)
    )
    frequency: Frequency = attrs.field(validator=_kind_field(Frequency))
    disbursed_on: dt.date = attrs.field(validator=day_field)
    first_due_on: dt.date = attrs.field(validator=day_field)

    def __attrs_post_init__(self) -> None:
        """Refuse terms that no schedule can keep."""
        if not self.principal.is_positive:
            raise InvalidValueError("principal", "must be above zero", self.principal)
        if not 0 <= self.nominal_rate.annual_fraction <= NOMINAL_RATE_MAX:
            raise InvalidValueError(
                "nominal_rate",
                f"must be from 0 to {NOMINAL_RATE_MAX}",
                self.nominal_rate,
                hint="24 % a year is 0.24",
            )
        if self.first_due_on <= self.disbursed_on:
            raise InvalidValueError(
                "first_due_on",
                f"must be after disbursed_on {self.disbursed_on}",
                self.first_due_on,
            )


@attrs.frozen(kw_only=True)
class ScheduleConventions:
    """How a lender turns terms into dates and amounts: policy data.

    No function of this library has default conventions; the caller names them.

    Attributes:
        id: Name under which decisions and tests refer to them.
        day_count: How much of a year lies between two due dates. Only day counts
            that need two dates and nothing else (`DayCount.needs` is empty).
        rounding: Where the interest of a period is rounded to whole minor units.
        roll: On which day of a month a due date falls.

    Raises:
        InvalidValueError: A field breaks its rule, or the day count needs more than
            two dates.

    Example:
        >>> import attrs
        >>> from microcrm_core.dates import DayCount
        >>> from microcrm_core.loans import STRICT
        >>> lender = attrs.evolve(STRICT, id="ours", day_count=DayCount.ACT_360)
        >>> lender.id
        'ours'
    """

    id: str = attrs.field(validator=name_text_field)
    day_count: DayCount = attrs.field(validator=_kind_field(DayCount))
    rounding: Rounding = attrs.field(validator=_kind_field(Rounding))
    roll: RollRule = attrs.field(validator=_kind_field(RollRule))

    def __attrs_post_init__(self) -> None:
        """Refuse a day count that asks for more than two dates."""
        if self.day_count.needs:
            raise InvalidValueError(
                "day_count",
                "must need two dates and nothing else",
                self.day_count.value,
                hint=f"it needs {' and '.join(self.day_count.needs)}",
            )


STRICT: Final = ScheduleConventions(
    id="strict",
    day_count=DayCount.ACT_365F,
    rounding=Rounding.HALF_EVEN,
    roll=RollRule.DAY_OF_MONTH,
)
"""Clean conventions without history: ACT/365F, half even, day of month kept."""


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
    terms: LoanTerms = attrs.field(validator=_kind_field(LoanTerms))
    requested_on: dt.date | None = attrs.field(
        validator=attrs.validators.optional(day_field)
    )
    is_disbursed: bool = attrs.field(validator=_kind_field(bool))
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
