from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core.dates import Frequency, FrequencyUnit
from microcrm_core.errors import InvalidValueError

FREQUENCIES = st.one_of(
    st.just(Frequency.SEMIMONTHLY),
    st.builds(
        Frequency,
        st.integers(1, 40),
        st.sampled_from([FrequencyUnit.DAY, FrequencyUnit.WEEK, FrequencyUnit.MONTH]),
    ),
)


@pytest.mark.parametrize(
    ("text", "count", "unit", "per_year"),
    [
        ("daily", 1, "day", Fraction(365)),
        ("weekly", 1, "week", Fraction(52)),
        ("biweekly", 2, "week", Fraction(26)),
        ("four_weekly", 4, "week", Fraction(13)),
        ("semimonthly", 1, "semimonth", Fraction(24)),
        ("monthly", 1, "month", Fraction(12)),
        ("quarterly", 3, "month", Fraction(4)),
        ("semiannual", 6, "month", Fraction(2)),
        ("yearly", 12, "month", Fraction(1)),
        ("P10D", 10, "day", Fraction(73, 2)),
        ("P2M", 2, "month", Fraction(6)),
    ],
)
def test_a_stored_text_names_a_frequency_and_its_nominal_year(
    text: str, count: int, unit: str, per_year: Fraction
) -> None:
    # The unit-periods of a year are those of 12 CFR 1026, Appendix J (b)(5).
    frequency = Frequency.of(text)

    assert (frequency.count, frequency.unit) == (count, unit)
    assert str(frequency) == text
    assert frequency.periods_per_year == per_year


@given(frequency=FREQUENCIES)
def test_a_frequency_is_read_back_from_its_text(frequency: Frequency) -> None:
    assert Frequency.of(str(frequency)) == frequency


@pytest.mark.parametrize("text", ["", "Monthly", "P0D", "P-1M", "P1M1D", "1M", "PM"])
def test_an_unknown_frequency_is_refused(text: str) -> None:
    with pytest.raises(InvalidValueError, match="frequency must be one of daily"):
        Frequency.of(text)


@pytest.mark.parametrize("count", [0, -1, True, 1.0])
def test_a_frequency_counts_at_least_one_unit(count: int) -> None:
    with pytest.raises(InvalidValueError, match="count must be"):
        Frequency(count, FrequencyUnit.MONTH)


def test_a_unit_must_have_a_known_name() -> None:
    with pytest.raises(InvalidValueError, match="unit must be one of day, week"):
        Frequency(1, "fortnight")


def test_half_months_are_not_multiplied() -> None:
    with pytest.raises(InvalidValueError, match="count must be 1 for semimonths"):
        Frequency(2, FrequencyUnit.SEMIMONTH)
