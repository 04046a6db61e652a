"""The parts of a working: days and rates, shares, moves of interest, fees.

A working is read from top to bottom: what is lent bears interest in slices of days,
their sum is rounded, some of it may be moved to another day or into the debt, and then
the row knows what it asks for and takes what is left over. Each step is a value here,
so that a program can check it; `working_lines` writes it for people. Read `workings`
next.

Example:
    >>> from fractions import Fraction
    >>> from microcrm_core.loans.working_parts import CountUnit, YearPart
    >>> part = YearPart(count=Fraction(28), per_year=Fraction(365), unit=CountUnit.DAYS)
    >>> str(part.fraction)
    '28/365'
"""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from fractions import Fraction
from typing import Final

import attrs

from microcrm_core.dates import FrequencyUnit

__all__ = [
    "AmountRule",
    "CountUnit",
    "FeeWorking",
    "InterestMove",
    "InterestShare",
    "InterestSlice",
    "LentWorking",
    "MoveReason",
    "PeriodCount",
    "RemainderReason",
    "SliceNote",
    "YearPart",
]


class CountUnit(StrEnum):
    """What a convention counts.

    Attributes:
        DAYS: Days: of the calendar, of months of 30 days, or without 29 February.
        BUSINESS_DAYS: Business days.
        PERIODS: Periods as long as the time between two due dates.

    Example:
        >>> from microcrm_core.loans.working_parts import CountUnit
        >>> CountUnit("business_days").value
        'business_days'
    """

    DAYS = "days"
    BUSINESS_DAYS = "business_days"
    PERIODS = "periods"


@attrs.frozen(kw_only=True)
class YearPart:
    """A part of a year, as the convention counts it.

    Attributes:
        count: How many days, business days or periods count.
        per_year: How many of them make a year.
        unit: Which of them.

    Example:
        >>> from fractions import Fraction
        >>> from microcrm_core.loans.working_parts import CountUnit, YearPart
        >>> part = YearPart(
        ...     count=Fraction(30), per_year=Fraction(360), unit=CountUnit.DAYS
        ... )
        >>> str(part.fraction)
        '1/12'
    """

    count: Fraction
    per_year: Fraction
    unit: CountUnit

    @property
    def fraction(self) -> Fraction:
        """What part of a year it is."""
        return self.count / self.per_year


@attrs.frozen(kw_only=True)
class PeriodCount:
    """What a period counts as in Apache Fineract's arithmetic, whatever its days are.

    Attributes:
        count: How many months, weeks or days it counts, with its part of one.
        unit: Which of them.
        days: Calendar days of the period, of which a slice takes its share.

    Example:
        >>> from fractions import Fraction
        >>> from microcrm_core.dates import FrequencyUnit
        >>> from microcrm_core.loans.working_parts import PeriodCount
        >>> january = PeriodCount(
        ...     count=Fraction(1), unit=FrequencyUnit.MONTH, days=31
        ... )
        >>> january.unit.value
        'month'
    """

    count: Fraction
    unit: FrequencyUnit
    days: int


class SliceNote(StrEnum):
    """Why days bear other interest than their rate and their number say.

    Attributes:
        PAUSED: Interest is paused on these days.
        INTEREST_FREE: The period bears no interest, by grace.
        SHORT_FREE: The first period is shorter than the others and bears none.
        SHORT_WHOLE: The first period is shorter than the others and counts whole.

    Example:
        >>> from microcrm_core.loans.working_parts import SliceNote
        >>> SliceNote("paused") is SliceNote.PAUSED
        True
    """

    PAUSED = "paused"
    INTEREST_FREE = "interest_free"
    SHORT_FREE = "short_free"
    SHORT_WHOLE = "short_whole"


