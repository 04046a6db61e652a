"""Accepting a quote: exactly what was quoted, once, and not when the loan moved on."""

from __future__ import annotations

import datetime as dt
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import InvalidValueError, LedgerError, Rate
from microcrm_core.adjustments import (
    AdjustmentKind,
    AdjustmentQuote,
    AdjustmentRequest,
    AdjustmentRule,
    ChangeRate,
    ExtendTerm,
    PaymentHoliday,
    Prepay,
    ShiftDueDates,
    accept,
    quote_adjustment,
)
from microcrm_core.decisions import Decision
from microcrm_core.errors import MicrocrmError, StaleQuote, StaleQuoteError
from microcrm_core.ids import LoanId
from microcrm_core.ledger import (
    Charged,
    ChargeKind,
    Happening,
    LedgerEvent,
    LoanAccount,
    Repaid,
    Reversed,
    ledger_event_from_json,
    ledger_event_to_json,
)
from microcrm_core.loans import Portion
from tests.adjustments.quote_cases import (
    ANYTHING_GOES,
    at,
    day,
    event,
    lent_account,
    money,
    request_of,
)

ON = day(3, 20)
ACCEPTED_AT = at(ON, 13)
ACCOUNT = lent_account(paid_count=2)
QUOTE = quote_adjustment(ACCOUNT, [ShiftDueDates(5), ExtendTerm(2)], ANYTHING_GOES, ON)
FEE = Charged(
    kind=ChargeKind.FEE, portion=Portion.of_amount(money("5.00")), due_on=day(4, 1)
)


def accepted(
    account: LoanAccount = ACCOUNT,
    *,
    quote: Decision[AdjustmentQuote] = QUOTE,
    recorded_at: dt.datetime = ACCEPTED_AT,
    key: str = "request-1",
    approved_by: str | None = None,
) -> Any:
    return accept(
        quote,
        account,
        recorded_at=recorded_at,
        idempotency_key=key,
        approved_by=approved_by,
    )


def test_events_are_recorded_in_the_order_of_the_requests() -> None:
    found = accepted()

    assert [one.what for one in found.events] == [
        change.what for change in QUOTE.outcome.changes
    ]
    assert [one.recorded_at for one in found.events] == [
        at(ON, 13) + dt.timedelta(microseconds=number)
        for number in range(len(found.events))
    ]
    assert [one.idempotency_key for one in found.events] == [
        f"request-1/{number}" for number in range(1, len(found.events) + 1)
    ]
    assert {one.value_on for one in found.events} == {ON}


def test_accept_then_replay_is_the_quote() -> None:
    found = accepted()
    assert found.account.state(ON) == found.state == QUOTE.outcome.after
    # Also where the log is kept as text, in any order.
    kept = [ledger_event_from_json(ledger_event_to_json(one)) for one in found.events]
    again = attrs.evolve(ACCOUNT, events=[*kept[::-1], *ACCOUNT.events])
    assert again.state(ON) == QUOTE.outcome.after
    assert again.digest == found.account.digest


def test_accepting_twice_with_one_key_gives_the_same_events() -> None:
    first = accepted()

    again = accepted(first.account)
    later = accepted(first.account, recorded_at=at(ON, 15))
    lost = accepted()

    assert again == later == first
    assert lost.events == first.events
    # Also when more has happened since.
    paid = event(Repaid(amount=money("50.00")), day(3, 22), "more")
    more = accepted(first.account.with_events([paid]))
    assert more.events == first.events
    assert paid in more.account.events


def test_accepting_with_another_key_is_stale() -> None:
    first = accepted()
    with pytest.raises(StaleQuoteError) as caught:
        accepted(first.account, key="request-2")
    assert caught.value.why is StaleQuote.OTHER_EVENTS


def test_two_acceptances_of_one_log_are_never_both_counted() -> None:
    other = quote_adjustment(ACCOUNT, PaymentHoliday(count=1), ANYTHING_GOES, ON)
    here, there = accepted(), accepted(quote=other, key="request-2")
    merged = here.account.with_events(there.events)
    with pytest.raises(LedgerError):
        merged.state(ON)


