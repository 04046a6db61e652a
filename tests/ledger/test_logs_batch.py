from __future__ import annotations

import datetime as dt
import random
from typing import Any

import attrs
import numpy as np
import pytest

from microcrm_core import Currency, Frequency
from microcrm_core.batch import UNKNOWN, Int64s
from microcrm_core.errors import InvalidValueError, LedgerError
from microcrm_core.ids import EventId, LoanId
from microcrm_core.ledger import (
    Bucket,
    Charged,
    ChargedBack,
    ChargeWaived,
    Disbursed,
    DueDateChanged,
    Happening,
    InterestPaused,
    RateChanged,
    ReAmortized,
    Repaid,
    Replanned,
    Reversed,
    Terminated,
    read_log,
)
from microcrm_core.ledger.log_columns_batch import EVENT_KINDS, EventColumns
from microcrm_core.ledger.logs_batch import read_logs
from microcrm_core.loans import Portion
from microcrm_core.money import Money
from microcrm_core.rates import Rate
from tests.ledger.columnar_cases import (
    EUR,
    FEE,
    LENT_ON,
    PENALTY,
    charge,
    day_of,
    event,
    lent,
    loan_id,
    moment,
    paid,
    seeded_log,
    tables,
    terms_of,
)

TERMS = terms_of()
LENT = lent(TERMS)
LOANS = tables([(TERMS, [])])
FIRST, SECOND = dt.date(2025, 2, 15), dt.date(2025, 3, 15)
END = dt.date(2025, 12, 31)


def columns(count: int, **given: Int64s) -> dict[str, Any]:
    """Return the columns of repayments of one loan, a day apart, with some changed."""
    repaid = EVENT_KINDS.index(Repaid)
    made = {
        "ids": np.arange(count).astype("S3"),
        "loan_index": np.zeros(count, np.int64),
        "value_day": np.arange(20_000, 20_000 + count),
        "recorded_us": np.zeros(count, np.int64),
        "kind_index": np.full(count, repaid),
        "amount_minor": np.full(count, 100),
        "target_index": np.full(count, UNKNOWN),
        "bucket_index": np.full(count, UNKNOWN),
        "due_day": np.full(count, UNKNOWN),
    }
    return made | given


# Reading logs.


def test_columns_hold_the_events_in_the_order_of_replay() -> None:
    rng = random.Random(3)
    logs = [seeded_log(rng, number) for number in range(20)]
    mixed = [one for _, log in logs for one in log]
    rng.shuffle(mixed)
    found = read_logs(mixed, tables(logs))

    for number, (_, log) in enumerate(logs):
        # Reversals stand among the others, and so does what they reverse.
        kept = [one for one in log if not isinstance(one.what, Reversed)]
        wanted = [
            one.id for one in read_log(kept, as_of=END) if type(one.what) in EVENT_KINDS
        ]
        of_loan = found.loan_index == number
        reversals = {one.id for one in log if isinstance(one.what, Reversed)}
        ids = [id_.decode() for id_ in found.ids[of_loan].tolist()]
        assert [one for one in ids if one not in reversals] == wanted
        assert len(ids) == len(log)


def test_columns_hold_what_an_event_says() -> None:
    fee = charge(FEE, 700, SECOND, FIRST, minute=3)
    waived = event(ChargeWaived(fee.id), SECOND, minute=4)
    gone = event(Reversed(waived.id), END, minute=5)
    found = read_logs([gone, waived, fee, LENT], LOANS)

    assert found.value_day.tolist() == [
        day_of(on) for on in (LENT_ON, SECOND, SECOND, END)
    ]
    assert found.effective_day.tolist()[1] == day_of(FIRST)
    assert found.amount_minor.tolist() == [90_000, 700, UNKNOWN, UNKNOWN]
    assert found.target_index.tolist() == [UNKNOWN, UNKNOWN, 1, 2]
    assert found.bucket_index.tolist() == [UNKNOWN, Bucket.FEES, UNKNOWN, UNKNOWN]
    assert found.due_day.tolist() == [UNKNOWN, day_of(FIRST), UNKNOWN, UNKNOWN]
    minute_us = 60 * 10**6
    assert np.diff(found.recorded_us).tolist() == [3 * minute_us, minute_us, minute_us]


def test_a_request_that_came_twice_counts_once_under_either_id() -> None:
    fee = charge(PENALTY, 700, FIRST, FIRST, minute=3, key="late")
    again = attrs.evolve(fee, id=EventId("again"), recorded_at=moment(4))
    waived = event(ChargeWaived(again.id), SECOND, minute=5)
    found = read_logs([again, waived, fee, fee], LOANS)

    assert found.ids.tolist() == [fee.id.encode(), waived.id.encode()]
    assert found.target_index.tolist() == [UNKNOWN, 0]


