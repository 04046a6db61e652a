"""Where a repayment goes, worked out by hand.

The rows ask for 100.00 of principal each and for some interest, fees and penalties; due
on the 15th of February, March and April. Amounts are in cents.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core.ledger import (
    OLDEST_FIRST,
    PLAIN_LEDGER,
    RECALCULATING_LEDGER,
    AllocationOrder,
    Bucket,
    ChargesInAdvance,
    DueState,
    InAdvance,
    Processing,
)
from microcrm_core.ledger.books import ChargePart, LedgerBook
from microcrm_core.ledger.row_accounts import RowAccount, RowKind
from microcrm_core.ledger.waterfall import due_state, shares
from microcrm_core.rounding import Rounding
from tests.ledger.fixed_rows import (
    PAYMENT,
    FixedRows,
    book_of,
    day,
    paid_by_bucket,
    parts,
    pay_in,
)

PRINCIPAL, INTEREST, FEES, PENALTIES = Bucket
PENALTIES_FIRST: Final = (PENALTIES, FEES, INTEREST, PRINCIPAL)
VERTICAL: Final = AllocationOrder.of(PENALTIES_FIRST, processing=Processing.VERTICAL)


def late_book() -> LedgerBook:
    """Return a book with a penalty in February and fees in March and April."""
    return book_of(
        [100_00, 3_00, 0, 5_00], [100_00, 2_00, 4_00, 0], [100_00, 1_00, 0, 0]
    )


# Horizontal: the oldest row is finished first.


def test_the_oldest_row_is_finished_before_the_next_one_gets_anything() -> None:
    book = late_book()

    # On 20 March, February and March are past due: 108.00 and 2.00 of 106.00.
    left = pay_in(book, 115_00, day(3, 20), OLDEST_FIRST)

    assert left == 0
    assert parts(book) == [
        (2, "penalties", 5_00),
        (2, "interest", 3_00),
        (2, "principal", 100_00),
        (3, "fees", 4_00),
        (3, "interest", 2_00),
        (3, "principal", 1_00),
    ]
    assert book.postings[PAYMENT].parts_minor == [101_00, 5_00, 4_00, 5_00]
    assert [row.settled_on for row in book.rows] == [day(3, 20), None, None]
    assert [row.paid_late_minor for row in book.rows] == [108_00, 7_00, 0]


def test_what_is_due_on_the_day_is_neither_early_nor_late() -> None:
    book = late_book()

    pay_in(book, 214_00 + 50_00, day(3, 15), OLDEST_FIRST)

    assert [row.paid_late_minor for row in book.rows] == [108_00, 0, 0]
    assert [row.paid_early_minor for row in book.rows] == [0, 0, 50_00]
    states = [state for *_, state in book.postings[PAYMENT].parts]
    assert states[0] is DueState.PAST_DUE
    assert states[3] is DueState.DUE
    assert states[-1] is DueState.IN_ADVANCE


def test_each_due_state_has_an_order_of_its_own() -> None:
    book = late_book()
    order = AllocationOrder.of(
        (PRINCIPAL, INTEREST, FEES, PENALTIES),
        (INTEREST, PRINCIPAL, FEES, PENALTIES),
        (FEES, PRINCIPAL, INTEREST, PENALTIES),
    )

    pay_in(book, 108_00 + 106_00 + 100_50, day(3, 15), order)

    assert parts(book) == [
        (2, "principal", 100_00),
        (2, "interest", 3_00),
        (2, "penalties", 5_00),
        (3, "interest", 2_00),
        (3, "principal", 100_00),
        (3, "fees", 4_00),
        (4, "principal", 100_00),
        (4, "interest", 50),
    ]


def test_due_states_come_in_the_order_of_the_policy() -> None:
    book = late_book()
    places = OLDEST_FIRST.places
    # What is due on the day first, then what is not due yet, then what is past due.
    order = AllocationOrder(places=places[4:8] + places[8:] + places[:4])

    pay_in(book, 106_00 + 30_00, day(3, 15), order)

    assert paid_by_bucket(book) == [
        [0, 0, 0, 0],
        [100_00, 2_00, 4_00, 0],
        [29_00, 1_00, 0, 0],
    ]


def test_what_no_row_takes_is_left() -> None:
    book = late_book()

    assert pay_in(book, 400_00, day(2, 1), OLDEST_FIRST) == 400_00 - 315_00
    assert book.open_minor == 0


# In advance.


def test_money_in_advance_goes_to_the_next_row_then_to_the_one_after_it() -> None:
    book = late_book()

    pay_in(book, 110_00, day(2, 1), OLDEST_FIRST)

    assert [sum(paid) for paid in paid_by_bucket(book)] == [108_00, 2_00, 0]


def test_money_in_advance_goes_to_the_last_row_then_to_the_one_before_it() -> None:
    book = late_book()
    order = attrs.evolve(OLDEST_FIRST, in_advance=InAdvance.LAST)

    pay_in(book, 110_00, day(2, 1), order)

    assert [sum(paid) for paid in paid_by_bucket(book)] == [0, 9_00, 101_00]


def test_money_in_advance_is_spread_bucket_by_bucket_and_the_last_takes_the_cents() -> (
    None
):
    book = book_of([100_00, 0, 0, 0], [100_00, 0, 0, 0], [100_00, 0, 0, 0])
    order = attrs.evolve(OLDEST_FIRST, in_advance=InAdvance.SPREAD)

    # 100.00 / 3 = 33.33, and the last takes 33.34.
    assert pay_in(book, 100_00, day(2, 1), order) == 0
    assert paid_by_bucket(book) == [
        [33_33, 0, 0, 0],
        [33_33, 0, 0, 0],
        [33_34, 0, 0, 0],
    ]


def test_shares_are_made_anew_for_each_bucket_from_what_is_left() -> None:
    book = book_of([100_00, 1_00, 0, 0], [100_00, 9_00, 0, 0], [100_00, 0, 0, 0])
    order = attrs.evolve(OLDEST_FIRST, in_advance=InAdvance.SPREAD)

    # Interest: shares of 10.00 take 1.00 and 9.00. Then 20.00 for principal: shares of
    # 6.67, and the last takes 6.66.
    assert pay_in(book, 30_00, day(2, 1), order) == 0
    assert paid_by_bucket(book) == [
        [6_67, 1_00, 0, 0],
        [6_67, 9_00, 0, 0],
        [6_66, 0, 0, 0],
    ]


def test_what_a_settled_row_cannot_take_is_spread_over_the_others() -> None:
    book = book_of([1_00, 0, 0, 0], [100_00, 0, 0, 0], [100_00, 0, 0, 0])
    order = attrs.evolve(OLDEST_FIRST, in_advance=InAdvance.SPREAD)

    # 10.00 each: February takes 1.00. The 9.00 that are left are 4.50 for the others.
    assert pay_in(book, 30_00, day(2, 1), order) == 0
    assert [paid[0] for paid in paid_by_bucket(book)] == [1_00, 14_50, 14_50]


def test_the_running_row_is_paid_first_and_then_the_last_one() -> None:
    order = attrs.evolve(OLDEST_FIRST, in_advance=InAdvance.CURRENT_OR_LAST)
    book = late_book()
    # On 20 February the period to 15 March runs; February is paid.
    pay_in(book, 108_00, day(2, 15), order)
    book.postings.clear()

    pay_in(book, 110_00, day(2, 20), order)

    assert [sum(paid) for paid in paid_by_bucket(book)] == [108_00, 106_00, 4_00]


def test_no_row_runs_on_a_due_date() -> None:
    order = attrs.evolve(OLDEST_FIRST, in_advance=InAdvance.CURRENT_OR_LAST)
    book = late_book()

    # February is due; what is above it is for April, since March begins tomorrow.
    pay_in(book, 110_00, day(2, 15), order)

    assert [sum(paid) for paid in paid_by_bucket(book)] == [108_00, 0, 2_00]


def test_the_first_row_runs_on_the_day_of_disbursement() -> None:
    order = attrs.evolve(OLDEST_FIRST, in_advance=InAdvance.CURRENT_OR_LAST)
    book = late_book()

    pay_in(book, 110_00, day(1, 15), order)

    assert [sum(paid) for paid in paid_by_bucket(book)] == [108_00, 0, 2_00]


# Vertical: one bucket is finished in all rows.


def test_vertical_penalties_of_all_rows_come_before_any_fee() -> None:
    book = book_of([100_00, 3_00, 2_00, 5_00], [100_00, 2_00, 4_00, 6_00])

    # On 20 March both are past due: 11.00 of penalties, then 6.00 of fees, then 0.50.
    assert pay_in(book, 17_50, day(3, 20), VERTICAL) == 0
    assert parts(book) == [
        (2, "penalties", 5_00),
        (3, "penalties", 6_00),
        (2, "fees", 2_00),
        (3, "fees", 4_00),
        (2, "interest", 50),
    ]


def test_vertical_all_that_is_past_due_comes_before_what_is_due() -> None:
    book = book_of([100_00, 3_00, 0, 5_00], [100_00, 2_00, 0, 6_00])

    pay_in(book, 110_00, day(3, 15), VERTICAL)

    assert paid_by_bucket(book) == [[100_00, 3_00, 0, 5_00], [0, 0, 0, 2_00]]


def test_vertical_money_in_advance_is_spread_over_rows_with_that_bucket_open() -> None:
    book = book_of([100_00, 0, 0, 3_00], [100_00, 0, 0, 0], [100_00, 0, 0, 3_00])
    order = attrs.evolve(VERTICAL, in_advance=InAdvance.SPREAD)

    # Penalties: 5.00 each for two rows, which take 3.00. Principal: 4.00 for three.
    assert pay_in(book, 10_00, day(2, 1), order) == 0
    assert paid_by_bucket(book) == [
        [1_33, 0, 0, 3_00],
        [1_33, 0, 0, 0],
        [1_34, 0, 0, 3_00],
    ]


def test_vertical_a_row_without_that_bucket_has_no_share_of_it() -> None:
    book = book_of([100_00, 0, 0, 3_00], [100_00, 0, 0, 0], [100_00, 0, 0, 3_00])
    order = attrs.evolve(VERTICAL, in_advance=InAdvance.SPREAD)

    # 4.00 over two rows, at once.
    assert pay_in(book, 4_00, day(2, 1), order) == 0
    assert parts(book) == [(2, "penalties", 2_00), (4, "penalties", 2_00)]


def test_vertical_money_in_advance_goes_to_the_last_row_first() -> None:
    book = book_of([100_00, 0, 0, 3_00], [100_00, 0, 0, 2_00])
    order = attrs.evolve(VERTICAL, in_advance=InAdvance.LAST)

    pay_in(book, 4_00, day(2, 1), order)

    assert parts(book) == [(3, "penalties", 2_00), (2, "penalties", 2_00)]


# Charges that are not due yet.


def charged_book(choice: ChargesInAdvance) -> LedgerBook:
    """Return a book whose March row has a fee due on 1 March and one on 15 March."""
    policy = attrs.evolve(PLAIN_LEDGER, charges_in_advance=choice)
    book = book_of([0, 0, 0, 0], [100_00, 10_00, 7_00, 0], policy=policy)
    for name, minor, due_on in (("a", 2_00, day(3, 1)), ("b", 5_00, day(3, 15))):
        book.charges[PAYMENT.__class__(name)] = [
            ChargePart(row=book.rows[1], bucket=FEES, amount_minor=minor, due_on=due_on)
        ]
    return book


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        # All fees, then interest.
        (ChargesInAdvance.AS_ORDERED, [3_00, 10_00, 7_00, 0]),
        # The fee of 1 March first; then the rest in order, which is the same here.
        (ChargesInAdvance.DUE_ONLY, [3_00, 10_00, 7_00, 0]),
        # The fee of 1 March, then principal.
        (ChargesInAdvance.DUE_ONLY_THEN_PRINCIPAL, [18_00, 0, 2_00, 0]),
    ],
)
def test_a_first_pass_pays_charges_that_are_due_by_the_day(
    choice: ChargesInAdvance, expected: list[int]
) -> None:
    book = charged_book(choice)

    assert pay_in(book, 20_00, day(3, 5), OLDEST_FIRST) == 0
    assert book.rows[1].paid == expected


@pytest.mark.parametrize(
    ("on", "fees"), [(day(2, 29), 0), (day(3, 1), 2_00), (day(3, 14), 2_00)]
)
def test_a_charge_is_due_by_its_own_day_that_day_included(
    on: dt.date, fees: int
) -> None:
    book = charged_book(ChargesInAdvance.DUE_ONLY_THEN_PRINCIPAL)

    # 20.00, and what is not a fee is principal: 1 March is the day of the first fee.
    pay_in(book, 20_00, on, OLDEST_FIRST)
    assert book.rows[1].paid == [20_00 - fees, 0, fees, 0]


def test_the_first_pass_only_changes_the_order_within_a_row() -> None:
    book = charged_book(ChargesInAdvance.DUE_ONLY)
    order = AllocationOrder.of((INTEREST, PENALTIES, FEES, PRINCIPAL))

    # 2.00 of fees before interest, since they are due; then interest, then fees.
    pay_in(book, 13_00, day(3, 5), order)

    assert parts(book) == [
        (3, "fees", 2_00),
        (3, "interest", 10_00),
        (3, "fees", 1_00),
    ]


# What the engine is asked and told.


def test_the_engine_is_asked_before_a_row_is_paid_early_and_told_after() -> None:
    book = late_book()
    book.policy = RECALCULATING_LEDGER

    pay_in(book, 110_00, day(2, 1), OLDEST_FIRST)

    assert isinstance(book.engine, FixedRows)
    # Before interest and before principal; not for charges, which take the rest.
    assert book.engine.asked == [(2, day(2, 1), 110_00), (2, day(2, 1), 110_00)]
    assert book.engine.told == [(2, INTEREST, 3_00), (2, PRINCIPAL, 100_00)]


def test_the_engine_is_not_asked_about_rows_that_are_due() -> None:
    book = late_book()
    book.policy = RECALCULATING_LEDGER

    pay_in(book, 108_00, day(2, 15), OLDEST_FIRST)

    assert isinstance(book.engine, FixedRows)
    assert book.engine.asked == []
    assert book.engine.told == [(2, INTEREST, 3_00), (2, PRINCIPAL, 100_00)]


def test_the_engine_hears_of_nothing_where_payments_change_no_interest() -> None:
    book = late_book()

    left = pay_in(book, 110_00, day(2, 1), OLDEST_FIRST)

    assert isinstance(book.engine, FixedRows)
    assert (book.engine.asked, book.engine.told) == ([], [])
    assert (left, book.rows[0].paid) == (0, [100_00, 3_00, 0, 5_00])
    assert book.rows[1].paid == [0, 0, 2_00, 0]


@attrs.define
class _AsksForMore(FixedRows):
    """An engine that asks for interest once the principal of a row is paid."""

    def after_payment(
        self,
        book: LedgerBook,
        row: RowAccount,
        bucket: Bucket,
        paid_minor: int,
        on: dt.date,
    ) -> None:
        """Ask for one cent more, once."""
        if bucket is PRINCIPAL:
            row.charged[INTEREST] += 1
            row.restamp(on)


@pytest.mark.parametrize("processing", Processing)
def test_a_row_that_asks_for_more_while_it_is_paid_gets_it(
    processing: Processing,
) -> None:
    book = book_of([100_00, 0, 0, 0], [50_00, 0, 0, 0])
    book.engine, book.policy = _AsksForMore(), RECALCULATING_LEDGER
    order = attrs.evolve(
        AllocationOrder.of((PRINCIPAL, INTEREST, FEES, PENALTIES)),
        processing=processing,
    )

    left = pay_in(book, 200_00, day(2, 1), order)

    assert left == 200_00 - 150_02
    assert book.open_minor == 0


@pytest.mark.parametrize("in_advance", InAdvance)
@pytest.mark.parametrize("processing", Processing)
def test_what_is_asked_for_in_a_place_that_is_passed_is_paid_in_another_round(
    processing: Processing, in_advance: InAdvance
) -> None:
    book = book_of([100_00, 0, 0, 0], [50_00, 0, 0, 0])
    book.engine, book.policy = _AsksForMore(), RECALCULATING_LEDGER
    order = attrs.evolve(
        AllocationOrder.of((INTEREST, PRINCIPAL, FEES, PENALTIES)),
        in_advance=in_advance,
        processing=processing,
    )

    # The interest that principal brings comes after its place.
    left = pay_in(book, 200_00, day(1, 20), order)

    assert book.open_minor == 0
    assert left == 200_00 - 150_00 - sum(row.paid[INTEREST] for row in book.rows)


def test_a_down_payment_and_an_additional_row_are_paid_like_others() -> None:
    book = late_book()
    book.rows.append(
        RowAccount.of(day(1, 15), day(1, 15), [25_00, 0, 0, 0], RowKind.DOWN_PAYMENT)
    )
    book.rows.append(
        RowAccount.of(day(4, 15), day(5, 2), [0, 0, 9_00, 0], RowKind.ADDITIONAL)
    )
    book.sort_rows()

    assert pay_in(book, 400_00, day(2, 1), OLDEST_FIRST) == 400_00 - 349_00
    assert next(part[:2] for part in parts(book)) == (1, "principal")
    assert [part[:2] for part in parts(book)][-1] == (5, "fees")


def test_a_waived_amount_is_not_paid() -> None:
    book = late_book()
    book.rows[0].waive(PENALTIES, 5_00, day(2, 1))

    pay_in(book, 104_00, day(2, 15), OLDEST_FIRST)

    assert paid_by_bucket(book)[:2] == [[100_00, 3_00, 0, 0], [0, 0, 1_00, 0]]


# Shares and due states.


@pytest.mark.parametrize(
    ("amount", "count", "rounding", "expected"),
    [
        (1000_00, 12, Rounding.HALF_EVEN, [83_33] * 11 + [83_37]),
        (2, 4, Rounding.HALF_EVEN, [0, 0, 0, 2]),
        # Half a cent each would be rounded up to more than there is.
        (2, 4, Rounding.HALF_UP, [0, 0, 0, 2]),
        (5, 3, Rounding.HALF_EVEN, [2, 2, 1]),
        (3, 4, Rounding.UP, [1, 1, 1, 0]),
        (0, 3, Rounding.HALF_EVEN, [0, 0, 0]),
    ],
)
def test_shares_are_equal_and_the_last_takes_the_rest(
    amount: int, count: int, rounding: Rounding, expected: list[int]
) -> None:
    assert shares(amount, count, rounding) == expected


@given(
    amount=st.integers(0, 10**9),
    count=st.integers(1, 60),
    rounding=st.sampled_from(Rounding),
)
def test_shares_add_up_and_none_is_below_zero(
    amount: int, count: int, rounding: Rounding
) -> None:
    found = shares(amount, count, rounding)

    assert sum(found) == amount
    assert len(found) == count
    assert min(found) >= 0
    assert len(set(found[:-1])) <= 1


def test_a_due_date_is_past_due_only_the_day_after() -> None:
    states = [due_state(day(2, 15), day(2, number)) for number in (14, 15, 16)]

    assert states == [DueState.IN_ADVANCE, DueState.DUE, DueState.PAST_DUE]


# Laws.

AMOUNTS = st.lists(st.integers(0, 2_000), min_size=4, max_size=4)
ORDERS = st.builds(
    AllocationOrder.of,
    st.permutations(list(Bucket)).map(tuple),
    in_advance=st.sampled_from(InAdvance),
    processing=st.sampled_from(Processing),
)


@given(
    charged=st.lists(AMOUNTS, min_size=1, max_size=5),
    amount=st.integers(0, 12_000),
    on=st.integers(0, 200),
    order=ORDERS,
    choice=st.sampled_from(ChargesInAdvance),
)
def test_money_is_left_only_where_nothing_is_open(
    charged: list[list[int]],
    amount: int,
    on: int,
    order: AllocationOrder,
    choice: ChargesInAdvance,
) -> None:
    policy = attrs.evolve(PLAIN_LEDGER, charges_in_advance=choice)
    book = book_of(*charged, policy=policy)
    owed = book.open_minor

    left = pay_in(book, amount, day(1, 15) + dt.timedelta(days=on), order)

    assert left == max(amount - owed, 0)
    assert book.open_minor == max(owed - amount, 0)
    assert sum(minor for *_, minor in parts(book)) == amount - left
    assert all(minor > 0 for *_, minor in parts(book))


@given(
    charged=st.lists(AMOUNTS, min_size=1, max_size=5),
    amount=st.integers(0, 12_000),
    on=st.integers(0, 200),
    buckets=st.permutations(list(Bucket)).map(tuple),
)
def test_the_quick_way_for_the_oldest_row_first_is_the_general_way(
    charged: list[list[int]], amount: int, on: int, buckets: tuple[Bucket, ...]
) -> None:
    order = AllocationOrder.of(buckets)
    general = AllocationOrder.of(buckets)
    object.__setattr__(general, "_is_oldest_first", False)
    paid_on = day(1, 15) + dt.timedelta(days=on)
    one, other = book_of(*map(list, charged)), book_of(*map(list, charged))

    assert pay_in(one, amount, paid_on, order) == pay_in(
        other, amount, paid_on, general
    )
    assert parts(one) == parts(other)
