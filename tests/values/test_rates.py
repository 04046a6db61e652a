"""Rates: exact fractions a year; nominal, effective and continuous stay apart."""

from __future__ import annotations

import decimal
import pickle
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import InvalidValueError
from microcrm_core.rates import ContinuousRate, EffectiveRate, Rate
from microcrm_core.rounding import Rounding

NEAREST = Rounding.HALF_EVEN
fractions = st.fractions(Fraction(-9, 10), 20, max_denominator=10**6)


def rounded(value: Fraction, digits: int) -> Decimal:
    """Show *value* to the digits of a textbook."""
    return Decimal(f"{round(value * 10**digits)}E-{digits}")


# Quotes


def test_a_rate_is_the_same_however_it_is_quoted() -> None:
    rates = {
        Rate.per_year("0.24"),
        Rate.per_year(Decimal("0.240")),
        Rate.per_year(Fraction(6, 25)),
        Rate.per_month("0.02"),
        Rate.per_day(Fraction(24, 36_500), year_days=365),
        Rate.per_day(Fraction(24, 36_000), year_days=360),
        Rate.of_percent("24"),
        Rate.of_ppm(240_000),
    }
    assert rates == {Rate(Fraction(24, 100))}


def test_a_rate_a_day_depends_on_the_days_of_the_year() -> None:
    # 0.05 % a day is 18.25 % a year of 365 days and 18 % a year of 360.
    assert Rate.per_day("0.0005", year_days=365).annual == Decimal("0.1825")
    assert Rate.per_day("0.0005", year_days=360).annual == Decimal("0.18")


@given(fractions, st.integers(1, 366))
def test_quotes_a_month_and_a_day_give_the_rate_back(
    fraction: Fraction, year_days: int
) -> None:
    rate = Rate(fraction)
    assert Rate.per_month(rate.monthly) == rate
    assert Rate.per_day(rate.daily(year_days=year_days), year_days=year_days) == rate


@given(st.integers(-(10**9), 10**9))
def test_parts_per_million_round_trip(ppm: int) -> None:
    rate = Rate.of_ppm(ppm)
    assert rate.annual_ppm == ppm
    assert rate.annual == Decimal(ppm) / 10**6
    assert Rate.per_year(rate.annual) == rate


def test_a_rate_between_two_parts_per_million_has_no_column_form() -> None:
    rate = Rate.per_day("0.0000001", year_days=365)  # 36.5 ppm
    with pytest.raises(InvalidValueError, match=r"must be whole parts per million"):
        _ = rate.annual_ppm
    assert rate.annual == Decimal("0.0000365")


def test_a_third_has_no_decimal_form() -> None:
    third = Rate.per_year(Fraction(1, 3))
    for rate in (third, EffectiveRate(Fraction(1, 3)), ContinuousRate(Fraction(1, 3))):
        with pytest.raises(InvalidValueError, match=r"must have a finite decimal form"):
            _ = rate.annual
    assert str(third) == "100/3% a year"
    assert repr(third) == "Rate(1/3)"


@pytest.mark.parametrize(
    ("fraction", "text"),
    [("0.24", "24% a year"), ("0", "0% a year"), ("-0.0125", "-1.25% a year")],
)
def test_a_rate_reads_as_a_percentage_a_year(fraction: str, text: str) -> None:
    assert str(Rate.per_year(fraction)) == text


def test_a_decimal_keeps_every_digit_and_no_more() -> None:
    digits = "0.1234567890123456789012345678901234567890"
    assert str(Rate.per_year(digits).annual) == digits[:-1]
    assert str(Rate.per_year("2.00").annual) == "2"
    assert str(Rate.per_year("10").annual) == "10"
    assert str(Rate.per_year("-0.5").annual) == "-0.5"
    # 1/8 needs three digits for its twos, 1/125 three for its fives.
    assert str(Rate.per_year(Fraction(1, 8)).annual) == "0.125"
    assert str(Rate.per_year(Fraction(1, 125)).annual) == "0.008"


@pytest.mark.parametrize("value", [0.24, float("nan"), True, "24%", "0,24", None, ""])
def test_only_exact_numbers_make_a_rate(value: object) -> None:
    makers: list[Callable[..., Rate]] = [
        Rate.per_year,
        Rate.per_month,
        Rate.of_percent,
        lambda number: Rate.per_day(number, year_days=365),
    ]
    for make in makers:
        with pytest.raises(InvalidValueError):
            make(value)


@pytest.mark.parametrize("value", [Decimal("0.24"), 0, 0.24, "0.24"])
def test_the_plain_constructors_take_fractions_only(value: object) -> None:
    for make in (Rate, EffectiveRate, ContinuousRate):
        with pytest.raises(InvalidValueError, match=r"must be a Fraction"):
            make(value)  # type: ignore[arg-type]  # on purpose
    with pytest.raises(InvalidValueError, match=r"use Rate\.per_year"):
        Rate(value)  # type: ignore[arg-type]  # on purpose


