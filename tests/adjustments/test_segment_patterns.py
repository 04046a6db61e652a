"""Segment patterns: examples by hand, merging, the twin, what they do to advice."""

from __future__ import annotations

import datetime as dt
import json

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import Currency, InvalidValueError, Money
from microcrm_core.adjustments import (
    DUE_DAY_BASIC,
    DUE_DAY_CAUTIOUS,
    BalanceMonth,
    BalanceWeek,
    LowMeasure,
    SegmentPattern,
    known_weeks,
    segment_pattern_from_plain,
    segment_pattern_to_plain,
    weigh_due_days,
)
from microcrm_core.adjustments.segment_patterns import centered_positions
from microcrm_core.adjustments.segment_patterns_batch import (
    PatternColumns,
    segment_patterns,
    weekly_segment_patterns,
)
from microcrm_core.adjustments.weighing_batch import weigh_many
from microcrm_core.batch import UNKNOWN
from microcrm_core.customers import CashFlowSummary, Direction, Transaction
from microcrm_core.customers.cash_flow_batch import DayBalances
from microcrm_core.errors import PolicyError
from microcrm_core.ids import CustomerId, TransactionId

april = st.lists(st.integers(-3, 3), min_size=30, max_size=30).map(
    lambda row: BalanceMonth(2024, 4, tuple(row))
)


def test_a_position_is_the_share_of_the_range_of_the_month() -> None:
    # By hand: the 1st is the lowest of the month, the 2nd a quarter up, the 3rd on top.
    pattern = SegmentPattern.of_months([BalanceMonth(2024, 4, (100, 125, *[200] * 28))])

    assert [pattern.position_ppm(one) for one in (1, 2, 3)] == [0, 250_000, 1_000_000]


def test_a_day_that_a_month_lacks_has_the_position_of_its_last_day() -> None:
    pattern = SegmentPattern.of_months([BalanceMonth(2025, 2, (*[0] * 27, 9))])

    assert pattern.position_ppm(31) == 1_000_000


def test_a_month_that_never_moves_says_nothing() -> None:
    still = BalanceMonth(2024, 4, (7,) * 30)

    assert SegmentPattern.of_months([still]) == SegmentPattern.of_months([])


@given(st.lists(april, max_size=4), st.lists(april, max_size=4))
def test_parts_merge_to_the_whole_in_whichever_order(
    one: list[BalanceMonth], another: list[BalanceMonth]
) -> None:
    left, right = SegmentPattern.of_months(one), SegmentPattern.of_months(another)

    assert left.merged(right) == right.merged(left)
    assert left.merged(right) == SegmentPattern.of_months([*another, *one])


def test_patterns_of_weeks_and_of_months_do_not_merge() -> None:
    with pytest.raises(InvalidValueError, match="other must have 31 days"):
        SegmentPattern.of_months([]).merged(SegmentPattern.of_weeks([]))


@pytest.mark.parametrize("sums", [(0,) * 6, (0,) * 6 + (2_000_001,), (-1,) + (0,) * 6])
def test_sums_that_no_months_have_are_refused(sums: tuple[int, ...]) -> None:
    with pytest.raises(InvalidValueError, match="position_sum_ppm_by_day must"):
        SegmentPattern(count=2, position_sum_ppm_by_day=sums)


def test_a_short_history_leans_on_its_segment_and_a_long_one_does_not() -> None:
    # By hand. The customer's 3 months put day 1 ahead of day 20 by one unit, the
    # segment puts day 20 on top of the range, which is 100 - 0.
    own = BalanceMonth(2024, 4, (51, *[50] * 23, 0, 100, *[50] * 4))
    segment = SegmentPattern.of_months(
        [BalanceMonth(2024, 4, (*[0] * 19, 10, *[0] * 10))]
    )
    policy = attrs.evolve(DUE_DAY_BASIC, pattern_months=4, day_max=20)

    short = weigh_due_days([own] * 3, 10, None, policy, pattern=segment)
    full = weigh_due_days([own] * 4, 10, None, policy, pattern=segment)

    assert (short.pattern_weight, short.best_day) == (1, 20)
    assert (full.pattern_weight, full.best_day) == (0, 1)


def test_what_is_shown_mixes_the_own_low_with_the_pattern_by_months() -> None:
    # By hand: own low balances 10 on all of the 28 days but 38 on the 28th, so their
    # mean is 11; the range is 28. The pattern is 28/28 on the 1st and 0 else: less
    # its mean, 27/28 and -1/28 of 28, so 27 and -1. 2 own months and 1 of the
    # pattern: (2 × 10 + 11 + 27) / 3 = 19.33; (20 + 11 - 1) / 3 = 10;
    # (76 + 11 - 1) / 3 = 28.67.
    own = BalanceMonth(2025, 2, (*[10] * 27, 38))
    segment = SegmentPattern(count=1, position_sum_ppm_by_day=(1_000_000, *[0] * 30))
    policy = attrs.evolve(DUE_DAY_BASIC, pattern_months=3, months_min=2)

    weighing = weigh_due_days([own] * 2, 1, None, policy, pattern=segment)

    assert weighing.low_balance_minor_by_day == (19, *[10] * 26, 29)


