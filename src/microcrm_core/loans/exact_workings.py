"""How the rows of exact fractions came: each one's working, made when it is asked for.

A schedule keeps no working, since most are never asked for. To explain a row, the loan
is worked out once more, and the debt is looked at before and after each row: interest
that waits, interest that grace has put off, and who takes the remainder. Read `exact`
next.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
    >>> from microcrm_core.loans import STRICT
    >>> from microcrm_core.loans.exact_workings import ExactWorkings
    >>> from microcrm_core.loans.portions import payouts
    >>> terms = LoanTerms(
    ...     principal=Money.of("1000.00", Currency.of("EUR")),
    ...     nominal_rate=Rate.per_year("0.24"),
    ...     installment_count=3,
    ...     frequency=Frequency.MONTHLY,
    ...     disbursed_on=dt.date(2025, 1, 15),
    ...     first_due_on=dt.date(2025, 2, 15),
    ... )
    >>> workings = ExactWorkings.of(terms, STRICT, payouts(terms, STRICT))
    >>> first = workings.working(0)
    >>> first.interest_minor, first.equal_minor
    (2038, 34657)
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from fractions import Fraction

import attrs

from microcrm_core.loans.conventions import ScheduleConventions
from microcrm_core.loans.exact_rows import ExactRow, RowsRun
from microcrm_core.loans.fees import FeeBase, FeeTiming
from microcrm_core.loans.methods import (
    Bullet,
    CustomInstallments,
    CustomPrincipal,
    EqualInstallments,
    EqualPrincipal,
)
from microcrm_core.loans.periods import InterestPeriod, PeriodSlice
from microcrm_core.loans.plans import DeferredInterest
from microcrm_core.loans.portions import EPOCH_ORDINAL, Payout, portion_minor
from microcrm_core.loans.terms import LoanTerms
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
from microcrm_core.loans.workings import InstallmentWorking
from microcrm_core.loans.year_parts import YearParts

__all__ = ["ExactWorkings", "merged_working"]


def merged_working(
    number: int, parts: Sequence[InstallmentWorking]
) -> InstallmentWorking:
    """Return the working of installments that are due as one.

    Args:
        number: Position in the schedule, from 1.
        parts: Their workings, in order.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
        >>> from microcrm_core.loans import STRICT
        >>> from microcrm_core.loans.exact_workings import ExactWorkings
        >>> from microcrm_core.loans.exact_workings import merged_working
        >>> from microcrm_core.loans.portions import payouts
        >>> terms = LoanTerms(
        ...     principal=Money.of("1000.00", Currency.of("EUR")),
        ...     nominal_rate=Rate.per_year("0.24"),
        ...     installment_count=2,
        ...     frequency=Frequency.DAILY,
        ...     disbursed_on=dt.date(2025, 1, 17),
        ...     first_due_on=dt.date(2025, 1, 18),
        ... )
        >>> workings = ExactWorkings.of(terms, STRICT, payouts(terms, STRICT))
        >>> parts = [workings.working(0), workings.working(1)]
        >>> merged_working(1, parts).principal_minor
        100000
    """
    last = parts[-1]
    # Flat interest is of the whole term, so that the parts have the same slices.
    own = parts[:1] if parts[0].share is not None else parts
    return attrs.evolve(
        last,
        number=number,
        slices=tuple(one for part in own for one in part.slices),
        interest_exact=sum((part.interest_exact for part in own), Fraction(0)),
        interest_minor=sum(part.interest_minor for part in parts),
        equal_minor=None,
        remainder_minor=None,
        principal_minor=sum(part.principal_minor for part in parts),
        interest_due_minor=sum(part.interest_due_minor for part in parts),
        fees_minor=sum(part.fees_minor for part in parts),
        share=None,
        moves=tuple(move for part in parts for move in part.moves),
        amount_rule=AmountRule.MERGED,
        agreed_minor=None,
        weight=None,
        level_minor=None,
        balloon_minor=sum(part.balloon_minor for part in parts),
        remainder_reason=None,
        fees=tuple(fee for part in parts for fee in part.fees),
        lent=parts[0].lent,
        moved_from_on=None,
        parts=tuple(parts),
    )


@attrs.frozen(kw_only=True)
class _Trace:
    """A row, and the debt before and after it."""

    row: ExactRow
    position: int
    fee_base_minor: int
    carried_minor: tuple[int, int]
    deferred_minor: tuple[int, int]
    level_minor: int | None
    takes_remainder_first: bool


def _traces(run: RowsRun) -> Iterator[_Trace]:
    for position, period in enumerate(run.periods):
        balance, carried, deferred = run.balance, run.carried, run.deferred
        row = run.next_row(position)
        yield _Trace(
            row=row,
            position=position,
            fee_base_minor=balance + period.tranches_minor,
            carried_minor=(carried, run.carried),
            deferred_minor=(deferred, run.deferred),
            level_minor=None if run.level is None else run.level.level_minor,
            takes_remainder_first=run.takes_remainder_first(position),
        )


@attrs.frozen
class ExactWorkings:
    """The rows of a loan, and how each came; a working is made when it is asked for.

    Attributes:
        rows: The installments, one for each period.

    Example:
        See `microcrm_core.loans.exact_workings`.
    """

    _run: RowsRun
    _traces: tuple[_Trace, ...]
    _year_parts: YearParts
    _paid_out: tuple[Payout, ...]
    rows: tuple[ExactRow, ...]

    @classmethod
    def of(
        cls,
        terms: LoanTerms,
        conventions: ScheduleConventions,
        paid_out: tuple[Payout, ...],
    ) -> ExactWorkings:
        """Work the rows of a loan out, and keep what the debt was at each.

        Args:
            terms: What was agreed.
            conventions: How amounts are made.
            paid_out: What `portions.payouts` says.

        Raises:
            ScheduleError: The terms allow no schedule.
        """
        run = RowsRun(terms, conventions, paid_out)
        traces = tuple(_traces(run))
        rows = tuple(trace.row for trace in traces)
        return cls(run, traces, YearParts(terms, conventions), paid_out, rows)

    def working(self, position: int) -> InstallmentWorking:
        """Return how one installment was computed.

        Args:
            position: Its place among the installments, from 0.
        """
        trace = self._traces[position]
        row, conventions = trace.row, self._run.conventions
        slices = tuple(self._slices(row))
        is_last = trace.position == self._run.last
        rule = self._amount_rule(trace)
        agreed_minor = None
        if rule in (AmountRule.AGREED_PRINCIPAL, AmountRule.AGREED_TOTAL):
            agreed_minor = self._run.agreed[trace.position]
        is_equal = row.equal_minor is not None
        balloon_minor = self._run.balloon if is_last and is_equal else 0
        remainder_minor = row.remainder_minor
        if remainder_minor is not None:
            remainder_minor -= balloon_minor
        elif agreed_minor is not None:
            is_total = rule is AmountRule.AGREED_TOTAL
            paid_minor = row.interest_due_minor if is_total else 0
            remainder_minor = row.principal_minor + paid_minor - agreed_minor
        weight = None
        if is_equal and not isinstance(self._run.method, EqualInstallments):
            weight = self._run.weights[trace.position] if self._run.weights else None
        moved_from_on = _date(row.unadjusted_day)
        return InstallmentWorking(
            number=trace.position + 1,
            due_on=_date(row.due_day),
            slices=slices,
            interest_exact=sum((part.interest for part in slices), Fraction(0)),
            interest_minor=row.interest_minor,
            rounding=conventions.rounding,
            equal_minor=row.equal_minor,
            remainder_minor=remainder_minor,
            principal_minor=row.principal_minor,
            interest_due_minor=row.interest_due_minor,
            fees_minor=row.fees_minor,
            currency=self._run.terms.principal.currency,
            rounding_multiple_minor=conventions.currency_multiple,
            share=self._share(trace),
            moves=tuple(self._moves(trace)),
            amount_rule=rule,
            agreed_minor=agreed_minor,
            equal_multiple_minor=conventions.installment_multiple,
            weight=weight,
            level_minor=None if weight is None else trace.level_minor,
            balloon_minor=balloon_minor,
            remainder_reason=self._reason(trace) if remainder_minor else None,
            fees=tuple(self._fees(FeeTiming.PER_INSTALLMENT, trace.fee_base_minor)),
            lent=self._lent(slices),
            moved_from_on=None if row.unadjusted_day == row.due_day else moved_from_on,
        )

    def _slices(self, row: ExactRow) -> Iterator[InterestSlice]:
        # Flat interest of each row is a share of that of all periods.
        periods = self._run.periods if self._run.flat else row.periods
        balance = row.start_minor
        for number, period in enumerate(periods):
            balance += period.opening_minor if number else 0
            for part in period.slices:
                balance += part.paid_out_minor
                yield self._slice(period, part, balance)

    def _slice(
        self, period: InterestPeriod, part: PeriodSlice, balance: int
    ) -> InterestSlice:
        factor = part.annual_rate * part.fraction
        return InterestSlice(
            start_on=_date(part.start_day),
            end_on=_date(part.end_day),
            days=part.days,
            balance_minor=balance,
            annual_rate=part.annual_rate,
            factor=factor,
            interest=balance * factor,
            year_fraction=part.fraction,
            year_parts=self._year_parts.of(period, part),
            note=self._year_parts.note(
                period, part, is_first=period is self._run.periods[0]
            ),
        )

    def _share(self, trace: _Trace) -> InterestShare | None:
        own_minor = trace.row.interest_minor
        if self._run.flat:
            each_minor = self.rows[-1].interest_minor
            return InterestShare(
                whole_minor=sum(row.interest_minor for row in self.rows),
                installment_count=len(self.rows),
                each_minor=each_minor,
                rest_minor=own_minor - each_minor,
            )
        method = self._run.method
        if isinstance(method, Bullet) and len(trace.row.periods) == len(self.rows) > 1:
            return InterestShare(
                whole_minor=own_minor,
                installment_count=1,
                each_minor=own_minor,
                rest_minor=0,
            )
        return None

    def _moves(self, trace: _Trace) -> Iterator[InterestMove]:
        own_minor, run = trace.row.interest_minor, self._run
        capitalized_minor = trace.row.capitalized_minor
        deferred_minor = trace.deferred_minor[0]
        if trace.position < run.put_off_count:
            deferred_minor += 0 if run.is_put_off_capitalized else own_minor
            capitalized_minor -= own_minor if run.is_put_off_capitalized else 0
            yield from _move(own_minor, self._put_off_reason)
        due_minor = deferred_minor - trace.deferred_minor[1]
        yield from _move(due_minor, MoveReason.DUE_AFTER_GRACE)
        yield from _move(trace.carried_minor[0], MoveReason.LEFT_BEFORE)
        yield from _move(trace.carried_minor[1], MoveReason.LEFT_OVER)
        yield from _move(capitalized_minor, MoveReason.UNPAID_CAPITALIZED)

    @property
    def _put_off_reason(self) -> MoveReason:
        if isinstance(self._run.method, Bullet):
            return MoveReason.COMPOUNDED
        where = self._run.plan.grace.deferred_interest
        if where is DeferredInterest.CAPITALIZED:
            return MoveReason.GRACE_CAPITALIZED
        if where is DeferredInterest.FIRST_INSTALLMENT:
            return MoveReason.PUT_OFF_TO_FIRST
        return MoveReason.PUT_OFF_TO_LAST

    def _amount_rule(self, trace: _Trace) -> AmountRule:
        method = self._run.method
        if isinstance(method, CustomPrincipal):
            return AmountRule.AGREED_PRINCIPAL
        if trace.row.equal_minor is not None:
            is_principal = isinstance(method, EqualPrincipal)
            return (
                AmountRule.EQUAL_PRINCIPAL if is_principal else AmountRule.EQUAL_TOTAL
            )
        if trace.position == self._run.last:
            return AmountRule.ALL_LEFT
        if isinstance(method, CustomInstallments):
            return AmountRule.AGREED_TOTAL
        return AmountRule.NO_PRINCIPAL

    def _reason(self, trace: _Trace) -> RemainderReason:
        if trace.position == self._run.last:
            return RemainderReason.LAST
        if trace.takes_remainder_first:
            return RemainderReason.FIRST
        return RemainderReason.ALL_LEFT

    def _lent(self, slices: tuple[InterestSlice, ...]) -> LentWorking | None:
        fees = tuple(self._fees(FeeTiming.FINANCED, 0))
        start_on = self._run.terms.disbursed_on
        if not fees or not slices or slices[0].start_on != start_on:
            return None
        first = [payout for payout in self._paid_out if _date(payout.day) == start_on]
        return LentWorking(
            paid_out_minor=sum(payout.amount_minor for payout in first),
            down_payment_minor=sum(payout.down_minor for payout in first),
            fees=fees,
        )

    def _fees(self, timing: FeeTiming, outstanding_minor: int) -> Iterator[FeeWorking]:
        terms, conventions = self._run.terms, self._run.conventions
        for fee in self._run.plan.fees:
            if fee.timing is not timing:
                continue
            base_minor = terms.principal.minor
            if fee.base is FeeBase.OUTSTANDING:
                base_minor = outstanding_minor
            share = fee.portion.share
            yield FeeWorking(
                name=fee.name,
                base_minor=None if share is None else base_minor,
                share=share,
                amount_minor=portion_minor(fee.portion, base_minor, terms, conventions),
            )


def _move(amount_minor: int, reason: MoveReason) -> Iterator[InterestMove]:
    if amount_minor:
        yield InterestMove(amount_minor=amount_minor, reason=reason)


def _date(day: int) -> dt.date:
    return dt.date.fromordinal(day + EPOCH_ORDINAL)
