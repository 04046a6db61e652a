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
from fractions import Fraction
from typing import Final

import attrs

from microcrm_core.dates import due_dates
from microcrm_core.errors import InvalidValueError, ScheduleError
from microcrm_core.loans.asked import not_covered
from microcrm_core.loans.conventions import (
    Arithmetic,
    Remainder,
    ScheduleConventions,
    ShortPeriod,
    SplitDayCount,
)
from microcrm_core.loans.fees import FeeBase, FeeTiming
from microcrm_core.loans.fineract_cumulative import (
    CumulativeRow,
    CumulativeRule,
    cumulative_rows,
)
from microcrm_core.loans.fineract_events import (
    ChangeRate,
    Disburse,
    ModelEvent,
    PauseInterest,
)
from microcrm_core.loans.fineract_factors import FactorRule
from microcrm_core.loans.fineract_level import LevelRule
from microcrm_core.loans.fineract_limits import require_known
from microcrm_core.loans.fineract_numbers import FineractNumbers
from microcrm_core.loans.fineract_progressive import ProgressiveModel
from microcrm_core.loans.fineract_rows import Row
from microcrm_core.loans.methods import (
    EqualPrincipal,
    FlatInterest,
    InterestOnly,
)
from microcrm_core.loans.periods import ScheduleDates
from microcrm_core.loans.portions import EPOCH_ORDINAL
from microcrm_core.loans.terms import LoanTerms
from microcrm_core.loans.workings import (
    InstallmentWorking,
    InterestSlice,
    ScheduleParts,
)
from microcrm_core.money import Money
from microcrm_core.rounding import round_to_multiple

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
    lines = _lines(terms, conventions)
    if not 1 <= number <= len(lines):
        rule = f"must be from 1 to {len(lines)}"
        raise InvalidValueError("number", rule, number)
    line = lines[number - 1]
    slices: tuple[InterestSlice, ...] = ()
    equal_minor: int | None = None
    if isinstance(line.source, Row):
        slices = _row_slices(line.source)
        equal_minor = None if line.source.is_grace else line.level_minor
    elif line.source is not None:
        slices = _cumulative_slices(line.source, terms)
        equal_minor = line.level_minor
    total_minor = line.principal_minor + line.interest_minor
    exact = sum((part.interest for part in slices), Fraction(0))
    return InstallmentWorking(
        number=number,
        due_on=line.due_on,
        slices=slices,
        interest_exact=exact,
        interest_minor=line.accrued_minor,
        rounding=conventions.rounding,
        equal_minor=equal_minor,
        remainder_minor=None if equal_minor is None else total_minor - equal_minor,
        principal_minor=line.principal_minor,
        interest_due_minor=line.interest_minor,
        fees_minor=line.fees_minor,
    )


@attrs.define(kw_only=True)
class _Line:
    due_on: dt.date
    principal_minor: int
    interest_minor: int = 0
    accrued_minor: int = 0
    level_minor: int | None = None
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
    payouts = _payouts(terms, conventions, numbers, dates)
    if conventions.arithmetic is Arithmetic.FINERACT_PROGRESSIVE:
        lines = _progressive_lines(terms, conventions, numbers, dates, payouts)
    else:
        lines = _cumulative_lines(terms, conventions, numbers, dates, payouts)
    return _in_order(terms, conventions, lines, payouts)


def _is_moved(terms: LoanTerms, conventions: ScheduleConventions) -> bool:
    # Dates that are given one by one were moved, unless they are what the disbursement
    # and the frequency give anyway.
    if not terms.due_on:
        return False
    regular_on = due_dates(
        terms.disbursed_on,
        terms.frequency,
        terms.installment_count + 1,
        conventions.roll,
    )
    return regular_on[1:] != terms.due_on


def _payouts(
    terms: LoanTerms,
    conventions: ScheduleConventions,
    numbers: FineractNumbers,
    dates: Sequence[dt.date],
) -> list[_Payout]:
    payouts: list[_Payout] = []
    for on, amount in terms.disbursements:
        if on > dates[-1] or (len(payouts) > 0 and on == dates[-1]):
            rule = f"must be before the last due date {dates[-1]}"
            raise InvalidValueError("tranches", rule, on)
        part_minor = _down_payment_minor(terms, conventions, numbers, amount)
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


