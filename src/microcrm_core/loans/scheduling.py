"""Making a schedule of terms: the short way where it will do, else the engine.

Most loans are repaid in plain installments, and whole numbers in a few columns are all
that they need. What has grace, fees, tranches or other methods goes through the exact
engine; what asks for the arithmetic of Apache Fineract goes through that one.

Example:
    See `build_schedule`.
"""

from __future__ import annotations

from microcrm_core.errors import InvalidValueError
from microcrm_core.loans.conventions import (
    Arithmetic,
    ScheduleConventions,
    require_conventions,
)
from microcrm_core.loans.plain import plain_columns
from microcrm_core.loans.schedule import Schedule
from microcrm_core.loans.terms import LoanTerms

__all__ = ["build_schedule"]


def build_schedule(terms: LoanTerms, conventions: ScheduleConventions) -> Schedule:
    """Return the schedule of *terms* under *conventions*.

    Interest of a period is outstanding principal × yearly rate × fraction of a year
    since the due date before (the disbursement at first), rounded once. What an
    installment comes to follows from the method of `terms.plan`. Equal installments
    pay the level amount, or all that is left if that is less: the smallest amount
    with which the last installment is no larger than the others. Under a Fineract
    arithmetic the amounts are those of that engine instead.

    Raises:
        ScheduleError: The terms allow no schedule; the text says which row and why.
            An installment may not cover the interest of its period, for example,
            where a first period is much longer than the others.
        InvalidValueError: An argument is of another kind, a due date would leave the
            calendar, or the day count needs a calendar and there is none.

    Source:
        House rule, stated as a property. Textbooks give the same amount before
        rounding: S. G. Kellison, The Theory of Interest, chapter 5.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.dates import Frequency
        >>> from microcrm_core.loans import STRICT, LoanTerms, build_schedule
        >>> from microcrm_core.rates import Rate
        >>> terms = LoanTerms(
        ...     principal=Money.of("10.00", Currency.of("EUR")),
        ...     nominal_rate=Rate.per_year(0),
        ...     installment_count=3,
        ...     frequency=Frequency.MONTHLY,
        ...     disbursed_on=dt.date(2025, 1, 15),
        ...     first_due_on=dt.date(2025, 2, 15),
        ... )
        >>> [str(row.total) for row in build_schedule(terms, STRICT).installments]
        ['EUR 3.34', 'EUR 3.34', 'EUR 3.32']
    """
    if type(terms) is not LoanTerms or type(conventions) is not ScheduleConventions:
        _require_kinds(terms, conventions)
    plain = plain_columns(terms, conventions)
    if plain is None and (
        terms.rate_changes or terms.due_on or terms.last_due_on is not None
    ):
        # Only loans that have changed need it.
        from microcrm_core.loans.plain_changes import changed_columns

        plain = changed_columns(terms, conventions)
    if plain is not None:
        due_day, principal_minor, interest_minor, outstanding_minor = plain
        zeros = (0,) * len(due_day)
        schedule = object.__new__(Schedule)
        # The columns are right as they are made, so nothing is checked again; setting
        # them at once saves a tenth of the time of a schedule.
        columns = {
            "terms": terms,
            "conventions": conventions,
            "due_day": due_day,
            "unadjusted_day": due_day,
            "principal_minor": principal_minor,
            "interest_minor": interest_minor,
            "fees_minor": zeros,
            "capitalized_minor": zeros,
            "outstanding_minor": outstanding_minor,
            "is_down_payment": (False,) * len(due_day),
        }
        object.__setattr__(schedule, "__dict__", columns)
        return schedule
    # Each engine is loaded when a loan asks for it: most never do.
    if conventions.arithmetic is Arithmetic.EXACT:
        from microcrm_core.loans.exact import exact_parts as parts_of
    else:
        from microcrm_core.loans.fineract_schedule import fineract_parts as parts_of
    parts = parts_of(terms, conventions)
    return Schedule(
        terms=terms,
        conventions=conventions,
        due_day=parts.due_day,
        unadjusted_day=parts.unadjusted_day,
        principal_minor=parts.principal_minor,
        interest_minor=parts.interest_minor,
        fees_minor=parts.fees_minor,
        capitalized_minor=parts.capitalized_minor,
        outstanding_minor=parts.outstanding_minor,
        is_down_payment=parts.is_down_payment,
    )


def _require_kinds(terms: object, conventions: object) -> None:
    if not isinstance(terms, LoanTerms):
        raise InvalidValueError("terms", "must be LoanTerms", terms)
    require_conventions(conventions)
