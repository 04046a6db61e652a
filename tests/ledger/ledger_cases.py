"""Loans, policies and logs of every kind, for the laws of the ledger.

A `Scene` holds what a replay needs; its log is drawn as steps, so that one that fails
shrinks to a few. Most drawn logs are refused nowhere; what contradicts itself is tried
in `test_malformed_logs`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Final

import attrs
from hypothesis import strategies as st

from microcrm_core import STRICT, Currency, Frequency, LedgerError, Money, Rate
from microcrm_core.errors import InvalidValueError
from microcrm_core.ids import EventId, LoanId, PolicyId
from microcrm_core.ledger import (
    AllocationOrder,
    Bucket,
    ChargeBase,
    Charged,
    ChargeKind,
    ChargesInAdvance,
    ChargeWaived,
    CreditRefunded,
    Disbursed,
    EarlyPayment,
    Happening,
    InAdvance,
    InterestPaused,
    LateInterest,
    LedgerEvent,
    LedgerPolicy,
    Processing,
    RateChanged,
    Renewed,
    Repaid,
    RepaymentKind,
    Reversed,
)
from microcrm_core.ledger.checkpoints import Checkpoint
from microcrm_core.ledger.loan_states import LoanState
from microcrm_core.ledger.replaying import checkpoint_of, replay
from microcrm_core.loans import (
    FINERACT,
    FINERACT_CUMULATIVE,
    LoanTerms,
    Portion,
    RepaymentPlan,
    ScheduleConventions,
)
from microcrm_core.loans.methods import Bullet, EqualInstallments, EqualPrincipal

__all__ = [
    "EUR",
    "LENT_ON",
    "LOAN",
    "Outcome",
    "Scene",
    "at_minute",
    "happenings",
    "in_log",
    "loans",
    "policies",
    "reversal",
    "scenes",
    "told",
]

EUR: Final = Currency.of("EUR")
LOAN: Final = LoanId("loan-1")
LENT_ON: Final = dt.date(2024, 1, 15)
_SPAN_DAYS: Final = 200

Outcome = object
"""What a replay came to: all that the state tells, or the error."""


def at_minute(minute: int) -> dt.datetime:
    """Return the moment so many minutes after the first one."""
    return dt.datetime(2024, 1, 15, tzinfo=dt.UTC) + dt.timedelta(minutes=minute)


def in_log(
    what: Happening, on: dt.date, minute: int, key: str | None = None
) -> LedgerEvent:
    """Return an event of the loan that was recorded in a minute."""
    return LedgerEvent.of(
        what,
        loan_id=LOAN,
        value_on=on,
        recorded_at=at_minute(minute),
        idempotency_key=key or f"minute-{minute}",
    )


@attrs.frozen(kw_only=True)
class Scene:
    """A loan, how it is kept, and what happened to it."""

    terms: LoanTerms
    conventions: ScheduleConventions
    policy: LedgerPolicy
    log: tuple[LedgerEvent, ...] = ()

    def state(
        self,
        as_of: dt.date,
        *,
        log: Iterable[LedgerEvent] | None = None,
        known_at: dt.datetime | None = None,
        checkpoint: Checkpoint | None = None,
    ) -> LoanState:
        """Return the state, of another log if one is given."""
        return replay(
            self.terms,
            self.log if log is None else log,
            conventions=self.conventions,
            policy=self.policy,
            as_of=as_of,
            known_at=known_at,
            checkpoint=checkpoint,
        )

    def checkpoint(
        self, as_of: dt.date, *, log: Iterable[LedgerEvent] | None = None
    ) -> Checkpoint:
        """Return where a replay to a day stands."""
        return checkpoint_of(
            self.terms,
            self.log if log is None else log,
            conventions=self.conventions,
            policy=self.policy,
            as_of=as_of,
        )

    def outcome(
        self,
        as_of: dt.date,
        *,
        log: Iterable[LedgerEvent] | None = None,
        known_at: dt.datetime | None = None,
        checkpoint: Checkpoint | None = None,
    ) -> Outcome:
        """Return what the state tells, or which error there is instead."""
        try:
            state = self.state(as_of, log=log, known_at=known_at, checkpoint=checkpoint)
        except InvalidValueError as error:
            event_id = error.event_id if isinstance(error, LedgerError) else None
            return type(error), event_id, error.field, error.rule
        return told(state)


def told(state: LoanState) -> object:
    """Return all that a state tells, but what never was and when it was asked."""
    plain = state.to_plain()
    assert isinstance(plain, dict)
    plain["postings"] = [one for one in plain["postings"] if not one["is_reversed"]]
    del plain["known_at"]
    return plain


# Loans.

_PLANS: Final = (
    RepaymentPlan(method=EqualInstallments()),
    RepaymentPlan(method=EqualPrincipal()),
    RepaymentPlan(method=Bullet()),
    RepaymentPlan(method=EqualInstallments(), down_payment=Portion.of_share("0.25")),
)


def terms_of(
    principal_minor: int, percent: int, count: int, plan: RepaymentPlan
) -> LoanTerms:
    """Return the terms of a monthly loan."""
    return LoanTerms(
        principal=Money(principal_minor, EUR),
        nominal_rate=Rate.of_percent(percent),
        installment_count=count,
        frequency=Frequency.MONTHLY,
        disbursed_on=LENT_ON,
        first_due_on=dt.date(2024, 2, 15),
        plan=plan,
    )


def loans() -> st.SearchStrategy[LoanTerms]:
    """Draw the terms of a monthly loan under conventions of ours."""
    return st.builds(
        terms_of,
        st.integers(1_000, 200_000),
        st.sampled_from((0, 12, 36)),
        st.integers(1, 6),
        st.sampled_from(_PLANS),
    )


@st.composite
def policies(draw: st.DrawFn) -> LedgerPolicy:
    """Draw a policy of any kind."""
    return LedgerPolicy(
        id=PolicyId("drawn"),
        allocation=draw(_orders()),
        allocation_by_kind=draw(
            st.dictionaries(st.sampled_from(RepaymentKind), _orders(), max_size=2)
        ),
        charges_in_advance=draw(st.sampled_from(ChargesInAdvance)),
        early_payment=draw(st.sampled_from(EarlyPayment)),
        late_interest=draw(st.sampled_from(LateInterest)),
        is_down_payment_automatic=draw(st.booleans()),
    )


@st.composite
def _orders(draw: st.DrawFn) -> AllocationOrder:
    buckets = st.permutations(list(Bucket)).map(tuple)
    drawn = draw(st.lists(buckets, min_size=3, max_size=3))
    return AllocationOrder.of(
        *drawn,
        in_advance=draw(st.sampled_from(InAdvance)),
        processing=draw(st.sampled_from(Processing)),
    )


@st.composite
def scenes(
    draw: st.DrawFn, *, conventions: Sequence[ScheduleConventions] = (STRICT,)
) -> Scene:
    """Draw a loan with a log in which a few things happen."""
    rules = draw(st.sampled_from(conventions))
    plan = draw(st.sampled_from(_PLANS))
    percent = draw(st.sampled_from((0, 12, 36)))
    if rules in (FINERACT, FINERACT_CUMULATIVE):
        plan = _PLANS[draw(st.sampled_from((0, 3)))]
    terms = terms_of(
        draw(st.integers(1_000, 200_000)), percent, draw(st.integers(1, 6)), plan
    )
    lent = in_log(Disbursed(amount=terms.principal), LENT_ON, 0)
    log = [lent]
    drawn = happenings(has_rates=rules is not FINERACT_CUMULATIVE)
    whats = draw(st.lists(st.tuples(drawn, _days()), max_size=8))
    for minute, (what, on) in enumerate(whats, start=1):
        log.append(in_log(what, on, minute))
        if isinstance(what, Charged) and draw(st.integers(0, 3)) == 0:
            # Long after the charge has been made for sure.
            waived_on = draw(_days()) + dt.timedelta(days=_SPAN_DAYS + 40)
            log.append(in_log(ChargeWaived(log[-1].id), waived_on, 100 + minute))
    policy = draw(policies())
    if rules is FINERACT_CUMULATIVE:
        # Its interest is fixed, and it refuses a policy that says otherwise.
        policy = attrs.evolve(
            policy, early_payment=EarlyPayment.NOTHING, late_interest=LateInterest.NONE
        )
    return Scene(terms=terms, conventions=rules, policy=policy, log=tuple(log))


def _days() -> st.SearchStrategy[dt.date]:
    """Draw a day, often one on which something is due."""
    due = st.integers(2, 8).map(lambda month: dt.date(2024, month, 15))
    return due | st.integers(0, _SPAN_DAYS).map(
        lambda days: LENT_ON + dt.timedelta(days=days)
    )


def amounts() -> st.SearchStrategy[Money]:
    """Draw an amount above zero."""
    return st.integers(1, 120_000).map(lambda minor: Money(minor, EUR))


def happenings(*, has_rates: bool = True) -> st.SearchStrategy[Happening]:
    """Draw what can happen to a loan that is paid out, payments above all."""
    repaid = st.builds(Repaid, amount=amounts(), kind=st.sampled_from(RepaymentKind))
    charged = st.builds(
        Charged,
        kind=st.sampled_from(ChargeKind),
        portion=st.one_of(
            st.integers(1, 5_000).map(lambda one: Portion.of_amount(Money(one, EUR))),
            st.sampled_from(("0.01", "0.3")).map(Portion.of_share),
        ),
        due_on=st.none() | _days(),
        base=st.sampled_from(ChargeBase),
    )
    rates = st.sampled_from((0, 6, 18, 60)).map(Rate.of_percent)
    paused = st.integers(1, 8).map(lambda month: dt.date(2024, 9, month))
    kinds: list[st.SearchStrategy[Happening]] = [
        repaid,
        repaid,
        charged,
        st.builds(CreditRefunded, amounts()),
        st.builds(Disbursed, amount=amounts()),
        st.builds(Renewed, st.just(LoanId("loan-2")), amounts()),
    ]
    if has_rates:
        kinds += [st.builds(RateChanged, rates), st.builds(InterestPaused, paused)]
    return st.one_of(kinds)


def reversal(event_id: EventId, on: dt.date, minute: int) -> LedgerEvent:
    """Return the event that takes another one out."""
    return in_log(Reversed(event_id), on, minute)
