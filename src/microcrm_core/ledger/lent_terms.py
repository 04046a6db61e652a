"""What a loan came to be: the agreement, and what was really paid out and changed.

Terms say what is planned. When money is paid out, a rate changes or interest is paused,
the schedule is that of the terms as they then stand, with nothing foreseen that has not
happened. `LentTerms` gathers this and hands it to the schedules of `loans`.

- Real disbursements replace the planned ones. Shares of the principal, such as fees or
  a balloon, are shares of what was agreed, or of what was lent where that is more.
- Rates that begin before the first disbursement are then the nominal rate; what begins
  after the last due date changes no installment.
- Pauses may overlap; their days count once.
- New due dates, or a new term, hold for installments that are due later; the earlier
  ones stay those of the terms before, which are kept beside them.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
    >>> from microcrm_core.loans import STRICT
    >>> from microcrm_core.ledger.lent_terms import LentTerms
    >>> terms = LoanTerms(
    ...     principal=Money.of("1000.00", Currency.of("EUR")),
    ...     nominal_rate=Rate.per_year("0.24"),
    ...     installment_count=3,
    ...     frequency=Frequency.MONTHLY,
    ...     disbursed_on=dt.date(2025, 1, 15),
    ...     first_due_on=dt.date(2025, 2, 15),
    ... )
    >>> lent = LentTerms.of(terms, STRICT)
    >>> lent.pay_out(dt.date(2025, 1, 15), 60_000, 0)
    >>> lent.change_rate(dt.date(2025, 2, 1), Rate.per_year("0.12"))
    >>> now = lent.terms()
    >>> str(now.principal), [str(one.from_on) for one in now.rate_changes]
    ('EUR 600.00', ['2025-02-01'])
"""

from __future__ import annotations

import datetime as dt
from typing import Final, Self

import attrs

from microcrm_core.errors import ScheduleError
from microcrm_core.loans import (
    NO_GRACE,
    CustomPrincipal,
    EqualInstallments,
    EqualPrincipal,
    FlatInterest,
    InterestOnly,
    InterestPause,
    LoanTerms,
    RateChange,
    RepaymentPlan,
    ScheduleConventions,
    Tranche,
    UnpaidInterest,
)
from microcrm_core.loans.periods import ScheduleDates
from microcrm_core.loans.portions import EPOCH_ORDINAL, Payout
from microcrm_core.loans.terms_checks import last_due_limit
from microcrm_core.money import Money
from microcrm_core.rates import Rate

__all__ = ["EarlierTerms", "LentTerms"]

_DAY: Final = dt.timedelta(days=1)
# Their installments follow from what is owed, and from nothing before.
_SIMPLE: Final = (EqualInstallments, EqualPrincipal, InterestOnly)
_LAST_DAY: Final = dt.date.max - _DAY


@attrs.frozen(kw_only=True)
class EarlierTerms:
    """Terms that hold for the first installments only.

    Attributes:
        agreed: What was agreed.
        dates: The dates of its schedule.
        kept_count: How many first interest periods are still those of these terms, or
            of earlier ones.
        method_from: As `LentTerms` has it.
        flat_minor: As `LentTerms` has it.

    Example:
        See `microcrm_core.ledger.lent_terms`.
    """

    agreed: LoanTerms
    dates: ScheduleDates
    kept_count: int
    method_from: int = 0
    flat_minor: int | None = None


