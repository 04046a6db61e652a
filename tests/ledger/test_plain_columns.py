"""Columns of a common loan while it is replayed, worked by hand."""

from __future__ import annotations

from microcrm_core.ledger import FEES_INTEREST_PRINCIPAL, Bucket, DueState
from microcrm_core.ledger.plain_columns import PlainColumns


def two_rows() -> PlainColumns:
    """Return rows of 500 and 500 principal, 20 and 10 interest."""
    columns = PlainColumns(start_day=0, due=[31, 59])
    assert columns.ask(0, 0, [500, 500], [20, 10])
    return columns


def test_a_repayment_goes_through_the_rows_as_they_fall_due() -> None:
    columns = two_rows()

    posting = columns.pay(600, 40, FEES_INTEREST_PRINCIPAL)

    assert posting.parts == [
        (0, Bucket.INTEREST, 20, DueState.PAST_DUE),
        (0, Bucket.PRINCIPAL, 500, DueState.PAST_DUE),
        (1, Bucket.INTEREST, 10, DueState.IN_ADVANCE),
        (1, Bucket.PRINCIPAL, 70, DueState.IN_ADVANCE),
    ]
    assert posting.parts_minor == [570, 30, 0, 0]
    assert (columns.left, columns.settled) == ([0, 430], [40, None])
    assert (columns.paid_late, columns.paid_early) == ([520, 0], [0, 80])


def test_what_no_row_takes_is_credit() -> None:
    columns = two_rows()

    posting = columns.pay(1_100, 31, FEES_INTEREST_PRINCIPAL)

    assert posting.credit_minor == 70
    assert columns.paid() == ((500, 500), (20, 10), (0, 0), (0, 0))


def test_a_charge_opens_a_settled_row_again_and_waiving_it_settles_it() -> None:
    columns = two_rows()
    columns.pay(520, 31, FEES_INTEREST_PRINCIPAL)

    columns.add(0, Bucket.FEES, 40, 33)
    assert (columns.left, columns.settled) == ([40, 510], [None, None])

    assert columns.waive(0, Bucket.FEES, 40, 35) == 40
    assert (columns.left, columns.settled) == ([0, 510], [35, None])
    assert columns.waive(0, Bucket.FEES, 40, 36) == 0


def test_money_goes_to_an_earlier_row_that_is_open_again() -> None:
    columns = two_rows()
    columns.pay(600, 31, FEES_INTEREST_PRINCIPAL)
    columns.add(0, Bucket.PENALTIES, 40, 33)

    posting = columns.pay(50, 34, FEES_INTEREST_PRINCIPAL)

    assert [part[:3] for part in posting.parts] == [
        (0, Bucket.PENALTIES, 40),
        (1, Bucket.PRINCIPAL, 10),
    ]


def test_rows_that_are_made_anew_keep_what_was_paid_of_them() -> None:
    columns = two_rows()
    columns.pay(600, 31, FEES_INTEREST_PRINCIPAL)

    assert columns.ask(1, 35, [500], [12])
    assert (columns.left, columns.charged[1]) == ([0, 432], [20, 12])


def test_rows_ask_for_no_less_than_was_paid_of_them() -> None:
    columns = two_rows()
    columns.pay(600, 31, FEES_INTEREST_PRINCIPAL)

    assert not columns.ask(1, 35, [500], [9])


def test_a_row_without_principal_is_of_another_kind() -> None:
    assert not two_rows().ask(1, 35, [0], [12])


def test_what_is_due_after_all_rows_has_none() -> None:
    columns = two_rows()

    assert [columns.row_of(day) for day in (0, 31, 32, 59, 60)] == [0, 0, 1, 1, None]
