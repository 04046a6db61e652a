"""Requests about money: paid early, at another rate, owed anew, or by a new loan.

Read `date_requests` for requests that leave what is owed and change when it is due, and
`requests` for all of them.

Example:
    >>> from microcrm_core.adjustments import Prepay, ReAmortize
    >>> Prepay().amount is None, ReAmortize().interest.value
    (True, 'level')
"""

from __future__ import annotations

import datetime as dt

import attrs

from microcrm_core.checks import (
    day_field,
    kind_field,
    name_text_field,
    whole_number_field,
)
from microcrm_core.dates import Frequency
from microcrm_core.errors import InvalidValueError
from microcrm_core.ids import LoanId
from microcrm_core.ledger import EarlyPayment, ReAgedInterest
from microcrm_core.loans import INSTALLMENT_COUNT_MAX, NOMINAL_RATE_MAX, LoanTerms
from microcrm_core.money import Money
from microcrm_core.rates import Rate

__all__ = [
    "CapitalizeArrears",
    "ChangeRate",
    "Prepay",
    "ReAge",
    "ReAmortize",
    "Renew",
]


@attrs.frozen
class Prepay:
    """Money is paid before it is due.

    Attributes:
        amount: How much; above zero. None: all that is owed on the day.
        effect: What the customer wants it to change. The ledger policy of the loan says
            what it does change; another wish is refused by name. None: what the policy
            does. None, too, where all is paid, since nothing is left to change.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.adjustments import Prepay
        >>> from microcrm_core.ledger import EarlyPayment
        >>> hundred = Money.of("100.00", Currency.of("EUR"))
        >>> Prepay(hundred, EarlyPayment.LOWER_INSTALLMENT).effect.value
        'lower_installment'
        >>> Prepay().amount is None
        True
    """

    amount: Money | None = attrs.field(
        default=None, validator=attrs.validators.optional(kind_field(Money))
    )
    effect: EarlyPayment | None = attrs.field(
        default=None, validator=attrs.validators.optional(kind_field(EarlyPayment))
    )

    def __attrs_post_init__(self) -> None:
        """Refuse a payment of nothing, and a wish that means nothing."""
        if self.amount is None:
            if self.effect is not None:
                rule = "must be None where all is paid"
                raise InvalidValueError("effect", rule, self.effect.value)
        elif not self.amount.is_positive:
            raise InvalidValueError("amount", "must be above zero", self.amount)


@attrs.frozen
class ChangeRate:
    """Another nominal rate bears interest from a day on.

    Attributes:
        nominal_rate: The new rate, from zero to `NOMINAL_RATE_MAX`.
        from_on: First day that bears interest at it. None: the day of the quote; where
            an installment is due on that day, the day after it, so that what is due
            stays as it is.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        >>> from microcrm_core import Rate
        >>> from microcrm_core.adjustments import ChangeRate
        >>> str(ChangeRate(Rate.per_year("0.18")).nominal_rate)
        '18% a year'
    """

    nominal_rate: Rate = attrs.field(validator=kind_field(Rate))
    from_on: dt.date | None = attrs.field(
        default=None, validator=attrs.validators.optional(day_field)
    )

    def __attrs_post_init__(self) -> None:
        """Refuse a rate out of bounds."""
        if not 0 <= self.nominal_rate.annual_fraction <= NOMINAL_RATE_MAX:
            rule = f"must be from 0 to {NOMINAL_RATE_MAX}, as a fraction a year"
            raise InvalidValueError("nominal_rate", rule, str(self.nominal_rate))


@attrs.frozen
class CapitalizeArrears:
    """Overdue interest, fees and penalties become principal.

    Example:
        >>> from microcrm_core.adjustments import CapitalizeArrears
        >>> CapitalizeArrears() == CapitalizeArrears()
        True
    """


@attrs.frozen(kw_only=True)
class ReAge:
    """All that is owed is put on new installments.

    Attributes:
        start_on: Due date of the first of them.
        frequency: How far they are apart.
        installment_count: How many there are; 1 to `INSTALLMENT_COUNT_MAX`.
        interest: What becomes of interest.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Frequency
        >>> from microcrm_core.adjustments import ReAge
        >>> again = ReAge(
        ...     start_on=dt.date(2025, 6, 1),
        ...     frequency=Frequency.MONTHLY,
        ...     installment_count=6,
        ... )
        >>> again.interest.value
        'level'
    """

    start_on: dt.date = attrs.field(validator=day_field)
    frequency: Frequency = attrs.field(validator=kind_field(Frequency))
    installment_count: int = attrs.field(
        validator=whole_number_field(at_least=1, at_most=INSTALLMENT_COUNT_MAX)
    )
    interest: ReAgedInterest = attrs.field(
        default=ReAgedInterest.LEVEL, validator=kind_field(ReAgedInterest)
    )


@attrs.frozen
class ReAmortize:
    """What is overdue is spread over the installments that are still to come.

    Attributes:
        interest: What becomes of interest.

    Raises:
        InvalidValueError: It is of another kind.

    Example:
        >>> from microcrm_core.adjustments import ReAmortize
        >>> ReAmortize().interest.value
        'level'
    """

    interest: ReAgedInterest = attrs.field(
        default=ReAgedInterest.LEVEL, validator=kind_field(ReAgedInterest)
    )


def _account_name(
    _instance: object, attribute: attrs.Attribute[str], value: object
) -> None:
    if not isinstance(value, str) or not value or value != value.strip():
        # The value is left out: accounts are personal, and errors are logged.
        rule = "must be text, not empty, without spaces around it"
        raise InvalidValueError(attribute.name, rule, type(value).__name__)


@attrs.frozen(kw_only=True)
class Renew:
    """A new loan pays this one off, and the rest of it is paid out.

    Attributes:
        new_loan_id: Id of the new loan.
        terms: What is agreed for it.
        settlement_account: The account that is set aside for repayment, from which the
            installments of the new loan are taken. Personal: no error shows it.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
        >>> from microcrm_core.adjustments import Renew
        >>> from microcrm_core.ids import LoanId
        >>> renewal = Renew(
        ...     new_loan_id=LoanId("loan-8"),
        ...     terms=LoanTerms(
        ...         principal=Money.of("2000.00", Currency.of("EUR")),
        ...         nominal_rate=Rate.per_year("0.24"),
        ...         installment_count=12,
        ...         frequency=Frequency.MONTHLY,
        ...         disbursed_on=dt.date(2025, 7, 15),
        ...         first_due_on=dt.date(2025, 8, 15),
        ...     ),
        ...     settlement_account="wages",
        ... )
        >>> renewal.new_loan_id, "wages" in repr(renewal)
        ('loan-8', False)
    """

    new_loan_id: LoanId = attrs.field(validator=name_text_field)
    terms: LoanTerms = attrs.field(validator=kind_field(LoanTerms))
    settlement_account: str = attrs.field(validator=_account_name, repr=False)