def _down_payment_minor(
    terms: LoanTerms,
    conventions: ScheduleConventions,
    numbers: FineractNumbers,
    amount: Money,
) -> int:
    portion = terms.plan.down_payment
    if portion is None or portion.share is None:
        return 0
    part_minor = numbers.share_minor(amount.minor, portion.share)
    # The product's multiple is for installments; the engine rounds a down payment to
    # it as well.
    return round_to_multiple(
        part_minor, conventions.installment_multiple, conventions.rounding
    )


def _progressive_lines(
    terms: LoanTerms,
    conventions: ScheduleConventions,
    numbers: FineractNumbers,
    dates: Sequence[dt.date],
    payouts: Sequence[_Payout],
) -> list[_Line]:
    assert isinstance(conventions.day_count, SplitDayCount)  # conventions require it
    rate = numbers.of_fraction(terms.nominal_rate.annual_fraction)
    grace_count = terms.plan.grace.principal_count
    if isinstance(terms.plan.method, InterestOnly):
        grace_count = terms.installment_count - 1
    model = ProgressiveModel.of(
        dates,
        rate=rate,
        factors=FactorRule(
            day_count=conventions.day_count,
            frequency=terms.frequency,
            start_on=dates[0],
            has_interest_on_disbursement_day=(
                conventions.has_interest_on_disbursement_day
            ),
            numbers=numbers,
        ),
        level=LevelRule(
            numbers=numbers,
            installment_multiple=conventions.installment_multiple,
            unit_minor=10**terms.principal.currency.exponent,
            grace_count=grace_count,
            is_smoothed=(
                conventions.remainder is Remainder.SMOOTHED
                and not _is_moved(terms, conventions)
            ),
        ),
    ).after(*_events(terms, numbers, payouts))
    return [
        _Line(
            due_on=row.due_on,
            principal_minor=row.principal_minor,
            interest_minor=row.interest_minor,
            accrued_minor=row.accrued_minor,
            level_minor=row.level_minor,
            source=row,
        )
        for row in model.rows
    ]


def _events(
    terms: LoanTerms, numbers: FineractNumbers, payouts: Sequence[_Payout]
) -> list[ModelEvent]:
    events: list[ModelEvent] = [
        Disburse(payout.on, payout.amount_minor - payout.down_payment_minor)
        for payout in payouts
    ]
    for change in terms.rate_changes:
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
    assert isinstance(conventions.day_count, SplitDayCount)  # conventions require it
    method = terms.plan.method
    rule = CumulativeRule(
        day_count=conventions.day_count,
        frequency=terms.frequency,
        accrual=conventions.accrual,
        is_partial_counted=conventions.short_period is ShortPeriod.BY_DAYS,
        is_flat=isinstance(method, FlatInterest),
        is_equal_principal=isinstance(method, EqualPrincipal),
        installment_multiple=conventions.installment_multiple,
        grace_count=terms.plan.grace.principal_count,
        numbers=numbers,
    )
    rows = cumulative_rows(
        rule,
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
            accrued_minor=row.interest_minor,
            level_minor=row.equal_minor,
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


def _row_slices(row: Row) -> tuple[InterestSlice, ...]:
    slices: list[InterestSlice] = []
    for part in row.slices:
        days = (part.end_on - part.start_on).days
        if days == 0:
            continue
        # The days take their share of the factor that runs to the due date.
        factor = Fraction(part.factor_to_due) * days / (row.due_on - part.start_on).days
        slices.append(
            InterestSlice(
                start_on=part.start_on,
                end_on=part.end_on,
                days=days,
                balance_minor=part.balance_minor,
                annual_rate=Fraction(0 if part.is_paused else part.rate),
                factor=Fraction(0) if part.is_paused else factor,
                interest=Fraction(part.interest),
            )
        )
    return tuple(slices)


def _cumulative_slices(
    row: CumulativeRow, terms: LoanTerms
) -> tuple[InterestSlice, ...]:
    return tuple(
        InterestSlice(
            start_on=part.start_on,
            end_on=part.end_on,
            days=(part.end_on - part.start_on).days,
            balance_minor=part.balance_minor,
            annual_rate=terms.nominal_rate.annual_fraction,
            factor=Fraction(part.factor),
            interest=Fraction(part.interest),
        )
        for part in row.slices
    )
