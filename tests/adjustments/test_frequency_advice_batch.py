"""The twin of frequency advice, row by row, with constructed ties."""

from __future__ import annotations

import datetime as dt

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import Currency, InvalidValueError, Money
from microcrm_core.adjustments import (
    FREQUENCIES_ADVISED,
    FREQUENCY_BASIC,
    FrequencyConfidence,
    FrequencyPolicy,
    recommend_frequency,
)
from microcrm_core.adjustments.frequency_advice_batch import (
    FrequencyColumns,
    FrequencyOutcome,
    recommend_frequencies,
)
from microcrm_core.batch import UNKNOWN
from microcrm_core.customers import CashFlowSummary, Direction, Transaction
from microcrm_core.customers.cash_flow_batch import DayBalances
from microcrm_core.customers.columns_batch import TransactionColumns
from microcrm_core.ids import CustomerId, TransactionId

EURO = Currency.of("EUR")
EPOCH = dt.date(1970, 1, 1)
START = dt.date(2025, 1, 1)
AS_OF = dt.date(2025, 4, 30)
DAYS = 120

# Days since START with the amount in, below zero: out; then the current frequency.
Case = tuple[list[tuple[int, int]], int]

TIE = [(0, 1000), (31, 5000), (59, 5000), (90, 5000)]
"""The weak month brings in 1000 of a mean of 4000: exactly 25 %."""

# An even rhythm, with holes and few different amounts, so that shares meet bounds.
rhythms = st.builds(
    lambda first, step, minor, extra: [
        *((day, minor) for day in range(first, DAYS + 5, step)),
        *extra,
    ],
    st.integers(0, 40),
    st.sampled_from([1, 2, 6, 7, 8, 13, 14, 30]),
    st.sampled_from([-1, 1, 4]),
    st.lists(
        st.tuples(st.integers(0, DAYS + 5), st.sampled_from([-1, 1, 3, 20])),
        max_size=6,
    ),
)
cases = st.tuples(rhythms, st.integers(-1, 3))
policies = st.builds(
    lambda offered, shorter, share, quantile, months: attrs.evolve(
        FREQUENCY_BASIC,
        offered=[one for one in FREQUENCIES_ADVISED if one in offered],
        is_shorter_advised=shorter,
        weak_share_ppm_min=share,
        quantile_ppm=quantile,
        months_min=months,
        months_max=months + 1,
        months_medium=2,
        months_high=4,
    ),
    st.sets(st.sampled_from(FREQUENCIES_ADVISED), min_size=1),
    st.booleans(),
    st.sampled_from([250_000, 500_000, 1_000_000]),
    st.sampled_from([1, 100_000, 500_000, 1_000_000]),
    st.integers(1, 4),
)


def both(
    cases: list[Case], policy: FrequencyPolicy
) -> tuple[FrequencyColumns, FrequencyColumns]:
    """Return the columns of the twin, and the scalar answers as columns."""
    rows = [
        Transaction(
            id=TransactionId(f"t-{customer}-{number}"),
            customer_id=CustomerId(f"c-{customer}"),
            booked_on=START + dt.timedelta(days=day),
            direction=Direction.IN if minor > 0 else Direction.OUT,
            amount=Money(abs(minor), EURO),
        )
        for customer, (moves, _) in enumerate(cases)
        for number, (day, minor) in enumerate(moves)
    ]
    booked = np.array([(one.booked_on - EPOCH).days for one in rows], np.int32)
    signed = [minor for moves, _ in cases for _, minor in moves]
    columns = TransactionColumns(
        ids=np.array([one.id.encode() for one in rows], "S64"),
        customer_index=np.repeat(
            np.arange(len(cases)), [len(moves) for moves, _ in cases]
        ).astype(np.int32),
        booked_day=booked,
        sequence=np.zeros(len(rows), np.int32),
        amount_minor=np.array(signed, np.int64),
        balance_minor=np.full(len(rows), UNKNOWN),
        known_day=booked,
    )
    days = DayBalances.of(
        columns, customer_count=len(cases), as_of_day=(AS_OF - EPOCH).days
    )
    current = np.array([index for _, index in cases], np.int64)
    return recommend_frequencies(days, current, policy), scalar(cases, rows, policy)


