"""What a loan came to be: the agreement, and what was really paid out and changed.

Terms say what is planned. When money is paid out, a rate changes or interest is paused,
the schedule is that of the terms as they then stand, with nothing foreseen that has not
happened. `LentTerms` gathers this and hands it to the schedules of `loans`.

- Real disbursements replace the planned ones. Shares of the principal, such as fees or
  a balloon, are shares of what was agreed, or of what was lent where that is more.
- Parts that were agreed for the whole principal keep the planned tranches that are
  still to come, because they add up to all of it.
- Rates that begin before the first disbursement are then the nominal rate; what begins
  after the last due date changes no installment.
- Pauses may overlap; their days count once.

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
    CustomPrincipal,
    FlatInterest,
    InterestPause,
    LoanTerms,
    RateChange,
    ScheduleConventions,
    Tranche,
)
from microcrm_core.loans.periods import ScheduleDates
from microcrm_core.loans.portions import EPOCH_ORDINAL, Payout, payouts
from microcrm_core.loans.terms_checks import last_due_limit
from microcrm_core.money import Money
from microcrm_core.rates import Rate

__all__ = ["LentTerms"]

_DAY: Final = dt.timedelta(days=1)


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
        disbursed_count: In how many disbursements.

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
    disbursed_count: int = 0

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
    def end_on(self) -> dt.date:
        """The day on which scheduled interest ends."""
        return self.dates.bounds_on[-1]

    def pay_out(self, on: dt.date, amount_minor: int, down_minor: int) -> None:
        """Note a disbursement; *down_minor* of it is its down payment."""
        self._add(on, amount_minor, down_minor)
        self.disbursed_minor += amount_minor
        self.disbursed_count += 1

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

    def pause(self, first_on: dt.date, last_on: dt.date) -> None:
        """Note days without interest, both included; none where they are reversed."""
        if first_on <= last_on:
            self.pauses.append((first_on, last_on + _DAY))

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
            tranches=tuple(
                Tranche(
                    disbursed_on=dt.date.fromordinal(one.day + EPOCH_ORDINAL),
                    amount=Money(one.amount_minor, currency),
                )
                for one in tranches
            ),
            rate_changes=self._rate_changes(first_on),
            interest_pauses=self._interest_pauses(),
        )

    def payouts(self) -> tuple[Payout, ...]:
        """Return what is paid out when, as schedules count it."""
        paid_out = tuple(self.paid_out)
        if isinstance(self.agreed.plan.method, CustomPrincipal) and paid_out:
            planned = payouts(self.agreed, self.conventions)
            last_day = paid_out[-1].day
            paid_out += tuple(
                one for one in planned[self.disbursed_count :] if one.day >= last_day
            )
        return paid_out

    @property
    def is_plain(self) -> bool:
        """Whether the terms alone say all: no part is a share of the principal."""
        plan = self.agreed.plan
        return plan.down_payment is None and plan.balloon is None and not plan.fees

    def _rate_changes(self, first_on: dt.date) -> tuple[RateChange, ...]:
        if not self.rates:
            return ()
        latest_on = self._latest_on()
        changes = {
            from_on: rate
            for from_on, rate in self.rates
            if first_on < from_on <= latest_on
        }
        return tuple(
            RateChange(from_on=from_on, nominal_rate=changes[from_on])
            for from_on in sorted(changes)
        )

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
