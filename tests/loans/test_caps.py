"""Caps and reference rates as data: what cannot be true is refused."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import Currency, InvalidValueError, Money, Rate
from microcrm_core.loans.cap_presets import CN_ASSISTED_LENDING, CN_PRIVATE_LENDING
from microcrm_core.loans.caps import (
    AmountLimit,
    CostMeasure,
    DatedRate,
    RateCap,
    ReferenceLimit,
    ReferenceRate,
    ShareLimit,
)
from microcrm_core.loans.rate_measures import RateMeasure
from tests.loans.cap_cases import LPR, limit

POUNDS = AmountLimit(Money.of("15.00", Currency.of("GBP")))


@pytest.mark.parametrize("measure", [*RateMeasure, *CostMeasure])
def test_a_measure_takes_a_limit_of_its_own_kind(
    measure: RateMeasure | CostMeasure,
) -> None:
    share = limit(RateMeasure.EU_APRC, "0.24")
    is_amount = measure in (CostMeasure.DEFAULT_FEES, CostMeasure.PREPAYMENT_CHARGES)
    fitting: list[object] = [POUNDS] if is_amount else [ShareLimit.of("0.24")]
    if isinstance(measure, RateMeasure):
        fitting.append(ReferenceLimit.of(series_id="cn-lpr-1y", multiple=4))
    for one in (POUNDS, ShareLimit.of("0.24"), CN_PRIVATE_LENDING.limit):
        if one in fitting:
            assert attrs.evolve(share, measure=measure, limit=one).limit == one
        else:
            with pytest.raises(InvalidValueError) as caught:
                attrs.evolve(share, measure=measure, limit=one)
            assert caught.value.field == "limit"


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"id": ""}, "id"),
        ({"jurisdiction": None}, "jurisdiction"),
        ({"lender_types": ("",)}, "lender_types"),
        ({"loan_types": "microfinance"}, "loan_types"),
        ({"measure": "eu_aprc"}, "measure"),
        ({"limit": Fraction(24, 100)}, "limit"),
        ({"effective_until": dt.date(2025, 10, 1)}, "effective_until"),
        ({"effective_from": dt.datetime(2025, 10, 1, tzinfo=dt.UTC)}, "effective_from"),
        ({"source": ""}, "source"),
        ({"status": "read"}, "status"),
    ],
)
def test_a_cap_that_says_too_little_or_too_much_is_refused(
    parts: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidValueError) as caught:
        attrs.evolve(CN_ASSISTED_LENDING, **parts)
    assert caught.value.field == field


@pytest.mark.parametrize(
    "make",
    [
        lambda: ShareLimit.of("-0.1"),
        lambda: ShareLimit.of(0.24),  # type: ignore[arg-type]  # refused at run time
        lambda: AmountLimit(Money(-1, Currency.of("GBP"))),
        lambda: ReferenceLimit.of(series_id="a", multiple=-4),
        lambda: ReferenceLimit.of(series_id="", multiple=4),
    ],
)
def test_a_limit_below_nothing_or_of_a_float_is_refused(make: Any) -> None:
    with pytest.raises(InvalidValueError):
        make()


@pytest.mark.parametrize(
    "parts",
    [{"version": "2"}, {"limit": ShareLimit.of("0.36")}, {"loan_types": ()}],
    ids=lambda parts: next(iter(parts)),
)
def test_whatever_changes_changes_the_digest(parts: dict[str, Any]) -> None:
    other: RateCap = attrs.evolve(CN_ASSISTED_LENDING, **parts)
    assert other.ref.digest != CN_ASSISTED_LENDING.ref.digest


# Reference rates


@pytest.mark.parametrize(
    ("on", "percent"),
    [
        # Before the first value nothing is known.
        (dt.date(2024, 10, 20), None),
        (dt.date(2024, 10, 21), "3.1"),
        (dt.date(2025, 5, 19), "3.1"),
        (dt.date(2025, 5, 20), "3"),
        (dt.date(2028, 1, 19), "3"),
        # After the last day for which the values are complete neither.
        (dt.date(2028, 1, 20), None),
    ],
)
def test_a_value_is_in_force_until_the_next(on: dt.date, percent: str | None) -> None:
    value = LPR.value_on(on)
    found = None if value is None else value.rate
    assert found == (None if percent is None else Rate.of_percent(percent))


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"values": LPR.values[::-1]}, "values"),
        ({"values": LPR.values[:1] * 2}, "values"),
        ({"known_until_on": dt.date(2025, 5, 19)}, "known_until_on"),
        ({"id": " lpr"}, "id"),
    ],
)
def test_values_out_of_order_are_refused(parts: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        attrs.evolve(LPR, **parts)
    assert caught.value.field == field


@given(
    days=st.sets(st.integers(0, 1_000), max_size=6),
    on=st.integers(-10, 1_010),
    known=st.integers(0, 1_000),
)
def test_a_value_is_never_of_a_later_day(days: set[int], on: int, known: int) -> None:
    start_on = dt.date(2020, 1, 1)
    rising = sorted(day for day in days if day <= known)
    series = ReferenceRate(
        id="r",
        values=tuple(
            DatedRate(start_on + dt.timedelta(days=day), Rate.of_percent(day))
            for day in rising
        ),
        known_until_on=start_on + dt.timedelta(days=known),
    )
    found = series.value_on(start_on + dt.timedelta(days=on))
    past = [day for day in rising if day <= on]
    if not past or on > known:
        assert found is None
    else:
        assert found is not None
        assert found.rate == Rate.of_percent(past[-1])
