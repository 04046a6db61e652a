"""What must hold among the parts of terms that not every loan has.

Due dates that are agreed one by one, tranches, later rates, days without interest, and
fixed sums of the plan. `LoanTerms` asks for a check only where there is such a part, so
that the terms of an ordinary loan cost nothing for it.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
    >>> from microcrm_core.loans.terms_checks import last_due_limit
    >>> terms = LoanTerms(
    ...     principal=Money.of("1200.00", Currency.of("EUR")),
    ...     nominal_rate=Rate.per_year("0.24"),
    ...     installment_count=12,
    ...     frequency=Frequency.MONTHLY,
    ...     disbursed_on=dt.date(2025, 1, 15),
    ...     first_due_on=dt.date(2025, 2, 15),
    ... )
    >>> last_due_limit(terms)
    datetime.date(2026, 2, 1)
"""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import TYPE_CHECKING

from microcrm_core.checks import day
from microcrm_core.dates import FrequencyUnit, add_months, roll_date
from microcrm_core.errors import CurrencyMismatchError, InvalidValueError

if TYPE_CHECKING:
    from microcrm_core.loans.terms import LoanTerms

__all__ = [
    "last_due_limit",
    "require_changes",
    "require_due_dates",
    "require_one_currency",
    "require_tranches",
]


def require_one_currency(terms: LoanTerms) -> None:
    """Refuse a plan with a fixed sum in another currency than the principal.

    Raises:
        CurrencyMismatchError: There is one; the error's `field` is the path to it.

    Example:
        See `microcrm_core.loans.terms_checks`.
    """
    currency = terms.principal.currency
    for path, amount in terms.plan.fixed_amounts:
        if amount.currency != currency:
            raise CurrencyMismatchError(
                f"plan.{path}",
                f"must be in {currency.code}, as the principal",
                amount.currency.code,
            )


def require_due_dates(terms: LoanTerms) -> None:
    """Refuse due dates that do not rise, or that other parts contradict.

    Raises:
        InvalidValueError: `due_on` or `last_due_on` breaks its rule.

    Example:
        See `microcrm_core.loans.terms_checks`.
    """
    for on in terms.due_on:
        day("due_on", on)
    if terms.due_on:
        if len(terms.due_on) != terms.installment_count:
            rule = f"must have {terms.installment_count} dates or none"
            raise InvalidValueError("due_on", rule, len(terms.due_on))
        if terms.due_on[0] != terms.first_due_on:
            rule = f"must begin with first_due_on {terms.first_due_on}"
            raise InvalidValueError("due_on", rule, terms.due_on[0])
        _require_rising("due_on", terms.due_on)
    if terms.last_due_on is not None and (
        terms.due_on or terms.last_due_on < terms.first_due_on
    ):
        rule = "must be first_due_on or later, and None where due_on is given"
        raise InvalidValueError("last_due_on", rule, terms.last_due_on)


def require_tranches(terms: LoanTerms) -> None:
    """Refuse tranches that are no parts of the principal, or out of order.

    Raises:
        InvalidValueError: `tranches` breaks its rule.
        CurrencyMismatchError: A tranche is in another currency than the principal.

    Example:
        See `microcrm_core.loans.terms_checks`.
    """
    for part in terms.tranches:
        if part.amount.currency != terms.principal.currency:
            raise CurrencyMismatchError(
                "tranches",
                f"must be in {terms.principal.currency.code}",
                part.amount.currency.code,
            )
    days = [part.disbursed_on for part in terms.tranches]
    if days[0] < terms.disbursed_on:
        rule = f"must not be before disbursed_on {terms.disbursed_on}"
        raise InvalidValueError("tranches", rule, days[0])
    if sorted(days) != days:
        raise InvalidValueError("tranches", "must be in order of date", days)
    if not terms.disbursements[0][1].is_positive:
        rule = "must leave something of the principal for disbursed_on"
        raise InvalidValueError("tranches", rule, terms.principal)


def require_changes(terms: LoanTerms) -> None:
    """Refuse later rates and pauses that are out of order, or that change nothing.

    What begins after the last due date changes no installment; see `last_due_limit`.

    Raises:
        InvalidValueError: `rate_changes` or `interest_pauses` breaks its rule.

    Example:
        See `microcrm_core.loans.terms_checks`.
    """
    from_on = [change.from_on for change in terms.rate_changes]
    _require_rising("rate_changes", (terms.disbursed_on, *from_on))
    for before, pause in pairwise(terms.interest_pauses):
        if pause.start_on < before.end_on:
            rule = "must be in order of date and not overlap"
            raise InvalidValueError("interest_pauses", rule, pause.start_on)
    limit_on = last_due_limit(terms)
    if limit_on is None:
        return
    start_on = [pause.start_on for pause in terms.interest_pauses]
    for field, days in (("rate_changes", from_on), ("interest_pauses", start_on)):
        # Both are in order, so the last one tells.
        if days and days[-1] > limit_on:
            raise InvalidValueError(
                field,
                f"must not begin after {limit_on}: no due date is agreed for later",
                days[-1],
                hint="agree on a longer term, or leave it out",
            )


def last_due_limit(terms: LoanTerms) -> dt.date | None:
    """Return the latest day that the last due date can be; None: beyond the calendar.

    It is the last due date itself where that is agreed, or counted in days or weeks. In
    months, on which day it falls is a matter of the roll rule, which is a convention
    and no term; the first day of the month after is the latest that any rule gives. A
    move to a business day adds nothing: what is agreed is the date before it is moved.

    Example:
        See `microcrm_core.loans.terms_checks`.
    """
    if terms.due_on:
        return terms.due_on[-1]
    if terms.last_due_on is not None:
        return terms.last_due_on
    first_on, frequency = terms.first_due_on, terms.frequency
    steps = terms.installment_count - 1
    if steps == 0:
        return first_on
    try:
        if frequency.unit is FrequencyUnit.MONTH:
            months = steps * frequency.count
        elif frequency.unit is FrequencyUnit.SEMIMONTH:
            months = (steps + 1) // 2
        else:
            return roll_date(first_on, frequency, steps)
        return add_months(first_on.replace(day=1), months + 1)
    except InvalidValueError:
        # Such terms have no schedule, which `build_schedule` refuses.
        return None


def _require_rising(field: str, days: tuple[dt.date, ...]) -> None:
    for before_on, on in pairwise(days):
        if on <= before_on:
            rule = f"must come after {before_on}, the date before it"
            raise InvalidValueError(field, rule, on)
