"""What the ledger and the bank say of one payment, side by side.

`Receipt` is the ledger's side, `BankMovement` the bank's; a line of a `Reconciliation`
has one of them, or both. `reconciliations` finds which go together.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import Currency, Money
    >>> from microcrm_core.ledger.reconciliation_lines import BankMovement
    >>> from microcrm_core.ledger.reconciliation_lines import ReconciliationLine
    >>> from microcrm_core.ledger.reconciliation_lines import ReconciliationOutcome
    >>> movement = BankMovement(
    ...     id="b-1",
    ...     booked_on=dt.date(2025, 3, 3),
    ...     amount=Money.of("100.00", Currency.of("EUR")),
    ...     reference="loan-7",
    ... )
    >>> ReconciliationLine(
    ...     outcome=ReconciliationOutcome.MISSING_IN_LEDGER,
    ...     receipt=None,
    ...     movement=movement,
    ... ).difference_minor
    10000
"""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Any

import attrs

from microcrm_core.checks import (
    day_field,
    kind_field,
    name_text_field,
    whole_number_field,
)
from microcrm_core.decisions import PolicyRef, Reason
from microcrm_core.errors import InvalidValueError
from microcrm_core.html import html_table
from microcrm_core.loans.table_texts import text_table
from microcrm_core.money import Currency, Money

__all__ = [
    "BankMovement",
    "Receipt",
    "Reconciliation",
    "ReconciliationLine",
    "ReconciliationOutcome",
    "ReconciliationPolicy",
]


def _not_zero(_instance: object, attribute: attrs.Attribute[Any], value: Money) -> None:
    if value.is_zero:
        raise InvalidValueError(attribute.name, "must not be zero", str(value))


class ReconciliationOutcome(StrEnum):
    """What came of a receipt, a movement, or both together.

    Attributes:
        MATCHED: Both are there, with one amount.
        AMOUNT_DIFFERS: Both are there, with different amounts.
        MISSING_IN_LEDGER: The bank has it alone.
        MISSING_AT_BANK: The ledger has it alone.
        DOUBLE_AT_BANK: The bank has it once more than the ledger.
        DOUBLE_IN_LEDGER: The ledger has it once more than the bank.

    Example:
        >>> from microcrm_core.ledger.reconciliation_lines import ReconciliationOutcome
        >>> ReconciliationOutcome.MATCHED.value
        'matched'
    """

    MATCHED = "matched"
    AMOUNT_DIFFERS = "amount_differs"
    MISSING_IN_LEDGER = "missing_in_ledger"
    MISSING_AT_BANK = "missing_at_bank"
    DOUBLE_AT_BANK = "double_at_bank"
    DOUBLE_IN_LEDGER = "double_in_ledger"


@attrs.frozen(kw_only=True)
class Receipt:
    """Money that the ledger says came in, or went back.

    Attributes:
        id: Its event.
        value_on: The day on which it counts.
        amount: Above zero: it came in; below: it went back.
        reference: By what the payer named it, such as the loan; None: by nothing.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.ledger import Receipt
        >>> Receipt(
        ...     id="event-1",
        ...     value_on=dt.date(2025, 3, 3),
        ...     amount=Money.of("100.00", Currency.of("EUR")),
        ...     reference="loan-7",
        ... ).amount.minor
        10000
    """

    id: str = attrs.field(validator=name_text_field)
    value_on: dt.date = attrs.field(validator=day_field)
    amount: Money = attrs.field(validator=[kind_field(Money), _not_zero])
    reference: str | None = attrs.field(
        validator=attrs.validators.optional(name_text_field)
    )


@attrs.frozen(kw_only=True)
class BankMovement:
    """Money that the bank says came in, or went back.

    Attributes:
        id: The bank's name for it.
        booked_on: The day on which the bank booked it.
        amount: Above zero: it came in; below: it went back.
        reference: What the payer wrote, as the lender reads it; None: nothing.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.ledger import BankMovement
        >>> BankMovement(
        ...     id="b-1",
        ...     booked_on=dt.date(2025, 3, 3),
        ...     amount=Money.of("100.00", Currency.of("EUR")),
        ...     reference=None,
        ... ).amount.minor
        10000
    """

    id: str = attrs.field(validator=name_text_field)
    booked_on: dt.date = attrs.field(validator=day_field)
    amount: Money = attrs.field(validator=[kind_field(Money), _not_zero])
    reference: str | None = attrs.field(
        validator=attrs.validators.optional(name_text_field)
    )


@attrs.frozen(kw_only=True)
class ReconciliationPolicy:
    """How far apart a receipt and a movement may be and still be the same money.

    Attributes:
        id: Name of the policy.
        version: The lender's version of it.
        days_max: How many days apart at most; not negative.
        double_days_max: How many days apart two of one side may be and still be the
            same money, entered twice; None: as *days_max*.
        may_match_without_reference: Whether what has no reference on one side may be
            matched by amount and days alone, once all references are matched.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        >>> from microcrm_core.ledger.reconciliation_lines import ReconciliationPolicy
        >>> ReconciliationPolicy(id="house", version="1", days_max=3).ref.id
        'house'
    """

    id: str = attrs.field(validator=name_text_field)
    version: str = attrs.field(validator=name_text_field)
    days_max: int = attrs.field(validator=whole_number_field(at_least=0))
    double_days_max: int | None = attrs.field(
        default=None,
        validator=attrs.validators.optional(whole_number_field(at_least=0)),
    )
    may_match_without_reference: bool = attrs.field(
        default=False, validator=kind_field(bool)
    )

    @property
    def ref(self) -> PolicyRef:
        """Id, version and digest, for decisions and records."""
        return PolicyRef.of(self.id, self.version, self)


