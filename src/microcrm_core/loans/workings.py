"""What the schedule engines hand over: the parts of a schedule, and how they came.

`ScheduleParts` are the columns that `schedule.Schedule` shows. An `InstallmentWorking`
is the working of one installment, as one would write it on paper: which balance bore
interest for which days, what that came to before rounding, where it was rounded, what
of it was put off or added to the debt, and what the installment took of the remainder.
Its figures add up to the row. Its steps are the values of `working_parts`, and
`working_lines` writes them for people.

Example:
    >>> from microcrm_core.loans.workings import ScheduleParts
    >>> parts = ScheduleParts(
    ...     due_day=(20_000,),
    ...     unadjusted_day=(20_000,),
    ...     principal_minor=(1000,),
    ...     interest_minor=(20,),
    ...     fees_minor=(0,),
    ...     capitalized_minor=(0,),
    ...     outstanding_minor=(0,),
    ...     is_down_payment=(False,),
    ... )
    >>> len(parts.due_day)
    1
"""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import attrs

from microcrm_core.currencies import Currency
from microcrm_core.html import html_table
from microcrm_core.loans.working_parts import (
    AmountRule,
    FeeWorking,
    InterestMove,
    InterestShare,
    InterestSlice,
    LentWorking,
    MoveReason,
    RemainderReason,
)
from microcrm_core.rounding import Rounding

__all__ = ["InstallmentWorking", "ScheduleParts"]


@attrs.frozen(kw_only=True)
class ScheduleParts:
    """The columns of a schedule, one value for each row in order of due days.

    Attributes:
        due_day: Last day on which paying is on time, in days since 1970-01-01.
        unadjusted_day: The same before it was moved to a business day.
        principal_minor: Principal part.
        interest_minor: Interest part.
        fees_minor: Fees that are due with the row.
        capitalized_minor: Interest that is added to the debt on that day.
        outstanding_minor: Principal that is left after the row.
        is_down_payment: Whether the row is a down payment.

    Example:
        See `microcrm_core.loans.workings`.
    """

    due_day: tuple[int, ...]
    unadjusted_day: tuple[int, ...]
    principal_minor: tuple[int, ...]
    interest_minor: tuple[int, ...]
    fees_minor: tuple[int, ...]
    capitalized_minor: tuple[int, ...]
    outstanding_minor: tuple[int, ...]
    is_down_payment: tuple[bool, ...]


