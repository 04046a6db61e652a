"""Cash flows: who paid whom, when and how much, before any rate is spoken of.

What a credit costs is read from the money that changes hands: what the borrower
receives, what the borrower repays, and which charges come on top. A `CashFlow` has an
amount without a sign; its `FlowKind` says which way the money goes. `CreditFlows` are
all flows of one credit, with the charges that a measure of cost leaves out kept beside
those that it counts. `solve_rate` finds the rate.

Example:
    >>> import datetime as dt
    >>> from microcrm_core.loans.cash_flows import CashFlow, CreditFlows, FlowKind
    >>> from microcrm_core.money import Currency, Money
    >>> euro = Currency.of("EUR")
    >>> start_on, end_on = dt.date(2025, 1, 15), dt.date(2026, 1, 15)
    >>> flows = CreditFlows(
    ...     [
    ...         CashFlow(start_on, Money.of("1000", euro), FlowKind.ADVANCE),
    ...         CashFlow(start_on, Money.of("20", euro), FlowKind.CHARGE, "set-up fee"),
    ...         CashFlow(end_on, Money.of("1100", euro), FlowKind.REPAYMENT),
    ...     ]
    ... )
    >>> str(flows.received), str(flows.paid), str(flows.cost)
    ('EUR 1000.00', 'EUR 1120.00', 'EUR 120.00')
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from enum import StrEnum

import attrs

from microcrm_core.checks import day_field, name_text, tuple_field
from microcrm_core.errors import CurrencyMismatchError, InvalidValueError
from microcrm_core.html import html_table
from microcrm_core.money import Currency, Money, sum_money

__all__ = ["CashFlow", "CreditFlows", "FlowDirection", "FlowKind"]


class FlowDirection(StrEnum):
    """Which way money goes.

    Example:
        >>> from microcrm_core.loans.cash_flows import FlowDirection, FlowKind
        >>> FlowKind.CHARGE.direction is FlowDirection.FROM_BORROWER
        True
    """

    TO_BORROWER = "to_borrower"
    FROM_BORROWER = "from_borrower"


class FlowKind(StrEnum):
    """What a flow is for, which also says which way it goes.

    Example:
        >>> from microcrm_core.loans.cash_flows import FlowKind
        >>> FlowKind.ADVANCE.direction.value
        'to_borrower'
    """

    ADVANCE = "advance"
    """Principal is paid out: the disbursement or a tranche of it."""
    REPAYMENT = "repayment"
    """The borrower repays principal, interest or both, or makes a down payment."""
    CHARGE = "charge"
    """The borrower pays a charge of its own: a fee, a premium, a tax."""
    REFUND = "refund"
    """The borrower is given money back: a rebate, a deposit returned."""

    @property
    def direction(self) -> FlowDirection:
        """Which way money of this kind goes."""
        if self in {FlowKind.ADVANCE, FlowKind.REFUND}:
            return FlowDirection.TO_BORROWER
        return FlowDirection.FROM_BORROWER


def _kind(value: object) -> FlowKind:
    try:
        return FlowKind(str(value))
    except ValueError:
        known = ", ".join(FlowKind)
        raise InvalidValueError("kind", f"must be one of {known}", value) from None


def _amount_field(
    _instance: object, _attribute: attrs.Attribute[Money], value: object
) -> None:
    if not isinstance(value, Money):
        raise InvalidValueError("amount", "must be a Money", value)
    if value.is_negative:
        raise InvalidValueError(
            "amount",
            "must not be negative",
            str(value),
            hint="the kind of the flow says which way it goes",
        )


@attrs.frozen
class CashFlow:
    """One payment, to the borrower or from the borrower.

    Attributes:
        on: The day of the payment.
        amount: Zero or more; `kind` says which way it goes.
        kind: What it is for.
        name: What a charge is called, such as "set-up fee"; None for other flows that
            need no name. A charge must have one.

    Raises:
        InvalidValueError: The amount is negative, the kind is unknown, or a charge has
            no name.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.loans.cash_flows import CashFlow
        >>> from microcrm_core.money import Currency, Money
        >>> fee = Money.of("20.00", Currency.of("EUR"))
        >>> flow = CashFlow(dt.date(2025, 1, 15), fee, "charge", "set-up fee")
        >>> flow.signed_minor
        -2000
    """

    on: dt.date = attrs.field(validator=day_field)
    amount: Money = attrs.field(validator=_amount_field)
    kind: FlowKind = attrs.field(converter=_kind)
    name: str | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse a charge without a name."""
        if self.name is not None or self.kind is FlowKind.CHARGE:
            name_text("name", self.name)

    @property
    def direction(self) -> FlowDirection:
        """Which way the money goes."""
        return self.kind.direction

    @property
    def signed_minor(self) -> int:
        """Minor units, above zero to the borrower and below zero from the borrower.

        For equations only; everything else asks for the direction by name.
        """
        is_received = self.direction is FlowDirection.TO_BORROWER
        return self.amount.minor if is_received else -self.amount.minor

    def to_plain(self) -> object:
        """Return what stands for it in canonical JSON."""
        return {
            "on": self.on.isoformat(),
            "amount": self.amount.to_plain(),
            "kind": self.kind.value,
            "name": self.name,
        }


