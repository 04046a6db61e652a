"""What no adjustment may do, checked on every quote, and what each one has to tell.

The laws hold whatever a policy says: what was paid stays as it was paid, and principal
is neither given away nor made, but for what becomes principal by name. Most arithmetic
keeps them by itself; where it does not, as where a whole schedule is made anew, the
quote is refused.

Example:
    >>> from microcrm_core.adjustments.quote_laws import law_refusals
    >>> law_refusals.__name__
    'law_refusals'
"""

from __future__ import annotations

from collections.abc import Iterator

from microcrm_core.adjustments.adjustment_quotes import AdjustmentQuote
from microcrm_core.adjustments.quote_effects import CostChange
from microcrm_core.adjustments.quote_lines import AdjustmentLine
from microcrm_core.decisions import Reason
from microcrm_core.ledger.allocation_orders import Bucket
from microcrm_core.ledger.loan_states import LoanState
from microcrm_core.ledger.state_rows import LoanStateRow
from microcrm_core.loans.cap_findings import (
    CapCheck,
    CapOutcome,
    limit_text,
    value_text,
)
from microcrm_core.money import Money

__all__ = ["cap_refusals", "law_refusals", "quote_notes", "unjudged_caps"]


def law_refusals(quote: AdjustmentQuote) -> Iterator[Reason]:
    """Yield what a quote may not do.

    An installment that is paid in full keeps its due date and its amounts. One that is
    due and paid in part keeps its due date and what was paid; it never asks for more,
    but may ask for less where what is open of it goes elsewhere. Principal that is
    asked for stays the same in all, but for what was capitalized.

    Args:
        quote: The quote, with its lines.

    Example:
        See `microcrm_core.adjustments.quoting`.
    """
    if quote.after is None:
        return
    as_of = quote.as_of
    for line in quote.lines:
        before = line.before
        if before is None or not before.paid_minor:
            continue
        is_settled = before.open_minor == 0
        is_guarded = is_settled or before.due_on <= as_of
        if is_guarded and not _is_kept(line, is_settled=is_settled):
            yield Reason(
                "adjust_changes_paid",
                {"number": before.number, "due_on": before.due_on},
            )
    principal_before = _principal(quote.before) + quote.capitalized
    principal_after = _principal(quote.after)
    if principal_after != principal_before:
        sums = {"before": str(principal_before), "after": str(principal_after)}
        yield Reason("adjust_changes_principal", sums)


def _is_kept(line: AdjustmentLine, *, is_settled: bool) -> bool:
    before, after = line.before, line.after
    assert before is not None  # the caller has looked
    if after is None or after.due_on != before.due_on:
        return False
    if is_settled:
        return _asked(after) == _asked(before)
    pairs = zip(after.paid, before.paid, strict=True)
    has_kept_paid = all(paid >= paid_before for paid, paid_before in pairs)
    asked = zip(_asked(after), _asked(before), strict=True)
    return has_kept_paid and all(now <= then for now, then in asked)


def _asked(row: LoanStateRow) -> tuple[int, ...]:
    pairs = zip(row.charged, row.waived, strict=True)
    return tuple(charged - waived for charged, waived in pairs)


def _principal(state: LoanState) -> Money:
    asked = (_asked(row)[Bucket.PRINCIPAL] for row in state.rows)
    return Money(sum(asked), state.terms.principal.currency)


def cap_refusals(caps: CapCheck | None) -> Iterator[Reason]:
    """Yield every cap that is broken, with its limit and the value.

    Example:
        See `microcrm_core.adjustments.quoting`.
    """
    for finding in () if caps is None else caps.broken:
        params = {
            "cap": finding.cap.id,
            "value": value_text(finding),
            "limit": limit_text(finding),
        }
        yield Reason("adjust_breaks_cap", params)


def unjudged_caps(caps: CapCheck | None) -> Iterator[Reason]:
    """Yield every cap of which it cannot be told whether it is kept, or that none is.

    Example:
        See `microcrm_core.adjustments.quoting`.
    """
    if caps is not None and all(
        one.outcome.outcome is CapOutcome.NOT_APPLYING for one in caps.decisions
    ):
        yield Reason("adjust_no_cap_applies")
    for finding in () if caps is None else caps.not_judged:
        cause = "no_reference_rate" if finding.limit is None else "no_value"
        yield Reason("adjust_cap_not_judged", {"cap": finding.cap.id, "cause": cause})


def quote_notes(quote: AdjustmentQuote) -> Iterator[Reason]:
    """Yield what a quote has to tell beside whether it is allowed.

    Interest and its cost, what became principal, classes that change, and caps that
    cannot be judged.

    Args:
        quote: The quote, with all its effects.

    Example:
        See `microcrm_core.adjustments.quoting`.
    """
    delta, after = quote.interest_delta, quote.interest_after
    if delta is not None and quote.renewal is None:
        name = "same" if delta.is_zero else "less" if delta.is_negative else "more"
        amount, before = str(abs(delta)), str(quote.interest_before)
        params = {"amount": amount, "before": before, "after": str(after)}
        yield Reason(f"adjust_interest_{name}", params)
    if quote.capitalized.is_positive:
        yield Reason("adjust_capitalizes", {"amount": str(quote.capitalized)})
    if quote.cost is not None:
        yield from _cost_notes(quote.cost)
    yield from unjudged_caps(quote.caps)
    for effect in quote.classes:
        if effect.is_changed:
            classes = {"before": effect.before or "-", "after": effect.after or "-"}
            params = {"policy": effect.policy.id, **classes}
            yield Reason("adjust_class_changes", params)


def _cost_notes(cost: CostChange) -> Iterator[Reason]:
    params = {"measure": cost.measure.value}
    if cost.delta is None:
        outcomes = {
            "before": cost.before.outcome.value,
            "after": cost.after.outcome.value,
        }
        yield Reason("adjust_cost_unknown", params | outcomes)
        return
    shown = {
        "before": f"{cost.before.disclosed_percent}%",
        "after": f"{cost.after.disclosed_percent}%",
    }
    yield Reason("adjust_cost", params | shown)
