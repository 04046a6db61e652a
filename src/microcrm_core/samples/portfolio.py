"""The sample portfolio: one call from nothing to customers, loans and accounts."""

from __future__ import annotations

import datetime as dt
from typing import Final

import numpy as np

from microcrm_core.checks import day, whole_number
from microcrm_core.reviews.portfolio_batch import Portfolio
from microcrm_core.samples.accounts import draw_transactions
from microcrm_core.samples.borrowing import draw_loans, draw_repayments
from microcrm_core.samples.people import draw_people

__all__ = ["SAMPLE_AS_OF", "sample_portfolio"]

SAMPLE_AS_OF: Final = dt.date(2025, 6, 30)
"""The day up to which the sample's facts reach, unless the caller names another."""

_EPOCH_ORDINAL: Final = dt.date(1970, 1, 1).toordinal()


def sample_portfolio(
    customers: int,
    seed: int,
    *,
    as_of: dt.date = SAMPLE_AS_OF,
    months: int = 12,
) -> Portfolio:
    """Return a simulated portfolio of a micro-lender: plausible, and invented.

    Every person, loan and movement is drawn by chance; no figure comes from a real
    lender, and no conclusion about real customers can be drawn from it. It is
    for trying the library, for tutorials and for timing.

    The make-up: three in ten are small businesses, under half sole traders, a quarter
    wage earners. Wage earners get a salary on a fixed day; traders take money around
    days of their own, with a season over the year, strongest in online shops. Up to
    six loans follow each other, monthly or weekly, growing with trust; one in eight
    has an open request. About four in five pay on time; some are often late; one in
    twenty stops paying, and had thin margins before. All money is in CNY.

    Args:
        customers: Number of customers, 1 or more.
        seed: Start of the random numbers; the same seed and numpy release give
            the same portfolio.
        as_of: The last day with facts.
        months: Calendar months of account movements, the month of *as_of* included.

    Raises:
        InvalidValueError: A number is out of range.

    Example:
        >>> from microcrm_core.samples import sample_portfolio
        >>> portfolio = sample_portfolio(customers=20, seed=1)
        >>> portfolio.customers.ids.size
        20
    """
    whole_number("customers", customers, at_least=1, at_most=10_000_000)
    whole_number("seed", seed, at_least=0)
    whole_number("months", months, at_least=1, at_most=60)
    as_of_day = day("as_of", as_of).toordinal() - _EPOCH_ORDINAL
    rng = np.random.Generator(np.random.PCG64(seed))
    people = draw_people(rng, customers, as_of_day)
    loans = draw_loans(rng, people, as_of_day)
    repayments = draw_repayments(rng, people, loans, as_of_day)
    return Portfolio(
        customers=people.columns,
        transactions=draw_transactions(
            rng, people, loans, repayments, as_of_day=as_of_day, months=months
        ),
        loans=loans,
        repayments=repayments,
    )
