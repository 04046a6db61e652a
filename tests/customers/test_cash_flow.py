from __future__ import annotations

import datetime as dt
import pickle
from functools import reduce

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import Currency, CurrencyMismatchError, InvalidValueError, Money
from microcrm_core.customers import CashFlowSummary, DayBucket, Direction, Transaction
from microcrm_core.customers.cash_flow import nearest_rank
from microcrm_core.ids import CustomerId, TransactionId
from tests.customers.strategies import AS_OF_DAYS, EURO, transactions


def row(
    day: str,
    signed_minor: int,
    balance: int | None = None,
    *,
    sequence: int = 0,
    id: str = "t",
    known: str | None = None,
) -> Transaction:
    booked_on = dt.date.fromisoformat(day)
    return Transaction(
        id=TransactionId(id),
        customer_id=CustomerId("c-1"),
        booked_on=booked_on,
        direction=Direction.IN if signed_minor > 0 else Direction.OUT,
        amount=Money(abs(signed_minor), EURO),
        balance_after=None if balance is None else Money(balance, EURO),
        sequence=sequence,
        known_on=booked_on if known is None else dt.date.fromisoformat(known),
    )


def summary(*rows: Transaction) -> CashFlowSummary:
    return CashFlowSummary.of(EURO, rows)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


# A small ledger, drawn by hand. Balances in brackets are stated by the row.
#
#   Jan 15   +100              no balance known yet
#   Jan 31    +50  [400]       first known balance: 400
#   Feb 10    -30              400 - 30 = 370
#   Feb 10    +20  (seq 1)     370 + 20 = 390, by net of the day
#   Feb 29   -500  [-110]      stated; overdrawn from here
#   Mar  2   +210              -110 + 210 = 100
LEDGER = summary(
    row("2024-01-15", 100, id="t-1"),
    row("2024-01-31", 50, 400, id="t-2"),
    row("2024-02-10", -30, id="t-3"),
    row("2024-02-10", 20, id="t-4", sequence=1),
    row("2024-02-29", -500, -110, id="t-5"),
    row("2024-03-02", 210, id="t-6"),
)


def test_a_balance_is_stated_or_carried_and_not_known_before_the_first() -> None:
    balances = LEDGER.end_of_day_balances(day("2024-01-30"), day("2024-02-02"))
    assert balances == (None, 400, 400)

    balances = LEDGER.end_of_day_balances(day("2024-02-09"), day("2024-02-12"))
    assert balances == (400, 390, 390)

    balances = LEDGER.end_of_day_balances(day("2024-02-28"), day("2024-03-04"))
    assert balances == (390, -110, -110, 100, 100)


def test_no_days_have_no_balances_and_days_in_wrong_order_are_refused() -> None:
    assert LEDGER.end_of_day_balances(day("2024-02-09"), day("2024-02-09")) == ()
    with pytest.raises(InvalidValueError, match="end_on must not be before start_on"):
        LEDGER.end_of_day_balances(day("2024-02-09"), day("2024-02-08"))


def test_the_last_row_decides_even_where_an_earlier_one_states_a_balance() -> None:
    # The last row of the day states nothing, so the net of the day counts: 900 is of
    # the middle of the day.
    both = summary(
        row("2024-01-01", 10, 100, id="c"),
        row("2024-01-02", 10, 900, id="b", sequence=0),
        row("2024-01-02", 5, None, id="a", sequence=1),
    )

    assert both.end_of_day_balances(day("2024-01-02"), day("2024-01-03")) == (115,)


@pytest.mark.parametrize(
    ("smaller", "greater"),
    [("t-1", "t-2"), ("t-10", "t-2"), ("T", "t"), ("z", "ä"), ("\uff5e", "😀")],
)
def test_rows_of_one_day_and_sequence_are_ordered_by_the_code_points_of_ids(
    smaller: str, greater: str
) -> None:
    both = summary(
        row("2024-01-02", 10, 900, id=greater), row("2024-01-02", 10, 100, id=smaller)
    )

    assert both.end_of_day_balances(day("2024-01-02"), day("2024-01-03")) == (900,)


