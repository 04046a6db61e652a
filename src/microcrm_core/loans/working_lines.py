"""A working in plain lines, as one would write it on paper.

Every line is made from the values of the working alone, and each ends with a figure
that a later one takes up: days lead to interest, interest to what of it is due, and
that to principal and total. Amounts have the digits of their currency, and what is not
yet rounded has four more.

Example:
    >>> import datetime as dt
    >>> from fractions import Fraction
    >>> from microcrm_core.loans import InstallmentWorking
    >>> from microcrm_core.loans.working_lines import working_lines
    >>> from microcrm_core.loans.working_parts import RemainderReason
    >>> from microcrm_core.rounding import Rounding
    >>> working = InstallmentWorking(
    ...     number=3,
    ...     due_on=dt.date(2025, 2, 15),
    ...     slices=(),
    ...     interest_exact=Fraction(0),
    ...     interest_minor=0,
    ...     rounding=Rounding.HALF_EVEN,
    ...     equal_minor=334,
    ...     remainder_minor=-2,
    ...     principal_minor=332,
    ...     interest_due_minor=0,
    ...     fees_minor=0,
    ...     remainder_reason=RemainderReason.LAST,
    ... )
    >>> working_lines(working)[1]
    'equal amount: 334 - 2 remainder (the last installment takes it) = 332'
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Final

import attrs

from microcrm_core.currencies import Currency
from microcrm_core.loans.working_parts import (
    AmountRule,
    CountUnit,
    FeeWorking,
    InterestMove,
    InterestShare,
    InterestSlice,
    LentWorking,
    MoveReason,
    PeriodCount,
    RemainderReason,
    SliceNote,
    YearPart,
)
from microcrm_core.loans.workings import InstallmentWorking
from microcrm_core.money import Money
from microcrm_core.rates import Rate
from microcrm_core.rounding import Rounding, round_fraction

__all__ = ["working_lines"]

_MORE_DIGITS: Final = 4
_FACTOR_DIGITS: Final = 12
_COUNT_DIGITS: Final = 6
_SHOWN_DENOMINATOR_MAX: Final = 1_000_000

_NOTES: Final = {
    SliceNote.PAUSED: "paused",
    SliceNote.INTEREST_FREE: "interest-free",
    SliceNote.SHORT_FREE: "interest-free, as the first period is short",
    SliceNote.SHORT_WHOLE: "a short first period that counts whole",
}
_MOVES: Final = {
    MoveReason.PUT_OFF_TO_FIRST: "put off by grace, to the first installment after it",
    MoveReason.PUT_OFF_TO_LAST: "put off by grace, to the last installment",
    MoveReason.DUE_AFTER_GRACE: "put off by grace before, due now",
    MoveReason.GRACE_CAPITALIZED: "added to the debt, by grace",
    MoveReason.COMPOUNDED: "added to the debt, as nothing is due before the end",
    MoveReason.LEFT_OVER: "more than the installment, waits for the next",
    MoveReason.LEFT_BEFORE: "left over by earlier installments, due now",
    MoveReason.UNPAID_CAPITALIZED: "more than the installment, added to the debt",
}
_REMAINDERS: Final = {
    RemainderReason.FIRST: "the first installment takes it",
    RemainderReason.LAST: "the last installment takes it",
    RemainderReason.ALL_LEFT: "no more was left to repay",
    RemainderReason.INTEREST_SHARE: "its share of the interest is smaller",
}
_AMOUNTS: Final = {
    AmountRule.EQUAL_TOTAL: "equal amount",
    AmountRule.EQUAL_PRINCIPAL: "equal principal",
    AmountRule.AGREED_TOTAL: "agreed amount",
    AmountRule.AGREED_PRINCIPAL: "agreed principal",
    AmountRule.FORESEEN_INTEREST: "interest as foreseen, which stays due",
}
_WITHOUT_AMOUNT: Final = {
    AmountRule.NO_PRINCIPAL: "no principal is due yet",
    AmountRule.ALL_LEFT: "the last installment repays all that is left",
    AmountRule.DOWN_PAYMENT: (
        "down payment: due when the loan is paid out, without interest"
    ),
}


def working_lines(working: InstallmentWorking) -> list[str]:
    """Return the lines of a working; the first is its heading.

    Example:
        See `microcrm_core.loans.working_lines`.
    """
    writer = _Writer(working.currency)
    return [writer.heading(working), *writer.body(working)]


@attrs.frozen
class _Writer:
    """Writes amounts in a currency, or in minor units."""

    currency: Currency | None

    def heading(self, working: InstallmentWorking) -> str:
        unit = "minor units" if self.currency is None else self.currency.code
        line = f"{working.number}, due on {working.due_on}"
        if working.parts:
            first, last = working.parts[0].number, working.parts[-1].number
            line += f", installments {first} to {last} in one"
        elif working.moved_from_on is not None:
            line += f", moved from {working.moved_from_on}"
        return f"{line}, in {unit}"

    def body(self, working: InstallmentWorking) -> Iterator[str]:
        if not working.parts:
            yield from self._interest(working)
            yield from self._rest(working)
            yield self._sum(working)
            return
        # Flat interest is that of the whole term, the same in every part.
        is_shared = working.parts[0].share is not None
        if is_shared:
            yield from self._interest(working.parts[0])
        for part in working.parts:
            agreed_on = part.moved_from_on or part.due_on
            yield f"installment {part.number}, agreed for {agreed_on}:"
            if not is_shared:
                yield from self._interest(part)
            yield from self._rest(part)
            yield self._sum(part)
        yield f"together: {self._sum(working)}"

    def _interest(self, working: InstallmentWorking) -> Iterator[str]:
        if working.lent is not None:
            yield from self._lent(working.lent)
        for part in working.slices:
            yield self._slice(part, working.rounding)
        if not working.slices:
            if working.amount_rule is AmountRule.NO_PRINCIPAL:
                yield "interest of all periods is due with the last installment"
            return
        share = working.share
        title, rounded_minor = "interest of the period", working.interest_minor
        if share is not None:
            title, rounded_minor = "interest of the whole term", share.whole_minor
        if working.slices[0].interest_minor is not None:
            yield f"{title}: {self._amount(rounded_minor)}"
            return
        exact = self._exact(working.interest_exact)
        multiple = working.rounding_multiple_minor
        rounded = self._rounded(working.rounding, multiple, rounded_minor)
        yield f"{title}: {exact}, {rounded}"

    def _rounded(self, rounding: Rounding, multiple: int, minor: int) -> str:
        to = "to" if multiple == 1 else f"to a multiple of {self._amount(multiple)}:"
        return f"{rounding} {to} {self._amount(minor)}"

    def _lent(self, lent: LentWorking) -> Iterator[str]:
        line = f"lent: {self._amount(lent.paid_out_minor)}"
        if lent.down_payment_minor:
            line += f"{self._signed(-lent.down_payment_minor)} down payment"
        for fee in lent.fees:
            yield f"{self._fee(fee)}, added to the debt"
            line += f"{self._signed(fee.amount_minor)} fee {fee.name}"
        yield f"{line} = {self._amount(lent.balance_minor)}"

    def _slice(self, part: InterestSlice, rounding: Rounding) -> str:
        unit = "day" if part.days == 1 else "days"
        days = f"{part.days} {unit}{_counted(part)}"
        if part.note is not None:
            days += f", {_NOTES[part.note]}"
        line = (
            f"{part.start_on} to {part.end_on}, {days}: "
            f"{self._amount(part.balance_minor)} x {_factor(part)} = "
            f"{self._exact(part.interest)}"
        )
        if part.interest_minor is not None:
            line += f", {rounding} to {self._amount(part.interest_minor)}"
        return line

    def _rest(self, working: InstallmentWorking) -> Iterator[str]:
        if working.share is not None and working.share.installment_count > 1:
            yield self._share(working.share)
        for move in working.moves:
            yield f"{_MOVES[move.reason]}: {self._amount(move.amount_minor)}"
        if working.moves:
            yield self._due(working)
        if working.weight is not None and working.level_minor is not None:
            yield self._weighted(working, working.weight, working.level_minor)
        amount = self._amount_line(working)
        if amount:
            yield amount
        for fee in working.fees:
            yield self._fee(fee)

    def _share(self, share: InterestShare) -> str:
        line = f"one of {share.installment_count} shares: "
        line += self._amount(share.each_minor)
        if share.rest_minor:
            line += self._signed(share.rest_minor)
            line += f" of what does not divide = {self._amount(share.minor)}"
        return line

    def _due(self, working: InstallmentWorking) -> str:
        line = f"interest due: {self._amount(working.interest_minor)}"
        for move in working.moves:
            line += self._signed(_sign(move) * move.amount_minor)
        return f"{line} = {self._amount(working.interest_due_minor)}"

    def _weighted(
        self, working: InstallmentWorking, weight: Fraction, level_minor: int
    ) -> str:
        exact = weight * level_minor
        amount_minor = working.equal_minor or 0
        line = f"level amount: {self._amount(level_minor)} x weight {_weight(weight)}"
        if exact == amount_minor:
            return f"{line} = {self._amount(amount_minor)}"
        multiple = working.equal_multiple_minor
        rounded = self._rounded(working.rounding, multiple, amount_minor)
        return f"{line} = {self._exact(exact)}, {rounded}"

    def _amount_line(self, working: InstallmentWorking) -> str | None:
        rule = working.amount_rule
        if rule not in _AMOUNTS:
            return _WITHOUT_AMOUNT.get(rule)
        amount_minor = working.equal_minor
        if amount_minor is None:
            amount_minor = working.agreed_minor
        if amount_minor is None:
            return None
        line = _AMOUNTS[rule]
        if working.weight is not None:
            line = f"amount of weight {_weight(working.weight)}"
        if working.equal_minor is not None and working.equal_multiple_minor > 1:
            line += f", a multiple of {self._amount(working.equal_multiple_minor)}"
        line += f": {self._amount(amount_minor)}"
        more = self._on_top(working)
        if not more:
            return line
        is_principal = rule in (AmountRule.EQUAL_PRINCIPAL, AmountRule.AGREED_PRINCIPAL)
        result_minor = working.principal_minor
        if not is_principal:
            result_minor += working.interest_due_minor
        return f"{line}{more} = {self._amount(result_minor)}"

    def _on_top(self, working: InstallmentWorking) -> str:
        """Return what the amount is changed by, as terms of a sum."""
        more = ""
        if working.balloon_minor:
            more += f"{self._signed(working.balloon_minor)} balloon"
        if working.remainder_minor:
            more += f"{self._signed(working.remainder_minor)} remainder"
            if working.remainder_reason is not None:
                more += f" ({_REMAINDERS[working.remainder_reason]})"
        is_total = working.amount_rule is AmountRule.EQUAL_TOTAL
        if is_total and working.put_off_due_minor:
            more += f"{self._signed(working.put_off_due_minor)} put off before"
        return more

    def _fee(self, fee: FeeWorking) -> str:
        if fee.share is None or fee.base_minor is None:
            return f"fee {fee.name}: {self._amount(fee.amount_minor)}"
        return (
            f"fee {fee.name}: {self._amount(fee.base_minor)} x {_percent(fee.share)} = "
            f"{self._amount(fee.amount_minor)}"
        )

    def _sum(self, working: InstallmentWorking) -> str:
        return (
            f"principal {self._amount(working.principal_minor)} + interest "
            f"{self._amount(working.interest_due_minor)} + fees "
            f"{self._amount(working.fees_minor)} = {self._amount(working.total_minor)}"
        )

    def _signed(self, minor: int) -> str:
        return f" {'-' if minor < 0 else '+'} {self._amount(abs(minor))}"

    def _amount(self, minor: int) -> str:
        if self.currency is None:
            return str(minor)
        return str(Money(minor, self.currency).amount)

    def _exact(self, minor: Fraction) -> str:
        exponent = 0 if self.currency is None else self.currency.exponent
        return _decimals(minor / 10**exponent, exponent + _MORE_DIGITS)


def _sign(move: InterestMove) -> int:
    return 1 if move.reason.is_due_here else -1


def _counted(part: InterestSlice) -> str:
    """Return what the convention counts, where that is not the calendar's days."""
    if part.period_count is not None:
        return _period_counted(part.days, part.period_count)
    counted = part.counted
    if counted is None:
        return ""
    unit = part.year_parts[0].unit
    if unit is CountUnit.DAYS:
        return "" if counted == part.days else f", counted as {_count(counted)}"
    name = unit.replace("_", " ")
    if counted == 1:
        name = name.removesuffix("s")
    return f", counted as {_count(counted)} {name}"


