"""The quote of an adjustment: a loan before and after, to the cent, and what it means.

A quote changes nothing: it is the loan replayed without the adjustment and with it. It
says row by row what moves, what that costs, what the law and the lender's policy make
of it, and on which log it rests. `quoting` makes it, as the outcome of a decision with
its reasons; `accepting` turns it into events of the ledger.

Example:
    >>> from microcrm_core.adjustments import AdjustmentOutcome
    >>> [outcome.value for outcome in AdjustmentOutcome]
    ['allowed', 'needs_approval', 'refused']
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from importlib import import_module
from typing import Final, TypeAlias

import attrs

from microcrm_core.adjustments.adjustment_policies import AbsorbedBy
from microcrm_core.adjustments.planned_changes import PlannedChange
from microcrm_core.adjustments.quote_effects import (
    ArrearsFigures,
    ClassEffect,
    CostChange,
)
from microcrm_core.adjustments.quote_lines import (
    AdjustmentLine,
    asked_minor,
)
from microcrm_core.adjustments.renewals import RenewalQuote
from microcrm_core.adjustments.requests import AdjustmentRequest, kind_of
from microcrm_core.decisions import canonical_json
from microcrm_core.html import html_table
from microcrm_core.ids import LoanId
from microcrm_core.ledger.allocation_orders import Bucket
from microcrm_core.ledger.concessions import Concession
from microcrm_core.ledger.loan_states import LoanState
from microcrm_core.ledger.state_rows import LoanStateRow
from microcrm_core.loans.cap_findings import CapCheck
from microcrm_core.loans.table_texts import text_table
from microcrm_core.money import Money

__all__ = ["AdjustmentOutcome", "AdjustmentQuote"]

QuoteColumn: TypeAlias = (
    "list[int] | list[str] | list[dt.date | None] | list[Decimal | None]"
)

_SIDES: Final = ("before", "after")


class AdjustmentOutcome(StrEnum):
    """What came of a request.

    Attributes:
        ALLOWED: It may be accepted.
        NEEDS_APPROVAL: It may be accepted by somebody who approves it.
        REFUSED: It may not be accepted.

    Example:
        >>> from microcrm_core.adjustments import AdjustmentOutcome
        >>> AdjustmentOutcome.NEEDS_APPROVAL.value
        'needs_approval'
    """

    ALLOWED = "allowed"
    NEEDS_APPROVAL = "needs_approval"
    REFUSED = "refused"


@attrs.frozen(kw_only=True)
class AdjustmentQuote:
    """What a loan would be with an adjustment.

    Attributes:
        loan_id: The loan.
        as_of: The day of the quote, on which the adjustment happens.
        requests: What was asked for, in the order of applying.
        outcome: Whether it may be accepted.
        changes: What happens to the loan, in order; empty where nothing can.
        basis: Digest of the account on which the quote rests.
        known_at: What was recorded later did not count; None: all did.
        valid_until: Last day on which it may be accepted; at most the day before
            something falls due.
        before: The loan as it stands.
        after: The loan with the adjustment; None: there is no such loan.
        lines: The schedule before and after, row beside row; empty without *after*.
        capitalized: What became principal by the adjustment.
        absorbed_by: What takes up the change of interest, for each change of dates or
            rate; empty where each installment bears the interest of its own period.
        cost: What the loan costs a year, before and after; None: not worked out.
        caps: The loan after against caps; None: no question was asked.
        is_forbearance: Whether the policy counts it as forbearance. What lowers days
            past due does, unless its rule says never. None: it depends on whether the
            customer is in difficulty, which is not known.
        classes: Its classes before and after, one for each policy that was given.
        concession: What the lender records when it is accepted, for later classes;
            None: it is no forbearance.
        renewal: The new loan that settles this one; None: it is no renewal.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import STRICT, Currency, Frequency, LoanTerms, Money
        >>> from microcrm_core import Rate
        >>> from microcrm_core.adjustments import ADJUSTMENTS_LENIENT, ExtendTerm
        >>> from microcrm_core.adjustments import quote_adjustment
        >>> from microcrm_core.ids import LoanId
        >>> from microcrm_core.ledger import PLAIN_LEDGER, LoanAccount
        >>> planned = LoanAccount(
        ...     loan_id=LoanId("loan-7"),
        ...     terms=LoanTerms(
        ...         principal=Money.of("1000.00", Currency.of("EUR")),
        ...         nominal_rate=Rate.per_year(0),
        ...         installment_count=2,
        ...         frequency=Frequency.MONTHLY,
        ...         disbursed_on=dt.date(2025, 1, 15),
        ...         first_due_on=dt.date(2025, 2, 15),
        ...     ),
        ...     events=[],
        ...     conventions=STRICT,
        ...     policy=PLAIN_LEDGER,
        ... )
        >>> day = dt.date(2025, 1, 10)
        >>> decision = quote_adjustment(
        ...     planned, ExtendTerm(2), ADJUSTMENTS_LENIENT, day
        ... )
        >>> str(decision.outcome).splitlines()[0]
        'extend_term: allowed as of 2025-01-10, same interest'
        >>> decision.outcome.to_columns()["change"]
        ['changed', 'changed', 'added', 'added']
    """

    loan_id: LoanId
    as_of: dt.date
    requests: tuple[AdjustmentRequest, ...]
    outcome: AdjustmentOutcome
    changes: tuple[PlannedChange, ...] = ()
    basis: str = attrs.field(repr=False)
    known_at: dt.datetime | None = None
    valid_until: dt.date
    before: LoanState = attrs.field(repr=False)
    after: LoanState | None = attrs.field(default=None, repr=False)
    lines: tuple[AdjustmentLine, ...] = attrs.field(default=(), repr=False)
    capitalized: Money
    absorbed_by: tuple[AbsorbedBy, ...] = ()
    cost: CostChange | None = attrs.field(default=None, repr=False)
    caps: CapCheck | None = attrs.field(default=None, repr=False)
    is_forbearance: bool | None = False
    classes: tuple[ClassEffect, ...] = attrs.field(default=(), repr=False)
    concession: Concession | None = None
    renewal: RenewalQuote | None = attrs.field(default=None, repr=False)

    @property
    def is_allowed(self) -> bool:
        """Whether it may be accepted without anybody's approval."""
        return self.outcome is AdjustmentOutcome.ALLOWED

    @property
    def interest_before(self) -> Money:
        """All interest that the loan asks for as it stands."""
        return _asked(self.before, Bucket.INTEREST)

    @property
    def interest_after(self) -> Money | None:
        """All interest that it asks for after; None: there is no such loan.

        Interest that becomes principal is principal from then on.
        """
        return None if self.after is None else _asked(self.after, Bucket.INTEREST)

    @property
    def interest_delta(self) -> Money | None:
        """Interest after less interest before; None: there is no loan after.

        Of a renewal it counts the old loan alone, not the interest of the new one.
        """
        after = self.interest_after
        return None if after is None else after - self.interest_before

    @property
    def total_delta(self) -> Money | None:
        """By how much more the loan asks for in all; None: there is no loan after."""
        if self.after is None:
            return None
        return _asked(self.after, None) - _asked(self.before, None)

    @property
    def arrears_before(self) -> ArrearsFigures:
        """What is overdue as the loan stands."""
        return ArrearsFigures.of(self.before)

    @property
    def arrears_after(self) -> ArrearsFigures | None:
        """What is overdue after; None: there is no such loan."""
        return None if self.after is None else ArrearsFigures.of(self.after)

    @property
    def days_moved_max(self) -> int:
        """By how many days a due date moves at most, either way."""
        return max((abs(line.moved_days) for line in self.lines), default=0)

    def to_columns(self) -> dict[str, QuoteColumn]:
        """Return the lines as columns by name, for a data frame or a file.

        Amounts are decimals in whole units of the currency, with all their digits; None
        where there is no row. `outstanding_before` and `outstanding_after` are what is
        not paid of the row itself, as `LoanState.to_columns` has it, and not the
        principal that is left after it.
        """
        lines = self.lines
        columns: dict[str, QuoteColumn] = {
            "number": [line.number for line in lines],
            "change": [line.change.value for line in lines],
            "due_on_before": [line.due_on_before for line in lines],
            "due_on_after": [line.due_on_after for line in lines],
        }
        for name, bucket in _ASKED.items():
            for side, rows in zip(_SIDES, self._rows(), strict=True):
                minor = [asked_minor(row, bucket) for row in rows]
                columns[f"{name}_{side}"] = self._amounts(minor)
        for side, rows in zip(_SIDES, self._rows(), strict=True):
            open_minor = [None if row is None else row.open_minor for row in rows]
            columns[f"outstanding_{side}"] = self._amounts(open_minor)
        return columns

    def to_frame(self, backend: str | None = None) -> object:
        """Return the lines as a data frame; see `microcrm_core.frames`.

        Args:
            backend: Kind of frame; None: as `frames.to_frame` takes it.

        Raises:
            MissingExtraError: The extra `frames` is not installed.
        """
        # By name, because frames is an edge: only those who ask for a frame need it.
        frames = import_module("microcrm_core.frames")
        frame: object = frames.to_frame(self.to_columns(), backend)
        return frame

    def plot(self, *, axes: object = None) -> object:
        """Return a picture of the loan before and after; see `microcrm_core.plots`.

        Args:
            axes: Where to draw; None: on new ones.

        Raises:
            MissingExtraError: The extra `plot` is not installed.
        """
        # By name, because plots is an edge, as frames is.
        plots = import_module("microcrm_core.plots")
        drawn: object = plots.plot_adjustment(self, axes=axes)
        return drawn

    def to_plain(self) -> object:
        """Return the form of `quote_plain`."""
        # Few quotes are stored, and that form knows this class.
        from microcrm_core.adjustments.quote_plain import adjustment_quote_to_plain

        return adjustment_quote_to_plain(self)

    def to_json(self) -> str:
        """Return the canonical JSON of the form of `quote_plain`."""
        return canonical_json(self)

    def __str__(self) -> str:
        """Return the outcome as a line and the lines as a plain-text table."""
        if not self.lines:
            return self._title
        headings, rows, totals = self._table()
        table = text_table(headings, [*rows, totals], is_right_aligned=True)
        return f"{self._title}\n{table}"

    def _repr_html_(self) -> str:
        # Notebooks call this name.
        headings, rows, totals = self._table()
        return html_table(headings, rows, caption=self._title, footer=totals)

    @property
    def _title(self) -> str:
        kinds = " + ".join(kind_of(request).value for request in self.requests)
        title = f"{kinds}: {self.outcome} as of {self.as_of}"
        # The new loan bears interest too, which is in no line of this table.
        of_loan = "" if self.renewal is None else " of the old loan"
        delta = self.interest_delta
        if delta is None:
            return title
        if delta.is_zero:
            return f"{title}, same interest{of_loan}"
        sign = "-" if delta.is_negative else "+"
        return f"{title}, interest{of_loan} {sign}{abs(delta)}"

    def _table(self) -> tuple[list[str], list[tuple[str, ...]], list[str]]:
        """Return headings, rows and totals as texts, without columns of nothing."""
        columns = {
            name: column
            for name, column in self.to_columns().items()
            if not name.startswith("outstanding")
            if not name.startswith(("fees", "penalties")) or any(column)
        }
        texts = [[_text(value) for value in column] for column in columns.values()]
        return (
            [name.replace("due_on", "due").replace("_", " ") for name in columns],
            list(zip(*texts, strict=True)),
            [_total(name, column) for name, column in columns.items()],
        )

    def _rows(
        self,
    ) -> tuple[list[LoanStateRow | None], list[LoanStateRow | None]]:
        """Return the rows of all lines, before and after."""
        lines = self.lines
        return [line.before for line in lines], [line.after for line in lines]

    def _amounts(self, column_minor: Sequence[int | None]) -> list[Decimal | None]:
        currency = self.before.terms.principal.currency
        return [
            None if minor is None else Money(minor, currency).amount
            for minor in column_minor
        ]


_ASKED: Final[dict[str, Bucket | None]] = {
    **{bucket.name.lower(): bucket for bucket in Bucket},
    "total": None,
}


def _asked(state: LoanState, bucket: Bucket | None) -> Money:
    minor = sum(asked_minor(row, bucket) or 0 for row in state.rows)
    return Money(minor, state.terms.principal.currency)


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _total(name: str, column: Sequence[object]) -> str:
    amounts = [value for value in column if isinstance(value, Decimal)]
    if amounts:
        return str(sum(amounts))
    return "total" if name == "due_on_after" else ""
