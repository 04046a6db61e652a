"""Loans that no schedule fits are set apart with their place; the rest stays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from microcrm_core import InvalidValueError
from microcrm_core.dates import DayCount
from microcrm_core.loans import STRICT
from microcrm_core.loans.batch import has_schedules
from microcrm_core.reviews import REVIEW_BASIC
from microcrm_core.reviews.batch import review_portfolio
from microcrm_core.reviews.files_batch import PortfolioReading, read_portfolio
from microcrm_core.reviews.rejections import RejectedRow
from microcrm_core.reviews.schedulable_batch import without_unschedulable
from tests.reviews.folders import GOOD, write_folder
from tests.reviews.review_cases import on, with_conventions

NEVER_PAID = "l-{0},c-1,EUR,1200,4,600,monthly,2024-02-15,2024-01-10,2024-01-15,,\n"
"""Fifty years at 400 %: what repays it on average is below the interest of 31 days."""

LOANS = GOOD["loans"].splitlines(keepends=True)
REPAYMENTS = GOOD["repayments"].splitlines(keepends=True)


def reading_of(
    tmp_path: Path, loans: list[str], repayments: list[str]
) -> PortfolioReading:
    tables = {"loans": "".join(loans), "repayments": "".join(repayments)}
    return read_portfolio(write_folder(tmp_path, {**GOOD, **tables}))


def shown(rejected: tuple[RejectedRow, ...]) -> list[tuple[str, int, str | None, str]]:
    return [(row.file, row.line, row.column, row.code) for row in rejected]


def test_a_reading_without_such_loans_is_the_same(tmp_path: Path) -> None:
    reading = read_portfolio(write_folder(tmp_path, GOOD))
    assert without_unschedulable(reading, STRICT) is reading


def test_such_loans_and_their_repayments_are_listed_and_the_rest_is_as_before(
    tmp_path: Path,
) -> None:
    loans = [LOANS[0], NEVER_PAID.format(8), *LOANS[1:3], NEVER_PAID.format(9)]
    loans += LOANS[3:]
    repayments = [
        REPAYMENTS[0],
        REPAYMENTS[3],
        "r-7,l-9,2024-02-15,1,EUR,\n",
        *REPAYMENTS[1:3],
        "r-8,l-8,2024-02-16,1,EUR,\n",
        "r-9,l-1,2024-02-17,oops,EUR,\n",
    ]
    reading = reading_of(tmp_path / "bad", loans, repayments)
    assert has_schedules(reading.portfolio.loans, STRICT).tolist() == [
        False,
        True,
        True,
        False,
        True,
        True,
    ]
    found = without_unschedulable(reading, STRICT)
    # In the order of the tables, then of the lines, with what the reader rejected.
    assert shown(found.rejected) == [
        ("loans.csv", 2, "annual_rate", "loan_no_schedule"),
        ("loans.csv", 5, "annual_rate", "loan_no_schedule"),
        ("repayments.csv", 3, "loan_id", "loan_rejected"),
        ("repayments.csv", 6, "loan_id", "loan_rejected"),
        ("repayments.csv", 7, "amount", "amount_form"),
    ]
    assert "strict" in found.rejected[0].text()
    assert found.rejected[2].text() == "loan l-9 was rejected, see loans.csv line 5"
    assert found.rejected[3].text() == "loan l-8 was rejected, see loans.csv line 2"
    without = reading_of(
        tmp_path / "good", LOANS, [REPAYMENTS[0], REPAYMENTS[3], *REPAYMENTS[1:3]]
    )
    assert found.portfolio.equals(without.portfolio)
    assert found.lines["loans"].tolist() == [3, 4, 6, 7]
    assert found.lines["repayments"].tolist() == [2, 4, 5]
    assert found.names == reading.names
    review = review_portfolio(found.portfolio, REVIEW_BASIC, on("2024-07-01"))
    assert len(review) == 3
    # Nothing is left to set apart.
    assert without_unschedulable(found, STRICT) is found


def test_every_loan_may_be_set_apart(tmp_path: Path) -> None:
    loans = [LOANS[0], NEVER_PAID.format(8), NEVER_PAID.format(9)]
    repayments = [REPAYMENTS[0], "r-7,l-9,2024-02-15,1,EUR,\n"]
    reading = reading_of(tmp_path, loans, repayments)
    found = without_unschedulable(reading, STRICT)
    assert len(found.portfolio.loans) == len(found.portfolio.repayments) == 0
    assert [row.line for row in found.rejected] == [2, 3, 2]
    review = review_portfolio(found.portfolio, REVIEW_BASIC, on("2024-07-01"))
    assert np.all(review.profiles.facts["loan_count"] == 0)


def test_whether_a_loan_has_a_schedule_is_up_to_the_conventions(
    tmp_path: Path,
) -> None:
    reading = reading_of(tmp_path, [LOANS[0], NEVER_PAID.format(8)], REPAYMENTS[:1])
    # Where every month has 30 days, one installment covers each month's interest.
    equal = with_conventions(day_count=DayCount.THIRTY_E_360).profile.conventions
    assert without_unschedulable(reading, equal) is reading
    actual = with_conventions(day_count=DayCount.ACT_360).profile.conventions
    found = without_unschedulable(reading, actual)
    assert shown(found.rejected) == [
        ("loans.csv", 2, "annual_rate", "loan_no_schedule")
    ]
    assert "of-the-test" in found.rejected[0].text("zh-CN")


def test_conventions_that_columns_lack_are_refused(tmp_path: Path) -> None:
    reading = read_portfolio(write_folder(tmp_path, GOOD))
    rules = with_conventions(day_count=DayCount.ACT_ACT_AFB).profile.conventions
    with pytest.raises(InvalidValueError):
        without_unschedulable(reading, rules)
