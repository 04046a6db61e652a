from __future__ import annotations

import datetime as dt
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microcrm_core.errors import CurrencyMismatchError, InvalidValueError
from microcrm_core.ids import LoanId
from microcrm_core.ledger.arrears import InstallmentAccount, OpenInstallment
from microcrm_core.ledger.arrears_history import (
    ArrearsPath,
    ArrearsPoint,
    LoanSnapshot,
)
from microcrm_core.ledger.arrears_paths import (
    arrears_path,
    change_days,
    combined_path,
)
from microcrm_core.ledger.happenings import Charged, ChargeKind, Repaid, Reversed
from microcrm_core.ledger.ledger_events import LedgerEvent
from microcrm_core.loans import Portion
from microcrm_core.money import Currency, Money

EUR = Currency.of("EUR")
START = dt.date(2024, 1, 1)


def on_day(day: int) -> dt.date:
    return START + dt.timedelta(days=day)


LAST = on_day(100)


def path_of(*points: ArrearsPoint, until_on: dt.date = LAST) -> ArrearsPath:
    return ArrearsPath(points=points, until_on=until_on, currency=EUR)


def point(
    day: int, *, due_day: int | None = None, overdue_minor: int = 0
) -> ArrearsPoint:
    return ArrearsPoint.of(
        on_day(day),
        principal_minor=1000,
        oldest_due_on=None if due_day is None else on_day(due_day),
        overdue_minor=overdue_minor,
    )


@attrs.frozen
class ToyLoan:
    """Installments by due day, payments by day; the oldest is paid first."""

    dues: tuple[tuple[int, int], ...]
    payments: tuple[tuple[int, int], ...]

    def snapshot_on(self, on: dt.date) -> LoanSnapshot:
        left = sum(amount for day, amount in self.payments if on_day(day) <= on)
        accounts: list[InstallmentAccount] = []
        for due_day, due_minor in sorted(self.dues):
            paid = min(left, due_minor)
            left -= paid
            account = OpenInstallment(
                due_on=on_day(due_day), principal_minor=due_minor - paid
            )
            accounts.append(account)
        return LoanSnapshot(accounts=tuple(accounts), is_disbursed=True)


toy_loans = st.builds(
    ToyLoan,
    dues=st.lists(
        st.tuples(st.integers(1, 90), st.integers(0, 5)), min_size=1, max_size=5
    ).map(tuple),
    payments=st.lists(st.tuples(st.integers(0, 99), st.integers(1, 6)), max_size=5).map(
        tuple
    ),
)


@given(loan=toy_loans)
def test_a_path_says_each_day_what_the_loan_says_when_asked(loan: ToyLoan) -> None:
    asked: list[dt.date] = []

    def snapshot_on(on: dt.date) -> LoanSnapshot:
        asked.append(on)
        return loan.snapshot_on(on)

    event_days = [START, *(on_day(day) for day, _ in loan.payments)]
    path = arrears_path(snapshot_on, event_days, until_on=on_day(100), currency=EUR)

    for day in range(101):
        on = on_day(day)
        told = ArrearsPoint.of_snapshot(loan.snapshot_on(on), on)
        assert path.at(on).is_as(told)
        assert path.days_past_due(on) == told.days_past_due(on)
    # Once for each event day and each due date at most, and never twice.
    assert len(asked) == len(set(asked)) <= len(set(event_days)) + len(loan.dues)


@given(loan=toy_loans)
def test_no_point_of_a_path_repeats_the_one_before(loan: ToyLoan) -> None:
    days = [START, *(on_day(day) for day, _ in loan.payments)]
    path = arrears_path(loan.snapshot_on, days, until_on=on_day(100), currency=EUR)

    pairs = zip(path.points, path.points[1:], strict=False)
    assert not any(before.is_as(after) for before, after in pairs)


@given(loan=toy_loans, start=st.integers(0, 100), length=st.integers(0, 100))
def test_spans_cover_the_days_that_are_asked_for_once(
    loan: ToyLoan, start: int, length: int
) -> None:
    last = min(start + length, 100)
    days = [START, *(on_day(day) for day, _ in loan.payments)]
    path = arrears_path(loan.snapshot_on, days, until_on=on_day(100), currency=EUR)

    covered = [
        (on_day(day), span.point)
        for span in path.spans(on_day(start), on_day(last))
        for day in range((span.from_on - START).days, (span.until_on - START).days)
    ]

    assert [on for on, _ in covered] == [on_day(day) for day in range(start, last + 1)]
    assert all(path.at(on) == said for on, said in covered)


