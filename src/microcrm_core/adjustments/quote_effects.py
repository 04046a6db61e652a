"""What an adjustment does beside the schedule: its cost, its caps, arrears and classes.

Each effect is a difference between two states of one loan. That there is no rate, or no
unique one, is a result; then there is no difference, and the quote says so. Classes are
those of `ledger.classifications` and `ledger.default_counting`, before and after, where
what comes after includes the concession that the adjustment is.

Example:
    >>> from microcrm_core.adjustments import CapQuestion
    >>> from microcrm_core.loans.cap_presets import CAP_PRESETS
    >>> asked = CapQuestion(
    ...     jurisdiction="CN",
    ...     loan_types=("assisted_internet_lending",),
    ...     caps=CAP_PRESETS,
    ... )
    >>> len(asked.caps) == len(CAP_PRESETS)
    True
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from enum import StrEnum
from typing import TypeAlias

import attrs

from microcrm_core.adjustments.state_flows import (
    credit_facts_of_state,
    flows_of_state,
)
from microcrm_core.checks import name_text_field, tuple_field
from microcrm_core.decisions import Decision, PolicyRef
from microcrm_core.errors import InvalidValueError
from microcrm_core.ledger.arrears_history import ArrearsPath
from microcrm_core.ledger.classification_policies import (
    DefaultPolicy,
    FiveClassPolicy,
    LoanClass,
    StagePolicy,
)
from microcrm_core.ledger.classifications import (
    ImpairmentStage,
    five_class,
    ifrs9_stage,
)
from microcrm_core.ledger.concessions import Concession
from microcrm_core.ledger.default_counting import DefaultStatus, default_status
from microcrm_core.ledger.loan_states import LoanState
from microcrm_core.ledger.state_rows import BucketAmounts
from microcrm_core.loans.cap_checks import check_caps
from microcrm_core.loans.cap_findings import CapCheck
from microcrm_core.loans.caps import RateCap, ReferenceRate
from microcrm_core.loans.rate_measures import RateMeasure
from microcrm_core.loans.rate_solving import SolvedRate, solve_rate

__all__ = [
    "ArrearsFigures",
    "CapQuestion",
    "ClassEffect",
    "ClassificationPolicy",
    "CostChange",
    "caps_after",
    "class_effects",
    "cost_change",
]

ClassificationPolicy: TypeAlias = FiveClassPolicy | StagePolicy | DefaultPolicy
"""A policy by which a loan is classified by its arrears alone."""

Classified: TypeAlias = (
    Decision[LoanClass | None]
    | Decision[ImpairmentStage | None]
    | Decision[DefaultStatus]
)
"""The decision of such a policy."""


@attrs.frozen
class ArrearsFigures:
    """What is overdue of a loan.

    Attributes:
        days_past_due: Days since the due date of the oldest unpaid row.
        overdue: What is overdue, by bucket.

    Example:
        >>> from microcrm_core import Currency
        >>> from microcrm_core.adjustments import ArrearsFigures
        >>> from microcrm_core.ledger import BucketAmounts
        >>> overdue = BucketAmounts.of((9000, 500, 0, 0), Currency.of("EUR"))
        >>> str(ArrearsFigures(17, overdue).overdue.total)
        'EUR 95.00'
    """

    days_past_due: int
    overdue: BucketAmounts

    @classmethod
    def of(cls, state: LoanState) -> ArrearsFigures:
        """Return the figures of a state."""
        return cls(state.days_past_due, state.overdue)


@attrs.frozen(kw_only=True)
class CapQuestion:
    """Against which caps a loan is to be held, and what they need to know.

    Attributes:
        jurisdiction: Whose law holds, such as `CN`.
        lender_type: What the lender is, in the words that its caps use; None: not
            known.
        loan_types: What the loan is, in the words that its caps use; None: not known.
        caps: The caps.
        reference_rates: The series that their limits refer to.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        >>> from microcrm_core.adjustments import CapQuestion
        >>> CapQuestion(jurisdiction="CZ", caps=()).reference_rates
        ()
    """

    jurisdiction: str = attrs.field(validator=name_text_field)
    lender_type: str | None = attrs.field(
        default=None, validator=attrs.validators.optional(name_text_field)
    )
    loan_types: tuple[str, ...] | None = attrs.field(
        default=None, validator=attrs.validators.optional(tuple_field(str))
    )
    caps: tuple[RateCap, ...] = attrs.field(validator=tuple_field(RateCap))
    reference_rates: tuple[ReferenceRate, ...] = attrs.field(
        default=(), validator=tuple_field(ReferenceRate)
    )


def _rate_text(solved: SolvedRate) -> str:
    # Its own repr has every flow.
    return "None" if solved.rate is None else f"{solved.disclosed_percent}%"


@attrs.frozen(kw_only=True)
class CostChange:
    """What a loan costs a year under one measure, before and after an adjustment.

    Attributes:
        measure: What is measured.
        before: The rate as the loan stands.
        after: The rate with the adjustment.

    Its `repr` has both rates, as they are disclosed.

    Example:
        >>> import attrs
        >>> from microcrm_core.adjustments import CostChange
        >>> [field.name for field in attrs.fields(CostChange)]
        ['measure', 'before', 'after']
    """

    measure: RateMeasure
    before: SolvedRate = attrs.field(repr=_rate_text)
    after: SolvedRate = attrs.field(repr=_rate_text)

    @property
    def delta(self) -> float | None:
        """The rate after less the rate before; None: there is not one rate in both."""
        if self.before.rate is None or self.after.rate is None:
            return None
        return self.after.rate - self.before.rate


def cost_change(
    before: LoanState, after: LoanState, measure: RateMeasure
) -> CostChange:
    """Return what a change of a loan does to its cost of credit.

    Raises:
        InvalidValueError: *measure* is of another kind.
        ConvergenceError: A rate was not found within the bound on steps.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import STRICT, Currency, Frequency, LoanTerms, Money
        >>> from microcrm_core import Rate
        >>> from microcrm_core.adjustments import cost_change
        >>> from microcrm_core.ids import LoanId
        >>> from microcrm_core.ledger import PLAIN_LEDGER, LedgerEvent, RateChanged
        >>> from microcrm_core.ledger import replay
        >>> from microcrm_core.loans.rate_measures import RateMeasure
        >>> terms = LoanTerms(
        ...     principal=Money.of("1000.00", Currency.of("EUR")),
        ...     nominal_rate=Rate.per_year("0.24"),
        ...     installment_count=3,
        ...     frequency=Frequency.MONTHLY,
        ...     disbursed_on=dt.date(2025, 1, 15),
        ...     first_due_on=dt.date(2025, 2, 15),
        ... )
        >>> cheaper = LedgerEvent.of(
        ...     RateChanged(Rate.per_year("0.12")),
        ...     loan_id=LoanId("loan-7"),
        ...     value_on=dt.date(2025, 1, 15),
        ...     recorded_at=dt.datetime(2025, 1, 15, tzinfo=dt.UTC),
        ...     idempotency_key="cheaper",
        ... )
        >>> def state_of(*log):
        ...     return replay(
        ...         terms,
        ...         log,
        ...         conventions=STRICT,
        ...         policy=PLAIN_LEDGER,
        ...         as_of=terms.disbursed_on,
        ...     )
        >>> change = cost_change(state_of(), state_of(cheaper), RateMeasure.EU_APRC)
        >>> str(change.before.disclosed_percent), str(change.after.disclosed_percent)
        ('26.4', '12.5')
        >>> round(change.delta, 3)
        -0.139
    """
    return CostChange(
        measure=measure,
        before=solve_rate(flows_of_state(before), measure),
        after=solve_rate(flows_of_state(after), measure),
    )


def caps_after(after: LoanState, question: CapQuestion) -> CapCheck:
    """Return where a loan stands against caps, on the day of its state.

    What is agreed on a day is held against the caps of that day.

    Raises:
        InvalidValueError: A reference rate repeats.
        ConvergenceError: A rate was not found within the bound on steps.

    Example:
        See `microcrm_core.adjustments.quoting`.
    """
    facts = credit_facts_of_state(
        after,
        jurisdiction=question.jurisdiction,
        lender_type=question.lender_type,
        loan_types=question.loan_types,
    )
    return check_caps(
        facts,
        question.caps,
        as_of=after.as_of,
        reference_rates=question.reference_rates,
    )


@attrs.frozen(kw_only=True)
class ClassEffect:
    """The class of a loan by one policy, before and after an adjustment.

    Attributes:
        policy: The policy.
        before: Its class as it stands, as text; None: there is no loan.
        after: Its class with the adjustment; None: there is no loan.
        decision_after: Why.

    Example:
        >>> import attrs
        >>> from microcrm_core.adjustments import ClassEffect
        >>> [field.name for field in attrs.fields(ClassEffect)]
        ['policy', 'before', 'after', 'decision_after']
    """

    policy: PolicyRef
    before: str | None
    after: str | None
    decision_after: Classified = attrs.field(repr=False)

    @property
    def is_changed(self) -> bool:
        """Whether the adjustment changes the class."""
        return self.before != self.after


def class_effects(
    before: ArrearsPath,
    after: ArrearsPath,
    policies: Iterable[ClassificationPolicy],
    *,
    as_of: dt.date,
    concessions: Iterable[Concession] = (),
    granted: Concession | None = None,
) -> tuple[ClassEffect, ...]:
    """Return what an adjustment does to the classes of a loan, one for each policy.

    Args:
        before: The arrears as they stand.
        after: The arrears with the adjustment.
        policies: The policies, in the order of the result.
        as_of: The day.
        concessions: Those that were granted before.
        granted: The concession that the adjustment is; None: it is none.

    Raises:
        InvalidValueError: A policy is of another kind, or a path does not reach the
            day.
        PolicyError: A policy is not in force.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency
        >>> from microcrm_core.adjustments import class_effects
        >>> from microcrm_core.ledger import CN_FIVE_CLASS, ArrearsPath, ArrearsPoint
        >>> from microcrm_core.ledger import Concession
        >>> on = dt.date(2025, 2, 1)
        >>> path = ArrearsPath(
        ...     points=(ArrearsPoint.of(on, principal_minor=500),),
        ...     until_on=on,
        ...     currency=Currency.of("CNY"),
        ... )
        >>> eased = Concession(granted_on=on, is_in_difficulty=True)
        >>> effects = class_effects(
        ...     path, path, [CN_FIVE_CLASS], as_of=on, granted=eased
        ... )
        >>> effects[0].before, effects[0].after
        ('normal', 'special_mention')
    """
    policies = tuple(policies)
    _require_policies(policies)
    earlier = tuple(concessions)
    later = earlier if granted is None else (*earlier, granted)
    effects: list[ClassEffect] = []
    for policy in policies:
        found = _classified(before, policy, as_of, earlier)
        found_after = _classified(after, policy, as_of, later)
        effects.append(
            ClassEffect(
                policy=found_after.policy,
                before=_class_text(found.outcome),
                after=_class_text(found_after.outcome),
                decision_after=found_after,
            )
        )
    return tuple(effects)


def _require_policies(policies: tuple[object, ...]) -> None:
    for policy in policies:
        if not isinstance(policy, FiveClassPolicy | StagePolicy | DefaultPolicy):
            rule = "must hold nothing but FiveClassPolicy, StagePolicy or DefaultPolicy"
            raise InvalidValueError("classifications", rule, policy)


def _classified(
    path: ArrearsPath,
    policy: ClassificationPolicy,
    as_of: dt.date,
    concessions: tuple[Concession, ...],
) -> Classified:
    if isinstance(policy, FiveClassPolicy):
        return five_class(path, policy=policy, as_of=as_of, concessions=concessions)
    if isinstance(policy, StagePolicy):
        return ifrs9_stage(path, policy=policy, as_of=as_of)
    return default_status(path, policy=policy, as_of=as_of)


def _class_text(outcome: StrEnum | DefaultStatus | None) -> str | None:
    if isinstance(outcome, DefaultStatus):
        return outcome.state.value
    return None if outcome is None else outcome.value
