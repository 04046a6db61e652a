"""The thresholds by which one loan is classified, as data with a source and a date.

Nothing here is in code: a lender whose supervisor says otherwise evolves a policy and
gives it an id of its own. `classification_presets` has some to start from, and
`classifications`, `default_counting` and `forbearances` apply them.

Example:
    >>> from microcrm_core.ledger.classification_presets import CN_FIVE_CLASS
    >>> CN_FIVE_CLASS.class_of(90).value, CN_FIVE_CLASS.class_of(91).value
    ('special_mention', 'substandard')
"""

from __future__ import annotations

from enum import StrEnum
from fractions import Fraction
from typing import Final

import attrs

from microcrm_core.checks import (
    fraction_field,
    kind_field,
    tuple_field,
    whole_number_field,
)
from microcrm_core.decisions import PolicyRef
from microcrm_core.errors import InvalidValueError, PolicyError
from microcrm_core.ledger.rule_origins import DayLimit, RuleOrigin
from microcrm_core.money import Money

__all__ = [
    "DefaultPolicy",
    "FiveClassPolicy",
    "ForbearancePolicy",
    "LoanClass",
    "StagePolicy",
]

_LIMITED_CLASS_COUNT: Final = 4


class LoanClass(StrEnum):
    """The five classes of a loan, the best first.

    Attributes:
        NORMAL: Nothing speaks against full repayment.
        SPECIAL_MENTION: Something does, such as a late payment.
        SUBSTANDARD: The first of three non-performing classes.
        DOUBTFUL: The second.
        LOSS: The third.

    Example:
        >>> from microcrm_core.ledger.classification_policies import LoanClass
        >>> LoanClass.LOSS.rank > LoanClass.DOUBTFUL.rank
        True
    """

    NORMAL = "normal"
    SPECIAL_MENTION = "special_mention"
    SUBSTANDARD = "substandard"
    DOUBTFUL = "doubtful"
    LOSS = "loss"

    @property
    def rank(self) -> int:
        """Its place, from 0 for the best."""
        return tuple(LoanClass).index(self)

    @property
    def is_non_performing(self) -> bool:
        """Whether it is one of the three worst."""
        return self.rank >= LoanClass.SUBSTANDARD.rank


@attrs.frozen(kw_only=True)
class FiveClassPolicy:
    """From how many days past due on a loan is in which of five classes.

    Attributes:
        origin: Where the rule comes from.
        limits: The days that put a loan in each class but the best, in order.
        observed_months: How long a restructured loan is observed; 1 or more.
        observed_class: Its class in that time, unless its days make it worse.
        is_observation_restarted: Whether arrears start the observation again.

    Raises:
        InvalidValueError: A field breaks its rule.
        PolicyError: There are not four limits, or they do not ascend.

    Example:
        >>> from microcrm_core.ledger.classification_presets import CN_FIVE_CLASS
        >>> CN_FIVE_CLASS.class_of(91).value
        'substandard'
    """

    origin: RuleOrigin = attrs.field(validator=kind_field(RuleOrigin))
    limits: tuple[DayLimit, ...] = attrs.field(validator=tuple_field(DayLimit))
    observed_months: int = attrs.field(validator=whole_number_field(at_least=1))
    observed_class: LoanClass = attrs.field(validator=kind_field(LoanClass))
    is_observation_restarted: bool = attrs.field(
        default=True, validator=kind_field(bool)
    )

    def __attrs_post_init__(self) -> None:
        """Refuse a class without days of its own."""
        days = [one.days_min for one in self.limits]
        if len(days) != _LIMITED_CLASS_COUNT or days != sorted(set(days)):
            raise PolicyError("limits", "must be four that ascend", days)

    @property
    def ref(self) -> PolicyRef:
        """Id, version and digest, for decisions and records."""
        return self.origin.ref(self)

    def class_of(self, days: int) -> LoanClass:
        """Return the class of so many days past due."""
        reached_count = sum(limit.is_reached(days) for limit in self.limits)
        return tuple(LoanClass)[reached_count]


