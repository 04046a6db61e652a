"""The price of a customer's next loan, as a waterfall that adds up.

The quote is for the loan that the customer asks for, else for a repeat of the last
one, which is what a lender offers a good customer before they ask. It starts from
the base rate of the tier, takes the discounts off line by line, and gives back at the
floor what they took below it. `policy` holds the price list.

Example:
    >>> from microcrm_core.loyalty import QuoteLine, QuoteLineCode
    >>> lines = (
    ...     QuoteLine(QuoteLineCode.BASE, 300_000),
    ...     QuoteLine(QuoteLineCode.TENURE_DISCOUNT, -10_000),
    ... )
    >>> sum(line.change_ppm for line in lines)
    290000
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from enum import StrEnum

import attrs

from microcrm_core.checks import day, whole_number, whole_number_field
from microcrm_core.dates import Frequency
from microcrm_core.decisions import Decision, FactValue, Reason
from microcrm_core.errors import InvalidValueError
from microcrm_core.ids import LoanId
from microcrm_core.loans import Loan
from microcrm_core.loyalty.policy import PricingPolicy
from microcrm_core.money import Money
from microcrm_core.rates import Rate
from microcrm_core.tiers import Tier

__all__ = [
    "PricingBasis",
    "Quote",
    "QuoteBasis",
    "QuoteLine",
    "QuoteLineCode",
    "price_loan",
    "pricing_basis",
]


class QuoteBasis(StrEnum):
    """What is priced.

    Attributes:
        REQUEST: The loan that the customer asks for.
        REPEAT: One like the last.

    Example:
        >>> from microcrm_core.loyalty import QuoteBasis
        >>> [basis.value for basis in QuoteBasis]
        ['request', 'repeat']
    """

    REQUEST = "request"
    REPEAT = "repeat"


class QuoteLineCode(StrEnum):
    """What moves the rate, in the order of the waterfall.

    Example:
        >>> from microcrm_core.loyalty import QuoteLineCode
        >>> QuoteLineCode.FLOOR.value
        'floor'
    """

    BASE = "base"
    TENURE_DISCOUNT = "tenure_discount"
    STREAK_DISCOUNT = "streak_discount"
    FLOOR = "floor"


@attrs.frozen
class PricingBasis:
    """The loan to price, and why it is this one.

    Attributes:
        kind: Whether the loan is asked for or repeated.
        loan: Its principal, number of installments and frequency are priced.

    Example:
        >>> from microcrm_core.loyalty import pricing_basis
        >>> import datetime as dt
        >>> pricing_basis([], dt.date(2025, 1, 31)) is None
        True
    """

    kind: QuoteBasis
    loan: Loan


@attrs.frozen
class QuoteLine:
    """One step of the waterfall.

    Attributes:
        code: What moves the rate.
        change_ppm: By how much, in parts per million a year; discounts are below zero.

    Example:
        >>> from microcrm_core.loyalty import QuoteLine, QuoteLineCode
        >>> QuoteLine(QuoteLineCode.BASE, 300_000).change_ppm
        300000
    """

    code: QuoteLineCode
    change_ppm: int = attrs.field(validator=whole_number_field())


@attrs.frozen(kw_only=True)
class Quote:
    """A price for one loan.

    Attributes:
        basis: Whether the loan is asked for or repeated.
        loan_id: The loan that is asked for or repeated.
        principal: Amount to lend.
        installment_count: In how many installments it comes back.
        frequency: How often they fall due.
        lines: The waterfall; the base always, the others where they move the rate.
        nominal_rate: A year; the lines add up to it.

    Raises:
        InvalidValueError: The lines do not add up to the rate.

    Example:
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.dates import Frequency
        >>> from microcrm_core.loyalty import Quote, QuoteBasis
        >>> from microcrm_core.loyalty import QuoteLine, QuoteLineCode
        >>> from microcrm_core.rates import Rate
        >>> quote = Quote(
        ...     basis=QuoteBasis.REQUEST,
        ...     loan_id="loan-7",
        ...     principal=Money.of("500.00", Currency.of("EUR")),
        ...     installment_count=6,
        ...     frequency=Frequency.MONTHLY,
        ...     lines=(
        ...         QuoteLine(QuoteLineCode.BASE, 300_000),
        ...         QuoteLine(QuoteLineCode.STREAK_DISCOUNT, -15_000),
        ...     ),
        ...     nominal_rate=Rate.of_percent("28.5"),
        ... )
        >>> quote.change_ppm(QuoteLineCode.FLOOR)
        0
    """

    basis: QuoteBasis
    loan_id: LoanId
    principal: Money
    installment_count: int
    frequency: Frequency
    lines: tuple[QuoteLine, ...]
    nominal_rate: Rate

    def __attrs_post_init__(self) -> None:
        """Refuse lines that do not add up."""
        total = sum(line.change_ppm for line in self.lines)
        if total != self.nominal_rate.annual_ppm:
            rule = f"must add up to the rate {self.nominal_rate.annual_ppm}"
            raise InvalidValueError("lines", rule, total)

    def change_ppm(self, code: QuoteLineCode) -> int:
        """Return by how much one step moves the rate; 0 if it does not."""
        return sum(line.change_ppm for line in self.lines if line.code is code)


def pricing_basis(loans: Iterable[Loan], as_of: dt.date) -> PricingBasis | None:
    """Return what to price for a customer: the request, else the last loan.

    The latest request by (requested_on, id); without a request, the last loan by
    (disbursed_on, id).

    Args:
        loans: All loans of the customer; what is not known by the day is left out.
        as_of: Day for which the answer holds.

    Returns:
        None if nothing is asked for and nothing was lent.

    Raises:
        InvalidValueError: *as_of* is no date.

    Source:
        House rule.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.loyalty import pricing_basis
        >>> pricing_basis((), dt.date(2025, 1, 31)) is None
        True
    """
    day("as_of", as_of)
    request: tuple[dt.date, str, Loan] | None = None
    last: tuple[dt.date, str, Loan] | None = None
    for loan in loans:
        if loan.is_request_as_of(as_of):
            assert loan.requested_on is not None  # else it is no request
            found = (loan.requested_on, loan.id, loan)
            request = found if request is None else max(request, found, key=_order)
        elif loan.is_disbursed_as_of(as_of):
            found = (loan.terms.disbursed_on, loan.id, loan)
            last = found if last is None else max(last, found, key=_order)
    if request is not None:
        return PricingBasis(QuoteBasis.REQUEST, request[2])
    return None if last is None else PricingBasis(QuoteBasis.REPEAT, last[2])


def price_loan(
    policy: PricingPolicy,
    facts: Mapping[str, FactValue],
    basis: PricingBasis | None,
    tier: Tier,
    as_of: dt.date,
) -> Decision[Quote | None]:
    """Return the quote for a customer's next loan, or why there is none.

    rate = max(base - tenure discount - streak discount, floor). All terms are whole
    parts per million, so nothing is rounded. A tenure or streak that is not known
    takes nothing off.

    Args:
        policy: The price list.
        facts: The facts of a profile; `tenure_days` and `on_time_streak` are used.
        basis: What to price, from `pricing_basis`; None: no loan to go by.
        tier: The customer's tier.
        as_of: Day for which the quote holds.

    Returns:
        A decision without a quote if there is no loan to go by or the policy refuses
        the tier.

    Raises:
        InvalidValueError: *facts* lacks one of the two names, or the value is neither
            None nor a whole number, zero or more.

    Source:
        House rule: additive discounts with a floor.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.loyalty import LOYALTY_BASIC, price_loan
        >>> from microcrm_core.tiers import Tier
        >>> decision = price_loan(
        ...     LOYALTY_BASIC,
        ...     {"tenure_days": None, "on_time_streak": 0},
        ...     None,
        ...     Tier.ORDINARY,
        ...     dt.date(2025, 1, 31),
        ... )
        >>> decision.explain()
        ('there is no requested loan and no earlier loan to repeat',)
    """
    tenure_days = _length(facts, "tenure_days")
    on_time_streak = _length(facts, "on_time_streak")
    base_rate = policy.base_rate(tier)
    quote: Quote | None = None
    if basis is None:
        reasons = [Reason("price_no_loan")]
    elif base_rate is None:
        reasons = [Reason("price_tier_refused", {"tier": tier.value})]
    else:
        lines = _waterfall(policy, base_rate, tenure_days, on_time_streak)
        quote = _quote(basis, lines)
        reasons = _reasons(policy, quote, tenure_days, on_time_streak)
    return Decision(
        outcome=quote,
        reasons=tuple(reasons),
        policy=policy.ref,
        facts={
            "loan_id": None if basis is None else basis.loan.id,
            "on_time_streak": on_time_streak,
            "tenure_days": tenure_days,
            "tier": tier.value,
        },
        as_of=as_of,
    )


def _order(entry: tuple[dt.date, str, Loan]) -> tuple[dt.date, str]:
    return entry[:2]


def _length(facts: Mapping[str, FactValue], name: str) -> int | None:
    if name not in facts:
        hint = "pass the facts of a profile; None where one is not known"
        raise InvalidValueError("facts", f"must name {name}", sorted(facts), hint=hint)
    value = facts[name]
    return None if value is None else whole_number(name, value, at_least=0)


def _waterfall(
    policy: PricingPolicy,
    base_rate: Rate,
    tenure_days: int | None,
    on_time_streak: int | None,
) -> tuple[QuoteLine, ...]:
    base_ppm = base_rate.annual_ppm
    tenure_ppm = policy.tenure_discount(tenure_days).annual_ppm
    streak_ppm = policy.streak_discount(on_time_streak).annual_ppm
    floor_ppm = policy.floor_rate.annual_ppm
    restored_ppm = max(0, floor_ppm - (base_ppm - tenure_ppm - streak_ppm))
    changes = (
        QuoteLine(QuoteLineCode.TENURE_DISCOUNT, -tenure_ppm),
        QuoteLine(QuoteLineCode.STREAK_DISCOUNT, -streak_ppm),
        QuoteLine(QuoteLineCode.FLOOR, restored_ppm),
    )
    moving = [line for line in changes if line.change_ppm != 0]
    return (QuoteLine(QuoteLineCode.BASE, base_ppm), *moving)


def _quote(basis: PricingBasis, lines: tuple[QuoteLine, ...]) -> Quote:
    terms = basis.loan.terms
    return Quote(
        basis=basis.kind,
        loan_id=basis.loan.id,
        principal=terms.principal,
        installment_count=terms.installment_count,
        frequency=terms.frequency,
        lines=lines,
        nominal_rate=Rate.of_ppm(sum(line.change_ppm for line in lines)),
    )


def _reasons(
    policy: PricingPolicy,
    quote: Quote,
    tenure_days: int | None,
    on_time_streak: int | None,
) -> list[Reason]:
    is_request = quote.basis is QuoteBasis.REQUEST
    code = "price_basis_request" if is_request else "price_basis_repeat"
    reasons = [Reason(code, {"loan_id": quote.loan_id})]
    for line in quote.lines:
        params: Mapping[str, FactValue]
        match line.code:
            case QuoteLineCode.BASE:
                code, params = "price_base", {"rate_ppm": line.change_ppm}
            case QuoteLineCode.TENURE_DISCOUNT:
                code = "price_tenure_discount"
                params = {"tenure_days": tenure_days, "discount_ppm": -line.change_ppm}
            case QuoteLineCode.STREAK_DISCOUNT:
                code = "price_streak_discount"
                params = {
                    "on_time_streak": on_time_streak,
                    "discount_ppm": -line.change_ppm,
                }
            case QuoteLineCode.FLOOR:
                code = "price_floor"
                params = {
                    "floor_ppm": policy.floor_rate.annual_ppm,
                    "restored_ppm": line.change_ppm,
                }
        reasons.append(Reason(code, params))
    rate_ppm = quote.nominal_rate.annual_ppm
    return [*reasons, Reason("price_final", {"rate_ppm": rate_ppm})]
