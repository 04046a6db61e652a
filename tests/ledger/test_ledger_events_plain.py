"""Ledger events in the common envelope, and back: strict."""

from __future__ import annotations

import datetime as dt
import json
from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microcrm_core import Currency, Frequency, LedgerError, Money, PolicyError, Rate
from microcrm_core.errors import InvalidValueError
from microcrm_core.events import Event
from microcrm_core.ids import EventId, LoanId
from microcrm_core.ledger import (
    ArrearsCapitalized,
    ChargeBase,
    Charged,
    ChargedBack,
    ChargedOff,
    ChargeKind,
    ChargeWaived,
    CreditRefunded,
    DelinquencyPaused,
    DelinquencyResumed,
    Disbursed,
    DueDateChanged,
    Happening,
    HolidayGranted,
    IncomeCapitalized,
    InterestPaused,
    LedgerEvent,
    RateChanged,
    ReAged,
    ReAgedInterest,
    ReAmortized,
    Renewed,
    Repaid,
    RepaymentKind,
    Replanned,
    Reversed,
    TermChanged,
    Terminated,
    WrittenOff,
)
from microcrm_core.ledger.happenings import HAPPENINGS
from microcrm_core.ledger.ledger_events_plain import (
    happening_from_plain,
    happening_to_plain,
    ledger_event_from_event,
    ledger_event_from_json,
    ledger_event_to_event,
    ledger_event_to_json,
)
from microcrm_core.loans import (
    Bullet,
    CustomInstallments,
    CustomPrincipal,
    EqualInstallments,
    Graduated,
    Portion,
    Weighted,
)

EUR = Currency.of("EUR")
POINTS = Currency.custom("POINTS", 0)

AMOUNTS = st.builds(
    Money, st.integers(1, 10**30), st.sampled_from((EUR, POINTS, Currency.of("JPY")))
)
DAYS = st.dates()
IDS = st.text("abc-123", min_size=1, max_size=12)
SHARES = st.fractions(min_value=Fraction(1, 900), max_value=1, max_denominator=900)
RATES = st.fractions(min_value=0, max_value=9, max_denominator=10**6).map(Rate)
DRAWN: dict[type[Happening], st.SearchStrategy[Happening]] = {
    Disbursed: st.builds(
        Disbursed, amount=AMOUNTS, is_down_payment_taken=st.booleans()
    ),
    Repaid: st.builds(Repaid, amount=AMOUNTS, kind=st.sampled_from(RepaymentKind)),
    Charged: st.builds(
        Charged,
        kind=st.sampled_from(ChargeKind),
        portion=AMOUNTS.map(Portion.of_amount) | SHARES.map(Portion.of_share),
        due_on=st.none() | DAYS,
        base=st.sampled_from(ChargeBase),
    ),
    ChargeWaived: st.builds(ChargeWaived, IDS),
    RateChanged: st.builds(RateChanged, RATES),
    DueDateChanged: st.builds(DueDateChanged, DAYS, DAYS),
    HolidayGranted: st.builds(HolidayGranted, DAYS, st.integers(1, 12)),
    InterestPaused: st.builds(InterestPaused, DAYS),
    TermChanged: st.builds(TermChanged, st.integers(-60, 60).filter(bool)),
    Replanned: st.builds(
        Replanned,
        due_on=st.lists(DAYS, min_size=1, max_size=12, unique=True).map(
            lambda days: tuple(sorted(days))
        ),
        frequency=st.sampled_from(
            (Frequency.WEEKLY, Frequency.of("P10D"), Frequency.SEMIMONTHLY)
        ),
        method=st.none()
        | st.sampled_from((EqualInstallments(), Bullet(is_compounded=True)))
        | st.lists(SHARES, min_size=1, max_size=6).map(lambda w: Weighted(tuple(w)))
        | st.builds(Graduated, step_share=SHARES, step_count=st.integers(1, 9))
        | st.lists(AMOUNTS, max_size=6).map(lambda all_: CustomPrincipal(tuple(all_)))
        | st.lists(AMOUNTS, max_size=6).map(
            lambda all_: CustomInstallments(tuple(all_))
        ),
    ),
    ReAged: st.builds(
        ReAged,
        start_on=DAYS,
        frequency=st.sampled_from(
            (Frequency.MONTHLY, Frequency.of("P10D"), Frequency.SEMIMONTHLY)
        ),
        installment_count=st.integers(1, 60),
        interest=st.sampled_from(ReAgedInterest),
    ),
    ReAmortized: st.builds(ReAmortized, st.sampled_from(ReAgedInterest)),
    ArrearsCapitalized: st.just(ArrearsCapitalized()),
    CreditRefunded: st.builds(CreditRefunded, AMOUNTS),
    ChargedBack: st.builds(ChargedBack, IDS, AMOUNTS),
    WrittenOff: st.just(WrittenOff()),
    ChargedOff: st.just(ChargedOff()),
    Terminated: st.just(Terminated()),
    IncomeCapitalized: st.builds(IncomeCapitalized, AMOUNTS),
    DelinquencyPaused: st.builds(DelinquencyPaused, DAYS),
    DelinquencyResumed: st.just(DelinquencyResumed()),
    Renewed: st.builds(Renewed, IDS, AMOUNTS),
    Reversed: st.builds(Reversed, IDS),
}
WHATS = st.one_of([*DRAWN.values()])


