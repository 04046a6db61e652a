"""The checkers of rates accept what holds, in every form, and nothing else.

The small cases follow from the rules of Appendix J and of Annex I by hand.
"""

from __future__ import annotations

import pytest

from tests.golden import eu_aprc, regz_apr
from tests.golden.outcomes import PASSED, Checker, Failed, Outcome, Unsupported
from tests.golden.runner import run_case


def checked(
    checker: Checker, kind: str, inputs: dict[str, object], expected: dict[str, object]
) -> Outcome:
    case: dict[str, object] = {"kind": kind, "inputs": inputs, "expected": expected}
    return run_case(case, {}, checker)


def refused(outcome: Outcome) -> str:
    assert isinstance(outcome, Failed)
    return outcome.detail


def line(amount: str, count: int, first: str, every: tuple[int, str] | None) -> object:
    payments: dict[str, object] = {
        "amount": amount,
        "count": count,
        "first_date": first,
    }
    if every is not None:
        payments["every"] = {"unit": every[1], "n": every[0]}
    return payments


# 1000.00 grows by 5 % each half year; interest each half year, principal at the end.
HALF_YEARS: dict[str, object] = {
    "advances": [{"amount": "1000.00", "date": "2025-01-30"}],
    "payments": [
        line("50.00", 3, "2025-07-30", (6, "month")),
        line("1050.00", 1, "2027-01-30", None),
    ],
    "unit_period": {"unit": "month", "n": 6},
    "unit_periods_per_year": "2",
}
TEN: dict[str, object] = {
    "apr_percent": "10.00",
    "decimals": 2,
    "apr_percent_unrounded": "10.000000",
    "payment_time_factors": [{"t": 1, "f": "0/180"}, {"t": 4, "f": "0/1"}],
}


def test_a_rate_that_holds_has_passed() -> None:
    assert checked(regz_apr.check, "apr", HALF_YEARS, TEN) == PASSED


@pytest.mark.parametrize(
    "wrong",
    [
        {"apr_percent": "10.01"},
        {"apr_percent_unrounded": "10.000001"},
        {"payment_time_factors": [{"t": 1, "f": "1/180"}, {"t": 4, "f": "0/1"}]},
        {"payment_time_factors": [{"t": 1, "f": "0/180"}]},
        {"advance_time_factors": [{"t": 1, "f": "0/180"}]},
    ],
)
def test_every_part_of_a_rate_is_compared(wrong: dict[str, object]) -> None:
    found = refused(checked(regz_apr.check, "apr", HALF_YEARS, TEN | wrong))
    assert next(iter(wrong)) in found


@pytest.mark.parametrize(
    ("advanced", "paid", "per_year", "percent"),
    [
        # 365 days for one advance and one payment are 12 whole months: one year.
        ("2025-03-31", "2026-03-31", "1", "12.00"),
        # Three whole months, by months and by the days that are allowed instead.
        ("2025-01-15", "2025-04-15", "4", "48.00"),
        ("2025-01-15", "2025-04-15", "73/18", "48.67"),
        # Ten days.
        ("2025-01-15", "2025-01-25", "73/2", "438.00"),
    ],
)
def test_a_term_is_one_unit_period(
    advanced: str, paid: str, per_year: str, percent: str
) -> None:
    inputs: dict[str, object] = {
        "advances": [{"amount": "1000.00", "date": advanced}],
        "payments": [line("1120.00", 1, paid, None)],
        "unit_period": {"unit": "term"},
        "unit_periods_per_year": per_year,
    }
    expected = TEN | {
        "apr_percent": percent,
        "apr_percent_unrounded": {"48.67": "48.666667"}.get(percent, f"{percent}0000"),
        "payment_time_factors": [{"t": 1, "f": "0/1"}],
    }
    assert checked(regz_apr.check, "apr", inputs, expected) == PASSED


@pytest.mark.parametrize(
    ("intervals", "chosen"),
    [
        ([("month", 18, 1)], {"unit": "year", "n": 1}),
        ([("day", 400, 1)], {"unit": "year", "n": 1}),
        ([("month", 12, 1)], {"unit": "term", "months": 12, "per_year": "1"}),
        ([("month", 12, 1)], {"unit": "year", "n": 1}),
        ([("day", 255, 1)], {"unit": "term", "days": 255, "per_year": "73/51"}),
        ([("month", 1, 3), ("month", 14, 1)], {"unit": "month", "n": 1}),
    ],
)
def test_an_interval_of_more_than_a_year_counts_as_a_year(
    intervals: list[tuple[str, int, int]], chosen: dict[str, object]
) -> None:
    given = [{"unit": unit, "n": n, "count": times} for unit, n, times in intervals]
    outcome = checked(
        regz_apr.check,
        "choose_unit_period",
        {"intervals": given},
        {"unit_period": chosen},
    )
    assert outcome == PASSED