@attrs.define(kw_only=True, eq=False)
class LentTerms:
    """The agreement, with what has happened to it.

    Attributes:
        agreed: What was agreed.
        conventions: How dates and amounts are made.
        dates: The dates of the schedule.
        rates: Days from which a rate holds, with the rate, in order of coming.
        pauses: Days without interest, each from a first one to one after the last.
        paid_out: What was paid out, capitalized amounts among it.
        disbursed_minor: What of it was disbursed.
        earlier: Terms that held before, for the installments that stay theirs, in
            order.
        method_from: How many first interest periods are those of another method than
            the one that holds.
        flat_minor: What flat interest is on, where it was agreed for what was left;
            None: on all that was lent.

    Example:
        See `microcrm_core.ledger.lent_terms`.
    """

    agreed: LoanTerms
    conventions: ScheduleConventions
    dates: ScheduleDates
    rates: list[tuple[dt.date, Rate]]
    pauses: list[tuple[dt.date, dt.date]]
    paid_out: list[Payout] = attrs.field(factory=list[Payout])
    disbursed_minor: int = 0
    earlier: list[EarlierTerms] = attrs.field(factory=list[EarlierTerms])
    method_from: int = 0
    flat_minor: int | None = None

    @classmethod
    def of(cls, agreed: LoanTerms, conventions: ScheduleConventions) -> Self:
        """Return the agreement before anything has happened.

        Raises:
            ScheduleError: Two dates are in the wrong order.
            InvalidValueError: A date would leave the calendar.
        """
        return cls(
            agreed=agreed,
            conventions=conventions,
            dates=ScheduleDates.of(agreed, conventions),
            rates=[(one.from_on, one.nominal_rate) for one in agreed.rate_changes],
            pauses=[(one.start_on, one.end_on) for one in agreed.interest_pauses],
        )

    @property
    def kept_count(self) -> int:
        """How many first interest periods are those of terms that held before."""
        return self.earlier[-1].kept_count if self.earlier else 0

    @property
    def end_on(self) -> dt.date:
        """The day on which scheduled interest ends."""
        return self.dates.bounds_on[-1]

    def pay_out(self, on: dt.date, amount_minor: int, down_minor: int) -> None:
        """Note a disbursement; *down_minor* of it is its down payment.

        A down payment that the plan does not know, as after re-aging, is left out.
        """
        if self.agreed.plan.down_payment is None:
            amount_minor, down_minor = amount_minor - down_minor, 0
        self._add(on, amount_minor, down_minor)
        self.disbursed_minor += amount_minor

    def capitalize(self, on: dt.date, amount_minor: int) -> None:
        """Note that an amount became principal without being paid out."""
        self._add(on, amount_minor, 0)

    def _add(self, on: dt.date, amount_minor: int, down_minor: int) -> None:
        day = on.toordinal() - EPOCH_ORDINAL
        made = Payout(day=day, amount_minor=amount_minor, down_minor=down_minor)
        self.paid_out.append(made)

    def change_rate(self, on: dt.date, rate: Rate) -> None:
        """Note that a rate bears interest from a day on, that day included."""
        self.rates.append((on, rate))

    def pause(self, first_on: dt.date, last_on: dt.date) -> bool:
        """Note days without interest, both included; none where they are reversed.

        Return whether they were not known before.
        """
        # No installment is due on the last day of the calendar.
        paused = first_on, min(last_on, _LAST_DAY) + _DAY
        is_new = first_on <= last_on and paused not in self.pauses
        if is_new:
            self.pauses.append(paused)
        return is_new

    def agree(
        self,
        agreed: LoanTerms,
        kept_count: int,
        *,
        method_from: int = 0,
        flat_minor: int | None = None,
    ) -> None:
        """Let other terms hold, after the first *kept_count* interest periods.

        Args:
            agreed: The terms.
            kept_count: How many first interest periods stay those of earlier terms.
            method_from: How many of them are those of another method.
            flat_minor: What flat interest is on; None: on all that was lent.

        Raises:
            ScheduleError: Two dates are in the wrong order.
            InvalidValueError: A date would leave the calendar.
        """
        dates = ScheduleDates.of(agreed, self.conventions)
        # Terms that no installment has kept are as if they had never been.
        if kept_count > self.kept_count:
            before = EarlierTerms(
                agreed=self.agreed,
                dates=self.dates,
                kept_count=kept_count,
                method_from=self.method_from,
                flat_minor=self.flat_minor,
            )
            self.earlier.append(before)
        self.agreed, self.dates = agreed, dates
        self.method_from, self.flat_minor = method_from, flat_minor
        # What was planned for after an earlier end may lie before this one.
        planned = [(one.from_on, one.nominal_rate) for one in agreed.rate_changes]
        pauses = [(one.start_on, one.end_on) for one in agreed.interest_pauses]
        self.rates[:0] = [one for one in planned if one not in self.rates]
        self.pauses[:0] = [one for one in pauses if one not in self.pauses]

    def before(self) -> LentTerms | None:
        """Return the loan as it is under the terms that held before; None: none did.

        What begins only after their end is left out.
        """
        if not self.earlier:
            return None
        *earlier, last = self.earlier
        end_day = last.dates.bounds_on[-1].toordinal() - EPOCH_ORDINAL
        return attrs.evolve(
            self,
            agreed=last.agreed,
            dates=last.dates,
            paid_out=[one for one in self.paid_out if one.day < end_day],
            earlier=earlier,
            method_from=last.method_from,
            flat_minor=last.flat_minor,
        )

    @property
    def leaves_principal_only(self) -> bool:
        """Whether the terms that held before leave no interest to those that hold."""
        return all(_is_simple(one.agreed.plan) for one in self.earlier)

    def rate_on(self, on: dt.date) -> Rate:
        """Return the rate that bears interest on a day."""
        rate, since_on = self.agreed.nominal_rate, dt.date.min
        for from_on, changed in self.rates:
            if since_on <= from_on <= on:
                rate, since_on = changed, from_on
        return rate

    def terms(self) -> LoanTerms:
        """Return the terms as they stand, all disbursements and changes in them.

        Raises:
            ScheduleError: Flat interest was agreed, which allows one disbursement.
            InvalidValueError: The disbursements fit no terms.
        """
        paid_out = self.payouts()
        first_on = dt.date.fromordinal(paid_out[0].day + EPOCH_ORDINAL)
        if self._is_as_agreed(paid_out, first_on):
            return self.agreed
        if isinstance(self.agreed.plan.method, FlatInterest) and len(paid_out) > 1:
            raise ScheduleError(
                "tranches",
                "must be empty for FlatInterest, which is on one disbursement",
                len(paid_out) - 1,
                hint="choose another method, or pay all of it out at once",
            )
        whole_minor = sum(one.amount_minor for one in paid_out)
        principal_minor, tranches = whole_minor, paid_out[1:]
        if not self.is_plain:
            principal_minor = max(self.agreed.principal.minor, self.disbursed_minor)
            tranches = ()
        currency = self.agreed.principal.currency
        return attrs.evolve(
            self.agreed,
            principal=Money(principal_minor, currency),
            nominal_rate=self.rate_on(first_on),
            disbursed_on=first_on,
            tranches=tuple(map(self._tranche, tranches)),
            rate_changes=self.rate_changes(first_on),
            interest_pauses=self._interest_pauses(),
        )

    def _is_as_agreed(self, paid_out: tuple[Payout, ...], first_on: dt.date) -> bool:
        """Return whether all was paid out at once as agreed, and nothing changed."""
        agreed = self.agreed
        return (
            len(paid_out) == 1
            and paid_out[0].amount_minor == agreed.principal.minor
            and self.disbursed_minor <= agreed.principal.minor
            and first_on == agreed.disbursed_on
            and not (self.rates or self.pauses or agreed.tranches)
        )

    def rest_terms(self, repaid_minor: int) -> LoanTerms | None:
        """Return a loan of what is left for the installments of the terms that hold.

        None: more than what is left decides what they ask for, or nothing is left.

        Args:
            repaid_minor: Principal that the earlier installments ask for.
        """
        plan, count = self.agreed.plan, self.kept_count
        is_simple = (
            self.is_plain
            and _is_simple(plan)
            and self.conventions.business_days is None
        )
        start_on = self.dates.bounds_on[count]
        start_day = start_on.toordinal() - EPOCH_ORDINAL
        owed_minor = sum(one.net_minor for one in self.paid_out if one.day <= start_day)
        if not is_simple or owed_minor <= repaid_minor:
            return None
        later = [one for one in self.paid_out if one.day > start_day]
        whole_minor = owed_minor + sum(one.amount_minor for one in later)
        currency, due_on = self.agreed.principal.currency, self.dates.due_on[count:]
        return attrs.evolve(
            self.agreed,
            principal=Money(whole_minor - repaid_minor, currency),
            nominal_rate=self.rate_on(start_on),
            installment_count=len(due_on),
            disbursed_on=start_on,
            first_due_on=due_on[0],
            due_on=due_on,
            last_due_on=None,
            tranches=tuple(map(self._tranche, later)),
            rate_changes=self.rate_changes(start_on),
            interest_pauses=tuple(
                pause for pause in self._interest_pauses() if pause.end_on > start_on
            ),
        )

    def _tranche(self, one: Payout) -> Tranche:
        return Tranche(
            disbursed_on=dt.date.fromordinal(one.day + EPOCH_ORDINAL),
            amount=Money(one.amount_minor, self.agreed.principal.currency),
        )

    def payouts(self) -> tuple[Payout, ...]:
        """Return what is paid out when, as schedules count it."""
        return tuple(self.paid_out)

    @property
    def is_plain(self) -> bool:
        """Whether the terms alone say all: no part is one of the principal agreed."""
        plan = self.agreed.plan
        if isinstance(plan.method, CustomPrincipal):
            return False
        return plan.down_payment is None and plan.balloon is None and not plan.fees

    def rate_changes(self, first_on: dt.date) -> tuple[RateChange, ...]:
        """Return the new rates that begin after a day and change an installment.

        Raises:
            InvalidValueError: A rate is out of bounds.
        """
        return tuple(
            RateChange(from_on=from_on, nominal_rate=rate)
            for from_on, rate in self.rates_after(first_on)
        )

    def rates_after(self, first_on: dt.date) -> list[tuple[dt.date, Rate]]:
        """Return the new rates that begin after a day and change an installment.

        No rate is out of bounds only if `rate_changes` says so.
        """
        if not self.rates:
            return []
        latest_on = self._latest_on()
        changes = {
            from_on: rate
            for from_on, rate in self.rates
            if first_on < from_on <= latest_on
        }
        return [(from_on, changes[from_on]) for from_on in sorted(changes)]

    def _interest_pauses(self) -> tuple[InterestPause, ...]:
        if not self.pauses:
            return ()
        latest_on = self._latest_on()
        merged: list[tuple[dt.date, dt.date]] = []
        for start_on, end_on in sorted(self.pauses):
            if start_on > latest_on:
                continue
            if merged and start_on <= merged[-1][1]:
                merged[-1] = merged[-1][0], max(merged[-1][1], end_on)
            else:
                merged.append((start_on, end_on))
        return tuple(InterestPause(start_on, end_on) for start_on, end_on in merged)

    def _latest_on(self) -> dt.date:
        """Return the last day on which a change can begin."""
        latest_on = self.end_on
        if self.conventions.has_interest_on_disbursement_day:
            latest_on -= _DAY
        limit_on = last_due_limit(self.agreed)
        return latest_on if limit_on is None else min(latest_on, limit_on)


def _is_simple(plan: RepaymentPlan) -> bool:
    """Return whether installments pay their interest, and follow from what is owed."""
    return (
        isinstance(plan.method, _SIMPLE)
        and plan.grace == NO_GRACE
        and plan.unpaid_interest is UnpaidInterest.REFUSED
    )