def made(what: Happening, key: str = "k") -> LedgerEvent:
    return LedgerEvent.of(
        what,
        loan_id=LoanId("loan-1"),
        value_on=dt.date(2025, 1, 31),
        recorded_at=dt.datetime(2025, 2, 3, 9, 30, tzinfo=dt.UTC),
        idempotency_key=key,
    )


PAID = made(Repaid(amount=Money(500, EUR)))


@given(what=WHATS, key=IDS)
def test_an_event_comes_back_from_the_envelope_and_from_json(
    what: Happening, key: str
) -> None:
    event = made(what, key)

    assert ledger_event_from_event(ledger_event_to_event(event)) == event
    assert ledger_event_from_json(ledger_event_to_json(event)) == event


@settings(max_examples=5)
@given(whats=st.tuples(*DRAWN.values()))
def test_the_laws_draw_every_kind_of_happening(whats: tuple[Happening, ...]) -> None:
    assert set(DRAWN) == set(HAPPENINGS.values())
    assert [type(what) for what in whats] == [*DRAWN]


@given(what=WHATS)
def test_every_field_is_written(what: Happening) -> None:
    plain = happening_to_plain(what)

    assert list(plain) == [field.name for field in attrs.fields(type(what))]
    assert json.loads(json.dumps(plain)) == plain


def test_the_envelope_has_the_same_id_as_one_that_is_made_from_the_request() -> None:
    event = ledger_event_to_event(PAID)

    assert event == Event.of(
        type="loan.repaid",
        stream_id="loan-1",
        value_on=PAID.value_on,
        recorded_at=PAID.recorded_at,
        idempotency_key="k",
        payload={"amount": {"currency": "EUR", "minor": 500}, "kind": "repayment"},
    )


def test_fields_with_a_default_may_be_left_out() -> None:
    plain = {"amount": {"currency": "EUR", "minor": 500}}

    assert happening_from_plain("loan.repaid", plain) == PAID.what