def test_a_backdated_payment_changes_the_path_from_its_value_day_on() -> None:
    dues = ((30, 5), (60, 5))
    before = ToyLoan(dues, ())
    after = ToyLoan(dues, ((40, 5),))

    def days_of(loan: ToyLoan, days: list[int]) -> list[int]:
        path = arrears_path(
            loan.snapshot_on,
            [START, on_day(40)],
            until_on=on_day(100),
            currency=EUR,
        )
        return [path.days_past_due(on_day(day)) for day in days]

    assert days_of(before, [30, 31, 39, 40, 61]) == [0, 1, 9, 10, 31]
    assert days_of(after, [30, 31, 39, 40, 61]) == [0, 1, 9, 0, 1]


def test_where_arrears_grow_daily_every_day_is_asked_for() -> None:
    def snapshot_on(on: dt.date) -> LoanSnapshot:
        late_days = max((on - on_day(10)).days, 0)
        row = OpenInstallment(
            due_on=on_day(10), principal_minor=100, interest_minor=late_days
        )
        return LoanSnapshot(
            accounts=(row,), is_disbursed=True, changes_daily=on >= on_day(10)
        )

    path = arrears_path(snapshot_on, [START], until_on=on_day(14), currency=EUR)

    assert [one.overdue_minor for one in path.points] == [0, 101, 102, 103, 104]


def test_before_its_first_point_and_before_it_is_paid_out_there_is_no_loan() -> None:
    planned = ToyLoan(((10, 5),), ())

    def snapshot_on(on: dt.date) -> LoanSnapshot:
        is_disbursed = on >= on_day(5)
        return attrs.evolve(planned.snapshot_on(on), is_disbursed=is_disbursed)

    path = arrears_path(
        snapshot_on, [START, on_day(5)], until_on=on_day(20), currency=EUR
    )

    assert not path.at(on_day(-1)).is_open
    assert not path.at(on_day(4)).is_open
    assert path.at(on_day(5)).is_open
    assert path.days_past_due(on_day(11)) == 1


def test_a_loan_without_events_has_an_empty_path() -> None:
    loan = ToyLoan(((10, 5),), ())
    path = arrears_path(loan.snapshot_on, [], until_on=on_day(20), currency=EUR)

    assert path.points == ()
    assert not path.at(on_day(15)).is_open


def test_a_written_off_loan_owes_nothing_and_is_known_as_such() -> None:
    row = OpenInstallment(due_on=on_day(5), principal_minor=100)
    gone = LoanSnapshot(accounts=(row,), is_disbursed=True, is_written_off=True)

    found = ArrearsPoint.of_snapshot(gone, on_day(10))

    assert (found.is_open, found.is_written_off, found.overdue_minor) == (
        False,
        True,
        0,
    )


def test_nothing_is_said_of_days_after_the_last_that_is_known() -> None:
    path = path_of(point(0), until_on=on_day(10))

    assert path.at(on_day(10)).is_open
    with pytest.raises(InvalidValueError, match="2024-01-11 or earlier"):
        path.at(on_day(11))
    with pytest.raises(InvalidValueError, match="2024-01-11 or earlier"):
        list(path.spans(on_day(5), on_day(11)))


def test_what_a_customer_owes_leaves_out_interest_that_is_not_due() -> None:
    rows = (
        OpenInstallment(due_on=on_day(5), principal_minor=100, interest_minor=7),
        OpenInstallment(due_on=on_day(35), principal_minor=200, interest_minor=9),
    )
    snapshot = LoanSnapshot(accounts=rows, is_disbursed=True)

    found = ArrearsPoint.of_snapshot(snapshot, on_day(6))

    assert (found.overdue_minor, found.overdue_principal_minor) == (107, 100)
    assert (found.principal_minor, found.exposure_minor) == (300, 307)


@given(loans=st.lists(toy_loans, min_size=1, max_size=3))
def test_loans_together_owe_the_sum_and_are_as_late_as_the_latest(
    loans: list[ToyLoan],
) -> None:
    paths = [
        arrears_path(
            loan.snapshot_on,
            [START, *(on_day(day) for day, _ in loan.payments)],
            until_on=on_day(100),
            currency=EUR,
        )
        for loan in loans
    ]

    together = combined_path(paths)

    for day in range(101):
        on = on_day(day)
        each = [path.at(on) for path in paths]
        found = together.at(on)
        assert found.overdue_minor == sum(one.overdue_minor for one in each)
        assert found.principal_minor == sum(one.principal_minor for one in each)
        assert found.days_past_due(on) == max(one.days_past_due(on) for one in each)
        assert found.is_open == any(one.is_open for one in each)


