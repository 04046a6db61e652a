"""The batch twins against the scalar functions, in one process."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from typing import Final

import numpy as np

from microcrm_core import REVIEW_BASIC
from microcrm_core.loans import STRICT, build_schedule
from microcrm_core.loans.batch import build_schedules
from microcrm_core.reviews import review_customer
from microcrm_core.reviews.batch import review_portfolio
from microcrm_core.samples import sample_portfolio
from microcrm_core.tiers.batch import assign_tiers

__all__ = ["run"]

_CUSTOMERS: Final = 20_000
_SCALAR_ROWS: Final = 200
_AS_OF: Final = dt.date(2025, 6, 30)
_EPOCH: Final = dt.date(1970, 1, 1)


def run() -> None:
    """Print microseconds a row of each twin, and how many times faster columns are."""
    portfolio = sample_portfolio(customers=_CUSTOMERS, seed=1)
    loans = portfolio.loans.take(
        np.flatnonzero(portfolio.loans.is_disbursed_as_of((_AS_OF - _EPOCH).days))
    )
    terms = [loans.terms(row) for row in range(_SCALAR_ROWS)]
    review = review_portfolio(portfolio, REVIEW_BASIC, _AS_OF)
    facts = review.profiles.facts
    scalars = [portfolio.customer_scalars(row) for row in range(_SCALAR_ROWS)]
    print(f"{'what':<34}{'scalar us':>11}{'columns us':>12}{'ratio':>8}")
    _row(
        "schedule of a loan",
        lambda: [build_schedule(one, STRICT) for one in terms],
        _SCALAR_ROWS,
        lambda: build_schedules(loans, STRICT),
        len(loans),
    )
    _row(
        "review of a customer",
        lambda: [review_customer(*one, REVIEW_BASIC, _AS_OF) for one in scalars],
        _SCALAR_ROWS,
        lambda: review_portfolio(portfolio, REVIEW_BASIC, _AS_OF),
        _CUSTOMERS,
    )
    seconds = _best(lambda: assign_tiers(REVIEW_BASIC.tiers, facts))
    print(f"{'tier from a profile':<34}{'':>11}{seconds / _CUSTOMERS * 1e6:>12.3f}")


def _row(
    name: str,
    scalar: Callable[[], object],
    scalar_rows: int,
    columns: Callable[[], object],
    column_rows: int,
) -> None:
    one = _best(scalar) / scalar_rows * 1e6
    many = _best(columns) / column_rows * 1e6
    print(f"{name:<34}{one:>11.1f}{many:>12.3f}{one / many:>8.0f}")


def _best(action: Callable[[], object]) -> float:
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - began)
    return min(seconds)
