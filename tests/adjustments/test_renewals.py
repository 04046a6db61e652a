"""A renewal: one step settles the old loan from the new one, to the last unit."""

from __future__ import annotations

import datetime as dt

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import STRICT, Currency, Frequency, LoanTerms, Money, Rate
from microcrm_core.adjustments import AdjustmentOutcome, accept, quote_adjustment
from microcrm_core.adjustments.renewals import RenewalQuote, quote_renewal
from microcrm_core.adjustments.requests import Renew
from microcrm_core.decisions import Language, Reason
from microcrm_core.errors import CurrencyMismatchError, InvalidValueError
from microcrm_core.ids import LoanId
from microcrm_core.ledger import (
    PLAIN_LEDGER,
    RECALCULATING_LEDGER,
    Charged,
    ChargeKind,
    Disbursed,
    Happening,
    LedgerEvent,
    LedgerPolicy,
    LoanAccount,
    LoanStatus,
    Repaid,
    WrittenOff,
)
from microcrm_core.loans import (
    EqualInstallments,
    Fee,
    FeeTiming,
    Portion,
    RepaymentPlan,
    Tranche,
)
from tests.adjustments.quote_cases import ANYTHING_GOES

EUR = Currency.of("EUR")
OLD, NEW = LoanId("loan-7"), LoanId("loan-8")
LENT_ON = dt.date(2025, 1, 15)
TERMS = LoanTerms(
    principal=Money.of("1000.00", EUR),
    nominal_rate=Rate.per_year("0.365"),
    installment_count=3,
    frequency=Frequency.MONTHLY,
    disbursed_on=LENT_ON,
    first_due_on=dt.date(2025, 2, 15),
)


def event(what: Happening, value_on: dt.date, key: str) -> LedgerEvent:
    return LedgerEvent.of(
        what,
        loan_id=OLD,
        value_on=value_on,
        recorded_at=dt.datetime.combine(value_on, dt.time(9), dt.UTC),
        idempotency_key=key,
    )


LENT = event(Disbursed(amount=TERMS.principal), LENT_ON, "lent")


def account_of(
    *events: LedgerEvent, policy: LedgerPolicy = RECALCULATING_LEDGER
) -> LoanAccount:
    return LoanAccount(
        loan_id=OLD,
        terms=TERMS,
        events=(LENT, *events),
        conventions=STRICT,
        policy=policy,
    )


def renew(on: dt.date, principal: str, *fees: Fee) -> Renew:
    return Renew(
        new_loan_id=NEW,
        terms=attrs.evolve(
            TERMS,
            principal=Money.of(principal, EUR),
            disbursed_on=on,
            first_due_on=on + dt.timedelta(days=30),
            plan=RepaymentPlan(method=EqualInstallments(), fees=fees),
        ),
        settlement_account="account-12",
    )


def upfront_fee(minor: int) -> Fee:
    portion = Portion.of_amount(Money(minor, EUR))
    return Fee(name="contract", timing=FeeTiming.UPFRONT, portion=portion)


def quoted(
    account: LoanAccount, on: dt.date, request: Renew, limit: Money | None = None
) -> RenewalQuote:
    quote = quote_renewal(account.state(on), request, loan_id=OLD, limit=limit)
    assert isinstance(quote, RenewalQuote), quote
    return quote


def refused(
    account: LoanAccount, on: dt.date, request: Renew, limit: Money | None = None
) -> tuple[Reason, ...]:
    found = quote_renewal(account.state(on), request, loan_id=OLD, limit=limit)
    reasons = found.refusals if isinstance(found, RenewalQuote) else found
    assert reasons, found
    return reasons


def codes(reasons: tuple[Reason, ...]) -> list[str]:
    return [reason.code for reason in reasons]


def settled(account: LoanAccount, quote: RenewalQuote, on: dt.date) -> LoanAccount:
    """The old loan after the renewal was accepted in the evening of the day."""
    closing = LedgerEvent.of(
        quote.settles,
        loan_id=OLD,
        value_on=on,
        recorded_at=dt.datetime.combine(on, dt.time(20), dt.UTC),
        idempotency_key="renewed",
    )
    return account.with_events([closing])


