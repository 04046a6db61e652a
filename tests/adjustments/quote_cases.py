"""One loan in every repayment method, in the states that a request may meet it in.

1,200.00 at 24 % by 30/360, so 2 % a month, is paid out on 15 January 2025 and due in
six installments, on the 15th of each month from February on.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

import attrs

from microcrm_core import Currency, Frequency, Money, Rate
from microcrm_core.adjustments import (
    ADJUSTMENTS_LENIENT,
    AdjustmentKind,
    AdjustmentPolicy,
    AdjustmentRequest,
    AdjustmentRule,
    CapitalizeArrears,
    ChangeDueDay,
    ChangeFrequency,
    ChangeRate,
    ExtendTerm,
    PaymentHoliday,
    Prepay,
    ReAge,
    ReAmortize,
    Renew,
    SeasonalPlan,
    ShiftDueDates,
)
from microcrm_core.ids import LoanId
from microcrm_core.ledger import (
    PLAIN_LEDGER,
    Disbursed,
    Happening,
    LedgerEvent,
    LedgerPolicy,
    LoanAccount,
    Repaid,
)
from microcrm_core.loans import (
    STRICT_30_360,
    Bullet,
    CustomInstallments,
    CustomPrincipal,
    EqualInstallments,
    EqualPrincipal,
    FlatInterest,
    Grace,
    Graduated,
    InterestOnly,
    LoanTerms,
    RepaymentMethod,
    RepaymentPlan,
    ScheduleConventions,
    Seasonal,
    Weighted,
)
from microcrm_core.loans.methods import METHODS

__all__ = [
    "ANYTHING_GOES",
    "EUR",
    "LOAN_ID",
    "METHOD_CASES",
    "STATES",
    "account_of",
    "at",
    "case_of",
    "day",
    "event",
    "lent_account",
    "money",
    "request_of",
    "terms_of",
]

EUR: Final = Currency.of("EUR")
LOAN_ID: Final = LoanId("loan-7")
STATES: Final = ("no_arrears", "arrears", "part_paid", "last_installment", "in_grace")


def money(text: str) -> Money:
    """Return an amount in euros."""
    return Money.of(text, EUR)


def day(month: int, number: int) -> dt.date:
    """Return a day of 2025."""
    return dt.date(2025, month, number)


def at(on: dt.date, hour: int = 12) -> dt.datetime:
    """Return an hour of a day."""
    return dt.datetime.combine(on, dt.time(hour), tzinfo=dt.UTC)


METHOD_CASES: Final[Mapping[str, RepaymentMethod]] = MappingProxyType(
    {
        "equal_installments": EqualInstallments(),
        "equal_principal": EqualPrincipal(),
        "interest_only": InterestOnly(),
        "bullet": Bullet(),
        "flat_interest": FlatInterest(),
        "graduated": Graduated.of(step_share="0.05", step_count=2),
        "weighted": Weighted((1, 1, 2, 1, 2, 1)),
        "seasonal": Seasonal((1, 1, 2, 1, 2, 1, 1, 1, 1, 1, 1, 1)),
        "custom_principal": CustomPrincipal(
            tuple(map(money, ("100", "150", "250", "300", "200", "200")))
        ),
        "custom_installments": CustomInstallments(
            tuple(map(money, ("200", "210", "220", "230", "240")))
        ),
    }
)
assert METHOD_CASES.keys() == METHODS.keys()


def terms_of(method: RepaymentMethod, grace: Grace | None = None) -> LoanTerms:
    """Return what is agreed for the loan."""
    plan = RepaymentPlan(method=method)
    return LoanTerms(
        principal=money("1200.00"),
        nominal_rate=Rate.per_year("0.24"),
        installment_count=6,
        frequency=Frequency.MONTHLY,
        disbursed_on=day(1, 15),
        first_due_on=day(2, 15),
        plan=plan if grace is None else attrs.evolve(plan, grace=grace),
    )


def event(what: Happening, value_on: dt.date, key: str) -> LedgerEvent:
    """Return something that happened, known at noon of its day."""
    return LedgerEvent.of(
        what,
        loan_id=LOAN_ID,
        value_on=value_on,
        recorded_at=at(value_on),
        idempotency_key=key,
    )


def account_of(
    terms: LoanTerms,
    events: Iterable[LedgerEvent],
    conventions: ScheduleConventions = STRICT_30_360,
    policy: LedgerPolicy = PLAIN_LEDGER,
) -> LoanAccount:
    """Return the loan with some events."""
    return LoanAccount(
        loan_id=LOAN_ID,
        terms=terms,
        events=events,
        conventions=conventions,
        policy=policy,
    )


def lent_account(
    method: RepaymentMethod = EqualInstallments(),  # noqa: B008  # it is frozen
    *,
    paid_count: int = 0,
    part_paid: bool = False,
    grace: Grace | None = None,
    conventions: ScheduleConventions = STRICT_30_360,
    policy: LedgerPolicy = PLAIN_LEDGER,
) -> LoanAccount:
    """Return the loan with its first installments paid when due, the next one by half.

    Args:
        method: How it is repaid.
        paid_count: How many are paid.
        part_paid: Whether half of the next one that asks for anything is, too.
        grace: What is not asked for at the start.
        conventions: How amounts are made.
        policy: How it is kept.
    """
    terms = terms_of(method, grace)
    lent = event(Disbursed(amount=terms.principal), terms.disbursed_on, "lent")
    account = account_of(terms, [lent], conventions, policy)
    rows = account.state(terms.disbursed_on).rows
    paid = [
        event(Repaid(amount=row.outstanding), row.due_on, f"paid-{row.number}")
        for row in rows[:paid_count]
        if row.open_minor
    ]
    if part_paid:
        row = next(one for one in rows[paid_count:] if one.open_minor)
        half = Repaid(amount=Money(row.open_minor // 2, EUR))
        paid.append(event(half, row.due_on, f"paid-{row.number}"))
    return account.with_events(paid)


def case_of(state: str, method: str) -> tuple[LoanAccount, dt.date]:
    """Return the loan in a state, and the day on which it is in it.

    A bullet asks for nothing before its last due date, so it is in arrears after that.
    """
    plan = METHOD_CASES[method]
    is_bullet = isinstance(plan, Bullet)
    late_on = day(7, 25) if is_bullet else day(4, 25)
    match state:
        case "no_arrears":
            return lent_account(plan, paid_count=2), day(3, 20)
        case "arrears":
            return lent_account(plan, paid_count=2), late_on
        case "part_paid":
            return lent_account(plan, paid_count=2, part_paid=True), late_on
        case "last_installment":
            return lent_account(plan, paid_count=5), day(6, 20)
        case "in_grace":
            grace = Grace(principal_count=2)
            return lent_account(plan, paid_count=1, grace=grace), day(2, 20)
    raise AssertionError(state)


def request_of(kind: AdjustmentKind, as_of: dt.date) -> AdjustmentRequest:
    """Return a plain request of a kind on a day."""
    made: Mapping[AdjustmentKind, AdjustmentRequest] = {
        AdjustmentKind.CHANGE_DUE_DAY: ChangeDueDay(day=25),
        AdjustmentKind.SHIFT_DUE_DATES: ShiftDueDates(10),
        AdjustmentKind.PAYMENT_HOLIDAY: PaymentHoliday(count=1),
        AdjustmentKind.EXTEND_TERM: ExtendTerm(2),
        AdjustmentKind.PREPAY: Prepay(money("50.00")),
        AdjustmentKind.CHANGE_RATE: ChangeRate(Rate.per_year("0.18")),
        AdjustmentKind.CAPITALIZE_ARREARS: CapitalizeArrears(),
        AdjustmentKind.RE_AGE: ReAge(
            start_on=as_of + dt.timedelta(days=30),
            frequency=Frequency.MONTHLY,
            installment_count=6,
        ),
        AdjustmentKind.RE_AMORTIZE: ReAmortize(),
        AdjustmentKind.CHANGE_FREQUENCY: ChangeFrequency(frequency=Frequency.BIWEEKLY),
        AdjustmentKind.SEASONAL_PLAN: SeasonalPlan(
            (1, 1, 1, 3, 3, 3, 2, 2, 2, 1, 1, 1)
        ),
        AdjustmentKind.RENEW: Renew(
            new_loan_id=LoanId("loan-8"),
            terms=LoanTerms(
                principal=money("2000.00"),
                nominal_rate=Rate.per_year("0.24"),
                installment_count=12,
                frequency=Frequency.MONTHLY,
                disbursed_on=as_of,
                first_due_on=as_of + dt.timedelta(days=30),
            ),
            settlement_account="account-12",
        ),
    }
    return made[kind]


ANYTHING_GOES: Final[AdjustmentPolicy] = attrs.evolve(
    ADJUSTMENTS_LENIENT,
    id="anything-goes",
    yearly_max=None,
    rules=dict.fromkeys(AdjustmentKind, AdjustmentRule(may_lower_days_past_due=True)),
)
"""No limit at all: what is refused cannot be, or must not be by any policy."""
