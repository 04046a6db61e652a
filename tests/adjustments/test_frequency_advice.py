"""Which repayment frequency fits: worked cases, and what is refused."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import Currency, Frequency, InvalidValueError, Money
from microcrm_core.adjustments import (
    FREQUENCY_BASIC,
    FREQUENCY_TURNOVER,
    FrequencyConfidence,
    FrequencyPolicy,
    recommend_frequency,
)
from microcrm_core.customers import CashFlowSummary, Direction, Transaction
from microcrm_core.ids import CustomerId, TransactionId

EURO = Currency.of("EUR")
START = dt.date(2025, 1, 1)
AS_OF = dt.date(2025, 6, 30)
DAYS = 181
"""January to June 2025: 181 days, 25 weeks and 6 days, 12 fortnights and 13 days."""


def account(inflows: Mapping[int, int], *, days: int = DAYS) -> CashFlowSummary:
    """Return an account with these inflows by day since START, open on that day."""
    rows = [
        Transaction(
            id=TransactionId(f"t-{number}"),
            customer_id=CustomerId("c-1"),
            booked_on=START + dt.timedelta(days=number),
            direction=Direction.IN,
            amount=Money(minor, EURO),
        )
        for number, minor in inflows.items()
        if number < days
    ]
    opened = Transaction(
        id=TransactionId("open"),
        customer_id=CustomerId("c-1"),
        booked_on=START,
        direction=Direction.OUT,
        amount=Money(1, EURO),
    )
    return CashFlowSummary.of(EURO, [opened, *rows])


def advised(
    inflows: Mapping[int, int],
    current: Frequency | None = None,
    policy: FrequencyPolicy = FREQUENCY_BASIC,
) -> tuple[Frequency | None, str]:
    decision = recommend_frequency(account(inflows), current, policy, AS_OF)
    return decision.outcome.frequency, decision.reasons[0].code


EVERY_DAY = dict.fromkeys(range(DAYS), 100)
EVERY_WEEK = dict.fromkeys(range(1, DAYS, 7), 700)
EVERY_FORTNIGHT = dict.fromkeys(range(1, DAYS, 14), 1400)
FIRST_OF_MONTH = dict.fromkeys((0, 31, 59, 90, 120, 151), 3000)


@pytest.mark.parametrize(
    ("inflows", "frequency"),
    [
        (EVERY_DAY, Frequency.DAILY),
        (EVERY_WEEK, Frequency.WEEKLY),
        (EVERY_FORTNIGHT, Frequency.BIWEEKLY),
        (FIRST_OF_MONTH, Frequency.MONTHLY),
    ],
)
def test_a_new_loan_gets_the_rhythm_of_the_inflows(
    inflows: Mapping[int, int], frequency: Frequency
) -> None:
    assert advised(inflows) == (frequency, "frequency_advised")


def test_a_week_is_counted_back_from_the_end() -> None:
    # Days 6 to 180 are 25 full weeks; the days before them are in none.
    rhythm = recommend_frequency(
        account({**dict.fromkeys(range(6, DAYS, 7), 700), 0: 10**9}),
        None,
        FREQUENCY_BASIC,
        AS_OF,
    ).outcome.rhythm

    assert rhythm.weak_share_ppm[1] == 1_000_000
    assert rhythm.gap_days_max == 6
    assert (rhythm.inflow_day_count, rhythm.day_count) == (26, DAYS)


def test_a_weak_period_exactly_at_the_bound_fits() -> None:
    # Of 6 months the lowest is the weak one: 1000 of a mean of 4000 is 25 %.
    at_bound = dict(zip((0, 31, 59, 90, 120, 151), (1000, *(4600,) * 5), strict=True))
    below = {**at_bound, 151: 4601}

    assert advised(at_bound) == (Frequency.MONTHLY, "frequency_advised")
    assert advised(below) == (Frequency.MONTHLY, "frequency_none_fits")


def test_what_fits_stays_unless_turnover_is_followed() -> None:
    monthly = Frequency.MONTHLY

    assert advised(EVERY_DAY, monthly) == (monthly, "frequency_keeps")
    assert advised(EVERY_DAY, monthly, FREQUENCY_TURNOVER) == (
        Frequency.DAILY,
        "frequency_advised",
    )
    assert advised(EVERY_DAY, Frequency.DAILY, FREQUENCY_TURNOVER) == (
        Frequency.DAILY,
        "frequency_keeps",
    )


def test_what_does_not_fit_is_changed() -> None:
    decision = recommend_frequency(
        account(FIRST_OF_MONTH), Frequency.WEEKLY, FREQUENCY_BASIC, AS_OF
    )

    assert decision.outcome.frequency == Frequency.MONTHLY
    assert decision.outcome.is_change
    assert decision.explain() == (
        "the frequency monthly fits: over 6 months a weak period brings in 100% of a "
        "mean one, at least 25% is needed",
    )


def test_a_fitting_frequency_that_is_not_offered_stays() -> None:
    weekly_only = attrs.evolve(FREQUENCY_TURNOVER, offered=[Frequency.DAILY])

    assert advised(EVERY_WEEK, Frequency.WEEKLY, weekly_only) == (
        Frequency.WEEKLY,
        "frequency_keeps",
    )
    assert advised(EVERY_WEEK, None, weekly_only) == (
        Frequency.DAILY,
        "frequency_none_fits",
    )


def test_too_few_months_give_no_advice() -> None:
    decision = recommend_frequency(
        account(EVERY_DAY), None, FREQUENCY_BASIC, dt.date(2025, 2, 28)
    )

    assert decision.outcome.frequency is None
    assert decision.outcome.confidence is None
    assert not decision.outcome.is_change
    assert decision.reasons[0].code == "frequency_no_history"


def test_months_without_money_give_no_advice() -> None:
    decision = recommend_frequency(account({}), None, FREQUENCY_BASIC, AS_OF)

    assert decision.outcome.frequency is None
    assert decision.outcome.rhythm.gap_days_max is None
    assert decision.outcome.rhythm.weak_share_ppm == (None,) * 4
    assert decision.explain() == ("no money came in over 6 full months",)


@pytest.mark.parametrize(
    ("as_of", "confidence"),
    [
        (dt.date(2025, 5, 31), FrequencyConfidence.LOW),
        (dt.date(2025, 6, 30), FrequencyConfidence.MEDIUM),
        (dt.date(2025, 12, 31), FrequencyConfidence.HIGH),
    ],
)
def test_confidence_grows_with_the_months(
    as_of: dt.date, confidence: FrequencyConfidence
) -> None:
    year = account(dict.fromkeys(range(365), 100), days=365)

    decision = recommend_frequency(year, None, FREQUENCY_BASIC, as_of)

    assert decision.outcome.confidence is confidence


def test_an_advice_at_the_border_is_a_level_less_sure() -> None:
    # A share of 25 %, where 30 % would be clear of the border.
    at_border = dict(zip((0, 31, 59, 90, 120, 151), (1000, *(4600,) * 5), strict=True))

    decision = recommend_frequency(account(at_border), None, FREQUENCY_BASIC, AS_OF)

    assert decision.outcome.confidence is FrequencyConfidence.LOW


def test_other_frequencies_are_refused() -> None:
    with pytest.raises(InvalidValueError, match="current must be one of daily, weekly"):
        advised(EVERY_DAY, Frequency.of("quarterly"))


@given(
    inflows=st.dictionaries(st.integers(0, DAYS - 1), st.integers(1, 50), max_size=40),
    factor=st.integers(1, 1000),
)
def test_the_unit_of_money_does_not_matter(
    inflows: dict[int, int], factor: int
) -> None:
    scaled = {day: minor * factor for day, minor in inflows.items()}

    assert advised(scaled) == advised(inflows)


@given(
    inflows=st.dictionaries(st.integers(0, DAYS - 1), st.integers(1, 50), max_size=40),
    later=st.integers(1, 50),
)
def test_what_comes_later_changes_nothing(inflows: dict[int, int], later: int) -> None:
    more = account({**inflows, DAYS: later, DAYS + 3: later}, days=DAYS + 10)

    assert recommend_frequency(
        more, None, FREQUENCY_BASIC, AS_OF
    ) == recommend_frequency(account(inflows), None, FREQUENCY_BASIC, AS_OF)