def test_paths_of_two_currencies_or_of_none_do_not_go_together() -> None:
    yuan = attrs.evolve(path_of(point(0)), currency=Currency.of("CNY"))

    with pytest.raises(CurrencyMismatchError, match="must be EUR, got 'CNY'"):
        combined_path([path_of(point(0)), yuan])
    with pytest.raises(InvalidValueError, match="paths must not be empty"):
        combined_path([])


def test_points_must_be_in_order_and_known() -> None:
    with pytest.raises(InvalidValueError, match="in order of days"):
        path_of(point(5), point(5))
    with pytest.raises(InvalidValueError, match="as the last point"):
        path_of(point(5), until_on=on_day(4))


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"overdue_minor": 5}, "oldest_due_on must be given"),
        ({"oldest_due_on": on_day(1)}, "oldest_due_on must be given"),
        (
            {"overdue_minor": 5, "oldest_due_on": on_day(10)},
            "oldest_due_on must be before",
        ),
        ({"overdue_principal_minor": 1}, "overdue_principal_minor must not be above"),
        ({"is_open": False}, "is_open must be true"),
    ],
)
def test_a_point_that_contradicts_itself_is_refused(
    changed: dict[str, Any], rule: str
) -> None:
    with pytest.raises(InvalidValueError, match=rule):
        attrs.evolve(point(10), **changed)


def test_change_days_are_value_days_and_the_due_dates_of_charges() -> None:
    def event(
        what: Repaid | Charged | Reversed, value_on: dt.date, key: str
    ) -> LedgerEvent:
        return LedgerEvent.of(
            what,
            loan_id=LoanId("loan-7"),
            value_on=value_on,
            recorded_at=dt.datetime(2024, 6, 1, tzinfo=dt.UTC),
            idempotency_key=key,
        )

    money = Money(500, EUR)
    paid = event(Repaid(amount=money), on_day(9), "paid")
    charge = Charged(
        kind=ChargeKind.PENALTY, portion=Portion.of_amount(money), due_on=on_day(3)
    )

    found = change_days(
        [
            event(Reversed(paid.id), on_day(12), "reversed"),
            paid,
            event(charge, on_day(5), "charged"),
        ]
    )

    assert found == (on_day(3), on_day(5), on_day(9), on_day(12))


def test_every_due_date_that_passes_unpaid_is_a_point() -> None:
    loan = ToyLoan(tuple((day, 1) for day in range(1, 91)), ())
    path = arrears_path(loan.snapshot_on, [START], until_on=on_day(100), currency=EUR)

    assert len(path.points) == 91


@settings(max_examples=20)
@given(loan=toy_loans, until=st.integers(0, 100))
def test_a_shorter_path_is_the_beginning_of_a_longer_one(
    loan: ToyLoan, until: int
) -> None:
    days = [START, *(on_day(day) for day, _ in loan.payments)]
    short, long = (
        arrears_path(loan.snapshot_on, days, until_on=on_day(last), currency=EUR)
        for last in (until, 100)
    )

    assert short.points == tuple(
        one for one in long.points if one.from_on <= on_day(until)
    )


def test_loans_together_are_known_as_long_as_each_of_them_is() -> None:
    short = path_of(point(0), until_on=on_day(20))
    long = path_of(point(0), point(10, due_day=9, overdue_minor=5), point(30))

    together = combined_path([long, short])

    assert together.until_on == on_day(20)
    assert [one.from_on for one in together.points] == [on_day(0), on_day(10)]


def test_a_printed_path_is_a_table_of_its_points() -> None:
    since = dt.date(2025, 1, 1)
    points = (
        ArrearsPoint.of(since, principal_minor=50_000),
        ArrearsPoint.of(
            dt.date(2025, 2, 1),
            principal_minor=50_000,
            oldest_due_on=dt.date(2025, 1, 31),
            overdue_minor=2_000,
        ),
        ArrearsPoint(from_on=dt.date(2025, 2, 9), is_open=False),
    )
    path = ArrearsPath(points=points, until_on=dt.date(2025, 3, 1), currency=EUR)

    assert str(path).splitlines() == [
        "      from  oldest due  overdue EUR  principal EUR",
        "2025-01-01                     0.00         500.00",
        "2025-02-01  2025-01-31        20.00         500.00",
        "2025-02-09                     0.00           0.00  closed",
        "known until 2025-03-01",
    ]
