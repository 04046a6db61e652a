"""A ledger that lives: events arrive in any order, are undone, and are asked about.

The machine keeps every answer that it got. At each step it asks again, with the moment
at which the answer was given: what was known then must not have changed.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from microcrm_core import STRICT
from microcrm_core.errors import InvalidValueError
from microcrm_core.ids import EventId
from microcrm_core.ledger import (
    Bucket,
    Disbursed,
    Happening,
    LedgerEvent,
    LedgerPolicy,
    Renewed,
    Repaid,
)
from microcrm_core.ledger.checkpoints import Checkpoint
from microcrm_core.ledger.loan_states import LoanState, LoanStatus
from tests.ledger.ledger_cases import (
    LENT_ON,
    Outcome,
    Scene,
    at_minute,
    happenings,
    in_log,
    loans,
    policies,
    reversal,
)

DAYS: Final = st.integers(0, 250).map(lambda days: LENT_ON + dt.timedelta(days=days))
LAST: Final = LENT_ON + dt.timedelta(days=250)


class LedgerMachine(RuleBasedStateMachine):
    """One loan, from its disbursement on."""

    ids: Bundle[EventId] = Bundle("ids")

    def __init__(self) -> None:
        super().__init__()
        self.log: list[LedgerEvent] = []
        self.answers: list[tuple[dt.date, dt.datetime, Outcome]] = []
        self.checkpoints: list[Checkpoint] = []
        self.scene: Scene
        self.minute = 0

    @initialize(data=st.data(), policy=policies())
    def lend(self, data: st.DataObject, policy: LedgerPolicy) -> None:
        """Pay the loan out."""
        terms = data.draw(loans())
        self.scene = Scene(terms=terms, conventions=STRICT, policy=policy)
        self.log = [in_log(Disbursed(amount=terms.principal), LENT_ON, 0)]

    def moment(self) -> int:
        """Return the minute of the next thing that is learned."""
        self.minute += 1
        return self.minute

    @rule(target=ids, what=happenings(), on=DAYS)
    def happens(self, what: Happening, on: dt.date) -> EventId:
        """Learn of an event of any day."""
        event = in_log(what, on, self.moment())
        # In front, so that the order of arrival is not that of recording.
        self.log.insert(0, event)
        return event.id

    @rule(event_id=ids, on=DAYS)
    def is_reversed(self, event_id: EventId, on: dt.date) -> None:
        """Learn that an event never was, unless that is known."""
        undone = reversal(event_id, on, self.moment())
        known = {getattr(event.what, "event_id", None) for event in self.log}
        if event_id not in known:
            self.log.insert(0, undone)

    @precondition(lambda self: len(self.log) > 1)
    @rule(data=st.data())
    def is_delivered_again(self, data: st.DataObject) -> None:
        """Get an event that is known once more."""
        self.log.append(data.draw(st.sampled_from(self.log)))

    @rule(as_of=DAYS)
    def is_asked(self, as_of: dt.date) -> None:
        """Keep what is known now of a day."""
        answer = self.scene.outcome(as_of, log=self.log)
        self.answers.append((as_of, at_minute(self.minute), answer))

    @rule(as_of=DAYS)
    def is_kept(self, as_of: dt.date) -> None:
        """Keep a checkpoint, where the log makes sense."""
        try:
            self.checkpoints.append(self.scene.checkpoint(as_of, log=self.log))
        except InvalidValueError:
            return

    @rule(as_of=DAYS)
    def goes_on_from_checkpoints(self, as_of: dt.date) -> None:
        """Get the same state from every checkpoint as from the start."""
        whole = self.scene.outcome(as_of, log=self.log)
        for checkpoint in self.checkpoints[-3:]:
            found = self.scene.outcome(as_of, log=self.log, checkpoint=checkpoint)
            assert found == whole

    @rule(as_of=DAYS)
    def is_paid_off(self, as_of: dt.date) -> None:
        """Close at zero, if the quote of a day is paid on it."""
        state = self.state(as_of)
        if state is None or state.status is not LoanStatus.ACTIVE:
            return
        paid = in_log(Repaid(amount=state.payoff.total), as_of, self.minute + 900)
        closed = self.scene.state(as_of, log=[*self.log, paid])
        assert closed.status is LoanStatus.CLOSED
        assert closed.credit.minor == 0

    def state(self, as_of: dt.date) -> LoanState | None:
        """Return the state; None: the log contradicts itself."""
        try:
            return self.scene.state(as_of, log=self.log)
        except InvalidValueError:
            return None

    @invariant()
    def what_was_answered_stays_answered(self) -> None:
        """Ask again for what was known before."""
        for as_of, known_at, answer in self.answers[-4:]:
            found = self.scene.outcome(as_of, log=self.log, known_at=known_at)
            assert found == answer

    @invariant()
    def arrival_does_not_matter(self) -> None:
        """Read the log backward."""
        found = self.scene.outcome(LAST, log=self.log[::-1]) if self.log else None
        assert found == (self.scene.outcome(LAST, log=self.log) if self.log else None)

    @invariant()
    def money_is_neither_lost_nor_made(self) -> None:
        """Add up where all of it went."""
        state = self.state(LAST) if self.log else None
        if state is None:
            return
        whats = {event.id: event.what for event in self.log}
        got_minor = 0
        for posting in state.postings:
            parts_minor = sum(amount_minor for *_, amount_minor, _ in posting.parts)
            got_minor += parts_minor
            what = whats.get(posting.event_id)
            is_paid = what is None or isinstance(what, Repaid | Renewed)
            if is_paid and not posting.is_reversed:
                assert posting.amount_minor == parts_minor + posting.credit_minor
        assert got_minor == sum(row.paid_minor for row in state.rows)
        assert state.credit_minor == sum(one.credit_minor for one in state.postings)
        for row in state.rows:
            assert min(row.open_in(bucket) for bucket in Bucket) >= 0


LedgerMachine.TestCase.settings = settings(
    max_examples=min(settings().max_examples, 25), stateful_step_count=12
)
test_a_ledger_that_lives_keeps_every_law = LedgerMachine.TestCase
