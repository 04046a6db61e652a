"""The state of a loan as of a day: what replay made of its terms and its events.

Columns hold one value for each row of the schedule as it stands; what each event came
to is in the postings, and for each payment the allocation says where it went and why.
Nothing here is stored anywhere else: the state is worked out from the log whenever it
is asked for.

Example:
    See `microcrm_core.ledger.replaying`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import cached_property
from importlib import import_module
from typing import Final, Self, TypeAlias

import attrs

from microcrm_core.decisions import canonical_json
from microcrm_core.errors import RecordNotFoundError
from microcrm_core.html import html_table
from microcrm_core.ids import EventId, PolicyId
from microcrm_core.ledger.allocation_orders import Bucket
from microcrm_core.ledger.books import LedgerBook
from microcrm_core.ledger.happenings import Disbursed
from microcrm_core.ledger.ledger_events import LedgerEvent
from microcrm_core.ledger.loan_statuses import (
    LoanStatus,
    status_of,
)
from microcrm_core.ledger.postings import (
    AllocatedPart,
    LoanPosting,
)
from microcrm_core.ledger.row_accounts import RowKind
from microcrm_core.ledger.state_rows import BucketAmounts, LoanStateRow, NextDue
from microcrm_core.ledger.state_sources import BookSource, StateSource
from microcrm_core.loans.conventions import ScheduleConventions
from microcrm_core.loans.portions import EPOCH_ORDINAL
from microcrm_core.loans.table_texts import text_table
from microcrm_core.loans.terms import LoanTerms
from microcrm_core.money import Money

__all__ = ["LoanState", "LoanStatus"]

_Column: TypeAlias = "tuple[int, ...]"
StateColumn: TypeAlias = (
    "list[int] | list[str] | list[dt.date] | list[dt.date | None] | list[Decimal]"
)

_DAY: Final = dt.timedelta(days=1)


# Without slots, so that what few ask for is worked out once, when it is asked for.
@attrs.frozen(kw_only=True, slots=False, eq=False)
class LoanState:
    """A loan as of a day, as far as it was known at a moment.

    Columns have one value for each row, in order of due dates; those by bucket are
    tuples of four columns, to be indexed with `Bucket`. Amounts are whole minor units
    of `terms.principal.currency`, days are counted from 1970-01-01.

    Attributes:
        terms: What was agreed, with the changes of due dates and term that are known.
        conventions: How amounts were made.
        policy_id: Identity of the policy by which the loan is kept.
        policy_version: Version of it.
        as_of: The day of the state; nothing later counts.
        known_at: What was recorded later does not count; None: all is known.
        status: Where the loan stands.
        from_day: The period of each row runs from the close of this day.
        due_day: Last day on which paying it is on time.
        kind: Where each row comes from.
        charged_minor: What was asked for, by bucket.
        paid_minor: What was paid, by bucket.
        waived_minor: What is no longer asked for, by bucket.
        paid_early_minor: What was paid before the due date.
        paid_late_minor: What was paid after the due date.
        credited_minor: Principal that was owed anew, a part of what was charged.
        settled_day: On which day nothing was left; None: something is.
        disbursements: What was paid out: day and amount, in order.
        credit_minor: What was paid above all that was owed.
        recovered_minor: What was paid for what was given up by a write-off.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import STRICT, Currency, Frequency, LoanTerms, Money
        >>> from microcrm_core import Rate
        >>> from microcrm_core.ids import LoanId
        >>> from microcrm_core.ledger import PLAIN_LEDGER, Disbursed, LedgerEvent
        >>> from microcrm_core.ledger import replay
        >>> terms = LoanTerms(
        ...     principal=Money.of("1000.00", Currency.of("EUR")),
        ...     nominal_rate=Rate.per_year("0.365"),
        ...     installment_count=3,
        ...     frequency=Frequency.MONTHLY,
        ...     disbursed_on=dt.date(2025, 1, 15),
        ...     first_due_on=dt.date(2025, 2, 15),
        ... )
        >>> lent = LedgerEvent.of(
        ...     Disbursed(amount=terms.principal),
        ...     loan_id=LoanId("loan-7"),
        ...     value_on=terms.disbursed_on,
        ...     recorded_at=dt.datetime(2025, 1, 15, tzinfo=dt.UTC),
        ...     idempotency_key="lent",
        ... )
        >>> state = replay(
        ...     terms,
        ...     [lent],
        ...     conventions=STRICT,
        ...     policy=PLAIN_LEDGER,
        ...     as_of=dt.date(2025, 2, 20),
        ... )
        >>> state.status.value, state.days_past_due, str(state.overdue.interest)
        ('active', 5, 'EUR 31.00')
    """

    terms: LoanTerms
    conventions: ScheduleConventions = attrs.field(repr=False)
    policy_id: PolicyId
    policy_version: int
    as_of: dt.date
    known_at: dt.datetime | None
    status: LoanStatus
    from_day: _Column = attrs.field(repr=False)
    due_day: _Column = attrs.field(repr=False)
    kind: tuple[RowKind, ...] = attrs.field(repr=False)
    charged_minor: tuple[_Column, ...] = attrs.field(repr=False)
    paid_minor: tuple[_Column, ...] = attrs.field(repr=False)
    waived_minor: tuple[_Column, ...] = attrs.field(repr=False)
    paid_early_minor: _Column = attrs.field(repr=False)
    paid_late_minor: _Column = attrs.field(repr=False)
    credited_minor: _Column = attrs.field(repr=False)
    settled_day: tuple[int | None, ...] = attrs.field(repr=False)
    disbursements: tuple[tuple[dt.date, int], ...] = attrs.field(repr=False)
    credit_minor: int
    recovered_minor: int
    _source: StateSource = attrs.field(repr=False, alias="source")
    _reversed_events: tuple[LedgerEvent, ...] = attrs.field(
        repr=False, alias="reversed_events"
    )

    @classmethod
    def of(
        cls,
        book: LedgerBook,
        *,
        known_at: dt.datetime | None = None,
        reversed_events: Iterable[LedgerEvent] = (),
    ) -> Self:
        """Return the state of a closed book.

        Args:
            book: The loan, with all events applied.
            known_at: The moment up to which it is known; None: all is.
            reversed_events: Events that never were; they are listed, and change
                nothing.
        """
        rows = book.rows
        charged = _by_bucket([row.charged for row in rows])
        paid = _by_bucket([row.paid for row in rows])
        waived = _by_bucket([row.waived for row in rows])
        open_minor = tuple(
            sum(charged[bucket]) - sum(paid[bucket]) - sum(waived[bucket])
            for bucket in range(4)
        )
        disbursements = [
            (event.value_on, book.postings[event.id].amount_minor)
            for event in book.events
            if type(event.what) is Disbursed
        ]
        has_lent, is_open = bool(disbursements), any(open_minor)
        return cls(
            terms=book.terms,
            conventions=book.conventions,
            policy_id=book.policy.id,
            policy_version=book.policy.version,
            as_of=book.as_of,
            known_at=known_at,
            status=status_of(book, has_lent=has_lent, is_open=is_open),
            from_day=tuple([row.from_on.toordinal() - EPOCH_ORDINAL for row in rows]),
            due_day=tuple([row.due_on.toordinal() - EPOCH_ORDINAL for row in rows]),
            kind=tuple([row.kind for row in rows]),
            charged_minor=charged,
            paid_minor=paid,
            waived_minor=waived,
            paid_early_minor=tuple([row.paid_early_minor for row in rows]),
            paid_late_minor=tuple([row.paid_late_minor for row in rows]),
            credited_minor=tuple([row.credited_minor for row in rows]),
            settled_day=tuple(
                [
                    None
                    if row.settled_on is None
                    else row.settled_on.toordinal() - EPOCH_ORDINAL
                    for row in rows
                ]
            ),
            disbursements=tuple(disbursements),
            credit_minor=book.credit_minor,
            recovered_minor=book.recovered_minor,
            source=BookSource(book),
            reversed_events=tuple(reversed_events),
        )

    @cached_property
    def postings(self) -> tuple[LoanPosting, ...]:
        """What each event came to, in order of replay; reversed events at the end."""
        return self._source.postings(self._reversed_events)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.due_day)

    def __eq__(self, other: object) -> bool:
        """Return whether all that the two states say is the same."""
        if not isinstance(other, LoanState):
            return NotImplemented
        names = [
            field.name
            for field in attrs.fields(LoanState)
            if not field.name.startswith("_")
        ]
        return (
            all(getattr(self, name) == getattr(other, name) for name in names)
            and self.postings == other.postings
        )

    def __hash__(self) -> int:
        """Hash by the day and the rows."""
        return hash((self.as_of, self.due_day, self.charged_minor, self.paid_minor))

    @property
    def rows(self) -> tuple[LoanStateRow, ...]:
        """The rows, in order of due dates."""
        currency = self.terms.principal.currency
        columns = zip(
            self.from_day,
            self.due_day,
            self.kind,
            zip(*self.charged_minor, strict=True),
            zip(*self.paid_minor, strict=True),
            zip(*self.waived_minor, strict=True),
            self.paid_early_minor,
            self.paid_late_minor,
            self.credited_minor,
            self.settled_day,
            strict=True,
        )
        return tuple(
            LoanStateRow(
                number=number,
                currency=currency,
                from_on=_date(from_day),
                due_on=_date(due_day),
                kind=kind,
                charged=charged,
                paid=paid,
                waived=waived,
                paid_early_minor=early_minor,
                paid_late_minor=late_minor,
                credited_minor=credited_minor,
                settled_on=None if settled_day is None else _date(settled_day),
            )
            for number, (
                from_day,
                due_day,
                kind,
                charged,
                paid,
                waived,
                early_minor,
                late_minor,
                credited_minor,
                settled_day,
            ) in enumerate(columns, start=1)
        )

    @property
    def outstanding(self) -> BucketAmounts:
        """All that is owed, due or not; nothing before money was paid out."""
        return self._amounts_of(self._open_by_bucket(None))

    @property
    def due(self) -> BucketAmounts:
        """What is due by the day, that day included, and not paid."""
        return self._amounts_of(self._open_by_bucket(self.as_of))

    @property
    def overdue(self) -> BucketAmounts:
        """What was due before the day and is not paid."""
        return self._amounts_of(self._open_by_bucket(self.as_of - _DAY))

    @property
    def payoff(self) -> BucketAmounts:
        """What closes the loan if exactly that is paid on the day; else zero."""
        minor = self._open_by_bucket(None)
        if self.status is LoanStatus.ACTIVE:
            minor[: Bucket.INTEREST + 1] = self._payoff_minor
        return self._amounts_of(minor)

    @property
    def credit(self) -> Money:
        """What was paid above all that was owed."""
        return self._money(self.credit_minor)

    @property
    def recovered(self) -> Money:
        """What was paid, after a write-off, for what had been given up."""
        return self._money(self.recovered_minor)

    @property
    def accrued_interest(self) -> Money:
        """Interest that was borne by the day and is neither paid nor waived."""
        return self._money(self._accrued_minor)

    @property
    def next_due(self) -> NextDue | None:
        """What is due next, on the day or later; None: nothing is."""
        if self.status is LoanStatus.APPROVED:
            return None
        first = self.as_of.toordinal() - EPOCH_ORDINAL
        on_day: int | None = None
        amount_minor = 0
        for due_day, open_minor in zip(self.due_day, self._left_minor, strict=True):
            if due_day < first or not open_minor:
                continue
            if on_day is not None and due_day != on_day:
                break
            on_day = due_day
            amount_minor += open_minor
        if on_day is None:
            return None
        return NextDue(_date(on_day), self._money(amount_minor))

    @property
    def days_past_due(self) -> int:
        """Days since the due date of the oldest row that is not paid; else zero."""
        as_of_day = self.as_of.toordinal() - EPOCH_ORDINAL
        if self.status is LoanStatus.APPROVED:
            return 0
        for due_day, open_minor in zip(self.due_day, self._left_minor, strict=True):
            if due_day >= as_of_day:
                break
            if open_minor:
                return as_of_day - due_day
        return 0

    def allocation(self, event_id: EventId) -> tuple[AllocatedPart, ...]:
        """Return where the money of one event went, in the order of going, and why.

        Raises:
            RecordNotFoundError: No such event counts: it is unknown here, or reversed,
                so that its money went nowhere.
        """
        posting = self._counting.get(event_id)
        if posting is None:
            raise RecordNotFoundError(event_id)
        return posting.allocation(self.terms.principal.currency, self.due_day)

    def to_columns(self) -> dict[str, StateColumn]:
        """Return the rows as columns by name, for a data frame or a file.

        Amounts are decimals in whole units of the currency, with all their digits.
        """
        rows = self.rows
        columns: dict[str, StateColumn] = {
            "number": list(range(1, len(rows) + 1)),
            "due_on": [row.due_on for row in rows],
            "kind": [row.kind.value for row in rows],
        }
        for bucket in Bucket:
            name = bucket.name.lower()
            columns[name] = self._amounts(self.charged_minor[bucket])
        columns["total"] = self._amounts([row.charged_minor for row in rows])
        columns["paid"] = self._amounts([row.paid_minor for row in rows])
        columns["waived"] = self._amounts([row.waived_minor for row in rows])
        columns["outstanding"] = self._amounts([row.open_minor for row in rows])
        columns["settled_on"] = [row.settled_on for row in rows]
        return columns

    def to_frame(self, backend: str | None = None) -> object:
        """Return the rows as a data frame; see `microcrm_core.frames`.

        Args:
            backend: Kind of frame; None: as `frames.to_frame` takes it.

        Raises:
            MissingExtraError: The extra `frames` is not installed.
        """
        # By name, because frames is an edge: only those who ask for a frame need it.
        frames = import_module("microcrm_core.frames")
        frame: object = frames.to_frame(self.to_columns(), backend)
        return frame

    def to_plain(self) -> object:
        """Return the form of `loan_states_plain`."""
        # Few states are stored, and that form knows this class.
        from microcrm_core.ledger.loan_states_plain import loan_state_to_plain

        return loan_state_to_plain(self)

    def to_json(self) -> str:
        """Return the canonical JSON of the form of `loan_states_plain`."""
        return canonical_json(self)

    def __str__(self) -> str:
        """Return the state as a line and a plain-text table of rows, with totals."""
        headings, rows, totals = self._table()
        table = text_table(headings, [*rows, totals], is_right_aligned=True)
        return f"{self._title}\n{table}"

    def _repr_html_(self) -> str:
        # Notebooks call this name.
        headings, rows, totals = self._table()
        return html_table(headings, rows, caption=self._title, footer=totals)

    @property
    def _title(self) -> str:
        code = self.terms.principal.currency.code
        return f"{self.status} as of {self.as_of}, in {code}"

    def _table(self) -> tuple[list[str], list[tuple[str, ...]], list[str]]:
        """Return headings, rows and totals as texts."""
        columns = self.to_columns()
        texts = [[_text(value) for value in column] for column in columns.values()]
        return (
            [name.replace("_", " ") for name in columns],
            list(zip(*texts, strict=True)),
            [_total(name, column) for name, column in columns.items()],
        )

    @cached_property
    def _left_minor(self) -> _Column:
        """What is left to pay of each row."""
        columns = zip(
            *self.charged_minor, *self.paid_minor, *self.waived_minor, strict=True
        )
        return tuple([sum(row[:4]) - sum(row[4:]) for row in columns])

    @cached_property
    def _counting(self) -> dict[EventId, LoanPosting]:
        """The postings of events that count, by event."""
        return {one.event_id: one for one in self.postings if not one.is_reversed}

    @cached_property
    def _payoff_minor(self) -> tuple[int, int]:
        return self._source.payoff_minor(self.as_of)

    @cached_property
    def _accrued_minor(self) -> int:
        is_active = self.status is LoanStatus.ACTIVE
        return self._source.accrued_minor() if is_active else 0

    def _open_by_bucket(self, last_on: dt.date | None) -> list[int]:
        """Return what is open in rows that are due by a day; None: in all."""
        count = 0
        if self.status is not LoanStatus.APPROVED:
            count = len(self.due_day)
            if last_on is not None:
                last_day = last_on.toordinal() - EPOCH_ORDINAL
                count = sum(map(last_day.__ge__, self.due_day))
        return [
            sum(self.charged_minor[bucket][:count])
            - sum(self.paid_minor[bucket][:count])
            - sum(self.waived_minor[bucket][:count])
            for bucket in Bucket
        ]

    def _amounts_of(self, minor: Sequence[int]) -> BucketAmounts:
        return BucketAmounts.of(minor, self.terms.principal.currency)

    def _amounts(self, column_minor: Sequence[int]) -> list[Decimal]:
        return [self._money(minor).amount for minor in column_minor]

    def _money(self, minor: int) -> Money:
        return Money(minor, self.terms.principal.currency)


def _by_bucket(amounts: list[list[int]]) -> tuple[_Column, ...]:
    return tuple(zip(*amounts, strict=True)) if amounts else ((), (), (), ())


def _date(day: int) -> dt.date:
    return dt.date.fromordinal(day + EPOCH_ORDINAL)


def _total(name: str, column: Sequence[object]) -> str:
    amounts = [value for value in column if isinstance(value, Decimal)]
    if amounts:
        return str(sum(amounts))
    return "total" if name == "due_on" else ""


def _text(value: object) -> str:
    return "" if value is None else str(value)
