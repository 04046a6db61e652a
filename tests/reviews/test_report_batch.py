"""The printed report: its counts add up, its figures can be redone by hand."""

from __future__ import annotations

import datetime as dt
import re
from string import Formatter

import attrs
import numpy as np
import pytest

from microcrm_core.adjustments import DUE_DAY_BASIC
from microcrm_core.batch import UNKNOWN
from microcrm_core.customers import Transaction
from microcrm_core.loans import Loan
from microcrm_core.reason_texts import Language
from microcrm_core.reviews import REVIEW_BASIC
from microcrm_core.reviews.batch import Review, review_portfolio
from microcrm_core.reviews.portfolio_batch import Portfolio
from microcrm_core.reviews.report_batch import report_lines
from microcrm_core.reviews.report_texts import REPORT_TEXTS
from microcrm_core.reviews.service import KeptReview, TierMove
from microcrm_core.reviews.table_batch import due_day_outcomes
from microcrm_core.samples import sample_portfolio
from microcrm_core.tiers import Tier
from tests.reviews.review_cases import (
    make_customer,
    make_loan,
    make_movement,
    month_movements,
    on,
    portfolio_of,
)

JUNE = on("2025-06-30")
COUNTED = re.compile(r"^  (\S.*?)\s{2,}([\d,]+)\s+(-|[\d.]+%)$")
BLOCKS = {
    "en": ("Tiers", "Due days", "Quotes"),
    "zh-CN": ("客户层级", "还款日建议", "报价"),
}


@pytest.fixture(scope="module")
def sampled() -> Review:
    return review_portfolio(sample_portfolio(311, seed=6), REVIEW_BASIC, JUNE)


def blocks(lines: list[str]) -> dict[str, list[tuple[str, int, str]]]:
    """Return the counted rows below each heading."""
    found: dict[str, list[tuple[str, int, str]]] = {}
    heading = ""
    for line in lines:
        match = COUNTED.match(line)
        if match:
            name, count, share = match.groups()
            row = (name, int(count.replace(",", "")), share)
            found.setdefault(heading, []).append(row)
        elif line and not line.startswith(" "):
            heading = line
    return found


def kept(*moves: TierMove) -> KeptReview:
    return KeptReview(
        previous_as_of=on("2025-05-31"),
        moves=moves,
        tier_before={move.customer_id: move.before for move in moves},
        gone_count=0,
        changed_count=0,
    )


