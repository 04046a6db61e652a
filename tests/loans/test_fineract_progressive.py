from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microcrm_core.errors import InvalidValueError
from microcrm_core.loans import SplitDayCount
from microcrm_core.loans.fineract_events import (
    ChangeRate,
    CorrectBalance,
    CreditInterest,
    CreditPrincipal,
    Disburse,
    ModelEvent,
    PauseInterest,
    PayInterest,
    PayPrincipal,
)
from microcrm_core.loans.fineract_level import LevelRule
from microcrm_core.loans.fineract_numbers import FINERACT_NUMBERS, FineractNumbers
from microcrm_core.loans.fineract_progressive import ProgressiveModel
from tests.loans.fineract_cases import (
    SEVEN_PERCENT,
    TWELVE_DIGITS,
    all_day_counts,
    all_start_dates,
    exact_level,
    exact_slice_interest,
    make_model,
    month_dates,
    split,
)

START = dt.date(2024, 1, 1)
DATES = month_dates(START, 6)
LENT = Disburse(START, 10_000)


def amounts(model: ProgressiveModel) -> str:
    """Write installment and interest of every row, as cents."""
    return "|".join(
        f"{row.installment_minor} {row.interest_minor}" for row in model.rows
    )


# Amounts that ProgressiveEMICalculatorTest of Apache Fineract expects (3f359bb3).
@pytest.mark.parametrize(
    ("rate", "events", "expected"),
    [
        ("0.07", [], "1701 58|1701 49|1701 39|1701 29|1701 20|1700 10"),
        (
            "0.094822",
            [Disburse(dt.date(2024, 1, 8), 20_000)],
            "5133 201|5133 198|5133 159|5133 120|5133 80|5133 40",
        ),
        (
            "0.094822",
            [Disburse(dt.date(2024, 2, 15), 10_000)],
            "1713 79|3753 107|3753 116|3753 88|3753 59|3753 29",
        ),
        (
            "0.07",
            [ChangeRate(dt.date(2024, 2, 15), Decimal("0.04"))],
            "1701 58|1690 37|1690 22|1690 17|1690 11|1690 6",
        ),
        (
            "0.07",
            [PauseInterest(dt.date(2024, 2, 5), dt.date(2024, 2, 10))],
            "1701 58|1701 39|1701 39|1701 29|1701 20|1690 10",
        ),
        (
            "0.07",
            [PauseInterest(dt.date(2024, 2, 1), dt.date(2024, 3, 31))],
            "1701 56|1701 0|1701 1|1701 29|1701 19|1609 9",
        ),
        (
            "0.07",
            [
                *(
                    ChangeRate(dt.date(2024, month, day), Decimal("0.07"))
                    for month in (2, 3)
                    for day in (6, 21)
                ),
                PauseInterest(dt.date(2024, 2, 10), dt.date(2024, 3, 10)),
            ],
            "1701 58|1701 13|1701 28|1701 29|1701 19|1652 10",
        ),
        (
            "0.07",
            [PauseInterest(dt.date(2024, 1, 2), dt.date(2024, 1, 10))],
            "1701 43|1701 49|1701 39|1701 29|1701 20|1685 10",
        ),
        (
            "0.07",
            [
                PayPrincipal(dt.date(2024, 1, 15), DATES[6], 1701),
                ChangeRate(dt.date(2024, 1, 20), Decimal("0.04")),
            ],
            "1680 44|1680 22|1680 17|1680 11|1679 6|1701 0",
        ),
        (
            "0.07",
            [
                PayPrincipal(DATES[1], DATES[1], 1643),
                PayInterest(DATES[1], DATES[1], 58),
                PayPrincipal(DATES[2], DATES[2], 1652),
                PayInterest(DATES[2], DATES[2], 49),
                CreditPrincipal(DATES[2], 1652),
                CreditInterest(DATES[2], 49),
            ],
            "1701 58|1701 49|1701 98|1701 29|1701 20|1710 10",
        ),
    ],
)
def test_the_amounts_are_the_ones_that_the_peer_expects(
    rate: str, events: list[ModelEvent], expected: str
) -> None:
    model = make_model(DATES, Decimal(rate), numbers=TWELVE_DIGITS)

    assert amounts(model.after(LENT, *events)) == expected


