"""Caps on the cost of credit, as dated data: where, for whom, how much, since when.

The law caps what a loan may cost: a yearly rate with everything in it, a share of the
principal a day, a fee. A `RateCap` is one such limit with its dates, its source and how
far that source is trusted. A limit may follow a reference rate, such as four times the
one-year loan prime rate; the values of that rate are the caller's data
(`ReferenceRate`). `cap_checks` is the module to read next; `cap_presets` has caps to
start from.

Example:
    >>> from microcrm_core.loans.caps import RateCap, ShareLimit, SourceStatus
    >>> from microcrm_core.loans.rate_measures import RateMeasure
    >>> ours = RateCap(
    ...     id="house-limit",
    ...     version="2025-01",
    ...     jurisdiction="CZ",
    ...     measure=RateMeasure.EU_APRC,
    ...     limit=ShareLimit.of("0.30"),
    ...     source="decision of the board, January 2025",
    ...     status=SourceStatus.HOUSE,
    ... )
    >>> str(ours.limit)
    '30%'
"""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from typing import Final, TypeAlias

import attrs

from microcrm_core.checks import (
    ExactNumber,
    day,
    day_field,
    exact_fraction,
    kind_field,
    name_text,
    name_text_field,
    tuple_field,
)
from microcrm_core.decisions import PolicyRef, SourceStatus
from microcrm_core.errors import InvalidValueError
from microcrm_core.loans.plain_values import fraction_text, money_to_plain
from microcrm_core.loans.rate_measures import RateMeasure
from microcrm_core.money import Money
from microcrm_core.rates import Rate
from microcrm_core.rules.plain import Plain

__all__ = [
    "AmountLimit",
    "CapLimit",
    "CapMeasure",
    "CostMeasure",
    "DatedRate",
    "RateCap",
    "ReferenceLimit",
    "ReferenceRate",
    "ShareLimit",
    "SourceStatus",
]


class CostMeasure(StrEnum):
    """A measure of cost that is no yearly rate.

    Attributes:
        DAILY_CHARGE_SHARE: Interest and charges over the principal outstanding, added
            up over its days. Fees for default are left out.
        TOTAL_COST_SHARE: Interest, charges and fees for default over the principal
            that was paid out.
        DEFAULT_FEES: All fees for default together.
        PREPAYMENT_CHARGES: All charges for paying ahead together.
        INSTALLMENT_TO_INCOME: Installments to all lenders in a month over the monthly
            income of the household.

    Source:
        For the first three: FCA Handbook, CONC 5A.2 (initial cost cap, total cost cap,
        default cap).

    Example:
        >>> from microcrm_core.loans.caps import CostMeasure
        >>> CostMeasure.DEFAULT_FEES.is_amount
        True
    """

    DAILY_CHARGE_SHARE = "daily_charge_share"
    TOTAL_COST_SHARE = "total_cost_share"
    DEFAULT_FEES = "default_fees"
    PREPAYMENT_CHARGES = "prepayment_charges"
    INSTALLMENT_TO_INCOME = "installment_to_income"

    @property
    def is_amount(self) -> bool:
        """Whether it is an amount of money and no share."""
        return self in _AMOUNTS


_AMOUNTS: Final = (CostMeasure.DEFAULT_FEES, CostMeasure.PREPAYMENT_CHARGES)

CapMeasure: TypeAlias = RateMeasure | CostMeasure
"""What a cap is a cap on: a yearly rate of a named measure, or another cost."""


@attrs.frozen
class ShareLimit:
    """A limit that is a share: of a year, of a day, of the principal, of income.

    Attributes:
        share: 0.24 is 24 %; not negative.

    Raises:
        InvalidValueError: *share* is no `Fraction`, or negative.

    Example:
        >>> from microcrm_core.loans.caps import ShareLimit
        >>> str(ShareLimit.of("0.008"))
        '0.8%'
    """

    share: Fraction = attrs.field(validator=kind_field(Fraction))

    def __attrs_post_init__(self) -> None:
        """Refuse a limit below nothing."""
        _require_not_negative("share", self.share)

    @classmethod
    def of(cls, share: ExactNumber) -> ShareLimit:
        """Return the limit of an exact share; 24 % is 0.24.

        Raises:
            InvalidValueError: *share* is not exact, or negative.
        """
        return cls(exact_fraction("share", share))

    def __str__(self) -> str:
        """Return the percentage."""
        return f"{fraction_text(self.share * 100)}%"