@given(st.lists(april, min_size=2, max_size=5))
def test_a_pattern_that_says_nothing_changes_nothing(
    months: list[BalanceMonth],
) -> None:
    flat = SegmentPattern(count=3, position_sum_ppm_by_day=(1_500_000,) * 31)

    with_it = weigh_due_days(months, 1, 5, DUE_DAY_CAUTIOUS, pattern=flat)

    assert with_it == weigh_due_days(months, 1, 5, DUE_DAY_CAUTIOUS)


def test_a_pattern_of_the_other_cycle_is_refused() -> None:
    month = BalanceMonth(2024, 4, (7,) * 30)
    of_weeks = SegmentPattern.of_weeks([BalanceWeek(dt.date(2025, 3, 3), (1,) * 7)])

    with pytest.raises(InvalidValueError, match="pattern must have 31 days"):
        weigh_due_days([month] * 2, 1, None, DUE_DAY_BASIC, pattern=of_weeks)


def test_positions_lose_their_mean() -> None:
    sums = (7_000, *[0] * 6)

    pattern = SegmentPattern(count=1, position_sum_ppm_by_day=sums)

    assert centered_positions(pattern, 7) == (6_000, *[-1_000] * 6)


def test_patterns_of_columns_are_those_of_the_months() -> None:
    # Two customers over January and February 1970; the third is in no segment.
    rng = np.random.default_rng(4)
    balances = rng.integers(-4, 5, (3, 59))
    days = DayBalances(
        as_of_day=58,
        offsets=np.arange(0, 4 * 59, 59),
        day=np.tile(np.arange(59, dtype=np.int32), 3),
        inflow_minor=np.zeros(3 * 59, np.int64),
        outflow_minor=np.zeros(3 * 59, np.int64),
        balance_minor=balances.ravel(),
    )

    found = segment_patterns(days, np.array([1, 1, UNKNOWN]), segment_count=2, months=2)

    months = [
        month
        for row in balances[:2].tolist()
        for month in (
            BalanceMonth(1970, 1, tuple(row[:31])),
            BalanceMonth(1970, 2, tuple(row[31:])),
        )
    ]
    expected = (SegmentPattern.of_months([]), SegmentPattern.of_months(months))
    assert found == expected


# Balances by day since Wednesday 1 January 2025, and the segment.
Account = tuple[dict[int, int], int | None]
accounts = st.lists(
    st.tuples(
        st.dictionaries(st.integers(0, 60), st.integers(-2, 3), max_size=20),
        st.none() | st.integers(0, 1),
    ),
    max_size=5,
)


def summary_of(balances: dict[int, int]) -> CashFlowSummary:
    euro = Currency.of("EUR")
    return CashFlowSummary.of(
        euro,
        [
            Transaction(
                id=TransactionId(f"t-{day}"),
                customer_id=CustomerId("c"),
                booked_on=dt.date(2025, 1, 1) + dt.timedelta(days=day),
                direction=Direction.IN,
                amount=Money(1, euro),
                balance_after=Money(balance, euro),
            )
            for day, balance in balances.items()
        ],
    )


@given(accounts, st.integers(1, 9), st.integers(-3, 63), st.sampled_from([1, 2, 4096]))
def test_weekly_patterns_of_columns_are_those_of_the_weeks(
    given_accounts: list[Account], weeks: int, as_of: int, chunk: int
) -> None:
    epoch = (dt.date(2025, 1, 1) - dt.date(1970, 1, 1)).days
    known = [
        {day: minor for day, minor in account[0].items() if day <= as_of}
        for account in given_accounts
    ]
    buckets = [item for account in known for item in sorted(account.items())]
    days = DayBalances(
        as_of_day=epoch + as_of,
        offsets=np.cumsum([0, *(len(account) for account in known)]),
        day=np.array([epoch + day for day, _ in buckets], np.int32),
        inflow_minor=np.ones(len(buckets), np.int64),
        outflow_minor=np.zeros(len(buckets), np.int64),
        balance_minor=np.array([minor for _, minor in buckets], np.int64),
    )
    segments = [account[1] for account in given_accounts]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("microcrm_core.adjustments.segment_patterns_batch._CHUNK", chunk)
        found = weekly_segment_patterns(
            days,
            np.array([UNKNOWN if s is None else s for s in segments], np.int64),
            segment_count=2,
            weeks=weeks,
        )

    today = dt.date(2025, 1, 1) + dt.timedelta(days=as_of)
    for segment in (0, 1):
        own = [
            week
            for balances, owner in zip(known, segments, strict=True)
            if owner == segment
            for week in known_weeks(summary_of(balances), today, weeks_max=weeks)
        ]
        assert found[segment] == SegmentPattern.of_weeks(own)


