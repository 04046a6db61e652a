from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core.errors import InvalidValueError
from microcrm_core.ledger.allocation_orders import Bucket
from microcrm_core.ledger.arrears import (
    Arrears,
    OpenInstallment,
    days_past_due,
    oldest_unpaid_due_on,
    open_minor,
)
from microcrm_core.ledger.row_accounts import RowAccount
from microcrm_core.money import Currency

EUR = Currency.of("EUR")
JANUARY_END = dt.date(2024, 1, 31)
FEBRUARY_END = dt.date(2024, 2, 29)

amounts = st.integers(0, 3)
installments = st.builds(
    OpenInstallment,
    due_on=st.dates(dt.date(2024, 1, 1), dt.date(2024, 3, 31)),
    principal_minor=amounts,
    interest_minor=amounts,
    fees_minor=amounts,
    penalties_minor=amounts,
)


def test_an_installment_is_past_due_from_the_day_after_its_due_date() -> None:
    row = OpenInstallment(due_on=JANUARY_END, principal_minor=500)

    assert days_past_due([row], JANUARY_END) == 0
    assert days_past_due([row], dt.date(2024, 2, 1)) == 1


@pytest.mark.parametrize(
    ("as_of", "days"),
    [
        # 31 January to 29 February is 29 days, to 1 March 30; a leap year.
        (dt.date(2024, 2, 29), 29),
        (dt.date(2024, 3, 1), 30),
        (dt.date(2024, 3, 2), 31),
        # 366 days make the year from one 31 January to the next.
        (dt.date(2025, 1, 31), 366),
    ],
)
def test_days_past_due_are_calendar_days(as_of: dt.date, days: int) -> None:
    row = OpenInstallment(due_on=JANUARY_END, principal_minor=1)

    assert days_past_due([row], as_of) == days


def test_the_oldest_unpaid_installment_counts_and_not_a_paid_one() -> None:
    paid = OpenInstallment(due_on=JANUARY_END)
    unpaid = OpenInstallment(due_on=FEBRUARY_END, interest_minor=1)

    assert days_past_due([unpaid, paid], dt.date(2024, 3, 10)) == 10


@pytest.mark.parametrize("bucket", Bucket)
def test_any_bucket_alone_keeps_an_installment_unpaid(bucket: Bucket) -> None:
    row = OpenInstallment(due_on=JANUARY_END, **{f"{bucket.name.lower()}_minor": 1})

    assert row.open_in(bucket) == open_minor(row) == 1
    assert oldest_unpaid_due_on([row], FEBRUARY_END) == JANUARY_END


def test_the_account_of_a_replay_is_an_installment_too() -> None:
    row = RowAccount.of(dt.date(2023, 12, 31), JANUARY_END, [900, 100, 0, 0])
    row.pay(Bucket.INTEREST, 100, JANUARY_END)

    arrears = Arrears.of([row], as_of=FEBRUARY_END, currency=EUR)

    assert arrears.principal.minor == 900
    assert arrears.interest.minor == 0
    assert arrears.days_past_due == 29


def test_arrears_leave_out_what_is_due_on_the_day_or_later() -> None:
    rows = [
        OpenInstallment(due_on=JANUARY_END, principal_minor=10, fees_minor=1),
        OpenInstallment(due_on=FEBRUARY_END, principal_minor=20, penalties_minor=2),
        OpenInstallment(due_on=dt.date(2024, 3, 31), principal_minor=40),
    ]

    on_time = Arrears.of(rows, as_of=FEBRUARY_END, currency=EUR)
    late = Arrears.of(rows, as_of=dt.date(2024, 3, 1), currency=EUR)

    assert (on_time.total.minor, late.total.minor) == (11, 33)
    assert (late.principal.minor, late.fees.minor, late.penalties.minor) == (30, 1, 2)
    assert late.oldest_due_on == JANUARY_END


def test_a_loan_without_arrears_has_no_due_date_and_no_days() -> None:
    arrears = Arrears.of([], as_of=FEBRUARY_END, currency=EUR)

    assert arrears.oldest_due_on is None
    assert arrears.days_past_due == 0
    assert arrears.total.is_zero


@given(rows=st.lists(installments, max_size=5), as_of=st.dates(JANUARY_END))
def test_days_grow_by_one_a_day_or_begin_at_one(
    rows: list[OpenInstallment], as_of: dt.date
) -> None:
    if as_of == dt.date.max:
        return
    today = days_past_due(rows, as_of)
    tomorrow = days_past_due(rows, as_of + dt.timedelta(days=1))

    assert tomorrow == today + 1 if today else tomorrow in (0, 1)


@given(
    rows=st.lists(installments, max_size=5).flatmap(
        lambda drawn: st.tuples(st.just(drawn), st.permutations(drawn))
    ),
    as_of=st.dates(dt.date(2024, 1, 1), dt.date(2024, 4, 30)),
)
def test_the_order_of_installments_never_matters(
    rows: tuple[list[OpenInstallment], list[OpenInstallment]], as_of: dt.date
) -> None:
    one, other = (Arrears.of(each, as_of=as_of, currency=EUR) for each in rows)

    assert one == other
    assert one.days_past_due == days_past_due(rows[1], as_of)


def test_a_day_with_a_time_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="as_of must be a date"):
        days_past_due([], dt.datetime(2024, 1, 1, tzinfo=dt.UTC))


def test_a_negative_amount_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="fees_minor must not be negative"):
        OpenInstallment(due_on=JANUARY_END, fees_minor=-1)
