"""A loan while requests are planned on it, one after the other.

A `PlanStep` is the loan with what was planned so far, as if it had been recorded after
all that the log has. Each request sees the state that the earlier ones leave, and what
the ledger refuses comes back as a `Reason`. `DueDates` are the due dates of a state,
before and after they are moved to business days.

Example:
    >>> from microcrm_core.adjustments.plan_steps import PlanStep
    >>> PlanStep.__name__
    'PlanStep'
"""

from __future__ import annotations

import datetime as dt
from typing import Final, TypeAlias, cast

import attrs

from microcrm_core.adjustments.adjustment_policies import AbsorbedBy
from microcrm_core.adjustments.planned_changes import PlannedChange
from microcrm_core.adjustments.requests import AdjustmentKind
from microcrm_core.decisions import FactValue, Reason
from microcrm_core.errors import InvalidValueError
from microcrm_core.ledger.happenings import Happening, Replanned
from microcrm_core.ledger.ledger_events import LedgerEvent
from microcrm_core.ledger.loan_accounts import LoanAccount
from microcrm_core.ledger.loan_states import LoanState
from microcrm_core.ledger.loan_statuses import LoanStatus
from microcrm_core.ledger.row_accounts import RowKind
from microcrm_core.ledger.state_rows import LoanStateRow
from microcrm_core.loans.conventions import Arithmetic
from microcrm_core.loans.methods import RepaymentMethod
from microcrm_core.loans.periods import ScheduleDates

__all__ = ["DueDates", "PlanStep", "Planned", "ledger_refusal"]

_STEP: Final = dt.timedelta(microseconds=1)


@attrs.frozen(kw_only=True)
class DueDates:
    """The due dates of a loan as they stand.

    Attributes:
        on: Before any is moved to a business day.
        due_on: After that.
        bounds_on: To the close of which day interest of each period runs.
        kept_count: How many first ones are due on the day or before it.

    Example:
        See `microcrm_core.adjustments.date_plans`.
    """

    on: tuple[dt.date, ...]
    due_on: tuple[dt.date, ...]
    bounds_on: tuple[dt.date, ...]
    kept_count: int

    @classmethod
    def of(cls, state: LoanState) -> DueDates:
        """Return the due dates of a state."""
        dates = ScheduleDates.of(state.terms, state.conventions)
        return cls(
            on=dates.series_on,
            due_on=dates.due_on,
            bounds_on=dates.bounds_on[1:],
            kept_count=sum(on <= state.as_of for on in dates.due_on),
        )

    @property
    def has_to_come(self) -> bool:
        """Whether any is to come after the day."""
        return self.kept_count < len(self.on)

    def place_of(self, from_on: dt.date | None, as_of: dt.date) -> int | Reason:
        """Return the position of a due date to come.

        Args:
            from_on: The due date, or the business day to which it is moved; None: the
                first one to come.
            as_of: The day of the state.
        """
        if not self.has_to_come:
            last_on = self.due_on[-1]
            return Reason("adjust_no_due_date_to_come", {"last_due_on": last_on})
        if from_on is None:
            return self.kept_count
        dates = self.on if from_on in self.on else self.due_on
        if from_on not in dates:
            span = {"first_due_on": self.on[0], "last_due_on": self.on[-1]}
            return Reason("adjust_no_such_due_date", {"from_on": from_on, **span})
        place = dates.index(from_on)
        if place < self.kept_count:
            params: dict[str, FactValue] = {"from_on": from_on, "as_of": as_of}
            return Reason("adjust_due_already", params)
        return place