@pytest.mark.parametrize("days", [0, 367, 365.0, True])
def test_a_year_has_one_to_366_days(days: int) -> None:
    with pytest.raises(InvalidValueError, match=r"^year_days must be"):
        Rate.per_day("0.001", year_days=days)
    with pytest.raises(InvalidValueError, match=r"^year_days must be"):
        Rate.per_year("0.24").daily(year_days=days)


def test_parts_per_million_are_whole() -> None:
    with pytest.raises(InvalidValueError, match=r"^annual_ppm must be a whole"):
        Rate.of_ppm(0.5)  # type: ignore[arg-type]  # on purpose


# Arithmetic and order


def test_a_discount_is_taken_off_a_base() -> None:
    base, discount = Rate.per_year("0.24"), Rate.per_year("0.015")
    assert base - discount == Rate.per_year("0.225")
    assert discount + base == Rate.per_year("0.255")
    assert discount - base == -Rate.per_year("0.225")


def test_rates_of_one_kind_are_ordered() -> None:
    assert Rate.of_ppm(1) < Rate.of_ppm(2) <= Rate.of_ppm(2)
    assert EffectiveRate(Fraction(1, 3)) > EffectiveRate(Fraction(1, 4))
    assert max(ContinuousRate(Fraction(n)) for n in (1, 2)).annual == 2


def test_rates_of_two_kinds_are_neither_equal_nor_ordered_nor_added() -> None:
    nominal, effective = Rate.per_year("0.12"), EffectiveRate(Fraction(12, 100))
    continuous = ContinuousRate(Fraction(12, 100))
    assert len({nominal, effective, continuous}) == 3
    for operation in (
        lambda: nominal < effective,  # type: ignore[operator]  # on purpose
        lambda: effective < continuous,  # type: ignore[operator]  # on purpose
        lambda: nominal + effective,  # type: ignore[operator]  # on purpose
        lambda: nominal - continuous,  # type: ignore[operator]  # on purpose
        lambda: nominal + Fraction(1),  # type: ignore[operator]  # on purpose
    ):
        with pytest.raises(TypeError):
            operation()


def test_rates_travel_between_processes() -> None:
    for rate in (
        Rate.of_ppm(7),
        EffectiveRate(Fraction(7)),
        ContinuousRate(Fraction()),
    ):
        assert pickle.loads(pickle.dumps(rate)) == rate


# Conversions


@pytest.mark.parametrize(
    ("nominal", "periods", "percent"),
    [
        # Wikipedia, "Effective interest rate", table "Effective annual rate based on
        # frequency of compounding": 1, 5, 10, 15, 20 % at semi-annual, quarterly,
        # monthly and daily compounding.
        ("0.01", 2, "1.002"),
        ("0.01", 4, "1.004"),
        ("0.01", 12, "1.005"),
        ("0.01", 365, "1.005"),
        ("0.05", 2, "5.062"),
        ("0.05", 4, "5.095"),
        ("0.05", 12, "5.116"),
        ("0.05", 365, "5.127"),
        ("0.10", 2, "10.250"),
        ("0.10", 4, "10.381"),
        ("0.10", 12, "10.471"),
        ("0.10", 365, "10.516"),
        ("0.15", 2, "15.563"),
        ("0.15", 4, "15.865"),
        ("0.15", 12, "16.075"),
        ("0.15", 365, "16.180"),
        ("0.20", 2, "21.000"),
        ("0.20", 4, "21.551"),
        ("0.20", 12, "21.939"),
        ("0.20", 365, "22.134"),
    ],
)
def test_effective_rates_are_those_of_the_published_table(
    nominal: str, periods: int, percent: str
) -> None:
    effective = EffectiveRate.of_nominal(
        Rate.per_year(nominal), periods_per_year=periods
    )
    off = abs(effective.annual_fraction * 100 - Fraction(percent))
    assert off <= Fraction(5, 10_000)  # half of the table's last digit


def test_twelve_percent_monthly_is_the_textbooks_figure() -> None:
    # 1.01 ** 12 = 1.126825030..., in every table of compound interest.
    effective = EffectiveRate.of_nominal(Rate.per_year("0.12"), periods_per_year=12)
    assert effective.annual_fraction == Fraction(101, 100) ** 12 - 1
    assert rounded(effective.annual_fraction, 8) == Decimal("0.12682503")


def test_eighteen_percent_monthly_is_the_card_issuers_figure() -> None:
    # 1.5 % a month, the usual credit card example: 19.56 % effective.
    effective = EffectiveRate.of_nominal(Rate.per_month("0.015"), periods_per_year=12)
    assert rounded(effective.annual_fraction, 4) == Decimal("0.1956")


