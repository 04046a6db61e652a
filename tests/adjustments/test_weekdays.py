"""Weekday advice: examples by hand, and the twins of both cycles with all options."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import Currency, InvalidValueError, Money
from microcrm_core.adjustments import (
    DUE_DAY_BASIC,
    DueDayConfidence,
    DueDayPolicy,
    LowMeasure,
    OwnRepayment,
    SegmentPattern,
    recommend_due_day,
    recommend_weekday,
)
from microcrm_core.adjustments.balances_batch import OwnRepaymentColumns
from microcrm_core.adjustments.due_day_batch import DueDayOutcome, recommend_due_days
from microcrm_core.adjustments.segment_patterns_batch import PatternColumns
from microcrm_core.adjustments.weekdays_batch import (
    WeekdayOutcome,
    recommend_weekdays,
)
from microcrm_core.batch import UNKNOWN, Int64s
from microcrm_core.customers import CashFlowSummary, Direction, Transaction
from microcrm_core.customers.cash_flow_batch import DayBalances
from microcrm_core.dates import BusinessCalendar, BusinessDayRule, Weekday
from microcrm_core.ids import CustomerId, TransactionId

EURO = Currency.of("EUR")
EPOCH = dt.date(1970, 1, 1)
START = dt.date(2025, 1, 1)
AS_OF = dt.date(2025, 7, 3)
SPAN = (AS_OF - START).days
PLAIN = BusinessCalendar(name="plain")

# Balance by day since START, then installment, current day and weekday, what the loan
# took by day, and the segment.
Case = tuple[
    dict[int, int], int, int | None, int | None, list[tuple[int, int]], int | None
]

# Two or three different balances and needs: most days tie on most measures.
cases = st.tuples(
    st.dictionaries(st.integers(0, SPAN), st.sampled_from([-2, 0, 2, 3]), max_size=25),
    st.integers(1, 3),
    st.none() | st.integers(1, 31),
    st.none() | st.integers(1, 7),
    st.lists(st.tuples(st.integers(-9, SPAN + 9), st.integers(1, 2)), max_size=5),
    st.none() | st.integers(0, 1),
)
policies = st.builds(
    lambda measure, quantile_ppm, months_max, day_max, noise, pattern: attrs.evolve(
        DUE_DAY_BASIC,
        measure=measure,
        quantile_ppm=quantile_ppm,
        months_min=2,
        months_max=months_max,
        day_max=day_max,
        noise_max_ppm=noise,
        pattern_months=pattern,
        months_medium=3,
        months_high=5,
    ),
    st.sampled_from(list(LowMeasure)),
    st.sampled_from([1, 333_333, 1_000_000]),
    st.none() | st.integers(2, 6),
    st.sampled_from([20, 28, 29, 31]),
    st.none() | st.sampled_from([100_000, 500_000]),
    st.sampled_from([0, 3, 6, 20]),
)
position = st.sampled_from([0, 500_000, 1_000_000])


def pattern_of(day_count: int) -> st.SearchStrategy[SegmentPattern]:
    rows = st.lists(position, min_size=day_count, max_size=day_count)
    return rows.map(
        lambda row: SegmentPattern(count=1, position_sum_ppm_by_day=tuple(row))
    )


def day_balances(given_cases: Sequence[Case]) -> DayBalances:
    sizes = [len(case[0]) for case in given_cases]
    buckets = [item for case in given_cases for item in sorted(case[0].items())]
    days = [(START - EPOCH).days + day for day, _ in buckets]
    return DayBalances(
        as_of_day=(AS_OF - EPOCH).days,
        offsets=np.cumsum([0, *sizes]),
        day=np.array(days, np.int32),
        inflow_minor=np.ones(len(buckets), np.int64),
        outflow_minor=np.zeros(len(buckets), np.int64),
        balance_minor=np.array([minor for _, minor in buckets], np.int64),
    )


def summary_of(balances: dict[int, int]) -> CashFlowSummary:
    return CashFlowSummary.of(
        EURO,
        [
            Transaction(
                id=TransactionId(f"t-{day}"),
                customer_id=CustomerId("c"),
                booked_on=START + dt.timedelta(days=day),
                direction=Direction.IN,
                amount=Money(1, EURO),
                balance_after=Money(balance, EURO),
            )
            for day, balance in balances.items()
        ],
    )


def column(values: Sequence[int | None]) -> Int64s:
    return np.array([UNKNOWN if v is None else v for v in values], np.int64)


def own_columns(given_cases: Sequence[Case]) -> OwnRepaymentColumns:
    rows = [(i, *row) for i, case in enumerate(given_cases) for row in case[4]]
    # The last customer first: order must not matter.
    rows.reverse()
    first = (START - EPOCH).days
    return OwnRepaymentColumns(
        customer_index=np.array([row[0] for row in rows], np.int64),
        paid_day=np.array([first + row[1] for row in rows], np.int64),
        amount_minor=np.array([row[2] for row in rows], np.int64),
    )


def own_of(case: Case) -> list[OwnRepayment]:
    return [
        OwnRepayment(START + dt.timedelta(days=day), Money(minor, EURO))
        for day, minor in case[4]
    ]


def same(columns: object, row: int, advice: object, names: Sequence[str]) -> None:
    for name in names:
        value = getattr(advice, name)
        assert getattr(columns, name)[row] == (UNKNOWN if value is None else value)


@given(
    st.lists(cases, max_size=4),
    policies,
    st.tuples(pattern_of(31), pattern_of(31)),
    st.none() | st.sampled_from(list(BusinessDayRule)),
)
def test_due_days_of_columns_are_the_scalar_ones(
    given_cases: list[Case],
    policy: DueDayPolicy,
    patterns: tuple[SegmentPattern, SegmentPattern],
    rule: BusinessDayRule | None,
) -> None:
    calendar = None if rule is None else PLAIN
    rule = rule or BusinessDayRule.NO_ADJUST
    columns = recommend_due_days(
        day_balances(given_cases),
        column([case[1] for case in given_cases]),
        column([case[2] for case in given_cases]),
        policy,
        own_repayments=own_columns(given_cases),
        pattern=PatternColumns(
            patterns=patterns, segment_index=column([case[5] for case in given_cases])
        ),
        calendar=calendar,
        rule=rule,
    )
    names = (
        "due_day", "months", "pattern_weight", "current_shortfall_count",
        "held_out_shortfall_count", "avoided_count", "caused_count",
        "expected_shortfall_change_ppm", "expected_shortfall_change_low_ppm",
        "expected_shortfall_change_high_ppm",
    )  # fmt: skip
    for row, case in enumerate(given_cases):
        decision = recommend_due_day(
            summary_of(case[0]),
            Money(case[1], EURO),
            case[2],
            policy,
            AS_OF,
            own_repayments=own_of(case),
            pattern=None if case[5] is None else patterns[case[5]],
            calendar=calendar,
            rule=rule,
        )
        advice = decision.outcome
        same(columns, row, advice, names)
        outcome = tuple(DueDayOutcome)[int(columns.outcome_index[row])]
        assert outcome.value == decision.reasons[0].code
        for name in ("low_balance_minor_by_day", "shortfall_count_by_day"):
            expected = getattr(advice, name) or (UNKNOWN,) * policy.day_count
            assert tuple(getattr(columns, name)[row].tolist()) == expected


@given(st.lists(cases, max_size=4), policies, st.tuples(pattern_of(7), pattern_of(7)))
def test_weekdays_of_columns_are_the_scalar_ones(
    given_cases: list[Case],
    policy: DueDayPolicy,
    patterns: tuple[SegmentPattern, SegmentPattern],
) -> None:
    columns = recommend_weekdays(
        day_balances(given_cases),
        column([case[1] for case in given_cases]),
        column([case[3] for case in given_cases]),
        policy,
        own_repayments=own_columns(given_cases),
        pattern=PatternColumns(
            patterns=patterns, segment_index=column([case[5] for case in given_cases])
        ),
    )
    names = (
        "weeks", "pattern_weight", "current_shortfall_count",
        "held_out_shortfall_count", "avoided_count", "caused_count",
        "expected_shortfall_change_ppm", "expected_shortfall_change_low_ppm",
        "expected_shortfall_change_high_ppm",
    )  # fmt: skip
    weekdays = tuple(Weekday)
    for row, case in enumerate(given_cases):
        decision = recommend_weekday(
            summary_of(case[0]),
            Money(case[1], EURO),
            None if case[3] is None else weekdays[case[3] - 1],
            policy,
            AS_OF,
            own_repayments=own_of(case),
            pattern=None if case[5] is None else patterns[case[5]],
        )
        advice = decision.outcome
        same(columns, row, advice, names)
        assert columns.needed_minor[row] == advice.needed.minor
        reason = decision.reasons[0]
        outcome = tuple(WeekdayOutcome)[int(columns.outcome_index[row])]
        assert outcome.value == reason.code
        for name in ("weekday", "current_weekday"):
            value = getattr(advice, name)
            expected = UNKNOWN if value is None else weekdays.index(value) + 1
            assert getattr(columns, name)[row] == expected
        if outcome is WeekdayOutcome.NO_HISTORY:
            assert columns.best_weekday[row] == UNKNOWN
        else:
            best = reason.params.get("best_weekday", advice.weekday)
            assert weekdays[int(columns.best_weekday[row]) - 1] == best
        levels = (*DueDayConfidence, None)
        assert levels[int(columns.confidence_index[row])] == advice.confidence
        for name in ("low_balance_minor_by_weekday", "shortfall_count_by_weekday"):
            found = tuple(getattr(columns, name)[row].tolist())
            assert found == (getattr(advice, name) or (UNKNOWN,) * 7)


def market_weeks(*, rich: tuple[int, ...]) -> dict[int, int]:
    """Return 26 weeks with money on these weekdays, 0 for Monday, and else none."""
    weeks: dict[int, int] = {}
    for day in range(SPAN + 1):
        on = START + dt.timedelta(days=day)
        weeks[day] = 900 if on.weekday() in rich else 10
    return weeks


def test_the_weekday_with_money_is_advised() -> None:
    decision = recommend_weekday(
        summary_of(market_weeks(rich=(4,))),
        Money(500, EURO),
        Weekday.MONDAY,
        DUE_DAY_BASIC,
        AS_OF,
    )
    advice = decision.outcome

    # From Wednesday 1 January: the weeks of Monday 6 January to Sunday 29 June.
    assert advice.weekday is Weekday.FRIDAY
    assert advice.is_move
    assert (advice.weeks, advice.current_shortfall_count) == (25, 25)
    assert (advice.avoided_count, advice.caused_count) == (25, 0)
    assert advice.expected_shortfall_change_ppm == -1_000_000
    assert advice.confidence is DueDayConfidence.MEDIUM
    assert (decision.policy, decision.as_of) == (DUE_DAY_BASIC.ref, AS_OF)
    assert dict(decision.facts) == {
        "current_weekday": "monday",
        "installment_minor": 500,
        "weeks": 25,
    }


def test_reasons_name_the_weekdays_in_both_languages() -> None:
    decision = recommend_weekday(
        summary_of(market_weeks(rich=(4,))),
        Money(500, EURO),
        Weekday.MONDAY,
        DUE_DAY_BASIC,
        AS_OF,
    )

    assert decision.explain("en") == (
        "on Friday the low balance was 900 minor units over 25 weeks, the best of all "
        "weekdays",
        "the balance fell short in 0 of 25 weeks on Friday, in 25 on Monday",
    )
    assert decision.explain("zh-CN") == (
        "过去 25 周中，每星期五的低位余额为 900 最小货币单位，为一周中最高",
        "25 周中，星期五余额不足 0 次，星期一不足 25 次",
    )


@pytest.mark.parametrize("rich", [(2, 4), (0, 1, 2, 3, 4, 5, 6)])
def test_of_equal_weekdays_the_current_one_stays(rich: tuple[int, ...]) -> None:
    decision = recommend_weekday(
        summary_of(market_weeks(rich=rich)),
        Money(500, EURO),
        Weekday.FRIDAY,
        DUE_DAY_BASIC,
        AS_OF,
    )

    # Of equal weekdays the current one wins, before the earliest.
    assert decision.outcome.weekday is Weekday.FRIDAY
    assert decision.explain() == ("no weekday is better than the current one, Friday",)


def test_a_weekday_that_never_fell_short_stays_though_another_is_richer() -> None:
    decision = recommend_weekday(
        summary_of(market_weeks(rich=(4,))),
        Money(5, EURO),
        Weekday.MONDAY,
        DUE_DAY_BASIC,
        AS_OF,
    )

    assert decision.outcome.weekday is Weekday.MONDAY
    assert not decision.outcome.is_move
    assert decision.explain() == (
        "the current weekday Monday stays: Friday would have avoided 0 of 0 "
        "shortfalls in 25 weeks, at least 1 are asked for",
    )


def test_eleven_weeks_are_too_few_for_three_months() -> None:
    balances = dict.fromkeys(range(SPAN - 80, SPAN + 1), 5)

    decision = recommend_weekday(
        summary_of(balances), Money(5, EURO), None, DUE_DAY_BASIC, AS_OF
    )

    # Monday 14 April to Sunday 29 June.
    assert (decision.outcome.weeks, decision.outcome.weekday) == (11, None)
    assert decision.explain() == (
        "11 full weeks of balances are known, at least 12 are needed",
    )


def test_who_pays_nothing_by_the_week_gets_no_weekday() -> None:
    asked: Case = ({0: 5}, 1, None, None, [], None)

    columns = recommend_weekdays(
        day_balances([asked, asked]),
        np.array([UNKNOWN, 3]),
        np.array([2, 2]),
        DUE_DAY_BASIC,
    )

    assert columns.outcome_index.tolist()[0] == -1
    assert columns.weekday.tolist() == [UNKNOWN, 2]
    assert columns.needed_minor.tolist() == [UNKNOWN, 3]


def test_amounts_that_are_not_positive_are_refused_in_columns() -> None:
    with pytest.raises(InvalidValueError, match="amount_minor must be above zero"):
        OwnRepaymentColumns(
            customer_index=np.array([0]),
            paid_day=np.array([0]),
            amount_minor=np.array([0]),
        )


def test_a_weekday_out_of_range_is_refused_in_columns() -> None:
    with pytest.raises(InvalidValueError, match="current_weekday must be 1 to 7"):
        recommend_weekdays(
            day_balances([({}, 1, None, None, [], None)]),
            np.array([1]),
            np.array([8]),
            DUE_DAY_BASIC,
        )


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    given_cases: list[Case] = [
        (
            {day: int(rng.integers(0, 3)) for day in range(number, SPAN, 2)},
            1 + number % 3,
            None,
            1 + number % 7,
            [(int(rng.integers(0, SPAN)), 1)],
            None,
        )
        for number in range(7)
    ]
    asked = (
        day_balances(given_cases),
        column([case[1] for case in given_cases]),
        column([case[3] for case in given_cases]),
        DUE_DAY_BASIC,
    )
    whole = recommend_weekdays(*asked, own_repayments=own_columns(given_cases))

    monkeypatch.setattr("microcrm_core.adjustments.weekdays_batch._CHUNK", 2)

    parts = recommend_weekdays(*asked, own_repayments=own_columns(given_cases))
    for field in attrs.fields(type(whole)):
        found, expected = getattr(parts, field.name), getattr(whole, field.name)
        assert found.tolist() == expected.tolist(), field.name