def test_no_weeks_are_no_history() -> None:
    with pytest.raises(InvalidValueError, match="weeks must be 1 or more"):
        weekly_segment_patterns(
            DayBalances(
                as_of_day=0,
                offsets=np.array([0]),
                day=np.array([], np.int32),
                inflow_minor=np.array([], np.int64),
                outflow_minor=np.array([], np.int64),
                balance_minor=np.array([], np.int64),
            ),
            np.array([], np.int64),
            segment_count=1,
            weeks=0,
        )


@given(st.lists(april, max_size=3))
def test_a_pattern_survives_json(months: list[BalanceMonth]) -> None:
    pattern = SegmentPattern.of_months(months)

    plain = json.loads(json.dumps(segment_pattern_to_plain(pattern)))

    assert segment_pattern_from_plain(plain) == pattern


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"count": 1.0}, "pattern.count"),
        ({"count": True}, "pattern.count"),
        ({"count": -1}, "pattern.count"),
        ({"more": 1}, "pattern"),
        ({"position_sum_ppm_by_day": [0] * 6}, "pattern.position_sum_ppm_by_day"),
        ({"position_sum_ppm_by_day": "0000000"}, "pattern.position_sum_ppm_by_day"),
        (
            {"position_sum_ppm_by_day": [0, 0.5, 0, 0, 0, 0, 0]},
            "pattern.position_sum_ppm_by_day[1]",
        ),
        (
            {"position_sum_ppm_by_day": [0, 0, 1_000_001, 0, 0, 0, 0]},
            "pattern.position_sum_ppm_by_day",
        ),
    ],
)
def test_what_is_no_pattern_is_refused_with_its_path(
    changes: dict[str, object], field: str
) -> None:
    plain = {"count": 1, "position_sum_ppm_by_day": [0, 0, 0, 0, 5, 0, 0]}

    with pytest.raises(PolicyError) as caught:
        segment_pattern_from_plain({**plain, **changes})

    assert caught.value.field == field


def test_a_pattern_without_its_count_is_refused() -> None:
    with pytest.raises(PolicyError, match=r"pattern\.count must be given"):
        segment_pattern_from_plain({"position_sum_ppm_by_day": [0] * 7})


def test_a_segment_out_of_range_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="segment_index must be 0 to 0"):
        PatternColumns(
            patterns=(SegmentPattern.of_weeks([]),), segment_index=np.array([1])
        )


@given(st.integers(0, 2**32), st.integers(2, 7), st.sampled_from(list(LowMeasure)))
def test_large_balances_are_refused_in_columns_or_equal_to_the_last_unit(
    seed: int, month_count: int, measure: LowMeasure
) -> None:
    rng = np.random.default_rng(seed)
    size = 2 ** int(rng.integers(36, 50))
    balances = rng.integers(-size, size, (1, month_count, 31))
    balances[0, :, rng.integers(0, 31, 4)] = size  # equal peaks
    sums = rng.integers(0, 2, 31) * 1_000_000
    pattern = SegmentPattern(count=1, position_sum_ppm_by_day=tuple(sums.tolist()))
    policy = attrs.evolve(
        DUE_DAY_BASIC, measure=measure, pattern_months=9, months_max=None
    )
    months = [
        BalanceMonth(2000 + number, 1, tuple(row))
        for number, row in enumerate(balances[0].tolist())
    ]

    asked = (
        balances,
        np.full(month_count, 31),
        np.array([0]),
        np.array([3]),
        policy,
    )
    positions = np.array([centered_positions(pattern, 28)])
    # Ranges of all months, up to twice the size each, times a million.
    if size > (2**63 - 1) // (2 * month_count * 1_000_000):
        with pytest.raises(InvalidValueError, match="balance_minor must fit int64"):
            weigh_many(*asked, positions=positions)
        return
    columns = weigh_many(*asked, positions=positions)
    weighing = weigh_due_days(months, 0, 3, policy, pattern=pattern)

    assert columns.best_day.tolist() == [weighing.best_day]
    assert columns.pattern_weight.tolist() == [weighing.pattern_weight]
    assert tuple(columns.low_balance_minor_by_day[0].tolist()) == (
        weighing.low_balance_minor_by_day
    )
    assert columns.held_out_shortfall_count[0] == weighing.held_out_shortfall_count