@attrs.frozen(kw_only=True)
class PlanStep:
    """A loan with what was planned on it so far.

    Attributes:
        account: The loan, with provisional events; nothing in it is unknown.
        as_of: The day on which all is planned.
        state: The state of that day.
        kind: The kind of request that is planned.
        changes: What was planned.
        notes: What else is to be known.
        next_at: When the next event is recorded provisionally.
        key: What the keys of provisional events begin with.

    Example:
        See `microcrm_core.adjustments.plan_steps`.
    """

    account: LoanAccount
    as_of: dt.date
    state: LoanState
    kind: AdjustmentKind
    changes: tuple[PlannedChange, ...] = ()
    notes: tuple[Reason, ...] = ()
    next_at: dt.datetime
    key: str

    @classmethod
    def of(
        cls,
        account: LoanAccount,
        as_of: dt.date,
        kind: AdjustmentKind,
        known_at: dt.datetime | None,
    ) -> PlanStep:
        """Return the loan with nothing planned yet.

        Raises:
            LedgerError: The events that are known contradict each other.
            ScheduleError: The terms, with their changes, allow no schedule.
        """
        known = account if known_at is None else account.as_known(known_at)
        latest_at = max((one.recorded_at for one in known.events), default=None)
        if latest_at is None:
            latest_at = dt.datetime.combine(as_of, dt.time(), tzinfo=dt.UTC)
        key = "plan"
        while any(one.idempotency_key.startswith(key) for one in known.events):
            key += "-"
        return cls(
            account=known,
            as_of=as_of,
            state=known.state(as_of),
            kind=kind,
            next_at=latest_at + _STEP,
            key=key,
        )

    def then(self, what: Happening, value_on: dt.date | None = None) -> Planned:
        """Return the step after something happened, or why the ledger refuses it.

        Args:
            what: What happens.
            value_on: The day on which it is true; None: the day of the plan.
        """
        on = self.as_of if value_on is None else value_on
        event = LedgerEvent.of(
            what,
            loan_id=self.account.loan_id,
            value_on=on,
            recorded_at=self.next_at,
            idempotency_key=f"{self.key}{len(self.changes)}",
        )
        try:
            account = self.account.with_events([event])
            state = account.state(self.as_of)
            DueDates.of(state)
        except InvalidValueError as error:
            if error.field == "type" and not self.is_exact:
                # The engine has no such event at all.
                arithmetic = self.account.conventions.arithmetic.value
                return self.refused("adjust_not_with_engine", arithmetic=arithmetic)
            return ledger_refusal(error)
        change = PlannedChange(what=what, value_on=on, kind=self.kind)
        return attrs.evolve(
            self,
            account=account,
            state=state,
            changes=(*self.changes, change),
            next_at=self.next_at + _STEP,
        )

    def noting(self, note: Reason) -> PlanStep:
        """Return the step with one more note; the same one is not noted twice."""
        if note in self.notes:
            return self
        return attrs.evolve(self, notes=(*self.notes, note))

    def absorbed(self, by: AbsorbedBy | None, since: PlanStep) -> PlanStep:
        """Return the step with who takes what the changes since another one cost."""
        count = len(since.changes)
        taken = [attrs.evolve(one, absorbed_by=by) for one in self.changes[count:]]
        return attrs.evolve(self, changes=(*self.changes[:count], *taken))

    def replanned(
        self,
        due_on: tuple[dt.date, ...],
        *,
        method: RepaymentMethod | None = None,
    ) -> Planned:
        """Return the step after all due dates to come were planned again.

        Args:
            due_on: All of them, the earlier ones among them that stay.
            method: How the rest is repaid; None: as before.
        """
        frequency = self.state.terms.frequency
        return self.then(Replanned(due_on=due_on, frequency=frequency, method=method))

    @property
    def is_exact(self) -> bool:
        """Whether the loan is kept by exact fractions."""
        return self.account.conventions.arithmetic is Arithmetic.EXACT

    @property
    def is_begun(self) -> bool:
        """Whether anything was paid out."""
        return self.state.status is not LoanStatus.APPROVED

    @property
    def first_planned(self) -> int:
        """Position of the first due date that is planned again; see `Replanned`."""
        return DueDates.of(self.state).kept_count if self.is_begun else 0

    def refused(self, code: str, **params: FactValue) -> Reason:
        """Return the reason why the request is refused; it tells the kind."""
        return Reason(code, {"kind": self.kind.value, **params})

    def rows_to_come(self, *kinds: RowKind) -> list[LoanStateRow]:
        """Return the rows of some kinds that are due after the day."""
        return [
            row
            for row in self.state.rows
            if row.due_on > self.as_of and row.kind in kinds
        ]


Planned: TypeAlias = PlanStep | Reason
"""A step, or the reason why there is none."""


def ledger_refusal(error: InvalidValueError) -> Reason:
    """Return what the ledger refuses as a reason.

    Example:
        >>> from microcrm_core.adjustments.plan_steps import ledger_refusal
        >>> from microcrm_core.errors import LedgerError
        >>> error = LedgerError("event-9", "count", "must be less", 7)
        >>> ledger_refusal(error).text("en")
        'the ledger refuses it: count must be less, got 7'
    """
    found: object = error.value
    is_plain = isinstance(found, int | str) or type(found) is dt.date
    value = cast("FactValue", found) if is_plain else str(found)
    params: dict[str, FactValue] = {"field": error.field, "rule": error.rule}
    return Reason("adjust_ledger_refuses", {**params, "value": value})
