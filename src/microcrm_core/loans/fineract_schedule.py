"""Schedules with the arithmetic of Apache Fineract: terms in, columns out.

The engines know dates, minor units and decimals only. Here the terms of a loan become
their dates, disbursements and events, and what they return becomes the columns of a
schedule and the working of a row. What an engine does not know is refused by name, and
never computed in another way.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import Currency, Money
    >>> from microcrm_core.dates import Frequency
    >>> from microcrm_core.loans import FINERACT, LoanTerms
    >>> from microcrm_core.loans.fineract_schedule import fineract_parts
    >>> from microcrm_core.rates import Rate
    >>> terms = LoanTerms(
    ...     principal=Money.of("100.00", Currency.of("EUR")),
    ...     nominal_rate=Rate.per_year("0.07"),
    ...     installment_count=6,
    ...     frequency=Frequency.MONTHLY,
    ...     disbursed_on=dt.date(2024, 1, 1),
    ...     first_due_on=dt.date(2024, 2, 1),
    ... )
    >>> fineract_parts(terms, FINERACT).principal_minor
    (1643, 1652, 1662, 1672, 1681, 1690)
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

import attrs

from microcrm_core.errors import InvalidValueError, ScheduleError
from microcrm_core.loans.asked import not_covered
from microcrm_core.loans.conventions import (
    Arithmetic,
    ScheduleConventions,
)
from microcrm_core.loans.fees import FeeBase, FeeTiming
from microcrm_core.loans.fineract_cumulative import (
    CumulativeRow,
    cumulative_rows,
)
from microcrm_core.loans.fineract_events import (
    ChangeRate,
    Disburse,
    ModelEvent,
    PauseInterest,
)
from microcrm_core.loans.fineract_limits import require_known
from microcrm_core.loans.fineract_models import (
    cumulative_rule,
    down_payment_minor,
    empty_model,
)
from microcrm_core.loans.fineract_numbers import FineractNumbers
from microcrm_core.loans.fineract_rows import Row
from microcrm_core.loans.periods import ScheduleDates
from microcrm_core.loans.portions import EPOCH_ORDINAL
from microcrm_core.loans.terms import LoanTerms
from microcrm_core.loans.workings import InstallmentWorking, ScheduleParts
from microcrm_core.money import Money

__all__ = ["fineract_parts", "fineract_working"]

_DAY: Final = dt.timedelta(days=1)


def fineract_parts(terms: LoanTerms, conventions: ScheduleConventions) -> ScheduleParts:
    """Return the columns of the schedule of *terms*.

    Raises:
        InvalidValueError: The engine that *conventions* name does not know something
            that *terms* or *conventions* ask for.
        ScheduleError: The level installment does not cover the interest of a period.

    Example:
        See `microcrm_core.loans.fineract_schedule`.
    """
    lines = _lines(terms, conventions)
    days = tuple(line.due_on.toordinal() - EPOCH_ORDINAL for line in lines)
    return ScheduleParts(
        due_day=days,
        unadjusted_day=days,
        principal_minor=tuple(line.principal_minor for line in lines),
        interest_minor=tuple(line.interest_minor for line in lines),
        fees_minor=tuple(line.fees_minor for line in lines),
        capitalized_minor=(0,) * len(lines),
        outstanding_minor=tuple(line.outstanding_minor for line in lines),
        is_down_payment=tuple(line.source is None for line in lines),
    )


def fineract_working(
    terms: LoanTerms, conventions: ScheduleConventions, number: int
) -> InstallmentWorking:
    """Return how the row *number* of the schedule was computed, from 1.

    Raises:
        InvalidValueError: There is no such row, or as `fineract_parts`.
        ScheduleError: As `fineract_parts`.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.dates import Frequency
        >>> from microcrm_core.loans import FINERACT, LoanTerms
        >>> from microcrm_core.loans.fineract_schedule import fineract_working
        >>> from microcrm_core.rates import Rate
        >>> terms = LoanTerms(
        ...     principal=Money.of("100.00", Currency.of("EUR")),
        ...     nominal_rate=Rate.per_year("0.07"),
        ...     installment_count=6,
        ...     frequency=Frequency.MONTHLY,
        ...     disbursed_on=dt.date(2024, 1, 1),
        ...     first_due_on=dt.date(2024, 2, 1),
        ... )
        >>> working = fineract_working(terms, FINERACT, 6)
        >>> working.interest_minor, working.equal_minor, working.remainder_minor
        (10, 1701, -1)
    """
    # Most schedules are never explained.
    from microcrm_core.loans.fineract_workings import FineractWorkings

    lines = _lines(terms, conventions)
    if not 1 <= number <= len(lines):
        rule = f"must be from 1 to {len(lines)}"
        raise InvalidValueError("number", rule, number)
    line = lines[number - 1]
    sources = [each.source for each in lines if each.source is not None]
    position = sum(each.source is not None for each in lines[: number - 1])
    workings = FineractWorkings(terms=terms, conventions=conventions, sources=sources)
    if isinstance(line.source, Row):
        working = workings.of_progressive(position)
    elif line.source is not None:
        dates = ScheduleDates.of(terms, conventions).bounds_on
        counting = cumulative_rule(terms, conventions)
        working = workings.of_cumulative(position, counting, dates)
    else:
        working = workings.of_down_payment(line.due_on, line.principal_minor)
    balance_minor = line.outstanding_minor + line.principal_minor
    fees = () if line.source is None else workings.fees(balance_minor)
    return attrs.evolve(working, number=number, fees=fees, fees_minor=line.fees_minor)


@attrs.define(kw_only=True)
class _Line:
    due_on: dt.date
    principal_minor: int
    interest_minor: int = 0
    fees_minor: int = 0
    outstanding_minor: int = 0
    source: Row | CumulativeRow | None = None


@attrs.frozen(kw_only=True)
class _Payout:
    on: dt.date
    amount_minor: int
    down_payment_minor: int


def _lines(terms: LoanTerms, conventions: ScheduleConventions) -> list[_Line]:
    require_known(terms, conventions)
    numbers = FineractNumbers(rounding=conventions.rounding)
    dates = ScheduleDates.of(terms, conventions).bounds_on
    payouts = _payouts(terms, conventions, dates)
    if conventions.arithmetic is Arithmetic.FINERACT_PROGRESSIVE:
        lines = _progressive_lines(terms, conventions, numbers, payouts)
    else:
        lines = _cumulative_lines(terms, conventions, numbers, dates, payouts)
    return _in_order(terms, conventions, lines, payouts)


def _payouts(
    terms: LoanTerms,
    conventions: ScheduleConventions,
    dates: Sequence[dt.date],
) -> list[_Payout]:
    payouts: list[_Payout] = []
    for on, amount in terms.disbursements:
        if on > dates[-1] or (len(payouts) > 0 and on == dates[-1]):
            rule = f"must be before the last due date {dates[-1]}"
            raise InvalidValueError("tranches", rule, on)
        part_minor = down_payment_minor(terms, conventions, amount.minor)
        if part_minor >= amount.minor:
            raise ScheduleError(
                "plan.down_payment",
                f"must be less than the disbursement of {on}, {amount}",
                str(Money(part_minor, amount.currency)),
                hint="lower it, or the installment_multiple that it is rounded to",
            )
        payouts.append(
            _Payout(on=on, amount_minor=amount.minor, down_payment_minor=part_minor)
        )
    return payouts


def _progressive_lines(
    terms: LoanTerms,
    conventions: ScheduleConventions,
    numbers: FineractNumbers,
    payouts: Sequence[_Payout],
) -> list[_Line]:
    model = empty_model(terms, conventions)
    events = _events(terms, numbers, payouts, model.rows[-1].due_on)
    model = model.after(*events)
    return [
        _Line(
            due_on=row.due_on,
            principal_minor=row.principal_minor,
            interest_minor=row.interest_minor,
            source=row,
        )
        for row in model.rows
    ]


def _events(
    terms: LoanTerms,
    numbers: FineractNumbers,
    payouts: Sequence[_Payout],
    last_on: dt.date,
) -> list[ModelEvent]:
    events: list[ModelEvent] = [
        Disburse(payout.on, payout.amount_minor - payout.down_payment_minor)
        for payout in payouts
    ]
    for change in terms.rate_changes:
        # It counts from the close of the day before.
        if change.from_on - _DAY > last_on:
            rule = f"must not begin more than a day after the last due date {last_on}"
            hint = "agree on a longer term, or leave it out"
            raise InvalidValueError("rate_changes", rule, change.from_on, hint=hint)
        rate = numbers.of_fraction(change.nominal_rate.annual_fraction)
        events.append(ChangeRate(change.from_on, rate))
    events += [
        PauseInterest(pause.start_on, pause.end_on - _DAY)
        for pause in terms.interest_pauses
    ]
    # Sorting keeps the order of kinds on one day: what is paid out comes first.
    return sorted(events, key=lambda event: event.on)


def _cumulative_lines(
    terms: LoanTerms,
    conventions: ScheduleConventions,
    numbers: FineractNumbers,
    dates: Sequence[dt.date],
    payouts: Sequence[_Payout],
) -> list[_Line]:
    rows = cumulative_rows(
        cumulative_rule(terms, conventions),
        dates,
        [
            (payout.on, payout.amount_minor - payout.down_payment_minor)
            for payout in payouts
        ],
        rate=numbers.of_fraction(terms.nominal_rate.annual_fraction),
        flat_minor=terms.principal.minor,
    )
    for number, row in enumerate(rows, start=1):
        if row.principal_minor < 0:
            raise not_covered(
                terms,
                number,
                len(rows),
                paid_minor=row.equal_minor,
                interest_minor=row.interest_minor,
                hint="or shorten the period",
            )
    return [
        _Line(
            due_on=due_on,
            principal_minor=row.principal_minor,
            interest_minor=row.interest_minor,
            source=row,
        )
        for due_on, row in zip(dates[1:], rows, strict=True)
    ]


def _in_order(
    terms: LoanTerms,
    conventions: ScheduleConventions,
    lines: Sequence[_Line],
    payouts: Sequence[_Payout],
) -> list[_Line]:
    # What is paid out on a due date comes after its installment in the progressive
    # engine, and before it in the cumulative one; down payments follow at once.
    is_after = conventions.arithmetic is Arithmetic.FINERACT_PROGRESSIVE
    rank = 0 if is_after else 2
    steps: list[tuple[dt.date, int, int, _Line | None]] = [
        (line.due_on, rank, 0, line) for line in lines
    ]
    for payout in payouts:
        steps.append((payout.on, 1, payout.amount_minor, None))
        if payout.down_payment_minor:
            line = _Line(due_on=payout.on, principal_minor=payout.down_payment_minor)
            steps.append((payout.on, 1, 0, line))
    # A payment of the day comes before the down payments of the day.
    steps.sort(key=lambda step: (step[0], step[1], step[3] is not None))
    ordered: list[_Line] = []
    outstanding_minor = 0
    for _, _, paid_out_minor, step in steps:
        outstanding_minor += paid_out_minor
        if step is not None:
            if terms.plan.fees and step.source is not None:
                step.fees_minor = _fees_minor(terms, conventions, outstanding_minor)
            outstanding_minor -= step.principal_minor
            step.outstanding_minor = outstanding_minor
            ordered.append(step)
    return ordered


def _fees_minor(
    terms: LoanTerms, conventions: ScheduleConventions, outstanding_minor: int
) -> int:
    total_minor = 0
    for fee in terms.plan.fees:
        if fee.timing is FeeTiming.PER_INSTALLMENT:
            base = terms.principal
            if fee.base is FeeBase.OUTSTANDING:
                base = Money(outstanding_minor, base.currency)
            total_minor += fee.portion.minor_of(base, conventions.rounding)
    return total_minor
