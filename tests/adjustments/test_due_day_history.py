"""What advice makes of a history: own repayments, closed days, month ends, noise."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import attrs
import pytest

from microcrm_core import Currency, CurrencyMismatchError, InvalidValueError, Money
from microcrm_core.adjustments import (
    DUE_DAY_BASIC,
    BalanceMonth,
    BalanceWeek,
    DueDayPolicy,
    OwnRepayment,
    due_day_policy_from_plain,
    due_day_policy_to_plain,
    known_weeks,
    recommend_due_day,
    weigh_due_days,
)
from microcrm_core.adjustments.due_day import DueDayAdvice
from microcrm_core.customers import CashFlowSummary, Direction, Transaction
from microcrm_core.dates import BusinessCalendar, BusinessDayRule
from microcrm_core.ids import CustomerId, TransactionId

EURO = Currency.of("EUR")
PLAIN = BusinessCalendar(name="plain")


def account(rows: Iterable[tuple[dt.date, int]]) -> CashFlowSummary:
    """Return an account of stated balances."""
    return CashFlowSummary.of(
        EURO,
        [
            Transaction(
                id=TransactionId(f"t-{number}"),
                customer_id=CustomerId("c"),
                booked_on=on,
                direction=Direction.IN,
                amount=Money(1, EURO),
                balance_after=Money(balance, EURO),
                sequence=number,
            )
            for number, (on, balance) in enumerate(rows)
        ],
    )


def paid(month: int, day: int, minor: int) -> OwnRepayment:
    return OwnRepayment(dt.date(2025, month, day), Money(minor, EURO))


def test_an_own_repayment_goes_back_from_its_day_to_the_end_of_the_month() -> None:
    month = BalanceMonth(2025, 2, (900,) * 11 + (400,) * 8 + (300,) * 9)

    back = month.with_added_back({12: 500, 20: 100, 30: 7})

    assert back.minor == (900,) * 28


def test_the_day_on_which_the_loan_was_paid_does_not_look_poor_for_it() -> None:
    # Paid on the 10th with 600, the installment of 500 is taken on the 12th; from
    # the 25th on there is nothing but those 100. The account as it stands covers the
    # installment on days 10 and 11 alone, the day on which it was due not at all.
    rows = [
        row
        for month in (1, 2, 3)
        for row in (
            (dt.date(2025, month, 1), 0),
            (dt.date(2025, month, 10), 600),
            (dt.date(2025, month, 12), 100),
        )
    ]
    own = [paid(month, 12, 500) for month in (1, 2, 3)]

    def advise(own_repayments: list[OwnRepayment]) -> DueDayAdvice:
        return recommend_due_day(
            account(rows),
            Money(500, EURO),
            12,
            DUE_DAY_BASIC,
            dt.date(2025, 3, 31),
            own_repayments=own_repayments,
        ).outcome

    assert (advise([]).due_day, advise([]).current_shortfall_count) == (10, 3)
    assert (advise(own).due_day, advise(own).current_shortfall_count) == (12, 0)


def test_repayments_of_another_currency_are_refused() -> None:
    other = OwnRepayment(dt.date(2025, 1, 1), Money(5, Currency.of("USD")))

    with pytest.raises(CurrencyMismatchError, match="own_repayments must be in EUR"):
        recommend_due_day(
            account([]),
            Money(500, EURO),
            None,
            DUE_DAY_BASIC,
            dt.date(2025, 3, 31),
            own_repayments=[other],
        )


def test_a_repayment_of_nothing_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="amount must be above zero"):
        paid(1, 1, 0)


def test_salary_moved_to_the_business_day_before_does_not_draw_the_day_forward() -> (
    None
):
    # Salary of the 10th, paid on the business day before where the 10th is closed:
    # Friday 8 August, 10 September, 10 October, Monday 10 November 2025. The early
    # day of August is no promise, so the nominal day it is.
    rows = [
        row
        for month, payday in ((8, 8), (9, 10), (10, 10), (11, 10))
        for row in (
            (dt.date(2025, month, 1), 0),
            (dt.date(2025, month, payday), 800),
            (dt.date(2025, month, 20), 0),
        )
    ]

    decision = recommend_due_day(
        account(rows), Money(500, EURO), None, DUE_DAY_BASIC, dt.date(2025, 11, 30)
    )

    assert decision.outcome.due_day == 10


def test_a_due_date_meets_the_balance_of_the_day_to_which_it_moves() -> None:
    # Sunday 10 August 2025 moves to Friday 8 or to Monday 11, by the rule.
    month = BalanceMonth(2025, 8, (*[0] * 7, 800, 700, 600, 500, *[0] * 20))

    back = month.on_business_days(BusinessDayRule.PRECEDING, PLAIN)
    ahead = month.on_business_days(BusinessDayRule.MODIFIED_FOLLOWING, PLAIN)

    assert (back.on_day(10), ahead.on_day(10)) == (800, 500)


def test_a_due_date_that_would_leave_the_month_meets_its_last_day() -> None:
    # Sunday 31 August 2025 moves to 1 September.
    month = BalanceMonth(2025, 8, tuple(range(31)))

    moved = month.on_business_days(BusinessDayRule.FOLLOWING, PLAIN)

    assert moved.on_day(31) == 30


def test_with_a_calendar_the_advice_is_by_the_days_on_which_money_is_asked_for() -> (
    None
):
    # Money is there from 8 to 10 January and on 7 February and 7 March 2025, Fridays.
    # No day of the month has it each time; but 8 February and 8 March are Saturdays,
    # and move to those Fridays.
    rows = [
        row
        for month, first, last in ((1, 8, 10), (2, 7, 7), (3, 7, 7))
        for row in (
            (dt.date(2025, month, 1), 0),
            (dt.date(2025, month, first), 800),
            (dt.date(2025, month, last + 1), 0),
        )
    ]
    asked = (account(rows), Money(500, EURO), None, DUE_DAY_BASIC, dt.date(2025, 3, 31))

    plain = recommend_due_day(*asked).outcome
    moved = recommend_due_day(
        *asked, calendar=PLAIN, rule=BusinessDayRule.PRECEDING
    ).outcome

    assert min(plain.shortfall_count_by_day) == 1
    assert moved.due_day == 8
    assert moved.shortfall_count_by_day[7] == 0


def test_month_ends_are_advised_where_the_policy_allows_them() -> None:
    # Money is there on the last day of each month and on no other.
    rows = [
        row
        for on in (dt.date(2025, 1, 31), dt.date(2025, 2, 28), dt.date(2025, 3, 31))
        for row in ((on.replace(day=1), 0), (on, 800))
    ]

    def advise(policy: DueDayPolicy) -> DueDayAdvice:
        return recommend_due_day(
            account(rows), Money(500, EURO), None, policy, dt.date(2025, 3, 31)
        ).outcome

    with_ends = advise(attrs.evolve(DUE_DAY_BASIC, day_max=31))
    assert (with_ends.due_day, len(with_ends.shortfall_count_by_day)) == (31, 31)
    assert with_ends.shortfall_count_by_day[27:] == (2, 2, 2, 0)
    assert len(advise(DUE_DAY_BASIC).shortfall_count_by_day) == 28


def test_a_gain_that_chance_may_bring_does_not_move_the_day() -> None:
    # By hand: day 5 falls short in 2 of 6 months, day 10 never. Chance alone brings
    # two of two in a quarter of all cases.
    rows = [
        row
        for month in range(1, 7)
        for row in (
            (dt.date(2025, month, 1), 0 if month < 3 else 900),
            (dt.date(2025, month, 10), 1_000),
            (dt.date(2025, month, 11), 0),
        )
    ]

    def due_day(noise_max_ppm: int | None) -> tuple[int | None, str]:
        policy = attrs.evolve(DUE_DAY_BASIC, noise_max_ppm=noise_max_ppm)
        decision = recommend_due_day(
            account(rows), Money(500, EURO), 5, policy, dt.date(2025, 6, 30)
        )
        return decision.outcome.due_day, decision.explain()[0]

    assert due_day(None)[0] == 10
    assert due_day(250_000)[0] == 10
    assert due_day(249_999) == (
        5,
        "the current due day 5 stays: day 10 would have avoided 2 of 2 shortfalls in "
        "6 months, at least 3 are asked for",
    )


def test_advice_says_what_a_move_is_expected_to_change_and_how_surely() -> None:
    # By hand: 12 months, day 1 falls short in all of them and day 10 in none. Bonett
    # and Price: N = 14, so the middle is -12/14 and the half 1.96 × √((14 × 14 - 144)
    # / 14³) = 0.2698.
    rows = [
        row
        for month in range(1, 13)
        for row in ((dt.date(2025, month, 1), 0), (dt.date(2025, month, 10), 900))
    ]

    advice = recommend_due_day(
        account(rows), Money(500, EURO), 1, DUE_DAY_BASIC, dt.date(2025, 12, 31)
    ).outcome

    assert (advice.avoided_count, advice.caused_count) == (12, 0)
    assert advice.expected_shortfall_change_ppm == -1_000_000
    assert advice.expected_shortfall_change_low_ppm == -1_000_000
    high = advice.expected_shortfall_change_high_ppm
    assert high == pytest.approx(-857_143 + 269_800, abs=60)


def test_a_day_that_stays_is_expected_to_change_nothing() -> None:
    rows = [
        (dt.date(2025, 1, 1), 900),
        (dt.date(2025, 2, 1), 900),
        (dt.date(2025, 3, 1), 900),
    ]

    advice = recommend_due_day(
        account(rows), Money(500, EURO), 7, DUE_DAY_BASIC, dt.date(2025, 3, 31)
    ).outcome

    assert advice.expected_shortfall_change_ppm == 0
    assert advice.expected_shortfall_change_low_ppm is None


def test_older_policies_keep_their_form_and_digest() -> None:
    plain = due_day_policy_to_plain(DUE_DAY_BASIC)

    assert not {"noise_max_ppm", "pattern_months"} & set(plain)
    newer = attrs.evolve(DUE_DAY_BASIC, noise_max_ppm=50_000, pattern_months=6)
    assert due_day_policy_from_plain(due_day_policy_to_plain(newer)) == newer
    assert newer.ref.digest != DUE_DAY_BASIC.ref.digest


def test_full_weeks_begin_on_mondays_and_end_by_the_day() -> None:
    # 2025-03-03 is a Monday; the account begins on the Wednesday before.
    summary = account([(dt.date(2025, 2, 26), 5), (dt.date(2025, 3, 8), 7)])

    weeks = known_weeks(summary, dt.date(2025, 3, 16), weeks_max=9)
    early = known_weeks(summary, dt.date(2025, 3, 15), weeks_max=9)

    first = BalanceWeek(dt.date(2025, 3, 3), (5, 5, 5, 5, 5, 7, 7))
    assert weeks == (first, BalanceWeek(dt.date(2025, 3, 10), (7,) * 7))
    assert early == (first,)
    assert known_weeks(summary, dt.date(2025, 3, 16), weeks_max=1) == weeks[1:]


def test_what_is_no_week_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="monday_on must be a Monday"):
        BalanceWeek(dt.date(2025, 3, 4), (1,) * 7)
    with pytest.raises(InvalidValueError, match="minor must have 7 balances"):
        BalanceWeek(dt.date(2025, 3, 3), (1,) * 6)


def test_months_as_they_stand_are_weighed_as_before() -> None:
    month = BalanceMonth(2025, 4, (0,) * 9 + (900,) * 21)

    assert weigh_due_days([month] * 3, 500, 5, DUE_DAY_BASIC).avoided_count == 3
