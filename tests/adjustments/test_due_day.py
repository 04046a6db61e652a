"""Due-day advice: examples by hand, laws, refusals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import (
    Currency,
    CurrencyMismatchError,
    Decision,
    InvalidValueError,
    Money,
    Reason,
)
from microcrm_core.adjustments import (
    DUE_DAY_BASIC,
    DUE_DAY_QUANTILE,
    BalanceMonth,
    DueDayAdvice,
    DueDayConfidence,
    DueDayPolicy,
    LowMeasure,
    recommend_due_day,
    weigh_due_days,
)
from microcrm_core.customers import CashFlowSummary, Direction, Transaction
from microcrm_core.ids import CustomerId, TransactionId

EURO = Currency.of("EUR")
AS_OF = dt.date(2025, 4, 30)

DAYS = 30
# All months have 30 days, so that rows of the tests are months of one length.
MONTHS = (4, 6, 9, 11)

# Few values, so that ties are common.
balances = st.integers(-3, 3)
months_of_balances = st.lists(
    st.lists(balances, min_size=28, max_size=28), min_size=2, max_size=7
)
policies = st.builds(
    lambda measure, quantile_ppm, days: attrs.evolve(
        DUE_DAY_BASIC,
        measure=measure,
        quantile_ppm=quantile_ppm,
        day_min=min(days),
        day_max=max(days),
    ),
    st.sampled_from(list(LowMeasure)),
    st.sampled_from([1, 100_000, 333_333, 500_000, 1_000_000]),
    st.tuples(st.integers(1, 28), st.integers(1, 28)),
)


def months_of(rows: Sequence[Sequence[int]]) -> list[BalanceMonth]:
    """Return months of 30 days; a row may be shorter: its last balance stays."""
    return [
        BalanceMonth(2000 + i, MONTHS[i % 4], (*row, *[row[-1]] * (DAYS - len(row))))
        for i, row in enumerate(rows)
    ]


def days_with(**balance_by_day: int) -> list[int]:
    """Return 28 balances of 0 but for the days named d1 to d28."""
    row = [0] * 28
    for name, balance in balance_by_day.items():
        row[int(name[1:]) - 1] = balance
    return row


def test_the_day_with_the_best_low_balance_is_picked() -> None:
    # By hand, 3 months, so the low balance is the lowest: day 10 has 500, 700, 900
    # and so 500; day 20 has 400, 2000, 2000 and so 400, for all its rich months.
    months = months_of(
        [
            days_with(d10=500, d20=400),
            days_with(d10=700, d20=2_000),
            days_with(d10=900, d20=2_000),
        ]
    )

    weighing = weigh_due_days(months, 450, None, DUE_DAY_BASIC)

    assert weighing.best_day == 10
    assert weighing.low_balance_minor_by_day[9] == 500
    assert weighing.low_balance_minor_by_day[19] == 400
    assert weighing.shortfall_count_by_day[9] == 0
    assert weighing.shortfall_count_by_day[19] == 1
    assert weighing.shortfall_count_by_day[0] == 3


def test_the_low_balance_is_the_mean_of_the_worst_third() -> None:
    # By hand, 6 months, so the two lowest: (100 + 301) / 2 = 200.5, half even 200.
    column = [900, 301, 800, 100, 700, 600]
    months = months_of([[balance] for balance in column])

    weighing = weigh_due_days(months, 1, None, DUE_DAY_BASIC)

    assert weighing.low_balance_minor_by_day == (200,) * 28


def test_the_quantile_is_that_of_the_nearest_rank() -> None:
    # 10 % of 11 months is 1.1, so the second lowest of 0 to 10.
    months = months_of([[balance] for balance in range(11)])

    weighing = weigh_due_days(months, 1, None, DUE_DAY_QUANTILE)

    assert weighing.low_balance_minor_by_day == (1,) * 28


def test_low_balances_are_compared_before_they_are_rounded() -> None:
    # The worst third of 6 months adds up to 100 + 101 on day 9 and 100 + 100 on day 5.
    # Both means show as 100 (100.5 half even), and the earlier day is not the better.
    months = months_of(
        [
            days_with(d9=101, d5=100),
            days_with(d9=100, d5=100),
            *[days_with(d9=500, d5=500)] * 4,
        ]
    )

    weighing = weigh_due_days(months, 50, None, DUE_DAY_BASIC)

    assert weighing.low_balance_minor_by_day[4] == 100
    assert weighing.low_balance_minor_by_day[8] == 100
    assert weighing.best_day == 9


def test_of_equal_low_balances_the_fewest_shortfalls_win() -> None:
    # Days 3 and 8 both have 100 as their lowest; with 300 needed, day 3 falls short
    # three times and day 8 twice.
    months = months_of(
        [
            days_with(d3=100, d8=100),
            days_with(d3=200, d8=100),
            days_with(d3=200, d8=400),
        ]
    )

    assert weigh_due_days(months, 300, None, DUE_DAY_BASIC).best_day == 8
    assert weigh_due_days(months, 50, None, DUE_DAY_BASIC).best_day == 3


def test_of_equal_days_the_current_one_wins_and_else_the_earliest() -> None:
    months = months_of([[100]] * 3)

    assert weigh_due_days(months, 50, None, DUE_DAY_BASIC).best_day == 1
    assert weigh_due_days(months, 50, 17, DUE_DAY_BASIC).best_day == 17
    late = attrs.evolve(DUE_DAY_BASIC, day_min=5, day_max=9)
    assert weigh_due_days(months, 50, None, late).best_day == 5
    assert weigh_due_days(months, 50, 17, late).best_day == 5


def test_a_month_held_out_is_judged_on_the_day_that_the_others_pick() -> None:
    # By hand, 2 months, one left each time. The first alone picks day 4 (800), on
    # which the second has 0: short. The second alone picks day 6, on which the first
    # has 0: short. Both together prefer no day but 1, where both have 10.
    months = months_of([days_with(d1=10, d4=800), days_with(d1=10, d6=800)])

    weighing = weigh_due_days(months, 500, None, DUE_DAY_BASIC)

    assert weighing.held_out_shortfall_count == 2
    assert weighing.best_day == 1


def test_a_current_day_after_the_28th_is_the_last_day_of_a_short_month() -> None:
    february = BalanceMonth(2025, 2, (0,) * 27 + (900,))
    april = BalanceMonth(2025, 4, (900,) * 29 + (0,))

    weighing = weigh_due_days([february, april], 500, 31, DUE_DAY_BASIC)

    assert weighing.current_shortfall_count == 1


@given(rows=months_of_balances, needed=balances, policy=policies)
def test_no_day_goes_before_the_best_in_the_declared_order(
    rows: list[list[int]], needed: int, policy: DueDayPolicy
) -> None:
    weighing = weigh_due_days(months_of(rows), needed, None, policy)

    def order(day: int) -> tuple[int, int, int]:
        lowest = sorted(row[day - 1] for row in rows)[: policy.low_count(len(rows))]
        is_mean = policy.measure is LowMeasure.TAIL_MEAN
        low = sum(lowest) if is_mean else lowest[-1]
        short = sum(row[day - 1] < needed for row in rows)
        return -low, short, day

    days = range(policy.day_min, policy.day_max + 1)
    assert weighing.best_day == sorted(days, key=order)[0]


@given(rows=months_of_balances, needed=balances, policy=policies)
def test_no_day_with_the_same_low_balance_fell_short_less_often(
    rows: list[list[int]], needed: int, policy: DueDayPolicy
) -> None:
    weighing = weigh_due_days(months_of(rows), needed, None, policy)
    low, short = weighing.low_balance_minor_by_day, weighing.shortfall_count_by_day
    best = weighing.best_day - 1

    for day in range(policy.day_min - 1, policy.day_max):
        assert low[day] <= low[best]
        if sorted(row[day] for row in rows) == sorted(row[best] for row in rows):
            assert short[day] >= short[best]


@given(rows=months_of_balances, needed=balances, up=st.integers(0, 5))
def test_higher_balances_never_make_more_shortfalls(
    rows: list[list[int]], needed: int, up: int
) -> None:
    before = weigh_due_days(months_of(rows), needed, 12, DUE_DAY_BASIC)
    raised = months_of([[balance + up for balance in row] for row in rows])
    after = weigh_due_days(raised, needed, 12, DUE_DAY_BASIC)

    pairs = zip(
        after.shortfall_count_by_day, before.shortfall_count_by_day, strict=True
    )
    assert all(now <= then for now, then in pairs)
    assert (
        after.low_balance_minor_by_day[after.best_day - 1]
        >= before.low_balance_minor_by_day[before.best_day - 1]
    )


@given(rows=months_of_balances, needed=balances, up=st.integers(-5, 5))
def test_balances_and_need_moved_alike_change_nothing_but_the_amounts(
    rows: list[list[int]], needed: int, up: int
) -> None:
    before = weigh_due_days(months_of(rows), needed, 12, DUE_DAY_BASIC)
    moved = months_of([[balance + up for balance in row] for row in rows])
    after = weigh_due_days(moved, needed + up, 12, DUE_DAY_BASIC)

    assert after.best_day == before.best_day
    assert after.shortfall_count_by_day == before.shortfall_count_by_day
    assert after.held_out_shortfall_count == before.held_out_shortfall_count


@given(rows=months_of_balances, needed=balances, data=st.data())
def test_the_order_of_the_months_does_not_matter(
    rows: list[list[int]], needed: int, data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(rows))

    assert weigh_due_days(
        months_of(shuffled), needed, 3, DUE_DAY_BASIC
    ) == weigh_due_days(months_of(rows), needed, 3, DUE_DAY_BASIC)


def test_a_month_has_all_its_days() -> None:
    with pytest.raises(InvalidValueError, match="must have the 29 days of 2024-02"):
        BalanceMonth(2024, 2, (0,) * 28)


def test_one_month_is_too_few_to_hold_one_out() -> None:
    with pytest.raises(InvalidValueError, match="months must be 2 or more"):
        weigh_due_days(months_of([[1]]), 1, None, DUE_DAY_BASIC)


@pytest.mark.parametrize("current_due_day", [0, 32, True])
def test_a_current_day_outside_the_month_is_refused(current_due_day: int) -> None:
    with pytest.raises(InvalidValueError, match="current_due_day"):
        weigh_due_days(months_of([[1], [1]]), 1, current_due_day, DUE_DAY_BASIC)


def transaction(
    name: str,
    booked_on: dt.date,
    balance: int,
    *,
    amount: int = 1,
    known_on: dt.date | None = None,
) -> Transaction:
    return Transaction(
        id=TransactionId(name),
        customer_id=CustomerId("c-1"),
        booked_on=booked_on,
        direction=Direction.IN,
        amount=Money(amount, EURO),
        balance_after=Money(balance, EURO),
        known_on=known_on or booked_on,
    )


def paid_and_spent(year: int, month: int, *, paid_day: int) -> list[Transaction]:
    """Return a month whose balance is 900 for ten days and 20 in the rest."""
    name = f"{year}-{month:02}"
    paid_on = dt.date(year, month, paid_day)
    return [
        transaction(f"{name}-rent", dt.date(year, month, 1), 20),
        transaction(f"{name}-pay", paid_on, 900),
        transaction(f"{name}-shop", paid_on + dt.timedelta(days=10), 20),
    ]


# Paid on the 10th in three months and on the 12th, after a weekend, in the fourth.
FOUR_MONTHS = [
    row
    for month, paid_day in ((1, 10), (2, 10), (3, 10), (4, 12))
    for row in paid_and_spent(2025, month, paid_day=paid_day)
]


def advise(
    transactions: Iterable[Transaction],
    current_due_day: int | None,
    *,
    as_of: dt.date = AS_OF,
    policy: DueDayPolicy = DUE_DAY_BASIC,
) -> Decision[DueDayAdvice]:
    summary = CashFlowSummary.of(EURO, transactions, as_of=as_of)
    return recommend_due_day(summary, Money(500, EURO), current_due_day, policy, as_of)


def test_the_day_after_the_latest_payday_is_advised() -> None:
    # By hand: 900 are there on days 10 to 19, in April on days 12 to 21. Of 4 months
    # the 2 lowest count: (20 + 900) / 2 = 460 on day 10, 900 on days 12 to 19, 20 on
    # day 20.
    decision = advise(FOUR_MONTHS, 5)

    advice = decision.outcome
    assert advice.due_day == 12
    assert advice.is_move
    assert advice.low_balance_minor_by_day[8:20] == (20, 460, 460, *[900] * 8, 20)
    assert advice.shortfall_count_by_day[8:20] == (4, 1, 1, *[0] * 8, 3)
    assert advice.current_shortfall_count == 4
    # Without April, the others pick day 10, on which April is short; without one of
    # the others, April is left among three, its low is the lowest: they pick day 12.
    assert advice.held_out_shortfall_count == 1
    assert advice.expected_shortfall_change_ppm == -750_000
    assert decision.reasons == (
        Reason(
            "due_day_recommended",
            {"balance_low_minor": 900, "due_day": 12, "months": 4},
        ),
        Reason(
            "due_day_shortfall",
            {
                "current_due_day": 5,
                "current_shortfall_count": 4,
                "due_day": 12,
                "months": 4,
                "shortfall_count": 0,
            },
        ),
    )


def test_the_advice_reads_well() -> None:
    assert advise(FOUR_MONTHS, 5).explain() == (
        "on day 12 the low balance was 900 minor units over 4 months, the best of all "
        "days",
        "the balance fell short in 0 of 4 months on day 12, in 4 on day 5",
    )


def test_the_best_current_day_is_kept() -> None:
    # Days 12 to 19 are equal, so the current one of them is the best.
    decision = advise(FOUR_MONTHS, 15)

    assert decision.outcome.due_day == 15
    assert not decision.outcome.is_move
    assert decision.outcome.expected_shortfall_change_ppm == 0
    assert decision.reasons == (Reason("due_day_keeps", {"due_day": 15}),)


def test_a_day_that_never_fell_short_stays_though_another_is_richer() -> None:
    # 800 on day 9 cover the installment; 900 on day 10 are more, and avoid nothing.
    row = days_with(**{f"d{day}": 900 for day in range(10, 29)}, d9=800)
    transactions = [
        transaction(f"{month}-{day}", dt.date(2025, month, day), balance)
        for month in (1, 2, 3)
        for day, balance in enumerate(row, start=1)
    ]

    decision = advise(transactions, 9, as_of=dt.date(2025, 3, 31))

    assert decision.outcome.due_day == 9
    assert decision.outcome.expected_shortfall_change_ppm == 0
    assert decision.reasons == (
        Reason(
            "due_day_gain_small",
            {
                "avoided_count": 0,
                "best_day": 10,
                "current_shortfall_count": 0,
                "due_day": 9,
                "gain_min": 1,
                "months": 3,
            },
        ),
    )
    eager = attrs.evolve(DUE_DAY_BASIC, shortfall_gain_min=0)
    moved = advise(transactions, 9, as_of=dt.date(2025, 3, 31), policy=eager)
    assert moved.outcome.due_day == 10


def test_too_short_a_history_is_an_answer() -> None:
    # As of 30 March only January and February are full months.
    decision = advise(FOUR_MONTHS, 5, as_of=dt.date(2025, 3, 30))

    assert decision.outcome.due_day is None
    assert not decision.outcome.is_move
    assert decision.outcome.low_balance_minor_by_day == ()
    assert decision.explain() == (
        "2 full months of balances are known, at least 3 are needed",
    )


def test_months_before_the_first_stated_balance_do_not_count() -> None:
    silent = attrs.evolve(
        transaction("first", dt.date(2024, 11, 1), 1), balance_after=None
    )

    assert advise([silent, *FOUR_MONTHS], 5).outcome.months == 4


def test_only_the_latest_months_count_up_to_the_maximum() -> None:
    policy = attrs.evolve(DUE_DAY_BASIC, months_max=3)

    advice = advise(FOUR_MONTHS, None, policy=policy).outcome

    assert advice.months == 3
    assert advice.shortfall_count_by_day[0] == 3


@pytest.mark.parametrize(
    ("months", "level"),
    [
        (5, DueDayConfidence.LOW),
        (6, DueDayConfidence.MEDIUM),
        (11, DueDayConfidence.MEDIUM),
        (12, DueDayConfidence.HIGH),
    ],
)
def test_confidence_grows_with_the_months_seen(
    months: int, level: DueDayConfidence
) -> None:
    transactions = [
        row
        for number in range(months)
        for row in paid_and_spent(2023 + number // 12, number % 12 + 1, paid_day=10)
    ]

    next_month = transactions[-1].booked_on.replace(day=28) + dt.timedelta(days=4)
    as_of = next_month.replace(day=1) - dt.timedelta(days=1)

    advice = advise(transactions, None, as_of=as_of).outcome

    assert advice.months == months
    assert advice.confidence is level


def test_confidence_is_lower_where_months_held_out_fall_short() -> None:
    # Each month is rich on one day only, and it is another day each time.
    transactions = [
        transaction(
            f"{month}-{day}", dt.date(2024, month, day), 900 if day == month + 3 else 0
        )
        for month in range(1, 7)
        for day in range(1, 29)
    ]
    policy = attrs.evolve(DUE_DAY_BASIC, quantile_ppm=1_000_000)

    advice = advise(
        transactions, None, as_of=dt.date(2024, 6, 30), policy=policy
    ).outcome

    assert advice.months == 6
    assert advice.held_out_shortfall_count == 6
    assert advice.due_day is not None
    assert advice.shortfall_count_by_day[advice.due_day - 1] == 5
    assert advice.confidence is DueDayConfidence.LOW


@given(
    days=st.lists(st.dates(dt.date(2025, 1, 1), dt.date(2025, 12, 31)), max_size=20),
    is_late=st.booleans(),
)
def test_what_becomes_known_later_changes_no_advice(
    days: list[dt.date], is_late: bool
) -> None:
    later = AS_OF + dt.timedelta(days=1)
    news = [
        transaction(
            f"news-{i}",
            on if is_late else max(on, later),
            -7,
            known_on=max(on, later),
        )
        for i, on in enumerate(days)
    ]

    assert advise([*FOUR_MONTHS, *news], 5) == advise(FOUR_MONTHS, 5)


def test_an_installment_of_another_currency_is_refused() -> None:
    summary = CashFlowSummary.of(EURO, FOUR_MONTHS)

    with pytest.raises(CurrencyMismatchError, match="must be in EUR"):
        recommend_due_day(
            summary, Money(500, Currency.of("CZK")), None, DUE_DAY_BASIC, AS_OF
        )
    with pytest.raises(InvalidValueError, match="installment must be above zero"):
        recommend_due_day(summary, Money(0, EURO), None, DUE_DAY_BASIC, AS_OF)
