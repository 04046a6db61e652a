"""What is known of one credit when caps are judged.

A cap may ask for the flows of the credit, for when its principal is repaid, for fees
that fall due on default, or for the household's income. `CreditFacts` holds what the
lender knows; None is not known, and a cap that needs it cannot be judged then.

Example:
    >>> import datetime as dt
    >>> from microcrm_core.loans.cash_flows import CashFlow, CreditFlows
    >>> from microcrm_core.loans.credit_facts import CreditFacts
    >>> from microcrm_core.money import Currency, Money
    >>> pound = Currency.of("GBP")
    >>> flows = CreditFlows(
    ...     [
    ...         CashFlow(dt.date(2025, 3, 1), Money.of("100", pound), "advance"),
    ...         CashFlow(dt.date(2025, 3, 31), Money.of("124", pound), "repayment"),
    ...     ]
    ... )
    >>> facts = CreditFacts(jurisdiction="GB", flows=flows)
    >>> str(facts.interest), facts.principal_day_minor
    ('GBP 24.00', 300000)
"""

from __future__ import annotations

import datetime as dt

import attrs

from microcrm_core.checks import (
    day_field,
    kind_field,
    name_text_field,
    tuple_field,
)
from microcrm_core.errors import CurrencyMismatchError, InvalidValueError
from microcrm_core.loans.cash_flows import CreditFlows, FlowKind
from microcrm_core.loans.schedule import Schedule
from microcrm_core.loans.schedule_flows import flows_of_schedule
from microcrm_core.money import Currency, Money, sum_money

__all__ = ["CreditFacts", "NamedAmount", "PrincipalPart"]


def _not_negative(
    _instance: object, attribute: attrs.Attribute[Money], value: object
) -> None:
    if not isinstance(value, Money):
        raise InvalidValueError(attribute.name, "must be a Money", value)
    if value.is_negative:
        raise InvalidValueError(attribute.name, "must not be negative", value)


@attrs.frozen
class NamedAmount:
    """A charge, or an installment to some lender, with what it is called.

    Attributes:
        name: Name under which it is shown.
        amount: Zero or more.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.loans.credit_facts import NamedAmount
        >>> late = NamedAmount("late fee", Money.of("15.00", Currency.of("GBP")))
        >>> str(late.amount)
        'GBP 15.00'
    """

    name: str = attrs.field(validator=name_text_field)
    amount: Money = attrs.field(validator=_not_negative)


@attrs.frozen
class PrincipalPart:
    """Principal that is repaid on one day, without interest and charges.

    Attributes:
        on: The day.
        amount: Zero or more.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.loans.credit_facts import PrincipalPart
        >>> part = PrincipalPart(dt.date(2025, 3, 31), Money(100, Currency.of("GBP")))
        >>> part.amount.minor
        100
    """

    on: dt.date = attrs.field(validator=day_field)
    amount: Money = attrs.field(validator=_not_negative)


