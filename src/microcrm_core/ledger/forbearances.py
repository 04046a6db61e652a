"""Forbearance: what follows a concession to a customer in financial difficulty.

A loan that was non-performing when its terms were eased, or became so later, first has
to cure: a year at least, with nothing overdue at its end. Then, and at once where it
was performing, it is in probation for two years at least. Being late for too long in
probation, or a renewed concession, makes it non-performing, and all starts again.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import Currency
    >>> from microcrm_core.ledger.arrears_history import ArrearsPath, ArrearsPoint
    >>> from microcrm_core.ledger.classification_presets import EU_FORBEARANCE
    >>> from microcrm_core.ledger.concessions import Concession
    >>> from microcrm_core.ledger.forbearances import forbearance_status
    >>> path = ArrearsPath(
    ...     points=(ArrearsPoint.of(dt.date(2024, 1, 1), principal_minor=500),),
    ...     until_on=dt.date(2026, 12, 31),
    ...     currency=Currency.of("EUR"),
    ... )
    >>> eased = Concession(granted_on=dt.date(2024, 6, 1), is_in_difficulty=True)
    >>> def state(on):
    ...     decision = forbearance_status(
    ...         path, policy=EU_FORBEARANCE, as_of=on, concessions=[eased]
    ...     )
    ...     return decision.outcome.state.value
    >>> state(dt.date(2026, 5, 31)), state(dt.date(2026, 6, 1))
    ('in_probation', 'not_forborne')
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import attrs

from microcrm_core.checks import day, of_kind
from microcrm_core.dates import add_months
from microcrm_core.decisions import Decision, FactValue, Reason
from microcrm_core.ledger.arrears_history import ArrearsPath
from microcrm_core.ledger.classification_policies import ForbearancePolicy
from microcrm_core.ledger.concessions import Concession, needed_concessions

__all__ = ["ForbearanceState", "ForbearanceStatus", "forbearance_status"]

_ONE_DAY: Final = dt.timedelta(days=1)


class ForbearanceState(StrEnum):
    """Where a loan stands after concessions.

    Attributes:
        NOT_FORBORNE: None counts, or their effect is over.
        NON_PERFORMING: Forborne and non-performing; it has to cure.
        IN_PROBATION: Forborne and performing.

    Example:
        >>> from microcrm_core.ledger.forbearances import ForbearanceState
        >>> ForbearanceState.NON_PERFORMING.value
        'non_performing'
    """

    NOT_FORBORNE = "not_forborne"
    NON_PERFORMING = "non_performing"
    IN_PROBATION = "in_probation"


class _Cause(StrEnum):
    NO_CONCESSION = "no_concession"
    GRANTED = "granted"
    RENEWED = "renewed"
    LATE = "late"
    CURED = "cured"
    OVER = "over"
    CLOSED = "closed"


@attrs.frozen(kw_only=True)
class ForbearanceStatus:
    """Where a loan stands after concessions, and since when.

    Attributes:
        state: Where.
        since_on: First day of the cure or of the probation that runs; None: neither
            does.
        until_on: First day on which it may end; None: neither runs.
        was_non_performing: Whether the loan was non-performing at some time since the
            first concession that still has effect.

    Example:
        >>> from microcrm_core.ledger import ForbearanceState, ForbearanceStatus
        >>> ForbearanceStatus(state=ForbearanceState.IN_PROBATION).is_forborne
        True
    """

    state: ForbearanceState
    since_on: dt.date | None = None
    until_on: dt.date | None = None
    was_non_performing: bool = False

    @property
    def is_forborne(self) -> bool:
        """Whether the loan is forborne."""
        return self.state is not ForbearanceState.NOT_FORBORNE


@attrs.define(kw_only=True)
class _Walk:
    """One loan on its way through the days."""

    path: ArrearsPath
    policy: ForbearancePolicy
    state: ForbearanceState = ForbearanceState.NOT_FORBORNE
    cause: _Cause = _Cause.NO_CONCESSION
    caused_on: dt.date = dt.date.min
    was_non_performing: bool = False

    def grant(self, concession: Concession, on: dt.date) -> None:
        is_bad = concession.is_non_performing
        if is_bad is None:
            days = self.path.days_past_due(on - _ONE_DAY)
            is_bad = self.policy.non_performing_limit.is_reached(days)
        is_again = self.state is ForbearanceState.IN_PROBATION
        is_set_back = is_again and self._may_relapse
        if is_set_back or is_bad or self.state is ForbearanceState.NON_PERFORMING:
            cause = _Cause.RENEWED if is_set_back else _Cause.GRANTED
            self._go(ForbearanceState.NON_PERFORMING, cause, on)
        else:
            self._go(ForbearanceState.IN_PROBATION, _Cause.GRANTED, on)

    def pass_day(self, on: dt.date) -> None:
        point = self.path.at(on)
        days = point.days_past_due(on)
        if self.state is ForbearanceState.NOT_FORBORNE:
            return
        if not point.is_open:
            self._go(ForbearanceState.NOT_FORBORNE, _Cause.CLOSED, on)
        elif self.state is ForbearanceState.NON_PERFORMING:
            if on >= self.until_on and days == 0:
                self._go(ForbearanceState.IN_PROBATION, _Cause.CURED, on)
        elif self._limit_reached(days):
            self._go(ForbearanceState.NON_PERFORMING, _Cause.LATE, on)
        elif on >= self.until_on and not self.policy.relapse_limit.is_reached(days):
            self._go(ForbearanceState.NOT_FORBORNE, _Cause.OVER, on)

    @property
    def until_on(self) -> dt.date:
        is_cure = self.state is ForbearanceState.NON_PERFORMING
        months = self.policy.cure_months if is_cure else self.policy.probation_months
        return add_months(self.caused_on, months)

    @property
    def _may_relapse(self) -> bool:
        return self.was_non_performing or not self.policy.is_relapse_for_cured_only

    def _limit_reached(self, days: int) -> bool:
        policy = self.policy
        limit = policy.non_performing_limit
        return (policy.relapse_limit if self._may_relapse else limit).is_reached(days)

    def _go(self, state: ForbearanceState, cause: _Cause, on: dt.date) -> None:
        self.state, self.cause, self.caused_on = state, cause, on
        if state is ForbearanceState.NON_PERFORMING:
            self.was_non_performing = True
        elif state is ForbearanceState.NOT_FORBORNE:
            self.was_non_performing = False


def forbearance_status(
    path: ArrearsPath,
    *,
    policy: ForbearancePolicy,
    as_of: dt.date,
    concessions: Iterable[Concession],
) -> Decision[ForbearanceStatus]:
    """Return where a loan stands after concessions at the close of *as_of*.

    A concession counts where the customer was in financial difficulty. The cure runs
    from the last concession or relapse, and ends on the first day after it on which
    nothing is overdue; probation runs from then, or from the concession to a performing
    loan, and ends on the first day after it on which the loan is not late beyond the
    relapse limit. A loan that is repaid is forborne no more.

    Args:
        path: The arrears of the loan.
        policy: Months and days.
        as_of: The day.
        concessions: In any order; those after *as_of* are not known yet.

    Raises:
        InvalidValueError: *as_of* is no date, or after the last day of *path*.
        PolicyError: *policy* is not in force.

    Source:
        Implementing Regulation (EU) No 680/2014, Annex V; EBA Q&A 2014_1018 and
        2014_878 on where cure and probation begin.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency
        >>> from microcrm_core.ledger import (
        ...     EU_FORBEARANCE,
        ...     ArrearsPath,
        ...     ArrearsPoint,
        ...     Concession,
        ...     forbearance_status,
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
        >>> eased = Concession(granted_on=dt.date(2025, 2, 10), is_in_difficulty=True)
        >>> decision = forbearance_status(
        ...     path,
        ...     policy=EU_FORBEARANCE,
        ...     as_of=dt.date(2025, 2, 20),
        ...     concessions=[eased],
        ... )
        >>> decision.outcome.state.value
        'in_probation'
    """
    of_kind("policy", policy, ForbearancePolicy)
    policy.origin.require_in_force(day("as_of", as_of))
    point = path.at(as_of)
    given = tuple(concessions)
    needed = needed_concessions(given, as_of)
    walk = _walked(path, policy, needed, as_of)
    is_forborne = walk.state is not ForbearanceState.NOT_FORBORNE
    status = ForbearanceStatus(
        state=walk.state,
        since_on=walk.caused_on if is_forborne else None,
        until_on=walk.until_on if is_forborne else None,
        was_non_performing=walk.was_non_performing,
    )
    eased_count = len([one for one in given if one.granted_on <= as_of])
    facts: dict[str, FactValue] = {
        "days_past_due": point.days_past_due(as_of),
        "concession_count": eased_count,
        "needed_count": len(needed),
        "since_on": status.since_on,
        "until_on": status.until_on,
    }
    return Decision(
        outcome=status,
        reasons=_reasons(walk, has_eased=eased_count > 0),
        policy=policy.ref,
        facts=facts,
        as_of=as_of,
    )


def _walked(
    path: ArrearsPath,
    policy: ForbearancePolicy,
    needed: tuple[Concession, ...],
    as_of: dt.date,
) -> _Walk:
    walk = _Walk(path=path, policy=policy)
    if not needed:
        return walk
    by_day: dict[dt.date, list[Concession]] = {}
    for one in needed:
        by_day.setdefault(one.granted_on, []).append(one)
    first_on = needed[0].granted_on
    for offset in range((as_of - first_on).days + 1):
        on = first_on + dt.timedelta(days=offset)
        if on in by_day:
            walk.grant(_strictest(by_day[on]), on)
        walk.pass_day(on)
    return walk


def _strictest(concessions: list[Concession]) -> Concession:
    """Return the one of a day that weighs most; several of a day are one."""
    weights = {True: 2, None: 1, False: 0}
    return max(concessions, key=lambda one: weights[one.is_non_performing])


def _reasons(walk: _Walk, *, has_eased: bool) -> tuple[Reason, ...]:
    on = walk.caused_on
    match walk.cause:
        case _Cause.NO_CONCESSION:
            if has_eased:
                return (Reason("forbearance_no_difficulty"),)
            return (Reason("forbearance_no_concession"),)
        case _Cause.OVER:
            return (Reason("forbearance_over", {"on": on}),)
        case _Cause.CLOSED:
            return (Reason("forbearance_closed", {"on": on}),)
        case _Cause.RENEWED:
            cause = Reason("forbearance_renewed", {"on": on})
        case _Cause.LATE:
            cause = Reason("forbearance_late", {"on": on})
        case _Cause.CURED:
            cause = Reason("forbearance_cured", {"on": on})
        case _Cause.GRANTED:
            cause = Reason("forbearance_granted", {"on": on})
    if walk.state is ForbearanceState.NON_PERFORMING:
        return (Reason("forbearance_cure", {"until_on": walk.until_on}), cause)
    return (Reason("forbearance_probation", {"until_on": walk.until_on}), cause)
