"""What holds for every loan, every policy and every log."""

from __future__ import annotations

import datetime as dt
import random

import attrs
import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from microcrm_core import STRICT
from microcrm_core.errors import InvalidValueError
from microcrm_core.ledger import (
    Bucket,
    Disbursed,
    InterestPaused,
    LedgerEvent,
    RateChanged,
    Renewed,
    Repaid,
)
from microcrm_core.ledger.loan_states import LoanState, LoanStatus
from microcrm_core.loans import FINERACT, FINERACT_CUMULATIVE
from tests.ledger.ledger_cases import (
    LENT_ON,
    Scene,
    happenings,
    in_log,
    reversal,
    scenes,
    told,
)

DAYS = st.integers(0, 320).map(lambda days: LENT_ON + dt.timedelta(days=days))
# Each example replays a loan several times.
FEW = min(settings().max_examples, 40)
LATE = LENT_ON + dt.timedelta(days=500)
RULES = pytest.mark.parametrize(
    "rules", [STRICT, FINERACT, FINERACT_CUMULATIVE], ids=lambda one: str(one.id)
)


def drawn(data: st.DataObject, rules: object) -> Scene:
    return data.draw(scenes(conventions=(rules,)))


def state_of(scene: Scene, as_of: dt.date) -> LoanState:
    """Return the state; drop the example if the log contradicts itself."""
    try:
        return scene.state(as_of)
    except InvalidValueError as error:
        event(f"{type(error).__name__} {error.field}")
        assume(False)
        raise


@RULES
@settings(max_examples=FEW)
@given(data=st.data())
def test_nothing_is_paid_or_waived_that_was_not_charged(
    data: st.DataObject, rules: object
) -> None:
    state = state_of(drawn(data, rules), data.draw(DAYS))

    for row in state.rows:
        for bucket in Bucket:
            assert row.open_in(bucket) >= 0
            assert row.paid[bucket] >= 0
            assert row.waived[bucket] >= 0


@RULES
@settings(max_examples=FEW)
@given(data=st.data())
def test_what_came_in_is_what_rows_got_and_what_is_credit(
    data: st.DataObject, rules: object
) -> None:
    scene = drawn(data, rules)
    state = state_of(scene, data.draw(DAYS))
    whats = {event.id: event.what for event in scene.log}

    got_minor = 0
    for posting in state.postings:
        parts_minor = sum(amount_minor for _, _, amount_minor, _ in posting.parts)
        got_minor += parts_minor
        if isinstance(whats.get(posting.event_id), Repaid | Renewed | None):
            assert posting.amount_minor == parts_minor + posting.credit_minor
    assert got_minor == sum(row.paid_minor for row in state.rows)
    assert state.credit_minor == sum(one.credit_minor for one in state.postings)
    assert state.credit_minor >= 0


@RULES
@settings(max_examples=FEW)
@given(data=st.data())
def test_rows_ask_for_the_principal_that_was_lent(
    data: st.DataObject, rules: object
) -> None:
    state = state_of(drawn(data, rules), data.draw(DAYS))
    assume(state.status is not LoanStatus.APPROVED)

    asked_minor = sum(row.principal_minor - row.credited_minor for row in state.rows)
    assert asked_minor == sum(amount for _, amount in state.disbursements)


@RULES
@settings(max_examples=FEW)
@given(data=st.data())
def test_a_payoff_quote_paid_on_its_day_closes_the_loan_at_zero(
    data: st.DataObject, rules: object
) -> None:
    scene, as_of = drawn(data, rules), data.draw(DAYS)
    state = state_of(scene, as_of)
    assume(state.status is LoanStatus.ACTIVE)
    quote = state.payoff.total

    paid = in_log(Repaid(amount=quote), as_of, 999)
    closed = scene.state(as_of, log=[*scene.log, paid])

    assert closed.outstanding.total.minor == 0
    assert closed.credit.minor == 0
    assert closed.status is LoanStatus.CLOSED
    # It stays closed, however long one waits.
    late = scene.state(LATE, log=[*_until(scene, as_of), paid])
    assert late.status is LoanStatus.CLOSED


def _until(scene: Scene, as_of: dt.date) -> list[LedgerEvent]:
    to_come = (RateChanged, InterestPaused)
    return [
        one
        for one in scene.log
        if one.value_on <= as_of or isinstance(one.what, to_come)
    ]


@RULES
@settings(max_examples=FEW)
@given(data=st.data())
def test_the_order_of_arrival_never_matters(data: st.DataObject, rules: object) -> None:
    scene, as_of = drawn(data, rules), data.draw(DAYS)
    log = list(scene.log)
    random.Random(data.draw(st.integers(0, 99))).shuffle(log)
    log += data.draw(st.lists(st.sampled_from(scene.log), max_size=2))

    assert scene.outcome(as_of, log=log) == scene.outcome(as_of)


@RULES
@settings(max_examples=FEW)
@given(data=st.data())
def test_an_event_and_its_reversal_are_as_if_nothing_had_been(
    data: st.DataObject, rules: object
) -> None:
    scene, as_of = drawn(data, rules), data.draw(DAYS)
    extra = in_log(data.draw(happenings()), data.draw(DAYS), 200)
    undone = reversal(extra.id, data.draw(DAYS), 201)
    assume(undone.value_on <= as_of)

    found = scene.outcome(as_of, log=[*scene.log, extra, undone])

    assert found == scene.outcome(as_of)


@RULES
@settings(max_examples=FEW)
@given(data=st.data())
def test_what_is_learned_later_does_not_change_what_was_known(
    data: st.DataObject, rules: object
) -> None:
    scene, as_of = drawn(data, rules), data.draw(DAYS)
    known_at = data.draw(st.sampled_from(scene.log)).recorded_at
    known = [one for one in scene.log if one.recorded_at <= known_at]

    found = scene.outcome(as_of, known_at=known_at)

    assert found == scene.outcome(as_of, log=known)


@RULES
@settings(max_examples=FEW)
@given(data=st.data())
def test_going_on_from_a_checkpoint_gives_the_same_state(
    data: st.DataObject, rules: object
) -> None:
    scene, as_of = drawn(data, rules), data.draw(DAYS)
    earlier = data.draw(DAYS)
    log = data.draw(st.lists(st.sampled_from(scene.log), unique=True))
    try:
        checkpoint = scene.checkpoint(earlier, log=log)
    except InvalidValueError:
        assume(False)
        raise

    found = scene.outcome(as_of, checkpoint=checkpoint)

    assert found == scene.outcome(as_of)
    # A checkpoint is a value: going on from it twice is the same.
    assert scene.outcome(as_of, checkpoint=checkpoint) == found


@RULES
@settings(max_examples=FEW)
@given(data=st.data())
def test_a_state_is_equal_to_itself_made_anew(
    data: st.DataObject, rules: object
) -> None:
    scene, as_of = drawn(data, rules), data.draw(DAYS)
    state = state_of(scene, as_of)

    assert state == scene.state(as_of)
    assert told(state) == told(scene.state(as_of))
    later = attrs.evolve(state, credit_minor=state.credit_minor + 1)
    assert state != later


@given(data=st.data())
def test_before_money_is_paid_out_nothing_is_owed(data: st.DataObject) -> None:
    scene = data.draw(scenes())
    log = [one for one in scene.log if not isinstance(one.what, Disbursed)]

    state = scene.state(LENT_ON - dt.timedelta(days=1), log=log)

    assert state.status is LoanStatus.APPROVED
    assert state.outstanding.total.minor == 0
    assert sum(row.principal_minor for row in state.rows) == (
        scene.terms.principal.minor
    )
