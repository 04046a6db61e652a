from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from microcrm_core.adjustments import DUE_DAY_BASIC, BalanceMonth
from tests.studies.berka import BerkaLoan
from tests.studies.due_day import Case, closed_share, patterns_of, rules_of

LOAN = BerkaLoan(
    id="1",
    account_id="1",
    granted_on=dt.date(1995, 1, 1),
    amount_minor=1_000,
    duration_months=12,
    payment_minor=100,
    status="A",
)


def case(*, rich_day: int) -> Case:
    """Return a loan with money on one day, in the past and the future."""
    minor = tuple(900 if day == rich_day else 0 for day in range(1, 31))
    shortfalls = np.array([float(day != rich_day) for day in range(1, 29)])
    return Case(
        loan=LOAN,
        past=(BalanceMonth(1994, 4, minor),) * 3,
        needed_minor=100,
        shortfalls=shortfalls,
    )


def test_the_share_closed_is_of_the_gap_from_the_fixed_day_to_hindsight() -> None:
    rules = {
        "day 12": np.array([0.5, 0.7]),
        "rule": np.array([0.3, 0.3]),
        "hindsight": np.array([0.2, 0.2]),
    }

    assert closed_share(rules, "rule") == pytest.approx(0.75)


def test_a_rule_is_judged_on_the_day_that_it_picks() -> None:
    cases = [case(rich_day=3), case(rich_day=12)] * 5

    rules = rules_of(cases)

    assert rules["day 12"].tolist() == [1.0, 0.0] * 5
    assert rules["basic"].tolist() == [0.0] * 10
    assert cases[0].picked(DUE_DAY_BASIC) == rules["hindsight"][0]


def test_no_loan_is_in_its_own_pattern() -> None:
    cases = [case(rich_day=day) for day in range(1, 11)]

    found = patterns_of(cases)

    assert [p.position_ppm(day) for day, p in enumerate(found, start=1)] == [0] * 10
