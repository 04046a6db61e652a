"""What is overdue on a loan, and for how long.

Days past due are the age of the oldest installment that is not fully paid: no grace is
taken off and no pause stops them, so that they mean the same for every lender. What a
lender counts after grace and pauses is another measure, delinquent days, in
`delinquencies`. How both went from day to day is in `arrears_history`.

Example:
    >>> import datetime as dt
    >>> from microcrm_core.ledger.arrears import OpenInstallment, days_past_due
    >>> january = OpenInstallment(due_on=dt.date(2025, 1, 31), principal_minor=500)
    >>> days_past_due([january], dt.date(2025, 2, 10))
    10
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Protocol, Self

import attrs

from microcrm_core.checks import day, day_field, kind_field, whole_number_field
from microcrm_core.ledger.allocation_orders import Bucket
from microcrm_core.money import Currency, Money

__all__ = [
    "Arrears",
    "InstallmentAccount",
    "OpenInstallment",
    "days_past_due",
    "oldest_unpaid_due_on",
    "open_minor",
    "overdue_installments",
]


class InstallmentAccount(Protocol):
    """An installment that knows what of it is not paid.

    Attributes:
        due_on: The last day on which paying it is on time.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.ledger.arrears import InstallmentAccount, OpenInstallment
        >>> account: InstallmentAccount = OpenInstallment(due_on=dt.date(2025, 1, 31))
        >>> account.due_on.day
        31
    """

    @property
    def due_on(self) -> dt.date:
        """The last day on which paying it is on time."""
        ...

    def open_in(self, bucket: Bucket, /) -> int:
        """Return what is left to pay in one bucket, in minor units."""
        ...


@attrs.frozen(kw_only=True)
class OpenInstallment:
    """What is left to pay of one installment.

    Attributes:
        due_on: The last day on which paying it is on time.
        principal_minor: Unpaid principal; not negative, as are the next three.
        interest_minor: Unpaid interest.
        fees_minor: Unpaid fees.
        penalties_minor: Unpaid penalties.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.ledger.allocation_orders import Bucket
        >>> from microcrm_core.ledger.arrears import OpenInstallment
        >>> row = OpenInstallment(due_on=dt.date(2025, 1, 31), fees_minor=5)
        >>> row.open_in(Bucket.FEES), row.open_in(Bucket.PRINCIPAL)
        (5, 0)
    """

    due_on: dt.date = attrs.field(validator=day_field)
    principal_minor: int = attrs.field(
        default=0, validator=whole_number_field(at_least=0)
    )
    interest_minor: int = attrs.field(
        default=0, validator=whole_number_field(at_least=0)
    )
    fees_minor: int = attrs.field(default=0, validator=whole_number_field(at_least=0))
    penalties_minor: int = attrs.field(
        default=0, validator=whole_number_field(at_least=0)
    )

    def open_in(self, bucket: Bucket, /) -> int:
        """Return what is left to pay in one bucket, in minor units."""
        return (
            self.principal_minor,
            self.interest_minor,
            self.fees_minor,
            self.penalties_minor,
        )[bucket]


def open_minor(installment: InstallmentAccount) -> int:
    """Return what is left to pay of an installment, all buckets together.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.ledger.arrears import OpenInstallment, open_minor
        >>> open_minor(
        ...     OpenInstallment(
        ...         due_on=dt.date(2025, 1, 31), principal_minor=90, fees_minor=5
        ...     )
        ... )
        95
    """
    return sum(installment.open_in(bucket) for bucket in Bucket)


def overdue_installments(
    installments: Iterable[InstallmentAccount], as_of: dt.date
) -> Iterator[InstallmentAccount]:
    """Yield the installments that are due before *as_of* and not fully paid.

    On its due date an installment is due, not overdue.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.ledger.arrears import OpenInstallment
        >>> from microcrm_core.ledger.arrears import overdue_installments
        >>> row = OpenInstallment(due_on=dt.date(2025, 1, 31), principal_minor=500)
        >>> len([*overdue_installments([row], dt.date(2025, 1, 31))])
        0
        >>> len([*overdue_installments([row], dt.date(2025, 2, 1))])
        1
    """
    return (one for one in installments if one.due_on < as_of and open_minor(one) > 0)


def oldest_unpaid_due_on(
    installments: Iterable[InstallmentAccount], as_of: dt.date
) -> dt.date | None:
    """Return the due date of the oldest overdue installment; None: none is overdue.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.ledger.arrears import OpenInstallment
        >>> from microcrm_core.ledger.arrears import oldest_unpaid_due_on
        >>> days = (dt.date(2025, 2, 28), dt.date(2025, 1, 31))
        >>> rows = [OpenInstallment(due_on=on, principal_minor=500) for on in days]
        >>> str(oldest_unpaid_due_on(rows, dt.date(2025, 3, 5)))
        '2025-01-31'
    """
    overdue = overdue_installments(installments, day("as_of", as_of))
    return min((one.due_on for one in overdue), default=None)


def days_past_due(installments: Iterable[InstallmentAccount], as_of: dt.date) -> int:
    """Return the days since the due date of the oldest unpaid installment, else 0.

    Calendar days; no grace is taken off, and pauses do not stop them. An installment
    counts as unpaid while anything of it is, a fee alone included.

    Args:
        installments: Those of one loan that was paid out, in any order.
        as_of: The day, at its close.

    Raises:
        InvalidValueError: *as_of* is no date.

    Source:
        House definition of days past due; see also `delinquencies.delinquent_days`.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.ledger.arrears import OpenInstallment, days_past_due
        >>> row = OpenInstallment(due_on=dt.date(2025, 1, 31), interest_minor=1)
        >>> days_past_due([row], dt.date(2025, 1, 31))
        0
        >>> days_past_due([row], dt.date(2025, 3, 2))
        30
    """
    oldest_due_on = oldest_unpaid_due_on(installments, as_of)
    return 0 if oldest_due_on is None else (as_of - oldest_due_on).days


@attrs.frozen(kw_only=True)
class Arrears:
    """All overdue amounts of a loan together, at the close of a day.

    Attributes:
        as_of: The day.
        oldest_due_on: Due date of the oldest overdue installment; None: none is.
        principal: Overdue principal.
        interest: Overdue interest.
        fees: Overdue fees.
        penalties: Overdue penalties.

    Raises:
        InvalidValueError: A field is of another kind.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency
        >>> from microcrm_core.ledger.arrears import Arrears, OpenInstallment
        >>> row = OpenInstallment(
        ...     due_on=dt.date(2025, 1, 31), principal_minor=9000, interest_minor=1000
        ... )
        >>> arrears = Arrears.of(
        ...     [row], as_of=dt.date(2025, 2, 10), currency=Currency.of("EUR")
        ... )
        >>> str(arrears.total), arrears.days_past_due
        ('EUR 100.00', 10)
    """

    as_of: dt.date = attrs.field(validator=day_field)
    oldest_due_on: dt.date | None = attrs.field(
        validator=attrs.validators.optional(day_field)
    )
    principal: Money = attrs.field(validator=kind_field(Money))
    interest: Money = attrs.field(validator=kind_field(Money))
    fees: Money = attrs.field(validator=kind_field(Money))
    penalties: Money = attrs.field(validator=kind_field(Money))

    @classmethod
    def of(
        cls,
        installments: Iterable[InstallmentAccount],
        *,
        as_of: dt.date,
        currency: Currency,
    ) -> Self:
        """Return what is overdue of *installments* at the close of *as_of*.

        Args:
            installments: Those of one loan that was paid out, in any order.
            as_of: The day.
            currency: Of their amounts.

        Raises:
            InvalidValueError: An argument is of another kind.
        """
        overdue = tuple(overdue_installments(installments, day("as_of", as_of)))
        sums = [sum(one.open_in(bucket) for one in overdue) for bucket in Bucket]
        return cls(
            as_of=as_of,
            oldest_due_on=min((one.due_on for one in overdue), default=None),
            principal=Money(sums[Bucket.PRINCIPAL], currency),
            interest=Money(sums[Bucket.INTEREST], currency),
            fees=Money(sums[Bucket.FEES], currency),
            penalties=Money(sums[Bucket.PENALTIES], currency),
        )

    @property
    def total(self) -> Money:
        """Everything that is overdue."""
        return self.principal + self.interest + self.fees + self.penalties

    @property
    def days_past_due(self) -> int:
        """Days since the oldest due date; 0: nothing is overdue."""
        if self.oldest_due_on is None:
            return 0
        return (self.as_of - self.oldest_due_on).days
