"""Checking caps: which are kept, with how much left, and what breaks the others.

`check_caps` judges one credit by every cap that it is given and swallows none: a cap of
another day, place or lender is listed as not applying, with the reason, and a cap that
needs what is not known cannot be judged, which is never a pass. Where none applies,
the check says so and does not pass either. The limit itself is allowed, and near it no
float decides; see `rate_limits`.

This is arithmetic over data that the caller supplies and answers for. It is not legal
advice.

Example:
    >>> import datetime as dt
    >>> from microcrm_core.loans.cap_presets import CN_ASSISTED_LENDING
    >>> from microcrm_core.loans.cash_flows import CashFlow, CreditFlows
    >>> from microcrm_core.loans.cap_checks import check_caps
    >>> from microcrm_core.loans.credit_facts import CreditFacts
    >>> from microcrm_core.money import Currency, Money
    >>> yuan, start_on = Currency.of("CNY"), dt.date(2025, 11, 1)
    >>> def flow(on, amount, *kind):
    ...     return CashFlow(on, Money.of(amount, yuan), *kind)
    >>> credit = CreditFacts(
    ...     jurisdiction="CN",
    ...     loan_types=("assisted_internet_lending",),
    ...     flows=CreditFlows(
    ...         [
    ...             flow(start_on, "1000", "advance"),
    ...             flow(start_on, "50", "charge", "guarantee"),
    ...             flow(dt.date(2026, 11, 1), "1200", "repayment"),
    ...         ]
    ...     ),
    ... )
    >>> check = check_caps(credit, [CN_ASSISTED_LENDING], as_of=start_on)
    >>> check.is_kept, check.findings[0].breaking_charge
    (False, 'guarantee')
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Final, TypeAlias, TypeVar

from microcrm_core.checks import day
from microcrm_core.decisions import Decision, Reason
from microcrm_core.errors import InvalidValueError
from microcrm_core.loans.cap_findings import (
    CapCheck,
    CapFinding,
    CapOutcome,
    CapSize,
    limit_text,
    value_text,
)
from microcrm_core.loans.cap_measures import (
    breaking_rate_charge,
    cost_sum,
    solve_facts,
)
from microcrm_core.loans.caps import (
    AmountLimit,
    CostMeasure,
    RateCap,
    ReferenceLimit,
    ReferenceRate,
    ShareLimit,
)
from microcrm_core.loans.credit_facts import CreditFacts
from microcrm_core.loans.plain_values import fraction_text
from microcrm_core.loans.rate_limits import rate_headroom
from microcrm_core.loans.rate_measures import RateMeasure, RateOutcome
from microcrm_core.loans.rate_solving import SolvedRate
from microcrm_core.money import Money

__all__ = ["check_caps"]

_Part = TypeVar("_Part")

_LEAST_RATE: Final = -1
# What a clerk is told in place of the bare outcome of the solver.
_WITHOUT_RATE: Final = {
    RateOutcome.NO_RATE: (
        "no rate within the range that is searched, as where the cost is beyond "
        "measure or hardly anything is repaid"
    ),
    RateOutcome.NO_UNIQUE_RATE: "no single rate: several fit, or every rate does",
}


def check_caps(
    credit: CreditFacts,
    caps: Iterable[RateCap],
    *,
    as_of: dt.date,
    reference_rates: Iterable[ReferenceRate] = (),
) -> CapCheck:
    """Return where *credit* stands against every one of *caps*.

    A cap applies from its first day on and before its last, in its jurisdiction, for
    its lenders and kinds of loans. The limit is allowed. The charge that breaks a cap
    is the first with which its measure passes the limit, where interest comes first,
    then the charges in the order of their days, then fees for default.

    The texts of *credit* and of a cap are compared letter by letter. If they name a
    jurisdiction that no cap has, no cap applies; `CapCheck.outcome` tells.

    Args:
        credit: What is known of the credit.
        caps: What it is held against.
        as_of: The day of the contract; reference rates are those of that day.
        reference_rates: The series that limits refer to.

    Raises:
        InvalidValueError: An argument is of another kind, or a reference rate repeats.
        ConvergenceError: A rate was not found within the bound on steps.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.loans.cap_presets import CN_PRIVATE_LENDING
        >>> from microcrm_core.loans.cap_checks import check_caps
        >>> from microcrm_core.loans.credit_facts import CreditFacts
        >>> credit = CreditFacts(jurisdiction="CN", lender_type="private_lender")
        >>> day = dt.date(2025, 11, 1)
        >>> decision = check_caps(credit, [CN_PRIVATE_LENDING], as_of=day).decisions[0]
        >>> decision.outcome.outcome.value
        'not_judged'
        >>> decision.explain()[0]
        'it cannot be judged: no value of cn-lpr-1y is known for 2025-11-01'
    """
    day("as_of", as_of)
    _require_facts(credit)
    caps = _all_of("caps", caps, RateCap)
    reference_rates = _all_of("reference_rates", reference_rates, ReferenceRate)
    series: dict[str, ReferenceRate] = {}
    for one in reference_rates:
        if one.id in series:
            raise InvalidValueError("reference_rates", "must not repeat", one.id)
        series[one.id] = one
    # One measure may have many caps, and its rate is solved once.
    solved: dict[RateMeasure, SolvedRate | None] = {}
    decisions: list[Decision[CapFinding]] = []
    for cap in caps:
        reasons = [*_not_applying(cap, credit, as_of)]
        finding = CapFinding(cap=cap, outcome=CapOutcome.NOT_APPLYING)
        if not reasons:
            finding, reasons = _judge(cap, credit, as_of, series, solved)
        decisions.append(
            Decision(
                outcome=finding,
                reasons=reasons,
                policy=cap.ref,
                facts={
                    "jurisdiction": credit.jurisdiction,
                    "lender_type": credit.lender_type,
                    "loan_types": None
                    if credit.loan_types is None
                    else ", ".join(credit.loan_types),
                },
                as_of=as_of,
            )
        )
    return CapCheck(decisions=tuple(decisions), as_of=as_of)


def _require_facts(credit: object) -> None:
    if not isinstance(credit, CreditFacts):
        hint = "put the flows and what else is known into CreditFacts(...)"
        raise InvalidValueError("credit", "must be CreditFacts", credit, hint=hint)


def _all_of(field: str, given: Iterable[_Part], kind: type[_Part]) -> list[_Part]:
    """Return what was given, if it is nothing but parts of one kind."""
    rule = f"must hold nothing but {kind.__name__}"
    if isinstance(given, kind):
        hint = f"use [{field[:-1]}] for one alone"
        raise InvalidValueError(field, rule, given, hint=hint)
    try:
        parts = list(given)
    except TypeError:
        raise InvalidValueError(field, rule, given, hint="use a list") from None
    for part in parts:
        if not isinstance(part, kind):
            raise InvalidValueError(field, rule, part)
    return parts


_Judged: TypeAlias = "tuple[CapFinding, list[Reason]]"


def _not_applying(
    cap: RateCap, credit: CreditFacts, as_of: dt.date
) -> Iterator[Reason]:
    since, until = cap.effective_from, cap.effective_until
    if since is not None and as_of < since:
        yield Reason("cap_not_yet", {"effective_from": since, "as_of": as_of})
    if until is not None and as_of >= until:
        yield Reason("cap_ended", {"effective_until": until, "as_of": as_of})
    for fact, held, given in (
        ("jurisdiction", (cap.jurisdiction,), (credit.jurisdiction,)),
        ("lender_type", cap.lender_types, _known(credit.lender_type)),
        ("loan_types", cap.loan_types, credit.loan_types),
    ):
        if held and given is not None and not set(held) & set(given):
            params = {
                "fact": fact,
                "bound": ", ".join(held),
                "value": ", ".join(given) or "-",
            }
            yield Reason("cap_for_others", params)


def _known(lender_type: str | None) -> tuple[str, ...] | None:
    return None if lender_type is None else (lender_type,)


def _judge(
    cap: RateCap,
    credit: CreditFacts,
    as_of: dt.date,
    series: Mapping[str, ReferenceRate],
    solved: dict[RateMeasure, SolvedRate | None],
) -> _Judged:
    # Whether it applies must be known before it can be kept.
    if cap.lender_types and credit.lender_type is None:
        return _not_known(cap, "lender_type")
    if cap.loan_types and credit.loan_types is None:
        return _not_known(cap, "loan_types")
    limit: CapSize
    more: list[Reason] = []
    match cap.limit:
        case ShareLimit():
            limit = cap.limit.share
        case AmountLimit():
            limit = cap.limit.amount
        case ReferenceLimit():
            known = series.get(cap.limit.series_id)
            value = None if known is None else known.value_on(as_of)
            if value is None:
                reason = Reason(
                    "cap_reference_unknown",
                    {"series": cap.limit.series_id, "as_of": as_of},
                )
                return _unjudged(cap, reason)
            limit = cap.limit.multiple * value.rate.annual_fraction
            reason = Reason(
                "cap_reference",
                {
                    "multiple": fraction_text(cap.limit.multiple),
                    "series": cap.limit.series_id,
                    "rate": f"{fraction_text(value.rate.annual_fraction * 100)}%",
                    "from_on": value.from_on,
                },
            )
            more.append(reason)
    if isinstance(cap.measure, CostMeasure):
        finding, reasons = _judge_sum(cap, cap.measure, credit, limit)
    else:
        assert isinstance(limit, Fraction)  # a rate has no limit in money
        if limit <= _LEAST_RATE:
            # A multiple of a reference rate far below zero.
            params = {"limit": f"{fraction_text(limit * 100)}%"}
            finding, reasons = _unjudged(
                cap, Reason("cap_limit_too_low", params), limit
            )
            return finding, [*reasons, *more]
        if cap.measure not in solved:
            solved[cap.measure] = solve_facts(credit, cap.measure)
        finding, reasons = _judge_rate(cap, solved[cap.measure], limit)
    return finding, [*reasons, *more]


def _judge_rate(cap: RateCap, solved: SolvedRate | None, limit: Fraction) -> _Judged:
    if solved is None:
        return _not_known(cap, "flows", limit)
    if solved.outcome is not RateOutcome.FOUND:
        outcome = _WITHOUT_RATE[solved.outcome]
        params = {"measure": cap.measure.value, "outcome": outcome}
        reason = Reason("cap_no_rate", params)
        return _unjudged(cap, reason, limit, solved)
    headroom = rate_headroom(solved, limit)
    charge = breaking_rate_charge(solved, limit) if headroom < 0 else None
    return _judged(cap, limit, headroom, charge, solved)


def _judge_sum(
    cap: RateCap, measure: CostMeasure, credit: CreditFacts, limit: CapSize
) -> _Judged:
    costs = cost_sum(measure, credit)
    if isinstance(costs, str):
        return _not_known(cap, costs, limit)
    if isinstance(limit, Fraction):
        charge = costs.first_above(limit)
        return _judged(cap, limit, limit - costs.value, charge)
    currency = credit.currency
    if currency is not None and currency != limit.currency:
        params = {"bound": limit.currency.code, "value": currency.code}
        return _unjudged(cap, Reason("cap_other_currency", params), limit)
    headroom = Money(limit.minor - int(costs.value), limit.currency)
    charge = costs.first_above(Fraction(limit.minor))
    return _judged(cap, limit, headroom, charge)


def _judged(
    cap: RateCap,
    limit: CapSize,
    headroom: CapSize,
    charge: str | None,
    solved: SolvedRate | None = None,
) -> _Judged:
    value: CapSize
    if isinstance(limit, Money) and isinstance(headroom, Money):
        value, is_broken = limit - headroom, headroom.is_negative
    else:
        assert isinstance(limit, Fraction)  # limit and headroom are alike
        assert isinstance(headroom, Fraction)
        value, is_broken = limit - headroom, headroom < 0
    finding = CapFinding(
        cap=cap,
        outcome=CapOutcome.BROKEN if is_broken else CapOutcome.KEPT,
        limit=limit,
        value=value,
        headroom=headroom,
        breaking_charge=charge,
        solved=solved,
    )
    params = {
        "measure": cap.measure.value,
        "value": value_text(finding),
        "limit": limit_text(finding),
    }
    if is_broken:
        params["charge"] = charge
        return finding, [Reason("cap_broken", params)]
    return finding, [Reason("cap_kept", params)]


def _not_known(cap: RateCap, fact: str, limit: CapSize | None = None) -> _Judged:
    return _unjudged(cap, Reason("cap_fact_unknown", {"fact": fact}), limit)


def _unjudged(
    cap: RateCap,
    reason: Reason,
    limit: CapSize | None = None,
    solved: SolvedRate | None = None,
) -> _Judged:
    finding = CapFinding(
        cap=cap, outcome=CapOutcome.NOT_JUDGED, limit=limit, solved=solved
    )
    return finding, [reason]
