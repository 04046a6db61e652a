"""The printed report of a review: counts, changes, advice, quotes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

import numpy as np

from microcrm_core.adjustments.due_day_batch import DueDayOutcome
from microcrm_core.batch import Int64s
from microcrm_core.loyalty import QuoteBasis
from microcrm_core.reason_texts import Language
from microcrm_core.reviews.batch import Review
from microcrm_core.reviews.report_texts import REPORT_TEXTS
from microcrm_core.reviews.service import KeptReview
from microcrm_core.reviews.table_batch import NO_LOAN, NOT_MONTHLY, due_day_outcomes
from microcrm_core.rounding import Rounding, divide

__all__ = ["report_lines"]

_MOVES_SHOWN: Final = 10
_WIDTH: Final = 42
_PPM: Final = 1_000_000


def report_lines(
    review: Review, kept: KeptReview | None, language: Language | str = Language.EN
) -> list[str]:
    """Return the report of *review* as lines of text.

    Args:
        review: What to report on.
        kept: How it compares with the review before; None: it was not kept.
        language: Of all words.

    Raises:
        ValueError: The language is none of `Language`.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import REVIEW_BASIC
        >>> from microcrm_core.reviews.batch import review_portfolio
        >>> from microcrm_core.samples import sample_portfolio
        >>> from microcrm_core.reviews.report_batch import report_lines
        >>> portfolio = sample_portfolio(customers=20, seed=1)
        >>> review = review_portfolio(portfolio, REVIEW_BASIC, dt.date(2025, 6, 30))
        >>> report_lines(review, None)[0]
        'Review of 20 customers as of 2025-06-30'
    """
    words = _Words(Language(language))
    return [
        words.text("title", customers=f"{len(review):,}", as_of=review.as_of),
        "",
        words.text("tiers"),
        *_counted(
            [
                (words.text(tier.value), count)
                for tier, count in review.tier_counts().items()
            ]
        ),
        "",
        *_moves(kept, words),
        "",
        words.text("due_days"),
        *_due_days(review, words),
        "",
        words.text("quotes"),
        *_quotes(review, words),
    ]


class _Words:
    def __init__(self, language: Language) -> None:
        self._language = language

    def text(self, code: str, **params: object) -> str:
        return REPORT_TEXTS[code][self._language].format_map(params)


def _counted(rows: Sequence[tuple[str, int]]) -> list[str]:
    total = sum(count for _, count in rows)
    return [
        f"  {_padded(name)}{count:>11,}  {_percent(count, total):>7}"
        for name, count in rows
    ]


def _padded(name: str) -> str:
    # Chinese characters take two places on a terminal.
    width = sum(2 if ord(character) > 0x2E7F else 1 for character in name)
    return name + " " * max(_WIDTH - width, 1)


def _percent(part: int, whole: int) -> str:
    if whole == 0:
        return "-"
    tenths = divide(part * 1000, whole, Rounding.HALF_EVEN)
    return f"{tenths // 10}.{tenths % 10}%"


def _moves(kept: KeptReview | None, words: _Words) -> list[str]:
    if kept is None:
        return [words.text("moves_no_store")]
    if kept.previous_as_of is None:
        return [words.text("moves_none_before")]
    lines = [
        words.text("moves", previous=kept.previous_as_of, count=f"{len(kept.moves):,}")
    ]
    ranks = sorted(
        kept.move_counts().items(), key=lambda item: [tier.rank for tier in item[0]]
    )
    for (before, after), count in ranks:
        tiers = {"before": words.text(before), "after": words.text(after)}
        lines.append("  " + words.text("move", **tiers, count=f"{count:,}"))
    for move in kept.moves[:_MOVES_SHOWN]:
        names = f"{words.text(move.before)} → {words.text(move.after)}"
        lines.append(f"    {move.customer_id}: {names}")
    rest = len(kept.moves) - _MOVES_SHOWN
    if rest > 0:
        lines.append("    " + words.text("move_more", count=f"{rest:,}"))
    return lines


def _due_days(review: Review, words: _Words) -> list[str]:
    counts = Counter(due_day_outcomes(review))
    codes = [*(outcome.value for outcome in DueDayOutcome), NO_LOAN, NOT_MONTHLY]
    lines = _counted([(words.text(code), counts[code]) for code in codes])
    advice = review.due_days
    outcomes = [outcome.value for outcome in DueDayOutcome]
    moved = advice.outcome_index == outcomes.index(DueDayOutcome.RECOMMENDED)
    # A loan that has no current day yet has nothing to compare with.
    moved &= advice.current_shortfall_count >= 0
    if not moved.any():
        return lines
    before = int(advice.current_shortfall_count[moved].sum())
    after = int(advice.held_out_shortfall_count[moved].sum())
    months = int(advice.months[moved].sum())
    sentence = words.text(
        "shortfalls",
        before=f"{before:,}",
        after=f"{after:,}",
        months=f"{months:,}",
        fall=_percent(before - after, before),
    )
    return [*lines, f"  {sentence}"]


def _quotes(review: Review, words: _Words) -> list[str]:
    quotes = review.quotes
    bases = list(QuoteBasis)
    has_quote = quotes.has_quote

    def of_basis(basis: QuoteBasis) -> int:
        return int((has_quote & (quotes.basis_index == bases.index(basis))).sum())

    rows = [
        (words.text("quote_request"), of_basis(QuoteBasis.REQUEST)),
        (words.text("quote_repeat"), of_basis(QuoteBasis.REPEAT)),
        (
            words.text("quote_refused"),
            int(((quotes.basis_index >= 0) & ~has_quote).sum()),
        ),
        (words.text("quote_none"), int((quotes.basis_index < 0).sum())),
    ]
    lines = _counted(rows)
    if has_quote.any():
        sentence = words.text("rates", **_rate_range(quotes.rate_ppm[has_quote]))
        lines.append(f"  {sentence}")
    return lines


def _rate_range(rate_ppm: Int64s) -> dict[str, Any]:
    in_order = np.sort(rate_ppm)
    # The lower of the two middle ones: a rate that somebody was quoted.
    middle = in_order[(in_order.size - 1) // 2]
    return {
        "low": _rate(int(in_order[0])),
        "median": _rate(int(middle)),
        "high": _rate(int(in_order[-1])),
    }


def _rate(ppm: int) -> str:
    return f"{(Decimal(ppm) * 100 / _PPM).normalize():f}%"
