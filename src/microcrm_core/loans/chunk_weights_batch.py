"""The weights of a chunk of loans, some of which may have no due days at all.

A due day may leave the calendar, or the years of a calendar of business days. Such
loans are refused, each for its reason, and other days stand in the place of theirs, so
that the rest of the chunk is computed.

Example:
    >>> import numpy as np
    >>> from microcrm_core.dates import Frequency
    >>> from microcrm_core.loans import STRICT
    >>> from microcrm_core.loans.chunk_weights_batch import chunk_weights
    >>> from microcrm_core.loans.weights_batch import WeightQuestion
    >>> asked = WeightQuestion(
    ...     annual_ppm=np.array([120_000, 120_000]),
    ...     planned_day=np.array([0, 2_932_880]),
    ...     first_due_day=np.array([31, 2_932_890]),
    ...     frequency=Frequency.MONTHLY,
    ...     count=2,
    ...     interest_free_count=0,
    ...     conventions=STRICT,
    ... )
    >>> weights, without_days = chunk_weights(asked, due_day=None)
    >>> {reason.name: rows.tolist() for reason, rows in without_days.items()}
    {'DATES': [False, True]}
"""

from __future__ import annotations

from typing import Final

import attrs
import numpy as np

from microcrm_core.batch import Bools, Int64s
from microcrm_core.dates.business_days_batch import are_adjustable
from microcrm_core.errors import InvalidValueError
from microcrm_core.loans.calendar_tables_batch import CalendarTables
from microcrm_core.loans.due_days_batch import are_possible, due_days
from microcrm_core.loans.refusals_batch import Refusal
from microcrm_core.loans.weights_batch import PeriodWeights, WeightQuestion

__all__ = ["chunk_weights"]

_ANY_DAY: Final = 0


def chunk_weights(
    asked: WeightQuestion, *, due_day: Int64s | None
) -> tuple[PeriodWeights, dict[Refusal, Bools]]:
    """Return the weights, and the loans that have no due days, by reason.

    Args:
        asked: The loans.
        due_day: A matrix to write due days into; None: they are not asked for.

    Example:
        See `microcrm_core.loans.chunk_weights_batch`.
    """
    first_due_day = asked.first_due_day
    is_possible = are_possible(
        first_due_day, asked.frequency, asked.count, asked.conventions.roll
    )
    without: dict[Refusal, Bools] = {}
    if not is_possible.all():
        without[Refusal.DATES] = ~is_possible
        asked = _replaced(asked, ~is_possible, _ANY_DAY, _ANY_DAY + 1)
    try:
        return PeriodWeights.of(asked, due_day=due_day), without
    except InvalidValueError:
        # A calendar of business days rarely ends too early, so it is asked once more
        # only then.
        is_closed = ~_are_adjustable(asked)
        if not is_closed.any():
            raise
    without[Refusal.CALENDAR] = is_closed & is_possible
    if is_closed.all():
        conventions = attrs.evolve(asked.conventions, business_days=None)
        asked = attrs.evolve(asked, conventions=conventions)
    else:
        open_loan = int(np.flatnonzero(~is_closed)[0])
        asked = _replaced(
            asked,
            is_closed,
            int(asked.planned_day[open_loan]),
            int(asked.first_due_day[open_loan]),
        )
    return PeriodWeights.of(asked, due_day=due_day), without


def _replaced(
    asked: WeightQuestion, loans: Bools, planned_day: int, first_due_day: int
) -> WeightQuestion:
    return attrs.evolve(
        asked,
        planned_day=np.where(loans, planned_day, asked.planned_day),
        first_due_day=np.where(loans, first_due_day, asked.first_due_day),
        # They do not cover other days.
        tables=CalendarTables.empty(),
    )


def _are_adjustable(asked: WeightQuestion) -> Bools:
    """Return for which loans all due days can be moved to business days."""
    conventions = asked.conventions
    business_days = conventions.business_days
    if business_days is None:
        return np.ones(asked.first_due_day.size, np.bool_)
    days = due_days(asked.first_due_day, asked.frequency, asked.count, conventions.roll)
    is_found = are_adjustable(
        days.reshape(-1), business_days.rule, business_days.calendar
    )
    return np.asarray(is_found.reshape(days.shape).all(axis=0))
