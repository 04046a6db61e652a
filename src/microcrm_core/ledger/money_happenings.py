"""What can happen to a loan in money: it is paid out, paid back, charged, taken back.

Amounts are those of the happening itself; where they go is a matter of the loan's
terms, conventions and `LedgerPolicy`. Read `happenings` for what else can happen.

Example:
    >>> from microcrm_core import Currency, Money
    >>> from microcrm_core.ledger import Repaid
    >>> str(Repaid(amount=Money.of("100.00", Currency.of("EUR"))).amount)
    'EUR 100.00'
"""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Any

import attrs

from microcrm_core.checks import day_field, kind_field, name_text_field
from microcrm_core.errors import InvalidValueError
from microcrm_core.ids import EventId, LoanId
from microcrm_core.ledger.repayment_kinds import RepaymentKind
from microcrm_core.loans import Portion
from microcrm_core.money import Money

__all__ = [
    "ChargeBase",
    "ChargeKind",
    "ChargeWaived",
    "Charged",
    "ChargedBack",
    "CreditRefunded",
    "Disbursed",
    "IncomeCapitalized",
    "Renewed",
    "Repaid",
]


def _above_zero(_instance: object, _attribute: object, value: Any) -> None:
    if not isinstance(value, Money) or not value.is_positive:
        rule = "must be a Money above zero"
        is_money = isinstance(value, Money)
        hint = None if is_money else 'use Money.of("500.00", Currency.of("EUR"))'
        raise InvalidValueError("amount", rule, value, hint=hint)


class ChargeKind(StrEnum):
    """What a charge is for.

    Attributes:
        FEE: For a service.
        PENALTY: For a breach, such as paying late.

    Example:
        >>> from microcrm_core.ledger import ChargeKind
        >>> ChargeKind.PENALTY.value
        'penalty'
    """

    FEE = "fee"
    PENALTY = "penalty"


class ChargeBase(StrEnum):
    """Of what a charge that is a share is the share.

    Attributes:
        PRINCIPAL: Of principal.
        INTEREST: Of interest.
        PRINCIPAL_AND_INTEREST: Of both.

    Example:
        >>> from microcrm_core.ledger import ChargeBase
        >>> ChargeBase.INTEREST.value
        'interest'
    """

    PRINCIPAL = "principal"
    INTEREST = "interest"
    PRINCIPAL_AND_INTEREST = "principal_and_interest"


@attrs.frozen(kw_only=True)
class Disbursed:
    """Principal was paid out.

    Attributes:
        amount: What was paid out, a down payment included; above zero.
        is_down_payment_taken: Whether a down payment that the terms ask for is taken at
            once, where the policy takes it automatically.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.ledger import Disbursed
        >>> amount = Money.of("1000.00", Currency.of("EUR"))
        >>> Disbursed(amount=amount).is_down_payment_taken
        True
    """

    amount: Money = attrs.field(validator=_above_zero)
    is_down_payment_taken: bool = attrs.field(default=True, validator=kind_field(bool))


@attrs.frozen(kw_only=True)
class Repaid:
    """Money came in for the loan.

    Attributes:
        amount: How much; above zero.
        kind: Why.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.ledger import Repaid
        >>> Repaid(amount=Money.of("100.00", Currency.of("EUR"))).kind.value
        'repayment'
    """

    amount: Money = attrs.field(validator=_above_zero)
    kind: RepaymentKind = attrs.field(
        default=RepaymentKind.REPAYMENT, validator=kind_field(RepaymentKind)
    )


@attrs.frozen(kw_only=True)
class Charged:
    """A fee or penalty was charged.

    Attributes:
        kind: Fee or penalty.
        portion: A fixed sum, or a share of *base*.
        due_on: When it is due; None: with every installment.
        base: Of what a share is the share: of the whole loan, or of each installment
            where `due_on` is None.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.ledger import Charged, ChargeKind
        >>> from microcrm_core.loans import Portion
        >>> late = Charged(
        ...     kind=ChargeKind.PENALTY,
        ...     portion=Portion.of_amount(Money.of("5.00", Currency.of("EUR"))),
        ...     due_on=dt.date(2025, 3, 1),
        ... )
        >>> late.kind.value
        'penalty'
    """

    kind: ChargeKind = attrs.field(validator=kind_field(ChargeKind))
    portion: Portion = attrs.field(validator=kind_field(Portion))
    due_on: dt.date | None = attrs.field(
        default=None, validator=attrs.validators.optional(day_field)
    )
    base: ChargeBase = attrs.field(
        default=ChargeBase.PRINCIPAL_AND_INTEREST, validator=kind_field(ChargeBase)
    )


@attrs.frozen
class ChargeWaived:
    """What is left of a charge is no longer asked for.

    Attributes:
        charge_id: The event that charged it.

    Raises:
        InvalidValueError: It is no id.

    Example:
        >>> from microcrm_core.ids import EventId
        >>> from microcrm_core.ledger import ChargeWaived
        >>> ChargeWaived(EventId("event-1")).charge_id
        'event-1'
    """

    charge_id: EventId = attrs.field(validator=name_text_field)


@attrs.frozen
class CreditRefunded:
    """What the customer had paid too much was paid back.

    Attributes:
        amount: How much; what is above the credit is owed again.

    Raises:
        InvalidValueError: It is not above zero.

    Example:
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.ledger import CreditRefunded
        >>> CreditRefunded(Money(500, Currency.of("EUR"))).amount.minor
        500
    """

    amount: Money = attrs.field(validator=_above_zero)


@attrs.frozen
class ChargedBack:
    """A repayment was taken back by the payer's bank: what it paid is owed again.

    Attributes:
        repayment_id: The event that repaid.
        amount: How much of it was taken back; above zero.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.ids import EventId
        >>> from microcrm_core.ledger import ChargedBack
        >>> back = ChargedBack(EventId("event-1"), Money(500, Currency.of("EUR")))
        >>> back.repayment_id
        'event-1'
    """

    repayment_id: EventId = attrs.field(validator=name_text_field)
    amount: Money = attrs.field(validator=_above_zero)


@attrs.frozen
class IncomeCapitalized:
    """Income of the lender, such as a fee, was added to the principal.

    Attributes:
        amount: How much; above zero.

    Raises:
        InvalidValueError: It is not above zero.

    Example:
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.ledger import IncomeCapitalized
        >>> IncomeCapitalized(Money(500, Currency.of("EUR"))).amount.minor
        500
    """

    amount: Money = attrs.field(validator=_above_zero)


@attrs.frozen
class Renewed:
    """A new loan paid this one.

    Attributes:
        new_loan_id: The loan that paid it.
        amount: How much it paid; above zero.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.ids import LoanId
        >>> from microcrm_core.ledger import Renewed
        >>> Renewed(LoanId("loan-8"), Money(500, Currency.of("EUR"))).new_loan_id
        'loan-8'
    """

    new_loan_id: LoanId = attrs.field(validator=name_text_field)
    amount: Money = attrs.field(validator=_above_zero)
