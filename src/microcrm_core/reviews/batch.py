"""The portfolio review: every customer on one day; twin of `review_customer`.

The steps are those of `docs/architecture.md`, each a batch function of its room. Here
they are put together; nothing is judged a second time.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final, TypeAlias

import attrs
import numpy as np

from microcrm_core.adjustments.due_day_batch import DueDayColumns, recommend_due_days
from microcrm_core.batch import UNKNOWN, Int64s
from microcrm_core.checks import day
from microcrm_core.customers.batch import ProfileColumns, build_profiles
from microcrm_core.customers.cash_flow_batch import DayBalances
from microcrm_core.dates import RollKind, RollRule
from microcrm_core.html import html_table
from microcrm_core.loans import ScheduleConventions
from microcrm_core.loans.batch import level_installments
from microcrm_core.loans.columns_batch import LoanColumns
from microcrm_core.loyalty.batch import BasisColumns, QuoteColumns, price_loans
from microcrm_core.reviews.customer_review import (
    CustomerReview,
    is_monthly,
    review_customer,
)
from microcrm_core.reviews.own_repayments_batch import account_repayments_many
from microcrm_core.reviews.policies import ReviewPolicies
from microcrm_core.reviews.portfolio_batch import Portfolio
from microcrm_core.reviews.table_batch import review_columns
from microcrm_core.tiers import Tier
from microcrm_core.tiers.batch import TierColumns, assign_tiers

__all__ = ["Review", "ReviewProgress", "review_portfolio"]

ReviewProgress: TypeAlias = Callable[[str, int, int], None]
"""Called before each step with its name, its number from 1, and how many there are."""

_EPOCH: Final = dt.date(1970, 1, 1).toordinal()
_STEPS: Final = ("balances", "profiles", "tiers", "due days", "quotes")
_LAST_DAY: Final = 31


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Review:
    """A review of all customers that were known on the day, one row each.

    Attributes:
        as_of: The day.
        policies: What it was judged by.
        portfolio: The customers of the review and all their facts.
        profiles: What was known of them.
        tiers: Their tiers.
        due_days: Which due day fits the requested loan, else the last one.
        quotes: What the requested loan would cost, else a repeat of the last one.

    Example:
        See `review_portfolio`.
    """

    as_of: dt.date
    policies: ReviewPolicies
    portfolio: Portfolio
    profiles: ProfileColumns
    tiers: TierColumns
    due_days: DueDayColumns
    quotes: QuoteColumns

    def __len__(self) -> int:
        """Return the number of customers."""
        return self.portfolio.customer_count

    def tier_counts(self) -> dict[Tier, int]:
        """Return the number of customers in each tier, the best tier first.

        Example:
            >>> import datetime as dt
            >>> from microcrm_core import REVIEW_BASIC, Tier
            >>> from microcrm_core.reviews.batch import review_portfolio
            >>> from microcrm_core.samples import sample_portfolio
            >>> portfolio = sample_portfolio(customers=50, seed=1)
            >>> review = review_portfolio(
            ...     portfolio, REVIEW_BASIC, dt.date(2025, 6, 30)
            ... )
            >>> sum(review.tier_counts().values())
            50
        """
        counts = np.bincount(self.tiers.tier_index, minlength=len(Tier))
        return dict(zip(Tier, counts.tolist(), strict=True))

    def customer(self, customer_id: str) -> CustomerReview:
        """Return the review of one customer with every reason.

        Raises:
            InvalidValueError: The customer is not in the review.

        Example:
            >>> import datetime as dt
            >>> from microcrm_core import REVIEW_BASIC
            >>> from microcrm_core.reviews.batch import review_portfolio
            >>> from microcrm_core.samples import sample_portfolio
            >>> portfolio = sample_portfolio(customers=50, seed=1)
            >>> review = review_portfolio(
            ...     portfolio, REVIEW_BASIC, dt.date(2025, 6, 30)
            ... )
            >>> one = review.customer("c000007")
            >>> one.tier.reasons[0].params["tier"] == one.tier.outcome.value
            True
        """
        row = self.portfolio.customer_row(customer_id)
        scalars = self.portfolio.customer_scalars(row)
        return review_customer(*scalars, self.policies, self.as_of)

    def to_columns(self) -> dict[str, list[Any]]:
        """Return the review as lists by column name, None where not known.

        The columns of `docs/reference/reviews.md`: ids, texts and whole numbers.
        """
        return review_columns(self)

    def to_frame(self, backend: str | None = None) -> Any:
        """Return the review as a DataFrame, one row a customer.

        Args:
            backend: "pandas", "polars" or "pyarrow"; None: see `frames.to_frame`.

        Raises:
            MissingExtraError: The extra `frames` is not installed.
        """
        # An edge, by name: only those who ask for a frame load it.
        frames = import_module("microcrm_core.frames")
        return frames.to_frame(self.to_columns(), backend=backend)

    def __repr__(self) -> str:
        """Return the day and the number of customers."""
        return f"Review(as_of={self.as_of}, customers={len(self)})"

    def _repr_html_(self) -> str:
        rows = [
            (tier.value, f"{count:,}") for tier, count in self.tier_counts().items()
        ]
        caption = f"Review of {len(self):,} customers as of {self.as_of}"
        return html_table(("tier", "customers"), rows, caption=caption)


def review_portfolio(
    portfolio: Portfolio,
    policies: ReviewPolicies,
    as_of: dt.date,
    *,
    progress: ReviewProgress | None = None,
) -> Review:
    """Return the review of every customer known on the day; twin of `review_customer`.

    Equal to the scalar on every row, or refused. Nothing that became known after the
    day is used; customers who became known later are not in the review.

    Args:
        portfolio: Customers and all their facts.
        policies: What they are judged by.
        as_of: The day.
        progress: Told which step begins.

    Raises:
        PolicyError: A policy does not apply yet on the day.
        InvalidValueError: A loan has no schedule under the conventions, or a number
            leaves int64; the error names the row.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import REVIEW_BASIC
        >>> from microcrm_core.reviews.batch import review_portfolio
        >>> from microcrm_core.samples import sample_portfolio
        >>> portfolio = sample_portfolio(customers=50, seed=1)
        >>> review_portfolio(portfolio, REVIEW_BASIC, dt.date(2025, 6, 30))
        Review(as_of=2025-06-30, customers=50)
    """
    as_of_day = day("as_of", as_of).toordinal() - _EPOCH
    policies.require_in_effect(as_of)
    is_known = portfolio.customers.known_day <= as_of_day
    if not is_known.all():
        portfolio = portfolio.take_customers(np.flatnonzero(is_known))

    def begin(step: int) -> None:
        if progress is not None:
            progress(_STEPS[step - 1], step, len(_STEPS))

    begin(1)
    balances = DayBalances.of(
        portfolio.transactions,
        customer_count=portfolio.customer_count,
        as_of_day=as_of_day,
    )
    begin(2)
    profiles = build_profiles(
        portfolio.customers,
        balances,
        portfolio.loans,
        portfolio.repayments,
        policies.profile,
        as_of,
    )
    begin(3)
    tiers = assign_tiers(policies.tiers, profiles.facts)
    begin(4)
    basis = BasisColumns(profiles.request_loan_index, profiles.last_loan_index)
    installment, current_due_day = _due_day_questions(
        portfolio.loans, basis, policies.profile.conventions
    )
    own = account_repayments_many(
        np.where(installment == UNKNOWN, -1, basis.loan_index),
        portfolio.loans,
        portfolio.repayments,
        portfolio.transactions,
        as_of_day,
    )
    due_days = recommend_due_days(
        balances,
        installment,
        current_due_day,
        policies.due_day,
        own_repayments=own,
    )
    begin(5)
    quotes = price_loans(policies.pricing, profiles.facts, basis, tiers.tier_index)
    return Review(
        as_of=as_of,
        policies=policies,
        portfolio=portfolio,
        profiles=profiles,
        tiers=tiers,
        due_days=due_days,
        quotes=quotes,
    )


def _due_day_questions(
    loans: LoanColumns, basis: BasisColumns, conventions: ScheduleConventions
) -> tuple[Int64s, Int64s]:
    """The level installment and current due day of monthly loans; else `UNKNOWN`."""
    loan_index = basis.loan_index
    monthly = np.array([is_monthly(one) for one in loans.frequencies], np.bool_)
    rows = np.flatnonzero(loan_index >= 0)
    if rows.size:
        rows = rows[monthly[loans.frequency_index[loan_index[rows]]]]
    chosen = loans.take(loan_index[rows])
    is_request = basis.request_loan_index[rows] >= 0
    installment = np.full(loan_index.size, UNKNOWN)
    installment[rows] = level_installments(
        principal_minor=chosen.principal_minor,
        annual_ppm=chosen.annual_ppm,
        installment_count=chosen.installment_count,
        frequency_index=chosen.frequency_index,
        frequencies=chosen.frequencies,
        planned_day=np.where(is_request, chosen.planned_day, chosen.start_day),
        first_due_day=chosen.first_due_day,
        conventions=conventions,
        plan_index=chosen.plan_index,
        plans=chosen.plans,
        currency_index=chosen.currency_index,
        currencies=chosen.currencies,
    )
    due_day = np.full(loan_index.size, UNKNOWN)
    due_day[rows] = _month_due_days(chosen.first_due_day, conventions.roll)
    return installment, due_day


def _month_due_days(first_due_day: Int64s, roll: RollRule) -> Int64s:
    """Twin of `month_due_day`."""
    if roll.kind is RollKind.END_OF_MONTH:
        return np.full(first_due_day.size, _LAST_DAY)
    if roll.day is not None:
        return np.full(first_due_day.size, roll.day)
    dates = first_due_day.astype("datetime64[D]")
    month_start = dates.astype("datetime64[M]").astype("datetime64[D]")
    of_month: Int64s = (dates - month_start).astype(np.int64) + 1
    return of_month
