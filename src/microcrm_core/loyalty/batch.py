"""Prices for many customers at once: the twin of `pricing.price_loan`.

Example:
    >>> import numpy as np
    >>> from microcrm_core.loyalty import LOYALTY_BASIC
    >>> from microcrm_core.loyalty.batch import BasisColumns, price_loans
    >>> from microcrm_core.tiers import Tier
    >>> quotes = price_loans(
    ...     LOYALTY_BASIC,
    ...     {"tenure_days": np.array([400]), "on_time_streak": np.array([6])},
    ...     BasisColumns(np.array([-1]), np.array([0])),
    ...     np.array([Tier.ORDINARY.rank]),
    ... )
    >>> quotes.rate_ppm.tolist()
    [275000]
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs
import numpy as np
import numpy.typing as npt

from microcrm_core.batch import UNKNOWN, Bools, Int64s, require_rows
from microcrm_core.errors import InvalidValueError
from microcrm_core.loyalty.policy import PriceStep, PricingPolicy
from microcrm_core.loyalty.pricing import QuoteBasis
from microcrm_core.tiers import Tier

__all__ = ["BasisColumns", "QuoteColumns", "price_loans"]

_REQUEST: Final = tuple(QuoteBasis).index(QuoteBasis.REQUEST)
_REPEAT: Final = tuple(QuoteBasis).index(QuoteBasis.REPEAT)


@attrs.frozen(eq=False)
class BasisColumns:
    """What to price, one row a customer; twin of `PricingBasis`.

    Attributes:
        request_loan_index: Position of the loan that is asked for; below zero: none.
        last_loan_index: Position of the last loan disbursed; below zero: none.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.loyalty.batch import BasisColumns
        >>> basis = BasisColumns(np.array([-1, 3]), np.array([0, 1]))
        >>> basis.loan_index.tolist(), basis.basis_index.tolist()
        ([0, 3], [1, 0])
    """

    request_loan_index: npt.NDArray[np.integer]
    last_loan_index: npt.NDArray[np.integer]

    @property
    def loan_index(self) -> Int64s:
        """Position of the loan to price; -1: none."""
        is_request = self.request_loan_index >= 0
        chosen = np.where(is_request, self.request_loan_index, self.last_loan_index)
        return np.maximum(chosen, -1).astype(np.int64)

    @property
    def basis_index(self) -> Int64s:
        """Position in `tuple(QuoteBasis)`; -1: there is no loan to price."""
        basis = np.where(self.request_loan_index >= 0, _REQUEST, _REPEAT)
        return np.where(self.loan_index >= 0, basis, -1).astype(np.int64)


@attrs.frozen(kw_only=True, eq=False)
class QuoteColumns:
    """Quotes, one row a customer; twin of `Quote`.

    Where there is no quote, the rates are `UNKNOWN`: because `basis_index` is -1 (no
    loan to go by), or else because the policy refuses the tier.

    Attributes:
        basis_index: Position in `tuple(QuoteBasis)`; -1: no loan to go by.
        loan_index: Position of the loan that is asked for or repeated; -1: none.
        base_ppm: Rate of the tier, a year.
        tenure_discount_ppm: What tenure takes off; not below zero.
        streak_discount_ppm: What the streak takes off; not below zero.
        floor_restored_ppm: What the floor gives back; not below zero.
        rate_ppm: base - tenure discount - streak discount + restored.

    Example:
        >>> import attrs
        >>> from microcrm_core.loyalty.batch import QuoteColumns
        >>> [field.name for field in attrs.fields(QuoteColumns)][-1]
        'rate_ppm'
    """

    basis_index: Int64s
    loan_index: Int64s
    base_ppm: Int64s
    tenure_discount_ppm: Int64s
    streak_discount_ppm: Int64s
    floor_restored_ppm: Int64s
    rate_ppm: Int64s

    @property
    def has_quote(self) -> Bools:
        """Whether the row has a quote."""
        return np.asarray(self.rate_ppm != UNKNOWN, np.bool_)


def price_loans(
    policy: PricingPolicy,
    facts: Mapping[str, Int64s],
    basis: BasisColumns,
    tier_index: npt.NDArray[np.integer],
) -> QuoteColumns:
    """Return the quote of every customer; twin of `price_loan`.

    Equal to the scalar function on every row.

    Args:
        policy: The price list.
        facts: Columns of a profile; `tenure_days` and `on_time_streak` are used,
            `UNKNOWN` where they are not known.
        basis: What to price.
        tier_index: Positions in `tuple(Tier)`.

    Shapes:
        All columns have one length, (customers,).

    Units:
        Days; counts; parts per million a year.

    Raises:
        InvalidValueError: A column is missing or has another length, a tier is out of
            range, or a known tenure or streak is negative.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.batch import UNKNOWN
        >>> from microcrm_core.loyalty import LOYALTY_BASIC
        >>> from microcrm_core.loyalty.batch import BasisColumns, price_loans
        >>> quotes = price_loans(
        ...     LOYALTY_BASIC,
        ...     {"tenure_days": np.array([UNKNOWN]), "on_time_streak": np.array([0])},
        ...     BasisColumns(np.array([5]), np.array([-1])),
        ...     np.array([0]),
        ... )
        >>> quotes.loan_index.tolist(), quotes.rate_ppm.tolist()
        ([5], [240000])
    """
    tiers = np.asarray(tier_index, np.int64)
    is_tier = (tiers >= 0) & (tiers < len(Tier))
    require_rows(is_tier, tiers, "tier_index", f"must be 0 to {len(Tier) - 1}")
    _require_length("request_loan_index", basis.request_loan_index, tiers.size)
    _require_length("last_loan_index", basis.last_loan_index, tiers.size)
    tenure_days = _lengths(facts, "tenure_days", tiers.size)
    on_time_streak = _lengths(facts, "on_time_streak", tiers.size)

    rates = [policy.base_rate(tier) for tier in Tier]
    by_tier = [UNKNOWN if rate is None else rate.annual_ppm for rate in rates]
    base_ppm = np.array(by_tier, np.int64)[tiers]
    has_quote = (basis.basis_index >= 0) & (base_ppm != UNKNOWN)
    tenure_ppm = _discounts(policy.tenure_steps, tenure_days)
    streak_ppm = _discounts(policy.streak_steps, on_time_streak)
    # Rows without a quote go through the sums with 0, to stay far from int64's end.
    safe_base = np.where(has_quote, base_ppm, 0)
    discounted = safe_base - tenure_ppm - streak_ppm
    restored = np.maximum(policy.floor_rate.annual_ppm - discounted, 0)

    def quoted(column: Int64s) -> Int64s:
        return np.where(has_quote, column, UNKNOWN)

    return QuoteColumns(
        basis_index=basis.basis_index,
        loan_index=basis.loan_index,
        base_ppm=quoted(base_ppm),
        tenure_discount_ppm=quoted(tenure_ppm),
        streak_discount_ppm=quoted(streak_ppm),
        floor_restored_ppm=quoted(restored),
        rate_ppm=quoted(discounted + restored),
    )


def _discounts(steps: tuple[PriceStep, ...], reached: Int64s) -> Int64s:
    # UNKNOWN is below every step, so it takes nothing off.
    thresholds = np.array([step.at_least for step in steps], np.int64)
    discounts = np.array([0, *(step.discount.annual_ppm for step in steps)], np.int64)
    return discounts[np.searchsorted(thresholds, reached, side="right")]


def _lengths(facts: Mapping[str, Int64s], name: str, row_count: int) -> Int64s:
    if name not in facts:
        raise InvalidValueError("facts", f"must name {name}", sorted(facts))
    column = np.asarray(facts[name], np.int64)
    _require_length(name, column, row_count)
    is_valid = (column >= 0) | (column == UNKNOWN)
    require_rows(is_valid, column, name, "must not be negative")
    return column


def _require_length(name: str, column: npt.NDArray[np.integer], row_count: int) -> None:
    if column.shape != (row_count,):
        rule = f"must have one row for each of the {row_count} customers"
        raise InvalidValueError(name, rule, column.shape)
