"""Classes of one loan, each a pure function of the same history of its arrears.

`dpd_string` writes the history down, `five_class` and `ifrs9_stage` classify the loan
on a day. Default and forbearance, which remember what came before, are in
`default_counting` and `forbearances`; portfolios are in `portfolio_risks`. Each result
is a decision with its reasons and its policy; none is advice.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import Currency
    >>> from microcrm_core.ledger.arrears_history import ArrearsPath, ArrearsPoint
    >>> from microcrm_core.ledger.classification_presets import CN_FIVE_CLASS
    >>> from microcrm_core.ledger.classifications import five_class
    >>> late = ArrearsPoint.of(
    ...     dt.date(2025, 2, 1),
    ...     principal_minor=500,
    ...     oldest_due_on=dt.date(2025, 1, 31),
    ...     overdue_minor=500,
    ... )
    >>> path = ArrearsPath(
    ...     points=(late,), until_on=dt.date(2025, 12, 31), currency=Currency.of("CNY")
    ... )
    >>> decision = five_class(path, policy=CN_FIVE_CLASS, as_of=dt.date(2025, 5, 2))
    >>> decision.outcome.value, decision.facts["days_past_due"]
    ('substandard', 91)
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from microcrm_core.checks import day, name_text, of_kind
from microcrm_core.dates import add_months, month_end
from microcrm_core.decisions import Decision, FactValue, Reason
from microcrm_core.errors import InvalidValueError
from microcrm_core.ledger.arrears_history import ArrearsPath
from microcrm_core.ledger.classification_policies import (
    FiveClassPolicy,
    LoanClass,
    StagePolicy,
)
from microcrm_core.ledger.concessions import Concession, needed_concessions
from microcrm_core.ledger.portfolio_policies import DpdPolicy

__all__ = ["ImpairmentStage", "dpd_string", "five_class", "ifrs9_stage"]

_ONE_DAY: Final = dt.timedelta(days=1)


class ImpairmentStage(StrEnum):
    """The stages of impairment.

    Attributes:
        STAGE_1: Losses of the next twelve months are expected.
        STAGE_2: The risk rose significantly; losses over the whole life are expected.
        STAGE_3: The loan is in default, or otherwise credit-impaired.

    Example:
        >>> from microcrm_core.ledger.classifications import ImpairmentStage
        >>> [stage.value for stage in ImpairmentStage]
        ['stage_1', 'stage_2', 'stage_3']
    """

    STAGE_1 = "stage_1"
    STAGE_2 = "stage_2"
    STAGE_3 = "stage_3"


_NOTHING_REBUTTED: Final[Mapping[ImpairmentStage, str]] = MappingProxyType({})


def dpd_string(
    path: ArrearsPath,
    *,
    policy: DpdPolicy,
    as_of: dt.date,
    not_reported: Iterable[dt.date] = (),
) -> Decision[str]:
    """Return the codes of the latest month ends, the latest last.

    The latest is *as_of* if that is a month end, else the end of the month before. A
    month end without a loan and one of which nothing is known have codes of their own,
    which are never the code of 0 days.

    Args:
        path: The arrears of the loan.
        policy: Codes, and how many month ends.
        as_of: The day.
        not_reported: Days in months of which nothing is known. Month ends after the
            last day of *path* are among them anyway.

    Raises:
        InvalidValueError: A day is no date.
        PolicyError: *policy* is not in force.

    Source:
        House definition of the DPD string.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency
        >>> from microcrm_core.ledger.arrears_history import ArrearsPath, ArrearsPoint
        >>> from microcrm_core.ledger.classification_presets import DPD_24_MONTHS
        >>> from microcrm_core.ledger.classifications import dpd_string
        >>> path = ArrearsPath(
        ...     points=(ArrearsPoint.of(dt.date(2025, 1, 15), principal_minor=500),),
        ...     until_on=dt.date(2025, 3, 15),
        ...     currency=Currency.of("EUR"),
        ... )
        >>> dpd_string(
        ...     path, policy=DPD_24_MONTHS, as_of=dt.date(2025, 3, 15)
        ... ).outcome
        '----------------------00'
    """
    of_kind("policy", policy, DpdPolicy)
    policy.origin.require_in_force(day("as_of", as_of))
    last_on = as_of
    if month_end(as_of) != as_of:
        last_on = as_of.replace(day=1) - _ONE_DAY
    hidden = {month_end(day("not_reported", one)) for one in not_reported}
    ends = [
        month_end(add_months(last_on, -back))
        for back in range(policy.month_count - 1, -1, -1)
    ]
    codes = [_month_code(path, policy, on, hidden) for on in ends]
    reason = Reason(
        "dpd_months",
        {
            "month_count": policy.month_count,
            "last_on": last_on,
            "no_loan_count": codes.count(policy.no_loan),
            "not_reported_count": codes.count(policy.not_reported),
        },
    )
    return Decision(
        outcome="".join(codes),
        reasons=(reason,),
        policy=policy.ref,
        facts=reason.params,
        as_of=as_of,
    )


def _month_code(
    path: ArrearsPath, policy: DpdPolicy, on: dt.date, hidden: set[dt.date]
) -> str:
    if on in hidden or on > path.until_on:
        return policy.not_reported
    point = path.at(on)
    if point.is_written_off:
        return policy.written_off
    return policy.code_of(point.days_past_due(on)) if point.is_open else policy.no_loan


def five_class(
    path: ArrearsPath,
    *,
    policy: FiveClassPolicy,
    as_of: dt.date,
    concessions: Iterable[Concession] = (),
) -> Decision[LoanClass | None]:
    """Return which of five classes a loan is in by its days past due.

    While a restructured loan is observed it is at least in the class that the policy
    names. Observation runs from the first due date under the new terms; where the
    policy says so, arrears in it start it again from their first day, and arrears that
    are there on its last day prolong it. A written-off loan is in no class.

    Args:
        path: The arrears of the loan.
        policy: Days of each class.
        as_of: The day, at its close.
        concessions: Those in financial difficulty count; later ones are not known yet.

    Returns:
        The class; None: there is no loan.

    Raises:
        InvalidValueError: *as_of* is no date, or after the last day of *path*.
        PolicyError: *policy* is not in force.

    Source:
        CBIRC and PBoC, Order [2023] No. 1, for the shape of the rule; its numbers are
        in the policy.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency
        >>> from microcrm_core.ledger import (
        ...     CN_FIVE_CLASS,
        ...     ArrearsPath,
        ...     ArrearsPoint,
        ...     five_class,
        ... )
        >>> late = ArrearsPoint.of(
        ...     dt.date(2025, 2, 1),
        ...     principal_minor=500_000,
        ...     oldest_due_on=dt.date(2025, 1, 31),
        ...     overdue_minor=20_000,
        ... )
        >>> path = ArrearsPath(
        ...     points=(late,),
        ...     until_on=dt.date(2025, 12, 31),
        ...     currency=Currency.of("EUR"),
        ... )
        >>> decision = five_class(path, policy=CN_FIVE_CLASS, as_of=dt.date(2025, 5, 2))
        >>> decision.outcome.value
        'substandard'
    """
    of_kind("policy", policy, FiveClassPolicy)
    policy.origin.require_in_force(day("as_of", as_of))
    point = path.at(as_of)
    days = point.days_past_due(as_of)
    facts: dict[str, FactValue] = {
        "days_past_due": days,
        "is_open": point.is_open,
        "observed_until": None,
    }
    outcome: LoanClass | None = None
    reasons: list[Reason] = [_no_loan(is_written_off=point.is_written_off)]
    if point.is_open:
        outcome = policy.class_of(days)
        reasons = [_class_reason(policy, outcome, days)]
        until_on = _observed_until(path, policy, as_of, concessions)
        facts["observed_until"] = until_on
        if until_on is not None:
            watched = policy.observed_class
            observed = Reason(
                "class_observed",
                {"loan_class": watched.value, "until_on": until_on},
            )
            is_worse = outcome.rank >= watched.rank
            outcome = outcome if is_worse else watched
            reasons = [*reasons, observed] if is_worse else [observed, *reasons]
    return Decision(
        outcome=outcome,
        reasons=tuple(reasons),
        policy=policy.ref,
        facts=facts,
        as_of=as_of,
    )


def _no_loan(*, is_written_off: bool) -> Reason:
    return Reason("class_written_off") if is_written_off else Reason("class_no_loan")


def _class_reason(policy: FiveClassPolicy, outcome: LoanClass, days: int) -> Reason:
    if outcome is LoanClass.NORMAL:
        return Reason("class_not_overdue", {"days": days})
    limit = policy.limits[outcome.rank - 1]
    return Reason(
        "class_days",
        {"loan_class": outcome.value, "days": days, "days_min": limit.days_min},
    )


def _observed_until(
    path: ArrearsPath,
    policy: FiveClassPolicy,
    as_of: dt.date,
    concessions: Iterable[Concession],
) -> dt.date | None:
    """Return the first day after an observation that runs on *as_of*."""
    ends = [
        _observation_end(path, policy, one.observed_from, as_of)
        for one in needed_concessions(concessions, as_of)
    ]
    return max((end for end in ends if end > as_of), default=None)


def _observation_end(
    path: ArrearsPath, policy: FiveClassPolicy, from_on: dt.date, as_of: dt.date
) -> dt.date:
    end_on = add_months(from_on, policy.observed_months)
    if not policy.is_observation_restarted or from_on > as_of:
        return end_on
    for start_on, until_on in _overdue_runs(path, from_on, as_of):
        if start_on >= end_on:
            break
        # Arrears that are still there when observation would end prolong it.
        while until_on >= end_on:
            end_on = add_months(end_on, policy.observed_months)
        end_on = max(end_on, add_months(start_on, policy.observed_months))
    return end_on


def _overdue_runs(
    path: ArrearsPath, from_on: dt.date, last_on: dt.date
) -> Iterator[tuple[dt.date, dt.date]]:
    """Yield first day and day after of each time in arrears, from *from_on* on."""
    start_on: dt.date | None = None
    for span in path.spans(from_on, last_on):
        is_overdue = span.point.oldest_due_on is not None
        if is_overdue and start_on is None:
            start_on = span.from_on
        elif not is_overdue and start_on is not None:
            yield start_on, span.from_on
            start_on = None
    if start_on is not None:
        yield start_on, last_on + _ONE_DAY


def ifrs9_stage(
    path: ArrearsPath,
    *,
    policy: StagePolicy,
    as_of: dt.date,
    is_risk_increased: bool = False,
    is_credit_impaired: bool = False,
    rebuttals: Mapping[ImpairmentStage, str] = _NOTHING_REBUTTED,
) -> Decision[ImpairmentStage | None]:
    """Return the stage of impairment that days past due presume, or findings demand.

    Days are a backstop: what the lender found goes before them. A presumption may be
    rebutted by evidence; one that is rebutted leaves the other in place.

    Args:
        path: The arrears of the loan.
        policy: Days of each presumption.
        as_of: The day, at its close.
        is_risk_increased: Whether the risk was found to have risen significantly.
        is_credit_impaired: Whether the loan was found to be in default or impaired.
        rebuttals: Evidence by the stage whose presumption it sets aside, as a name
            under which the lender keeps it; no personal data.

    Returns:
        The stage; None: there is no loan.

    Raises:
        InvalidValueError: *as_of* is no date, or after the last day of *path*; or stage
            1, of which nothing is presumed, is rebutted, or the policy allows none.
        PolicyError: *policy* is not in force.

    Source:
        IFRS 9, paragraphs 5.5.11, B5.5.20 and B5.5.37.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency
        >>> from microcrm_core.ledger.arrears_history import ArrearsPath, ArrearsPoint
        >>> from microcrm_core.ledger.classification_presets import IFRS9_STAGES
        >>> from microcrm_core.ledger.classifications import ifrs9_stage
        >>> late = ArrearsPoint.of(
        ...     dt.date(2025, 2, 1),
        ...     principal_minor=500,
        ...     oldest_due_on=dt.date(2025, 1, 31),
        ...     overdue_minor=500,
        ... )
        >>> path = ArrearsPath(
        ...     points=(late,),
        ...     until_on=dt.date(2025, 3, 31),
        ...     currency=Currency.of("EUR"),
        ... )
        >>> def stage(on):
        ...     return ifrs9_stage(path, policy=IFRS9_STAGES, as_of=on).outcome.value
        >>> stage(dt.date(2025, 3, 2)), stage(dt.date(2025, 3, 3))
        ('stage_1', 'stage_2')
    """
    of_kind("policy", policy, StagePolicy)
    policy.origin.require_in_force(day("as_of", as_of))
    _require_rebuttable(policy, rebuttals)
    point = path.at(as_of)
    days = point.days_past_due(as_of)
    outcome: ImpairmentStage | None = None
    reasons: tuple[Reason, ...] = (_no_loan(is_written_off=point.is_written_off),)
    if point.is_open:
        presumed, reasons = _presumed_stage(policy, days, rebuttals)
        outcome = presumed
        if is_credit_impaired and presumed is not ImpairmentStage.STAGE_3:
            outcome = ImpairmentStage.STAGE_3
            reasons = (Reason("stage_impaired"), *reasons)
        elif is_risk_increased and presumed is ImpairmentStage.STAGE_1:
            outcome = ImpairmentStage.STAGE_2
            reasons = (Reason("stage_risk_increased"), *reasons)
    facts: dict[str, FactValue] = {
        "days_past_due": days,
        "is_open": point.is_open,
        "is_risk_increased": is_risk_increased,
        "is_credit_impaired": is_credit_impaired,
    }
    return Decision(
        outcome=outcome, reasons=reasons, policy=policy.ref, facts=facts, as_of=as_of
    )


def _presumed_stage(
    policy: StagePolicy, days: int, rebuttals: Mapping[ImpairmentStage, str]
) -> tuple[ImpairmentStage, tuple[Reason, ...]]:
    rebutted: list[Reason] = []
    presumptions = (
        (ImpairmentStage.STAGE_3, policy.default_limit),
        (ImpairmentStage.STAGE_2, policy.increased_limit),
    )
    for stage, limit in presumptions:
        if not limit.is_reached(days):
            continue
        if stage not in rebuttals:
            reason = Reason(
                "stage_days",
                {"stage": stage.value, "days": days, "days_min": limit.days_min},
            )
            return stage, (reason, *rebutted)
        rebutted.append(
            Reason(
                "stage_rebutted",
                {"stage": stage.value, "days": days, "evidence": rebuttals[stage]},
            )
        )
    return ImpairmentStage.STAGE_1, (*rebutted, Reason("stage_none", {"days": days}))


def _require_rebuttable(
    policy: StagePolicy, rebuttals: Mapping[ImpairmentStage, str]
) -> None:
    for stage, evidence in rebuttals.items():
        if stage not in (ImpairmentStage.STAGE_2, ImpairmentStage.STAGE_3):
            raise InvalidValueError("rebuttals", "must be of stage 2 or 3", stage)
        name_text("rebuttals", evidence)
        if not policy.is_rebuttable:
            rule = f"must be empty, as {policy.origin.id} allows none"
            raise InvalidValueError("rebuttals", rule, stage)