def test_early_payments_move_their_interest_to_the_last_row() -> None:
    # Test "payoff on 01-15" of the same source.
    early_on = dt.date(2024, 1, 15)
    model = make_model(DATES, numbers=TWELVE_DIGITS).after(LENT)
    assert model.due_on(DATES[1], early_on) == (1675, 26)

    model = model.after(
        PayPrincipal(early_on, DATES[1], 1675), PayInterest(early_on, DATES[1], 26)
    )
    for due_on in DATES[2:6]:
        model = model.after(PayPrincipal(early_on, due_on, 1701))

    assert model.due_on(DATES[6], DATES[6]) == (1521, 50)
    assert [row.interest_minor for row in model.rows] == [26, 0, 0, 0, 0, 50]
    assert (
        model.after(PayPrincipal(early_on, DATES[6], 1521)).rows[5].interest_minor == 0
    )


def test_interest_grows_by_the_day() -> None:
    # Test "daily interest, 1000, one month" of the same source.
    dates = month_dates(START, 1)
    model = make_model(dates, numbers=TWELVE_DIGITS).after(Disburse(START, 100_000))

    found = [
        model.interest_to(dates[1], START + dt.timedelta(day)) for day in (1, 3, 14)
    ]

    assert found == [19, 56, 263]
    assert model.interest_to(dates[1], dates[1]) == 583


@settings(max_examples=60)
@given(
    start_on=all_start_dates(),
    count=st.integers(1, 36),
    principal=st.integers(1, 10**12),
    rate=st.decimals("0", "4", places=6),
    day_count=all_day_counts(),
    multiple=st.sampled_from([1, 1, 5, 100]),
)
def test_principal_sums_to_what_was_lent_and_the_balance_ends_at_zero(
    start_on: dt.date,
    count: int,
    principal: int,
    rate: Decimal,
    day_count: SplitDayCount,
    multiple: int,
) -> None:
    dates = month_dates(start_on, count)
    model = make_model(dates, rate, day_count, multiple=multiple)

    rows = model.after(Disburse(start_on, principal)).rows

    balances = [principal, *(row.closing_minor for row in rows)]
    assert sum(row.principal_minor for row in rows) == principal
    assert balances[-1] == 0
    assert balances == sorted(balances, reverse=True)
    for row in rows:
        assert row.installment_minor == row.principal_minor + row.interest_minor


@settings(max_examples=60)
@given(
    start_on=all_start_dates(),
    principal=st.integers(1, 10**9),
    rate=st.decimals("0", "4", places=6),
    day_count=all_day_counts(),
    days=st.lists(st.integers(1, 150), max_size=3),
)
def test_interest_before_rounding_is_balance_times_the_rounded_factor(
    start_on: dt.date,
    principal: int,
    rate: Decimal,
    day_count: SplitDayCount,
    days: list[int],
) -> None:
    model = make_model(month_dates(start_on, 6), rate, day_count)
    later = [Disburse(start_on + dt.timedelta(day), principal) for day in sorted(days)]

    rows = model.after(Disburse(start_on, principal), *later).rows

    left_minor = 0
    for row in rows:
        total = Fraction(0)
        for part in row.slices:
            exact = exact_slice_interest(
                part.balance_minor,
                part.factor_to_due,
                (part.end_on - part.start_on).days,
                max(1, (row.due_on - part.start_on).days),
            )
            # Three roundings to 19 digits.
            assert abs(Fraction(part.interest) - exact) <= exact / 10**18
            total += Fraction(part.interest)
        assert row.accrued_minor - left_minor == round(total)
        left_minor = row.left_interest_minor


