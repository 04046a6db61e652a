"""Reconciliation: what the ledger says came in, against what the bank says came in.

Every receipt of the ledger and every movement of the bank ends in exactly one line of
the result: matched, missing on the other side, double on one side, or paired with
another amount. Which goes with which depends on amounts, references and days alone,
never on the order in which they are given.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import Currency, Money
    >>> from microcrm_core.ledger.reconciliation_lines import BankMovement, Receipt
    >>> from microcrm_core.ledger.reconciliation_lines import ReconciliationPolicy
    >>> from microcrm_core.ledger.reconciliations import reconcile
    >>> euro, on = Currency.of("EUR"), dt.date(2025, 3, 3)
    >>> amount = Money.of("100.00", euro)
    >>> result = reconcile(
    ...     [Receipt(id="e-1", value_on=on, amount=amount, reference="loan-7")],
    ...     [
    ...         BankMovement(id="b-1", booked_on=on, amount=amount, reference="loan-7"),
    ...         BankMovement(id="b-2", booked_on=on, amount=amount, reference="loan-7"),
    ...     ],
    ...     policy=ReconciliationPolicy(id="house", version="1", days_max=3),
    ...     currency=euro,
    ... )
    >>> [line.outcome.value for line in result.lines]
    ['matched', 'double_at_bank']
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeAlias

import attrs

from microcrm_core.errors import CurrencyMismatchError, InvalidValueError
from microcrm_core.ledger.happenings import (
    ChargedBack,
    CreditRefunded,
    Repaid,
)
from microcrm_core.ledger.ledger_events import LedgerEvent
from microcrm_core.ledger.reconciliation_lines import (
    BankMovement,
    Receipt,
    Reconciliation,
    ReconciliationLine,
    ReconciliationOutcome,
    ReconciliationPolicy,
)
from microcrm_core.ledger.repayment_kinds import RepaymentKind
from microcrm_core.money import Currency, Money

__all__ = ["receipts_of", "reconcile"]


_CASH_KINDS: Final = frozenset(
    {
        RepaymentKind.REPAYMENT,
        RepaymentKind.DOWN_PAYMENT,
        RepaymentKind.MERCHANT_REFUND,
        RepaymentKind.PAYOUT_REFUND,
    }
)


def receipts_of(
    events: Iterable[LedgerEvent],
    *,
    reference_of: Callable[[LedgerEvent], str | None] | None = None,
) -> tuple[Receipt, ...]:
    """Return the money that moved by *events*: in by repayments, back by refunds.

    Goodwill, interest refunds and interest waivers move no money; a renewal moves it
    inside the lender.

    Args:
        events: Those that count, of any loans: reversed ones must be left out.
        reference_of: What the payer would have written; None: the id of the loan.

    Example:
        >>> from microcrm_core.ledger.reconciliations import receipts_of
        >>> receipts_of([])
        ()
    """
    found: list[Receipt] = []
    for event in events:
        match event.what:
            case Repaid(amount=amount, kind=kind) if kind in _CASH_KINDS:
                moved = amount
            case CreditRefunded(amount=amount) | ChargedBack(amount=amount):
                moved = Money(-amount.minor, amount.currency)
            case _:
                continue
        reference = event.loan_id if reference_of is None else reference_of(event)
        found.append(
            Receipt(
                id=event.id,
                value_on=event.value_on,
                amount=moved,
                reference=reference,
            )
        )
    return tuple(found)


def reconcile(
    receipts: Iterable[Receipt],
    movements: Iterable[BankMovement],
    *,
    policy: ReconciliationPolicy,
    currency: Currency,
) -> Reconciliation:
    """Return how the ledger's receipts and the bank's movements go together.

    Within one reference and one amount, as many as can are matched, the earliest first,
    no further apart than the policy allows. What is left over there and lies near to
    one of its own side that was matched is double. Then what is left of one reference
    is paired as differing in amount, and the rest is missing on the other side.

    Args:
        receipts: The ledger's, in any order.
        movements: The bank's, in any order.
        policy: How many days may lie between, and whether a reference is needed.
        currency: Of all amounts.

    Raises:
        InvalidValueError: An id repeats on one side, or an entry is no `Receipt` or no
            `BankMovement`.
        CurrencyMismatchError: An amount is in another currency.

    Source:
        House rule.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.ledger import BankMovement, ReconciliationPolicy
        >>> from microcrm_core.ledger import reconcile
        >>> euro = Currency.of("EUR")
        >>> movement = BankMovement(
        ...     id="b-1",
        ...     booked_on=dt.date(2025, 3, 3),
        ...     amount=Money.of("100.00", euro),
        ...     reference="loan-7",
        ... )
        >>> house = ReconciliationPolicy(id="house", version="1", days_max=3)
        >>> found = reconcile([], [movement], policy=house, currency=euro)
        >>> [line.outcome.value for line in found.lines]
        ['missing_in_ledger']
    """
    here, there = list(receipts), list(movements)
    _require_kind("receipts", here, Receipt, hint="use receipts_of(...)")
    _require_kind("movements", there, BankMovement)
    here.sort(key=lambda one: (one.value_on, one.id))
    there.sort(key=lambda one: (one.booked_on, one.id))
    _require("receipts", ((one.id, one.amount) for one in here), currency)
    _require("movements", ((one.id, one.amount) for one in there), currency)
    board = _Board(policy=policy, receipts=here, movements=there)
    board.match_references()
    if policy.may_match_without_reference:
        board.match_amounts()
    board.mark_doubles()
    board.pair_amounts()
    board.close()
    return Reconciliation(
        lines=tuple(sorted(board.lines, key=_place)),
        policy=policy.ref,
        currency=currency,
    )


def _require_kind(
    field: str,
    entries: Iterable[object],
    kind: type[Receipt | BankMovement],
    hint: str | None = None,
) -> None:
    for entry in entries:
        if not isinstance(entry, kind):
            rule = f"must hold nothing but {kind.__name__}"
            raise InvalidValueError(field, rule, entry, hint=hint)


def _require(
    field: str, entries: Iterable[tuple[str, Money]], currency: Currency
) -> None:
    seen = set[str]()
    for entry_id, amount in entries:
        if entry_id in seen:
            raise InvalidValueError(field, "must not repeat an id", entry_id)
        seen.add(entry_id)
        if amount.currency != currency:
            rule = f"must be {currency.code}"
            raise CurrencyMismatchError("currency", rule, amount.currency.code)


def _place(line: ReconciliationLine) -> tuple[dt.date, bool, str]:
    if line.receipt is not None:
        return line.receipt.value_on, False, line.receipt.id
    assert line.movement is not None  # a line has one side at least
    return line.movement.booked_on, True, line.movement.id


_Entry: TypeAlias = Receipt | BankMovement
_Key: TypeAlias = tuple[object, ...]


def _named_amount(entry: _Entry) -> _Key | None:
    named = entry.reference
    return None if named is None else (named, entry.amount.minor)


def _named_side(entry: _Entry) -> _Key | None:
    # What came in is never the same money as what went back.
    named = entry.reference
    return None if named is None else (named, entry.amount.is_positive)


def _amount(entry: _Entry) -> _Key | None:
    return (entry.amount.minor,)


def _nameless_amount(entry: _Entry) -> _Key | None:
    return None if entry.reference is not None else (entry.amount.minor,)


@attrs.define(kw_only=True)
class _Board:
    """What is still open on both sides, in order of days, and the lines so far."""

    policy: ReconciliationPolicy
    receipts: list[Receipt]
    movements: list[BankMovement]
    lines: list[ReconciliationLine] = attrs.Factory(list[ReconciliationLine])

    def match_references(self) -> None:
        self._pair(ReconciliationOutcome.MATCHED, _named_amount, _named_amount)

    def match_amounts(self) -> None:
        self._pair(ReconciliationOutcome.MATCHED, _amount, _nameless_amount)
        self._pair(ReconciliationOutcome.MATCHED, _nameless_amount, _amount)

    def pair_amounts(self) -> None:
        self._pair(ReconciliationOutcome.AMOUNT_DIFFERS, _named_side, _named_side)

    def _pair(
        self,
        outcome: ReconciliationOutcome,
        receipt_key: Callable[[_Entry], _Key | None],
        movement_key: Callable[[_Entry], _Key | None],
    ) -> None:
        here: dict[_Key, list[Receipt]] = {}
        for receipt in self.receipts:
            key = receipt_key(receipt)
            if key is not None:
                here.setdefault(key, []).append(receipt)
        there: dict[_Key, list[BankMovement]] = {}
        for movement in self.movements:
            key = movement_key(movement)
            if key is not None:
                there.setdefault(key, []).append(movement)
        for key, receipts in here.items():
            pairs = _pairs(receipts, there.get(key, []), self.policy.days_max)
            for receipt, movement in pairs:
                self.lines.append(
                    ReconciliationLine(
                        outcome=outcome, receipt=receipt, movement=movement
                    )
                )
        self._drop_used()

    def mark_doubles(self) -> None:
        here: dict[_Key, list[dt.date]] = {}
        there: dict[_Key, list[dt.date]] = {}
        for line in self.lines:
            receipt, movement = line.receipt, line.movement
            if receipt is not None and (key := _named_amount(receipt)) is not None:
                here.setdefault(key, []).append(receipt.value_on)
            if movement is not None and (key := _named_amount(movement)) is not None:
                there.setdefault(key, []).append(movement.booked_on)
        for receipt in self.receipts:
            if self._is_near(receipt.value_on, here.get(_named_amount(receipt) or ())):
                outcome = ReconciliationOutcome.DOUBLE_IN_LEDGER
                self._add_alone(outcome, receipt=receipt)
        for movement in self.movements:
            days = there.get(_named_amount(movement) or ())
            if self._is_near(movement.booked_on, days):
                outcome = ReconciliationOutcome.DOUBLE_AT_BANK
                self._add_alone(outcome, movement=movement)
        self._drop_used()

    def close(self) -> None:
        for receipt in self.receipts:
            outcome = ReconciliationOutcome.MISSING_AT_BANK
            self._add_alone(outcome, receipt=receipt)
        for movement in self.movements:
            outcome = ReconciliationOutcome.MISSING_IN_LEDGER
            self._add_alone(outcome, movement=movement)

    def _add_alone(
        self,
        outcome: ReconciliationOutcome,
        *,
        receipt: Receipt | None = None,
        movement: BankMovement | None = None,
    ) -> None:
        line = ReconciliationLine(outcome=outcome, receipt=receipt, movement=movement)
        self.lines.append(line)

    def _is_near(self, on: dt.date, days: list[dt.date] | None) -> bool:
        own_max = self.policy.double_days_max
        most = self.policy.days_max if own_max is None else own_max
        return any(abs((on - one).days) <= most for one in days or ())

    def _drop_used(self) -> None:
        here = {one.receipt.id for one in self.lines if one.receipt is not None}
        there = {one.movement.id for one in self.lines if one.movement is not None}
        self.receipts = [one for one in self.receipts if one.id not in here]
        self.movements = [one for one in self.movements if one.id not in there]


def _pairs(
    receipts: list[Receipt], movements: list[BankMovement], days_max: int
) -> Iterator[tuple[Receipt, BankMovement]]:
    """Yield as many pairs as there can be; both sides are in order of days."""
    here, there = iter(receipts), iter(movements)
    receipt, movement = next(here, None), next(there, None)
    while receipt is not None and movement is not None:
        apart = (movement.booked_on - receipt.value_on).days
        if apart > days_max:
            receipt = next(here, None)
        elif apart < -days_max:
            movement = next(there, None)
        else:
            yield receipt, movement
            receipt, movement = next(here, None), next(there, None)
