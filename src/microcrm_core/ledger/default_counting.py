"""Default by arrears: so many days in a row on which they are material.

Arrears are material on a day on which they exceed both a sum and a share of what the
customer owes. A counter runs while they are, and starts from nothing when they are not.
A default begins when the counter passes its limit; once arrears are no longer material
it goes on for a time of probation, and ends only if they stay so.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import Currency
    >>> from microcrm_core.ledger.arrears_history import ArrearsPath, ArrearsPoint
    >>> from microcrm_core.ledger.classification_presets import EU_DEFAULT_RETAIL
    >>> from microcrm_core.ledger.default_counting import default_status
    >>> late = ArrearsPoint.of(
    ...     dt.date(2025, 2, 1),
    ...     principal_minor=500_000,
    ...     oldest_due_on=dt.date(2025, 1, 31),
    ...     overdue_minor=20_000,
    ... )
    >>> path = ArrearsPath(
    ...     points=(late,), until_on=dt.date(2025, 12, 31), currency=Currency.of("EUR")
    ... )
    >>> def found(on):
    ...     decision = default_status(path, policy=EU_DEFAULT_RETAIL, as_of=on)
    ...     return decision.outcome.state.value, decision.outcome.counted_days
    >>> found(dt.date(2025, 5, 1)), found(dt.date(2025, 5, 2))
    (('not_in_default', 90), ('in_default', 91))
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from enum import StrEnum
from typing import Final

import attrs

from microcrm_core.checks import day, of_kind
from microcrm_core.dates import add_months
from microcrm_core.decisions import Decision, FactValue, Reason
from microcrm_core.errors import CurrencyMismatchError
from microcrm_core.ledger.arrears_history import ArrearsPath
from microcrm_core.ledger.classification_policies import DefaultPolicy

__all__ = ["DefaultState", "DefaultStatus", "MaterialRun", "default_status"]

_ONE_DAY: Final = dt.timedelta(days=1)


class DefaultState(StrEnum):
    """Where a customer stands by arrears.

    Attributes:
        NOT_IN_DEFAULT: Not in default.
        IN_DEFAULT: In default, with material arrears.
        IN_PROBATION: Still in default, though arrears are no longer material.

    Example:
        >>> from microcrm_core.ledger.default_counting import DefaultState
        >>> DefaultState.IN_PROBATION.value
        'in_probation'
    """

    NOT_IN_DEFAULT = "not_in_default"
    IN_DEFAULT = "in_default"
    IN_PROBATION = "in_probation"


@attrs.frozen(kw_only=True)
class MaterialRun:
    """Days in a row on which arrears are material.

    Attributes:
        from_on: The first of them.
        until_on: The first day after them; None: they are material on the last day that
            was asked for.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.ledger import MaterialRun
        >>> MaterialRun(from_on=dt.date(2025, 2, 1), until_on=None).from_on.month
        2
    """

    from_on: dt.date
    until_on: dt.date | None


@attrs.frozen(kw_only=True)
class DefaultStatus:
    """Where a customer stands by arrears, and since when.

    Attributes:
        state: Where.
        counted_days: Days in a row, up to this one, with material arrears.
        default_on: The day on which the default began; None: there is none.
        probation_from: First day of probation; None: it does not run.
        probation_until: First day on which the default is over, if arrears stay
            immaterial; None: probation does not run.

    Example:
        >>> from microcrm_core.ledger import DefaultState, DefaultStatus
        >>> DefaultStatus(state=DefaultState.IN_PROBATION, counted_days=0).is_in_default
        True
    """

    state: DefaultState
    counted_days: int
    default_on: dt.date | None = None
    probation_from: dt.date | None = None
    probation_until: dt.date | None = None

    @property
    def is_in_default(self) -> bool:
        """Whether the customer is in default; in probation too."""
        return self.state is not DefaultState.NOT_IN_DEFAULT


def default_status(
    path: ArrearsPath, *, policy: DefaultPolicy, as_of: dt.date
) -> Decision[DefaultStatus]:
    """Return whether arrears are a default at the close of *as_of*.

    Days after a write-off count as days with material arrears, for what was written off
    was not paid. Other signs that a customer is unlikely to pay are for the lender to
    judge.

    Args:
        path: The arrears of a loan, or of all loans of a customer by `combined_path`.
        policy: Limits, days and probation.
        as_of: The day.

    Raises:
        InvalidValueError: *as_of* is no date, or after the last day of *path*.
        CurrencyMismatchError: The limit is in another currency than *path*.
        PolicyError: *policy* is not in force.

    Source:
        Delegated Regulation (EU) 2018/171, Articles 1 and 2, for the shape of the rule;
        its numbers are in the policy.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency
        >>> from microcrm_core.ledger import (
        ...     EU_DEFAULT_RETAIL,
        ...     ArrearsPath,
        ...     ArrearsPoint,
        ...     default_status,
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
        >>> decision = default_status(
        ...     path, policy=EU_DEFAULT_RETAIL, as_of=dt.date(2025, 5, 2)
        ... )
        >>> decision.outcome.state.value
        'in_default'
    """
    of_kind("policy", policy, DefaultPolicy)
    policy.origin.require_in_force(day("as_of", as_of))
    if policy.arrears_max.currency != path.currency:
        rule = f"must be {policy.arrears_max.currency.code}, as the limit"
        raise CurrencyMismatchError("currency", rule, path.currency.code)
    point = path.at(as_of)
    runs = tuple(_material_runs(path, policy, as_of))
    counted = 0
    if runs and runs[-1].until_on is None:
        counted = (as_of - runs[-1].from_on).days + 1
    status = _status(runs, policy, as_of, counted)
    facts: dict[str, FactValue] = {
        "days_past_due": point.days_past_due(as_of),
        "overdue_minor": point.overdue_minor,
        "exposure_minor": point.exposure_minor,
        "counted_days": counted,
        "default_on": status.default_on,
    }
    return Decision(
        outcome=status,
        reasons=_reasons(status, policy),
        policy=policy.ref,
        facts=facts,
        as_of=as_of,
    )


def _material_runs(
    path: ArrearsPath, policy: DefaultPolicy, as_of: dt.date
) -> Iterator[MaterialRun]:
    if not path.points or path.points[0].from_on > as_of:
        return
    start_on: dt.date | None = None
    for span in path.spans(path.points[0].from_on, as_of):
        point = span.point
        is_material = point.is_written_off or policy.is_material(
            point.overdue_minor, point.exposure_minor
        )
        if is_material and start_on is None:
            start_on = span.from_on
        elif not is_material and start_on is not None:
            yield MaterialRun(from_on=start_on, until_on=span.from_on)
            start_on = None
    if start_on is not None:
        yield MaterialRun(from_on=start_on, until_on=None)


def _status(
    runs: tuple[MaterialRun, ...], policy: DefaultPolicy, as_of: dt.date, counted: int
) -> DefaultStatus:
    default_on: dt.date | None = None
    probation_from: dt.date | None = None
    # A limit of no days is reached on the first material day, as one of one day is.
    wait = dt.timedelta(days=max(policy.limit.days_min, 1) - 1)
    for run in runs:
        if probation_from is not None and _end(probation_from, policy) <= run.from_on:
            default_on = probation_from = None
        reached_on = run.from_on + wait
        last_on = as_of if run.until_on is None else run.until_on - _ONE_DAY
        if default_on is None and reached_on <= last_on:
            default_on = reached_on
        if default_on is not None:
            probation_from = run.until_on
    if default_on is None:
        return DefaultStatus(state=DefaultState.NOT_IN_DEFAULT, counted_days=counted)
    if probation_from is None:
        return DefaultStatus(
            state=DefaultState.IN_DEFAULT, counted_days=counted, default_on=default_on
        )
    until_on = _end(probation_from, policy)
    if until_on <= as_of:
        return DefaultStatus(state=DefaultState.NOT_IN_DEFAULT, counted_days=counted)
    return DefaultStatus(
        state=DefaultState.IN_PROBATION,
        counted_days=counted,
        default_on=default_on,
        probation_from=probation_from,
        probation_until=until_on,
    )


def _end(probation_from: dt.date, policy: DefaultPolicy) -> dt.date:
    return add_months(probation_from, policy.probation_months)


def _reasons(status: DefaultStatus, policy: DefaultPolicy) -> tuple[Reason, ...]:
    counted = status.counted_days
    if status.state is DefaultState.IN_DEFAULT:
        return (
            Reason(
                "default_since",
                {"default_on": status.default_on, "counted_days": counted},
            ),
        )
    if status.state is DefaultState.IN_PROBATION:
        return (
            Reason(
                "default_probation",
                {
                    "default_on": status.default_on,
                    "probation_from": status.probation_from,
                    "probation_until": status.probation_until,
                },
            ),
        )
    if counted:
        return (
            Reason(
                "default_counting",
                {"counted_days": counted, "days_min": policy.limit.days_min},
            ),
        )
    return (Reason("default_immaterial"),)
