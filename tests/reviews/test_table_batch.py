"""The review as a table: what stands in `reviews.csv`, and that it appears whole."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from microcrm_core import InvalidValueError
from microcrm_core.customers import PROFILE_FACTS
from microcrm_core.reason_texts import Language
from microcrm_core.reviews import REVIEW_BASIC
from microcrm_core.reviews.batch import Review, review_portfolio
from microcrm_core.reviews.service import keep_review
from microcrm_core.reviews.table_batch import (
    NO_LOAN,
    NOT_MONTHLY,
    REVIEW_COLUMNS,
    due_day_outcomes,
    review_columns,
    review_csv_columns,
    write_reviews,
)
from microcrm_core.samples import sample_portfolio
from microcrm_core.storage import MemoryRecordStore
from tests.reviews.review_cases import on, portfolio_of, tied_records

JUNE = on("2025-06-30")


@pytest.fixture(scope="module")
def review() -> Review:
    return review_portfolio(portfolio_of(tied_records()), REVIEW_BASIC, JUNE)


@pytest.fixture(scope="module")
def sampled() -> Review:
    return review_portfolio(sample_portfolio(150, seed=2), REVIEW_BASIC, JUNE)


def read_csv(path: Path) -> tuple[list[str], list[list[str]]]:
    with path.open(encoding="utf-8", newline="") as stream:
        header, *rows = csv.reader(stream)
    return header, rows


def test_columns_are_those_declared_and_end_with_the_facts(review: Review) -> None:
    columns = review_columns(review)
    assert tuple(columns) == REVIEW_COLUMNS
    assert REVIEW_COLUMNS[-len(PROFILE_FACTS) :] == tuple(PROFILE_FACTS)
    assert len(set(REVIEW_COLUMNS)) == len(REVIEW_COLUMNS)
    assert {len(values) for values in columns.values()} == {len(review)}


def test_cells_are_texts_whole_numbers_or_none(sampled: Review) -> None:
    for values in review_columns(sampled).values():
        # Types and not isinstance: a numpy number would reach JSON and frames.
        assert {type(value) for value in values} <= {str, int, type(None)}
        assert len({type(value) for value in values} - {type(None)}) <= 1


def test_a_customer_without_anything_has_empty_cells(review: Review) -> None:
    columns = review_columns(review)
    row = columns["customer_id"].index("nothing")
    cells = {name: values[row] for name, values in columns.items()}
    assert cells["due_day_outcome"] == NO_LOAN
    empty = [name for name in REVIEW_COLUMNS if name.startswith(("quote_", "due_day_"))]
    empty.remove("due_day_outcome")
    for name in (*empty, "due_day", "current_due_day", "tier_rule", "tenure_days"):
        assert cells[name] is None
    assert cells["loan_count"] == 0


def test_an_account_without_a_monthly_loan_has_no_months_of_advice(
    review: Review,
) -> None:
    columns = review_columns(review)
    row = columns["customer_id"].index("weekly")
    # Nine full months are known of the account; no due day was asked for.
    assert columns["months_observed"][row] == 10
    assert columns["due_day_outcome"][row] == NOT_MONTHLY
    assert columns["due_day_months"][row] is None
    assert columns["current_due_day"][row] is None


def test_waterfalls_in_the_table_add_up(sampled: Review) -> None:
    columns = review_columns(sampled)
    names = ("base", "tenure_discount", "streak_discount", "floor_restored", "rate")
    quoted = 0
    for base, tenure, streak, restored, rate in zip(
        *(columns[f"quote_{name}_ppm"] for name in names), strict=True
    ):
        known = {part is None for part in (base, tenure, streak, restored, rate)}
        assert len(known) == 1
        if rate is not None:
            quoted += 1
            assert base - tenure - streak + restored == rate
            assert min(tenure, streak, restored) >= 0
    assert quoted > 20


@pytest.mark.parametrize("language", list(Language))
def test_every_tier_has_the_reason_of_the_scalar_review(
    sampled: Review, language: Language
) -> None:
    columns = review_columns(sampled)
    table = review_csv_columns(columns, sampled, None, language)
    codes = set()
    for customer_id, sentence in zip(
        columns["customer_id"], table["tier_reason"], strict=True
    ):
        tier = sampled.customer(customer_id).tier
        codes.add(tier.reasons[0].code)
        assert sentence == tier.explain(language)[0]
    assert codes == {"tier_matched", "tier_default", "tier_knocked_out"}


def test_two_columns_for_people_stand_beside_what_they_explain(review: Review) -> None:
    columns = review_columns(review)
    table = review_csv_columns(columns, review, None, "en")
    names = list(table)
    assert names[names.index("tier") + 1] == "tier_before"
    assert names[names.index("tier_rule") + 1] == "tier_reason"
    assert [name for name in names if name in columns] == list(columns)
    assert len(names) == len(columns) + 2
    assert set(table["tier_before"]) == {None}


def test_a_language_without_texts_is_refused(review: Review) -> None:
    with pytest.raises(InvalidValueError, match="fr"):
        review_csv_columns(review_columns(review), review, None, "fr")


def test_the_tier_before_comes_from_the_review_before() -> None:
    portfolio = portfolio_of(tied_records())
    store = MemoryRecordStore()
    april = review_portfolio(portfolio, REVIEW_BASIC, on("2025-04-30"))
    keep_review(april, store)
    later = review_portfolio(portfolio, REVIEW_BASIC, on("2025-07-01"))
    kept = keep_review(later, store)
    table = review_csv_columns(review_columns(later), later, kept, "en")
    before = dict(zip(table["customer_id"], table["tier_before"], strict=True))
    # Two customers became known in between.
    assert {name for name, tier in before.items() if tier is None} == {
        "later",
        "today",
    }
    then = april.to_columns()
    for name, tier in zip(then["customer_id"], then["tier"], strict=True):
        assert before[name] == tier


def test_the_file_holds_every_cell(sampled: Review, tmp_path: Path) -> None:
    columns = review_columns(sampled)
    write_reviews(tmp_path / "reviews.csv", columns)
    header, rows = read_csv(tmp_path / "reviews.csv")
    assert tuple(header) == REVIEW_COLUMNS
    for name, cells in zip(header, zip(*rows, strict=True), strict=True):
        assert list(cells) == [
            "" if value is None else str(value) for value in columns[name]
        ]


def test_texts_that_csv_must_quote_come_back(tmp_path: Path) -> None:
    ids = ["a,b", 'a"b', "a;b", "中文", "=1+1", "a  b"]
    write_reviews(tmp_path / "a.csv", {"customer_id": ids, "n": list(range(6))})
    _, rows = read_csv(tmp_path / "a.csv")
    assert [row[0] for row in rows] == ids
    assert b"\r" not in (tmp_path / "a.csv").read_bytes()


def test_no_customers_give_a_header_alone(tmp_path: Path) -> None:
    write_reviews(tmp_path / "a.csv", {"customer_id": [], "tier": []})
    assert (tmp_path / "a.csv").read_bytes() == b"customer_id,tier\n"


def test_a_write_that_fails_leaves_the_older_file(tmp_path: Path) -> None:
    path = tmp_path / "reviews.csv"
    write_reviews(path, {"a": [1, 2]})
    before = path.read_bytes()
    ragged: dict[str, list[Any]] = {"a": list(range(9_000)), "b": [1]}
    with pytest.raises(ValueError, match="shorter"):
        write_reviews(path, ragged)
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["reviews.csv"]


def test_the_outcome_is_that_of_the_advice_or_why_there_is_none(
    sampled: Review,
) -> None:
    outcomes = due_day_outcomes(sampled)
    assert len(set(outcomes)) >= 4
    for row, customer_id in enumerate(review_columns(sampled)["customer_id"]):
        advice = sampled.customer(customer_id).due_day
        assert outcomes[row] == advice.reasons[0].code