@settings(max_examples=80)
@given(
    start_on=all_start_dates(),
    rate=st.decimals("0", "1", places=4),
    day_count=all_day_counts(),
    steps=st.lists(
        st.tuples(st.sampled_from("dcp"), st.integers(1, 170), st.integers(0, 40)),
        max_size=5,
    ),
)
def test_after_any_events_all_that_was_paid_out_is_paid_back(
    start_on: dt.date,
    rate: Decimal,
    day_count: SplitDayCount,
    steps: list[tuple[str, int, int]],
) -> None:
    model = make_model(month_dates(start_on, 6), rate, day_count)
    events: list[ModelEvent] = [Disburse(start_on, 100_000)]
    for kind, day, size in sorted(steps, key=lambda step: step[1]):
        on = start_on + dt.timedelta(day)
        if kind == "d":
            events.append(Disburse(on, 1_000 * size))
        elif kind == "c":
            events.append(ChangeRate(on, Decimal(size) / 100))
        else:
            events.append(PauseInterest(on, on + dt.timedelta(size)))

    rows = model.after(*events).rows

    lent = sum(event.amount_minor for event in events if isinstance(event, Disburse))
    assert sum(row.principal_minor for row in rows) == lent
    assert rows[-1].closing_minor == 0
    for row in rows:
        assert row.slices[0].start_on == row.start_on
        assert row.slices[-1].end_on == row.due_on
        for before, after in pairwise(row.slices):
            assert before.end_on == after.start_on


@settings(max_examples=60)
@given(
    start_on=all_start_dates(),
    count=st.integers(1, 24),
    principal=st.integers(1, 10**10),
    rate=st.decimals("0", "2", places=6),
    day_count=all_day_counts(),
)
def test_the_level_installment_is_the_one_of_discounting_rounded(
    start_on: dt.date,
    count: int,
    principal: int,
    rate: Decimal,
    day_count: SplitDayCount,
) -> None:
    dates = month_dates(start_on, count)
    model = make_model(dates, rate, day_count, is_smoothed=False)

    rows = model.after(Disburse(start_on, principal)).rows

    factors = [sum(Fraction(part.factor) for part in row.slices) for row in rows]
    level = exact_level(principal, [Fraction(factor) for factor in factors])
    assert abs(rows[0].level_minor - level) <= Fraction(500_001, 1_000_000)


@given(
    order=st.permutations(
        [
            ChangeRate(dt.date(2024, 3, 10), Decimal("0.11")),
            Disburse(dt.date(2024, 2, 20), 5_000),
            PauseInterest(dt.date(2024, 4, 5), dt.date(2024, 4, 9)),
        ]
    )
)
def test_a_model_is_never_changed_by_an_event(order: list[ModelEvent]) -> None:
    first = make_model(DATES).after(LENT)
    before = amounts(first)

    together = first.after(*order)
    one_by_one = first
    for event in order:
        one_by_one = one_by_one.after(event)

    assert amounts(first) == before
    assert amounts(one_by_one) == amounts(together) != before


def test_a_large_difference_is_smoothed_and_a_small_one_is_not() -> None:
    # Scenario C3164: 331.77 at 10.65 %, where each of five installments moves.
    dates = month_dates(dt.date(2023, 12, 12), 5)
    lent = Disburse(dates[0], 33_177)
    actual = split("actual", "actual")
    rough = make_model(dates, Decimal("0.1065"), actual, is_smoothed=False).after(lent)
    smooth = make_model(dates, Decimal("0.1065"), actual).after(lent)

    def distance(model: ProgressiveModel) -> int:
        levels = [row.installment_minor for row in model.rows]
        return abs(levels[-1] - levels[-2])

    assert distance(rough) > 2
    assert distance(smooth) <= 2
    assert smooth.rows[0].installment_minor == 6814


def test_smoothing_that_does_not_help_is_not_kept() -> None:
    # Unit test "new calculated EMI not better than original" of the same source.
    model = make_model(
        DATES, Decimal("0.15678"), split("365", "actual"), TWELVE_DIGITS
    ).after(LENT)

    assert amounts(model) == "1743 133|1743 105|1743 90|1743 66|1743 46|1747 22"


def test_a_disbursement_on_a_due_date_changes_the_rows_after_it() -> None:
    model = make_model(DATES).after(LENT, Disburse(DATES[2], 10_000))

    levels = [row.level_minor for row in model.rows]
    assert levels[:2] == [1701, 1701]
    assert len(set(levels[2:])) == 1
    assert levels[2] > 1701
    assert [row.interest_minor for row in model.rows[:2]] == [58, 49]