def test_the_customer_takes_home_what_payoff_and_fees_leave() -> None:
    # By hand: 36.5 % of 1000.00 is 1.00 a day, so that after 10 days 1010.00 is owed;
    # 1500.00 - 1010.00 - 15.00 = 475.00.
    on = LENT_ON + dt.timedelta(days=10)

    quote = quoted(account_of(), on, renew(on, "1500.00", upfront_fee(1500)))

    assert str(quote.payoff.principal) == "EUR 1000.00"
    assert str(quote.payoff.interest) == "EUR 10.00"
    assert str(quote.upfront_fees) == "EUR 15.00"
    assert str(quote.net_disbursement) == "EUR 475.00"
    assert str(quote.exposure) == "EUR 1500.00"
    assert quote.settlement_account == "account-12"
    assert codes(quote.notes) == ["renew_settles"]
    assert quote.notes[0].params == {
        "paid_out": "EUR 1500.00",
        "payoff": "EUR 1010.00",
        "upfront_fees": "EUR 15.00",
        "net": "EUR 475.00",
        "interest": str(quote.schedule.total_interest),
    }


def test_the_account_for_repayment_is_not_shown_in_logs() -> None:
    on = LENT_ON + dt.timedelta(days=10)

    assert "account-12" not in repr(quoted(account_of(), on, renew(on, "1500.00")))


@pytest.mark.parametrize("policy", [PLAIN_LEDGER, RECALCULATING_LEDGER])
@pytest.mark.parametrize("days", [0, 1, 10, 31, 40, 200])
def test_the_old_loan_closes_at_exactly_zero(policy: LedgerPolicy, days: int) -> None:
    on = LENT_ON + dt.timedelta(days=days)
    account = account_of(policy=policy)
    quote = quoted(account, on, renew(on, "1500.00"))

    closed = settled(account, quote, on).state(on)

    assert closed.status is LoanStatus.CLOSED
    assert closed.outstanding.total == Money(0, EUR)
    assert closed.credit == Money(0, EUR)


def test_the_new_loan_begins_with_its_disbursement_only() -> None:
    on = LENT_ON + dt.timedelta(days=10)
    quote = quoted(account_of(), on, renew(on, "1500.00", upfront_fee(1500)))

    account = quote.new_account(
        PLAIN_LEDGER,
        recorded_at=dt.datetime(2025, 1, 25, 20, tzinfo=dt.UTC),
        idempotency_key="renewed",
    )
    state = account.state(on)

    assert account.loan_id == NEW
    assert state.disbursements == ((on, 150_000),)
    assert state.outstanding.principal == Money.of("1500.00", EUR)
    # The schedule that was quoted is the one that is kept.
    assert state.charged_minor[0] == quote.schedule.principal_minor
    assert state.charged_minor[1] == quote.schedule.interest_minor


def test_accepting_twice_makes_the_same_event() -> None:
    on = LENT_ON + dt.timedelta(days=10)
    quote = quoted(account_of(), on, renew(on, "1500.00"))
    at = dt.datetime(2025, 1, 25, 20, tzinfo=dt.UTC)

    first = quote.new_account(PLAIN_LEDGER, recorded_at=at, idempotency_key="once")
    again = quote.new_account(PLAIN_LEDGER, recorded_at=at, idempotency_key="once")

    assert first.digest == again.digest
    assert first.events == again.events


@pytest.mark.parametrize(
    ("principal", "missing"),
    [("1025.00", None), ("1024.99", "EUR 0.01"), ("500.00", "EUR 525.00")],
)
def test_it_must_cover_payoff_and_upfront_fees_to_the_last_unit(
    principal: str, missing: str | None
) -> None:
    # 1010.00 to pay off and 15.00 of fees.
    on = LENT_ON + dt.timedelta(days=10)
    request = renew(on, principal, upfront_fee(1500))

    found = quote_renewal(account_of().state(on), request, loan_id=OLD)

    assert isinstance(found, RenewalQuote)
    if missing is None:
        assert found.refusals == ()
        assert found.net_disbursement == Money(0, EUR)
    else:
        assert codes(found.refusals) == ["renew_does_not_cover"]
        assert found.refusals[0].params["missing"] == missing
        assert str(-found.net_disbursement) == missing
        assert found.notes == ()


