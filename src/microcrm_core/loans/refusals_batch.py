"""Why a loan in columns has no schedule: a reason for each row.

A batch says of every row whether it has a schedule, and an error counts the rows that
break the first rule that any of them breaks.

Example:
    >>> import numpy as np
    >>> from microcrm_core.loans import EQUAL_INSTALLMENTS
    >>> from microcrm_core.loans.refusals_batch import (
    ...     Refusal,
    ...     RefusedLoan,
    ...     require_scheduled,
    ... )
    >>> def loan_at(row):
    ...     return RefusedLoan(
    ...         plan=EQUAL_INSTALLMENTS,
    ...         principal_minor=1000,
    ...         installment_count=60,
    ...         annual_ppm=3_000_000,
    ...     )
    >>> require_scheduled(np.array([Refusal.NONE, Refusal.NOT_COVERED]), loan_at)
    Traceback (most recent call last):
    ...
    microcrm_core.errors.InvalidValueError: 1 of 2 rows: installment must cover the
    interest of its period; first at row 1, got '1000 at 3000000 ppm, 60 installments'
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from enum import IntEnum
from typing import Final

import attrs
import numpy as np

from microcrm_core.batch import Int64s
from microcrm_core.errors import InvalidValueError
from microcrm_core.loans.fees import Portion
from microcrm_core.loans.methods import (
    CustomInstallments,
    CustomPrincipal,
    Weighted,
)
from microcrm_core.loans.plans import RepaymentPlan
from microcrm_core.loans.row_weights_batch import WEIGHT_MAX, fine_weight
from microcrm_core.money import Currency, Money

__all__ = ["Refusal", "RefusedLoan", "require_scheduled"]

_EPOCH: Final = dt.date(1970, 1, 1)


class Refusal(IntEnum):
    """Why a row has no schedule in columns.

    Attributes:
        NONE: It has one.
        CURRENCY: A fixed sum of its plan is in another currency.
        DOWN_PAYMENT: The down payment takes all that is lent.
        BALLOON: The balloon is more than what is lent at the start.
        PRINCIPAL_GRACE: No installment is left that repays principal.
        INTEREST_GRACE: No installment is left that pays interest.
        WEIGHTS: There is not one weight for each installment.
        MONTH_WEIGHTS: The last installment is due in a month without weight.
        AMOUNTS: The agreed amounts do not fit the installments or the principal.
        DATES: Its due days are in a wrong order, or meet and would be merged.
        TOO_LARGE: A product or a sum leaves int64; `build_schedule` has no such bound.
        NOT_COVERED: An installment is smaller than the interest of its period.
        CALENDAR: No business day is near a due day in the years of the calendar.
        FINE_WEIGHTS: A weight is a fraction too fine for columns; `build_schedule`
            has no such bound.

    Example:
        >>> from microcrm_core.loans.refusals_batch import Refusal
        >>> Refusal.NONE.value
        0
    """

    NONE = 0
    CURRENCY = 1
    DOWN_PAYMENT = 2
    BALLOON = 3
    PRINCIPAL_GRACE = 4
    INTEREST_GRACE = 5
    WEIGHTS = 6
    MONTH_WEIGHTS = 7
    AMOUNTS = 8
    DATES = 9
    TOO_LARGE = 10
    NOT_COVERED = 11
    CALENDAR = 12
    FINE_WEIGHTS = 13


# The field at fault and the rule; `RefusedLoan.value_of` says what was found. Of the
# rules that rows of one batch break, the first one here is told.
_RULES: Final = {
    Refusal.CURRENCY: (
        "currency",
        "of the loan must be that of the fixed sums of its plan",
    ),
    Refusal.DOWN_PAYMENT: (
        "plan.down_payment",
        "must be less than the principal of the loan",
    ),
    Refusal.BALLOON: (
        "plan.balloon",
        "must not be more than what is lent at the start",
    ),
    Refusal.PRINCIPAL_GRACE: (
        "plan.grace.principal_count",
        "must be less than installment_count",
    ),
    Refusal.INTEREST_GRACE: (
        "plan.grace.interest_payment_count",
        "must be less than installment_count",
    ),
    Refusal.WEIGHTS: (
        "plan.method.weights",
        "must have as many weights as there are installments",
    ),
    Refusal.MONTH_WEIGHTS: (
        "plan.method.month_weights",
        "must be above zero in the month of the last due day",
    ),
    Refusal.AMOUNTS: (
        "plan.method.amounts",
        "must fit the number of installments and the principal",
    ),
    Refusal.DATES: (
        "first_due_day",
        "must give due days that come in order after the disbursement, and that need "
        "not be merged",
    ),
    Refusal.CALENDAR: (
        "first_due_day",
        "must give due days with a business day near, in the years of the calendar",
    ),
    Refusal.FINE_WEIGHTS: (
        "plan.method",
        f"must have weights that are fractions of numbers up to {WEIGHT_MAX} in "
        "columns",
    ),
    Refusal.TOO_LARGE: (
        "principal_minor",
        "must be so small that it, its interest and its fees, times the weights, "
        "shares and multiples that apply to them, stay within 2**62",
    ),
    Refusal.NOT_COVERED: (
        "installment",
        "must cover the interest of its period",
    ),
}
# The way out, where the scalar has a schedule.
_HINTS: Final = {
    Refusal.FINE_WEIGHTS: "use build_schedule for each of these loans, which has no "
    "such bound, or a coarser step",
    Refusal.TOO_LARGE: "use build_schedule for each of these loans, which has no such "
    "bound",
    Refusal.CALENDAR: "take a calendar of more years",
}


@attrs.frozen(kw_only=True)
class RefusedLoan:
    """One loan that has no schedule, as far as its refusal tells of it.

    Attributes:
        plan: Its plan.
        principal_minor: Amount lent.
        currency: Its currency; None: columns do not say, and amounts are minor units.
        installment_count: How many installments it has; None: columns do not say.
        annual_ppm: Its rate; None: columns do not say.
        first_due_day: Its first due day; None: columns do not say.

    Example:
        See `microcrm_core.loans.refusals_batch`.
    """

    plan: RepaymentPlan
    principal_minor: int
    currency: Currency | None = None
    installment_count: int | None = None
    annual_ppm: int | None = None
    first_due_day: int | None = None

    def value_of(self, reason: Refusal) -> object:
        """Return what was found of the field at fault."""
        plan, principal = self.plan, self._amount(self.principal_minor)
        grace = plan.grace
        installments = f"{self.installment_count} installments"
        if reason is Refusal.CURRENCY:
            return None if self.currency is None else self.currency.code
        if reason is Refusal.DOWN_PAYMENT:
            return f"{_portion(plan.down_payment)} of {principal}"
        if reason is Refusal.BALLOON:
            return f"{_portion(plan.balloon)} of {principal}"
        if reason is Refusal.PRINCIPAL_GRACE:
            return f"{grace.principal_count} of {installments}"
        if reason is Refusal.INTEREST_GRACE:
            return f"{grace.interest_payment_count} of {installments}"
        if reason is Refusal.WEIGHTS and isinstance(plan.method, Weighted):
            return f"{len(plan.method.weights)} weights for {installments}"
        if reason is Refusal.AMOUNTS:
            return f"{self._agreed()} for {installments} and {principal}"
        if reason is Refusal.CALENDAR:
            return f"{self._first_due()}, {installments}"
        if reason in (Refusal.DATES, Refusal.MONTH_WEIGHTS):
            return self._first_due()
        if reason is Refusal.FINE_WEIGHTS:
            return self._fine_weight()
        if reason is Refusal.NOT_COVERED:
            return f"{principal} at {self.annual_ppm} ppm, {installments}"
        return self.principal_minor

    def _agreed(self) -> str:
        method = self.plan.method
        amounts: tuple[Money, ...] = ()
        if isinstance(method, CustomPrincipal | CustomInstallments):
            amounts = method.amounts
        total = self._amount(sum(amount.minor for amount in amounts))
        return f"{len(amounts)} amounts of {total} together"

    def _fine_weight(self) -> str:
        method = self.plan.method
        weight = fine_weight(method, self.installment_count or 0)
        shown = "a weight" if weight is None else f"the weight {float(weight)}"
        return f"{shown} of {type(method).__name__}"

    def _first_due(self) -> str:
        day = self.first_due_day
        try:
            on = None if day is None else _EPOCH + dt.timedelta(days=day)
        except OverflowError:
            # Days in columns may lie outside the calendar, which is then the fault.
            return f"day {day}"
        return f"first due on {on}"

    def _amount(self, minor: int) -> str:
        return str(minor if self.currency is None else Money(minor, self.currency))


def _portion(portion: Portion | None) -> str:
    assert portion is not None  # it was refused, so the plan has it
    if portion.amount is not None:
        return str(portion.amount)
    return f"the share {portion.share}"


def require_scheduled(refusal: Int64s, loan_at: Callable[[int], RefusedLoan]) -> None:
    """Raise unless every row has a schedule.

    Args:
        refusal: A `Refusal` for each loan; shape (loans,).
        loan_at: The loan of a row, of which the error shows what is at fault.

    Raises:
        InvalidValueError: Some row has none; the error counts the rows that break the
            same rule and holds the first of them.

    Example:
        See `microcrm_core.loans.refusals_batch`.
    """
    if not refusal.any():
        return
    for reason, (field, rule) in _RULES.items():
        rows = np.flatnonzero(refusal == reason)
        if rows.size:
            first = int(rows[0])
            raise InvalidValueError(
                field,
                rule,
                loan_at(first).value_of(reason),
                hint=_HINTS.get(reason),
                row=first,
                bad_count=int(rows.size),
                row_count=int(refusal.size),
            )