@pytest.mark.parametrize(
    ("as_of", "months"),
    [
        ("2024-02-28", []),  # February has not ended
        ("2024-02-29", ["2024-02-01"]),  # January began before the first row
        ("2024-03-30", ["2024-02-01"]),
        ("2024-03-31", ["2024-02-01", "2024-03-01"]),
        # May has no rows; it counts all the same.
        ("2024-05-31", ["2024-02-01", "2024-03-01", "2024-04-01", "2024-05-01"]),
    ],
)
def test_a_full_month_lies_between_the_first_row_and_the_day(
    as_of: str, months: list[str]
) -> None:
    assert [m.isoformat() for m in LEDGER.full_months(day(as_of))] == months


def test_a_month_is_full_when_the_first_row_is_on_its_first_day() -> None:
    assert summary(row("2024-02-01", 1)).full_months(day("2024-02-29")) == (
        day("2024-02-01"),
    )


def test_only_the_latest_months_are_given_when_a_limit_is_set() -> None:
    assert LEDGER.full_months(day("2024-05-31"), months_max=2) == (
        day("2024-04-01"),
        day("2024-05-01"),
    )


def test_monthly_sums_count_a_month_without_rows_as_zero() -> None:
    as_of = day("2024-04-30")

    assert LEDGER.monthly_inflows(as_of) == (20, 210, 0)
    assert LEDGER.monthly_outflows(as_of) == (530, 0, 0)


def test_low_balances_are_taken_over_the_days_of_full_months() -> None:
    as_of = day("2024-03-31")
    # February: 9 days of 400, 19 of 390, 1 of -110. March: 1 of -110, 30 of 100.
    # In order: -110 on 2 days, 100 on 30, 390 on 19, 400 on 9: 60 days.
    # 2/60 is 33,333.3 ppm: up to there the rank is 2 or less, above it is 3.
    assert LEDGER.balance_low(33_333, as_of) == -110
    assert LEDGER.balance_low(33_334, as_of) == 100
    assert LEDGER.balance_low(1_000_000, as_of) == 400
    assert LEDGER.balance_low(100_000, day("2024-02-28")) is None


def test_lowest_and_overdrawn_days_run_up_to_the_day() -> None:
    # From February 1: overdrawn on February 29 and March 1.
    assert LEDGER.balance_min(day("2024-03-31")) == -110
    assert LEDGER.overdrawn_day_count(day("2024-03-31")) == 2
    # The month that is not full counts up to the day: February 29 only.
    assert LEDGER.overdrawn_day_count(day("2024-02-29")) == 1
    assert LEDGER.balance_min(day("2024-02-28")) is None
    assert LEDGER.overdrawn_day_count(day("2024-02-28")) is None


def test_known_balances_begin_with_the_first_full_month() -> None:
    # February 1 to 9 as stated on January 31, then the tenth, and March up to the day.
    assert LEDGER.known_balances(day("2024-03-02")) == (
        *[400] * 9,
        *[390] * 19,
        -110,
        -110,
        100,
    )
    assert LEDGER.known_balances(day("2024-03-31"), months_max=1)[:2] == (-110, 100)
    assert LEDGER.known_balances(day("2024-02-28")) == ()


def test_without_a_stated_balance_no_balance_figure_is_known() -> None:
    silent = summary(row("2024-01-01", 10), row("2024-01-20", -20, id="u"))

    assert silent.monthly_inflows(day("2024-01-31")) == (10,)
    assert silent.balance_low(100_000, day("2024-01-31")) is None
    assert silent.balance_min(day("2024-01-31")) is None
    assert silent.overdrawn_day_count(day("2024-01-31")) is None


def test_the_last_day_of_the_calendar_can_be_asked_about() -> None:
    last = summary(row("9999-12-01", 5, 5))

    assert last.full_months(dt.date.max) == (day("9999-12-01"),)
    assert last.balance_low(1, dt.date.max) == 5


def test_what_became_known_later_is_left_out() -> None:
    rows = [row("2024-01-01", 10), row("2024-01-02", 20, id="u", known="2024-02-01")]

    as_known = CashFlowSummary.of(EURO, rows, as_of=day("2024-01-31"))

    assert list(as_known.days) == [day("2024-01-01")]


def test_another_currency_is_refused() -> None:
    koruna = Currency.of("CZK")
    with pytest.raises(CurrencyMismatchError, match="must be in CZK"):
        CashFlowSummary.of(koruna, [row("2024-01-01", 10)])
    with pytest.raises(CurrencyMismatchError, match="must be in CZK"):
        CashFlowSummary(currency=koruna).with_transaction(row("2024-01-01", 10))
    with pytest.raises(CurrencyMismatchError, match="other must be in CZK"):
        CashFlowSummary(currency=koruna).merged(LEDGER)