@pytest.mark.parametrize("what", [Repaid(amount=money("10.00")), FEE])
@pytest.mark.parametrize("value_on", [day(3, 18), ON, day(3, 21)])
def test_any_event_in_between_makes_a_quote_stale(
    what: Happening, value_on: dt.date
) -> None:
    since = ACCOUNT.with_events([event(what, value_on, "since")])
    with pytest.raises(StaleQuoteError, match="must rest on the log as it is") as found:
        accepted(since)
    error = found.value
    assert isinstance(error, MicrocrmError)
    assert isinstance(error, RuntimeError)
    assert (error.code, error.why) == ("stale_quote", StaleQuote.OTHER_EVENTS)
    assert (error.found, error.quoted) == (since.digest, ACCOUNT.digest)


def test_other_terms_conventions_or_policies_make_a_quote_stale_too() -> None:
    terms = attrs.evolve(ACCOUNT.terms, nominal_rate=Rate.per_year("0.25"))
    with pytest.raises(StaleQuoteError):
        accepted(attrs.evolve(ACCOUNT, terms=terms))


def test_a_quote_holds_up_to_its_last_day_and_no_longer() -> None:
    # Fourteen days after 20 March.
    assert QUOTE.outcome.valid_until == day(4, 3)
    accepted(recorded_at=at(day(4, 3), 23))
    with pytest.raises(StaleQuoteError, match="accepted by 2025-04-03") as caught:
        accepted(recorded_at=at(day(4, 4), 0))
    assert caught.value.why is StaleQuote.VALIDITY_OVER


def test_the_day_of_acceptance_is_that_of_its_own_zone() -> None:
    shanghai = dt.timezone(dt.timedelta(hours=8))
    late = dt.datetime(2025, 4, 4, 7, tzinfo=shanghai)
    assert late < at(day(4, 4), 0)
    with pytest.raises(StaleQuoteError):
        accepted(recorded_at=late)


def test_a_quote_is_not_accepted_before_its_day() -> None:
    with pytest.raises(InvalidValueError, match="from 2025-03-20 on") as caught:
        accepted(recorded_at=at(day(3, 19), 23))
    assert caught.value.field == "recorded_at"
    accepted(recorded_at=at(ON, 13))
    # The day is that of the lender, also where it has not begun in Greenwich.
    shanghai = dt.timezone(dt.timedelta(hours=8))
    accepted(recorded_at=dt.datetime(2025, 3, 20, 7, tzinfo=shanghai))


def test_an_acceptance_that_was_taken_back_is_not_repeated() -> None:
    first = accepted()
    last = first.events[-1]
    undone = first.account.with_events([event(Reversed(last.id), day(3, 21), "undo")])
    assert undone.state(day(3, 21)) != first.account.state(day(3, 21))
    with pytest.raises(StaleQuoteError) as caught:
        accepted(undone)
    assert caught.value.why is StaleQuote.OTHER_EVENTS


def test_a_second_acceptance_elsewhere_has_the_same_ids_and_its_own_moment() -> None:
    first, later = accepted(), accepted(recorded_at=at(ON, 15))
    assert [one.id for one in later.events] == [one.id for one in first.events]
    assert later.events[0].recorded_at == at(ON, 15)
    assert later.state == first.state
    # With the account that has them, the moment is the first one.
    assert accepted(first.account, recorded_at=at(ON, 15)).events == first.events


@pytest.mark.parametrize("quoted_on", [day(4, 1), day(4, 10), day(4, 14), day(4, 15)])
def test_the_last_day_of_a_quote_is_the_last_on_which_it_is_accepted(
    quoted_on: dt.date,
) -> None:
    quote = quote_adjustment(ACCOUNT, ExtendTerm(2), ANYTHING_GOES, quoted_on)
    # Due on 15 April; on the day itself the next one is in May, and 14 days hold.
    last_on = quote.outcome.valid_until
    assert last_on == (day(4, 29) if quoted_on == day(4, 15) else day(4, 14))
    accepted(quote=quote, recorded_at=at(last_on, 23))
    with pytest.raises(StaleQuoteError):
        accepted(quote=quote, recorded_at=at(last_on + dt.timedelta(days=1), 0))


def test_an_installment_that_fell_due_since_makes_a_quote_stale() -> None:
    quote = quote_adjustment(ACCOUNT, ExtendTerm(2), ANYTHING_GOES, day(4, 10))
    accepted(quote=quote, recorded_at=at(day(4, 14)))
    with pytest.raises(StaleQuoteError, match="before 2025-04-15") as caught:
        accepted(quote=quote, recorded_at=at(day(4, 15)))
    assert caught.value.why is StaleQuote.INSTALLMENT_DUE
    assert caught.value.quoted == "2025-04-15"


