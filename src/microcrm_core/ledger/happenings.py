"""What can happen to a loan, one small value for each kind.

A happening says what took place; on which day it is true, and when the lender learned
of it, is said by the `LedgerEvent` that wraps it. Nothing here knows arithmetic: what a
happening does to a loan is a matter of its terms, conventions and `LedgerPolicy`.

Example:
    >>> from microcrm_core import Currency, Money
    >>> from microcrm_core.ledger import Repaid
    >>> str(Repaid(amount=Money.of("100.00", Currency.of("EUR"))).amount)
    'EUR 100.00'
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import attrs

from microcrm_core.checks import (
    day_field,
    kind_field,
    name_text_field,
    whole_number_field,
)
from microcrm_core.dates import Frequency
from microcrm_core.errors import InvalidValueError
from microcrm_core.ids import EventId, LoanId
from microcrm_core.ledger.repayment_kinds import RepaymentKind
from microcrm_core.loans import Portion
from microcrm_core.money import Money
from microcrm_core.rates import Rate

__all__ = [
    "HAPPENINGS",
    "ArrearsCapitalized",
    "ChargeBase",
    "ChargeKind",
    "ChargeWaived",
    "Charged",
    "ChargedBack",
    "ChargedOff",
    "CreditRefunded",
    "DelinquencyPaused",
    "DelinquencyResumed",
    "Disbursed",
    "DueDateChanged",
    "Happening",
    "HolidayGranted",
    "IncomeCapitalized",
    "InterestPaused",
    "RateChanged",
    "ReAged",
    "ReAgedInterest",
    "ReAmortized",
    "Renewed",
    "Repaid",
    "Reversed",
    "TermChanged",
    "Terminated",
    "WrittenOff",
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


class ReAgedInterest(StrEnum):
    """What becomes of interest when what is owed is spread anew.

    Attributes:
        LEVEL: New level installments bear interest; unpaid interest of past periods is
            due with the first of them.
        EQUAL_TO_DATE: Interest up to the day is spread evenly; no more accrues.
        EQUAL_IN_FULL: All interest of the old schedule is spread evenly.

    Example:
        >>> from microcrm_core.ledger import ReAgedInterest
        >>> ReAgedInterest.LEVEL.value
        'level'
    """

    LEVEL = "level"
    EQUAL_TO_DATE = "equal_to_date"
    EQUAL_IN_FULL = "equal_in_full"


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
class RateChanged:
    """A new yearly rate bears interest from the event's day on, that day included.

    Attributes:
        nominal_rate: The new rate.

    Raises:
        InvalidValueError: It is no `Rate`.

    Example:
        >>> from microcrm_core import Rate
        >>> from microcrm_core.ledger import RateChanged
        >>> str(RateChanged(Rate.per_year("0.18")).nominal_rate)
        '18% a year'
    """

    nominal_rate: Rate = attrs.field(validator=kind_field(Rate))


@attrs.frozen
class DueDateChanged:
    """One due date moved, and later ones with it.

    By exact fractions it holds from the event's day on: what is due by then stays.

    Attributes:
        from_on: The due date as it stood.
        to_on: The new one; later due dates are counted from it.

    Raises:
        InvalidValueError: A field is no date.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.ledger import DueDateChanged
        >>> DueDateChanged(dt.date(2025, 3, 1), dt.date(2025, 3, 15)).to_on.day
        15
    """

    from_on: dt.date = attrs.field(validator=day_field)
    to_on: dt.date = attrs.field(validator=day_field)


@attrs.frozen
class HolidayGranted:
    """Some installments are skipped: theirs and all later due dates move on.

    By exact fractions it holds from the event's day on: what is due by then stays.

    Attributes:
        from_on: Due date of the first installment that moves.
        count: By how many periods; 1 or more.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.ledger import HolidayGranted
        >>> HolidayGranted(dt.date(2025, 3, 1), 2).count
        2
    """

    from_on: dt.date = attrs.field(validator=day_field)
    count: int = attrs.field(validator=whole_number_field(at_least=1))


@attrs.frozen
class InterestPaused:
    """No interest accrues from the event's day to *last_on*, both included.

    Attributes:
        last_on: Last day without interest.

    Raises:
        InvalidValueError: It is no date.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.ledger import InterestPaused
        >>> InterestPaused(dt.date(2025, 2, 10)).last_on.day
        10
    """

    last_on: dt.date = attrs.field(validator=day_field)


def _not_zero(_instance: object, attribute: attrs.Attribute[int], value: int) -> None:
    if value == 0:
        raise InvalidValueError(attribute.name, "must not be zero", value)


@attrs.frozen
class TermChanged:
    """The loan got more installments, or fewer.

    By exact fractions it holds from the event's day on: what is due by then stays.

    Attributes:
        added_count: How many more; below zero: how many fewer.

    Raises:
        InvalidValueError: It is no whole number, or zero.

    Example:
        >>> from microcrm_core.ledger import TermChanged
        >>> TermChanged(2).added_count
        2
    """

    added_count: int = attrs.field(validator=[whole_number_field(), _not_zero])


@attrs.frozen(kw_only=True)
class ReAged:
    """What is owed was put on new installments.

    Attributes:
        start_on: Due date of the first of them.
        frequency: How far they are apart.
        installment_count: How many there are; 1 or more.
        interest: What becomes of interest.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Frequency
        >>> from microcrm_core.ledger import ReAged
        >>> again = ReAged(
        ...     start_on=dt.date(2025, 6, 1),
        ...     frequency=Frequency.MONTHLY,
        ...     installment_count=6,
        ... )
        >>> again.interest.value
        'level'
    """

    start_on: dt.date = attrs.field(validator=day_field)
    frequency: Frequency = attrs.field(validator=kind_field(Frequency))
    installment_count: int = attrs.field(validator=whole_number_field(at_least=1))
    interest: ReAgedInterest = attrs.field(
        default=ReAgedInterest.LEVEL, validator=kind_field(ReAgedInterest)
    )


@attrs.frozen
class ReAmortized:
    """What is overdue was spread over the installments that are still to come.

    Attributes:
        interest: What becomes of interest.

    Raises:
        InvalidValueError: It is of another kind.

    Example:
        >>> from microcrm_core.ledger import ReAmortized
        >>> ReAmortized().interest.value
        'level'
    """

    interest: ReAgedInterest = attrs.field(
        default=ReAgedInterest.LEVEL, validator=kind_field(ReAgedInterest)
    )


@attrs.frozen
class ArrearsCapitalized:
    """Overdue interest, fees and penalties became principal.

    Example:
        >>> from microcrm_core.ledger import ArrearsCapitalized
        >>> ArrearsCapitalized() == ArrearsCapitalized()
        True
    """


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
class WrittenOff:
    """The lender gave up what was left; nothing is asked for any more.

    Example:
        >>> from microcrm_core.ledger import WrittenOff
        >>> WrittenOff() == WrittenOff()
        True
    """


@attrs.frozen
class ChargedOff:
    """The lender took the loan as a loss, and still asks for it.

    Example:
        >>> from microcrm_core.ledger import ChargedOff
        >>> ChargedOff() == ChargedOff()
        True
    """


@attrs.frozen
class Terminated:
    """The contract was ended: all that is left became due.

    Example:
        >>> from microcrm_core.ledger import Terminated
        >>> Terminated() == Terminated()
        True
    """


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
class DelinquencyPaused:
    """Days do not count as late from the event's day on, up to *last_on*.

    Attributes:
        last_on: The pause ends at the start of this day.

    Raises:
        InvalidValueError: It is no date.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.ledger import DelinquencyPaused
        >>> DelinquencyPaused(dt.date(2025, 4, 1)).last_on.month
        4
    """

    last_on: dt.date = attrs.field(validator=day_field)


@attrs.frozen
class DelinquencyResumed:
    """A pause of late days ended early, on the event's day.

    Example:
        >>> from microcrm_core.ledger import DelinquencyResumed
        >>> DelinquencyResumed() == DelinquencyResumed()
        True
    """


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


@attrs.frozen
class Reversed:
    """An event never was: it is left out, and all after it is worked out again.

    Attributes:
        event_id: The event that is left out.

    Raises:
        InvalidValueError: It is no id.

    Example:
        >>> from microcrm_core.ids import EventId
        >>> from microcrm_core.ledger import Reversed
        >>> Reversed(EventId("event-1")).event_id
        'event-1'
    """

    event_id: EventId = attrs.field(validator=name_text_field)


Happening: TypeAlias = (
    Disbursed
    | Repaid
    | Charged
    | ChargeWaived
    | RateChanged
    | DueDateChanged
    | HolidayGranted
    | InterestPaused
    | TermChanged
    | ReAged
    | ReAmortized
    | ArrearsCapitalized
    | CreditRefunded
    | ChargedBack
    | WrittenOff
    | ChargedOff
    | Terminated
    | IncomeCapitalized
    | DelinquencyPaused
    | DelinquencyResumed
    | Renewed
    | Reversed
)
"""What can happen to a loan."""

HAPPENINGS: Final[Mapping[str, type[Happening]]] = MappingProxyType(
    {
        "loan.disbursed": Disbursed,
        "loan.repaid": Repaid,
        "loan.charged": Charged,
        "loan.charge_waived": ChargeWaived,
        "loan.rate_changed": RateChanged,
        "loan.due_date_changed": DueDateChanged,
        "loan.holiday_granted": HolidayGranted,
        "loan.interest_paused": InterestPaused,
        "loan.term_changed": TermChanged,
        "loan.re_aged": ReAged,
        "loan.re_amortized": ReAmortized,
        "loan.arrears_capitalized": ArrearsCapitalized,
        "loan.credit_refunded": CreditRefunded,
        "loan.charged_back": ChargedBack,
        "loan.written_off": WrittenOff,
        "loan.charged_off": ChargedOff,
        "loan.terminated": Terminated,
        "loan.income_capitalized": IncomeCapitalized,
        "loan.delinquency_paused": DelinquencyPaused,
        "loan.delinquency_resumed": DelinquencyResumed,
        "loan.renewed": Renewed,
        "loan.reversed": Reversed,
    }
)
"""The type of an event by its name in the log; stored for ever, so never renamed."""