@attrs.frozen(kw_only=True)
class CreditFacts:
    """What is known of one credit; None: not known.

    Attributes:
        jurisdiction: Whose law holds, such as `CN`.
        lender_type: What the lender is, in the words that its caps use.
        loan_types: What the loan is, in the words that its caps use; empty: nothing
            that a cap names.
        flows: All flows; an upfront or financed fee is a charge of its own.
        principal_parts: When the principal is repaid; they add up to the advances. May
            be left out where everything is repaid on one day.
        default_fees: What the borrower pays for default, in all, in the order in which
            they arise; empty: nothing.
        prepayment_charges: What the borrower pays for paying ahead; empty: nothing.
        installments: Installments of the household to all lenders in a month.
        income: The household's income in a month; above zero.

    Raises:
        InvalidValueError: A field breaks its rule, or the principal parts do not add
            up.
        CurrencyMismatchError: There are two currencies.

    Example:
        >>> from microcrm_core.loans.credit_facts import CreditFacts
        >>> CreditFacts(jurisdiction="IN", loan_types=("microfinance",)).flows is None
        True
    """

    jurisdiction: str = attrs.field(validator=name_text_field)
    lender_type: str | None = attrs.field(
        default=None, validator=attrs.validators.optional(name_text_field)
    )
    loan_types: tuple[str, ...] | None = attrs.field(
        default=None, validator=attrs.validators.optional(tuple_field(str))
    )
    flows: CreditFlows | None = attrs.field(
        default=None, validator=attrs.validators.optional(kind_field(CreditFlows))
    )
    principal_parts: tuple[PrincipalPart, ...] | None = attrs.field(
        default=None, validator=attrs.validators.optional(tuple_field(PrincipalPart))
    )
    default_fees: tuple[NamedAmount, ...] | None = attrs.field(
        default=None, validator=attrs.validators.optional(tuple_field(NamedAmount))
    )
    prepayment_charges: tuple[NamedAmount, ...] | None = attrs.field(
        default=None, validator=attrs.validators.optional(tuple_field(NamedAmount))
    )
    installments: tuple[NamedAmount, ...] | None = attrs.field(
        default=None, validator=attrs.validators.optional(tuple_field(NamedAmount))
    )
    income: Money | None = attrs.field(
        default=None, validator=attrs.validators.optional(kind_field(Money))
    )

    def __attrs_post_init__(self) -> None:
        """Refuse parts that contradict each other."""
        amounts = self._amounts()
        for field, amount in amounts:
            if amount.currency != amounts[0][1].currency:
                rule = f"must be in {amounts[0][1].currency.code}"
                raise CurrencyMismatchError(field, rule, amount.currency.code)
        if self.income is not None and not self.income.is_positive:
            raise InvalidValueError("income", "must be above zero", self.income)
        if self.principal_parts is not None:
            self._require_parts(self.principal_parts)

    @classmethod
    def of_schedule(
        cls,
        schedule: Schedule,
        *,
        jurisdiction: str,
        lender_type: str | None = None,
        loan_types: tuple[str, ...] | None = None,
    ) -> CreditFacts:
        """Return what a schedule tells: the flows, and when principal is repaid.

        Where interest is added to the debt, what is repaid of the principal alone is
        not told. A financed fee counts as paid out and charged at once. Add the
        other facts with `attrs.evolve`.

        Example:
            >>> import datetime as dt
            >>> from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
            >>> from microcrm_core.loans import STRICT, build_schedule
            >>> from microcrm_core.loans.credit_facts import CreditFacts
            >>> terms = LoanTerms(
            ...     principal=Money.of("1000.00", Currency.of("EUR")),
            ...     nominal_rate=Rate.per_year("0.24"),
            ...     installment_count=3,
            ...     frequency=Frequency.MONTHLY,
            ...     disbursed_on=dt.date(2025, 1, 15),
            ...     first_due_on=dt.date(2025, 2, 15),
            ... )
            >>> schedule = build_schedule(terms, STRICT)
            >>> facts = CreditFacts.of_schedule(schedule, jurisdiction="CZ")
            >>> str(facts.interest), len(facts.principal_parts)
            ('EUR 39.71', 3)
        """
        currency = schedule.terms.principal.currency
        parts: tuple[PrincipalPart, ...] | None = None
        if not any(schedule.capitalized_minor):
            repaid = zip(schedule.due_on, schedule.principal_minor, strict=True)
            parts = tuple(
                PrincipalPart(on, Money(minor, currency)) for on, minor in repaid
            )
        return cls(
            jurisdiction=jurisdiction,
            lender_type=lender_type,
            loan_types=loan_types,
            flows=flows_of_schedule(schedule),
            principal_parts=parts,
        )

    @property
    def currency(self) -> Currency | None:
        """The currency of every amount; None: no amount is known."""
        amounts = self._amounts()
        return amounts[0][1].currency if amounts else None

    @property
    def advanced(self) -> Money | None:
        """The principal that is paid out, all parts together."""
        return self._sum(FlowKind.ADVANCE)

    @property
    def interest(self) -> Money | None:
        """What is repaid beyond the principal; charges are not in it."""
        advanced, repaid = self.advanced, self._sum(FlowKind.REPAYMENT)
        return None if advanced is None or repaid is None else repaid - advanced

    @property
    def refunded(self) -> Money | None:
        """What the borrower is given back."""
        return self._sum(FlowKind.REFUND)

    @property
    def charges(self) -> tuple[NamedAmount, ...] | None:
        """The charges that count, those of one name together, in order of their days.

        None: the flows are not known.
        """
        if self.flows is None:
            return None
        flows = self.flows
        found = dict.fromkeys(flows.included_charges, Money(0, flows.currency))
        for flow in flows.flows:
            if flow.kind is FlowKind.CHARGE:
                found[str(flow.name)] += flow.amount
        return tuple(NamedAmount(name, amount) for name, amount in found.items())

    @property
    def principal_day_minor(self) -> int | None:
        """The principal outstanding at the end of each day, added up over all days.

        In minor units times days. None: it is not known when principal is repaid.
        """
        parts = self._known_parts()
        if self.flows is None or parts is None:
            return None
        # Paid out on a day, principal is outstanding from that day on; each part ends
        # it on its own.
        end_on = max(part.on for part in parts)
        total = 0
        for flow in self.flows.flows:
            if flow.kind is FlowKind.ADVANCE:
                total += flow.amount.minor * (end_on - flow.on).days
        for part in parts:
            total -= part.amount.minor * (end_on - part.on).days
        return total

    def _known_parts(self) -> tuple[PrincipalPart, ...] | None:
        if self.principal_parts is not None:
            return self.principal_parts
        advanced = self.advanced
        if self.flows is None or advanced is None:
            return None
        days = {flow.on for flow in self.flows.flows if flow.kind is FlowKind.REPAYMENT}
        return (PrincipalPart(days.pop(), advanced),) if len(days) == 1 else None

    def _sum(self, kind: FlowKind) -> Money | None:
        if self.flows is None:
            return None
        amounts = (flow.amount for flow in self.flows.flows if flow.kind is kind)
        return sum_money(amounts, self.flows.currency)

    def _amounts(self) -> list[tuple[str, Money]]:
        found: list[tuple[str, Money]] = []
        if self.flows is not None:
            found.append(("flows", self.flows.flows[0].amount))
        found += [
            ("principal_parts", part.amount) for part in self.principal_parts or ()
        ]
        for name in ("default_fees", "prepayment_charges", "installments"):
            named: tuple[NamedAmount, ...] | None = getattr(self, name)
            found += [(name, one.amount) for one in named or ()]
        if self.income is not None:
            found.append(("income", self.income))
        return found

    def _require_parts(self, parts: tuple[PrincipalPart, ...]) -> None:
        advanced = self.advanced
        if advanced is None:
            rule = "must be None where the flows are not known"
            raise InvalidValueError("principal_parts", rule, len(parts))
        repaid = sum_money((part.amount for part in parts), advanced.currency)
        if repaid != advanced:
            rule = f"must add up to what is paid out, {advanced}"
            raise InvalidValueError("principal_parts", rule, repaid)
        for part in parts:
            if self._outstanding_minor(parts, part.on) < 0:
                rule = "must not repay more than is paid out by then"
                raise InvalidValueError("principal_parts", rule, part.on)

    def _outstanding_minor(self, parts: tuple[PrincipalPart, ...], on: dt.date) -> int:
        flows = () if self.flows is None else self.flows.flows
        advanced = [
            flow.amount.minor
            for flow in flows
            if flow.kind is FlowKind.ADVANCE and flow.on <= on
        ]
        return sum(advanced) - sum(part.amount.minor for part in parts if part.on <= on)
