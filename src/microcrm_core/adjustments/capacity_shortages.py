"""Why no due days could be assigned under a capacity.

Example:
    >>> from microcrm_core.adjustments.capacity_shortages import CapacityShortage
    >>> shortage = CapacityShortage(days=(5,), loan_count=12, room_count=10)
    >>> shortage.reason.text("en")
    'no due days could be assigned: 12 loans can have only the days 5, which take 10'
"""

from __future__ import annotations

import attrs

from microcrm_core.decisions import FactValue, Reason

__all__ = ["CapacityShortage"]


@attrs.frozen(kw_only=True)
class CapacityShortage:
    """Why no assignment exists: some loans can have only days that are too few.

    Where days are limited by amounts, what these loans pay may be above what the days
    collect; or the sums would fit, and whole loans do not.

    Attributes:
        days: The days, in order.
        loan_count: Loans that can have only these days.
        room_count: Loans that these days take together; less than `loan_count`, unless
            amounts are the reason.
        amount_minor: What these loans pay; None: amounts are not the reason.
        room_minor: What these days collect at most; None as well.
        is_proven: Whether it is certain that no assignment exists. False: none was
            found, where only whole loans stand in the way.

    Example:
        >>> from microcrm_core.adjustments.capacity_shortages import CapacityShortage
        >>> CapacityShortage(days=(5,), loan_count=12, room_count=10).short_count
        2
    """

    days: tuple[int, ...]
    loan_count: int
    room_count: int
    amount_minor: int | None = None
    room_minor: int | None = None
    is_proven: bool = True

    @property
    def short_count(self) -> int:
        """By how many loans the days are short; 0 where amounts are the reason."""
        return max(self.loan_count - self.room_count, 0)

    @property
    def short_minor(self) -> int:
        """By how much the days are short; 0 where the sums would fit."""
        return max((self.amount_minor or 0) - (self.room_minor or 0), 0)

    @property
    def reason(self) -> Reason:
        """Why nothing was assigned, to be read."""
        params: dict[str, FactValue] = {
            "days": ", ".join(str(one) for one in self.days),
            "loan_count": self.loan_count,
        }
        if self.amount_minor is None:
            return Reason("smoothing_short", {**params, "room_count": self.room_count})
        params["amount_minor"] = self.amount_minor
        params["room_minor"] = self.room_minor
        if self.short_minor:
            return Reason("smoothing_short_amount", params)
        return Reason(
            "smoothing_none_fits" if self.is_proven else "smoothing_none_found", params
        )