def _sorted_flows(flows: Iterable[CashFlow]) -> tuple[CashFlow, ...]:
    return tuple(sorted(flows, key=lambda flow: flow.on))


@attrs.frozen(repr=False)
class CreditFlows:
    """All flows of one credit, in order of their days.

    Flows of one day keep the order in which they were given.

    Attributes:
        flows: What a measure of cost counts; at least one advance and one flow from the
            borrower, all in one currency.
        excluded: Charges that are known and not counted, because the measure leaves
            them out: a notary's fee, say, or what a cash buyer would pay as well.

    Raises:
        InvalidValueError: There is no advance or nothing from the borrower, or
            something excluded is no charge.
        CurrencyMismatchError: There are two currencies.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.loans.cash_flows import CashFlow, CreditFlows
        >>> from microcrm_core.money import Currency, Money
        >>> won = Currency.of("KRW")
        >>> later_on, start_on = dt.date(2025, 2, 15), dt.date(2025, 1, 15)
        >>> flows = CreditFlows(
        ...     [
        ...         CashFlow(later_on, Money(105_000, won), "repayment"),
        ...         CashFlow(start_on, Money(100_000, won), "advance"),
        ...     ]
        ... )
        >>> [flow.kind.value for flow in flows.flows]
        ['advance', 'repayment']
    """

    flows: tuple[CashFlow, ...] = attrs.field(
        converter=_sorted_flows, validator=tuple_field(CashFlow)
    )
    excluded: tuple[CashFlow, ...] = attrs.field(
        default=(), converter=_sorted_flows, validator=tuple_field(CashFlow)
    )

    def __attrs_post_init__(self) -> None:
        """Refuse what is no credit."""
        kinds = {flow.kind for flow in self.flows}
        directions = {kind.direction for kind in kinds}
        if FlowKind.ADVANCE not in kinds:
            raise InvalidValueError("flows", "must hold an advance", _names(kinds))
        if FlowDirection.FROM_BORROWER not in directions:
            rule = "must hold a flow from the borrower"
            raise InvalidValueError("flows", rule, _names(kinds))
        for flow in self.excluded:
            if flow.kind is not FlowKind.CHARGE:
                rule = "must hold nothing but charges"
                raise InvalidValueError("excluded", rule, flow.kind.value)
        for flow in (*self.flows, *self.excluded):
            if flow.amount.currency != self.currency:
                raise CurrencyMismatchError(
                    "currency",
                    f"must be {self.currency.code}",
                    flow.amount.currency.code,
                )

    @property
    def currency(self) -> Currency:
        """The currency of every flow."""
        return self.flows[0].amount.currency

    @property
    def received(self) -> Money:
        """What the borrower receives in all."""
        return self._sum(FlowDirection.TO_BORROWER)

    @property
    def paid(self) -> Money:
        """What the borrower pays in all."""
        return self._sum(FlowDirection.FROM_BORROWER)

    @property
    def cost(self) -> Money:
        """What the borrower pays more than they receive; may be negative."""
        return self.paid - self.received

    @property
    def included_charges(self) -> tuple[str, ...]:
        """The names of the charges that count, each once."""
        charges = (flow for flow in self.flows if flow.kind is FlowKind.CHARGE)
        return _charge_names(charges)

    @property
    def excluded_charges(self) -> tuple[str, ...]:
        """The names of the charges that do not count, each once."""
        return _charge_names(self.excluded)

    def without_charges(self, names: Collection[str]) -> CreditFlows:
        """Return the same credit with the charges of these names excluded.

        Raises:
            InvalidValueError: No charge that counts has one of the names, or nothing
                from the borrower would be left.

        Example:
            >>> import datetime as dt
            >>> from microcrm_core.loans.cash_flows import CashFlow, CreditFlows
            >>> from microcrm_core.money import Currency, Money
            >>> euro, start_on = Currency.of("EUR"), dt.date(2025, 1, 15)
            >>> end_on = dt.date(2026, 1, 15)
            >>> flows = CreditFlows(
            ...     [
            ...         CashFlow(start_on, Money(100_000, euro), "advance"),
            ...         CashFlow(start_on, Money(5_000, euro), "charge", "notary"),
            ...         CashFlow(end_on, Money(110_000, euro), "repayment"),
            ...     ]
            ... ).without_charges({"notary"})
            >>> flows.included_charges, flows.excluded_charges, str(flows.cost)
            ((), ('notary',), 'EUR 100.00')
        """
        unknown = sorted(set(names) - set(self.included_charges))
        if unknown:
            known = ", ".join(self.included_charges) or "none"
            rule = f"must be charges that count ({known})"
            raise InvalidValueError("names", rule, unknown)
        left_out = [
            flow
            for flow in self.flows
            if flow.kind is FlowKind.CHARGE and flow.name in names
        ]
        return attrs.evolve(
            self,
            flows=[flow for flow in self.flows if flow not in left_out],
            excluded=(*self.excluded, *left_out),
        )

    def __repr__(self) -> str:
        """Return one line: how many flows, between which days, and what they come to.

        `flows` shows every one of them.
        """
        flows, count = self.flows, len(self.flows)
        return (
            f"CreditFlows({count} flows from {flows[0].on} to {flows[-1].on}, "
            f"received {self.received}, paid {self.paid}, "
            f"{len(self.excluded)} excluded)"
        )

    def _repr_html_(self) -> str:
        # Notebooks call this name.
        headings = ("on", "kind", "name", "to borrower", "from borrower", "counts")
        rows = [_shown(flow, "yes") for flow in self.flows]
        rows += [_shown(flow, "no") for flow in self.excluded]
        totals = ("total that counts", "", "", self.received.amount, self.paid.amount)
        return html_table(
            headings, rows, caption=self.currency.code, footer=(*totals, "")
        )

    def to_plain(self) -> object:
        """Return what stands for it in canonical JSON."""
        return {
            "flows": [flow.to_plain() for flow in self.flows],
            "excluded": [flow.to_plain() for flow in self.excluded],
        }

    def _sum(self, direction: FlowDirection) -> Money:
        amounts = (flow.amount for flow in self.flows if flow.direction is direction)
        return sum_money(amounts, self.currency)


def _shown(flow: CashFlow, counts: str) -> tuple[object, ...]:
    is_received = flow.direction is FlowDirection.TO_BORROWER
    amounts = (flow.amount.amount, None) if is_received else (None, flow.amount.amount)
    return (flow.on, flow.kind.value, flow.name, *amounts, counts)


def _charge_names(flows: Iterable[CashFlow]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(flow.name) for flow in flows))


def _names(kinds: Iterable[FlowKind]) -> list[str]:
    return sorted(kind.value for kind in kinds)