@attrs.frozen(kw_only=True)
class StagePolicy:
    """From how many days past due on a loan is presumed to be in which stage.

    Attributes:
        origin: Where the rule comes from.
        increased_limit: Days that presume a significant increase in credit risk.
        default_limit: Days that presume default.
        is_rebuttable: Whether evidence may set either presumption aside.

    Raises:
        InvalidValueError: A field is of another kind.
        PolicyError: Default comes before the increase in risk.

    Example:
        >>> from microcrm_core.ledger.classification_presets import IFRS9_STAGES
        >>> str(IFRS9_STAGES.increased_limit), str(IFRS9_STAGES.default_limit)
        ('more than 30', '90 or more')
    """

    origin: RuleOrigin = attrs.field(validator=kind_field(RuleOrigin))
    increased_limit: DayLimit = attrs.field(validator=kind_field(DayLimit))
    default_limit: DayLimit = attrs.field(validator=kind_field(DayLimit))
    is_rebuttable: bool = attrs.field(default=True, validator=kind_field(bool))

    def __attrs_post_init__(self) -> None:
        """Refuse a default that comes before the increase in risk."""
        if self.default_limit.days_min < self.increased_limit.days_min:
            rule = f"must be {self.increased_limit.days_min} days or more"
            raise PolicyError("default_limit", rule, self.default_limit.days_min)

    @property
    def ref(self) -> PolicyRef:
        """Id, version and digest, for decisions and records."""
        return self.origin.ref(self)


@attrs.frozen(kw_only=True)
class DefaultPolicy:
    """When arrears are a default, and when it ends.

    Arrears are material on a day on which they exceed both limits.

    Attributes:
        origin: Where the rule comes from.
        limit: Consecutive days with material arrears that make a default.
        arrears_max: The limit as an amount; more than it is material. Not negative.
        arrears_share_max: The limit as a share of what the customer owes, from 0 to 1.
        probation_months: How long after the last material day a default goes on.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        >>> from microcrm_core.ledger.classification_presets import EU_DEFAULT_RETAIL
        >>> str(EU_DEFAULT_RETAIL.limit), str(EU_DEFAULT_RETAIL.arrears_max)
        ('more than 90', 'EUR 100.00')
    """

    origin: RuleOrigin = attrs.field(validator=kind_field(RuleOrigin))
    limit: DayLimit = attrs.field(validator=kind_field(DayLimit))
    arrears_max: Money = attrs.field(validator=kind_field(Money))
    arrears_share_max: Fraction = attrs.field(validator=fraction_field)
    probation_months: int = attrs.field(validator=whole_number_field(at_least=0))

    def __attrs_post_init__(self) -> None:
        """Refuse limits below nothing, or above all."""
        if self.arrears_max.is_negative:
            rule, value = "must not be negative", str(self.arrears_max)
            raise InvalidValueError("arrears_max", rule, value)
        if not 0 <= self.arrears_share_max <= 1:
            rule, value = "must be from 0 to 1", str(self.arrears_share_max)
            raise InvalidValueError("arrears_share_max", rule, value)

    @property
    def ref(self) -> PolicyRef:
        """Id, version and digest, for decisions and records."""
        return self.origin.ref(self)

    def is_material(self, overdue_minor: int, exposure_minor: int) -> bool:
        """Whether arrears exceed both limits."""
        share = self.arrears_share_max
        return (
            overdue_minor > self.arrears_max.minor
            and overdue_minor * share.denominator > exposure_minor * share.numerator
        )


@attrs.frozen(kw_only=True)
class ForbearancePolicy:
    """How long a loan with a concession stays forborne, and what sets it back.

    Attributes:
        origin: Where the rule comes from.
        cure_months: How long at least it is non-performing before probation.
        probation_months: How long at least probation lasts.
        relapse_limit: Days past due that end probation the wrong way.
        non_performing_limit: Days past due at which any loan is non-performing.
        is_relapse_for_cured_only: Whether the relapse limit and a renewed concession
            set back those alone that were non-performing before; others are then set
            back at the limit of any loan.

    Raises:
        InvalidValueError: A field breaks its rule.
        PolicyError: The relapse limit is above that of any loan.

    Example:
        >>> from microcrm_core.ledger.classification_presets import EU_FORBEARANCE
        >>> EU_FORBEARANCE.cure_months, EU_FORBEARANCE.probation_months
        (12, 24)
    """

    origin: RuleOrigin = attrs.field(validator=kind_field(RuleOrigin))
    cure_months: int = attrs.field(validator=whole_number_field(at_least=1))
    probation_months: int = attrs.field(validator=whole_number_field(at_least=1))
    relapse_limit: DayLimit = attrs.field(validator=kind_field(DayLimit))
    non_performing_limit: DayLimit = attrs.field(validator=kind_field(DayLimit))
    is_relapse_for_cured_only: bool = attrs.field(
        default=False, validator=kind_field(bool)
    )

    def __attrs_post_init__(self) -> None:
        """Refuse a relapse that comes after the limit of any loan."""
        if self.relapse_limit.days_min > self.non_performing_limit.days_min:
            rule = f"must be {self.non_performing_limit.days_min} days or fewer"
            raise PolicyError("relapse_limit", rule, self.relapse_limit.days_min)

    @property
    def ref(self) -> PolicyRef:
        """Id, version and digest, for decisions and records."""
        return self.origin.ref(self)
