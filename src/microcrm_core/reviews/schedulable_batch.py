"""Loans that no schedule fits are set apart before the review, with their place.

Whether a loan has a schedule depends on the lender's conventions, so the reader of
the files cannot know; and one such row must not keep all others from being reviewed.
"""

from __future__ import annotations

from types import MappingProxyType

import attrs
import numpy as np

from microcrm_core.loans import ScheduleConventions
from microcrm_core.loans.batch import has_schedules
from microcrm_core.reviews.files_batch import PortfolioReading
from microcrm_core.reviews.rejections import RejectedRow
from microcrm_core.reviews.schema import LOANS, REPAYMENTS, TABLES

__all__ = ["without_unschedulable"]


def without_unschedulable(
    reading: PortfolioReading, conventions: ScheduleConventions
) -> PortfolioReading:
    """Return the reading without the loans that have no schedule.

    They and their repayments are added to the rejected rows.

    Args:
        reading: What `read_portfolio` gave.
        conventions: What schedules are built with.

    Raises:
        InvalidValueError: As `has_schedules`.

    Example:
        >>> from microcrm_core.loans import STRICT
        >>> from microcrm_core.reviews.files_batch import read_tables
        >>> from microcrm_core.reviews.schedulable_batch import without_unschedulable
        >>> without_unschedulable(read_tables({}), STRICT).rejected
        ()
    """
    portfolio = reading.portfolio
    is_good = has_schedules(portfolio.loans, conventions)
    if is_good.all():
        return reading
    lines = reading.lines[LOANS.name]
    name = reading.names[LOANS.name]
    rejected = [
        RejectedRow(
            file=name,
            line=int(lines[row]),
            column="annual_rate",
            code="loan_no_schedule",
            params={"conventions": conventions.id},
        )
        for row in np.flatnonzero(~is_good)
    ]
    is_kept = is_good[portfolio.repayments.loan_index]
    for row in np.flatnonzero(~is_kept):
        loan = int(portfolio.repayments.loan_index[row])
        rejected.append(
            RejectedRow(
                file=reading.names[REPAYMENTS.name],
                line=int(reading.lines[REPAYMENTS.name][row]),
                column="loan_id",
                code="loan_rejected",
                params={
                    "id": portfolio.loans.ids[loan].decode(),
                    "file": name,
                    "line": int(lines[loan]),
                },
            )
        )
    place = {reading.names[table.name]: index for index, table in enumerate(TABLES)}
    loans = np.flatnonzero(is_good)
    position = np.cumsum(is_good) - 1
    repayments = portfolio.repayments.take(np.flatnonzero(is_kept))
    return attrs.evolve(
        reading,
        portfolio=attrs.evolve(
            portfolio,
            loans=portfolio.loans.take(loans),
            repayments=attrs.evolve(
                repayments, loan_index=position[repayments.loan_index]
            ),
        ),
        rejected=tuple(
            sorted(
                (*reading.rejected, *rejected),
                key=lambda one: (place[one.file], one.line),
            )
        ),
        lines=MappingProxyType(
            {
                LOANS.name: lines[loans],
                REPAYMENTS.name: reading.lines[REPAYMENTS.name][is_kept],
            }
        ),
    )