@pytest.mark.parametrize("field", ["id", "idempotency_key"])
def test_an_id_or_key_of_another_event_is_refused(field: str) -> None:
    one = paid(100, FIRST, minute=1, key="one")
    other = paid(200, FIRST, minute=2, key="other")
    changes: dict[str, Any] = {field: getattr(one, field)}
    with pytest.raises(LedgerError, match="must not be that of another event") as error:
        read_logs([one, attrs.evolve(other, **changes)], LOANS)
    assert error.value.field == field


@pytest.mark.parametrize(
    ("what", "field", "value"),
    [
        (RateChanged(Rate.of_percent(5)), "type", "loan.rate_changed"),
        (InterestPaused(SECOND), "type", "loan.interest_paused"),
        (DueDateChanged(FIRST, SECOND), "type", "loan.due_date_changed"),
        (
            Replanned(due_on=(SECOND,), frequency=Frequency.MONTHLY),
            "type",
            "loan.replanned",
        ),
        (ReAmortized(), "type", "loan.re_amortized"),
        (Terminated(), "type", "loan.terminated"),
        (
            ChargedBack(repayment_id=EventId("x"), amount=Money(5, EUR)),
            "type",
            "loan.charged_back",
        ),
        (
            Charged(kind=FEE, portion=Portion.of_amount(Money(5, EUR))),
            "due_on",
            "with every installment",
        ),
        (
            Charged(kind=FEE, portion=Portion.of_share("0.01"), due_on=SECOND),
            "portion",
            "1/100",
        ),
    ],
)
def test_what_columns_cannot_hold_is_refused_by_the_name_of_the_event(
    what: Happening, field: str, value: str
) -> None:
    one = event(what, FIRST)
    with pytest.raises(LedgerError, match="must not be given in columns") as error:
        read_logs([LENT, one], LOANS)
    found = error.value
    assert (found.event_id, found.field, found.value) == (one.id, field, value)
    assert "use replay for this loan" in str(found)


def test_events_of_no_loan_or_in_another_currency_are_refused() -> None:
    stray = attrs.evolve(paid(100, FIRST), loan_id=LoanId("loan-9"))
    with pytest.raises(LedgerError, match="must be that of one of the loans"):
        read_logs([stray], LOANS)
    dollars = Repaid(amount=Money(100, Currency.of("USD")))
    with pytest.raises(LedgerError, match="must be in EUR"):
        read_logs([event(dollars, FIRST)], LOANS)
    no_events: list[Any] = [Repaid(amount=Money(100, EUR))]
    with pytest.raises(InvalidValueError, match="events must be LedgerEvents"):
        read_logs(no_events, LOANS)


def test_what_names_nothing_of_its_loan_is_refused() -> None:
    other = tables([(TERMS, []), (TERMS, [])])
    gone = attrs.evolve(event(Reversed(LENT.id), FIRST), loan_id=loan_id(1))
    with pytest.raises(LedgerError, match="must name an event of the log of its loan"):
        read_logs([LENT, gone], other)


def test_no_events_are_columns_without_rows() -> None:
    assert len(read_logs([], LOANS)) == 0


# Columns.


def test_columns_are_put_in_order_by_day_moment_and_id() -> None:
    lent_kind, gone_kind = EVENT_KINDS.index(Disbursed), EVENT_KINDS.index(Reversed)
    given = columns(
        6,
        ids=np.array([b"f", b"b", b"a", b"c", b"e", b"d"]),
        loan_index=np.array([1, 0, 0, 0, 0, 0]),
        value_day=np.array([9, 11, 11, 11, 10, 12]),
        recorded_us=np.array([0, 7, 7, 5, 9, 0]),
        kind_index=np.array([1, 1, 1, 1, lent_kind, gone_kind]),
        amount_minor=np.array([1, 2, 3, 4, 5, UNKNOWN]),
        target_index=np.array([UNKNOWN] * 5 + [1]),
    )
    found = EventColumns.in_order(**given)

    assert found.ids.tolist() == [b"e", b"c", b"a", b"b", b"d", b"f"]
    assert found.amount_minor.tolist() == [5, 4, 3, 2, UNKNOWN, 1]
    assert found.target_index.tolist() == [UNKNOWN] * 4 + [3, UNKNOWN]


