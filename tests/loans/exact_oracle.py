"""The definitions of exact schedules once more, slowly: day by day, in fractions.

Nothing here calls the engine. Interest is added up over single days, and amounts are
found by trying; both are as close to the words of the definitions as code can be.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from fractions import Fraction

import attrs

from microcrm_core.dates import DayCount, due_dates, year_fraction
from microcrm_core.loans import (
    DeferredInterest,
    EqualInstallments,
    Graduated,
    LoanTerms,
    Portion,
    Remainder,
    ScheduleConventions,
    Seasonal,
    UnpaidInterest,
    Weighted,
)
from microcrm_core.rounding import round_fraction

DAY = dt.timedelta(days=1)


def to_multiple(value: Fraction, multiple: int, rules: ScheduleConventions) -> int:
    """Round to a multiple, as the conventions say."""
    return round_fraction(value / multiple, rules.rounding) * multiple


def portion_of(portion: Portion, base_minor: int, rules: ScheduleConventions) -> int:
    """A share is rounded, a fixed sum is as agreed."""
    if portion.share is None:
        assert portion.amount is not None
        return portion.amount.minor
    return to_multiple(portion.share * base_minor, rules.currency_multiple, rules)


def net_payouts(
    terms: LoanTerms, rules: ScheduleConventions
) -> list[tuple[dt.date, int]]:
    """What of each disbursement bears interest, with its day."""
    down = terms.plan.down_payment
    return [
        (
            on,
            amount.minor
            - (0 if down is None else portion_of(down, amount.minor, rules)),
        )
        for on, amount in terms.disbursements
    ]


def interest_by_days(
    terms: LoanTerms,
    rules: ScheduleConventions,
    period: tuple[dt.date, dt.date],
    start_minor: int,
) -> Fraction:
    """Add up the interest of every single day of a period.

    *start_minor* bears interest from the start; what is paid out inside is added.
    """
    assert isinstance(rules.day_count, DayCount)
    start_on, end_on = period
    shift = dt.timedelta(days=0 if rules.has_interest_on_disbursement_day else 1)
    total, on = Fraction(0), start_on
    while on < end_on:
        balance = start_minor + sum(
            minor
            for paid_on, minor in net_payouts(terms, rules)[1:]
            if start_on < paid_on <= on
        )
        rate = terms.nominal_rate.annual_fraction
        for change in terms.rate_changes:
            if change.from_on - shift <= on:
                rate = change.nominal_rate.annual_fraction
        for pause in terms.interest_pauses:
            if pause.start_on - shift <= on < pause.end_on - shift:
                rate = Fraction(0)
        years = year_fraction(rules.day_count, start_on, on + DAY)
        years -= year_fraction(rules.day_count, start_on, on)
        total += balance * rate * years
        on += DAY
    return total


@attrs.frozen(kw_only=True)
class OracleRow:
    """What a row of an equal, graduated, weighted or seasonal loan pays."""

    principal_minor: int
    interest_minor: int
    capitalized_minor: int


def weights_of(terms: LoanTerms, rules: ScheduleConventions) -> list[Fraction]:
    """The size of each installment against the others."""
    method, count = terms.plan.method, terms.installment_count
    if isinstance(method, EqualInstallments):
        return [Fraction(1)] * count
    if isinstance(method, Weighted):
        return list(method.weights)
    if isinstance(method, Graduated):
        growth = 1 + method.step_share
        return [growth ** (row // method.step_count) for row in range(count)]
    assert isinstance(method, Seasonal)
    dates = due_dates(terms.first_due_on, terms.frequency, count, rules.roll)
    return [method.month_weights[on.month - 1] for on in dates]


def level_rows(terms: LoanTerms, rules: ScheduleConventions) -> list[OracleRow] | None:
    """The rows of a loan whose method fixes the installment; None: refused.

    For loans without tranches, changes of the rate and pauses.
    """
    weights = weights_of(terms, rules)
    multiple = rules.installment_multiple
    grace = terms.plan.grace.principal_count

    def amounts(level: int) -> list[int]:
        return [to_multiple(weight * level, multiple, rules) for weight in weights]

    def excess(asked: list[int]) -> int:
        rows = _paid(terms, rules, asked)
        last = rows[-1].principal_minor + rows[-1].interest_minor
        last -= _deferred_in_last(terms, rules, asked)
        return last - _balloon(terms, rules) - asked[-1]

    units = _least(lambda units: excess(amounts(units * multiple)) <= 0)
    asked = amounts(units * multiple)
    if rules.remainder is Remainder.SMOOTHED and units > 0:
        smaller = amounts((units - 1) * multiple)
        if abs(excess(smaller)) <= abs(excess(asked)):
            asked = smaller
    first = next((row for row in range(grace, len(weights)) if weights[row]), 0)
    takes_rest = rules.remainder is Remainder.FIRST and first < len(weights) - 1
    if takes_rest:
        step = rules.currency_multiple

        def with_first(units: int) -> list[int]:
            return [*asked[:first], units * step, *asked[first + 1 :]]

        asked = with_first(_least(lambda units: excess(with_first(units)) <= 0))
        if terms.plan.unpaid_interest is UnpaidInterest.REFUSED:
            interest = _interests(terms, rules, asked)[first]
            asked = [*asked[:first], max(asked[first], interest), *asked[first + 1 :]]
    interests = _interests(terms, rules, asked)
    if terms.plan.unpaid_interest is UnpaidInterest.REFUSED:
        later = range(grace, len(asked) - 1)
        if any(asked[row] < interests[row] for row in later):
            return None
    return _paid(terms, rules, asked)


def _least(is_enough: Callable[[int], bool]) -> int:
    """Halve the numbers from zero on; what is enough stays enough."""
    high = 1
    while not is_enough(high):
        high *= 2
    low = -1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high


def _balloon(terms: LoanTerms, rules: ScheduleConventions) -> int:
    balloon = terms.plan.balloon
    return 0 if balloon is None else portion_of(balloon, terms.principal.minor, rules)


def _periods(
    terms: LoanTerms, rules: ScheduleConventions
) -> list[tuple[dt.date, dt.date]]:
    dates = due_dates(
        terms.first_due_on, terms.frequency, terms.installment_count, rules.roll
    )
    return list(zip((terms.disbursed_on, *dates[:-1]), dates, strict=True))


def _interests(
    terms: LoanTerms, rules: ScheduleConventions, asked: list[int]
) -> list[int]:
    return [interest for interest, _ in _walked(terms, rules, asked)]


def _paid(
    terms: LoanTerms, rules: ScheduleConventions, asked: list[int]
) -> list[OracleRow]:
    return [row for _, row in _walked(terms, rules, asked)]


def _deferred_in_last(
    terms: LoanTerms, rules: ScheduleConventions, asked: list[int]
) -> int:
    grace = terms.plan.grace
    is_last = grace.deferred_interest is DeferredInterest.LAST_INSTALLMENT
    first = grace.deferred_interest is DeferredInterest.FIRST_INSTALLMENT
    is_last |= first and grace.interest_payment_count == len(asked) - 1
    if not is_last:
        return 0
    return sum(_interests(terms, rules, asked)[: grace.interest_payment_count])


def _walked(
    terms: LoanTerms, rules: ScheduleConventions, asked: list[int]
) -> list[tuple[int, OracleRow]]:
    """Each row's own interest, and what it pays if so much is asked of it."""
    plan, grace = terms.plan, terms.plan.grace
    [(_, balance)] = net_payouts(terms, rules)
    for fee in plan.fees:
        if fee.timing.value == "financed":
            balance += portion_of(fee.portion, terms.principal.minor, rules)
    balloon = _balloon(terms, rules)
    waiting = deferred = 0
    rows: list[tuple[int, OracleRow]] = []
    for row, (start_on, end_on) in enumerate(_periods(terms, rules)):
        assert isinstance(rules.day_count, DayCount)
        rate = terms.nominal_rate.annual_fraction
        if row < grace.interest_free_count:
            rate = Fraction(0)
        exact = balance * rate * year_fraction(rules.day_count, start_on, end_on)
        interest = to_multiple(exact, rules.currency_multiple, rules)
        principal = paid = added = 0
        if row < grace.interest_payment_count:
            if grace.deferred_interest is DeferredInterest.CAPITALIZED:
                added = interest
            else:
                deferred += interest
        elif row < grace.principal_count:
            paid = interest
        elif row == terms.installment_count - 1:
            principal, paid = balance, interest + waiting
        else:
            owed = interest + waiting
            paid = min(asked[row], owed)
            principal = min(asked[row] - paid, max(balance - balloon, 0))
            waiting = owed - paid
            if plan.unpaid_interest is not UnpaidInterest.CARRIED:
                added, waiting = waiting, 0
        is_first = grace.deferred_interest is DeferredInterest.FIRST_INSTALLMENT
        due_row = grace.interest_payment_count if is_first else len(asked) - 1
        if row == due_row:
            paid, deferred = paid + deferred, 0
        balance += added - principal
        rows.append(
            (
                interest,
                OracleRow(
                    principal_minor=principal,
                    interest_minor=paid,
                    capitalized_minor=added,
                ),
            )
        )
    return rows