@attrs.frozen
class AmountLimit:
    """A limit that is an amount of money.

    Attributes:
        amount: Not negative; zero forbids the charge.

    Raises:
        InvalidValueError: *amount* is no `Money`, or negative.

    Example:
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.loans.caps import AmountLimit
        >>> str(AmountLimit(Money.of("15.00", Currency.of("GBP"))))
        'GBP 15.00'
    """

    amount: Money = attrs.field(validator=kind_field(Money))

    def __attrs_post_init__(self) -> None:
        """Refuse a limit below nothing."""
        if self.amount.is_negative:
            raise InvalidValueError("amount", "must not be negative", self.amount)

    def __str__(self) -> str:
        """Return the amount."""
        return str(self.amount)


@attrs.frozen(kw_only=True)
class ReferenceLimit:
    """A limit that is a multiple of a reference rate, as of the day of the contract.

    Attributes:
        series_id: The reference rate; the caller supplies its values.
        multiple: How many times it; not negative.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        >>> from microcrm_core.loans.caps import ReferenceLimit
        >>> str(ReferenceLimit.of(series_id="cn-lpr-1y", multiple=4))
        '4 × cn-lpr-1y'
    """

    series_id: str = attrs.field(validator=name_text_field)
    multiple: Fraction = attrs.field(validator=kind_field(Fraction))

    def __attrs_post_init__(self) -> None:
        """Refuse a limit below nothing."""
        _require_not_negative("multiple", self.multiple)

    @classmethod
    def of(cls, *, series_id: str, multiple: ExactNumber) -> ReferenceLimit:
        """Return the limit of an exact multiple.

        Raises:
            InvalidValueError: A value breaks its rule.
        """
        return cls(series_id=series_id, multiple=exact_fraction("multiple", multiple))

    def __str__(self) -> str:
        """Return the multiple and the series."""
        return f"{fraction_text(self.multiple)} × {self.series_id}"


CapLimit: TypeAlias = ShareLimit | AmountLimit | ReferenceLimit
"""How much is allowed; the limit itself is."""


@attrs.frozen
class DatedRate:
    """The value of a reference rate from some day on.

    Attributes:
        from_on: First day on which it holds.
        rate: The yearly rate.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Rate
        >>> from microcrm_core.loans.caps import DatedRate
        >>> str(DatedRate(dt.date(2025, 5, 20), Rate.of_percent(3)).rate)
        '3% a year'
    """

    from_on: dt.date = attrs.field(validator=day_field)
    rate: Rate = attrs.field(validator=kind_field(Rate))


@attrs.frozen(kw_only=True)
class ReferenceRate:
    """A rate that others publish, with its values so far: the caller's data.

    Attributes:
        id: Name by which limits refer to it, such as `cn-lpr-1y`.
        values: By day, each in force until the next; the days rise.
        known_until_on: Last day for which the values are complete. For a later day the
            rate is not known, and a cap on it cannot be judged.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Rate
        >>> from microcrm_core.loans.caps import DatedRate, ReferenceRate
        >>> lpr = ReferenceRate(
        ...     id="cn-lpr-1y",
        ...     values=(DatedRate(dt.date(2025, 5, 20), Rate.of_percent(3)),),
        ...     known_until_on=dt.date(2025, 10, 19),
        ... )
        >>> str(lpr.value_on(dt.date(2025, 9, 1)).rate)
        '3% a year'
        >>> lpr.value_on(dt.date(2025, 12, 1)) is None
        True
    """

    id: str = attrs.field(validator=name_text_field)
    values: tuple[DatedRate, ...] = attrs.field(validator=tuple_field(DatedRate))
    known_until_on: dt.date = attrs.field(validator=day_field)

    def __attrs_post_init__(self) -> None:
        """Refuse values that are not in order, or of an unknown future."""
        for before, after in pairwise(self.values):
            if after.from_on <= before.from_on:
                rule = f"must come after {before.from_on}, the day before it"
                raise InvalidValueError("values", rule, after.from_on)
        if self.values and self.values[-1].from_on > self.known_until_on:
            rule = f"must not be before the last value of {self.values[-1].from_on}"
            raise InvalidValueError("known_until_on", rule, self.known_until_on)

    def value_on(self, on: dt.date) -> DatedRate | None:
        """Return the value in force that day; None: it is not known.

        Raises:
            InvalidValueError: *on* is no date.
        """
        day("on", on)
        if on > self.known_until_on:
            return None
        past = [value for value in self.values if value.from_on <= on]
        return past[-1] if past else None