@attrs.frozen(kw_only=True)
class InterestSlice:
    """Days on which one balance bore interest at one rate.

    Attributes:
        start_on: The slice runs from the close of this day,
        end_on: to the close of this one.
        days: Calendar days between them.
        balance_minor: What bears interest.
        annual_rate: Nominal yearly rate; zero where none is borne, as `note` says.
        factor: Interest on one unit; as the arithmetic holds it, rounded or exact.
        interest: Interest in minor units, before rounding.
        year_fraction: What part of a year the days are; None: a Fineract arithmetic,
            which holds no such number.
        year_parts: The same as the convention counts it: 30 days of 360, or 16 days
            of a year of 365 and 15 of one of 366. They add up to `year_fraction`.
            Empty where the convention has no such count.
        note: Why the days bear other interest than their number says; None: they do
            not.
        factor_to_due: Factor from `start_on` to the due date, where the arithmetic
            holds that one and the days take their share of it; None elsewhere.
        days_to_due: Calendar days from `start_on` to the due date; None as above.
        period_count: What the period of these days counts as, where a Fineract
            arithmetic counts whole units; None elsewhere.
        interest_minor: The interest, where each slice is rounded by itself; None:
            their sum is rounded.

    Example:
        >>> import datetime as dt
        >>> from fractions import Fraction
        >>> from microcrm_core.loans import InterestSlice
        >>> part = InterestSlice(
        ...     start_on=dt.date(2025, 1, 15),
        ...     end_on=dt.date(2025, 2, 15),
        ...     days=31,
        ...     balance_minor=100_000,
        ...     annual_rate=Fraction(12, 100),
        ...     factor=Fraction(1, 100),
        ...     interest=Fraction(1000),
        ... )
        >>> part.factor * part.balance_minor == part.interest
        True
    """

    start_on: dt.date
    end_on: dt.date
    days: int
    balance_minor: int
    annual_rate: Fraction
    factor: Fraction
    interest: Fraction
    year_fraction: Fraction | None = None
    year_parts: tuple[YearPart, ...] = ()
    note: SliceNote | None = None
    factor_to_due: Fraction | None = None
    days_to_due: int | None = None
    period_count: PeriodCount | None = None
    interest_minor: int | None = None

    @property
    def counted(self) -> Fraction | None:
        """Days or periods that the convention counts; None: it has no such count."""
        if not self.year_parts:
            return None
        return sum((part.count for part in self.year_parts), Fraction(0))


@attrs.frozen(kw_only=True)
class InterestShare:
    """The share of one installment in the interest of the whole term.

    Attributes:
        whole_minor: Interest of the whole term, rounded once.
        installment_count: How many installments share it.
        each_minor: What each of them takes.
        rest_minor: What this one takes of the rest that does not divide.

    Example:
        >>> from microcrm_core.loans.working_parts import InterestShare
        >>> share = InterestShare(
        ...     whole_minor=100, installment_count=3, each_minor=33, rest_minor=1
        ... )
        >>> share.minor
        34
    """

    whole_minor: int
    installment_count: int
    each_minor: int
    rest_minor: int

    @property
    def minor(self) -> int:
        """Interest of the installment."""
        return self.each_minor + self.rest_minor


class MoveReason(StrEnum):
    """Why interest is not due with its own installment.

    Attributes:
        PUT_OFF_TO_FIRST: Grace puts it off; the first installment after grace pays it.
        PUT_OFF_TO_LAST: Grace puts it off; the last installment pays it.
        DUE_AFTER_GRACE: Grace has put it off before; it is due now.
        GRACE_CAPITALIZED: Grace adds it to the debt.
        COMPOUNDED: It is added to the debt until all is due at once.
        LEFT_OVER: It is more than the installment, and waits for the next ones.
        LEFT_BEFORE: Earlier installments have left it over.
        UNPAID_CAPITALIZED: It is more than the installment, and added to the debt.

    Example:
        >>> from microcrm_core.loans.working_parts import MoveReason
        >>> MoveReason("left_over") is MoveReason.LEFT_OVER
        True
    """

    PUT_OFF_TO_FIRST = "put_off_to_first"
    PUT_OFF_TO_LAST = "put_off_to_last"
    DUE_AFTER_GRACE = "due_after_grace"
    GRACE_CAPITALIZED = "grace_capitalized"
    COMPOUNDED = "compounded"
    LEFT_OVER = "left_over"
    LEFT_BEFORE = "left_before"
    UNPAID_CAPITALIZED = "unpaid_capitalized"

    @property
    def is_due_here(self) -> bool:
        """Whether it is interest of earlier installments that is due with this one."""
        return self in _DUE_HERE

    @property
    def is_capitalized(self) -> bool:
        """Whether it is added to the debt."""
        return self in _CAPITALIZED


_DUE_HERE: Final = (MoveReason.DUE_AFTER_GRACE, MoveReason.LEFT_BEFORE)
_CAPITALIZED: Final = (
    MoveReason.GRACE_CAPITALIZED,
    MoveReason.COMPOUNDED,
    MoveReason.UNPAID_CAPITALIZED,
)