def parameters(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("code", list(REPORT_TEXTS))
def test_every_text_is_there_in_each_language_with_the_same_parameters(
    code: str,
) -> None:
    texts = REPORT_TEXTS[code]
    assert set(texts) == set(Language)
    assert all(text.strip() == text != "" for text in texts.values())
    assert len({frozenset(parameters(text)) for text in texts.values()}) == 1
    assert len(set(texts.values())) == len(Language)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_the_counts_of_each_block_are_all_customers(
    sampled: Review, language: str
) -> None:
    found = blocks(report_lines(sampled, None, language))
    assert tuple(found) == BLOCKS[language]
    for rows in found.values():
        assert sum(count for _, count, _ in rows) == 311
        for _, count, share in rows:
            # Shares are rounded to a tenth of a percent.
            assert abs(float(share.rstrip("%")) - 100 * count / 311) <= 0.05 + 1e-9


def test_the_counts_are_those_of_the_columns(sampled: Review) -> None:
    found = blocks(report_lines(sampled, None))
    columns = sampled.to_columns()
    tiers = {name.replace(" ", "_"): count for name, count, _ in found["Tiers"]}
    assert tiers == {tier.value: columns["tier"].count(tier.value) for tier in Tier}
    outcomes = due_day_outcomes(sampled)
    days = {name: count for name, count, _ in found["Due days"]}
    for code in set(outcomes):
        assert days[REPORT_TEXTS[code][Language.EN]] == outcomes.count(code)
    quotes = [count for _, count, _ in found["Quotes"]]
    bases, rates = columns["quote_basis"], columns["quote_rate_ppm"]
    pairs = list(zip(bases, [rate is not None for rate in rates], strict=True))
    assert quotes == [
        pairs.count(("request", True)),
        pairs.count(("repeat", True)),
        pairs.count(("request", False)) + pairs.count(("repeat", False)),
        bases.count(None),
    ]


def test_the_rates_are_the_lowest_the_lower_middle_and_the_highest(
    sampled: Review,
) -> None:
    rates = [rate for rate in sampled.to_columns()["quote_rate_ppm"] if rate]
    in_order = sorted(rates)
    low, middle, high = (
        in_order[0],
        in_order[(len(rates) + 1) // 2 - 1],
        in_order[-1],
    )
    line = report_lines(sampled, None)[-1]
    shown = [float(text) for text in re.findall(r"([\d.]+)%", line)]
    assert [round(rate * 10_000) for rate in shown] == [low, middle, high]


def test_of_two_middle_rates_the_lower_is_the_median() -> None:
    review = advised(on("2025-04-30"))
    rates = np.array([300_000, 200_000, UNKNOWN, 250_500, 210_000])
    quoted = attrs.evolve(review, quotes=attrs.evolve(review.quotes, rate_ppm=rates))
    line = report_lines(quoted, None)[-1]
    assert line == "  Rate a year: lowest 20%, median 21%, highest 30%"


def advised(as_of: dt.date) -> Review:
    """Four months of accounts that are full up to the 9th and empty from the 10th."""
    months = [(2025, month) for month in range(1, 5)]
    customers = [make_customer(name) for name in ("a", "b", "c", "d", "e")]
    transactions: list[Transaction] = [
        *month_movements("a", months),
        *month_movements("b", months, without=3),
        *month_movements("c", months),
        make_movement(0, "e", on("2025-01-01"), 1, 1),
    ]
    loans: list[Loan] = [
        # 100.00 on the 12th: short in 4 of 4 months, in none on an early day.
        make_loan("l-a", "a", "2025-01-02", "2025-02-12", annual_ppm=0),
        # As well, but nothing came in March: short then on every day.
        make_loan("l-b", "b", "2025-01-02", "2025-02-12", annual_ppm=0),
        # On the 5th the money is there, so the day stays.
        make_loan("l-c", "c", "2025-01-02", "2025-02-05", annual_ppm=0),
        make_loan("l-d", "d", "2025-01-02", "2025-02-12", annual_ppm=0),
        # One cent on every day: short in 4 of 4 months, and no day is better.
        make_loan("l-e", "e", "2025-01-02", "2025-02-12", annual_ppm=0),
    ]
    # The mean of all months decides, so that one bad month hides nothing.
    policy = attrs.evolve(DUE_DAY_BASIC, quantile_ppm=1_000_000)
    portfolio = portfolio_of((customers, transactions, loans, []))
    return review_portfolio(
        portfolio, attrs.evolve(REVIEW_BASIC, due_day=policy), as_of
    )


def test_the_fall_in_shortfalls_can_be_counted_by_hand() -> None:
    review = advised(on("2025-04-30"))
    columns = review.to_columns()
    assert columns["due_day_outcome"][:4] == [
        "due_day_recommended",
        "due_day_recommended",
        "due_day_keeps",
        "due_day_no_history",
    ]
    # Who stays is not counted, short or not.
    assert columns["due_day"][4] == columns["current_due_day"][4] == 12
    assert columns["due_day_current_shortfall_count"][4] == 4
    # a: 4 of 4 before, 0 after. b: 4 of 4 before, March after. Together 8 and 1 of 8.
    line = next(line for line in report_lines(review, None) if "fell short" in line)
    assert "fell short in 8 of 8 months" in line
    assert "in 1: a fall of 87.5%" in line
    chinese = next(
        line for line in report_lines(review, None, "zh-CN") if "下降" in line
    )
    assert re.findall(r"[\d.]+", chinese) == ["8", "8", "1", "87.5"]


def test_without_advice_there_is_no_sentence_on_shortfalls() -> None:
    # On 28 February only January and February are full.
    review = advised(on("2025-02-28"))
    assert set(review.to_columns()["due_day_outcome"]) == {"due_day_no_history"}
    text = "\n".join(report_lines(review, None))
    assert "fell short" not in text
    assert "下降" not in "\n".join(report_lines(review, None, "zh-CN"))


def test_moves_are_counted_listed_and_cut(sampled: Review) -> None:
    moves = [TierMove(f"c-{n:02d}", Tier.ORDINARY, Tier.RISK) for n in range(11)]  # type: ignore[arg-type]  # ids are texts
    moves.insert(3, TierMove("x", Tier.HIGH_VALUE, Tier.POTENTIAL))  # type: ignore[arg-type]  # ids are texts
    lines = report_lines(sampled, kept(*moves))
    at = lines.index("Tier changes since 2025-05-31: 12 customers")
    # The best tier before comes first; ten customers are shown.
    assert lines[at + 1 : at + 4] == [
        "  high value to potential: 1",
        "  ordinary to risk: 11",
        "    c-00: ordinary → risk",
    ]
    assert lines[at + 6] == "    x: high value → potential"
    assert lines[at + 13] == ("    and 2 more; all are in reviews.csv (tier_before)")
    assert lines[at + 14] == ""


def test_no_moves_an_only_review_and_no_store_are_told_apart(sampled: Review) -> None:
    none = report_lines(sampled, kept())
    assert "Tier changes since 2025-05-31: 0 customers" in none
    first = attrs.evolve(kept(), previous_as_of=None)
    assert any("no earlier review" in line for line in report_lines(sampled, first))
    assert any("--store" in line for line in report_lines(sampled, None))


def test_no_customers_have_no_shares() -> None:
    empty = review_portfolio(Portfolio.from_scalars(customers=[]), REVIEW_BASIC, JUNE)
    lines = report_lines(empty, None)
    assert lines[0] == "Review of 0 customers as of 2025-06-30"
    for rows in blocks(lines).values():
        assert {(count, share) for _, count, share in rows} == {(0, "-")}


def test_an_unknown_language_is_refused(sampled: Review) -> None:
    with pytest.raises(ValueError, match="fr"):
        report_lines(sampled, None, "fr")


def test_chinese_lines_hold_no_english_words(sampled: Review) -> None:
    move = TierMove("1", Tier.ORDINARY, Tier.RISK)  # type: ignore[arg-type]  # an id is text
    text = "\n".join(report_lines(sampled, kept(*[move] * 12), "zh-CN"))
    words = set(re.findall(r"[A-Za-z_.]+[A-Za-z]", text))
    assert words <= {"reviews.csv", "tier_before"}


def test_columns_stand_below_each_other_in_both_languages(sampled: Review) -> None:
    for language in Language:
        lines = [
            line
            for line in report_lines(sampled, None, language)
            if COUNTED.match(line)
        ]
        # A Chinese character takes two places.
        widths = {sum(2 if ord(one) > 0x2E7F else 1 for one in line) for line in lines}
        assert len(widths) == 1
