"""The loans and repayments of the sample: repeat loans, and how they were paid.

A customer borrows again some weeks after paying back. Good payers are on time,
late payers miss the day now and then by a few weeks, bad payers stop in the middle
of their last loan.
"""

from __future__ import annotations

from typing import Final

import attrs
import numpy as np

from microcrm_core.batch import UNKNOWN, Bools, Int64s
from microcrm_core.dates import Frequency
from microcrm_core.loans import EQUAL_INSTALLMENTS, STRICT
from microcrm_core.loans.batch import ScheduleColumns, build_schedules
from microcrm_core.loans.columns_batch import LoanColumns, RepaymentColumns
from microcrm_core.samples.people import BAD, SAMPLE_CURRENCY, People, numbered_ids

__all__ = ["draw_loans", "draw_repayments"]

FREQUENCIES: Final = (Frequency.of("monthly"), Frequency.of("weekly"))
MONTHLY, WEEKLY = 0, 1

_LOANS_MAX: Final = 6
_REQUEST_SHARE: Final = 0.12
_STEP_MINOR: Final = 50_000
_USUAL_DUE_DAY: Final = 12
# Installments in a loan: monthly terms first, then weekly ones.
_TERMS: Final = np.array([3, 6, 6, 12, 12, 12, 24])
_TERM_FREQUENCY: Final = np.array([0, 0, 0, 0, 0, 1, 1])


@attrs.frozen(kw_only=True, eq=False)
class _Round:
    """One loan each for some customers."""

    customer_index: Int64s
    principal_minor: Int64s
    annual_ppm: Int64s
    installment_count: Int64s
    frequency_index: Int64s
    disbursed_day: Int64s
    first_due_day: Int64s
    requested_day: Int64s


def draw_loans(rng: np.random.Generator, people: People, as_of_day: int) -> LoanColumns:
    """Return the loans of the customers up to the day, and some open requests."""
    free_from = people.columns.known_day + rng.integers(5, 90, size=people.count)
    is_active = np.ones(people.count, np.bool_)
    rounds = []
    for number in range(_LOANS_MAX):
        chosen = np.flatnonzero(is_active & (free_from <= as_of_day))
        if chosen.size == 0:
            break
        drawn = _draw_round(rng, people, chosen, free_from[chosen], number)
        rounds.append(drawn)
        span = np.where(drawn.frequency_index == MONTHLY, 31, 7)
        ends = drawn.first_due_day + span * (drawn.installment_count - 1)
        free_from[chosen] = ends + rng.integers(35, 150, size=chosen.size)
        # A bad payer's loan is the last with a chance of a third.
        stops = (people.habit[chosen] == BAD) & (rng.random(chosen.size) < 1 / 3)
        leaves = rng.random(chosen.size) < 0.12
        is_active[chosen[stops | leaves]] = False
    asking = np.flatnonzero(rng.random(people.count) < _REQUEST_SHARE)
    asking = asking[people.columns.known_day[asking] <= as_of_day - 21]
    asked_on = as_of_day - rng.integers(0, 21, size=asking.size)
    requests = _draw_round(rng, people, asking, asked_on + 2, 1, requested_day=asked_on)
    return _loan_columns([*rounds, requests], open_count=asking.size)