@attrs.frozen(kw_only=True)
class InterestMove:
    """Interest that moves to an installment, or away from it.

    Attributes:
        amount_minor: How much; above zero.
        reason: Why, and where from or to.

    Example:
        >>> from microcrm_core.loans.working_parts import InterestMove, MoveReason
        >>> waits = InterestMove(amount_minor=500, reason=MoveReason.LEFT_OVER)
        >>> waits.reason.is_due_here
        False
    """

    amount_minor: int
    reason: MoveReason


class AmountRule(StrEnum):
    """What fixes the amount of an installment.

    Attributes:
        EQUAL_TOTAL: Principal and interest together are the equal amount.
        EQUAL_PRINCIPAL: The principal is the equal part; interest comes on top.
        AGREED_TOTAL: Principal and interest together are agreed.
        AGREED_PRINCIPAL: The principal is agreed; interest comes on top.
        FORESEEN_INTEREST: The total is the interest that was foreseen when it was
            fixed; a later pause lets some of it repay principal.
        NO_PRINCIPAL: No principal is due yet.
        ALL_LEFT: The last installment repays all that is left.
        DOWN_PAYMENT: A part of what is paid out is due the same day.
        MERGED: Several installments are due as one; each has its own rule.

    Example:
        >>> from microcrm_core.loans.working_parts import AmountRule
        >>> AmountRule("all_left") is AmountRule.ALL_LEFT
        True
    """

    EQUAL_TOTAL = "equal_total"
    EQUAL_PRINCIPAL = "equal_principal"
    AGREED_TOTAL = "agreed_total"
    AGREED_PRINCIPAL = "agreed_principal"
    FORESEEN_INTEREST = "foreseen_interest"
    NO_PRINCIPAL = "no_principal"
    ALL_LEFT = "all_left"
    DOWN_PAYMENT = "down_payment"
    MERGED = "merged"


class RemainderReason(StrEnum):
    """Why an installment differs from the equal amount.

    Attributes:
        FIRST: The first of the equal ones takes the remainder, by the conventions.
        LAST: The last one takes it: it pays all that is left.
        ALL_LEFT: It is not the last, but less than the equal amount was left.
        INTEREST_SHARE: Its share in flat interest is smaller than that of others.

    Example:
        >>> from microcrm_core.loans.working_parts import RemainderReason
        >>> RemainderReason("last") is RemainderReason.LAST
        True
    """

    FIRST = "first"
    LAST = "last"
    ALL_LEFT = "all_left"
    INTEREST_SHARE = "interest_share"


@attrs.frozen(kw_only=True)
class FeeWorking:
    """How a fee of an installment was computed.

    Attributes:
        name: Its name in the plan.
        base_minor: What a share is taken of; None: a fixed sum.
        share: The share of it; None: a fixed sum.
        amount_minor: What is due, rounded once.

    Example:
        >>> from fractions import Fraction
        >>> from microcrm_core.loans.working_parts import FeeWorking
        >>> fee = FeeWorking(
        ...     name="service",
        ...     base_minor=67_381,
        ...     share=Fraction(1, 100),
        ...     amount_minor=674,
        ... )
        >>> fee.amount_minor
        674
    """

    name: str
    base_minor: int | None
    share: Fraction | None
    amount_minor: int


@attrs.frozen(kw_only=True)
class LentWorking:
    """What bears interest from the start, where fees are added to the debt.

    Attributes:
        paid_out_minor: What is paid out on the first day.
        down_payment_minor: What of it is due as a down payment on that day.
        fees: The fees that are added to the debt.

    Example:
        >>> from microcrm_core.loans.working_parts import FeeWorking, LentWorking
        >>> fee = FeeWorking(name="setup", base_minor=None, share=None, amount_minor=20)
        >>> lent = LentWorking(paid_out_minor=1000, down_payment_minor=100, fees=(fee,))
        >>> lent.balance_minor
        920
    """

    paid_out_minor: int
    down_payment_minor: int
    fees: tuple[FeeWorking, ...]

    @property
    def balance_minor(self) -> int:
        """What bears interest then."""
        financed_minor = sum(fee.amount_minor for fee in self.fees)
        return self.paid_out_minor - self.down_payment_minor + financed_minor
