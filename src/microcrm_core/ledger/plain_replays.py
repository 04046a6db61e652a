"""The replay of the most common loan, in whole numbers.

Equal installments by plain days, paid out at once and kept by a policy under which no
payment changes interest: most loans of a micro-lender are of this kind, and little but
repayments, charges, new rates and new due dates happens to them. They get a replay of
their own, in columns; see `plain_columns`.

What does not fit is left to a `LedgerBook` and its engine, which every result here must
equal: another kind of event, a charge that has no row or finds credit, a level amount
that is not found at once, an event at fault.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import STRICT, Currency, Frequency, LoanTerms, Money, Rate
    >>> from microcrm_core.ids import LoanId
    >>> from microcrm_core.ledger import PLAIN_LEDGER, Disbursed, LedgerEvent
    >>> from microcrm_core.ledger.plain_replays import plain_replay
    >>> terms = LoanTerms(
    ...     principal=Money.of("1000.00", Currency.of("EUR")),
    ...     nominal_rate=Rate.per_year("0.24"),
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
    >>> made = plain_replay(terms, (lent,), STRICT, PLAIN_LEDGER, lent.value_on)
    >>> made.columns.charged[:2]
    [[32619, 33416, 33965], [2038, 1241, 692]]
    >>> plain_replay(terms, (), STRICT, PLAIN_LEDGER, lent.value_on) is None
    True
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

from microcrm_core.errors import MicrocrmError
from microcrm_core.ids import EventId
from microcrm_core.ledger.allocation_orders import Bucket
from microcrm_core.ledger.happenings import (
    Charged,
    ChargeKind,
    ChargeWaived,
    DelinquencyPaused,
    Disbursed,
    DueDateChanged,
    HolidayGranted,
    RateChanged,
    Repaid,
)
from microcrm_core.ledger.ledger_events import LedgerEvent
from microcrm_core.ledger.ledger_policies import ChargesInAdvance, LedgerPolicy
from microcrm_core.ledger.loan_states import LoanState
from microcrm_core.ledger.loan_statuses import LoanStatus
from microcrm_core.ledger.logs import LogReading
from microcrm_core.ledger.plain_columns import PlainCharge, PlainColumns, PlainPosting
from microcrm_core.ledger.postings import LoanPosting, reversed_posting
from microcrm_core.ledger.row_accounts import RowKind
from microcrm_core.ledger.term_changes import DueSeries
from microcrm_core.loans.conventions import ScheduleConventions, ShortPeriod
from microcrm_core.loans.plain import series_dates
from microcrm_core.loans.plain_changes import (
    changed_rows,
    has_plain_changes,
    interest_to,
)
from microcrm_core.loans.portions import EPOCH_ORDINAL
from microcrm_core.loans.terms import LoanTerms, is_rate_allowed
from microcrm_core.rates import Rate

__all__ = ["PlainReplay", "plain_replay", "plain_state"]

_KINDS: Final = frozenset(
    {
        Repaid,
        Charged,
        ChargeWaived,
        RateChanged,
        DueDateChanged,
        HolidayGranted,
        DelinquencyPaused,
    }
)
_FEE: Final = ChargeKind.FEE
_FEES: Final = int(Bucket.FEES)
_PENALTIES: Final = int(Bucket.PENALTIES)


def plain_replay(
    terms: LoanTerms,
    live: Sequence[LedgerEvent],
    conventions: ScheduleConventions,
    policy: LedgerPolicy,
    as_of: dt.date,
) -> PlainReplay | None:
    """Return a loan with events applied; None: it is not of this kind.

    Args:
        terms: What was agreed, before any event.
        live: The events that count, in order of replay.
        conventions: How amounts are made.
        policy: How the loan is kept.
        as_of: The day of the state.

    Example:
        See `microcrm_core.ledger.plain_replays`.
    """
    if not live or not _is_plain(terms, live[0], conventions, policy):
        return None
    for event in live[1:]:
        if type(event.what) not in _KINDS:
            return None
    made = PlainReplay(terms, live, conventions, policy, as_of)
    try:
        is_plain = made.run()
    except MicrocrmError:
        # Something else may be at fault before this.
        return None
    return made if is_plain else None


def plain_state(
    terms: LoanTerms,
    reading: LogReading,
    *,
    conventions: ScheduleConventions,
    policy: LedgerPolicy,
    as_of: dt.date,
    known_at: dt.datetime | None,
) -> LoanState | None:
    """Return the state of a loan; None: it is not of this kind.

    Args:
        terms: What was agreed, before any event.
        reading: What its log comes to.
        conventions: How amounts are made.
        policy: How the loan is kept.
        as_of: The day of the state.
        known_at: The moment up to which the log is known; None: all is.

    Example:
        See `microcrm_core.ledger.replaying`.
    """
    made = plain_replay(terms, reading.live, conventions, policy, as_of)
    if made is None:
        return None
    columns = made.columns
    status = LoanStatus.ACTIVE
    if not any(columns.left):
        is_over = made.credit_minor > 0
        status = LoanStatus.OVERPAID if is_over else LoanStatus.CLOSED
    count = len(columns.due)
    return LoanState(
        terms=made.last_terms,
        conventions=conventions,
        policy_id=policy.id,
        policy_version=policy.version,
        as_of=as_of,
        known_at=known_at,
        status=status,
        from_day=(columns.start_day, *columns.due[:-1]),
        due_day=tuple(columns.due),
        kind=(RowKind.REGULAR,) * count,
        charged_minor=tuple(map(tuple, columns.charged)),
        paid_minor=columns.paid(),
        waived_minor=tuple(map(tuple, columns.waived)),
        paid_early_minor=tuple(columns.paid_early),
        paid_late_minor=tuple(columns.paid_late),
        credited_minor=(0,) * count,
        settled_day=tuple(columns.settled),
        disbursements=((terms.disbursed_on, terms.principal.minor),),
        credit_minor=made.credit_minor,
        recovered_minor=0,
        source=made,
        reversed_events=reading.reversed_events,
    )


def _is_plain(
    terms: LoanTerms,
    first: LedgerEvent,
    conventions: ScheduleConventions,
    policy: LedgerPolicy,
) -> bool:
    """Return whether terms, rules and the first event are of this kind."""
    what = first.what
    return (
        type(what) is Disbursed
        and first.value_on == terms.disbursed_on
        and what.amount.minor == terms.principal.minor
        and not policy.is_recalculating
        and not policy.interest_refund_kinds
        and policy.charges_in_advance is ChargesInAdvance.AS_ORDERED
        and policy.allocation.is_oldest_first
        and all(order.is_oldest_first for order in policy.allocation_by_kind.values())
        and terms.last_due_on is None
        and not terms.rate_changes
        and conventions.short_period is ShortPeriod.BY_DAYS
        and has_plain_changes(terms, conventions)
    )


class PlainReplay:
    """One loan of the most common kind in the hands of its events.

    Args:
        terms: What was agreed, before any event.
        live: The events that count, in order of replay.
        conventions: How amounts are made.
        policy: How the loan is kept.
        as_of: The day of the state.

    Example:
        See `microcrm_core.ledger.plain_replays`.
    """

    def __init__(
        self,
        terms: LoanTerms,
        live: Sequence[LedgerEvent],
        conventions: ScheduleConventions,
        policy: LedgerPolicy,
        as_of: dt.date,
    ) -> None:
        """Begin with rows that ask for nothing; `run` applies the events."""
        due_on = terms.due_on or series_dates(
            terms.first_due_on,
            terms.frequency,
            terms.installment_count,
            conventions.roll,
        )
        self.terms, self.live, self.as_of = terms, live, as_of
        # With the changes of due dates that are known.
        self.last_terms = terms
        self.columns = PlainColumns(
            terms.disbursed_on.toordinal() - EPOCH_ORDINAL,
            [on.toordinal() - EPOCH_ORDINAL for on in due_on],
        )
        self._noted: list[tuple[LedgerEvent, PlainPosting]] = []
        self.credit_minor = 0
        self.conventions, self._policy = conventions, policy
        self._series: DueSeries | None = None
        self._charges: dict[EventId, list[PlainCharge]] = {}
        # From which days rates bear interest, and these, in order.
        self._rates: list[tuple[int, Rate]] = []

    def run(self) -> bool:
        """Apply the events; return whether all were of this kind."""
        if not (self._takes_rates() and self._plan(0, self.columns.start_day)):
            return False
        principal_minor = self.terms.principal.minor
        note = self._noted.append
        note((self.live[0], PlainPosting(principal_minor, [0, 0, 0, 0], 0, [])))
        columns, policy = self.columns, self._policy
        for event in self.live[1:]:
            what = event.what
            kind = type(what)
            if kind is Repaid:
                assert isinstance(what, Repaid)  # as its type says
                day = event.value_on.toordinal() - EPOCH_ORDINAL
                order = policy.order_of(what.kind)
                posting = columns.pay(what.amount.minor, day, order)
                self.credit_minor += posting.credit_minor
                note((event, posting))
            elif kind is Charged:
                assert isinstance(what, Charged)  # as its type says
                if not self._charge(event, what):
                    return False
            elif kind is RateChanged:
                note((event, PlainPosting(0, [0, 0, 0, 0], 0, [])))
            elif kind is ChargeWaived:
                assert isinstance(what, ChargeWaived)  # as its type says
                self._waive(event, what)
            elif kind is not DelinquencyPaused and not self._change_dates(event):
                return False
        if self._series is not None:
            self.last_terms = self._series.terms()
        return True

    def _takes_rates(self) -> bool:
        """Gather the rates to come; return whether there are none of another kind."""
        terms, start_on = self.terms, self.terms.disbursed_on
        by_day = {start_on: terms.nominal_rate}
        for event in self.live:
            what = event.what
            if type(what) is RateChanged:
                assert isinstance(what, RateChanged)  # as its type says
                if event.value_on <= start_on or not is_rate_allowed(what.nominal_rate):
                    return False
                by_day[event.value_on] = what.nominal_rate
        self._rates = [
            (on.toordinal() - EPOCH_ORDINAL, by_day[on]) for on in sorted(by_day)
        ]
        return True

    def _plan(self, first: int, day: int) -> bool:
        """Make the rows from some row on, of the principal that falls due in them."""
        columns = self.columns
        owed_minor = self.terms.principal.minor - sum(columns.charged[0][:first])
        if owed_minor <= 0:
            return False
        rate_days, rates = self._rates_from(first)
        rows = changed_rows(
            owed_minor, columns.due[first:], rate_days, rates, self.conventions
        )
        return rows is not None and columns.ask(first, day, *rows)

    def _rates_from(self, first: int) -> tuple[list[int], list[Rate]]:
        """Return at the close of which days rates begin, the first one with a row."""
        columns, known = self.columns, self._rates
        start = columns.due[first - 1] if first else columns.start_day
        shift = 0 if self.conventions.has_interest_on_disbursement_day else 1
        last_day = columns.due[-1] - 1 + shift
        at = bisect_right(known, start, key=_day) - 1
        later = [one for one in known[at + 1 :] if one[0] <= last_day]
        days = [start, *[day - shift for day, _ in later]]
        return days, [known[at][1], *[rate for _, rate in later]]

    def _charge(self, event: LedgerEvent, what: Charged) -> bool:
        """Ask for a fee or a penalty in the row in whose period it is due."""
        due_on, amount = what.due_on, what.portion.amount
        if due_on is None or amount is None or self.credit_minor:
            return False
        bucket = _FEES if what.kind is _FEE else _PENALTIES
        minor = amount.minor
        charges: list[PlainCharge] = []
        self._charges[event.id] = charges
        if minor:
            due_day = due_on.toordinal() - EPOCH_ORDINAL
            row = self.columns.row_of(due_day)
            if row is None:
                return False
            # It asks for something, so no day settles its row.
            self.columns.add(row, bucket, minor, due_day)
            charges.append(PlainCharge(row, bucket, minor, due_day))
        parts_minor = [0, 0, 0, 0]
        parts_minor[bucket] = minor
        self._noted.append((event, PlainPosting(minor, parts_minor, 0, [])))
        return True

    def _waive(self, event: LedgerEvent, what: ChargeWaived) -> None:
        """Ask no longer for what is left of a charge."""
        day = event.value_on.toordinal() - EPOCH_ORDINAL
        parts_minor = [0, 0, 0, 0]
        for one in self._charges[what.charge_id]:
            left_minor = one.amount_minor - one.waived_minor
            waived_minor = self.columns.waive(one.row, one.bucket, left_minor, day)
            one.waived_minor += waived_minor
            parts_minor[one.bucket] += waived_minor
        posting = PlainPosting(sum(parts_minor), parts_minor, 0, [])
        self._noted.append((event, posting))

    def _change_dates(self, event: LedgerEvent) -> bool:
        """Let installments that are due after an event be due on other days."""
        if self.credit_minor:
            return False
        columns = self.columns
        series = self._series or DueSeries.of(self.terms, self.conventions)
        series.change(event)
        self._series = series
        due = [on.toordinal() - EPOCH_ORDINAL for on in series.dates()]
        day = event.value_on.toordinal() - EPOCH_ORDINAL
        first = bisect_right(columns.due, day)
        columns.due = due
        return self._place_charges(day) and self._plan(first, day)

    def _place_charges(self, day: int) -> bool:
        """Put charges into the rows that are now due by their days.

        Return whether each finds one. As `charging.place_charges`.
        """
        columns = self.columns
        for one in [one for charges in self._charges.values() for one in charges]:
            before, bucket = one.row, one.bucket
            if columns.due[before] <= day or one.waived_minor:
                continue
            if columns.open[bucket][before] < one.amount_minor:
                continue
            row = columns.row_of(one.due)
            if row is None:
                return False
            if row != before:
                one.row = row
                columns.add(before, bucket, -one.amount_minor, day)
                columns.add(row, bucket, one.amount_minor, day)
        return True

    # What a state asks for.

    def postings(
        self, reversed_events: tuple[LedgerEvent, ...]
    ) -> tuple[LoanPosting, ...]:
        """Return what each event came to, in order of replay; reversed ones last."""
        balance_minor = 0
        made: list[LoanPosting] = []
        for event, posting in self._noted:
            kind = type(event.what)
            if kind is Disbursed:
                balance_minor += posting.amount_minor
            elif kind is Repaid:
                balance_minor -= posting.parts_minor[0]
            made.append(
                LoanPosting(
                    event_id=event.id,
                    type=event.type,
                    value_on=event.value_on,
                    amount_minor=posting.amount_minor,
                    parts_minor=tuple(posting.parts_minor),
                    credit_minor=posting.credit_minor,
                    balance_minor=balance_minor,
                    parts=tuple(posting.parts),
                )
            )
        made += [reversed_posting(event, balance_minor) for event in reversed_events]
        return tuple(made)

    def payoff_minor(self, on: dt.date) -> tuple[int, int]:
        """Return principal and interest that are open: no payment changes them."""
        del on
        principal, interest, _, _ = self.columns.open
        return sum(principal), sum(interest)

    def accrued_minor(self) -> int:
        """Return the interest of due rows and of the running one that is not paid."""
        columns = self.columns
        day = self.as_of.toordinal() - EPOCH_ORDINAL
        row = bisect_right(columns.due, day)
        total_minor = sum(columns.open[1][:row])
        start_day = columns.due[row - 1] if row else columns.start_day
        if row == len(columns.due) or start_day >= day:
            return total_minor
        owed_minor = self.terms.principal.minor - sum(columns.charged[0][:row])
        days, rates = self._rates_from(row)
        borne_minor = interest_to(owed_minor, day, days, rates, self.conventions)
        paid_minor = columns.charged[1][row] - columns.open[1][row]
        return total_minor + max(borne_minor - paid_minor, 0)


def _day(one: tuple[int, Rate]) -> int:
    return one[0]