@attrs.frozen(kw_only=True)
class RateCap:
    """One cap on what a credit may cost: policy data.

    Attributes:
        id: Name of the cap.
        version: Which edition of this data.
        jurisdiction: Where it holds, such as `CN`.
        lender_types: For which lenders, in the caller's words; empty: for all.
        loan_types: For which kinds of loans; empty: for all. One that the loan is of
            is enough.
        measure: What is capped.
        limit: How much is allowed: a share for a rate or a share, an amount for an
            amount; only a yearly rate may follow a reference rate.
        effective_from: First day of a contract to which it applies; None: the source
            names none.
        effective_until: First day to which it no longer applies; None: none is known.
        source: Where it stands.
        status: How far that is trusted.
        reading: How the rule was read where it leaves room; None: it leaves none.

    Raises:
        InvalidValueError: A field breaks its rule, or limit and measure do not fit.

    Example:
        >>> from microcrm_core.loans.cap_presets import CN_ASSISTED_LENDING
        >>> str(CN_ASSISTED_LENDING.limit), str(CN_ASSISTED_LENDING.effective_from)
        ('24%', '2025-10-01')
    """

    id: str = attrs.field(validator=name_text_field)
    version: str = attrs.field(validator=name_text_field)
    jurisdiction: str = attrs.field(validator=name_text_field)
    lender_types: tuple[str, ...] = attrs.field(default=(), validator=tuple_field(str))
    loan_types: tuple[str, ...] = attrs.field(default=(), validator=tuple_field(str))
    measure: CapMeasure = attrs.field(validator=kind_field(RateMeasure, CostMeasure))
    limit: CapLimit = attrs.field(
        validator=kind_field(ShareLimit, AmountLimit, ReferenceLimit)
    )
    effective_from: dt.date | None = attrs.field(
        default=None, validator=attrs.validators.optional(day_field)
    )
    effective_until: dt.date | None = attrs.field(
        default=None, validator=attrs.validators.optional(day_field)
    )
    source: str = attrs.field(validator=name_text_field)
    status: SourceStatus = attrs.field(validator=kind_field(SourceStatus))
    reading: str | None = attrs.field(
        default=None, validator=attrs.validators.optional(name_text_field)
    )

    def __attrs_post_init__(self) -> None:
        """Refuse a limit of another kind than the measure, and dates that cross."""
        for name in ("lender_types", "loan_types"):
            for text in getattr(self, name):
                name_text(name, text)
        is_amount = isinstance(self.measure, CostMeasure) and self.measure.is_amount
        if is_amount != isinstance(self.limit, AmountLimit):
            kind = "an AmountLimit" if is_amount else "a share or a multiple"
            rule = f"must be {kind} for {self.measure}"
            raise InvalidValueError("limit", rule, str(self.limit))
        is_reference = isinstance(self.limit, ReferenceLimit)
        if is_reference and not isinstance(self.measure, RateMeasure):
            rule = "must not follow a reference rate unless the measure is a rate"
            raise InvalidValueError("limit", rule, str(self.limit))
        since, until = self.effective_from, self.effective_until
        if since is not None and until is not None and until <= since:
            rule = f"must be after effective_from {since}"
            raise InvalidValueError("effective_until", rule, until)

    @property
    def ref(self) -> PolicyRef:
        """Id, version and digest, for decisions and records."""
        return PolicyRef.of(self.id, self.version, self)

    def to_plain(self) -> Plain:
        """Return the cap as a JSON object with every part."""
        since, until = self.effective_from, self.effective_until
        return {
            "id": self.id,
            "version": self.version,
            "jurisdiction": self.jurisdiction,
            "lender_types": [*self.lender_types],
            "loan_types": [*self.loan_types],
            "measure": self.measure.value,
            "limit": _limit_to_plain(self.limit),
            "effective_from": None if since is None else since.isoformat(),
            "effective_until": None if until is None else until.isoformat(),
            "source": self.source,
            "status": self.status.value,
            "reading": self.reading,
        }


def _limit_to_plain(limit: CapLimit) -> Plain:
    match limit:
        case ShareLimit():
            return {"share": fraction_text(limit.share)}
        case AmountLimit():
            return {"amount": money_to_plain(limit.amount)}
        case ReferenceLimit():
            multiple = fraction_text(limit.multiple)
            return {"series_id": limit.series_id, "multiple": multiple}


def _require_not_negative(field: str, value: Fraction) -> None:
    if value < 0:
        raise InvalidValueError(field, "must not be negative", str(value))
