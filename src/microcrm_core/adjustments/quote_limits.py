"""The limits of a policy, held against a loan: how often, how far, how late in arrears.

The log of the loan is the only memory: which adjustments a loan had is read from its
events, so that no second book can disagree. Each finding is a reason with the limit and
the value that was found.

Example:
    >>> from microcrm_core.adjustments.quote_limits import ADJUSTED_BY
    >>> from microcrm_core.ledger import HolidayGranted
    >>> ADJUSTED_BY[HolidayGranted].value
    'payment_holiday'
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import attrs

from microcrm_core.adjustments.adjustment_policies import (
    AdjustmentPolicy,
    AdjustmentRule,
)
from microcrm_core.adjustments.quote_lines import lines_of
from microcrm_core.adjustments.requests import (
    AdjustmentKind,
    AdjustmentRequest,
    ExtendTerm,
    PaymentHoliday,
    kind_of,
)
from microcrm_core.dates import Frequency, add_months
from microcrm_core.decisions import FactValue, Reason
from microcrm_core.ledger.happenings import (
    ArrearsCapitalized,
    DueDateChanged,
    Happening,
    HolidayGranted,
    RateChanged,
    ReAged,
    ReAmortized,
    Renewed,
    Replanned,
    TermChanged,
)
from microcrm_core.ledger.loan_accounts import LoanAccount
from microcrm_core.ledger.loan_states import LoanState
from microcrm_core.ledger.logs import read_log
from microcrm_core.ledger.row_accounts import RowKind
from microcrm_core.loans.methods import Seasonal

__all__ = [
    "ADJUSTED_BY",
    "AdjustmentStep",
    "PastAdjustment",
    "limit_refusals",
    "past_adjustments",
    "settled_count",
    "step_findings",
]

ADJUSTED_BY: Final[Mapping[type[Happening], AdjustmentKind]] = MappingProxyType(
    {
        DueDateChanged: AdjustmentKind.CHANGE_DUE_DAY,
        HolidayGranted: AdjustmentKind.PAYMENT_HOLIDAY,
        TermChanged: AdjustmentKind.EXTEND_TERM,
        RateChanged: AdjustmentKind.CHANGE_RATE,
        ReAged: AdjustmentKind.RE_AGE,
        ReAmortized: AdjustmentKind.RE_AMORTIZE,
        ArrearsCapitalized: AdjustmentKind.CAPITALIZE_ARREARS,
        Renewed: AdjustmentKind.RENEW,
    }
)
"""Which happening was an adjustment of which kind; `Replanned` tells by its content."""

_YEAR_MONTHS: Final = 12
# Each due date of these moves by itself; of the others, the last one tells how far.
_EACH_DATE: Final = frozenset(
    {AdjustmentKind.CHANGE_DUE_DAY, AdjustmentKind.SHIFT_DUE_DATES}
)
# Money that comes early is nobody's concession, and no event tells it from a repayment.
_NOT_COUNTED: Final = frozenset({AdjustmentKind.PREPAY})
_OWN_ROWS: Final = frozenset({RowKind.REGULAR, RowKind.RE_AGED})


@attrs.frozen
class PastAdjustment:
    """An adjustment that a loan had.

    Attributes:
        kind: What it was.
        value_on: From which day it holds.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.adjustments import AdjustmentKind, PastAdjustment
        >>> past = PastAdjustment(AdjustmentKind.EXTEND_TERM, dt.date(2025, 3, 1))
        >>> past.kind.value
        'extend_term'
    """

    kind: AdjustmentKind
    value_on: dt.date


def past_adjustments(
    account: LoanAccount, as_of: dt.date, *, known_at: dt.datetime | None = None
) -> tuple[PastAdjustment, ...]:
    """Return the adjustments that a loan had up to a day, in order.

    What was reversed is none. A rate that is agreed and still to come is one. A pause
    of interest belongs to the holiday that it came with, so it is none of its own.
    Dates that were planned anew are a seasonal plan, another frequency, or a shift, by
    what changed. A repayment is none, however early.

    Args:
        account: The loan.
        as_of: Last day that counts, inclusive, but for rates to come.
        known_at: Last moment of recording that counts, inclusive; None: all is known.

    Raises:
        LedgerError: The events that are known contradict each other.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import STRICT, Currency, Frequency, LoanTerms, Money
        >>> from microcrm_core import Rate
        >>> from microcrm_core.adjustments import past_adjustments
        >>> from microcrm_core.ids import LoanId
        >>> from microcrm_core.ledger import PLAIN_LEDGER, LedgerEvent, LoanAccount
        >>> from microcrm_core.ledger import TermChanged
        >>> longer = LedgerEvent.of(
        ...     TermChanged(2),
        ...     loan_id=LoanId("loan-7"),
        ...     value_on=dt.date(2025, 1, 20),
        ...     recorded_at=dt.datetime(2025, 1, 20, tzinfo=dt.UTC),
        ...     idempotency_key="longer",
        ... )
        >>> account = LoanAccount(
        ...     loan_id=LoanId("loan-7"),
        ...     terms=LoanTerms(
        ...         principal=Money.of("1000.00", Currency.of("EUR")),
        ...         nominal_rate=Rate.per_year("0.24"),
        ...         installment_count=3,
        ...         frequency=Frequency.MONTHLY,
        ...         disbursed_on=dt.date(2025, 1, 15),
        ...         first_due_on=dt.date(2025, 2, 15),
        ...     ),
        ...     events=[longer],
        ...     conventions=STRICT,
        ...     policy=PLAIN_LEDGER,
        ... )
        >>> [past.kind.value for past in past_adjustments(account, dt.date(2025, 2, 1))]
        ['extend_term']
    """
    found: list[PastAdjustment] = []
    frequency = account.terms.frequency
    for event in read_log(account.events, as_of=as_of, known_at=known_at):
        what = event.what
        kind = ADJUSTED_BY.get(type(what))
        if isinstance(what, Replanned):
            kind = _replanned_kind(what, frequency)
            frequency = what.frequency
        if kind is not None:
            found.append(PastAdjustment(kind, event.value_on))
    return tuple(found)


def _replanned_kind(what: Replanned, frequency: Frequency) -> AdjustmentKind:
    if isinstance(what.method, Seasonal):
        return AdjustmentKind.SEASONAL_PLAN
    if what.frequency != frequency:
        return AdjustmentKind.CHANGE_FREQUENCY
    return AdjustmentKind.SHIFT_DUE_DATES


def settled_count(state: LoanState) -> int:
    """Return how many installments are paid in full.

    Example:
        See `microcrm_core.adjustments.quoting`.
    """
    return sum(
        row.kind in _OWN_ROWS and row.paid_minor > 0 and row.open_minor == 0
        for row in state.rows
    )


def limit_refusals(
    state: LoanState,
    requests: Iterable[AdjustmentRequest],
    policy: AdjustmentPolicy,
    past: Iterable[PastAdjustment],
) -> tuple[Reason, ...]:
    """Return what a policy has against requests, whatever they would do.

    The day is that of *state*; the twelve months up to it begin on the day after that
    of a year ago. Adjustments of one day count once, so those asked for now count once
    together.

    Args:
        state: The loan as it stands.
        requests: What is asked for.
        policy: What the lender grants.
        past: Which adjustments the loan had.

    Example:
        See `microcrm_core.adjustments.quoting`.
    """
    as_of = state.as_of
    since = add_months(as_of, -_YEAR_MONTHS)
    recent = [one for one in past if one.value_on > since]
    refusals: list[Reason] = []
    kinds = dict.fromkeys(kind_of(request) for request in requests)
    for kind in kinds:
        rule = policy.rule_of(kind)
        if rule is None:
            refusals.append(Reason("adjust_not_offered", {"kind": kind.value}))
            continue
        days = {one.value_on for one in recent if one.kind is kind} | {as_of}
        refusals += _rule_refusals(state, kind, rule, len(days))
    counted = {one.value_on for one in recent} | {as_of}
    is_counted = any(kind not in _NOT_COUNTED for kind in kinds)
    limit = policy.yearly_max
    if limit is not None and is_counted and len(counted) > limit:
        params = {"count": len(counted), "limit": limit}
        refusals.append(Reason("adjust_yearly_max", params))
    return tuple(refusals)


def _rule_refusals(
    state: LoanState, kind: AdjustmentKind, rule: AdjustmentRule, yearly_count: int
) -> Iterator[Reason]:
    first_on = state.disbursements[0][0] if state.disbursements else None
    lent_days = 0 if first_on is None else (state.as_of - first_on).days
    found = (
        ("adjust_yearly_kind_max", "count", yearly_count, None, rule.yearly_max),
        ("adjust_seasoning", "days", lent_days, rule.seasoning_days_min, None),
        (
            "adjust_paid_count",
            "count",
            settled_count(state),
            rule.paid_count_min,
            None,
        ),
        (
            "adjust_days_past_due_max",
            "days",
            state.days_past_due,
            None,
            rule.days_past_due_max,
        ),
    )
    for code, name, value, least, most in found:
        is_below = least is not None and value < least
        if is_below or (most is not None and value > most):
            limit = least if is_below else most
            yield Reason(code, {"kind": kind.value, name: value, "limit": limit})


@attrs.frozen(kw_only=True)
class AdjustmentStep:
    """What the requests of one kind do to a loan, by themselves.

    Attributes:
        kind: What they ask for.
        requests: The requests.
        before: The loan before them, with what was asked for earlier.
        after: The loan with them.

    Example:
        See `microcrm_core.adjustments.quoting`.
    """

    kind: AdjustmentKind
    requests: tuple[AdjustmentRequest, ...]
    before: LoanState
    after: LoanState

    @property
    def moved_days(self) -> int:
        """By how many days due dates move at most, or the last one, either way."""
        if self.kind in _EACH_DATE:
            lines = lines_of(self.before, self.after)
            return max((abs(line.moved_days) for line in lines), default=0)
        return abs((_last_due_on(self.after) - _last_due_on(self.before)).days)

    @property
    def added_count(self) -> int:
        """How many installments or periods are added; below zero: taken away."""
        if self.kind is AdjustmentKind.PAYMENT_HOLIDAY:
            return sum(
                one.count for one in self.requests if isinstance(one, PaymentHoliday)
            )
        if self.kind is AdjustmentKind.EXTEND_TERM:
            return sum(
                one.added_count for one in self.requests if isinstance(one, ExtendTerm)
            )
        return _to_come_count(self.after) - _to_come_count(self.before)


def step_findings(
    steps: Sequence[AdjustmentStep], policy: AdjustmentPolicy
) -> tuple[tuple[Reason, ...], tuple[Reason, ...], tuple[Reason, ...]]:
    """Return refusals, what somebody must approve, and notes, by what requests do.

    Days past due fall only where the rule of the request lets them; then the note has
    both numbers.

    Example:
        See `microcrm_core.adjustments.quoting`.
    """
    refusals: list[Reason] = []
    approvals: list[Reason] = []
    notes: list[Reason] = []
    for step in steps:
        rule = policy.rule_of(step.kind)
        if rule is None:
            continue
        kind = step.kind.value
        for code, name, value, limit in (
            ("adjust_move_days_max", "days", step.moved_days, rule.move_days_max),
            ("adjust_added_count_max", "count", step.added_count, rule.added_count_max),
        ):
            if limit is not None and value > limit:
                params: dict[str, FactValue] = {name: value, "limit": limit}
                refusals.append(Reason(code, {"kind": kind, **params}))
        days_before = step.before.days_past_due
        days_after = step.after.days_past_due
        if days_after < days_before:
            days = {"days_before": days_before, "days_after": days_after}
            may = rule.may_lower_days_past_due
            code = "adjust_cures_arrears" if may else "adjust_lowers_days_past_due"
            (notes if may else refusals).append(Reason(code, {"kind": kind, **days}))
        if rule.needs_approval:
            approvals.append(Reason("adjust_needs_approval", {"kind": kind}))
    return tuple(refusals), tuple(dict.fromkeys(approvals)), tuple(notes)


def _last_due_on(state: LoanState) -> dt.date:
    return max(row.due_on for row in state.rows if row.kind in _OWN_ROWS)


def _to_come_count(state: LoanState) -> int:
    return sum(row.due_on > state.as_of and row.kind in _OWN_ROWS for row in state.rows)
