"""How portfolios and histories are counted: codes of days, aging, portfolio at risk.

Example:
    >>> from microcrm_core.ledger.classification_presets import PAR30
    >>> str(PAR30.limit)
    'more than 30'
"""

from __future__ import annotations

import attrs

from microcrm_core.checks import (
    kind_field,
    name_text_field,
    tuple_field,
    whole_number_field,
)
from microcrm_core.decisions import PolicyRef
from microcrm_core.errors import PolicyError
from microcrm_core.ledger.delinquencies import DelinquencyBuckets
from microcrm_core.ledger.rule_origins import DayLimit, RuleOrigin

__all__ = ["AgingPolicy", "DpdCode", "DpdPolicy", "RiskPolicy"]


@attrs.frozen
class DpdCode:
    """A code for days past due from some number on.

    Attributes:
        code: What a month with them shows.
        days_min: The fewest days, up to those of the next code.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        >>> from microcrm_core.ledger.portfolio_policies import DpdCode
        >>> DpdCode("2", 31).days_min
        31
    """

    code: str = attrs.field(validator=name_text_field)
    days_min: int = attrs.field(validator=whole_number_field(at_least=0))


@attrs.frozen(kw_only=True)
class DpdPolicy:
    """How a history of days past due is written as a string of codes.

    Attributes:
        origin: Where the rule comes from.
        codes: Codes by days, ascending; the first is for 0 days.
        no_loan: The code of a month end without a loan.
        not_reported: That of a month end of which nothing is known.
        written_off: That of a month end after a write-off.
        month_count: How many month ends there are; 1 or more.

    Raises:
        InvalidValueError: A field breaks its rule.
        PolicyError: Days do not ascend from 0, or codes repeat or differ in length.

    Example:
        >>> from microcrm_core.ledger.classification_presets import DPD_24_MONTHS
        >>> DPD_24_MONTHS.code_of(0), DPD_24_MONTHS.code_of(31)
        ('0', '2')
    """

    origin: RuleOrigin = attrs.field(validator=kind_field(RuleOrigin))
    codes: tuple[DpdCode, ...] = attrs.field(validator=tuple_field(DpdCode))
    no_loan: str = attrs.field(validator=name_text_field)
    not_reported: str = attrs.field(validator=name_text_field)
    written_off: str = attrs.field(validator=name_text_field)
    month_count: int = attrs.field(default=24, validator=whole_number_field(at_least=1))

    def __attrs_post_init__(self) -> None:
        """Refuse codes that leave days without one, or cannot be told apart."""
        days = [one.days_min for one in self.codes]
        if days[:1] != [0] or days != sorted(set(days)):
            raise PolicyError("codes", "must ascend from 0 days", days)
        others = (self.no_loan, self.not_reported, self.written_off)
        texts = [*(one.code for one in self.codes), *others]
        if len(set(texts)) != len(texts):
            raise PolicyError("codes", "must differ", texts)
        if len({len(text) for text in texts}) != 1:
            raise PolicyError("codes", "must be of one length", texts)

    @property
    def ref(self) -> PolicyRef:
        """Id, version and digest, for decisions and records."""
        return self.origin.ref(self)

    def code_of(self, days: int) -> str:
        """Return the code of so many days past due."""
        return [one.code for one in self.codes if one.days_min <= days][-1]


@attrs.frozen
class AgingPolicy:
    """By which ranges of days past due a portfolio is aged.

    Attributes:
        origin: Where the rule comes from.
        buckets: The ranges, without a gap, from 1 day on without end.

    Raises:
        InvalidValueError: A field is of another kind.
        PolicyError: Some days are in no range.

    Example:
        >>> from microcrm_core.ledger.classification_presets import AGING_BY_30_DAYS
        >>> AGING_BY_30_DAYS.buckets.bucket_of(31)
        '31-60'
    """

    origin: RuleOrigin = attrs.field(validator=kind_field(RuleOrigin))
    buckets: DelinquencyBuckets = attrs.field(validator=kind_field(DelinquencyBuckets))

    def __attrs_post_init__(self) -> None:
        """Refuse ranges with a gap, or with an end."""
        next_min: int | None = 1
        for one in self.buckets.ranges:
            if one.days_min != next_min:
                rule = f"must go on with {next_min} days"
                raise PolicyError("buckets", rule, one.days_min)
            next_min = None if one.days_max is None else one.days_max + 1
        if next_min is not None:
            rule = f"must have a range for {next_min} days and more"
            raise PolicyError("buckets", rule, len(self.buckets.ranges))

    @property
    def ref(self) -> PolicyRef:
        """Id, version and digest, for decisions and records."""
        return self.origin.ref(self)


@attrs.frozen(kw_only=True)
class RiskPolicy:
    """Which loans are counted into the portfolio at risk.

    Attributes:
        origin: Where the rule comes from.
        limit: Days past due that put the full unpaid principal of a loan at risk.
        has_restructured: Whether restructured loans are at risk whatever their days.

    Raises:
        InvalidValueError: A field is of another kind.

    Example:
        >>> from microcrm_core.ledger.classification_presets import PAR30
        >>> str(PAR30.limit), PAR30.has_restructured
        ('more than 30', True)
    """

    origin: RuleOrigin = attrs.field(validator=kind_field(RuleOrigin))
    limit: DayLimit = attrs.field(validator=kind_field(DayLimit))
    has_restructured: bool = attrs.field(default=True, validator=kind_field(bool))

    @property
    def ref(self) -> PolicyRef:
        """Id, version and digest, for decisions and records."""
        return self.origin.ref(self)
