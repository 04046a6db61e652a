"""How the arrears of a loan went, from its first day to the last one that is known.

Classification asks for many days: 24 month ends, or 90 days in a row. The history is
therefore worked out once, as a path of change points; between two of them nothing
changes but the number of days. A path belongs to what was known at one moment: with a
backdated repayment, or at an earlier `known_at`, the same loan has another path.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import Currency
    >>> from microcrm_core.ledger.arrears_history import ArrearsPath, ArrearsPoint
    >>> path = ArrearsPath(
    ...     points=(
    ...         ArrearsPoint.of(dt.date(2025, 1, 1), principal_minor=50_000),
    ...         ArrearsPoint.of(
    ...             dt.date(2025, 2, 1),
    ...             principal_minor=50_000,
    ...             oldest_due_on=dt.date(2025, 1, 31),
    ...             overdue_minor=500,
    ...         ),
    ...     ),
    ...     until_on=dt.date(2025, 3, 31),
    ...     currency=Currency.of("EUR"),
    ... )
    >>> path.days_past_due(dt.date(2025, 2, 10))
    10
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise
from typing import Final, Self

import attrs

from microcrm_core.checks import (
    day,
    day_field,
    kind_field,
    tuple_field,
    whole_number_field,
)
from microcrm_core.errors import InvalidValueError
from microcrm_core.ledger.allocation_orders import Bucket
from microcrm_core.ledger.arrears import (
    InstallmentAccount,
    open_minor,
    overdue_installments,
)
from microcrm_core.loans.table_texts import text_table
from microcrm_core.money import Currency, Money

__all__ = [
    "ArrearsPath",
    "ArrearsPoint",
    "ArrearsSpan",
    "LoanSnapshot",
]

_ONE_DAY: Final = dt.timedelta(days=1)


@attrs.frozen(kw_only=True)
class LoanSnapshot:
    """What the path needs of a loan at the close of one day.

    Attributes:
        accounts: Its installments.
        is_disbursed: Whether some of it was paid out; what is only planned is not owed.
        is_written_off: Whether the lender gave up what was left.
        changes_daily: Whether its arrears grow every day from this one on, as where
            overdue principal earns interest after the last due date.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.ledger import LoanSnapshot, OpenInstallment
        >>> row = OpenInstallment(due_on=dt.date(2025, 1, 31), principal_minor=500)
        >>> LoanSnapshot(accounts=(row,), is_disbursed=True).is_written_off
        False
    """

    accounts: tuple[InstallmentAccount, ...]
    is_disbursed: bool = attrs.field(validator=kind_field(bool))
    is_written_off: bool = attrs.field(default=False, validator=kind_field(bool))
    changes_daily: bool = attrs.field(default=False, validator=kind_field(bool))


@attrs.frozen(kw_only=True)
class ArrearsPoint:
    """Where a loan stands from one day on, until the next point.

    Attributes:
        from_on: The first day, at its close.
        is_open: Whether anything is owed, due or not.
        is_written_off: Whether the lender gave up what was left.
        oldest_due_on: Due date of the oldest overdue installment; None: none is.
        overdue_minor: All that is overdue.
        overdue_principal_minor: The principal in it.
        principal_minor: Outstanding principal, due or not.

    Raises:
        InvalidValueError: A field breaks its rule, or two do not fit.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.ledger import ArrearsPoint
        >>> late = ArrearsPoint.of(
        ...     dt.date(2025, 2, 1),
        ...     principal_minor=500,
        ...     oldest_due_on=dt.date(2025, 1, 31),
        ...     overdue_minor=20,
        ... )
        >>> late.days_past_due(dt.date(2025, 2, 10))
        10
    """

    from_on: dt.date = attrs.field(validator=day_field)
    is_open: bool = attrs.field(validator=kind_field(bool))
    is_written_off: bool = attrs.field(default=False, validator=kind_field(bool))
    oldest_due_on: dt.date | None = attrs.field(
        default=None, validator=attrs.validators.optional(day_field)
    )
    overdue_minor: int = attrs.field(
        default=0, validator=whole_number_field(at_least=0)
    )
    overdue_principal_minor: int = attrs.field(
        default=0, validator=whole_number_field(at_least=0)
    )
    principal_minor: int = attrs.field(
        default=0, validator=whole_number_field(at_least=0)
    )

    def __attrs_post_init__(self) -> None:
        """Refuse arrears without a due date, or more of a part than of the whole."""
        if (self.oldest_due_on is None) is not (self.overdue_minor == 0):
            rule = "must be given where something is overdue, and only there"
            raise InvalidValueError("oldest_due_on", rule, self.oldest_due_on)
        if self.oldest_due_on is not None and self.oldest_due_on >= self.from_on:
            rule = f"must be before from_on {self.from_on}"
            raise InvalidValueError("oldest_due_on", rule, self.oldest_due_on)
        most = min(self.overdue_minor, self.principal_minor)
        if self.overdue_principal_minor > most:
            rule = "must not be above overdue_minor or principal_minor"
            value = self.overdue_principal_minor
            raise InvalidValueError("overdue_principal_minor", rule, value)
        if not self.is_open and (self.overdue_minor or self.principal_minor):
            rule = "must be true where something is owed"
            raise InvalidValueError("is_open", rule, self.is_open)

    @classmethod
    def of(
        cls,
        from_on: dt.date,
        *,
        principal_minor: int,
        oldest_due_on: dt.date | None = None,
        overdue_minor: int = 0,
        overdue_principal_minor: int = 0,
    ) -> Self:
        """Return the point of an open loan.

        Raises:
            InvalidValueError: As for the class.
        """
        return cls(
            from_on=from_on,
            is_open=True,
            principal_minor=principal_minor,
            oldest_due_on=oldest_due_on,
            overdue_minor=overdue_minor,
            overdue_principal_minor=overdue_principal_minor,
        )

    @classmethod
    def of_snapshot(cls, snapshot: LoanSnapshot, on: dt.date) -> Self:
        """Return where a loan stands at the close of *on*."""
        if snapshot.is_written_off or not snapshot.is_disbursed:
            is_gone = snapshot.is_written_off
            return cls(from_on=on, is_open=False, is_written_off=is_gone)
        accounts = snapshot.accounts
        overdue = tuple(overdue_installments(accounts, on))
        return cls(
            from_on=on,
            is_open=any(open_minor(one) > 0 for one in accounts),
            oldest_due_on=min((one.due_on for one in overdue), default=None),
            overdue_minor=sum(open_minor(one) for one in overdue),
            overdue_principal_minor=sum(
                one.open_in(Bucket.PRINCIPAL) for one in overdue
            ),
            principal_minor=sum(one.open_in(Bucket.PRINCIPAL) for one in accounts),
        )

    @property
    def exposure_minor(self) -> int:
        """Outstanding principal with overdue interest, fees and penalties.

        Interest that is not due yet is left out.
        """
        return self.principal_minor + self.overdue_minor - self.overdue_principal_minor

    def days_past_due(self, on: dt.date) -> int:
        """Return the days since the oldest due date; 0: nothing is overdue."""
        return 0 if self.oldest_due_on is None else (on - self.oldest_due_on).days

    def is_as(self, other: ArrearsPoint) -> bool:
        """Whether both say the same, but for the day from which it holds."""
        return self._said == other._said

    @property
    def _said(self) -> tuple[object, ...]:
        return (
            self.is_open,
            self.is_written_off,
            self.oldest_due_on,
            self.overdue_minor,
            self.overdue_principal_minor,
            self.principal_minor,
        )


@attrs.frozen(kw_only=True)
class ArrearsSpan:
    """Some days in a row on which a path says the same.

    Attributes:
        from_on: The first of them.
        until_on: The first day after them.
        point: What it says.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency
        >>> from microcrm_core.ledger import (
        ...     ArrearsPath,
        ...     ArrearsPoint,
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
        >>> [span] = path.spans(dt.date(2025, 2, 1), dt.date(2025, 2, 28))
        >>> span.point.overdue_minor
        20000
    """

    from_on: dt.date
    until_on: dt.date
    point: ArrearsPoint


_NO_LOAN: Final = ArrearsPoint(from_on=dt.date.min, is_open=False)


@attrs.frozen(kw_only=True, slots=False)
class ArrearsPath:
    """The arrears of a loan on every day up to the last one that is known.

    Attributes:
        points: Where it stands from which day on, in order; before the first there is
            no loan.
        until_on: The last day that is known; nothing is said of later ones.
        currency: Of the amounts.

    Raises:
        InvalidValueError: A field breaks its rule, days do not ascend, or a point is
            after the last day.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency
        >>> from microcrm_core.ledger import (
        ...     ArrearsPath,
        ...     ArrearsPoint,
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
        >>> path.days_past_due(dt.date(2025, 2, 10))
        10
    """

    points: tuple[ArrearsPoint, ...] = attrs.field(validator=tuple_field(ArrearsPoint))
    until_on: dt.date = attrs.field(validator=day_field)
    currency: Currency = attrs.field(validator=kind_field(Currency))

    def __attrs_post_init__(self) -> None:
        """Refuse points out of order, or after the last day that is known."""
        for before, after in pairwise(self.points):
            if after.from_on <= before.from_on:
                rule = f"must be in order of days, after {before.from_on}"
                raise InvalidValueError("points", rule, after.from_on)
        if self.points and self.points[-1].from_on > self.until_on:
            rule = f"must be on {self.points[-1].from_on} or later, as the last point"
            raise InvalidValueError("until_on", rule, self.until_on)

    def __str__(self) -> str:
        """Return the points as a plain-text table, and the last day that is known."""
        code = self.currency.code
        headings = ("from", "oldest due", f"overdue {code}", f"principal {code}", "")
        rows = [
            (
                str(point.from_on),
                str(point.oldest_due_on or ""),
                str(Money(point.overdue_minor, self.currency).amount),
                str(Money(point.principal_minor, self.currency).amount),
                _ending(point),
            )
            for point in self.points
        ]
        table = text_table(headings, rows, is_right_aligned=True)
        return f"{table}\nknown until {self.until_on}"

    @cached_property
    def _days(self) -> list[dt.date]:
        return [point.from_on for point in self.points]

    def at(self, on: dt.date) -> ArrearsPoint:
        """Return where the loan stands at the close of *on*.

        Raises:
            InvalidValueError: *on* is no date, or later than what is known.
        """
        if day("on", on) > self.until_on:
            rule = f"must be {self.until_on} or earlier, the last day that is known"
            raise InvalidValueError("on", rule, on)
        place = bisect_right(self._days, on)
        return self.points[place - 1] if place else _NO_LOAN

    def days_past_due(self, on: dt.date) -> int:
        """Return the days past due at the close of *on*.

        Raises:
            InvalidValueError: *on* is no date, or later than what is known.
        """
        return self.at(on).days_past_due(on)

    def spans(self, from_on: dt.date, last_on: dt.date) -> Iterator[ArrearsSpan]:
        """Yield what the path says from *from_on* to *last_on*, both included.

        Raises:
            InvalidValueError: *last_on* is later than what is known.

        Example:
            >>> import datetime as dt
            >>> from microcrm_core import Currency
            >>> from microcrm_core.ledger.arrears_history import ArrearsPath
            >>> from microcrm_core.ledger.arrears_history import ArrearsPoint
            >>> start_on = dt.date(2025, 1, 1)
            >>> path = ArrearsPath(
            ...     points=(ArrearsPoint.of(start_on, principal_minor=5),),
            ...     until_on=dt.date(2025, 3, 31),
            ...     currency=Currency.of("EUR"),
            ... )
            >>> span, = path.spans(dt.date(2025, 2, 1), dt.date(2025, 2, 28))
            >>> str(span.from_on), str(span.until_on)
            ('2025-02-01', '2025-03-01')
        """
        start_on = day("from_on", from_on)
        self.at(last_on)
        while start_on <= last_on:
            place = bisect_right(self._days, start_on)
            next_on = last_on + _ONE_DAY
            if place < len(self._days):
                next_on = min(next_on, self._days[place])
            yield ArrearsSpan(
                from_on=start_on, until_on=next_on, point=self.at(start_on)
            )
            start_on = next_on


def _ending(point: ArrearsPoint) -> str:
    if point.is_written_off:
        return "written off"
    return "" if point.is_open else "closed"