def test_the_force_of_interest_is_the_textbooks_figure() -> None:
    # ln 1.05 = 0.04879016417 and e ** 0.05 = 1.05127109637, as in tables of natural
    # logarithms and exponentials.
    effective = EffectiveRate(Fraction("0.05"))
    force = ContinuousRate.of_effective(effective, digits=11, rounding=NEAREST)
    assert force.annual == Decimal("0.04879016417")
    grown = ContinuousRate(Fraction("0.05")).to_effective(digits=11, rounding=NEAREST)
    assert grown.annual == Decimal("0.05127109638")


@given(
    st.integers(-900_000, 5_000_000).map(Rate.of_ppm),
    st.sampled_from([1, 2, 4, 12, 52, 365]),
    st.sampled_from(Rounding),
)
def test_a_nominal_rate_comes_back_from_its_effective_one(
    nominal: Rate, periods: int, mode: Rounding
) -> None:
    """Exactly, in every mode: an exact result must not be rounded away."""
    effective = EffectiveRate.of_nominal(nominal, periods_per_year=periods)
    back = effective.to_nominal(periods_per_year=periods, digits=6, rounding=mode)
    assert back == nominal


def test_a_tie_of_the_last_digit_follows_the_rounding() -> None:
    # 0.25 and 0.35 to one digit are ties; the root of their growth is exact.
    for text, even, up in (("0.25", "0.2", "0.3"), ("0.35", "0.4", "0.4")):
        nominal = Rate.per_year(text)
        effective = EffectiveRate.of_nominal(nominal, periods_per_year=12)

        def to_one_digit(mode: Rounding, effective: EffectiveRate = effective) -> Rate:
            return effective.to_nominal(periods_per_year=12, digits=1, rounding=mode)

        assert to_one_digit(Rounding.HALF_EVEN) == Rate.per_year(even)
        assert to_one_digit(Rounding.HALF_UP) == Rate.per_year(up)


@given(
    st.fractions(Fraction(-1, 2), 3, max_denominator=1000).map(EffectiveRate),
    st.sampled_from([1, 2, 12]),
    st.integers(1, 20),
)
def test_directed_roundings_enclose_the_true_nominal_rate(
    effective: EffectiveRate, periods: int, digits: int
) -> None:
    low, high, nearest = (
        effective.to_nominal(periods_per_year=periods, digits=digits, rounding=mode)
        for mode in (Rounding.FLOOR, Rounding.CEILING, Rounding.HALF_EVEN)
    )
    step = Fraction(1, 10**digits)
    growth = 1 + effective.annual_fraction
    assert (1 + low.annual_fraction / periods) ** periods <= growth
    assert growth <= (1 + high.annual_fraction / periods) ** periods
    assert high.annual_fraction - low.annual_fraction in (0, step)
    middle = (low.annual_fraction + high.annual_fraction) / 2
    if growth > (1 + middle / periods) ** periods:
        assert nearest == high
    elif growth < (1 + middle / periods) ** periods:
        assert nearest == low


@given(st.fractions(Fraction(-9, 10), 10, max_denominator=1000).map(EffectiveRate))
def test_a_continuous_rate_grows_back_to_its_effective_one(
    effective: EffectiveRate,
) -> None:
    force = ContinuousRate.of_effective(effective, digits=40, rounding=NEAREST)
    back = force.to_effective(digits=30, rounding=NEAREST)
    assert abs(back.annual_fraction - effective.annual_fraction) <= Fraction(1, 10**30)


@given(
    st.integers(0, 3_000_000).map(Rate.of_ppm), st.integers(1, 182), st.integers(2, 2)
)
def test_more_frequent_compounding_never_costs_less(
    nominal: Rate, periods: int, factor: int
) -> None:
    rare = EffectiveRate.of_nominal(nominal, periods_per_year=periods)
    often = EffectiveRate.of_nominal(nominal, periods_per_year=periods * factor)
    assert nominal.annual_fraction <= rare.annual_fraction <= often.annual_fraction


def test_fifty_digits_are_right_whatever_the_context_of_the_caller() -> None:
    # The twelfth root of two, the semitone: OEIS A010774, 1.0594630943592952645...
    # Here as law: the bounds of the last digit enclose the true growth.
    double = EffectiveRate(Fraction(1))
    unit = Fraction(1, 10**50)
    with decimal.localcontext() as context:
        context.prec = 3
        low = double.to_nominal(periods_per_year=12, digits=50, rounding=Rounding.FLOOR)
        force = ContinuousRate.of_effective(double, digits=50, rounding=Rounding.FLOOR)
        back = force.to_effective(digits=49, rounding=NEAREST)
        assert str(low.annual)[:12] == "0.7135571323"  # 12 x 0.05946309436
    assert (1 + low.annual_fraction / 12) ** 12 < 2
    assert (1 + (low.annual_fraction + unit) / 12) ** 12 > 2
    # ln 2, OEIS A002162.
    assert str(force.annual) == ("0.69314718055994530941723212145817656807550013436025")
    assert back == double