@attrs.frozen(kw_only=True)
class ReconciliationLine:
    """One receipt, one movement, or one of each.

    Attributes:
        outcome: What came of it.
        receipt: The ledger's side; None: it has none.
        movement: The bank's side; None: it has none.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.ledger import (
        ...     Receipt,
        ...     ReconciliationLine,
        ...     ReconciliationOutcome,
        ... )
        >>> line = ReconciliationLine(
        ...     outcome=ReconciliationOutcome.MISSING_AT_BANK,
        ...     receipt=Receipt(
        ...         id="event-1",
        ...         value_on=dt.date(2025, 3, 3),
        ...         amount=Money.of("100.00", Currency.of("EUR")),
        ...         reference="loan-7",
        ...     ),
        ...     movement=None,
        ... )
        >>> line.difference_minor, line.reason.text()
        (-10000, 'the ledger has it, the bank does not')
    """

    outcome: ReconciliationOutcome
    receipt: Receipt | None
    movement: BankMovement | None

    @property
    def difference_minor(self) -> int:
        """The bank's amount less the ledger's, in minor units."""
        there = 0 if self.movement is None else self.movement.amount.minor
        here = 0 if self.receipt is None else self.receipt.amount.minor
        return there - here

    @property
    def reason(self) -> Reason:
        """Why it came out so."""
        match self.outcome:
            case ReconciliationOutcome.MATCHED:
                return Reason("reconciliation_matched")
            case ReconciliationOutcome.AMOUNT_DIFFERS:
                return Reason(
                    "reconciliation_amount_differs",
                    {"difference_minor": self.difference_minor},
                )
            case ReconciliationOutcome.MISSING_IN_LEDGER:
                return Reason("reconciliation_missing_in_ledger")
            case ReconciliationOutcome.MISSING_AT_BANK:
                return Reason("reconciliation_missing_at_bank")
            case ReconciliationOutcome.DOUBLE_AT_BANK:
                return Reason("reconciliation_double_at_bank")
            case ReconciliationOutcome.DOUBLE_IN_LEDGER:
                return Reason("reconciliation_double_in_ledger")


@attrs.frozen(kw_only=True)
class Reconciliation:
    """Every receipt and every movement, each in one line, in order of days.

    Attributes:
        lines: The lines; a pair stands at the ledger's day.
        policy: By which rules they were matched.
        currency: Of all amounts.

    Example:
        >>> from microcrm_core import Currency
        >>> from microcrm_core.ledger import ReconciliationPolicy, reconcile
        >>> house = ReconciliationPolicy(id="house", version="1", days_max=3)
        >>> found = reconcile([], [], policy=house, currency=Currency.of("EUR"))
        >>> found.is_clean, str(found.difference)
        (True, 'EUR 0.00')
    """

    lines: tuple[ReconciliationLine, ...]
    policy: PolicyRef
    currency: Currency

    def of(self, outcome: ReconciliationOutcome) -> tuple[ReconciliationLine, ...]:
        """Return the lines with one outcome."""
        return tuple(line for line in self.lines if line.outcome is outcome)

    @property
    def ledger_total(self) -> Money:
        """All receipts of the ledger together."""
        there = (one.receipt for one in self.lines if one.receipt is not None)
        return Money(sum(one.amount.minor for one in there), self.currency)

    @property
    def bank_total(self) -> Money:
        """All movements of the bank together."""
        there = (one.movement for one in self.lines if one.movement is not None)
        return Money(sum(one.amount.minor for one in there), self.currency)

    @property
    def difference(self) -> Money:
        """The bank's total less the ledger's: what the lines differ by, added up."""
        return self.bank_total - self.ledger_total

    @property
    def is_clean(self) -> bool:
        """Whether every line is matched."""
        return len(self.of(ReconciliationOutcome.MATCHED)) == len(self.lines)

    def __str__(self) -> str:
        """Return how many lines came to which outcome, as a plain-text table."""
        headings, rows = self._table()
        return text_table(headings, [[str(cell) for cell in row] for row in rows])

    def _repr_html_(self) -> str:
        # Notebooks call this name.
        headings, rows = self._table()
        return html_table(headings, rows)

    def _table(self) -> tuple[tuple[str, str, str], list[tuple[str, int, str]]]:
        """Return headings and rows: a row for each outcome, and one for all."""
        headings = ("outcome", "lines", "the bank's amounts less the ledger's")
        rows: list[tuple[str, int, str]] = []
        for outcome in ReconciliationOutcome:
            lines = self.of(outcome)
            minor = sum(line.difference_minor for line in lines)
            rows.append((outcome.value, len(lines), str(Money(minor, self.currency))))
        rows.append(("all", len(self.lines), str(self.difference)))
        return headings, rows