@pytest.mark.parametrize(
    ("principal", "limit", "code"),
    [
        ("1500.00", "1400.00", "renew_above_limit"),
        ("500.00", None, "renew_does_not_cover"),
    ],
)
def test_a_renewal_that_is_refused_for_its_amount_is_shown(
    principal: str, limit: str | None, code: str
) -> None:
    on = LENT_ON + dt.timedelta(days=10)
    decision = quote_adjustment(
        account_of(),
        renew(on, principal),
        ANYTHING_GOES,
        on,
        limit=None if limit is None else Money.of(limit, EUR),
    )

    quote = decision.outcome
    assert quote.outcome is AdjustmentOutcome.REFUSED
    assert decision.reasons[0].code == code
    assert quote.renewal is not None
    # 1000.00 and ten days at 36.5 % are 1010.00.
    assert quote.renewal.payoff.total == Money.of("1010.00", EUR)
    assert quote.after is not None
    assert quote.after.outstanding.total == Money(0, EUR)
    assert len(quote.lines) >= 3
    assert "interest of the old loan -EUR" in str(quote).splitlines()[0]
    with pytest.raises(InvalidValueError, match=code):
        accept(
            decision,
            account_of(),
            recorded_at=dt.datetime.combine(on, dt.time(20), dt.UTC),
            idempotency_key="renewed",
        )


def test_the_limit_itself_is_allowed_and_a_cent_above_is_not() -> None:
    on = LENT_ON + dt.timedelta(days=10)
    limit = Money.of("1500.00", EUR)

    assert quoted(account_of(), on, renew(on, "1500.00"), limit).limit == limit
    reasons = refused(account_of(), on, renew(on, "1500.01"), limit)
    assert codes(reasons) == ["renew_above_limit"]
    assert reasons[0].params == {"exposure": "EUR 1500.01", "limit": "EUR 1500.00"}


def test_a_limit_in_another_currency_is_an_error() -> None:
    on = LENT_ON + dt.timedelta(days=10)
    limit = Money.of("1500.00", Currency.of("CZK"))

    with pytest.raises(CurrencyMismatchError):
        refused(account_of(), on, renew(on, "1500.00"), limit)


def test_every_reason_against_it_is_told_in_one_order() -> None:
    on = LENT_ON + dt.timedelta(days=10)
    request = attrs.evolve(renew(LENT_ON, "400.00"), new_loan_id=OLD)
    limit = Money.of("300.00", EUR)

    reasons = refused(account_of(), on, request, limit)

    assert codes(reasons) == [
        "renew_same_loan",
        "renew_other_day",
        "renew_does_not_cover",
        "renew_above_limit",
    ]


def test_a_loan_that_owes_nothing_is_not_renewed() -> None:
    on = LENT_ON + dt.timedelta(days=10)
    paid = event(Repaid(amount=Money.of("1010.00", EUR)), on, "paid")
    account = account_of(paid)

    reasons = refused(account, on, renew(on, "1500.00"))

    assert [reason.params for reason in reasons] == [{"status": "closed"}]


def test_a_loan_that_was_written_off_is_not_renewed() -> None:
    on = LENT_ON + dt.timedelta(days=200)
    account = account_of(event(WrittenOff(), on, "gone"))

    reasons = refused(account, on, renew(on, "1500.00"))

    assert reasons[0].params == {"status": "written_off"}


def test_another_currency_is_refused_before_amounts_are_compared() -> None:
    on = LENT_ON + dt.timedelta(days=10)
    koruna = Money.of("40000.00", Currency.of("CZK"))
    request = renew(on, "1500.00")
    request = attrs.evolve(request, terms=attrs.evolve(request.terms, principal=koruna))

    for limit in (None, Money.of("1500.00", EUR)):
        reasons = refused(account_of(), on, request, limit)
        assert codes(reasons) == ["renew_other_currency"]


def test_terms_without_a_schedule_are_refused_by_name() -> None:
    # Fifteen years of interest are more than the first of three installments.
    on = LENT_ON + dt.timedelta(days=10)
    request = renew(on, "1500.00")
    late = attrs.evolve(request.terms, first_due_on=dt.date(2040, 1, 25))

    reasons = refused(account_of(), on, attrs.evolve(request, terms=late))

    assert codes(reasons) == ["renew_no_schedule"]
    assert "must" in str(reasons[0].params["rule"])


