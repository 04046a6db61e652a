"""Quotes as plain JSON values: what a service shows a customer, and an archive keeps.

A quote is worked out from an account and a request, so it is written and never read
back: to have it again, quote again. Money is whole minor units of one currency, days
are ISO text, rates are exact text. The loan before and after is in the form of
`ledger.loan_states_plain`. Of a renewal the new terms are told; the account set aside
for repayment is in the request alone.

Example:
    >>> from microcrm_core.adjustments.quote_plain import QUOTE_FORM_VERSION
    >>> QUOTE_FORM_VERSION
    1
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from microcrm_core.adjustments.adjustment_quotes import AdjustmentQuote
from microcrm_core.adjustments.planned_changes import PlannedChange
from microcrm_core.adjustments.quote_effects import (
    ArrearsFigures,
    ClassEffect,
    CostChange,
)
from microcrm_core.adjustments.quote_lines import AdjustmentLine, asked_minor
from microcrm_core.adjustments.renewals import RenewalQuote
from microcrm_core.adjustments.requests_plain import adjustment_request_to_plain
from microcrm_core.ledger.allocation_orders import Bucket
from microcrm_core.ledger.concessions import Concession
from microcrm_core.ledger.happenings import HAPPENINGS
from microcrm_core.ledger.ledger_events_plain import happening_to_plain
from microcrm_core.ledger.loan_states_plain import loan_state_to_plain
from microcrm_core.ledger.state_rows import BucketAmounts, LoanStateRow
from microcrm_core.loans.cap_findings import (
    CapCheck,
    headroom_text,
    limit_text,
    value_text,
)
from microcrm_core.loans.plain_values import currency_to_plain
from microcrm_core.loans.rate_solving import SolvedRate
from microcrm_core.loans.terms_plain import terms_to_plain
from microcrm_core.money import Money
from microcrm_core.rules.plain import Plain

__all__ = ["QUOTE_FORM_VERSION", "adjustment_quote_to_plain"]

QUOTE_FORM_VERSION: Final = 1
"""Version of the form: it changes when a reader of the form must change."""

_TYPES: Final = {kind: name for name, kind in HAPPENINGS.items()}


def adjustment_quote_to_plain(quote: AdjustmentQuote) -> Plain:
    """Return *quote* as a JSON object with every line and every effect.

    Units:
        Names that end in `_minor` hold whole minor units of `currency`.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import STRICT, Currency, Frequency, LoanTerms, Money
        >>> from microcrm_core import Rate
        >>> from microcrm_core.adjustments import ADJUSTMENTS_LENIENT, ExtendTerm
        >>> from microcrm_core.adjustments import adjustment_quote_to_plain
        >>> from microcrm_core.adjustments import quote_adjustment
        >>> from microcrm_core.ids import LoanId
        >>> from microcrm_core.ledger import PLAIN_LEDGER, LoanAccount
        >>> planned = LoanAccount(
        ...     loan_id=LoanId("loan-7"),
        ...     terms=LoanTerms(
        ...         principal=Money.of("10.00", Currency.of("EUR")),
        ...         nominal_rate=Rate.per_year(0),
        ...         installment_count=2,
        ...         frequency=Frequency.MONTHLY,
        ...         disbursed_on=dt.date(2025, 1, 15),
        ...         first_due_on=dt.date(2025, 2, 15),
        ...     ),
        ...     events=[],
        ...     conventions=STRICT,
        ...     policy=PLAIN_LEDGER,
        ... )
        >>> decision = quote_adjustment(
        ...     planned, ExtendTerm(2), ADJUSTMENTS_LENIENT, dt.date(2025, 1, 10)
        ... )
        >>> plain = adjustment_quote_to_plain(decision.outcome)
        >>> plain["outcome"], [line["change"] for line in plain["lines"]]
        ('allowed', ['changed', 'changed', 'added', 'added'])
    """
    after = quote.after
    return {
        "version": QUOTE_FORM_VERSION,
        "loan_id": quote.loan_id,
        "currency": currency_to_plain(quote.before.terms.principal.currency),
        "as_of": quote.as_of.isoformat(),
        "known_at": None if quote.known_at is None else quote.known_at.isoformat(),
        "valid_until": quote.valid_until.isoformat(),
        "basis": quote.basis,
        "requests": [adjustment_request_to_plain(one) for one in quote.requests],
        "outcome": quote.outcome.value,
        "changes": [_change(one) for one in quote.changes],
        "absorbed_by": [one.value for one in quote.absorbed_by],
        "lines": [_line(one) for one in quote.lines],
        "interest_before_minor": quote.interest_before.minor,
        "interest_after_minor": _minor(quote.interest_after),
        "interest_delta_minor": _minor(quote.interest_delta),
        "total_delta_minor": _minor(quote.total_delta),
        "capitalized_minor": quote.capitalized.minor,
        "days_moved_max": quote.days_moved_max,
        "cost": None if quote.cost is None else _cost(quote.cost),
        "caps": None if quote.caps is None else _caps(quote.caps),
        "arrears_before": _arrears(quote.arrears_before),
        "arrears_after": _arrears(quote.arrears_after),
        "classes": [_class(one) for one in quote.classes],
        "is_forbearance": quote.is_forbearance,
        "concession": _concession(quote.concession),
        "renewal": None if quote.renewal is None else _renewal(quote.renewal),
        "before": loan_state_to_plain(quote.before),
        "after": None if after is None else loan_state_to_plain(after),
    }


def _minor(amount: Money | None) -> int | None:
    return None if amount is None else amount.minor


def _day(on: dt.date | None) -> str | None:
    return None if on is None else on.isoformat()


def _change(change: PlannedChange) -> Plain:
    absorbed_by = change.absorbed_by
    return {
        "type": _TYPES[type(change.what)],
        "value_on": change.value_on.isoformat(),
        "kind": change.kind.value,
        "absorbed_by": None if absorbed_by is None else absorbed_by.value,
        "payload": happening_to_plain(change.what),
    }


def _line(line: AdjustmentLine) -> Plain:
    return {
        "number": line.number,
        "change": line.change.value,
        "due_on_before": _day(line.due_on_before),
        "due_on_after": _day(line.due_on_after),
        "asked_before_minor": _asked(line.before),
        "asked_after_minor": _asked(line.after),
    }


def _asked(row: LoanStateRow | None) -> Plain | None:
    if row is None:
        return None
    return {bucket.name.lower(): asked_minor(row, bucket) for bucket in Bucket}


def _cost(cost: CostChange) -> Plain:
    return {
        "measure": cost.measure.value,
        "before": _rate(cost.before),
        "after": _rate(cost.after),
        "delta": None if cost.delta is None else repr(cost.delta),
    }


def _rate(solved: SolvedRate) -> Plain:
    percent = solved.disclosed_percent
    return {
        "outcome": solved.outcome.value,
        "rate": None if solved.rate is None else repr(solved.rate),
        "disclosed_percent": None if percent is None else str(percent),
    }


def _caps(caps: CapCheck) -> Plain:
    return {
        "outcome": caps.outcome.value,
        "findings": [
            {
                "cap": finding.cap.id,
                "outcome": finding.outcome.value,
                "value": value_text(finding),
                "limit": limit_text(finding),
                "headroom": headroom_text(finding),
                "breaking_charge": finding.breaking_charge,
            }
            for finding in caps.findings
        ],
    }


def _arrears(figures: ArrearsFigures | None) -> Plain | None:
    if figures is None:
        return None
    return {
        "days_past_due": figures.days_past_due,
        "overdue_minor": _by_bucket(figures.overdue),
    }


def _by_bucket(amounts: BucketAmounts) -> Plain:
    return {bucket.name.lower(): amounts.amount_in(bucket).minor for bucket in Bucket}


def _class(effect: ClassEffect) -> Plain:
    ref = effect.policy
    return {
        "policy": {"id": ref.id, "version": ref.version, "digest": ref.digest},
        "before": effect.before,
        "after": effect.after,
    }


def _concession(concession: Concession | None) -> Plain | None:
    if concession is None:
        return None
    return {
        "granted_on": concession.granted_on.isoformat(),
        "is_in_difficulty": concession.is_in_difficulty,
        "first_due_on": _day(concession.first_due_on),
        "is_non_performing": concession.is_non_performing,
    }


def _renewal(renewal: RenewalQuote) -> Plain:
    return {
        "new_loan_id": renewal.new_loan_id,
        "terms": terms_to_plain(renewal.schedule.terms),
        "paid_out_minor": renewal.paid_out.minor,
        "payoff_minor": _by_bucket(renewal.payoff),
        "upfront_fees_minor": renewal.upfront_fees.minor,
        "net_disbursement_minor": renewal.net_disbursement.minor,
        "exposure_minor": renewal.exposure.minor,
        "limit_minor": _minor(renewal.limit),
    }