def test_a_change_on_the_last_due_date_bears_nothing() -> None:
    model = make_model(DATES).after(LENT, CorrectBalance(DATES[6], 500))

    last = model.rows[-1].slices[-1]
    assert last.start_on == last.end_on == DATES[6]
    assert amounts(model) == amounts(make_model(DATES).after(LENT))


def test_a_pause_bears_nothing_within_its_days_and_keeps_installments() -> None:
    plain = make_model(DATES).after(LENT)
    paused = plain.after(PauseInterest(dt.date(2024, 2, 11), dt.date(2024, 3, 10)))

    assert [row.installment_minor for row in paused.rows[:5]] == [
        row.installment_minor for row in plain.rows[:5]
    ]
    slices = [part for row in paused.rows for part in row.slices if part.is_paused]
    assert [
        (part.start_on.isoformat(), part.end_on.isoformat()) for part in slices
    ] == [
        ("2024-02-10", "2024-03-01"),
        ("2024-03-01", "2024-03-10"),
    ]
    assert all(part.interest == 0 for part in slices)


def test_a_pause_of_only_the_first_day_of_a_period_pauses_nothing() -> None:
    first_day = dt.date(2024, 2, 2)
    plain = make_model(DATES).after(LENT)

    assert amounts(plain.after(PauseInterest(first_day, first_day))) == amounts(plain)


def test_principal_that_is_paid_early_changes_only_the_last_row() -> None:
    plain = make_model(DATES).after(LENT)
    paid = plain.after(PayPrincipal(dt.date(2024, 2, 10), DATES[2], 1652))

    changed = [
        number
        for number, (row, other) in enumerate(zip(plain.rows, paid.rows, strict=True))
        if row.installment_minor != other.installment_minor
    ]
    assert changed == [5]
    assert paid.rows[5].installment_minor < plain.rows[5].installment_minor


def test_a_multiple_rounds_the_level_and_leaves_the_rest_to_the_last() -> None:
    # Scenario C3611: 500.00 at 7 %, actual days, whole units.
    dates = month_dates(dt.date(2025, 3, 11), 6)
    model = make_model(dates, day_count=split("actual", "actual"), multiple=100)

    found = amounts(model.after(Disburse(dates[0], 50_000)))

    assert found == "8500 297|8500 240|8500 199|8500 145|8500 100|8531 50"


def test_interest_after_the_last_unpaid_row_is_asked_for_by_it() -> None:
    # The last two rows are paid at once; then 50.00 of the fourth come late.
    paid_on = dt.date(2024, 1, 15)
    model = make_model(DATES).after(
        LENT,
        PayPrincipal(paid_on, DATES[5], 1701),
        PayPrincipal(paid_on, DATES[6], 1700),
    )
    assert [row.is_paid for row in model.rows[4:]] == [True, True]
    late_on = dt.date(2024, 5, 20)
    model = model.after(CorrectBalance(DATES[4], 5_000), CorrectBalance(late_on, 0))

    # 19 of 31 days of a month: 5,000 * 0.07 / 12 * 19 / 31 is 17.9.
    assert model.rows[3].drawn_interest_minor == 18
    assert [row.is_interest_drawn for row in model.rows] == [False] * 4 + [True] * 2
    assert [row.interest_minor for row in model.rows[4:]] == [0, 0]
    # One day later it is 18.8.
    model = model.after(CorrectBalance(dt.date(2024, 5, 21), 0))
    assert model.rows[3].drawn_interest_minor == 19


def test_what_is_due_before_a_row_starts_is_its_level_installment() -> None:
    model = make_model(DATES).after(LENT)

    # Nothing accrues before the row starts, so all of it is principal.
    assert model.due_on(DATES[3], dt.date(2024, 1, 20)) == (1701, 0)
    assert model.due_on(DATES[3], DATES[3]) == (1662, 39)