def test_what_was_paid_out_and_then_ids_decide_ties_of_any_number_of_events() -> None:
    random_ = np.random.default_rng(1)
    kinds = [EVENT_KINDS.index(Disbursed), EVENT_KINDS.index(Repaid)]
    given = columns(
        500,
        ids=random_.permutation(500).astype("S3"),
        loan_index=random_.integers(0, 3, 500),
        value_day=random_.integers(20_000, 20_004, 500),
        recorded_us=random_.integers(0, 2, 500),
        kind_index=random_.choice(kinds, 500),
    )
    found = EventColumns.in_order(**given)

    keys = list(
        zip(
            given["loan_index"].tolist(),
            given["value_day"].tolist(),
            given["recorded_us"].tolist(),
            (given["kind_index"] != kinds[0]).tolist(),
            given["ids"].tolist(),
            strict=True,
        )
    )
    assert found.ids.tolist() == [key[-1] for key in sorted(keys)]


@pytest.mark.parametrize(
    ("field", "values", "rule"),
    [
        ("kind_index", [1, 99], "must be from 0 to 8"),
        ("loan_index", [-1, 0], "must be 0 or more"),
        ("loan_index", [1, 0], "must come after the event before it"),
        ("value_day", [20_001, 20_000], "must come after the event before it"),
        ("amount_minor", [5, 0], "must be 1 or more for events of this kind"),
        ("amount_minor", [5, UNKNOWN], "must be 1 or more for events of this kind"),
        ("target_index", [UNKNOWN, 0], "must be UNKNOWN for events of this kind"),
        ("bucket_index", [UNKNOWN, 2], "must be UNKNOWN for events of this kind"),
        ("due_day", [20_000, UNKNOWN], "must be UNKNOWN for events of this kind"),
    ],
)
def test_rows_that_are_no_events_are_refused(
    field: str, values: list[int], rule: str
) -> None:
    given = columns(2, **{field: np.array(values)})
    with pytest.raises(InvalidValueError, match=rule) as error:
        EventColumns(**given)
    assert error.value.bad_count == 1
    is_first = values[0] in (-1,) or field == "due_day"
    assert error.value.row == (0 if is_first else 1)


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("target_index", 0, "must be the row of an event of the same loan"),
        ("target_index", 1, "must be the row of a charge where it is waived"),
        ("target_index", 9, "must be from 0 to 2 for events of this kind"),
        ("kind_index", "Reversed", "must not be the row of a reversal"),
    ],
)
def test_rows_that_name_what_they_cannot_are_refused(
    field: str, value: int | str, rule: str
) -> None:
    waived, gone = EVENT_KINDS.index(ChargeWaived), EVENT_KINDS.index(Reversed)
    is_reversal = field == "kind_index"
    given = columns(
        3,
        loan_index=np.array([0, 1, 1]),
        kind_index=np.array([1, 1, gone if is_reversal else waived]),
        amount_minor=np.array([5, 5, UNKNOWN]),
        target_index=np.array([UNKNOWN, UNKNOWN, 2 if is_reversal else value]),
    )
    with pytest.raises(InvalidValueError, match=rule) as error:
        EventColumns(**given)
    assert error.value.row == 2


def test_a_charge_needs_its_bucket_and_due_day() -> None:
    charged = EVENT_KINDS.index(Charged)
    whole = columns(
        1,
        kind_index=np.array([charged]),
        bucket_index=np.array([3]),
        due_day=np.array([20_003]),
    )
    assert EventColumns(**whole).is_kind(Charged).tolist() == [True]
    for field, value in (("bucket_index", 1), ("bucket_index", UNKNOWN)):
        with pytest.raises(InvalidValueError, match="must be from 2 to 3"):
            EventColumns(**whole | {field: np.array([value])})
    with pytest.raises(InvalidValueError, match="due_day must be from"):
        EventColumns(**whole | {"due_day": np.array([UNKNOWN])})


def test_columns_of_another_type_or_length_are_refused() -> None:
    with pytest.raises(InvalidValueError, match="amount_minor must be an int64 array"):
        EventColumns(**columns(2, amount_minor=np.array([1.0, 2.0])))
    with pytest.raises(InvalidValueError, match="must have the shape"):
        EventColumns(**columns(2, due_day=np.array([UNKNOWN])))


def test_events_of_one_day_moment_and_id_cannot_be_told_apart() -> None:
    given = columns(2, ids=np.array([b"a", b"a"]), value_day=np.array([5, 5]))
    with pytest.raises(InvalidValueError, match="must come after"):
        EventColumns(**given)
