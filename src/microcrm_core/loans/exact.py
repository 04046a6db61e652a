"""Schedules by exact fractions: the rows in order, and how one of them came.

`exact_rows` works the installments out. Here they get their company: down payments
stand beside them on their days, and rows that a business day brought together are
made one, if the conventions say so. Read `schedule` next.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
    >>> from microcrm_core.loans import STRICT, EqualPrincipal, RepaymentPlan
    >>> from microcrm_core.loans.exact import exact_parts
    >>> terms = LoanTerms(
    ...     principal=Money.of("1000.00", Currency.of("EUR")),
    ...     nominal_rate=Rate.per_year("0.24"),
    ...     installment_count=3,
    ...     frequency=Frequency.MONTHLY,
    ...     disbursed_on=dt.date(2025, 1, 15),
    ...     first_due_on=dt.date(2025, 2, 15),
    ...     plan=RepaymentPlan(method=EqualPrincipal()),
    ... )
    >>> exact_parts(terms, STRICT).principal_minor
    (33334, 33334, 33332)
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from fractions import Fraction
from itertools import groupby

import attrs

from microcrm_core.errors import InvalidValueError
from microcrm_core.loans.conventions import Collision, ScheduleConventions
from microcrm_core.loans.exact_rows import ExactRow, exact_rows
from microcrm_core.loans.fees import FeeTiming
from microcrm_core.loans.portions import (
    EPOCH_ORDINAL,
    Payout,
    fees_at_start_minor,
    payouts,
)
from microcrm_core.loans.terms import LoanTerms
from microcrm_core.loans.working_parts import AmountRule
from microcrm_core.loans.workings import InstallmentWorking, ScheduleParts

__all__ = ["exact_parts", "exact_working"]


def exact_parts(terms: LoanTerms, conventions: ScheduleConventions) -> ScheduleParts:
    """Return the columns of the schedule.

    Raises:
        ScheduleError: The terms allow no schedule.
        InvalidValueError: A date would leave the calendar, or the day count needs a
            calendar and there is none.
        CurrencyMismatchError: A part of the plan is in another currency.

    Example:
        See `microcrm_core.loans.exact`.
    """
    paid_out = payouts(terms, conventions)
    rows = exact_rows(terms, conventions, paid_out)
    entries = _entries(rows, terms, conventions, paid_out)
    outstanding: list[int] = []
    balance = fees_at_start_minor(terms, conventions, FeeTiming.FINANCED)
    later = list(paid_out)
    for entry in entries:
        while later and later[0].day <= entry.reached_day:
            balance += later.pop(0).amount_minor
        balance += entry.capitalized_minor - entry.principal_minor
        outstanding.append(balance)
    return ScheduleParts(
        due_day=tuple(entry.due_day for entry in entries),
        unadjusted_day=tuple(entry.unadjusted_day for entry in entries),
        principal_minor=tuple(entry.principal_minor for entry in entries),
        interest_minor=tuple(entry.interest_minor for entry in entries),
        fees_minor=tuple(entry.fees_minor for entry in entries),
        capitalized_minor=tuple(entry.capitalized_minor for entry in entries),
        outstanding_minor=tuple(outstanding),
        is_down_payment=tuple(not entry.rows for entry in entries),
    )


def exact_working(
    terms: LoanTerms, conventions: ScheduleConventions, number: int
) -> InstallmentWorking:
    """Return how one row of the schedule was computed.

    Args:
        terms: What was agreed.
        conventions: How amounts are made.
        number: Position in the schedule, from 1.

    Raises:
        InvalidValueError: There is no such row.
        ScheduleError: The terms allow no schedule.

    Example:
        See `Schedule.explain`.
    """
    # Most schedules are never explained.
    from microcrm_core.loans.exact_workings import ExactWorkings, merged_working

    paid_out = payouts(terms, conventions)
    workings = ExactWorkings.of(terms, conventions, paid_out)
    entries = _entries(workings.rows, terms, conventions, paid_out)
    if not 1 <= number <= len(entries):
        rule = f"must be from 1 to {len(entries)}"
        raise InvalidValueError("number", rule, number)
    entry = entries[number - 1]
    before = sum(len(entry.rows) for entry in entries[: number - 1])
    parts = [workings.working(before + part) for part in range(len(entry.rows))]
    if not parts:
        return _down_payment_working(number, entry, terms, conventions)
    if len(parts) == 1:
        return attrs.evolve(parts[0], number=number)
    return merged_working(number, parts)


def _down_payment_working(
    number: int, entry: _Entry, terms: LoanTerms, conventions: ScheduleConventions
) -> InstallmentWorking:
    return InstallmentWorking(
        number=number,
        due_on=dt.date.fromordinal(entry.due_day + EPOCH_ORDINAL),
        slices=(),
        interest_exact=Fraction(0),
        interest_minor=0,
        rounding=conventions.rounding,
        equal_minor=None,
        remainder_minor=None,
        principal_minor=entry.principal_minor,
        interest_due_minor=0,
        fees_minor=0,
        currency=terms.principal.currency,
        rounding_multiple_minor=conventions.currency_multiple,
        amount_rule=AmountRule.DOWN_PAYMENT,
    )


@attrs.frozen(kw_only=True)
class _Entry:
    """One row of a schedule: installments that are one, or a down payment."""

    due_day: int
    unadjusted_day: int
    reached_day: int
    principal_minor: int
    rows: tuple[ExactRow, ...] = ()

    @classmethod
    def of_rows(cls, rows: Sequence[ExactRow]) -> _Entry:
        last = rows[-1]
        return cls(
            due_day=last.due_day,
            unadjusted_day=last.unadjusted_day,
            reached_day=max(last.due_day, last.end_day),
            principal_minor=sum(row.principal_minor for row in rows),
            rows=tuple(rows),
        )

    @classmethod
    def of_down_payment(cls, payout: Payout) -> _Entry:
        return cls(
            due_day=payout.day,
            unadjusted_day=payout.day,
            reached_day=payout.day,
            principal_minor=payout.down_minor,
        )

    @property
    def interest_minor(self) -> int:
        return sum(row.interest_due_minor for row in self.rows)

    @property
    def fees_minor(self) -> int:
        return sum(row.fees_minor for row in self.rows)

    @property
    def capitalized_minor(self) -> int:
        return sum(row.capitalized_minor for row in self.rows)


def _entries(
    rows: Sequence[ExactRow],
    terms: LoanTerms,
    conventions: ScheduleConventions,
    paid_out: tuple[Payout, ...],
) -> list[_Entry]:
    business_days = conventions.business_days
    if business_days is not None and business_days.collision is Collision.MERGED:
        groups = [list(group) for _, group in groupby(rows, lambda row: row.due_day)]
    else:
        groups = [[row] for row in rows]
    entries: list[_Entry] = []
    if terms.plan.down_payment is not None:
        entries.extend(map(_Entry.of_down_payment, paid_out))
    entries.extend(map(_Entry.of_rows, groups))
    # Down payments come first on their day, because the order is kept on ties.
    return sorted(entries, key=lambda entry: entry.due_day)