@attrs.frozen(kw_only=True)
class InstallmentWorking:
    """How one installment was computed.

    The figures lead to those of the row:

    - the interest of `slices` adds up to `interest_exact`;
    - rounded to `rounding_multiple_minor`, that is `interest_minor`; where there is a
      `share`, it is `share.whole_minor`, and the share is `interest_minor`; where each
      slice was rounded by itself, the rounded ones add up to it;
    - `interest_minor` + `due_from_before_minor` - `put_off_minor` -
      `capitalized_minor` is `interest_due_minor`;
    - `equal_minor` (or `agreed_minor`) + `balloon_minor` + `remainder_minor` is
      `principal_minor` where `amount_rule` is about principal; where it is about the
      total, it is principal and interest, less `put_off_due_minor`;
    - the amounts of `fees` add up to `fees_minor`;
    - `weight` times `level_minor`, rounded to `equal_multiple_minor`, is `equal_minor`;
    - the first slice bears interest on `lent.balance_minor`.

    Where several installments are due as one, each of `parts` keeps these, and amounts
    are their sums. Only flat interest, of which each takes its share, is shown once.

    Attributes:
        number: Position in the schedule, from 1; in `parts`, position among the
            installments.
        due_on: Its due date.
        slices: Which balance bore interest for which days. None for a down payment,
            nor before the last installment of a bullet that does not compound.
        interest_exact: Interest of the slices in minor units, before rounding.
        interest_minor: Interest of the installment's own, rounded once.
        rounding: Where it was rounded.
        equal_minor: The amount that installments of this kind come to before the
            remainder is put anywhere: the level amount, or the equal part of the
            principal; None where the method knows none.
        remainder_minor: How far the installment is from it, or from the agreed
            amount, above or below; a balloon does not count, nor does interest that
            grace has put off before. None where there is no such amount.
        principal_minor: Principal part.
        interest_due_minor: Interest part, which differs from `interest_minor` where
            interest was put off, or was put off before and is due now.
        fees_minor: Fees.
        currency: How amounts are written in `str`; None: in minor units.
        rounding_multiple_minor: The interest was rounded to a multiple of so many
            minor units.
        share: What of the interest of the whole term the installment takes: with flat
            interest, and all of it at the end of a bullet; None: it bears its own.
        moves: Interest that is due later, was due before, or is added to the debt.
        amount_rule: What fixes the amount.
        agreed_minor: The amount that was agreed for this installment, or fixed as the
            interest that was foreseen; None: none was.
        equal_multiple_minor: The equal amount is a multiple of so many minor units.
        weight: Size of the installment against the others, which `equal_minor` counts
            in already; None: the method knows no weights.
        level_minor: What an installment of weight one comes to; None: it has no weight.
        balloon_minor: Principal that the plan leaves to this installment.
        remainder_reason: Why it differs from the equal or agreed amount; None: it does
            not.
        fees: How each fee came.
        lent: How the balance came that bears interest from the first day; None: the
            slices begin later, or no fee is added to the debt.
        moved_from_on: The due date before it was moved to a business day; None: it was
            not moved.
        parts: The installments that are due as this one; none where it is only one.

    Example:
        >>> import datetime as dt
        >>> from fractions import Fraction
        >>> from microcrm_core.loans import InstallmentWorking
        >>> from microcrm_core.rounding import Rounding
        >>> print(
        ...     InstallmentWorking(
        ...         number=1,
        ...         due_on=dt.date(2025, 2, 15),
        ...         slices=(),
        ...         interest_exact=Fraction(0),
        ...         interest_minor=0,
        ...         rounding=Rounding.HALF_EVEN,
        ...         equal_minor=334,
        ...         remainder_minor=-2,
        ...         principal_minor=332,
        ...         interest_due_minor=0,
        ...         fees_minor=0,
        ...     )
        ... )
        1, due on 2025-02-15, in minor units
        equal amount: 334 - 2 remainder = 332
        principal 332 + interest 0 + fees 0 = 332
    """

    number: int
    due_on: dt.date
    slices: tuple[InterestSlice, ...]
    interest_exact: Fraction
    interest_minor: int
    rounding: Rounding
    equal_minor: int | None
    remainder_minor: int | None
    principal_minor: int
    interest_due_minor: int
    fees_minor: int
    currency: Currency | None = None
    rounding_multiple_minor: int = 1
    share: InterestShare | None = None
    moves: tuple[InterestMove, ...] = ()
    amount_rule: AmountRule = AmountRule.EQUAL_TOTAL
    agreed_minor: int | None = None
    equal_multiple_minor: int = 1
    weight: Fraction | None = None
    level_minor: int | None = None
    balloon_minor: int = 0
    remainder_reason: RemainderReason | None = None
    fees: tuple[FeeWorking, ...] = ()
    lent: LentWorking | None = None
    moved_from_on: dt.date | None = None
    parts: tuple[InstallmentWorking, ...] = ()

    @property
    def rounded_minor(self) -> Fraction:
        """What rounding added to the interest, or took from it if below zero."""
        rounded = self.interest_minor if self.share is None else self.share.whole_minor
        return rounded - self.interest_exact

    @property
    def due_from_before_minor(self) -> int:
        """Interest of earlier installments that is due with this one."""
        return sum(one.amount_minor for one in self.moves if one.reason.is_due_here)

    @property
    def put_off_minor(self) -> int:
        """Interest that is due with a later installment."""
        return sum(
            one.amount_minor
            for one in self.moves
            if not (one.reason.is_due_here or one.reason.is_capitalized)
        )

    @property
    def capitalized_minor(self) -> int:
        """Interest that is added to the debt."""
        return sum(one.amount_minor for one in self.moves if one.reason.is_capitalized)

    @property
    def put_off_due_minor(self) -> int:
        """What of `due_from_before_minor` comes on top of an equal amount."""
        return sum(
            one.amount_minor
            for one in self.moves
            if one.reason is MoveReason.DUE_AFTER_GRACE
        )

    @property
    def total_minor(self) -> int:
        """Principal, interest and fees together."""
        return self.principal_minor + self.interest_due_minor + self.fees_minor

    def __str__(self) -> str:
        """Return the working as plain lines, as one would write it on paper."""
        return "\n".join(self._lines())

    def _repr_html_(self) -> str:
        # Notebooks call this name.
        heading, *lines = self._lines()
        return html_table((heading,), [(line,) for line in lines])

    def _lines(self) -> list[str]:
        # Few workings are printed, and the writer of lines knows this class.
        from microcrm_core.loans.working_lines import working_lines

        return working_lines(self)