def _draw_round(
    rng: np.random.Generator,
    people: People,
    chosen: Int64s,
    disbursed_day: Int64s,
    number: int,
    requested_day: Int64s | None = None,
) -> _Round:
    size = chosen.size
    term = rng.integers(0, len(_TERMS), size=size)
    # Wage earners are paid by the month, and so they pay.
    term = np.where(people.columns.kind_index[chosen] == 2, term % 5, term)
    months = np.where(_TERM_FREQUENCY[term] == 0, _TERMS[term], _TERMS[term] / 4)
    # A customer who came back is trusted with more.
    installment_share = rng.uniform(0.02, 0.07, size=size) * (1 + 0.15 * number)
    wanted = people.turnover_minor[chosen] * installment_share * months
    principal = np.maximum(wanted.astype(np.int64) // _STEP_MINOR, 1) * _STEP_MINOR
    if requested_day is None:
        requested_day = disbursed_day - rng.integers(0, 5, size=size)
    return _Round(
        customer_index=chosen,
        principal_minor=principal,
        annual_ppm=rng.integers(12, 31, size=size) * 12_000,
        installment_count=_TERMS[term],
        frequency_index=_TERM_FREQUENCY[term],
        disbursed_day=disbursed_day,
        first_due_day=_first_due_days(rng, disbursed_day, _TERM_FREQUENCY[term]),
        requested_day=requested_day,
    )


def _first_due_days(
    rng: np.random.Generator, disbursed_day: Int64s, frequency: Int64s
) -> Int64s:
    """Monthly loans fall due on a day of the month, 20 to 50 days after."""
    is_usual = rng.random(disbursed_day.size) < 0.5
    other = rng.integers(1, 29, size=disbursed_day.size)
    day_of_month = np.where(is_usual, _USUAL_DUE_DAY, other)
    earliest = disbursed_day + 20
    month = earliest.astype("datetime64[D]").astype("datetime64[M]")
    in_month = month.astype("datetime64[D]").astype(np.int64) + day_of_month - 1
    next_month = month + np.timedelta64(1, "M")
    in_next = next_month.astype("datetime64[D]").astype(np.int64) + day_of_month - 1
    monthly = np.where(in_month >= earliest, in_month, in_next)
    due: Int64s = np.where(frequency == MONTHLY, monthly, disbursed_day + 7)
    return due


def _loan_columns(rounds: list[_Round], *, open_count: int) -> LoanColumns:
    joined = {
        field.name: np.concatenate([getattr(one, field.name) for one in rounds])
        for field in attrs.fields(_Round)
    }
    count = joined["customer_index"].size
    if open_count:
        joined["disbursed_day"][-open_count:] = UNKNOWN
    return LoanColumns(
        ids=numbered_ids(b"l", np.arange(1, count + 1)),
        plans=(EQUAL_INSTALLMENTS,),
        currency_index=np.zeros(count, np.int64),
        currencies=(SAMPLE_CURRENCY,),
        frequencies=FREQUENCIES,
        known_day=joined["requested_day"],
        **joined,
    )


def draw_repayments(
    rng: np.random.Generator, people: People, loans: LoanColumns, as_of_day: int
) -> RepaymentColumns:
    """Return what was paid on the disbursed loans up to the day."""
    rows = np.flatnonzero(loans.disbursed_day != UNKNOWN)
    schedules = build_schedules(loans.take(rows), STRICT)
    per_loan = np.diff(schedules.offsets)
    position = np.repeat(np.arange(rows.size), per_loan)
    loan_index = rows[position]
    habit = people.habit[loans.customer_index[loan_index]]
    paid_day = np.maximum(
        schedules.due_day + _lateness(rng, habit),
        loans.disbursed_day[loan_index] + 1,
    )
    amount = schedules.principal_minor + schedules.interest_minor
    is_paid = (paid_day <= as_of_day) & (amount > 0)
    is_paid &= ~_is_stopped(rng, people, loans, schedules, rows, position)
    loan_index, paid_day, amount = (
        loan_index[is_paid],
        paid_day[is_paid],
        amount[is_paid],
    )
    # Some pay in two parts, the second a few days later.
    is_split = (rng.random(amount.size) < 0.03) & (amount > 1)
    second_day = paid_day[is_split] + rng.integers(1, 6, size=int(is_split.sum()))
    second_amount = amount[is_split] // 2
    amount[is_split] -= second_amount
    in_time = second_day <= as_of_day
    loan_index = np.concatenate([loan_index, loan_index[is_split][in_time]])
    paid_day = np.concatenate([paid_day, second_day[in_time]])
    amount = np.concatenate([amount, second_amount[in_time]])
    order = np.lexsort((paid_day, loan_index))
    return RepaymentColumns(
        ids=numbered_ids(b"r", np.arange(1, order.size + 1)),
        loan_index=loan_index[order],
        paid_day=paid_day[order],
        amount_minor=amount[order],
        known_day=paid_day[order],
    )


def _lateness(rng: np.random.Generator, habit: Int64s) -> Int64s:
    chance = rng.random(habit.size)
    early = -rng.integers(0, 4, size=habit.size)
    few = rng.integers(1, 8, size=habit.size)
    many = rng.integers(3, 31, size=habit.size)
    often = np.array([0.015, 0.30, 0.35])[habit]
    late = np.where(habit == 0, few, many)
    days: Int64s = np.where(chance < often, late, early)
    return days


def _is_stopped(
    rng: np.random.Generator,
    people: People,
    loans: LoanColumns,
    schedules: ScheduleColumns,
    rows: Int64s,
    position: Int64s,
) -> Bools:
    """True for the installments that a bad payer never pays."""
    customer = loans.customer_index[rows]
    last = np.full(people.count, -1)
    last[customer] = np.arange(rows.size)  # rounds are in order: the last one stays
    is_last = last[customer] == np.arange(rows.size)
    stops_at = (rng.random(rows.size) * np.diff(schedules.offsets)).astype(np.int64)
    stops = is_last & (people.habit[customer] == BAD) & (rng.random(rows.size) < 0.8)
    number = np.arange(position.size) - schedules.offsets[:-1][position]
    is_stopped: Bools = stops[position] & (number >= stops_at[position])
    return is_stopped