def test_another_unit_period_is_refused() -> None:
    outcome = checked(
        regz_apr.check,
        "choose_unit_period",
        {"intervals": [{"unit": "month", "n": 6, "count": 1}]},
        {"unit_period": {"unit": "term", "months": 5}},
    )
    assert refused(outcome) == "months expected 5, found 6"


def test_a_fraction_of_a_unit_period_is_compared_by_its_value() -> None:
    inputs: dict[str, object] = {
        "from": "2025-01-10",
        "to": "2026-01-10",
        "unit_period": {"unit": "year", "n": 1},
    }
    for fraction in ("0/12", "0/365"):
        expected: dict[str, object] = {"full": 1, "fraction": fraction}
        outcome = checked(regz_apr.check, "unit_period", inputs, expected)
        assert outcome == PASSED
    expected = {"full": 1, "fraction": "1/365"}
    outcome = checked(regz_apr.check, "unit_period", inputs, expected)
    assert refused(outcome) == "fraction expected 1/365, found 0"


# 1 % a month is 12 % as a nominal rate and 12.6825 % as an effective one.
MONTHS: dict[str, object] = {
    "flows": [
        {"amount": "1000", "t_years": "0"},
        {"amount": "-10", "t_years": "1/12"},
        {"amount": "-1010.00", "t_years": "1/6"},
    ],
    "year_basis": "12 equal months",
}


@pytest.mark.parametrize(
    ("more", "shown", "unrounded"),
    [
        ({"measure": "effective_annual"}, "12.7", "12.682503"),
        (
            {"measure": "nominal_from_periodic", "periods_per_year": 12},
            "12.0",
            "12.000000",
        ),
    ],
)
def test_both_measures_of_the_european_cases_are_solved(
    more: dict[str, object], shown: str, unrounded: str
) -> None:
    expected: dict[str, object] = {
        "aprc_percent": shown,
        "decimals": 1,
        "aprc_percent_unrounded": unrounded,
    }
    assert checked(eu_aprc.check, "aprc", MONTHS | more, expected) == PASSED
    wrong = expected | {"aprc_percent_unrounded": "12.682504"}
    assert "expected 12.682504" in refused(
        checked(eu_aprc.check, "aprc", MONTHS | more, wrong)
    )


OVERDRAFT: dict[str, object] = {"product": "overdraft", "duration_known": False}
STAGES: dict[str, object] = {
    "rate_year_1_percent": "5",
    "reference_rate_percent": "1.5",
    "margin_later_percent": "2",
}


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        (OVERDRAFT, {"assumed_months": 3, "drawn": "full amount, whole duration"}),
        ({"product": "credit card"}, {"assumed_months": 12}),
        ({"open_end": False} | STAGES, {"rates_percent": ["5", "3.5"]}),
        ({"open_end": True} | STAGES, {"assumed_rate_percent": "5"}),
    ],
)
def test_assumptions_are_compared(
    inputs: dict[str, object], expected: dict[str, object]
) -> None:
    assert checked(eu_aprc.check, "assumption", inputs, expected) == PASSED
    name = next(iter(expected))
    wrong = {"assumed_months": 4, "assumed_rate_percent": "3.5", "rates_percent": []}
    outcome = checked(
        eu_aprc.check, "assumption", inputs, expected | {name: wrong[name]}
    )
    assert refused(outcome).startswith(f"{name} expected")


def test_an_assumption_of_another_kind_is_named() -> None:
    for inputs, expected, feature in (
        ({"rule": "first of the month"}, {}, "an assumption whose input is prose"),
        (OVERDRAFT, {"fees": "none"}, "assumption of fees"),
        (
            {"product": "credit card"},
            {"drawn": "at once"},
            "what is drawn of other than an overdraft",
        ),
    ):
        outcome = checked(eu_aprc.check, "assumption", {**inputs}, {**expected})
        assert outcome == Unsupported(feature)


def test_what_is_no_case_of_these_families_is_named() -> None:
    for checker in (regz_apr.check, eu_aprc.check):
        assert checked(checker, "barometer", {}, {}) == Unsupported("kind barometer")
    other = MONTHS | {"measure": "discount"}
    expected: dict[str, object] = {"decimals": 1}
    assert checked(eu_aprc.check, "aprc", other, expected) == Unsupported(
        "measure discount"
    )
