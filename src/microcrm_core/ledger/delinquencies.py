"""Delinquency: lateness as a lender counts it, after grace and pauses, in ranges.

Days past due are a fact; delinquent days are a policy. They are the days past due less
a grace period, less all days on which a pause ran, and never below zero. Ranges of
delinquent days have names, and are data.

Example:
    >>> import datetime as dt
    >>> from microcrm_core.ledger.arrears import OpenInstallment, days_past_due
    >>> from microcrm_core.ledger.delinquencies import delinquent_days
    >>> from microcrm_core.ledger.late_day_pauses import DelinquencyPause
    >>> rows = [OpenInstallment(due_on=dt.date(2025, 1, 31), principal_minor=500)]
    >>> as_of = dt.date(2025, 3, 2)
    >>> pause = DelinquencyPause(dt.date(2025, 2, 10), dt.date(2025, 2, 20))
    >>> days_past_due(rows, as_of)
    30
    >>> delinquent_days(rows, as_of=as_of, grace_days=3, pauses=[pause])
    17
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from itertools import groupby, pairwise
from typing import Final

import attrs

from microcrm_core.checks import (
    day,
    day_field,
    kind_field,
    name_text_field,
    tuple_field,
    whole_number,
    whole_number_field,
)
from microcrm_core.errors import InvalidValueError, PolicyError
from microcrm_core.ledger.arrears import (
    Arrears,
    InstallmentAccount,
    days_past_due,
    open_minor,
    overdue_installments,
)
from microcrm_core.ledger.arrears_history import ArrearsPath
from microcrm_core.ledger.late_day_pauses import DelinquencyPause, paused_days
from microcrm_core.money import Currency, Money

__all__ = [
    "FINERACT_RANGES",
    "BucketSpan",
    "DelinquencyBuckets",
    "DelinquencyRange",
    "LoanDelinquency",
    "bucket_history",
    "delinquent_days",
    "installment_delinquency",
    "loan_delinquency",
]

_ONE_DAY: Final = dt.timedelta(days=1)


@attrs.frozen
class DelinquencyRange:
    """A named range of delinquent days.

    Attributes:
        name: Its name.
        days_min: The fewest days; 1 or more.
        days_max: The most days; None: there is no most.

    Raises:
        InvalidValueError: A field breaks its rule, or the range is empty.

    Example:
        >>> from microcrm_core.ledger.delinquencies import DelinquencyRange
        >>> DelinquencyRange("31-60", 31, 60).has(60)
        True
    """

    name: str = attrs.field(validator=name_text_field)
    days_min: int = attrs.field(validator=whole_number_field(at_least=1))
    days_max: int | None = attrs.field(
        default=None, validator=attrs.validators.optional(whole_number_field())
    )

    def __attrs_post_init__(self) -> None:
        """Refuse a range that ends before it begins."""
        if self.days_max is not None and self.days_max < self.days_min:
            rule = f"must be {self.days_min} or more, as days_min"
            raise InvalidValueError("days_max", rule, self.days_max)

    def has(self, days: int) -> bool:
        """Whether *days* lie in the range."""
        return self.days_min <= days and (
            self.days_max is None or days <= self.days_max
        )


@attrs.frozen(kw_only=True)
class DelinquencyBuckets:
    """Ranges of delinquent days, in order: policy data.

    Attributes:
        id: Name of the policy.
        version: The lender's version of it.
        ranges: The ranges, ascending; days between two of them have no bucket.

    Raises:
        InvalidValueError: A field breaks its rule.
        PolicyError: Ranges overlap, do not ascend, or share a name.

    Example:
        >>> from microcrm_core.ledger.delinquencies import FINERACT_RANGES
        >>> FINERACT_RANGES.bucket_of(0), FINERACT_RANGES.bucket_of(31)
        (None, 'range_30')
    """

    id: str = attrs.field(validator=name_text_field)
    version: str = attrs.field(validator=name_text_field)
    ranges: tuple[DelinquencyRange, ...] = attrs.field(
        validator=tuple_field(DelinquencyRange)
    )

    def __attrs_post_init__(self) -> None:
        """Refuse ranges that overlap, do not ascend, or share a name."""
        for before, after in pairwise(self.ranges):
            if before.days_max is None or after.days_min <= before.days_max:
                rule = f"must ascend without overlap after {before.name!r}"
                raise PolicyError("ranges", rule, after.name)
        names = [one.name for one in self.ranges]
        if len(set(names)) != len(names):
            raise PolicyError("ranges", "must have a name of its own each", names)

    def bucket_of(self, days: int) -> str | None:
        """Return the name of the range that *days* lie in; None: in none."""
        return next((one.name for one in self.ranges if one.has(days)), None)


FINERACT_RANGES: Final = DelinquencyBuckets(
    id="fineract-delinquency-ranges",
    version="2025",
    ranges=(
        DelinquencyRange("range_1", 1, 3),
        DelinquencyRange("range_3", 4, 30),
        DelinquencyRange("range_30", 31, 60),
        DelinquencyRange("range_60", 61, 90),
        DelinquencyRange("range_90", 91, 120),
        DelinquencyRange("range_120", 121, 150),
        DelinquencyRange("range_150", 151, 180),
        DelinquencyRange("range_180", 181, 240),
        DelinquencyRange("range_240", 241),
    ),
)
"""The nine ranges of Apache Fineract's own scenarios, by their names there."""