def scalar(
    cases: list[Case], rows: list[Transaction], policy: FrequencyPolicy
) -> FrequencyColumns:
    found: dict[str, list[object]] = {
        field.name: [] for field in attrs.fields(FrequencyColumns)
    }
    for customer, (_, index) in enumerate(cases):
        own = [one for one in rows if one.customer_id == f"c-{customer}"]
        summary = CashFlowSummary.of(EURO, own, as_of=AS_OF)
        current = FREQUENCIES_ADVISED[index] if index >= 0 else None
        decision = recommend_frequency(summary, current, policy, AS_OF)
        advice = decision.outcome
        rhythm = advice.rhythm
        outcome = FrequencyOutcome(decision.reasons[0].code)
        known = {
            "frequency_index": -1
            if advice.frequency is None
            else FREQUENCIES_ADVISED.index(advice.frequency),
            "current_index": index,
            "months": rhythm.months,
            "inflow_day_count": rhythm.inflow_day_count,
            "gap_days_max": UNKNOWN
            if rhythm.gap_days_max is None
            else rhythm.gap_days_max,
            "weak_share_ppm": [
                UNKNOWN if share is None else share for share in rhythm.weak_share_ppm
            ],
            "confidence_index": -1
            if advice.confidence is None
            else tuple(FrequencyConfidence).index(advice.confidence),
            "outcome_index": tuple(FrequencyOutcome).index(outcome),
        }
        for name, value in known.items():
            found[name].append(value)
    return FrequencyColumns(
        **{name: np.array(values, np.int64) for name, values in found.items()}
    )


def assert_equal(cases: list[Case], policy: FrequencyPolicy) -> None:
    twin, wanted = both(cases, policy)
    for field in attrs.fields(FrequencyColumns):
        one, other = getattr(twin, field.name), getattr(wanted, field.name)
        assert one.tolist() == other.tolist(), field.name


@given(cases=st.lists(cases, min_size=1, max_size=4), policy=policies)
def test_twins_agree(cases: list[Case], policy: FrequencyPolicy) -> None:
    assert_equal(cases, policy)


@pytest.mark.parametrize("last", [4999, 5000, 5001])
@pytest.mark.parametrize("current", [-1, 0, 3])
def test_twins_agree_at_the_bound(last: int, current: int) -> None:
    assert_equal([([*TIE[:3], (90, last)], current)], FREQUENCY_BASIC)


def test_a_share_at_the_bound_fits() -> None:
    columns, _ = both([(TIE, -1), ([*TIE[:3], (90, 5001)], -1)], FREQUENCY_BASIC)

    assert columns.weak_share_ppm[:, 3].tolist() == [250_000, 249_984]
    outcomes = [tuple(FrequencyOutcome)[one] for one in columns.outcome_index]
    assert outcomes == [FrequencyOutcome.ADVISED, FrequencyOutcome.NONE_FITS]


def test_customers_without_money_lie_between_others() -> None:
    assert_equal(
        [([], -1), (TIE, 2), ([(0, -1)], 3), ([], 0), (TIE, -1)], FREQUENCY_BASIC
    )


def test_no_customers_give_no_rows() -> None:
    columns, _ = both([], FREQUENCY_BASIC)

    assert columns.frequency_index.size == 0
    assert columns.weak_share_ppm.shape == (0, 4)


def test_inflows_that_leave_int64_are_refused() -> None:
    with pytest.raises(InvalidValueError, match=r"inflows \* 1,000,000 must fit int64"):
        both([([(day, 10**13) for day in range(DAYS)], -1)], FREQUENCY_BASIC)


@pytest.mark.parametrize(
    ("current", "message"),
    [([0], "one row for each of the 2"), ([0, 4], "current_index must be -1 to 3")],
)
def test_bad_columns_are_refused(current: list[int], message: str) -> None:
    none = np.zeros(0, np.int64)
    days = DayBalances(
        as_of_day=0,
        offsets=np.zeros(3, np.int64),
        day=np.zeros(0, np.int32),
        inflow_minor=none,
        outflow_minor=none,
        balance_minor=none,
    )
    with pytest.raises(InvalidValueError, match=message):
        recommend_frequencies(days, np.array(current), FREQUENCY_BASIC)
