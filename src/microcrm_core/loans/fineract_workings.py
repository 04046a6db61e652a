"""How the rows of Apache Fineract's arithmetic came, with the numbers that it holds.

That engine rounds after every product and quotient, so its working has factors of 19
digits where exact arithmetic has fractions. The progressive engine rounds the sum of a
row and leaves to the next row what the installment cannot take. The cumulative one
rounds every slice, or the flat interest of the whole term. Read `fineract_schedule`
next.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
    >>> from microcrm_core.loans import FINERACT
    >>> from microcrm_core.loans.fineract_workings import FineractWorkings
    >>> terms = LoanTerms(
    ...     principal=Money.of("100.00", Currency.of("EUR")),
    ...     nominal_rate=Rate.per_year("0.07"),
    ...     installment_count=6,
    ...     frequency=Frequency.MONTHLY,
    ...     disbursed_on=dt.date(2024, 1, 1),
    ...     first_due_on=dt.date(2024, 2, 1),
    ... )
    >>> workings = FineractWorkings(terms=terms, conventions=FINERACT, sources=())
    >>> workings.of_down_payment(dt.date(2024, 1, 1), 2500).principal_minor
    2500
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Final

import attrs

from microcrm_core.loans.conventions import ScheduleConventions
from microcrm_core.loans.fees import FeeBase, FeeTiming
from microcrm_core.loans.fineract_cumulative import CumulativeRow, CumulativeRule
from microcrm_core.loans.fineract_factors import FactorRule
from microcrm_core.loans.fineract_models import empty_model
from microcrm_core.loans.fineract_rows import Row
from microcrm_core.loans.methods import EqualPrincipal, InterestOnly
from microcrm_core.loans.terms import LoanTerms
from microcrm_core.loans.working_parts import (
    AmountRule,
    FeeWorking,
    InterestMove,
    InterestShare,
    InterestSlice,
    MoveReason,
    PeriodCount,
    RemainderReason,
    SliceNote,
)
from microcrm_core.loans.workings import InstallmentWorking
from microcrm_core.money import Money
from microcrm_core.rounding import round_fraction

__all__ = ["FineractWorkings"]

_DAY: Final = dt.timedelta(days=1)


@attrs.frozen(kw_only=True)
class FineractWorkings:
    """The workings of one loan; each is made when it is asked for.

    Attributes:
        terms: What was agreed.
        conventions: How amounts are made.
        sources: The rows of the engine, in order.

    Example:
        See `microcrm_core.loans.fineract_workings`.
    """

    terms: LoanTerms
    conventions: ScheduleConventions
    sources: Sequence[Row | CumulativeRow]

    def of_down_payment(self, due_on: dt.date, amount_minor: int) -> InstallmentWorking:
        """Return the working of a down payment."""
        return self._working(
            due_on=due_on,
            principal_minor=amount_minor,
            amount_rule=AmountRule.DOWN_PAYMENT,
        )

    def of_progressive(self, position: int) -> InstallmentWorking:
        """Return the working of a row of the progressive engine, from 0."""
        row = self.sources[position]
        assert isinstance(row, Row)  # the caller has looked
        factors = empty_model(self.terms, self.conventions).factors
        slices = tuple(_progressive_slices(row, factors))
        exact = sum((part.interest for part in slices), Fraction(0))
        own_minor = round_fraction(exact, self.conventions.rounding)
        moves = tuple(
            InterestMove(amount_minor=amount_minor, reason=reason)
            for amount_minor, reason in (
                (row.accrued_minor - own_minor, MoveReason.LEFT_BEFORE),
                (row.left_interest_minor, MoveReason.LEFT_OVER),
            )
            if amount_minor
        )
        rule = AmountRule.EQUAL_TOTAL
        equal_minor: int | None = self._level_minor(position)
        agreed_minor: int | None = None
        remainder_minor: int | None = None
        if position < self._grace_count:
            is_pure = row.principal_minor == 0
            rule = AmountRule.NO_PRINCIPAL if is_pure else AmountRule.FORESEEN_INTEREST
            equal_minor, agreed_minor = None, None if is_pure else row.level_minor
        elif isinstance(self.terms.plan.method, InterestOnly):
            # No amount was ever equal: the last row repays what was lent.
            rule, equal_minor = AmountRule.ALL_LEFT, None
        amount_minor = agreed_minor if equal_minor is None else equal_minor
        if amount_minor is not None:
            total_minor = row.principal_minor + row.interest_minor
            remainder_minor = total_minor - amount_minor
        return self._working(
            due_on=row.due_on,
            slices=slices,
            interest_exact=exact,
            interest_minor=own_minor,
            moves=moves,
            principal_minor=row.principal_minor,
            interest_due_minor=row.interest_minor,
            amount_rule=rule,
            equal_minor=equal_minor,
            agreed_minor=agreed_minor,
            remainder_minor=remainder_minor,
            remainder_reason=self._reason(position) if remainder_minor else None,
        )

    def of_cumulative(
        self, position: int, rule: CumulativeRule, dates: Sequence[dt.date]
    ) -> InstallmentWorking:
        """Return the working of a row of the cumulative engine, from 0.

        Args:
            position: The row.
            rule: How the rows were computed.
            dates: The first day of the loan and every due date.
        """
        row = self.sources[position]
        assert isinstance(row, CumulativeRow)  # the caller has looked
        is_principal = isinstance(self.terms.plan.method, EqualPrincipal)
        share: InterestShare | None = None
        slices = tuple(self._cumulative_slices(row, rule, dates[0].day))
        if rule.is_flat:
            slices, share = self._flat(row, rule, dates)
        is_grace = position < rule.grace_count
        equal_minor = None if is_grace else row.equal_minor
        remainder_minor = None
        if equal_minor is not None:
            total_minor = row.principal_minor
            total_minor += 0 if is_principal else row.interest_minor
            remainder_minor = total_minor - equal_minor
        reason = self._reason(position) if remainder_minor else None
        if reason is RemainderReason.ALL_LEFT and share is not None:
            is_share = share.rest_minor == remainder_minor
            reason = RemainderReason.INTEREST_SHARE if is_share else reason
        equal_rule = (
            AmountRule.EQUAL_PRINCIPAL if is_principal else AmountRule.EQUAL_TOTAL
        )
        # The engine rounds the equal part of the principal to cents alone.
        multiple = 1 if is_principal else self.conventions.installment_multiple
        return self._working(
            due_on=dates[position + 1],
            slices=slices,
            interest_exact=sum((part.interest for part in slices), Fraction(0)),
            interest_minor=row.interest_minor,
            share=share,
            principal_minor=row.principal_minor,
            interest_due_minor=row.interest_minor,
            amount_rule=AmountRule.NO_PRINCIPAL if is_grace else equal_rule,
            equal_minor=equal_minor,
            equal_multiple_minor=multiple,
            remainder_minor=remainder_minor,
            remainder_reason=reason,
        )

    def fees(self, balance_minor: int) -> tuple[FeeWorking, ...]:
        """Return how the fees of an installment came.

        Args:
            balance_minor: Principal that is outstanding before it.
        """
        made: list[FeeWorking] = []
        for fee in self.terms.plan.fees:
            if fee.timing is not FeeTiming.PER_INSTALLMENT:
                continue
            base = self.terms.principal
            if fee.base is FeeBase.OUTSTANDING:
                base = Money(balance_minor, base.currency)
            share = fee.portion.share
            made.append(
                FeeWorking(
                    name=fee.name,
                    base_minor=None if share is None else base.minor,
                    share=share,
                    amount_minor=fee.portion.minor_of(base, self.conventions.rounding),
                )
            )
        return tuple(made)

    def _working(
        self,
        *,
        due_on: dt.date,
        principal_minor: int,
        amount_rule: AmountRule,
        slices: tuple[InterestSlice, ...] = (),
        interest_exact: Fraction = Fraction(0),
        interest_minor: int = 0,
        share: InterestShare | None = None,
        moves: tuple[InterestMove, ...] = (),
        interest_due_minor: int = 0,
        equal_minor: int | None = None,
        agreed_minor: int | None = None,
        equal_multiple_minor: int | None = None,
        remainder_minor: int | None = None,
        remainder_reason: RemainderReason | None = None,
    ) -> InstallmentWorking:
        if equal_multiple_minor is None:
            equal_multiple_minor = self.conventions.installment_multiple
        return InstallmentWorking(
            number=1,
            due_on=due_on,
            slices=slices,
            interest_exact=interest_exact,
            interest_minor=interest_minor,
            rounding=self.conventions.rounding,
            equal_minor=equal_minor,
            remainder_minor=remainder_minor,
            principal_minor=principal_minor,
            interest_due_minor=interest_due_minor,
            fees_minor=0,
            currency=self.terms.principal.currency,
            share=share,
            moves=moves,
            amount_rule=amount_rule,
            agreed_minor=agreed_minor,
            equal_multiple_minor=equal_multiple_minor,
            remainder_reason=remainder_reason,
        )

    @property
    def _grace_count(self) -> int:
        # The engine forgets that a row is one of grace once a pause has let some of
        # its interest repay principal.
        if isinstance(self.terms.plan.method, InterestOnly):
            return self.terms.installment_count - 1
        return self.terms.plan.grace.principal_count

    def _level_minor(self, position: int) -> int:
        """Return the level amount that a row has in common with others.

        Smoothing sets the level of each row to what it asks for, the remainder of the
        last one included. So the level is that of the first row since it was made anew.
        """
        made_on = [one.disbursed_on for one in self.terms.tranches]
        made_on += [one.from_on - _DAY for one in self.terms.rate_changes]
        level_minor: int | None = None
        for number, source in enumerate(self.sources[: position + 1]):
            assert isinstance(source, Row)  # one engine made all
            if any(source.start_on <= on < source.due_on for on in made_on):
                level_minor = None
            if level_minor is None and number >= self._grace_count:
                level_minor = source.level_minor
        return 0 if level_minor is None else level_minor

    def _reason(self, position: int) -> RemainderReason:
        # Where a loan is so small that later rows are empty, the last one that is not
        # takes the difference.
        later = self.sources[position + 1 :]
        is_last = not any(row.principal_minor + row.interest_minor for row in later)
        return RemainderReason.LAST if is_last else RemainderReason.ALL_LEFT

    def _cumulative_slices(
        self, row: CumulativeRow, rule: CumulativeRule, seed_day: int
    ) -> Iterator[InterestSlice]:
        for part in row.slices:
            days = (part.end_on - part.start_on).days
            counted = rule.counted(part.start_on, part.end_on, seed_day)
            yield InterestSlice(
                start_on=part.start_on,
                end_on=part.end_on,
                days=days,
                balance_minor=part.balance_minor,
                annual_rate=self.terms.nominal_rate.annual_fraction,
                factor=Fraction(part.factor),
                interest=Fraction(part.interest),
                period_count=_period_count(counted, rule, days),
                interest_minor=rule.numbers.minor(part.interest),
            )

    def _flat(
        self, row: CumulativeRow, rule: CumulativeRule, dates: Sequence[dt.date]
    ) -> tuple[tuple[InterestSlice, ...], InterestShare]:
        numbers, count = rule.numbers, len(self.sources)
        rate = numbers.of_fraction(self.terms.nominal_rate.annual_fraction)
        factor = rule.term_factor(rate, dates, dates[0].day)
        lent_minor = self.terms.principal.minor
        interest = numbers.multiply(Decimal(lent_minor), factor)
        whole_minor = numbers.minor(interest)
        each_minor = numbers.divided_minor(whole_minor, count)
        days = (dates[-1] - dates[0]).days
        counted = rule.term_counted(dates, dates[0].day)
        whole = InterestSlice(
            start_on=dates[0],
            end_on=dates[-1],
            days=days,
            balance_minor=lent_minor,
            annual_rate=self.terms.nominal_rate.annual_fraction,
            factor=Fraction(factor),
            interest=Fraction(interest),
            period_count=_period_count(counted, rule, days),
        )
        share = InterestShare(
            whole_minor=whole_minor,
            installment_count=count,
            each_minor=each_minor,
            rest_minor=row.interest_minor - each_minor,
        )
        return (whole,), share


def _period_count(
    counted: Decimal | None, rule: CumulativeRule | FactorRule, days: int
) -> PeriodCount | None:
    if counted is None:
        return None
    return PeriodCount(count=Fraction(counted), unit=rule.frequency.unit, days=days)


def _progressive_slices(row: Row, factors: FactorRule) -> Iterator[InterestSlice]:
    period = (row.start_on, row.due_on)
    period_days = (row.due_on - row.start_on).days
    for part in row.slices:
        days = (part.end_on - part.start_on).days
        if days == 0:
            continue
        # The days take their share of the factor that runs to the due date.
        days_to_due = (row.due_on - part.start_on).days
        to_due = Fraction(0 if part.is_paused else part.factor_to_due)
        counted = None if part.is_paused else factors.counted(period, part.start_on)
        yield InterestSlice(
            start_on=part.start_on,
            end_on=part.end_on,
            days=days,
            balance_minor=part.balance_minor,
            annual_rate=Fraction(0 if part.is_paused else part.rate),
            factor=to_due * days / days_to_due,
            interest=Fraction(part.interest),
            note=SliceNote.PAUSED if part.is_paused else None,
            factor_to_due=to_due,
            days_to_due=days_to_due,
            period_count=_period_count(counted, factors, period_days),
        )
