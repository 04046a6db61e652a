"""Renewal: a new loan settles the old one, and the customer takes home the rest.

On one day the new loan is paid out; from it the lender keeps what closes the old loan
(its payoff on the day) and the fees that are due at once, and hands over what is left:

    paid out = payoff of the old loan + upfront fees + net disbursement

to the last minor unit. The old loan closes at exactly zero. From which account the new
installments are taken is agreed with the new loan. A new loan that pays what is overdue
looks like a fresh start and is none, so what it pays of arrears is told, and to renew
the loan of a customer in difficulty is forbearance. `quoting` asks for the quote of a
renewal, and `accepting` makes its events.

Example:
    See `quote_renewal`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import attrs

from microcrm_core.adjustments.requests import Renew
from microcrm_core.decisions import Reason
from microcrm_core.errors import InvalidValueError
from microcrm_core.ids import LoanId
from microcrm_core.ledger.happenings import Disbursed, Renewed
from microcrm_core.ledger.ledger_events import LedgerEvent
from microcrm_core.ledger.ledger_policies import LedgerPolicy
from microcrm_core.ledger.loan_accounts import LoanAccount
from microcrm_core.ledger.loan_states import LoanState
from microcrm_core.ledger.loan_statuses import LoanStatus
from microcrm_core.ledger.state_rows import BucketAmounts
from microcrm_core.loans.schedule import Schedule
from microcrm_core.loans.scheduling import build_schedule
from microcrm_core.money import Money

__all__ = ["RenewalQuote", "quote_renewal"]


@attrs.frozen(kw_only=True)
class RenewalQuote:
    """What a renewal comes to: what is settled, kept and handed over.

    Attributes:
        loan_id: The old loan.
        new_loan_id: The loan that settles it.
        settlement_account: The account set aside for repayment: the new installments
            are taken from it.
        payoff: What closes the old loan on the day, by bucket.
        schedule: The new loan as it will be repaid.
        limit: The most principal that the customer may be lent; None: no limit.
        refusals: Why it is not granted though it can be worked out: what it pays out
            does not cover what it is to pay, or it is above the limit.
        notes: What has to be said of it: where the money goes, then arrears that the
            new loan pays, and that the customer is in difficulty. Empty where it is
            refused.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import STRICT, Currency, Frequency, LoanTerms, Money
        >>> from microcrm_core import Rate, build_schedule
        >>> from microcrm_core.adjustments import RenewalQuote
        >>> from microcrm_core.ids import LoanId
        >>> from microcrm_core.ledger import BucketAmounts
        >>> euro = Currency.of("EUR")
        >>> new = LoanTerms(
        ...     principal=Money.of("1500.00", euro),
        ...     nominal_rate=Rate.per_year("0.24"),
        ...     installment_count=3,
        ...     frequency=Frequency.MONTHLY,
        ...     disbursed_on=dt.date(2025, 1, 25),
        ...     first_due_on=dt.date(2025, 2, 25),
        ... )
        >>> quote = RenewalQuote(
        ...     loan_id=LoanId("loan-7"),
        ...     new_loan_id=LoanId("loan-8"),
        ...     settlement_account="account-12",
        ...     payoff=BucketAmounts.of((100_000, 1_000, 0, 0), euro),
        ...     schedule=build_schedule(new, STRICT),
        ...     notes=(),
        ... )
        >>> str(quote.net_disbursement), quote.settles.new_loan_id
        ('EUR 490.00', 'loan-8')
    """

    loan_id: LoanId
    new_loan_id: LoanId
    # It may be the number of somebody's bank account.
    settlement_account: str = attrs.field(repr=False)
    payoff: BucketAmounts
    schedule: Schedule
    limit: Money | None = None
    refusals: tuple[Reason, ...] = ()
    notes: tuple[Reason, ...]

    @property
    def paid_out(self) -> Money:
        """What the new loan pays out on the day; later tranches are not in it."""
        return self.schedule.terms.disbursements[0][1]

    @property
    def upfront_fees(self) -> Money:
        """Fees of the new loan that are paid with the disbursement."""
        return self.schedule.upfront_fees

    @property
    def net_disbursement(self) -> Money:
        """What is handed over: paid out, less the payoff and the upfront fees.

        Below zero: so much is missing, and the renewal is refused.
        """
        return self.paid_out - self.payoff.total - self.upfront_fees

    @property
    def exposure(self) -> Money:
        """Principal of the new loan, which is what the lender has at stake after it."""
        return self.schedule.terms.principal

    @property
    def settles(self) -> Renewed:
        """What happens to the old loan."""
        return Renewed(self.new_loan_id, self.payoff.total)

    @property
    def pays_out(self) -> Disbursed:
        """What happens to the new loan."""
        return Disbursed(amount=self.paid_out)

    def new_account(
        self,
        policy: LedgerPolicy,
        *,
        recorded_at: dt.datetime,
        idempotency_key: str,
    ) -> LoanAccount:
        """Return the new loan with its disbursement; the same for the same arguments.

        Args:
            policy: How the new loan is kept.
            recorded_at: The moment at which the renewal was accepted.
            idempotency_key: Names the acceptance.

        Raises:
            InvalidValueError: An argument breaks its rule.
        """
        disbursed = LedgerEvent.of(
            self.pays_out,
            loan_id=self.new_loan_id,
            value_on=self.schedule.terms.disbursed_on,
            recorded_at=recorded_at,
            idempotency_key=idempotency_key,
        )
        return LoanAccount(
            loan_id=self.new_loan_id,
            terms=self.schedule.terms,
            events=(disbursed,),
            conventions=self.schedule.conventions,
            policy=policy,
        )


def quote_renewal(
    state: LoanState,
    request: Renew,
    *,
    loan_id: LoanId,
    limit: Money | None = None,
    is_in_difficulty: bool = False,
) -> RenewalQuote | tuple[Reason, ...]:
    """Return what a renewal comes to on the day of *state*, or why there is none.

    The new loan is paid out on that day, in the currency of the old one and under its
    conventions. What it pays out on the day must cover the payoff and the upfront fees;
    just covering them is enough. A down payment of the new loan is a repayment, and is
    not kept from what is paid out. Caps on the cost of the new loan are for the caller:
    `CreditFacts.of_schedule` takes the schedule of the quote.

    Args:
        state: The old loan on the day of the renewal.
        request: The new loan, and the account for its repayment.
        loan_id: The old loan.
        limit: The most principal that the customer may be lent; None: no limit.
        is_in_difficulty: Whether the customer has trouble to pay, or soon will.

    Returns:
        The quote, with its `refusals` where it is too small or above the limit; where
        there can be none at all, every reason against it, in the order of checking.

    Raises:
        CurrencyMismatchError: *limit* is of another currency than the new loan.

    Source:
        House rule for the amounts. That refinancing a debtor in difficulty is
        forbearance: Regulation (EU) No 575/2013, Article 47b(1).

    Example:
        >>> import datetime as dt
        >>> import attrs
        >>> from microcrm_core import STRICT, Currency, Frequency, LoanTerms, Money
        >>> from microcrm_core import Rate
        >>> from microcrm_core.adjustments import Renew, quote_renewal
        >>> from microcrm_core.ids import LoanId
        >>> from microcrm_core.ledger import RECALCULATING_LEDGER, Disbursed
        >>> from microcrm_core.ledger import LedgerEvent, replay
        >>> terms = LoanTerms(
        ...     principal=Money.of("1000.00", Currency.of("EUR")),
        ...     nominal_rate=Rate.per_year("0.365"),
        ...     installment_count=3,
        ...     frequency=Frequency.MONTHLY,
        ...     disbursed_on=dt.date(2025, 1, 15),
        ...     first_due_on=dt.date(2025, 2, 15),
        ... )
        >>> lent = LedgerEvent.of(
        ...     Disbursed(amount=terms.principal),
        ...     loan_id=LoanId("loan-7"),
        ...     value_on=terms.disbursed_on,
        ...     recorded_at=dt.datetime(2025, 1, 15, tzinfo=dt.UTC),
        ...     idempotency_key="lent",
        ... )
        >>> state = replay(
        ...     terms,
        ...     [lent],
        ...     conventions=STRICT,
        ...     policy=RECALCULATING_LEDGER,
        ...     as_of=dt.date(2025, 1, 25),
        ... )
        >>> request = Renew(
        ...     new_loan_id=LoanId("loan-8"),
        ...     terms=attrs.evolve(
        ...         terms,
        ...         principal=Money.of("1500.00", Currency.of("EUR")),
        ...         disbursed_on=dt.date(2025, 1, 25),
        ...         first_due_on=dt.date(2025, 2, 25),
        ...     ),
        ...     settlement_account="account-12",
        ... )
        >>> quote = quote_renewal(state, request, loan_id=LoanId("loan-7"))
        >>> str(quote.payoff.total), str(quote.net_disbursement)
        ('EUR 1010.00', 'EUR 490.00')
    """
    terms = request.terms
    refusals = [*_not_renewable(state, request, loan_id)]
    try:
        schedule = build_schedule(terms, state.conventions)
    except InvalidValueError as error:
        params = {"field": error.field, "rule": error.rule, "value": str(error.value)}
        return *refusals, Reason("renew_no_schedule", params)
    if terms.principal.currency != state.terms.principal.currency:
        # Neither the payoff nor a limit can be held against it.
        return tuple(refusals)
    quote = RenewalQuote(
        loan_id=loan_id,
        new_loan_id=request.new_loan_id,
        settlement_account=request.settlement_account,
        payoff=state.payoff,
        schedule=schedule,
        limit=limit,
        notes=(),
    )
    not_lent = tuple(_not_lent(quote))
    if refusals:
        return *refusals, *not_lent
    if not_lent:
        return attrs.evolve(quote, refusals=not_lent)
    notes = _notes(quote, state, is_in_difficulty=is_in_difficulty)
    return attrs.evolve(quote, notes=tuple(notes))


def _not_renewable(
    state: LoanState, request: Renew, loan_id: LoanId
) -> Iterator[Reason]:
    """Tell what keeps the old loan from being settled by this new one at all."""
    terms = request.terms
    if state.status is not LoanStatus.ACTIVE:
        yield Reason("renew_not_active", {"status": state.status.value})
    if request.new_loan_id == loan_id:
        yield Reason("renew_same_loan", {"loan": loan_id})
    if terms.disbursed_on != state.as_of:
        params = {"disbursed_on": terms.disbursed_on, "as_of": state.as_of}
        yield Reason("renew_other_day", params)
    old, new = state.terms.principal.currency, terms.principal.currency
    if old != new:
        yield Reason("renew_other_currency", {"old": old.code, "new": new.code})


def _not_lent(quote: RenewalQuote) -> Iterator[Reason]:
    """Tell whether the new loan is too small for the old one, or above the limit."""
    missing = -quote.net_disbursement
    if missing.is_positive:
        params = {
            "paid_out": str(quote.paid_out),
            "payoff": str(quote.payoff.total),
            "upfront_fees": str(quote.upfront_fees),
            "missing": str(missing),
        }
        yield Reason("renew_does_not_cover", params)
    if quote.limit is not None and quote.exposure > quote.limit:
        params = {"exposure": str(quote.exposure), "limit": str(quote.limit)}
        yield Reason("renew_above_limit", params)


def _notes(
    quote: RenewalQuote, state: LoanState, *, is_in_difficulty: bool
) -> Iterator[Reason]:
    params = {
        "paid_out": str(quote.paid_out),
        "payoff": str(quote.payoff.total),
        "upfront_fees": str(quote.upfront_fees),
        "net": str(quote.net_disbursement),
        "interest": str(quote.schedule.total_interest),
    }
    yield Reason("renew_settles", params)
    overdue = state.overdue.total
    if overdue.is_positive:
        days = state.days_past_due
        yield Reason("renew_pays_arrears", {"overdue": str(overdue), "days": days})
    if is_in_difficulty:
        yield Reason("renew_in_difficulty", {"days": state.days_past_due})
