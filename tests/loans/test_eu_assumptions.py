"""The assumptions of Annex I part II, as the Commission's guidance works them out."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import Currency, InvalidValueError, Money
from microcrm_core.dates import add_months, month_end
from microcrm_core.loans.cash_flows import CreditFlows
from microcrm_core.loans.eu_assumptions import (
    ASSUMED_CEILING,
    EuAssumption,
    RateStage,
    assumed_duration_months,
    assumed_rates,
    shortest_first_interval,
)
from microcrm_core.loans.rate_measures import RateMeasure
from microcrm_core.loans.rate_solving import solve_rate
from microcrm_core.rates import Rate
from tests.loans.credit_cases import advance, charge, repayment

DAY = dt.timedelta(days=1)
COMMON_YEAR = [dt.date(2025, 1, 1) + dt.timedelta(days=n) for n in range(365)]


def percent(text: str) -> Rate:
    return Rate.of_percent(text)


def fixed(text: str) -> RateStage:
    return RateStage(fixed=percent(text))


def variable(indicator: str, margin: str) -> RateStage:
    return RateStage(indicator=percent(indicator), margin=percent(margin))


def test_each_assumption_has_the_letter_of_the_directive() -> None:
    # Directive 2008/48/EC, Annex I part II, as amended by 2011/90/EU.
    assert [one.clause for one in EuAssumption] == [
        "a", "b", "c", "d", "e", "f (i)", "f (ii)", "g", "h", "i", "j",
    ]  # fmt: skip
    assert len({one.text for one in EuAssumption}) == len(EuAssumption)


def test_the_assumed_ceiling_is_fifteen_hundred_euro() -> None:
    assert Money.of("1500.00", Currency.of("EUR")) == ASSUMED_CEILING
    assert "1,500" in EuAssumption.CEILING.text


def test_an_overdraft_of_unknown_length_lasts_three_months() -> None:
    assert assumed_duration_months(is_overdraft=True) == 3
    assert assumed_duration_months(is_overdraft=False) == 12


def test_an_assumed_overdraft_costs_what_three_months_at_its_rate_cost() -> None:
    # All is drawn for the whole duration (d): 1500 at 3 % a quarter is 1545 after
    # three months, and 1.03 to the fourth is 1.12550881.
    months = assumed_duration_months(is_overdraft=True)
    start_on = dt.date(2025, 1, 15)
    drawn = ASSUMED_CEILING.minor
    flows = CreditFlows(
        [
            advance(start_on, drawn),
            repayment(add_months(start_on, months), drawn * 103 // 100),
        ]
    )

    solved = solve_rate(
        flows,
        RateMeasure.EU_APRC,
        assumptions=[EuAssumption.OVERDRAFT_DURATION, EuAssumption.CEILING],
    )

    assert solved.rate == pytest.approx(0.12550881, abs=1e-12)
    assert str(solved.disclosed_percent) == "12.6"
    assert "assumed (d): all is drawn for the whole duration" in str(solved)
    assert "assumed (h): the ceiling is EUR 1,500" in str(solved)


def test_an_assumed_open_end_credit_repays_its_principal_in_equal_months() -> None:
    # (e): one year, the first month after the drawdown, equal principal; interest of
    # 1 % a month with it (g). So each month costs 1 %, whatever else: 1.01 to the 12th.
    start_on, part = dt.date(2025, 1, 15), 12_500
    count = assumed_duration_months(is_overdraft=False)
    paid = [
        repayment(
            add_months(start_on, number),
            part + (count - number + 1) * part // 100,
        )
        for number in range(1, count + 1)
    ]
    flows = CreditFlows([advance(start_on, part * count), *paid])

    rate = solve_rate(flows, RateMeasure.EU_APRC).rate

    assert rate == pytest.approx(1.01**12 - 1, abs=1e-12)
    # A single charge at the conclusion (g) makes it dearer.
    dearer = CreditFlows([*flows.flows, charge(start_on, 1_500)])
    more = solve_rate(dearer, RateMeasure.EU_APRC).rate
    assert rate is not None
    assert more is not None
    assert more > rate


@pytest.mark.parametrize(
    ("stages", "open_end", "closed"),
    [
        # SWD(2012) 128, section 4.2.8: an introductory rate of 1 %, then 2.1 % and 1 %.
        ([fixed("1"), variable("2.1", "1")], ["3.1", "3.1"], ["1", "3.1"]),
        # Three stages, the dearest in the middle.
        (
            [fixed("5"), variable("6", "2"), variable("6", "1")],
            ["8", "8", "8"],
            ["5", "8", "7"],
        ),
        ([fixed("4")], ["4"], ["4"]),
        # A margin or an indicator may be below zero.
        ([fixed("2"), variable("-0.5", "2")], ["2", "2"], ["2", "1.5"]),
        ([fixed("0"), variable("3", "-1")], ["2", "2"], ["0", "2"]),
    ],
)
def test_the_highest_rate_holds_only_where_the_end_is_open(
    stages: list[RateStage], open_end: list[str], closed: list[str]
) -> None:
    assert assumed_rates(stages, is_open_end=True) == tuple(map(percent, open_end))
    assert assumed_rates(stages, is_open_end=False) == tuple(map(percent, closed))


def test_an_agreement_without_a_stage_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="stages must not be empty"):
        assumed_rates([], is_open_end=True)


@pytest.mark.parametrize(
    ("one", "indicator", "margin"),
    [
        (None, None, None),
        (None, "2", None),
        (None, None, "1"),
        ("3", "2", None),
        ("3", None, "1"),
        ("3", "2", "1"),
        ("0", "2", "1"),
    ],
)
def test_a_stage_without_a_rate_or_with_two_is_refused(
    one: str | None, indicator: str | None, margin: str | None
) -> None:
    def known(text: str | None) -> Rate | None:
        return None if text is None else percent(text)

    with pytest.raises(InvalidValueError, match="fixed must stand alone"):
        RateStage(fixed=known(one), indicator=known(indicator), margin=known(margin))


def first_after(on: dt.date) -> dt.date:
    return month_end(on) + DAY


def after_the_fifteenth(on: dt.date) -> dt.date:
    first_on = first_after(on)
    return first_on if on.day <= 15 else first_after(first_on)


@pytest.mark.parametrize(
    ("first_paid_on", "drawn_on", "days"),
    [
        # SWD(2012) 128, section 4.2.6: payments on the first of each month leave a
        # day; drawn up to the 15th, 14 days from 15 February of a common year.
        (first_after, dt.date(2025, 1, 31), 1),
        (after_the_fifteenth, dt.date(2025, 2, 15), 14),
        # Always a month: the shortest is the first of those of 28 days.
        (lambda on: add_months(on, 1), dt.date(2025, 1, 31), 28),
        (lambda on: on + dt.timedelta(days=30), dt.date(2025, 1, 1), 30),
    ],
)
def test_the_drawdown_leaves_the_shortest_first_interval(
    first_paid_on: object, drawn_on: dt.date, days: int
) -> None:
    assert callable(first_paid_on)

    found = shortest_first_interval(first_paid_on, COMMON_YEAR)

    assert found == (drawn_on, drawn_on + dt.timedelta(days=days))


@given(drawn=st.lists(st.sampled_from(COMMON_YEAR), min_size=1, max_size=30))
def test_no_other_drawdown_leaves_less_and_the_first_of_equals_is_taken(
    drawn: list[dt.date],
) -> None:
    on, paid_on = shortest_first_interval(after_the_fifteenth, drawn)

    gaps = [(after_the_fifteenth(one) - one).days for one in drawn]
    assert (paid_on - on).days == min(gaps)
    assert on == drawn[gaps.index(min(gaps))]


def test_no_day_to_try_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="drawn_on must not be empty"):
        shortest_first_interval(first_after, [])


@pytest.mark.parametrize("days", [0, -1])
def test_a_payment_that_is_not_after_its_drawdown_is_refused(days: int) -> None:
    with pytest.raises(
        InvalidValueError, match="must be after the drawdown on 2025-01-01"
    ):
        shortest_first_interval(lambda on: on + days * DAY, COMMON_YEAR)
