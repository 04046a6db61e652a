"""The bank accounts of the sample: salaries, takings, rents, purchases.

Wage earners are paid on a fixed day, moved to Friday from a weekend. Traders take
money around the days on which their customers buy, with a season over the year.
Repayments leave the same account.
"""

from __future__ import annotations

from typing import Final

import attrs
import numpy as np
import numpy.typing as npt

from microcrm_core.batch import Floats, Int64s
from microcrm_core.customers.columns_batch import TransactionColumns
from microcrm_core.loans.columns_batch import LoanColumns, RepaymentColumns
from microcrm_core.samples.people import People, numbered_ids

__all__ = ["draw_transactions"]

_PARTS_IN: Final = 3
_PARTS_OUT: Final = 2
_WAGE_EARNER: Final = 2


@attrs.frozen(eq=False)
class _Flows:
    """Movements: whose, on which day, how much (outflows are negative)."""

    customer_index: Int64s
    day: Int64s
    amount_minor: Int64s


def draw_transactions(
    rng: np.random.Generator,
    people: People,
    loans: LoanColumns,
    repayments: RepaymentColumns,
    *,
    as_of_day: int,
    months: int,
) -> TransactionColumns:
    """Return the account movements of the last *months* months, oldest first.

    Sorted by customer and day; every row states the balance after it.
    """
    starts = _month_starts(as_of_day, months)
    salary_day = rng.integers(5, 16, size=people.count)
    peak_day = rng.uniform(1, 28, size=people.count)
    flows = [
        part
        for index in range(months)
        for part in _month_flows(
            rng,
            people,
            salary_day,
            peak_day,
            int(starts[index]),
            int(starts[index + 1]),
        )
    ]
    flows.append(_repayment_flows(loans, repayments))
    joined = _Flows(
        *(
            np.concatenate([getattr(part, name) for part in flows])
            for name in ("customer_index", "day", "amount_minor")
        )
    )
    first_day = np.maximum(people.columns.known_day, starts[0])
    keep = (
        (joined.day <= as_of_day)
        & (joined.day >= first_day[joined.customer_index])
        & (joined.amount_minor != 0)
    )
    opening = (people.turnover_minor * rng.uniform(0.5, 1.6, size=people.count)).astype(
        np.int64
    )
    return _in_order(
        joined.customer_index[keep],
        joined.day[keep],
        joined.amount_minor[keep],
        opening,
    )


def _month_starts(as_of_day: int, months: int) -> Int64s:
    last = int(np.datetime64(as_of_day, "D").astype("datetime64[M]").astype(np.int64))
    numbers = np.arange(last - months + 1, last + 2)
    in_days = numbers.astype("datetime64[M]").astype("datetime64[D]")
    starts: Int64s = in_days.astype(np.int64)
    return starts


def _month_flows(
    rng: np.random.Generator,
    people: People,
    salary_day: Int64s,
    peak_day: Floats,
    start: int,
    end: int,
) -> list[_Flows]:
    length = end - start
    month_of_year = (
        int(np.datetime64(start, "D").astype("datetime64[M]").astype(int)) % 12
    )
    angle = 2 * np.pi * (month_of_year - people.season_month) / 12
    noise = 1 + rng.standard_normal(people.count) * (0.05 + people.season_swing / 2)
    turnover = people.turnover_minor * np.maximum(
        (1 + people.season_swing * np.cos(angle)) * noise, 0.1
    )
    is_wage = people.columns.kind_index == _WAGE_EARNER
    wage_rows, trade_rows = np.flatnonzero(is_wage), np.flatnonzero(~is_wage)
    salary_on = _friday_before(start + np.minimum(salary_day[wage_rows], length) - 1)
    flows = [_Flows(wage_rows, salary_on, _whole(people.turnover_minor[wage_rows]))]
    for share in _shares(rng, trade_rows.size, _PARTS_IN):
        offset = peak_day[trade_rows] + rng.standard_normal(trade_rows.size) * 6
        day = start + np.mod(offset.astype(np.int64), length)
        flows.append(_Flows(trade_rows, day, _whole(turnover[trade_rows] * share)))
    everyone = np.arange(people.count)
    spent = np.where(is_wage, people.turnover_minor, turnover) * (1 - people.margin)
    rent_on = start + rng.integers(0, 5, size=people.count)
    flows.append(_Flows(everyone, rent_on, -_whole(spent * 0.25)))
    for share in _shares(rng, people.count, _PARTS_OUT):
        day = start + rng.integers(0, length, size=people.count)
        flows.append(_Flows(everyone, day, -_whole(spent * 0.75 * share)))
    return flows


def _shares(rng: np.random.Generator, size: int, parts: int) -> list[Floats]:
    weights = rng.uniform(0.5, 1.5, size=(parts, size))
    return list(weights / weights.sum(axis=0))


def _friday_before(day: Int64s) -> Int64s:
    # 1970-01-01 was a Thursday: weekday 3 when Monday is 0.
    weekday = (day + 3) % 7
    friday: Int64s = day - np.where(weekday > 4, weekday - 4, 0)
    return friday


def _whole(amount: npt.NDArray[np.number]) -> Int64s:
    whole: Int64s = amount.astype(np.int64)
    return whole


def _repayment_flows(loans: LoanColumns, repayments: RepaymentColumns) -> _Flows:
    return _Flows(
        loans.customer_index[repayments.loan_index].astype(np.int64),
        repayments.paid_day.astype(np.int64),
        -repayments.amount_minor,
    )


def _in_order(
    customer: Int64s, day: Int64s, amount: Int64s, opening: Int64s
) -> TransactionColumns:
    order = np.lexsort((day, customer))
    customer, day, amount = customer[order], day[order], amount[order]
    count = customer.size
    begins = np.searchsorted(customer, np.arange(opening.size))
    running = np.concatenate([[0], np.cumsum(amount)])
    balance = opening[customer] + running[1:] - running[begins[customer]]
    row = np.arange(count)
    is_new_day = np.ones(count, np.bool_)
    is_new_day[1:] = (customer[1:] != customer[:-1]) | (day[1:] != day[:-1])
    day_begins = np.maximum.accumulate(np.where(is_new_day, row, 0))
    return TransactionColumns(
        ids=numbered_ids(b"t", row + 1),
        customer_index=customer.astype(np.int32),
        booked_day=day.astype(np.int32),
        sequence=(row - day_begins).astype(np.int32),
        amount_minor=amount,
        balance_minor=balance,
        known_day=day.astype(np.int32),
    )