def test_one_more_transaction_touches_one_month_only() -> None:
    """The other months are the same objects, so a long history is not copied."""
    before = LEDGER.days
    after = LEDGER.with_transaction(row("2024-02-10", 7, id="t-9")).days

    assert before[day("2024-02-10")].inflow_minor == 20
    assert after[day("2024-02-10")].inflow_minor == 27
    assert after[day("2024-01-15")] is before[day("2024-01-15")]
    assert after[day("2024-02-29")] is before[day("2024-02-29")]


def test_a_summary_cannot_be_changed_through_its_days() -> None:
    with pytest.raises(TypeError):
        LEDGER.days[day("2024-01-15")] = LEDGER.days[day("2024-02-10")]  # type: ignore[index] # the point of the test


def test_a_summary_survives_a_trip_between_processes() -> None:
    assert pickle.loads(pickle.dumps(LEDGER)) == LEDGER


@pytest.mark.parametrize("quantile_ppm", [0, 1_000_001, -1])
def test_a_quantile_out_of_range_is_refused(quantile_ppm: int) -> None:
    with pytest.raises(InvalidValueError, match="quantile_ppm"):
        nearest_rank([1], quantile_ppm)


def test_nearest_rank_repeats_a_worked_example() -> None:
    # Five values; the 5th, 30th, 40th, 50th and 100th percentile of 15 20 35 40 50 by
    # nearest rank are 15, 20, 20, 35 and 50: Wikipedia, "Percentile", the nearest-rank
    # method, worked examples.
    scores = [40, 15, 50, 20, 35]

    found = [nearest_rank(scores, p * 10_000) for p in (5, 30, 40, 50, 100)]
    assert found == [15, 20, 20, 35, 50]


@given(rows=transactions(), data=st.data())
def test_parts_merge_to_the_summary_of_the_whole(
    rows: list[Transaction], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(rows))
    owner = [data.draw(st.integers(0, 3)) for _ in shuffled]
    parts = [
        summary(*(one for one, part in zip(shuffled, owner, strict=True) if part == p))
        for p in range(4)
    ]

    merged = reduce(CashFlowSummary.merged, data.draw(st.permutations(parts)))

    assert merged == summary(*rows)


@given(rows=transactions(), data=st.data())
def test_adding_one_by_one_gives_the_summary_of_the_whole(
    rows: list[Transaction], data: st.DataObject
) -> None:
    one_by_one = CashFlowSummary(currency=EURO)
    for one in data.draw(st.permutations(rows)):
        one_by_one = one_by_one.with_transaction(one)

    assert one_by_one == summary(*rows)
    assert list(one_by_one.days) == sorted({one.booked_on for one in rows})


@given(rows=transactions(), as_of=st.sampled_from(AS_OF_DAYS))
def test_balances_do_not_depend_on_where_the_window_begins(
    rows: list[Transaction], as_of: dt.date
) -> None:
    start = dt.date(2023, 11, 1)
    whole = summary(*rows).end_of_day_balances(start, as_of)
    for begin in range(0, len(whole), 17):
        window = start + dt.timedelta(days=begin)
        assert summary(*rows).end_of_day_balances(window, as_of) == whole[begin:]


@given(rows=transactions())
def test_a_bucket_holds_exact_sums(rows: list[Transaction]) -> None:
    days = summary(*rows).days

    assert sum(bucket.net_minor for bucket in days.values()) == sum(
        one.signed_minor for one in rows
    )
    counted = sum(b.inflow_count + b.outflow_count for b in days.values())
    assert counted == len(rows)


def test_a_bucket_merges_with_another_in_either_order() -> None:
    first = DayBucket.of(row("2024-01-01", 10, 100, id="a"))
    second = attrs.evolve(first, last_key=(0, TransactionId("b")), balance_minor=None)

    assert first.merged(second) == second.merged(first)
    assert first.merged(second).balance_minor is None


def test_a_transaction_given_twice_is_refused() -> None:
    euro = Currency.of("EUR")
    one = Transaction(
        id=TransactionId("t-1"),
        customer_id=CustomerId("c-1"),
        booked_on=dt.date(2025, 1, 2),
        direction=Direction.IN,
        amount=Money(100, euro),
    )

    with pytest.raises(InvalidValueError, match="id must not repeat"):
        CashFlowSummary.of(euro, [one, one])
