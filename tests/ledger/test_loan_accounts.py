"""A loan as it is kept: one value for every question about it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import InvalidValueError, LedgerError, MicrocrmError, Money, Rate
from microcrm_core.ids import LoanId
from microcrm_core.ledger import (
    PLAIN_LEDGER,
    RECALCULATING_LEDGER,
    Charged,
    ChargeKind,
    LedgerEvent,
    LoanAccount,
    RateChanged,
    Repaid,
    Reversed,
    TermChanged,
    replay,
    replay_arrears,
)
from microcrm_core.loans import STRICT, STRICT_30_360, Portion
from tests.ledger.exact_cases import EUR, TERMS, at, day, disbursed, money, paid

LENT = disbursed()
FIRST = paid(day(2, 15), "346.57")
LATE = paid(day(4, 2), "100.00", "late")
FINE = at(
    day(3, 20),
    Charged(
        kind=ChargeKind.PENALTY,
        portion=Portion.of_amount(money("5.00")),
        due_on=day(3, 20),
    ),
)
LONGER = at(day(2, 20), TermChanged(2))
CHEAPER = at(day(3, 1), RateChanged(Rate.per_year("0.12")))
UNDONE = at(day(3, 5), Reversed(LONGER.id))
LOG = (*LENT, FIRST, LATE, FINE, LONGER, CHEAPER, UNDONE)


def account_of(events: Iterable[LedgerEvent] = LOG, **parts: Any) -> LoanAccount:
    given_parts: dict[str, Any] = {
        "loan_id": LoanId("loan-1"),
        "terms": TERMS,
        "events": events,
        "conventions": STRICT,
        "policy": PLAIN_LEDGER,
    }
    return LoanAccount(**given_parts | parts)


@pytest.mark.parametrize("as_of", [day(1, 1), day(2, 20), day(3, 4), day(6, 1)])
@pytest.mark.parametrize(
    "known_at", [None, dt.datetime(2026, 1, 1, 1, 30, tzinfo=dt.UTC)]
)
def test_it_answers_as_a_replay_of_its_parts(
    as_of: dt.date, known_at: dt.datetime | None
) -> None:
    account = account_of()
    rules: dict[str, Any] = {
        "conventions": STRICT,
        "policy": PLAIN_LEDGER,
        "known_at": known_at,
    }

    state = account.state(as_of, known_at=known_at)
    path = account.arrears(as_of, known_at=known_at)

    assert state == replay(TERMS, LOG, as_of=as_of, **rules)
    assert path == replay_arrears(TERMS, LOG, until_on=as_of, **rules)


def test_what_was_known_is_what_was_recorded_by_then() -> None:
    account = account_of()
    moments = sorted({event.recorded_at for event in LOG})

    for moment in moments:
        known = account.as_known(moment)
        assert known.events == tuple(e for e in LOG if e.recorded_at <= moment)
        assert (
            known.state(day(6, 1)).rows
            == account.state(day(6, 1), known_at=moment).rows
        )
    assert account.as_known(moments[0] - dt.timedelta(microseconds=1)).events == ()


def test_what_is_kept_is_what_was_given() -> None:
    account = account_of(iter(LOG))

    assert account.events == LOG
    assert account == account_of([*LOG])
    assert hash(account) == hash(account_of([*LOG]))


def test_events_are_added_once_each_in_the_order_in_which_they_come() -> None:
    account = account_of(LENT)

    grown = account.with_events(iter([FIRST, LENT[0], LATE, FIRST]))

    assert grown.events == (*LENT, FIRST, LATE)
    assert account.events == (*LENT,)
    assert grown.with_events([LATE, FIRST]) == grown


def test_a_repeated_request_with_other_content_is_for_a_replay_to_refuse() -> None:
    other = attrs.evolve(FIRST, what=Repaid(amount=money("1.00")))

    grown = account_of().with_events([other])

    assert len(grown.events) == len(LOG) + 1
    with pytest.raises(LedgerError, match="must not be that of another event"):
        grown.state(day(6, 1))


@given(events=st.permutations(LOG), more=st.lists(st.sampled_from(LOG), max_size=3))
def test_the_order_of_arrival_never_changes_the_digest(
    events: Sequence[LedgerEvent], more: list[LedgerEvent]
) -> None:
    account = account_of([*more, *events])

    assert account.digest == account_of().digest
    assert account.state(day(6, 1)) == account_of().state(day(6, 1))


@pytest.mark.parametrize(
    "other",
    [
        account_of(LOG[:-1]),
        account_of([*LOG[:-1], attrs.evolve(UNDONE, value_on=day(3, 6))]),
        account_of(
            [
                *LOG[:-1],
                attrs.evolve(
                    UNDONE, recorded_at=UNDONE.recorded_at + dt.timedelta(minutes=1)
                ),
            ]
        ),
        account_of([*LENT, paid(day(2, 15), "346.58"), *LOG[2:]]),
        account_of(terms=attrs.evolve(TERMS, nominal_rate=Rate.per_year("0.23"))),
        account_of(conventions=STRICT_30_360),
        account_of(policy=RECALCULATING_LEDGER),
        account_of(policy=attrs.evolve(PLAIN_LEDGER, version=2)),
        account_of(
            [attrs.evolve(event, loan_id=LoanId("loan-2")) for event in LOG],
            loan_id=LoanId("loan-2"),
        ),
    ],
)
def test_the_digest_tells_accounts_that_differ(other: LoanAccount) -> None:
    assert other.digest != account_of().digest
    assert len(other.digest) == 64
    assert set(other.digest) <= set("0123456789abcdef")


def test_the_digest_is_one_for_events_that_claim_one_id() -> None:
    other = attrs.evolve(FIRST, what=Repaid(amount=Money(1, EUR)))
    one, two = account_of([*LOG, other]), account_of([other, *LOG])

    assert one.digest == two.digest


def test_an_event_of_another_loan_is_refused_by_name() -> None:
    foreign = attrs.evolve(FIRST, loan_id=LoanId("loan-2"))

    for make in (lambda: account_of([*LOG, foreign]), account_with(foreign)):
        with pytest.raises(LedgerError, match="must be that of the account") as caught:
            make()
        assert (caught.value.field, caught.value.value) == ("loan_id", "loan-2")
        assert caught.value.event_id == foreign.id


def account_with(event: LedgerEvent) -> Any:
    return lambda: account_of().with_events([event])


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("loan_id", "", "loan_id"),
        ("loan_id", None, "loan_id"),
        ("terms", PLAIN_LEDGER, "terms"),
        ("events", None, "events"),
        ("events", "log", "events"),
        ("events", [*LENT, "paid"], "events[1]"),
        ("events", FIRST, "events"),
        ("conventions", "strict", "conventions"),
        ("policy", STRICT, "policy"),
    ],
)
def test_a_part_of_another_kind_is_refused_by_name(
    field: str, value: object, named: str
) -> None:
    parts: dict[str, Any] = {field: value}

    with pytest.raises(InvalidValueError) as caught:
        account_of(**parts)

    assert caught.value.field == named


@pytest.mark.parametrize("value", [None, "log", [FIRST, None]])
def test_only_events_can_be_added(value: Any) -> None:
    with pytest.raises(InvalidValueError, match="events"):
        account_of().with_events(value)


def test_a_day_of_another_kind_is_refused() -> None:
    account = account_of()
    not_a_day: Any = "2025-02-20"

    for ask in (account.state, account.arrears):
        with pytest.raises(MicrocrmError):
            ask(not_a_day)