def delinquent_days(
    installments: Iterable[InstallmentAccount],
    *,
    as_of: dt.date,
    grace_days: int = 0,
    pauses: Iterable[DelinquencyPause] = (),
) -> int:
    """Return the days past due less grace and paused days, not below zero.

    All paused days so far are taken off, those before the oldest due date included.

    Args:
        installments: Those of one loan that was paid out, in any order.
        as_of: The day, at its close.
        grace_days: Days taken off once; not negative.
        pauses: On which days do not count.

    Raises:
        InvalidValueError: *as_of* is no date, or *grace_days* is negative.

    Source:
        Apache Fineract, delinquency of loans.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.ledger.arrears import OpenInstallment
        >>> from microcrm_core.ledger.delinquencies import delinquent_days
        >>> row = OpenInstallment(due_on=dt.date(2025, 1, 31), fees_minor=500)
        >>> delinquent_days([row], as_of=dt.date(2025, 2, 10), grace_days=3)
        7
    """
    late_days = days_past_due(installments, as_of)
    return _counted(late_days, grace_days, paused_days(pauses, as_of))


def _counted(late_days: int, grace_days: int, pause_days: int) -> int:
    grace = whole_number("grace_days", grace_days, at_least=0)
    return max(0, late_days - grace - pause_days)


@attrs.frozen(kw_only=True)
class LoanDelinquency:
    """How a lender counts the lateness of a loan, at the close of a day.

    Attributes:
        bucket: The range of its delinquent days; None: in none.
        overdue: All that is overdue.
        delinquent_on: Oldest due date plus grace; None: nothing is overdue.
        delinquent_days: Days after grace and pauses.
        days_past_due: Days without either.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency
        >>> from microcrm_core.ledger import (
        ...     FINERACT_RANGES,
        ...     OpenInstallment,
        ...     loan_delinquency,
        ... )
        >>> late = loan_delinquency(
        ...     [OpenInstallment(due_on=dt.date(2025, 1, 31), principal_minor=500)],
        ...     buckets=FINERACT_RANGES,
        ...     as_of=dt.date(2025, 2, 10),
        ...     currency=Currency.of("EUR"),
        ...     grace_days=3,
        ... )
        >>> late.days_past_due, late.delinquent_days
        (10, 7)
    """

    bucket: str | None
    overdue: Money
    delinquent_on: dt.date | None
    delinquent_days: int
    days_past_due: int


def loan_delinquency(
    installments: Iterable[InstallmentAccount],
    *,
    as_of: dt.date,
    currency: Currency,
    buckets: DelinquencyBuckets,
    grace_days: int = 0,
    pauses: Iterable[DelinquencyPause] = (),
) -> LoanDelinquency:
    """Return the delinquency of a loan at the close of *as_of*.

    Args:
        installments: Those of one loan that was paid out, in any order.
        as_of: The day.
        currency: Of their amounts.
        buckets: Names of ranges of days.
        grace_days: Days taken off once; not negative.
        pauses: On which days do not count.

    Raises:
        InvalidValueError: *as_of* is no date, or *grace_days* is negative.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency
        >>> from microcrm_core.ledger.arrears import OpenInstallment
        >>> from microcrm_core.ledger.delinquencies import FINERACT_RANGES
        >>> from microcrm_core.ledger.delinquencies import loan_delinquency
        >>> row = OpenInstallment(due_on=dt.date(2025, 1, 31), principal_minor=500)
        >>> found = loan_delinquency(
        ...     [row],
        ...     as_of=dt.date(2025, 2, 6),
        ...     currency=Currency.of("EUR"),
        ...     buckets=FINERACT_RANGES,
        ...     grace_days=3,
        ... )
        >>> found.bucket, found.delinquent_days, str(found.delinquent_on)
        ('range_1', 3, '2025-02-03')
    """
    arrears = Arrears.of(installments, as_of=as_of, currency=currency)
    late_days = arrears.days_past_due
    days = _counted(late_days, grace_days, paused_days(pauses, as_of))
    oldest_due_on = arrears.oldest_due_on
    grace = dt.timedelta(days=grace_days)
    return LoanDelinquency(
        bucket=buckets.bucket_of(days),
        overdue=arrears.total,
        delinquent_on=None if oldest_due_on is None else oldest_due_on + grace,
        delinquent_days=days,
        days_past_due=late_days,
    )