BAD_PAYLOADS: list[tuple[str, dict[str, Any], str]] = [
    ("loan.repaid", {}, "payload.amount must be given"),
    (
        "loan.repaid",
        {"amount": {"currency": "EUR", "minor": 500}, "note": "x"},
        "payload must only have the keys amount, kind, got 'note'",
    ),
    (
        "loan.repaid",
        {"amount": {"currency": "EUR", "minor": -500}},
        "payload.amount must be a Money above zero",
    ),
    (
        "loan.repaid",
        {"amount": {"currency": "EUR", "minor": "500"}},
        "payload.amount.minor must be a whole number",
    ),
    (
        "loan.repaid",
        {"amount": {"currency": "EUR", "minor": 500}, "kind": "gift"},
        "payload.kind must be one of",
    ),
    ("loan.charge_waived", {"charge_id": " "}, "payload.charge_id must be text"),
    ("loan.rate_changed", {"nominal_rate": 1}, "payload.nominal_rate must be exact"),
    (
        "loan.due_date_changed",
        {"from_on": "2025-02-30", "to_on": "2025-03-01"},
        "payload.from_on must be",
    ),
    ("loan.term_changed", {"added_count": 0}, "payload.added_count must not be zero"),
    ("loan.term_changed", {"added_count": True}, "payload.added_count must be a whole"),
    (
        "loan.replanned",
        {"due_on": ["2025-03-01", "2025-03-32"], "frequency": "weekly"},
        "payload.due_on[1] must be",
    ),
    (
        "loan.replanned",
        {"due_on": "2025-03-01", "frequency": "weekly"},
        "payload.due_on must be",
    ),
    (
        "loan.replanned",
        {"due_on": [], "frequency": "weekly"},
        "payload.due_on must have 1 date or more",
    ),
    (
        "loan.replanned",
        {"due_on": ["2025-03-01", "2025-03-01"], "frequency": "weekly"},
        "payload.due_on must come after 2025-03-01",
    ),
    (
        "loan.replanned",
        {"due_on": ["2025-03-01"], "frequency": "lunar"},
        "payload.frequency must be",
    ),
    (
        "loan.replanned",
        {"due_on": ["2025-03-01"], "frequency": "weekly", "method": {"kind": "gift"}},
        "payload.method.kind must be one of",
    ),
    (
        "loan.charged",
        {"kind": "fee", "portion": {"share": "0.1", "amount": None}},
        "payload.portion must be a share or an amount",
    ),
    ("loan.charged", {"kind": "fee", "portion": {"share": "0"}}, "payload.portion"),
    ("loan.written_off", {"why": "lost"}, "payload must only have the keys"),
]


@pytest.mark.parametrize(("type_", "payload", "text"), BAD_PAYLOADS)
def test_a_payload_of_another_shape_is_refused_with_the_path_to_its_fault(
    type_: str, payload: dict[str, Any], text: str
) -> None:
    with pytest.raises(PolicyError) as plain_error:
        happening_from_plain(type_, payload)
    assert str(plain_error.value).startswith(text)

    event = attrs.evolve(ledger_event_to_event(PAID), type=type_, payload=payload)
    with pytest.raises(LedgerError) as found:
        ledger_event_from_event(event)
    assert found.value.event_id == PAID.id
    assert found.value.field == plain_error.value.field


def test_an_unknown_type_is_refused_by_name() -> None:
    event = attrs.evolve(ledger_event_to_event(PAID), type="loan.forgiven")

    with pytest.raises(
        LedgerError, match=r"type must be one of .* got 'loan.forgiven'"
    ):
        ledger_event_from_event(event)


@pytest.mark.parametrize("version", [2, 9])
@pytest.mark.parametrize("type_", list(HAPPENINGS))
def test_an_unknown_version_is_refused_by_name(type_: str, version: int) -> None:
    event = attrs.evolve(
        ledger_event_to_event(PAID), type=type_, schema_version=version
    )

    with pytest.raises(LedgerError) as found:
        ledger_event_from_event(event)
    assert found.value.field == "schema_version"
    assert found.value.rule == f"must be 1 for {type_}"


def test_an_unknown_field_of_the_envelope_is_refused() -> None:
    parts = json.loads(ledger_event_to_json(PAID)) | {"note": "x"}

    with pytest.raises(InvalidValueError, match="must have no unknown field"):
        ledger_event_from_json(json.dumps(parts))


def test_json_of_something_else_is_refused() -> None:
    for text in ("[]", "{}", "no json", '{"id": 1.5}'):
        with pytest.raises(InvalidValueError):
            ledger_event_from_json(text)


def test_ids_are_kept_as_they_are() -> None:
    event = attrs.evolve(PAID, id=EventId("from-the-old-system-7"))

    assert ledger_event_from_json(ledger_event_to_json(event)).id == event.id
