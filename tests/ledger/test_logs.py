"""Which events of a log count, in which order, and what a log must not hold."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterable

import attrs
import pytest

from microcrm_core import Currency, LedgerError, Money, Rate
from microcrm_core.errors import InvalidValueError
from microcrm_core.ids import EventId, LoanId
from microcrm_core.ledger import (
    ArrearsCapitalized,
    Charged,
    ChargedBack,
    ChargedOff,
    ChargeKind,
    ChargeWaived,
    CreditRefunded,
    DelinquencyPaused,
    Disbursed,
    Happening,
    IncomeCapitalized,
    InterestPaused,
    LedgerEvent,
    RateChanged,
    ReAmortized,
    Renewed,
    Repaid,
    Reversed,
    Terminated,
    WrittenOff,
)
from microcrm_core.ledger.logs import effective_on, read_log, read_whole_log
from microcrm_core.loans import Portion

EUR = Currency.of("EUR")
LOAN = LoanId("loan-1")
LENT = Disbursed(amount=Money(100_000, EUR))
PAID = Repaid(amount=Money(10_000, EUR))
END = dt.date(2024, 12, 31)


def day(month: int, number: int) -> dt.date:
    return dt.date(2024, month, number)


def at(minute: int) -> dt.datetime:
    return dt.datetime(2024, 6, 1, 0, minute, tzinfo=dt.UTC)


def made(
    what: Happening, on: dt.date, minute: int, key: str | None = None
) -> LedgerEvent:
    return LedgerEvent.of(
        what,
        loan_id=LOAN,
        value_on=on,
        recorded_at=at(minute),
        idempotency_key=key or f"minute-{minute}",
    )


def fee(due_on: dt.date | None) -> Charged:
    portion = Portion.of_amount(Money(500, EUR))
    return Charged(kind=ChargeKind.FEE, portion=portion, due_on=due_on)


def minutes(events: Iterable[LedgerEvent]) -> list[int]:
    return [event.recorded_at.minute for event in events]


LENT_EVENT = made(LENT, day(1, 15), 0)


# What counts.


def test_an_empty_log_has_nothing_that_counts() -> None:
    assert read_log([], as_of=END) == ()


def test_events_are_put_in_the_order_of_their_days_whatever_came_first() -> None:
    log = [
        made(PAID, day(4, 15), 1),
        LENT_EVENT,
        made(PAID, day(2, 15), 3),
        made(PAID, day(3, 15), 2),
    ]
    for seed in range(6):
        random.Random(seed).shuffle(log)
        assert minutes(read_log(log, as_of=END)) == [0, 3, 2, 1]


def test_on_one_day_what_was_known_first_comes_first() -> None:
    log = [LENT_EVENT, made(PAID, day(2, 15), 5), made(fee(END), day(2, 15), 4)]

    assert minutes(read_log(log, as_of=END)) == [0, 4, 5]


def test_on_one_day_new_rates_and_pauses_come_before_all_else() -> None:
    log = [
        LENT_EVENT,
        made(PAID, day(2, 15), 1),
        made(InterestPaused(day(2, 20)), day(2, 15), 3),
        made(RateChanged(Rate.per_year("0.1")), day(2, 15), 2),
    ]

    assert minutes(read_log(log, as_of=END)) == [0, 2, 3, 1]


def test_at_one_moment_what_was_paid_out_comes_first_whatever_the_ids() -> None:
    # Whether an id is above another is chance: of thirty some are on either side.
    payments = [made(PAID, day(1, 15), 0, f"row-{number}") for number in range(30)]
    below = [payment for payment in payments if payment.id < LENT_EVENT.id]
    assert 0 < len(below) < 30

    first, *rest = read_log([*payments, LENT_EVENT], as_of=END)

    assert first == LENT_EVENT
    assert rest == sorted(payments, key=lambda payment: payment.id)


def test_ids_decide_where_day_and_moment_are_the_same() -> None:
    one, other = (made(PAID, day(2, 15), 1, key) for key in ("a", "b"))

    found = read_log([one, LENT_EVENT, other], as_of=END)

    assert [event.id for event in found[1:]] == sorted([one.id, other.id])


@pytest.mark.parametrize(
    ("due_on", "expected"),
    [
        (day(3, 1), day(3, 1)),
        (day(4, 10), day(4, 10)),
        (day(5, 1), day(4, 10)),
        (None, day(4, 10)),
    ],
)
def test_a_charge_counts_from_its_due_date_where_that_is_earlier(
    due_on: dt.date | None, expected: dt.date
) -> None:
    assert effective_on(made(fee(due_on), day(4, 10), 1)) == expected


def test_a_charge_for_the_past_comes_before_a_later_payment_of_before_it_was_made() -> (
    None
):
    log = [
        LENT_EVENT,
        made(PAID, day(3, 15), 1),
        made(fee(day(2, 1)), day(4, 10), 2),
    ]

    assert minutes(read_log(log, as_of=END)) == [0, 2, 1]
    # It was made on 10 April, so before that it does not count.
    assert minutes(read_log(log, as_of=day(4, 9))) == [0, 1]


def test_what_is_true_later_than_the_day_does_not_count() -> None:
    log = [LENT_EVENT, made(PAID, day(2, 15), 1), made(PAID, day(2, 16), 2)]

    assert minutes(read_log(log, as_of=day(2, 15))) == [0, 1]


def test_rates_and_pauses_to_come_count_as_soon_as_they_are_known() -> None:
    log = [
        LENT_EVENT,
        made(RateChanged(Rate.per_year("0.1")), day(9, 1), 1),
        made(InterestPaused(day(10, 9)), day(10, 1), 2),
    ]

    assert minutes(read_log(log, as_of=day(2, 15))) == [0, 1, 2]
    assert minutes(read_log(log, as_of=day(2, 15), known_at=at(1))) == [0, 1]


def test_what_was_recorded_later_than_the_moment_does_not_count() -> None:
    log = [LENT_EVENT, made(PAID, day(2, 15), 1), made(PAID, day(2, 14), 2)]

    assert minutes(read_log(log, as_of=END, known_at=at(1))) == [0, 1]


def test_the_moment_may_be_given_in_any_zone() -> None:
    shanghai = dt.timezone(dt.timedelta(hours=8))
    log = [LENT_EVENT, made(PAID, day(2, 15), 1)]

    known_at = at(1).astimezone(shanghai)

    assert minutes(read_log(log, as_of=END, known_at=known_at)) == [0, 1]


# Reversals.


def test_a_reversed_event_never_was() -> None:
    paid = made(PAID, day(2, 15), 1)
    log = [made(Reversed(paid.id), day(2, 18), 2), paid, LENT_EVENT]

    reading = read_whole_log(log, as_of=day(2, 18))

    assert reading.live == (LENT_EVENT,)
    assert reading.reversed_events == (paid,)


def test_before_the_day_of_its_reversal_an_event_counts() -> None:
    paid = made(PAID, day(2, 15), 1)
    log = [LENT_EVENT, paid, made(Reversed(paid.id), day(2, 18), 2)]

    assert read_log(log, as_of=day(2, 17)) == (LENT_EVENT, paid)


def test_before_its_reversal_is_known_an_event_counts() -> None:
    paid = made(PAID, day(2, 15), 1)
    log = [LENT_EVENT, paid, made(Reversed(paid.id), day(2, 15), 2)]

    assert read_log(log, as_of=END, known_at=at(1)) == (LENT_EVENT, paid)


def test_a_reversal_of_what_is_true_later_is_in_order() -> None:
    paid = made(PAID, day(5, 15), 1)
    log = [LENT_EVENT, paid, made(Reversed(paid.id), day(2, 15), 2)]

    assert read_log(log, as_of=day(3, 1)) == (LENT_EVENT,)
    assert read_log(log, as_of=END) == (LENT_EVENT,)


# Repeated deliveries.


def test_the_same_event_twice_counts_once() -> None:
    paid = made(PAID, day(2, 15), 1)

    assert read_log([paid, LENT_EVENT, paid], as_of=END) == (LENT_EVENT, paid)


def test_a_repeated_request_counts_once_from_when_it_was_first_known() -> None:
    first = made(PAID, day(2, 15), 1, "bank-1")
    again = attrs.evolve(first, recorded_at=at(9))

    assert read_log([again, LENT_EVENT, first], as_of=END) == (LENT_EVENT, first)
    assert read_log([again, LENT_EVENT, first], as_of=END, known_at=at(5)) == (
        LENT_EVENT,
        first,
    )


def test_the_same_key_under_another_id_counts_once() -> None:
    first = made(PAID, day(2, 15), 1, "bank-1")
    again = attrs.evolve(first, id=EventId("other"), recorded_at=at(2))

    assert read_log([again, first, LENT_EVENT], as_of=END) == (LENT_EVENT, first)


def test_a_reversal_by_the_other_id_of_a_repeated_request_takes_it_out() -> None:
    first = made(PAID, day(2, 15), 1, "bank-1")
    again = attrs.evolve(first, id=EventId("other"), recorded_at=at(2))
    undone = made(Reversed(again.id), day(2, 15), 3)

    assert read_log([again, undone, first, LENT_EVENT], as_of=END) == (LENT_EVENT,)


def test_one_key_may_name_requests_of_two_kinds() -> None:
    paid, charged = made(PAID, day(2, 15), 1, "k"), made(fee(END), day(2, 15), 2, "k")

    assert read_log([LENT_EVENT, paid, charged], as_of=END) == (
        LENT_EVENT,
        paid,
        charged,
    )


# Defects.


def _paid() -> LedgerEvent:
    return made(PAID, day(2, 15), 1)


CZK = Money(500, Currency.of("CZK"))
DEFECTS: dict[str, tuple[list[LedgerEvent], str, str]] = {
    "an id with other content": (
        [
            LENT_EVENT,
            _paid(),
            attrs.evolve(_paid(), what=Repaid(amount=Money(9, EUR)), recorded_at=at(2)),
        ],
        "id",
        "must not be that of another event",
    ),
    "an id with another day": (
        [
            LENT_EVENT,
            _paid(),
            attrs.evolve(_paid(), value_on=day(2, 16), recorded_at=at(2)),
        ],
        "id",
        "must not be that of another event",
    ),
    "a key with other content": (
        [
            LENT_EVENT,
            _paid(),
            attrs.evolve(
                _paid(), id=EventId("x"), value_on=day(3, 1), recorded_at=at(2)
            ),
        ],
        "idempotency_key",
        "must not be that of another event",
    ),
    "a reversal of an unknown event": (
        [LENT_EVENT, made(Reversed(EventId("nothing")), day(2, 15), 1)],
        "event_id",
        "must name an event of the log",
    ),
    "a reversal of a reversal": (
        [
            LENT_EVENT,
            _paid(),
            made(Reversed(_paid().id), day(2, 16), 2),
            made(Reversed(made(Reversed(_paid().id), day(2, 16), 2).id), day(2, 17), 3),
        ],
        "event_id",
        "must not name a reversal",
    ),
    "a second reversal": (
        [
            LENT_EVENT,
            _paid(),
            made(Reversed(_paid().id), day(2, 16), 2),
            made(Reversed(_paid().id), day(2, 17), 3),
        ],
        "event_id",
        "must not name what",
    ),
    "a payment before the disbursement": (
        [LENT_EVENT, made(PAID, day(1, 14), 1)],
        "value_on",
        "must not be before the first disbursement",
    ),
    "a payment without a disbursement": (
        [_paid()],
        "value_on",
        "must not be before the first disbursement",
    ),
    "a disbursement that was reversed under its payment": (
        [LENT_EVENT, _paid(), made(Reversed(LENT_EVENT.id), day(2, 20), 2)],
        "value_on",
        "must not be before the first disbursement",
    ),
    "two loans": (
        [LENT_EVENT, attrs.evolve(_paid(), loan_id=LoanId("loan-2"))],
        "loan_id",
        "must be that of the other events",
    ),
    "two currencies": (
        [LENT_EVENT, made(Repaid(amount=CZK), day(2, 15), 1)],
        "amount",
        "must be in",
    ),
    "a charge in another currency": (
        [
            LENT_EVENT,
            made(attrs.evolve(fee(END), portion=Portion.of_amount(CZK)), day(2, 15), 1),
        ],
        "amount",
        "must be in",
    ),
    "a waiver of what is no charge": (
        [LENT_EVENT, _paid(), made(ChargeWaived(_paid().id), day(2, 16), 2)],
        "charge_id",
        "must name a charge from before that counts",
    ),
    "a waiver before its charge": (
        [
            LENT_EVENT,
            made(fee(day(4, 1)), day(4, 1), 1),
            made(ChargeWaived(made(fee(day(4, 1)), day(4, 1), 1).id), day(3, 31), 2),
        ],
        "charge_id",
        "must name a charge from before that counts",
    ),
    "a charge-back of what is no repayment": (
        [
            LENT_EVENT,
            made(ChargedBack(LENT_EVENT.id, Money(1, EUR)), day(2, 16), 2),
        ],
        "repayment_id",
        "must name a repayment from before that counts",
    ),
    "a pause of interest that ends before it begins": (
        [LENT_EVENT, made(InterestPaused(day(2, 14)), day(2, 15), 1)],
        "last_on",
        "must not be before the first day",
    ),
    "a pause of late days that ends before it begins": (
        [LENT_EVENT, made(DelinquencyPaused(day(2, 14)), day(2, 15), 1)],
        "last_on",
        "must not be before the first day",
    ),
}


@pytest.mark.parametrize("name", DEFECTS)
def test_a_log_that_contradicts_itself_is_refused_by_the_event_at_fault(
    name: str,
) -> None:
    log, field, rule = DEFECTS[name]

    with pytest.raises(LedgerError) as found:
        read_log(log, as_of=END)

    assert found.value.code == "ledger"
    assert found.value.field == field
    assert found.value.rule.startswith(rule)
    assert found.value.event_id in {event.id for event in log}
    assert str(found.value).startswith(f"event {found.value.event_id!r}: {field} ")


@pytest.mark.parametrize("name", DEFECTS)
def test_the_same_fault_is_named_whatever_came_first(name: str) -> None:
    log, *_ = DEFECTS[name]
    texts = set()
    for seed in range(6):
        shuffled = list(log)
        random.Random(seed).shuffle(shuffled)
        with pytest.raises(LedgerError) as found:
            read_log(shuffled, as_of=END)
        texts.add(str(found.value))

    assert len(texts) == 1


@pytest.mark.parametrize(
    "what",
    [
        PAID,
        Renewed(LoanId("loan-2"), Money(5, EUR)),
        CreditRefunded(Money(5, EUR)),
        IncomeCapitalized(Money(5, EUR)),
        WrittenOff(),
        ChargedOff(),
        Terminated(),
        ReAmortized(),
        ArrearsCapitalized(),
    ],
    ids=lambda what: type(what).__name__,
)
def test_what_needs_money_lent_is_refused_before_it_is(what: Happening) -> None:
    with pytest.raises(LedgerError, match="must not be before the first disbursement"):
        read_log([made(what, day(1, 1), 1), LENT_EVENT], as_of=END)


def test_a_defect_that_is_not_known_yet_does_not_matter() -> None:
    log = [LENT_EVENT, made(Reversed(EventId("nothing")), day(2, 15), 1)]

    assert read_log(log, as_of=END, known_at=at(0)) == (LENT_EVENT,)


@pytest.mark.parametrize("foreign_id", ["a", "z"])
def test_the_event_of_another_loan_is_named_and_not_those_of_most(
    foreign_id: str,
) -> None:
    # Ids of ours begin with "event": one foreign id is before them, one after.
    foreign = attrs.evolve(
        made(PAID, day(3, 1), 2), id=EventId(foreign_id), loan_id=LoanId("loan-2")
    )

    with pytest.raises(LedgerError) as error:
        read_log([foreign, LENT_EVENT, _paid()], as_of=END)

    assert error.value.event_id == foreign_id
    assert error.value.value == "loan-2"


def test_the_currency_of_the_loan_is_asked_for() -> None:
    with pytest.raises(LedgerError, match="must be in CZK"):
        read_log([LENT_EVENT], as_of=END, currency=Currency.of("CZK"))


def test_an_amount_below_zero_cannot_be_built() -> None:
    for minor in (0, -1):
        with pytest.raises(InvalidValueError, match="amount must be a Money above"):
            Repaid(amount=Money(minor, EUR))


def test_a_log_holds_ledger_events_and_nothing_else() -> None:
    with pytest.raises(InvalidValueError, match="events must be LedgerEvents"):
        read_log([LENT_EVENT, "paid"], as_of=END)  # type: ignore[list-item] # wrong on purpose


def test_as_of_is_a_date_and_known_at_has_a_zone() -> None:
    with pytest.raises(InvalidValueError, match="as_of"):
        read_log([], as_of=at(0))
    with pytest.raises(InvalidValueError, match="known_at"):
        read_log([], as_of=END, known_at=dt.datetime(2024, 1, 1))  # noqa: DTZ001 # no zone
