"""The steps of a peer's case as events of a ledger.

What a step says only in words of the peer ("the first repayment of that day", "pay
off", a down payment that is taken by itself) is found by asking the ledger as it then
stands. A step, or a part of one, that is not known is refused by name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from microcrm_core import Money
from microcrm_core.dates import Frequency
from microcrm_core.ledger.happenings import (
    ChargeBase,
    Charged,
    ChargedBack,
    ChargedOff,
    ChargeKind,
    ChargeWaived,
    CreditRefunded,
    DelinquencyPaused,
    DelinquencyResumed,
    Disbursed,
    DueDateChanged,
    IncomeCapitalized,
    InterestPaused,
    RateChanged,
    ReAged,
    ReAgedInterest,
    ReAmortized,
    Repaid,
    TermChanged,
    Terminated,
)
from microcrm_core.ledger.repayment_kinds import RepaymentKind
from microcrm_core.loans import Portion
from tests.golden.fineract_logs import CaseLog
from tests.golden.fineract_policies import (
    REPAYMENT_KINDS,
    is_cumulative,
    is_recalculated,
)
from tests.golden.fineract_terms import (
    CURRENCY,
    is_auto_down_payment,
    minor_of,
    rate_of,
)
from tests.golden.fineract_undoing import (
    UNDONE_LAST,
    undo,
    undo_all_disbursals,
    undo_last,
    undo_last_disbursal,
    undo_repayment,
)
from tests.golden.known import require_known
from tests.golden.outcomes import NotSupportedError
from tests.golden.reading import (
    MalformedError,
    Record,
    date_at,
    fraction_at,
    items_at,
    text_at,
    whole_at,
)

__all__ = ["log_of", "take_step"]

_Step: TypeAlias = Callable[[CaseLog, Record], None]

_NAMES: Final = {
    "down_payment": "Down Payment",
    "goodwill_credit": "Goodwill Credit",
    "interest_payment_waiver": "Interest Payment Waiver",
    "merchant_issued_refund": "Merchant Issued Refund",
    "payout_refund": "Payout Refund",
    "repayment": "Repayment",
}
_HANDLINGS: Final = {
    "default": ReAgedInterest.LEVEL,
    "equal_amortisation_payable_interest": ReAgedInterest.EQUAL_TO_DATE,
    "equal_amortisation_full_interest": ReAgedInterest.EQUAL_IN_FULL,
}
_BASES: Final = {
    "flat": None,
    "percent_of_amount_plus_interest": ChargeBase.PRINCIPAL_AND_INTEREST,
    "flat_per_instalment": None,
    "percent_of_principal_per_instalment": ChargeBase.PRINCIPAL,
    "percent_of_interest_per_instalment": ChargeBase.INTEREST,
    "percent_of_principal_plus_interest_per_instalment": (
        ChargeBase.PRINCIPAL_AND_INTEREST
    ),
}
# The cases name the charges of a product without their amounts; the same charges stand
# with them in steps of other cases.
_PRODUCT_CHARGES: Final = {
    "LOAN_INSTALLMENT_FEE_FLAT": ("flat_per_instalment", "10"),
    "LOAN_INSTALLMENT_FEE_PERCENTAGE_INTEREST": (
        "percent_of_interest_per_instalment",
        "5",
    ),
}
_COMMON_KEYS: Final = frozenset({"op", "business_date"})
_STEP_KEYS: Final = {
    "add_expected_tranche": "date amount",
    "approve": "date amount expected_disbursement",
    "capitalise_income": "date amount",
    "charge": "name kind calc due_date amount",
    "charge_off": "date",
    "chargeback": "date amount of nr",
    "close_of_business": "",
    "credit_balance_refund": "date amount",
    "delinquency_pause": "start end",
    "delinquency_resume": "start",
    "disburse": "date amount auto_down_payment",
    "interest_pause": "start end",
    "pay_off": "date",
    "re_age": "frequency start_date number_of_instalments interest_handling",
    "re_amortise": "date interest_handling",
    "repayment": "date amount",
    "reschedule": "from_date submitted_on new_due_date new_rate_percent extra_terms",
    "terminate_contract": "date",
    "transaction": "type date amount",
    "undo": "date type nth",
    "undo_all_disbursals": "",
    "undo_charge_off": "",
    "undo_last_disbursal": "",
    "undo_re_age": "",
    "undo_re_amortise": "",
    "undo_repayment_made_on": "date",
    "undo_terminate_contract": "",
    "waive_last_charge": "",
}
# The older engine plans the whole loan anew at each of these, where it recalculates.
_RESCHEDULING: Final = frozenset(
    {"repayment", "transaction", "charge", "pay_off", "close_of_business"}
)

# These change interest, which the older engine takes from its schedule.
_NOT_CUMULATIVE: Final = frozenset(
    {"interest_pause", "capitalise_income", "re_age", "re_amortise"}
)


def log_of(product: Record, loan: Record) -> CaseLog:
    """Return the log of a loan to which nothing has happened yet."""
    submitted_on = date_at(loan, "submitted_on")
    log = CaseLog(
        product=product,
        loan=loan,
        today=submitted_on,
        planned=(submitted_on, minor_of(loan.get("principal"))),
    )
    for tranche in items_at(loan, "expected_tranches", default=[]):
        if not isinstance(tranche, dict):
            raise MalformedError(f"a tranche must be an object, got {tranche!r}")
        _plan_tranche(log, tranche)
    for name in items_at(loan, "charges_from_product", default=[]):
        if name not in _PRODUCT_CHARGES:
            raise NotSupportedError(f"charge {name} without its amount")
        calc, amount = _PRODUCT_CHARGES[str(name)]
        _charge(log, {"kind": "fee", "calc": calc, "amount": amount})
    return log


def take_step(log: CaseLog, step: Record) -> None:
    """Take one operation."""
    op = text_at(step, "op")
    if op not in _STEP_KEYS:
        raise NotSupportedError(f"operation {op}")
    require_known(step, _COMMON_KEYS | set(_STEP_KEYS[op].split()), op)
    if is_cumulative(log.product) and fraction_at(log.loan, "rate_percent"):
        if op in _RESCHEDULING and is_recalculated(log.product):
            raise NotSupportedError("recalculation in the older engine")
        if op in _NOT_CUMULATIVE or step.get("new_rate_percent") is not None:
            raise NotSupportedError(f"{op} of interest in the older engine")
    log.today = date_at(step, "business_date")
    if op in UNDONE_LAST:
        undo_last(log, UNDONE_LAST[op])
    elif op == "close_of_business":
        log.closed_on = max(log.closed_on or log.today, log.today)
    else:
        _STEPS[op](log, step)


def _plan(log: CaseLog, step: Record) -> None:
    """Plan the disbursement anew."""
    on = date_at(step, "expected_disbursement")
    log.planned = (on, minor_of(step.get("amount")))


def _plan_tranche(log: CaseLog, step: Record) -> None:
    """Plan one more disbursement."""
    log.tranches.append((date_at(step, "date"), minor_of(step.get("amount"))))
    log.tranches.sort()


def _disburse(log: CaseLog, step: Record) -> None:
    """Pay out, and take the down payment where the product does so by itlog."""
    is_taken = step.get("auto_down_payment") is not False
    is_auto = is_taken and is_auto_down_payment(log.product)
    on = date_at(step, "date")
    credit_minor = log.state().credit.minor if is_auto and log.paid_out else 0
    paid_out = log.enter(
        "Disbursement",
        Disbursed(amount=_money(step), is_down_payment_taken=False),
        on,
    )
    if not is_auto:
        return
    asked = [
        row.principal_minor
        for row in log.state(on).rows
        if row.kind == "down_payment" and row.due_on == on
    ]
    if asked[-1] > credit_minor:
        down = log.enter(
            _NAMES["down_payment"],
            Repaid(
                amount=Money(asked[-1] - credit_minor, CURRENCY),
                kind=RepaymentKind.DOWN_PAYMENT,
            ),
            on,
        )
        down.cause = paid_out


def _repay(log: CaseLog, step: Record) -> None:
    """Let money come in."""
    word = text_at(step, "type") if "type" in step else "repayment"
    if word not in _NAMES:
        raise NotSupportedError(f"transaction {word}")
    repaid = Repaid(amount=_money(step), kind=REPAYMENT_KINDS[word])
    log.enter(_NAMES[word], repaid, date_at(step, "date"))


def _pay_off(log: CaseLog, step: Record) -> None:
    """Pay what the ledger itself asks for."""
    on = date_at(step, "date")
    log.enter(_NAMES["repayment"], Repaid(amount=log.payoff(on)), on)


def _charge(log: CaseLog, step: Record) -> None:
    """Charge a fee or a penalty."""
    calc = text_at(step, "calc")
    if calc not in _BASES:
        raise NotSupportedError(f"charge {calc}")
    base = _BASES[calc]
    number = fraction_at(step, "amount")
    if base is None:
        amount = Money.of(text_at(step, "amount"), CURRENCY)
        portion = Portion.of_amount(amount)
    else:
        portion = Portion.of_share(number / 100)
    due_on = date_at(step, "due_date") if step.get("due_date") else None
    what = Charged(
        kind=ChargeKind(text_at(step, "kind")),
        portion=portion,
        due_on=due_on,
        base=base or ChargeBase.PRINCIPAL_AND_INTEREST,
    )
    log.charges.append((log.record(what, log.today).id, due_on))


def _waive_last_charge(log: CaseLog, _step: Record) -> None:
    """Ask for the last charge no more."""
    if not log.charges:
        raise MalformedError("there must be a charge to waive")
    charge_id, due_on = log.charges[-1]
    on = min(due_on or log.today, log.today)
    waived = log.enter("Waive loan charges", ChargeWaived(charge_id), on)
    # The peer shows a part only of what a day's close had recognized as income.
    waived.is_recognized = (
        due_on is not None and log.closed_on is not None and due_on < log.closed_on
    )


def _reschedule(log: CaseLog, step: Record) -> None:
    """Change the rate, a due date or the number of installments."""
    if step.get("new_rate_percent") is not None:
        rate = rate_of(fraction_at(step, "new_rate_percent"), log.loan)
        log.record(RateChanged(rate), date_at(step, "from_date"))
    if step.get("new_due_date") is not None:
        moved = DueDateChanged(
            date_at(step, "from_date"), date_at(step, "new_due_date")
        )
        log.record(moved, log.today)
    if step.get("extra_terms") is not None:
        log.record(TermChanged(whole_at(step, "extra_terms")), log.today)


def _pause_interest(log: CaseLog, step: Record) -> None:
    """Let no interest accrue for some days."""
    log.record(InterestPaused(date_at(step, "end")), date_at(step, "start"))


def _refund_credit(log: CaseLog, step: Record) -> None:
    """Pay back what was paid too much."""
    refunded = CreditRefunded(amount=_money(step))
    log.enter("Credit Balance Refund", refunded, date_at(step, "date"))


def _charge_back(log: CaseLog, step: Record) -> None:
    """Let the nth payment be owed again."""
    of = text_at(step, "of")
    if of not in {"payment", "downpayment"}:
        raise NotSupportedError(f"chargeback of {of}")
    is_down = of == "downpayment"
    found = [
        transaction
        for transaction in log.transactions
        if not transaction.is_reversed
        and isinstance(transaction.event.what, Repaid)
        and (transaction.event.what.kind is RepaymentKind.DOWN_PAYMENT) == is_down
    ]
    number = whole_at(step, "nr")
    if not 1 <= number <= len(found):
        raise MalformedError(f"there is no {of} {number}")
    what = ChargedBack(found[number - 1].event.id, _money(step))
    log.enter("Chargeback", what, date_at(step, "date"))


def _charge_off(log: CaseLog, step: Record) -> None:
    """Take the loan as a loss."""
    log.enter("Charge-off", ChargedOff(), date_at(step, "date"))


def _terminate(log: CaseLog, step: Record) -> None:
    """End the contract."""
    log.enter("Contract Termination", Terminated(), date_at(step, "date"))


def _capitalize(log: CaseLog, step: Record) -> None:
    """Add income to the principal."""
    what = IncomeCapitalized(amount=_money(step))
    log.enter("Capitalized Income", what, date_at(step, "date"))


def _re_age(log: CaseLog, step: Record) -> None:
    """Put what is owed on new installments."""
    count, unit = items_at(step, "frequency")
    what = ReAged(
        start_on=date_at(step, "start_date"),
        frequency=Frequency(int(str(count)), str(unit).removesuffix("s")),
        installment_count=whole_at(step, "number_of_instalments"),
        interest=_handling(step),
    )
    log.enter("Re-age", what, log.today)


def _re_amortize(log: CaseLog, step: Record) -> None:
    """Spread what is overdue over the installments to come."""
    log.enter("Re-amortize", ReAmortized(_handling(step)), date_at(step, "date"))


def _pause_delinquency(log: CaseLog, step: Record) -> None:
    """Let days not count as late."""
    log.record(DelinquencyPaused(date_at(step, "end")), date_at(step, "start"))


def _resume_delinquency(log: CaseLog, step: Record) -> None:
    """Let days count as late again."""
    log.record(DelinquencyResumed(), date_at(step, "start"))


def _money(step: Record) -> Money:
    return Money(minor_of(step.get("amount")), CURRENCY)


def _handling(step: Record) -> ReAgedInterest:
    word = str(step.get("interest_handling") or "default")
    if word not in _HANDLINGS:
        raise NotSupportedError(f"interest handling {word}")
    return _HANDLINGS[word]


_STEPS: Final[dict[str, _Step]] = {
    "add_expected_tranche": _plan_tranche,
    "approve": _plan,
    "capitalise_income": _capitalize,
    "charge": _charge,
    "charge_off": _charge_off,
    "chargeback": _charge_back,
    "credit_balance_refund": _refund_credit,
    "delinquency_pause": _pause_delinquency,
    "delinquency_resume": _resume_delinquency,
    "disburse": _disburse,
    "interest_pause": _pause_interest,
    "pay_off": _pay_off,
    "re_age": _re_age,
    "re_amortise": _re_amortize,
    "repayment": _repay,
    "reschedule": _reschedule,
    "terminate_contract": _terminate,
    "transaction": _repay,
    "undo": undo,
    "undo_all_disbursals": undo_all_disbursals,
    "undo_last_disbursal": undo_last_disbursal,
    "undo_repayment_made_on": undo_repayment,
    "waive_last_charge": _waive_last_charge,
}