def installment_delinquency(
    installments: Iterable[InstallmentAccount],
    *,
    as_of: dt.date,
    currency: Currency,
    buckets: DelinquencyBuckets,
    pauses: Iterable[DelinquencyPause] = (),
) -> tuple[tuple[str, Money], ...]:
    """Return what is overdue by the bucket of each installment.

    Each counts from its own due date, less the paused days; grace is not taken off.

    Args:
        installments: Those of one loan that was paid out, in any order.
        as_of: The day, at its close.
        currency: Of their amounts.
        buckets: Names of ranges of days.
        pauses: On which days do not count.

    Returns:
        Name and amount of each range with something in it, in the order of ranges.

    Raises:
        InvalidValueError: *as_of* is no date.

    Source:
        Apache Fineract's scenarios of delinquency by installment.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency
        >>> from microcrm_core.ledger.arrears import OpenInstallment
        >>> from microcrm_core.ledger.delinquencies import FINERACT_RANGES
        >>> from microcrm_core.ledger.delinquencies import installment_delinquency
        >>> days = (dt.date(2025, 1, 31), dt.date(2025, 2, 28))
        >>> rows = [OpenInstallment(due_on=on, principal_minor=500) for on in days]
        >>> found = installment_delinquency(
        ...     rows,
        ...     as_of=dt.date(2025, 3, 2),
        ...     currency=Currency.of("EUR"),
        ...     buckets=FINERACT_RANGES,
        ... )
        >>> [(name, str(amount)) for name, amount in found]
        [('range_1', 'EUR 5.00'), ('range_3', 'EUR 5.00')]
    """
    pause_days = paused_days(pauses, day("as_of", as_of))
    sums: dict[str, int] = {}
    for one in overdue_installments(installments, as_of):
        bucket = buckets.bucket_of((as_of - one.due_on).days - pause_days)
        if bucket is not None:
            sums[bucket] = sums.get(bucket, 0) + open_minor(one)
    names = [one.name for one in buckets.ranges if one.name in sums]
    return tuple((name, Money(sums[name], currency)) for name in names)


@attrs.frozen(kw_only=True)
class BucketSpan:
    """Days in a row on which a loan was in one bucket.

    Attributes:
        bucket: Its name.
        from_on: The first day.
        until_on: The first day after them; None: it is in the bucket on the last day
            that is known.

    Raises:
        InvalidValueError: A field is of another kind.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.ledger import BucketSpan
        >>> BucketSpan(bucket="1-30", from_on=dt.date(2025, 2, 1), until_on=None).bucket
        '1-30'
    """

    bucket: str = attrs.field(validator=name_text_field)
    from_on: dt.date = attrs.field(validator=day_field)
    until_on: dt.date | None = attrs.field(
        validator=kind_field(dt.date, type(None)), default=None
    )


def bucket_history(
    path: ArrearsPath,
    *,
    buckets: DelinquencyBuckets,
    grace_days: int = 0,
    pauses: Iterable[DelinquencyPause] = (),
) -> tuple[BucketSpan, ...]:
    """Return in which buckets a loan was, oldest first; days in none are left out.

    Args:
        path: Its arrears.
        buckets: Names of ranges of days.
        grace_days: Days taken off once; not negative.
        pauses: On which days do not count.

    Raises:
        InvalidValueError: *grace_days* is negative.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency
        >>> from microcrm_core.ledger.arrears_history import ArrearsPath, ArrearsPoint
        >>> from microcrm_core.ledger.delinquencies import FINERACT_RANGES
        >>> from microcrm_core.ledger.delinquencies import bucket_history
        >>> late = ArrearsPoint.of(
        ...     dt.date(2025, 2, 1),
        ...     principal_minor=500,
        ...     oldest_due_on=dt.date(2025, 1, 31),
        ...     overdue_minor=500,
        ... )
        >>> path = ArrearsPath(
        ...     points=(late,),
        ...     until_on=dt.date(2025, 2, 10),
        ...     currency=Currency.of("EUR"),
        ... )
        >>> for span in bucket_history(path, buckets=FINERACT_RANGES):
        ...     print(span.bucket, span.from_on, span.until_on)
        range_1 2025-02-01 2025-02-04
        range_3 2025-02-04 None
    """
    kept = tuple(pauses)
    daily = _daily_buckets(path, buckets, grace_days, kept)
    found: list[BucketSpan] = []
    for bucket, days in groupby(daily, key=lambda pair: pair[1]):
        on_days = [on for on, _ in days]
        if bucket is None:
            continue
        end_on = on_days[-1] + _ONE_DAY
        until_on = None if end_on > path.until_on else end_on
        span = BucketSpan(bucket=bucket, from_on=on_days[0], until_on=until_on)
        found.append(span)
    return tuple(found)


def _daily_buckets(
    path: ArrearsPath,
    buckets: DelinquencyBuckets,
    grace_days: int,
    pauses: tuple[DelinquencyPause, ...],
) -> Iterator[tuple[dt.date, str | None]]:
    if not path.points:
        return
    for span in path.spans(path.points[0].from_on, path.until_on):
        for offset in range((span.until_on - span.from_on).days):
            on = span.from_on + dt.timedelta(days=offset)
            late_days = span.point.days_past_due(on)
            days = _counted(late_days, grace_days, paused_days(pauses, on))
            yield on, buckets.bucket_of(days)