def _period_counted(days: int, period: PeriodCount) -> str:
    counted = f"counted as {_count(period.count)} {period.unit}"
    if period.count != 1:
        counted += "s"
    return f", {counted}" if days == period.days else f" of a period {counted}"


def _factor(part: InterestSlice) -> str:
    """Return rate and part of a year, or the factor that the arithmetic holds."""
    percent = _percent(part.annual_rate)
    if part.year_fraction is None:
        if part.note is SliceNote.PAUSED:
            return percent
        to_due = part.factor if part.factor_to_due is None else part.factor_to_due
        held = _decimals(to_due, _FACTOR_DIGITS)
        if part.days_to_due not in (None, part.days):
            held += f" x {part.days}/{part.days_to_due}"
        return f"{held} (at {percent} a year)"
    return f"{percent} x {_years(part.year_fraction, part.year_parts)}"


def _years(fraction: Fraction, parts: tuple[YearPart, ...]) -> str:
    if parts and all(_is_short(part) for part in parts):
        texts = [f"{part.count}/{part.per_year}" for part in parts]
        return texts[0] if len(texts) == 1 else f"({' + '.join(texts)})"
    if fraction.denominator <= _SHOWN_DENOMINATOR_MAX:
        return str(fraction)
    return _decimals(fraction, _FACTOR_DIGITS)


def _is_short(part: YearPart) -> bool:
    return part.count.denominator == part.per_year.denominator == 1


def _percent(rate: Fraction) -> str:
    return str(Rate(rate)).removesuffix(" a year")


def _count(count: Fraction) -> str:
    return _trimmed(count, _COUNT_DIGITS)


def _weight(weight: Fraction) -> str:
    """Return a weight exactly where that is short, else with many digits."""
    is_decimal = 10**_FACTOR_DIGITS % weight.denominator == 0
    if not is_decimal and weight.denominator <= _SHOWN_DENOMINATOR_MAX:
        return str(weight)
    return _trimmed(weight, _FACTOR_DIGITS)


def _trimmed(value: Fraction, digits: int) -> str:
    if value.denominator == 1:
        return str(value)
    return _decimals(value, digits).rstrip("0").rstrip(".")


def _decimals(value: Fraction, digits: int) -> str:
    """Return a fraction with so many digits, the last one rounded half even."""
    scaled = round_fraction(value * 10**digits, Rounding.HALF_EVEN)
    return str(Decimal(f"{scaled}E-{digits}").__format__("f"))