def test_a_result_a_hair_below_a_digit_is_not_taken_for_it() -> None:
    """The decimal guess cannot tell them apart; the whole numbers can."""
    hair = EffectiveRate(Fraction(2, 10) - Fraction(1, 10**60))
    found = {
        mode: hair.to_nominal(periods_per_year=1, digits=1, rounding=mode).annual
        for mode in (Rounding.FLOOR, Rounding.CEILING, Rounding.HALF_EVEN)
    }
    assert [str(rate) for rate in found.values()] == ["0.1", "0.2", "0.2"]


def test_the_exact_digits_of_daily_compounding_do_not_flood_a_text() -> None:
    nominal = Rate.per_year("0.1234567891234")
    daily = EffectiveRate.of_nominal(nominal, periods_per_year=365)
    # exp(0.1234567891234) - 1 = 0.1314012..., a little more than daily compounding.
    assert repr(daily).startswith("EffectiveRate(0.1313")
    assert len(repr(daily)) < 60
    with pytest.raises(InvalidValueError, match=r"must have a finite decimal form"):
        _ = daily.annual
    long = EffectiveRate.of_nominal(
        Rate.per_year("0.123456789123456"), periods_per_year=320
    )
    assert Fraction(long.annual) == long.annual_fraction
    huge = EffectiveRate.of_nominal(Rate.per_year(10**6), periods_per_year=366)
    half = huge.to_nominal(periods_per_year=366, digits=1, rounding=NEAREST)
    assert half == Rate.per_year(10**6)


def test_a_continuous_rate_shows_its_fraction() -> None:
    assert repr(ContinuousRate(Fraction("0.05"))) == "ContinuousRate(0.05)"
    assert repr(ContinuousRate(Fraction(-1, 3))) == "ContinuousRate(-1/3)"


def test_a_zero_rate_is_zero_of_every_kind() -> None:
    zero = EffectiveRate.of_nominal(Rate.of_ppm(0), periods_per_year=12)
    assert zero.annual_fraction == 0
    for mode in Rounding:
        force = ContinuousRate.of_effective(zero, digits=5, rounding=mode)
        assert force.annual_fraction == 0
        assert force.to_effective(digits=5, rounding=mode) == zero


@pytest.mark.parametrize("periods", [0, 367, 12.0, True])
def test_a_year_has_one_to_366_periods(periods: int) -> None:
    with pytest.raises(InvalidValueError, match=r"^periods_per_year must be"):
        EffectiveRate.of_nominal(Rate.of_ppm(1), periods_per_year=periods)
    with pytest.raises(InvalidValueError, match=r"^periods_per_year must be"):
        EffectiveRate(Fraction(1)).to_nominal(
            periods_per_year=periods, digits=6, rounding=NEAREST
        )


@pytest.mark.parametrize("digits", [0, 51, 6.0, True])
def test_a_conversion_names_one_to_fifty_digits(digits: int) -> None:
    effective, force = EffectiveRate(Fraction(1)), ContinuousRate(Fraction(1))
    for convert in (
        lambda: effective.to_nominal(
            periods_per_year=12, digits=digits, rounding=NEAREST
        ),
        lambda: ContinuousRate.of_effective(effective, digits=digits, rounding=NEAREST),
        lambda: force.to_effective(digits=digits, rounding=NEAREST),
    ):
        with pytest.raises(InvalidValueError, match=r"^digits must be"):
            convert()


def test_losing_everything_is_no_rate() -> None:
    with pytest.raises(InvalidValueError, match=r"^annual_fraction must be more"):
        EffectiveRate(Fraction(-1))
    with pytest.raises(InvalidValueError, match=r"^nominal must be more than -1 for"):
        EffectiveRate.of_nominal(Rate.per_year(-2), periods_per_year=2)
    almost = EffectiveRate.of_nominal(Rate.per_year("-1.9"), periods_per_year=2)
    assert almost.annual == Decimal("-0.9975")
    with pytest.raises(InvalidValueError, match=r"^annual_fraction must lie within"):
        ContinuousRate(Fraction(101)).to_effective(digits=5, rounding=NEAREST)
    with pytest.raises(InvalidValueError, match=r"^annual_fraction must be more"):
        ContinuousRate(Fraction(-100)).to_effective(digits=5, rounding=NEAREST)
