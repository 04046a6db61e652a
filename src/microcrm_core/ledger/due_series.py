"""The due dates of a loan while events change them: `DueSeries`.

A series knows its dates as they stand, from which of them it goes on after the last
one, how far they are apart, and by which plan they are repaid. Which events change it,
and what each of them does, is told in `term_changes`.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import STRICT, Currency, Frequency, LoanTerms, Money, Rate
    >>> from microcrm_core.ledger.due_series import DueSeries
    >>> terms = LoanTerms(
    ...     principal=Money.of("1000.00", Currency.of("EUR")),
    ...     nominal_rate=Rate.per_year("0.24"),
    ...     installment_count=3,
    ...     frequency=Frequency.MONTHLY,
    ...     disbursed_on=dt.date(2025, 1, 15),
    ...     first_due_on=dt.date(2025, 2, 15),
    ... )
    >>> series = DueSeries.of(terms, STRICT)
    >>> str(series.date_at(3)), series.kept_count(dt.date(2025, 3, 15))
    ('2025-05-15', 2)
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from calendar import monthrange
from collections.abc import Sequence
from typing import Final

import attrs

from microcrm_core.dates import (
    Frequency,
    RollRule,
    adjust_date,
    roll_date,
)
from microcrm_core.errors import InvalidValueError, LedgerError
from microcrm_core.ledger.ledger_events import LedgerEvent
from microcrm_core.ledger.rest_plans import goes_on, plan_of_rest
from microcrm_core.ledger.term_happenings import (
    DueDateChanged,
    HolidayGranted,
    Replanned,
    TermChanged,
)
from microcrm_core.loans import (
    Arithmetic,
    LoanTerms,
    RepaymentPlan,
    ScheduleConventions,
)
from microcrm_core.loans.plain import series_dates
from microcrm_core.loans.terms import INSTALLMENT_COUNT_MAX

__all__ = ["TERM_CHANGES", "DueSeries"]

TERM_CHANGES: Final = frozenset(
    {DueDateChanged, HolidayGranted, TermChanged, Replanned}
)
"""What happened, where that changes due dates, the term, or how they are repaid."""

_DAY: Final = dt.timedelta(days=1)


@attrs.define(kw_only=True)
class DueSeries:
    """Due dates that change, and from which date the later ones are counted.

    Attributes:
        agreed: What was agreed.
        conventions: How due dates roll, and to which business days they move.
        due_on: The due dates as they stand; a last one of its own stands apart.
        anchor: Position of the date that begins the series which goes on after the
            last one.
        anchor_on: That date.
        last_on: A last due date that was agreed apart from the others; None: none was.
        roll: The roll rule that the series goes on by.
        frequency: How far its dates are apart.
        plan: How the loan is repaid.
        method_from: How many first installments were due before the method of the plan
            began; 0: it is that of the whole loan.

    Example:
        See `microcrm_core.ledger.term_changes`.
    """

    agreed: LoanTerms
    conventions: ScheduleConventions
    due_on: list[dt.date]
    anchor: int = 0
    anchor_on: dt.date
    last_on: dt.date | None
    roll: RollRule
    frequency: Frequency
    plan: RepaymentPlan
    method_from: int = 0

    @classmethod
    def of(cls, terms: LoanTerms, conventions: ScheduleConventions) -> DueSeries:
        """Return the due dates as they were agreed."""
        due_on = terms.due_on or series_dates(
            terms.first_due_on,
            terms.frequency,
            terms.installment_count,
            conventions.roll,
        )
        # Dates that were agreed one by one go on from the last of them.
        anchor = len(due_on) - 1 if terms.due_on else 0
        return cls(
            agreed=terms,
            conventions=conventions,
            due_on=list(due_on),
            anchor=anchor,
            anchor_on=due_on[anchor],
            last_on=terms.last_due_on,
            roll=conventions.roll,
            frequency=terms.frequency,
            plan=terms.plan,
        )

    def change(
        self,
        event: LedgerEvent,
        *,
        is_begun: bool = True,
        kept_minor: Sequence[tuple[int, int]] = (),
    ) -> bool:
        """Apply an event; return whether it changed anything.

        One that changes no due date is passed over.

        Args:
            event: What happened.
            is_begun: Whether anything was paid out; before that no installment is due,
                so all of them may be planned again.
            kept_minor: Principal and interest of the installments that are due by the
                event's day; empty: they are not known.

        Raises:
            LedgerError: The event names no due date of the loan, or one that it comes
                too late for; a new date is not after the one before it, or too early
                for the event; no installment, or too many, would be left; or the
                conventions or the plan do not allow what it says.
            InvalidValueError: A due date would leave the calendar.
        """
        what = event.what
        if isinstance(what, Replanned):
            kept_count = self.kept_count(event.value_on) if is_begun else 0
            kept = kept_minor[:kept_count] or ((0, 0),) * kept_count
            return self.replan(event, what, kept)
        if isinstance(what, DueDateChanged):
            self.move(event, what.from_on, what.to_on)
        elif isinstance(what, HolidayGranted):
            self.skip(event, what.from_on, what.count)
        elif isinstance(what, TermChanged):
            self.lengthen(event, what.added_count)
        return type(what) in TERM_CHANGES

    @property
    def is_kept(self) -> bool:
        """Whether installments that are due when something changes stay as they are."""
        return self.conventions.arithmetic is Arithmetic.EXACT

    def kept_count(self, on: dt.date) -> int:
        """Return how many installments are due on a day or before it."""
        if self.conventions.business_days is None:
            return bisect_right(self.dates(), on)
        return sum(self._due(date) <= on for date in self.dates())

    def dates(self) -> list[dt.date]:
        """Return the due dates as they stand."""
        if self.last_on is None:
            return self.due_on
        return [*self.due_on[:-1], self.last_on]

    def date_at(self, position: int) -> dt.date:
        """Return the date at a position of the series, beyond the last one too."""
        if position < len(self.due_on):
            return self.due_on[position]
        steps = position - self.anchor
        return roll_date(self.anchor_on, self.frequency, steps, self.roll)

    def place_of(self, event: LedgerEvent, from_on: dt.date) -> int:
        """Return the position of the due date that an event names."""
        dates = self.dates()
        if from_on not in dates:
            moved = [self._due(on) for on in dates]
            dates = moved if from_on in moved else dates
        if from_on not in dates:
            first_on, last_on = dates[0], dates[-1]
            rule_text = f"must be a due date, of which {len(dates)} are from "
            rule_text += f"{first_on} to {last_on}"
            raise LedgerError(event.id, "from_on", rule_text, from_on)
        place = dates.index(from_on)
        if self.is_kept and place < self.kept_count(event.value_on):
            rule_text = f"must be due after the day of the event, {event.value_on}"
            raise LedgerError(event.id, "from_on", rule_text, from_on)
        if from_on < event.value_on and not self.is_kept:
            rule_text = f"must not be before the day of the event, {event.value_on}"
            raise LedgerError(event.id, "from_on", rule_text, from_on)
        return place

    def move(self, event: LedgerEvent, from_on: dt.date, to_on: dt.date) -> None:
        """Move one due date, and count the later ones from it."""
        place = self.place_of(event, from_on)
        earliest_on = max(event.value_on, self._day_after(place))
        hint = "it must come after the date before it, and not before the event"
        if self.is_kept:
            earliest_on = max(earliest_on, event.value_on + _DAY)
            hint = "it must come after the date before it, and after the event"
        if to_on < earliest_on:
            rule = f"must be {earliest_on} or later"
            raise LedgerError(event.id, "to_on", rule, to_on, hint=hint)
        if self.is_kept and self._due(to_on) <= event.value_on:
            rule = f"must be due after the day of the event, {event.value_on}"
            raise LedgerError(event.id, "to_on", rule, to_on, hint="choose a later day")
        last = len(self.due_on) - 1
        if self.last_on is not None and place == last:
            self.last_on = to_on
            return
        self.roll = _own_roll(self.roll, to_on)
        later = series_dates(to_on, self.frequency, last + 1 - place, self.roll)
        self.due_on[place:] = later
        self.anchor, self.anchor_on = place, to_on
        self._require_last(event, "to_on", to_on)

    def skip(self, event: LedgerEvent, from_on: dt.date, count: int) -> None:
        """Move a due date, and all after it, on by so many periods."""
        place = self.place_of(event, from_on)
        end = len(self.due_on) + count
        if end > INSTALLMENT_COUNT_MAX:
            rule = f"must leave the series below {INSTALLMENT_COUNT_MAX} periods"
            raise LedgerError(event.id, "count", rule, count)
        if self.last_on is not None and place == len(self.due_on) - 1:
            self.last_on = roll_date(self.last_on, self.frequency, count, self.roll)
            return
        self.due_on[place:] = [
            self.date_at(position) for position in range(place + count, end)
        ]
        # The series itself has not changed, but its dates stand earlier in it.
        self.anchor -= count
        self._require_last(event, "count", count)

    def lengthen(self, event: LedgerEvent, added_count: int) -> None:
        """Go on with the series, or leave its last dates out."""
        count = len(self.due_on) + added_count
        if not 1 <= count <= INSTALLMENT_COUNT_MAX:
            rule = f"must leave from 1 to {INSTALLMENT_COUNT_MAX} installments"
            raise LedgerError(event.id, "added_count", rule, added_count)
        dates, kept_count = self.dates(), self.kept_count(event.value_on)
        if self.is_kept:
            self._require_to_come(event, count, added_count)
        elif added_count < 0 and dates[count - 1] < event.value_on:
            rule = f"must leave an installment due on {event.value_on} or later"
            raise LedgerError(event.id, "added_count", rule, added_count)
        self.due_on = [self.date_at(position) for position in range(count)]
        self._require_last(event, "added_count", added_count)
        # Where the last one stood apart, what it replaced may be long past.
        if self.is_kept and self.kept_count(event.value_on) > kept_count:
            rule = f"must leave the due dates to come after {event.value_on}"
            hint = "move the last due date first"
            raise LedgerError(event.id, "added_count", rule, added_count, hint=hint)

    def _require_to_come(
        self, event: LedgerEvent, count: int, added_count: int
    ) -> None:
        """Refuse a term that leaves, or finds, no installment after the event."""
        kept_count = self.kept_count(event.value_on)
        self._require_open(event, kept_count)
        if count <= kept_count:
            rule = f"must leave an installment due after {event.value_on}"
            raise LedgerError(event.id, "added_count", rule, added_count)

    def replan(
        self,
        event: LedgerEvent,
        what: Replanned,
        kept_minor: Sequence[tuple[int, int]],
    ) -> bool:
        """Plan all installments to come again; return whether anything changed.

        Args:
            event: What happened.
            what: The same, for its dates, frequency and method.
            kept_minor: Principal and interest of each installment that stays.
        """
        kept_count, dates = len(kept_minor), self.dates()
        self._require_replannable(event, what, kept_count)
        is_same_method = goes_on(what.method, self.plan.method, kept_count)
        is_same_series = self.frequency == what.frequency
        if is_same_method and is_same_series and what.due_on == (*dates[kept_count:],):
            return False
        if what.method is not None and not is_same_method:
            plan, currency = self.agreed.plan, self.agreed.principal.currency
            self.plan = plan_of_rest(event, plan, what.method, kept_minor, currency)
            self.method_from = kept_count
        self.due_on, self.last_on = [*dates[:kept_count], *what.due_on], None
        self.frequency = what.frequency
        self._anchor_at(kept_count)
        return True

    def _anchor_at(self, place: int) -> None:
        """Let the series go on from a date, or from the last one if it is no series."""
        first_on, count = self.due_on[place], len(self.due_on) - place
        self.roll = _own_roll(self.conventions.roll, first_on)
        try:
            series = series_dates(first_on, self.frequency, count, self.roll)
        except InvalidValueError:
            # A series from there would leave the calendar.
            series = ()
        if self.due_on[place:] != [*series]:
            place = len(self.due_on) - 1
            self.roll = _own_roll(self.conventions.roll, self.due_on[place])
        self.anchor, self.anchor_on = place, self.due_on[place]

    def _require_replannable(
        self, event: LedgerEvent, what: Replanned, kept_count: int
    ) -> None:
        """Refuse dates that do not follow what stays, or are too many."""
        if not self.is_kept:
            rule = "must be another one, since Fineract's arithmetic makes the schedule"
            hint = "use conventions of exact arithmetic, or re-age the loan instead"
            raise LedgerError(event.id, "type", rule, event.type, hint=hint)
        self._require_open(event, kept_count)
        count, first_on = kept_count + len(what.due_on), what.due_on[0]
        if count > INSTALLMENT_COUNT_MAX:
            rule = f"must leave up to {INSTALLMENT_COUNT_MAX} installments"
            raise LedgerError(event.id, "due_on", rule, count)
        before_on = max(event.value_on, self.agreed.disbursed_on)
        if kept_count:
            before_on = max(before_on, self.dates()[kept_count - 1])
        if first_on <= before_on:
            rule = f"must begin after {before_on}"
            hint = "name the due dates to come, all after the day of the event"
            raise LedgerError(event.id, "due_on", rule, first_on, hint=hint)
        if self._due(first_on) <= event.value_on:
            rule = f"must be due after the day of the event, {event.value_on}"
            hint = "choose a later day"
            raise LedgerError(event.id, "due_on", rule, first_on, hint=hint)

    def _require_open(self, event: LedgerEvent, kept_count: int) -> None:
        """Refuse to plan installments again when none is to come."""
        if kept_count == len(self.due_on):
            rule = f"must be before the last due date, {self._due(self.dates()[-1])}"
            hint = "re-age what is left instead"
            raise LedgerError(event.id, "value_on", rule, event.value_on, hint=hint)

    def _due(self, on: dt.date) -> dt.date:
        """Return the business day on which a due date is due."""
        rule = self.conventions.business_days
        return on if rule is None else adjust_date(on, rule.rule, rule.calendar)

    def _day_after(self, place: int) -> dt.date:
        """Return the first day that a due date may be on."""
        before_on = self.due_on[place - 1] if place else self.agreed.disbursed_on
        return before_on + _DAY

    def _require_last(self, event: LedgerEvent, field: str, value: object) -> None:
        """Refuse a date that the last one, agreed apart, does not follow."""
        if self.last_on is None or len(self.due_on) == 1:
            return
        if self.last_on <= self.due_on[-2]:
            rule = f"must leave due dates before the last one, {self.last_on}"
            hint = "move the last due date first"
            raise LedgerError(event.id, field, rule, value, hint=hint)

    def terms(self) -> LoanTerms:
        """Return the terms with these dates."""
        due_on = tuple(self.dates())
        shift = dt.timedelta(days=0)
        if self.conventions.has_interest_on_disbursement_day:
            shift = dt.timedelta(days=1)
        latest_on = due_on[-1] - shift
        return attrs.evolve(
            self.agreed,
            installment_count=len(due_on),
            frequency=self.frequency,
            first_due_on=due_on[0],
            plan=self.plan,
            due_on=due_on,
            last_due_on=None,
            rate_changes=tuple(
                one for one in self.agreed.rate_changes if one.from_on <= latest_on
            ),
            interest_pauses=tuple(
                one for one in self.agreed.interest_pauses if one.start_on <= latest_on
            ),
        )


def _own_roll(roll: RollRule, on: dt.date) -> RollRule:
    """Return the roll rule of a series that goes on from a day that was chosen."""
    month_days = monthrange(on.year, on.month)[1]
    if roll.day is None or on.day == min(roll.day, month_days):
        return roll
    return attrs.evolve(roll, day=None, second_day=None)
