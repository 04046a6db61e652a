"""The review as one table: a row a customer, in whole numbers and texts.

The same columns are written to `reviews.csv`, kept in a store and given as a frame.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from microcrm_core.adjustments import DueDayConfidence
from microcrm_core.adjustments.due_day_batch import DueDayOutcome
from microcrm_core.batch import UNKNOWN, Int64s
from microcrm_core.customers import PROFILE_FACTS, CustomerKind
from microcrm_core.decisions import Reason, render
from microcrm_core.ids import CustomerId
from microcrm_core.loyalty import QuoteBasis
from microcrm_core.reason_texts import Language
from microcrm_core.reviews.whole_files import whole_file
from microcrm_core.tiers import Tier

if TYPE_CHECKING:
    from microcrm_core.reviews.batch import Review
    from microcrm_core.reviews.service import KeptReview

__all__ = [
    "NOT_MONTHLY",
    "NO_LOAN",
    "REVIEW_COLUMNS",
    "due_day_outcomes",
    "review_columns",
    "review_csv_columns",
    "write_reviews",
]  # fmt: skip

NO_LOAN: Final = "due_day_no_loan"
NOT_MONTHLY: Final = "due_day_not_monthly"

_DUE_DAY_NUMBERS: Final = (
    "due_day",
    "current_due_day",
    "months",
    "current_shortfall_count",
    "held_out_shortfall_count",
    "expected_shortfall_change_ppm",
)
_QUOTE_NUMBERS: Final = (
    "base_ppm",
    "tenure_discount_ppm",
    "streak_discount_ppm",
    "floor_restored_ppm",
    "rate_ppm",
)
REVIEW_COLUMNS: Final[tuple[str, ...]] = (
    "customer_id",
    "as_of",
    "currency",
    "tier",
    "tier_rule",
    "due_day_outcome",
    "due_day",
    "current_due_day",
    "due_day_months",
    "due_day_current_shortfall_count",
    "due_day_held_out_shortfall_count",
    "due_day_expected_shortfall_change_ppm",
    "due_day_confidence",
    "quote_basis",
    "quote_loan_id",
    "quote_principal_minor",
    "quote_installment_count",
    "quote_frequency",
    *(f"quote_{name}" for name in _QUOTE_NUMBERS),
    *PROFILE_FACTS,
)
"""The columns, in order; every number is whole and its name ends in the unit."""

_OUTCOMES: Final = tuple(one.value for one in DueDayOutcome)


def review_columns(review: Review) -> dict[str, list[Any]]:
    """Return the review as lists by column name; None where a value is not known.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import REVIEW_BASIC
        >>> from microcrm_core.reviews.batch import review_portfolio
        >>> from microcrm_core.samples import sample_portfolio
        >>> from microcrm_core.reviews.table_batch import REVIEW_COLUMNS, review_columns
        >>> portfolio = sample_portfolio(customers=5, seed=1)
        >>> review = review_portfolio(portfolio, REVIEW_BASIC, dt.date(2025, 6, 30))
        >>> tuple(review_columns(review)) == REVIEW_COLUMNS
        True
    """
    customers = review.portfolio.customers
    count = len(review)
    columns: dict[str, list[Any]] = {
        "customer_id": _texts(customers.ids),
        "as_of": [review.as_of.isoformat()] * count,
        "currency": _chosen(
            [one.code for one in customers.currencies], customers.currency_index
        ),
        "tier": _chosen([tier.value for tier in Tier], review.tiers.tier_index),
        "tier_rule": _chosen(
            [rule.id for rule in review.policies.tiers.rules], review.tiers.rule_index
        ),
        "due_day_outcome": due_day_outcomes(review),
    }
    # The months of an account are known without a loan too; then nothing is advised.
    is_advised = review.due_days.outcome_index >= 0
    for name in _DUE_DAY_NUMBERS:
        key = name if name.endswith("due_day") else f"due_day_{name}"
        values = getattr(review.due_days, name)
        columns[key] = _numbers(np.where(is_advised, values, UNKNOWN))
    levels = [level.value for level in DueDayConfidence]
    columns["due_day_confidence"] = _chosen(levels, review.due_days.confidence_index)
    columns |= _quote_columns(review)
    kinds = [kind.value for kind in CustomerKind]
    for name, values in review.profiles.facts.items():
        columns[name] = (
            _chosen(kinds, np.where(values == UNKNOWN, -1, values))
            if name == "customer_kind"
            else _numbers(values)
        )
    return columns


def review_csv_columns(
    columns: Mapping[str, list[Any]],
    review: Review,
    kept: KeptReview | None,
    language: Language | str,
) -> dict[str, list[Any]]:
    """Return the columns of `reviews.csv`: those of the review, and two for people.

    `tier_before` is the tier in the review before, empty where that is not known;
    `tier_reason` is the reason of the tier as a sentence.

    Args:
        columns: What `review_columns` gave.
        review: The review that they belong to.
        kept: How it compares with the review before; None: it was not kept.
        language: Of the sentences.

    Raises:
        InvalidValueError: The language has no texts.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import REVIEW_BASIC
        >>> from microcrm_core.reviews.batch import review_portfolio
        >>> from microcrm_core.reviews.table_batch import review_csv_columns
        >>> from microcrm_core.samples import sample_portfolio
        >>> portfolio = sample_portfolio(customers=5, seed=1)
        >>> review = review_portfolio(portfolio, REVIEW_BASIC, dt.date(2025, 6, 30))
        >>> table = review_csv_columns(review.to_columns(), review, None, "en")
        >>> table["tier_before"]
        [None, None, None, None, None]
    """
    before: Mapping[CustomerId, Tier] = {} if kept is None else kept.tier_before
    rules = {rule.id: rule for rule in review.policies.tiers.rules}
    sentences: dict[tuple[str, str | None], str] = {}
    for tier, rule_id in set(zip(columns["tier"], columns["tier_rule"], strict=True)):
        params = {"tier": tier}
        code = "tier_default"
        if rule_id is not None:
            is_knock_out = rules[rule_id].is_knock_out
            code = "tier_knocked_out" if is_knock_out else "tier_matched"
            params["rule"] = rule_id
        sentences[tier, rule_id] = render(Reason(code, params), language)
    table: dict[str, list[Any]] = {}
    for name, values in columns.items():
        table[name] = values
        if name == "tier":
            table["tier_before"] = [before.get(one) for one in columns["customer_id"]]
        if name == "tier_rule":
            pairs = zip(columns["tier"], values, strict=True)
            table["tier_reason"] = [sentences[pair] for pair in pairs]
    return table


def due_day_outcomes(review: Review) -> list[Any]:
    """Return the first reason code of every customer's due-day advice.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import REVIEW_BASIC
        >>> from microcrm_core.reviews.batch import review_portfolio
        >>> from microcrm_core.reviews.portfolio_batch import Portfolio
        >>> from microcrm_core.reviews.table_batch import due_day_outcomes
        >>> nobody = Portfolio.from_scalars(customers=[])
        >>> review = review_portfolio(nobody, REVIEW_BASIC, dt.date(2025, 6, 30))
        >>> due_day_outcomes(review)
        []
    """
    outcome = review.due_days.outcome_index.astype(np.int64)
    without = np.where(review.quotes.loan_index >= 0, 1, 0)
    return _chosen(
        [*_OUTCOMES, NO_LOAN, NOT_MONTHLY],
        np.where(outcome >= 0, outcome, len(_OUTCOMES) + without),
    )


def write_reviews(
    path: str | os.PathLike[str],
    columns: Mapping[str, Sequence[object]],
    *,
    before: Callable[[], None] | None = None,
) -> None:
    """Write columns of one length as CSV; the file appears whole or not at all.

    What is not known is an empty field.

    Args:
        path: The file; an older one is replaced.
        columns: By name, in order.
        before: Called when all is written and the file is about to appear; if it
            raises, the old file stays.

    Raises:
        OSError: The file cannot be written.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from microcrm_core.reviews.table_batch import write_reviews
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "reviews.csv")
        ...     write_reviews(path, {"customer_id": ["c-1"], "due_day": [None]})
        ...     path.read_text().splitlines()
        ['customer_id,due_day', 'c-1,']
    """
    with whole_file(path) as binary:
        stream = io.TextIOWrapper(binary, encoding="utf-8", newline="")
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
        stream.detach()
        if before is not None:
            before()


def _quote_columns(review: Review) -> dict[str, list[Any]]:
    loans, quotes = review.portfolio.loans, review.quotes
    has_loan = quotes.loan_index >= 0
    row = np.where(has_loan, quotes.loan_index, 0)

    def of_loan(values: npt.NDArray[np.generic]) -> Any:
        return values[row] if values.size else np.zeros(row.size, values.dtype)

    frequency = np.where(has_loan, of_loan(loans.frequency_index), -1)
    columns: dict[str, list[Any]] = {
        "quote_basis": _chosen([one.value for one in QuoteBasis], quotes.basis_index),
        "quote_loan_id": _texts(np.where(has_loan, of_loan(loans.ids), b"")),
        "quote_principal_minor": _numbers(
            np.where(has_loan, of_loan(loans.principal_minor), UNKNOWN)
        ),
        "quote_installment_count": _numbers(
            np.where(has_loan, of_loan(loans.installment_count), UNKNOWN)
        ),
        "quote_frequency": _chosen([str(one) for one in loans.frequencies], frequency),
    }
    for name in _QUOTE_NUMBERS:
        columns[f"quote_{name}"] = _numbers(getattr(quotes, name))
    return columns


def _texts(ids: npt.NDArray[np.bytes_]) -> list[Any]:
    return [one.decode() or None for one in ids.tolist()]


def _chosen(choices: Sequence[str], index: npt.NDArray[np.integer[Any]]) -> list[Any]:
    # The last entry answers -1, which stands for none.
    table = np.array([*choices, None], dtype=object)
    return list(table[index])


def _numbers(values: Int64s) -> list[Any]:
    known = values.tolist()
    return [None if value == UNKNOWN else value for value in known]