def test_events_must_come_after_all_that_the_log_has_on_their_day() -> None:
    account = ACCOUNT.with_events([event(Repaid(amount=money("9.00")), ON, "same day")])
    quote = quote_adjustment(account, ExtendTerm(2), ANYTHING_GOES, ON)

    for early in (at(ON, 11), at(ON, 12)):
        with pytest.raises(InvalidValueError, match="recorded_at must be after"):
            accepted(account, quote=quote, recorded_at=early)
    just = at(ON, 12) + dt.timedelta(microseconds=1)
    found = accepted(account, quote=quote, recorded_at=just)
    assert found.state == quote.outcome.after


def test_a_rate_that_begins_later_is_accepted_for_its_own_day() -> None:
    quote = quote_adjustment(
        ACCOUNT, ChangeRate(Rate.per_year("0.12"), day(5, 1)), ANYTHING_GOES, ON
    )
    found = accepted(quote=quote)
    assert [one.value_on for one in found.events] == [day(5, 1)]
    assert found.state == quote.outcome.after


def test_what_was_refused_cannot_be_accepted() -> None:
    policy = attrs.evolve(ANYTHING_GOES, rules={})
    quote = quote_adjustment(ACCOUNT, ExtendTerm(2), policy, ON)
    with pytest.raises(InvalidValueError, match="adjust_not_offered") as caught:
        accepted(quote=quote, approved_by="clerk-3")
    assert caught.value.field == "quote"
    assert caught.value.hint == quote.explain()[0]


def test_what_needs_approval_is_accepted_with_one() -> None:
    rules = {AdjustmentKind.EXTEND_TERM: AdjustmentRule(needs_approval=True)}
    policy = attrs.evolve(ANYTHING_GOES, rules=rules)
    quote = quote_adjustment(ACCOUNT, ExtendTerm(2), policy, ON)

    with pytest.raises(InvalidValueError, match="approved_by must be given"):
        accepted(quote=quote)
    assert accepted(quote=quote, approved_by="clerk-3").approved_by == "clerk-3"


def test_the_account_must_be_that_of_the_quoted_loan() -> None:
    other = attrs.evolve(ACCOUNT, loan_id=LoanId("loan-9"), events=[])
    with pytest.raises(InvalidValueError, match="account must be that of"):
        accepted(other)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("quote", QUOTE.outcome),
        ("account", ACCOUNT.terms),
        ("recorded_at", ON),
        ("recorded_at", dt.datetime(2025, 3, 20, 13)),  # noqa: DTZ001  # no zone
        ("idempotency_key", ""),
        ("approved_by", " "),
    ],
)
def test_an_argument_of_another_kind_is_refused_by_name(
    name: str, wrong: object
) -> None:
    arguments: dict[str, Any] = {
        "quote": QUOTE,
        "account": ACCOUNT,
        "recorded_at": at(ON, 13),
        "idempotency_key": "k",
    }
    with pytest.raises(InvalidValueError, match=name):
        accept(**(arguments | {name: wrong}))


def test_a_renewal_makes_the_new_loan_and_the_same_one_again() -> None:
    quote = quote_adjustment(
        ACCOUNT, request_of(AdjustmentKind.RENEW, ON), ANYTHING_GOES, ON
    )
    first = accepted(quote=quote)
    again = accepted(first.account, quote=quote, recorded_at=at(ON, 18))

    assert first.new_account is not None
    assert again.new_account == first.new_account
    assert first.new_account.loan_id == LoanId("loan-8")
    assert first.state.outstanding.total.is_zero
    assert first.state.status.value == "closed"


def test_a_payment_in_a_quote_is_recorded_as_a_repayment() -> None:
    quote = quote_adjustment(ACCOUNT, Prepay(money("50.00")), ANYTHING_GOES, ON)
    found = accepted(quote=quote)
    assert found.events[0].what == Repaid(amount=money("50.00"))
    assert found.concession is None


@given(moved=st.integers(1, 10), added=st.integers(1, 4), hour=st.integers(12, 23))
def test_the_moment_of_acceptance_changes_no_amount(
    moved: int, added: int, hour: int
) -> None:
    asked: list[AdjustmentRequest] = [ExtendTerm(added), ShiftDueDates(moved)]
    quote = quote_adjustment(ACCOUNT, asked, ANYTHING_GOES, ON)
    found = accepted(quote=quote, recorded_at=at(ON, hour))
    assert found.state == quote.outcome.after
    assert all(isinstance(one, LedgerEvent) for one in found.events)
