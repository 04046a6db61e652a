"""Three adjustment policies to begin with: lenient, standard and strict.

All three are house rules: no law sets these figures, and a lender copies one with
`attrs.evolve` and changes what does not suit. What they share follows from ideas that
supervisors share: a concession to somebody in difficulty is forbearance, whatever it is
called; arrears do not vanish by changed terms unless a rule says so and somebody
approved; who pays early is never held up; a loan in arrears is not renewed.

Example:
    >>> from microcrm_core.adjustments import (
    ...     ADJUSTMENTS_LENIENT, ADJUSTMENTS_STANDARD, ADJUSTMENTS_STRICT
    ... )
    >>> policies = (ADJUSTMENTS_LENIENT, ADJUSTMENTS_STANDARD, ADJUSTMENTS_STRICT)
    >>> [policy.yearly_max for policy in policies]
    [6, 2, 1]
"""

from __future__ import annotations

from typing import Final

from microcrm_core.adjustments.adjustment_policies import (
    AbsorbedBy,
    AdjustmentPolicy,
    AdjustmentRule,
    ForbearanceRule,
)
from microcrm_core.adjustments.requests import AdjustmentKind
from microcrm_core.loans import RateMeasure

__all__ = ["ADJUSTMENTS_LENIENT", "ADJUSTMENTS_STANDARD", "ADJUSTMENTS_STRICT"]

# Money that comes early is no concession, and the right of the customer.
_PREPAID: Final = AdjustmentRule(
    forbearance=ForbearanceRule.NEVER, may_lower_days_past_due=True
)

ADJUSTMENTS_LENIENT: Final = AdjustmentPolicy(
    id="adjustments-lenient",
    version="1",
    yearly_max=6,
    difficulty_days=31,
    absorbed_by=AbsorbedBy.LEVEL,
    cost_measure=RateMeasure.COMPOUND_ANNUAL,
    valid_days=14,
    rules={
        AdjustmentKind.CHANGE_DUE_DAY: AdjustmentRule(
            yearly_max=4, days_past_due_max=90, move_days_max=31
        ),
        AdjustmentKind.SHIFT_DUE_DATES: AdjustmentRule(
            yearly_max=4, days_past_due_max=90, move_days_max=31
        ),
        AdjustmentKind.PAYMENT_HOLIDAY: AdjustmentRule(
            yearly_max=2, days_past_due_max=90, move_days_max=92
        ),
        AdjustmentKind.EXTEND_TERM: AdjustmentRule(
            yearly_max=2, days_past_due_max=90, move_days_max=366
        ),
        AdjustmentKind.PREPAY: _PREPAID,
        AdjustmentKind.CHANGE_RATE: AdjustmentRule(
            yearly_max=2, days_past_due_max=90, needs_approval=True
        ),
        AdjustmentKind.CAPITALIZE_ARREARS: AdjustmentRule(
            yearly_max=1,
            days_past_due_max=90,
            needs_approval=True,
            forbearance=ForbearanceRule.ALWAYS,
        ),
        AdjustmentKind.RE_AGE: AdjustmentRule(
            yearly_max=1,
            days_past_due_max=90,
            needs_approval=True,
            forbearance=ForbearanceRule.ALWAYS,
            may_lower_days_past_due=True,
        ),
        AdjustmentKind.RE_AMORTIZE: AdjustmentRule(
            yearly_max=2,
            days_past_due_max=90,
            forbearance=ForbearanceRule.ALWAYS,
            may_lower_days_past_due=True,
        ),
        AdjustmentKind.CHANGE_FREQUENCY: AdjustmentRule(
            yearly_max=2, days_past_due_max=90
        ),
        AdjustmentKind.SEASONAL_PLAN: AdjustmentRule(
            yearly_max=1, days_past_due_max=90
        ),
        AdjustmentKind.RENEW: AdjustmentRule(
            yearly_max=2, paid_count_min=1, days_past_due_max=0
        ),
    },
)
"""For a welfare lender: early help, several times a year, up to 90 days past due."""