def test_a_credit_at_the_start_of_a_row_is_seen_on_that_day() -> None:
    model = make_model(DATES).after(
        LENT,
        PayPrincipal(DATES[1], DATES[1], 1643),
        PayInterest(DATES[1], DATES[1], 58),
        CreditInterest(DATES[1], 58),
    )

    assert model.interest_to(DATES[2], DATES[1]) == 58
    assert model.interest_to(DATES[2], DATES[2]) == 58 + 49

    credited_on = dt.date(2024, 2, 10)
    model = make_model(DATES).after(LENT, CreditInterest(credited_on, 100))
    before = make_model(DATES).after(LENT)
    assert model.interest_to(DATES[2], credited_on) == (
        before.interest_to(DATES[2], credited_on) + 100
    )


def test_a_pause_outside_the_loan_and_a_payment_of_nothing_change_nothing() -> None:
    model = make_model(DATES).after(LENT)

    before = PauseInterest(dt.date(2023, 12, 1), dt.date(2023, 12, 31))
    nothing = PayPrincipal(DATES[1], DATES[1], 0)

    assert amounts(model.after(before, nothing)) == amounts(model)


def test_grace_on_principal_outlasts_a_later_disbursement() -> None:
    model = ProgressiveModel.of(
        DATES,
        rate=SEVEN_PERCENT,
        factors=make_model(DATES).factors,
        level=LevelRule(numbers=FINERACT_NUMBERS, grace_count=3),
    ).after(LENT, Disburse(dt.date(2024, 2, 15), 10_000))

    assert [row.is_grace for row in model.rows] == [True] * 3 + [False] * 3
    assert [row.principal_minor for row in model.rows[:3]] == [0, 0, 0]
    # February: 100.00 for 14 of 29 days and 200.00 for 15, so 58.33 * 44 / 29.
    assert [row.interest_minor for row in model.rows[:3]] == [58, 89, 117]
    assert sum(row.principal_minor for row in model.rows) == 20_000


def test_a_new_rate_during_grace_leaves_the_principal_alone() -> None:
    model = ProgressiveModel.of(
        DATES,
        rate=Decimal(1),
        factors=make_model(DATES).factors,
        level=LevelRule(numbers=FINERACT_NUMBERS, grace_count=5),
    ).after(LENT, ChangeRate(dt.date(2024, 2, 2), Decimal("0.5")))

    # A twelfth of 100.00, and half of that.
    assert [row.interest_minor for row in model.rows] == [833, 417, 417, 417, 417, 417]
    assert [row.principal_minor for row in model.rows] == [0] * 5 + [10_000]


@pytest.mark.parametrize(
    ("principal", "count", "rate"),
    [(1, 60, 4), (10**12, 240, 4), (10**12, 600, 0), (33, 600, 1), (10**18, 2, 4)],
)
def test_extreme_loans_are_paid_back_in_full(
    principal: int, count: int, rate: int
) -> None:
    model = make_model(month_dates(dt.date(1900, 1, 31), count), Decimal(rate))

    rows = model.after(Disburse(dt.date(1900, 1, 31), principal)).rows

    assert sum(row.principal_minor for row in rows) == principal
    assert rows[-1].closing_minor == 0
    assert min(row.principal_minor for row in rows) >= 0


@pytest.mark.parametrize("count", [3, 6, 12])
def test_one_cent_is_due_in_the_last_row(count: int) -> None:
    model = make_model(month_dates(START, count)).after(Disburse(START, 1))

    assert [row.principal_minor for row in model.rows] == [0] * (count - 1) + [1]


@pytest.mark.parametrize(
    "event",
    [
        Disburse(dt.date(2023, 12, 31), 100),
        Disburse(dt.date(2024, 7, 2), 100),
        PayInterest(DATES[1], dt.date(2024, 2, 2), 100),
    ],
)
def test_an_event_outside_the_dates_of_the_loan_is_refused(event: ModelEvent) -> None:
    with pytest.raises(InvalidValueError, match="on"):
        make_model(DATES).after(LENT, event)


def test_twelve_digits_and_nineteen_differ_only_in_the_digits() -> None:
    twelve = make_model(DATES, numbers=FineractNumbers(12)).after(LENT)
    nineteen = make_model(DATES).after(LENT)

    assert amounts(twelve) == amounts(nineteen)
    assert twelve.rows[0].slices[1].factor != nineteen.rows[0].slices[1].factor