def test_only_what_is_paid_out_on_the_day_settles_the_old_loan() -> None:
    on = LENT_ON + dt.timedelta(days=10)
    request = renew(on, "1500.00")
    later = Tranche(
        disbursed_on=on + dt.timedelta(days=10), amount=Money.of("600.00", EUR)
    )
    terms = attrs.evolve(request.terms, tranches=(later,))

    reasons = refused(account_of(), on, attrs.evolve(request, terms=terms))

    assert codes(reasons) == ["renew_does_not_cover"]
    assert reasons[0].params["missing"] == "EUR 110.00"


def test_arrears_that_the_new_loan_pays_are_told() -> None:
    # The first installment, due on 2025-02-15, is 5 days late.
    on = dt.date(2025, 2, 20)
    state = account_of().state(on)

    quote = quote_renewal(state, renew(on, "1500.00"), loan_id=OLD)

    assert isinstance(quote, RenewalQuote)
    assert codes(quote.notes) == ["renew_settles", "renew_pays_arrears"]
    assert quote.notes[1].params == {"overdue": str(state.overdue.total), "days": 5}


def test_a_renewal_in_difficulty_is_called_what_it_is() -> None:
    on = dt.date(2025, 2, 20)

    quote = quote_renewal(
        account_of().state(on),
        renew(on, "1500.00"),
        loan_id=OLD,
        is_in_difficulty=True,
    )

    assert isinstance(quote, RenewalQuote)
    assert codes(quote.notes)[1:] == ["renew_pays_arrears", "renew_in_difficulty"]
    assert "forbearance" in quote.notes[2].text()
    assert "evergreening" in quote.notes[2].text()


def test_every_reason_has_its_text_in_both_languages() -> None:
    on = dt.date(2025, 2, 20)
    state = account_of().state(on)
    quote = quote_renewal(
        state, renew(on, "1500.00"), loan_id=OLD, is_in_difficulty=True
    )
    assert isinstance(quote, RenewalQuote)
    tiny = attrs.evolve(renew(LENT_ON, "1.00"), new_loan_id=OLD)
    reasons = [
        *quote.notes,
        *refused(account_of(), on, tiny, Money(1, EUR)),
    ]

    for reason in reasons:
        assert all(reason.text(language) for language in Language)


@given(
    days=st.integers(0, 150),
    repaid=st.lists(st.tuples(st.integers(1, 100), st.integers(1, 60_000)), max_size=3),
    penalty_minor=st.integers(0, 5_000),
    new_minor=st.integers(100, 300_000),
    fee_minor=st.integers(1, 3_000),
    policy=st.sampled_from([PLAIN_LEDGER, RECALCULATING_LEDGER]),
)
def test_money_is_conserved_and_the_old_loan_ends_at_zero(
    days: int,
    repaid: list[tuple[int, int]],
    penalty_minor: int,
    new_minor: int,
    fee_minor: int,
    policy: LedgerPolicy,
) -> None:
    on = LENT_ON + dt.timedelta(days=days)
    events = [
        event(
            Repaid(amount=Money(minor, EUR)), LENT_ON + dt.timedelta(days=day), str(i)
        )
        for i, (day, minor) in enumerate(repaid)
        if day <= days
    ]
    if penalty_minor:
        penalty = Charged(
            kind=ChargeKind.PENALTY,
            portion=Portion.of_amount(Money(penalty_minor, EUR)),
            due_on=on,
        )
        events.append(event(penalty, on, "penalty"))
    account = account_of(*events, policy=policy)
    principal = str(Money(new_minor, EUR).amount)
    request = renew(on, principal, upfront_fee(fee_minor))

    found = quote_renewal(account.state(on), request, loan_id=OLD)

    needed = account.state(on).payoff.total + Money(fee_minor, EUR)
    reasons = found if isinstance(found, tuple) else found.refusals
    is_short = "renew_does_not_cover" in codes(reasons)
    assert is_short == (new_minor < needed.minor)
    if isinstance(found, tuple):
        assert "renew_not_active" in codes(found)
        return
    assert found.exposure == (
        found.payoff.total + found.upfront_fees + found.net_disbursement
    )
    assert found.net_disbursement.is_negative is is_short
    closed = settled(account, found, on).state(on)
    assert closed.status is LoanStatus.CLOSED
    assert closed.outstanding.total == Money(0, EUR)