def _standard(
    *,
    yearly_max: int = 2,
    move_days_max: int | None = None,
    needs_approval: bool = False,
    forbearance: ForbearanceRule = ForbearanceRule.IN_DIFFICULTY,
    may_lower_days_past_due: bool = False,
) -> AdjustmentRule:
    return AdjustmentRule(
        yearly_max=yearly_max,
        seasoning_days_min=90,
        paid_count_min=3,
        days_past_due_max=30,
        move_days_max=move_days_max,
        needs_approval=needs_approval,
        forbearance=forbearance,
        may_lower_days_past_due=may_lower_days_past_due,
    )


ADJUSTMENTS_STANDARD: Final = AdjustmentPolicy(
    id="adjustments-standard",
    version="1",
    yearly_max=2,
    difficulty_days=31,
    absorbed_by=AbsorbedBy.LEVEL,
    cost_measure=RateMeasure.COMPOUND_ANNUAL,
    valid_days=7,
    rules={
        AdjustmentKind.CHANGE_DUE_DAY: _standard(move_days_max=15),
        AdjustmentKind.SHIFT_DUE_DATES: _standard(move_days_max=15),
        AdjustmentKind.PAYMENT_HOLIDAY: _standard(yearly_max=1, move_days_max=31),
        AdjustmentKind.EXTEND_TERM: _standard(yearly_max=1, move_days_max=184),
        AdjustmentKind.PREPAY: _PREPAID,
        AdjustmentKind.CHANGE_RATE: _standard(needs_approval=True),
        AdjustmentKind.CAPITALIZE_ARREARS: _standard(
            yearly_max=1, needs_approval=True, forbearance=ForbearanceRule.ALWAYS
        ),
        AdjustmentKind.RE_AGE: _standard(
            yearly_max=1,
            needs_approval=True,
            forbearance=ForbearanceRule.ALWAYS,
            may_lower_days_past_due=True,
        ),
        AdjustmentKind.RE_AMORTIZE: _standard(
            yearly_max=1,
            needs_approval=True,
            forbearance=ForbearanceRule.ALWAYS,
            may_lower_days_past_due=True,
        ),
        AdjustmentKind.CHANGE_FREQUENCY: _standard(),
        AdjustmentKind.SEASONAL_PLAN: _standard(yearly_max=1, needs_approval=True),
        AdjustmentKind.RENEW: AdjustmentRule(
            yearly_max=2, seasoning_days_min=90, paid_count_min=3, days_past_due_max=0
        ),
    },
)
"""For most lenders: two changes a year, once a loan has shown that it is repaid."""


def _strict(
    *,
    move_days_max: int | None = None,
    needs_approval: bool = False,
    forbearance: ForbearanceRule = ForbearanceRule.IN_DIFFICULTY,
) -> AdjustmentRule:
    return AdjustmentRule(
        yearly_max=1,
        seasoning_days_min=180,
        paid_count_min=6,
        days_past_due_max=0,
        move_days_max=move_days_max,
        needs_approval=needs_approval,
        forbearance=forbearance,
    )


ADJUSTMENTS_STRICT: Final = AdjustmentPolicy(
    id="adjustments-strict",
    version="1",
    yearly_max=1,
    difficulty_days=1,
    absorbed_by=AbsorbedBy.LEVEL,
    cost_measure=RateMeasure.COMPOUND_ANNUAL,
    valid_days=3,
    rules={
        AdjustmentKind.CHANGE_DUE_DAY: _strict(move_days_max=7),
        AdjustmentKind.SHIFT_DUE_DATES: _strict(move_days_max=7),
        AdjustmentKind.PAYMENT_HOLIDAY: _strict(
            move_days_max=31, needs_approval=True, forbearance=ForbearanceRule.ALWAYS
        ),
        AdjustmentKind.EXTEND_TERM: _strict(
            move_days_max=92, needs_approval=True, forbearance=ForbearanceRule.ALWAYS
        ),
        AdjustmentKind.PREPAY: _PREPAID,
        AdjustmentKind.CHANGE_RATE: _strict(needs_approval=True),
        AdjustmentKind.CHANGE_FREQUENCY: _strict(needs_approval=True),
        AdjustmentKind.SEASONAL_PLAN: _strict(needs_approval=True),
        AdjustmentKind.RENEW: _strict(needs_approval=True),
    },
)
"""For a lender whose funders count every change: one a year, and none in arrears."""
