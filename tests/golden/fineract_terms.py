"""Terms and conventions of a loan as the peer's cases state them.

Two settings have no effect in the engine that the cases come from, so they are read and
not passed on: its progressive engine computes declining balances by days even where the
loan says "flat" or "same as repayment period"; and the multiple of a currency counts
only for a currency without minor units.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from fractions import Fraction
from typing import Final

import attrs

from microcrm_core import Currency, Money
from microcrm_core.dates import (
    Frequency,
    FrequencyUnit,
    RollKind,
    RollRule,
    due_dates,
    roll_date,
)
from microcrm_core.loans import (
    FINERACT,
    FINERACT_CUMULATIVE,
    Accrual,
    DaysInMonth,
    DaysInYear,
    EqualInstallments,
    EqualPrincipal,
    FlatInterest,
    Grace,
    InterestPause,
    LeapRule,
    LoanTerms,
    Portion,
    RateChange,
    RepaymentMethod,
    RepaymentPlan,
    ScheduleConventions,
    ShortPeriod,
    SplitDayCount,
    Tranche,
)
from microcrm_core.rates import Rate
from tests.golden.known import known_word, require_known
from tests.golden.outcomes import NotSupportedError
from tests.golden.reading import (
    MalformedError,
    Record,
    date_at,
    flag_at,
    fraction_at,
    items_at,
    record_at,
    text_at,
    whole_at,
)

__all__ = [
    "CURRENCY",
    "conventions_of",
    "is_auto_down_payment",
    "minor_of",
    "product_of",
    "rate_of",
    "terms_of",
]

CURRENCY: Final = Currency.of("EUR")
_MINOR: Final = 100
_YEAR_PERIODS: Final = {"days": 365, "weeks": 52, "months": 12}

# Settings that are read here or by the replay, and those that matter to a ledger only.
_PRODUCT_SETTINGS: Final = frozenset(
    {
        "code", "schedule_engine", "repayment_processing", "day_count", "rate_per",
        "currency_decimals", "currency_multiple_of", "instalment_multiple_of",
        "repayment_start", "allow_partial_period_interest",
        "interest_recognised_on_disbursement_date", "multi_disburse", "down_payment",
        "interest_recalculation", "fixed_length", "grace_on_arrears_ageing_days",
        "charge_off_behaviour", "principal_threshold_last_instalment_percent",
        "payment_allocation", "credit_allocation", "interest_refund_on",
        "product_charges", "month_end_due_date_rule", "income_capitalisation",
    }
)  # fmt: skip
_LOAN_SETTINGS: Final = frozenset(
    {
        "principal", "rate_percent", "rate_per", "interest_type",
        "interest_calculation_period", "amortisation", "term", "repay_every",
        "number_of_repayments", "grace_on_principal_payment",
        "grace_on_interest_payment", "interest_free_periods", "submitted_on",
        "transaction_strategy", "charges_from_product",
        "instalment_level_delinquency", "fixed_length", "expected_tranches",
    }
)  # fmt: skip


def minor_of(text: object) -> int:
    """Return the minor units of an amount that the case writes as text."""
    if not isinstance(text, str):
        raise MalformedError(f"an amount must be text, got {text!r}")
    try:
        return Money.of(text, CURRENCY).minor
    except ValueError as error:
        raise MalformedError(f"an amount must be a number, got {text!r}") from error


def product_of(case: Record, document: Record) -> Record:
    """Return the settings of the product that the case names."""
    return record_at(record_at(document, "products"), text_at(case, "product"))


def is_auto_down_payment(product: Record) -> bool:
    """Return whether a down payment is paid by itself when money is paid out."""
    if product.get("down_payment") is None:
        return False
    return flag_at(record_at(product, "down_payment"), "auto_repayment")


def conventions_of(product: Record, loan: Record) -> ScheduleConventions:
    """Return the conventions of a product; the seed day of the loan is in the roll."""
    if whole_at(product, "currency_decimals") != CURRENCY.exponent:
        raise NotSupportedError("a currency with other than 2 decimals")
    multiple = product.get("instalment_multiple_of")
    day_count = record_at(product, "day_count")
    engine = text_at(product, "schedule_engine")
    base = FINERACT if engine == "progressive" else FINERACT_CUMULATIVE
    if engine not in {"progressive", "cumulative"}:
        raise NotSupportedError(f"schedule engine {engine}")
    return attrs.evolve(
        base,
        id="golden",
        day_count=SplitDayCount(
            days_in_year=known_word(
                DaysInYear, text_at(day_count, "days_in_year"), "days in year"
            ),
            days_in_month=known_word(
                DaysInMonth, text_at(day_count, "days_in_month"), "days in month"
            ),
            leap_rule=known_word(
                LeapRule, str(day_count.get("leap_rule") or "every_day"), "leap rule"
            ),
        ),
        accrual=_accrual(loan) if base is FINERACT_CUMULATIVE else Accrual.DAILY,
        short_period=_short_period(product, base),
        installment_multiple=1 if multiple is None else int(str(multiple)) * _MINOR,
        has_interest_on_disbursement_day=flag_at(
            product, "interest_recognised_on_disbursement_date"
        ),
    )


def _accrual(loan: Record) -> Accrual:
    period = text_at(loan, "interest_calculation_period")
    if period not in {"daily", "same_as_repayment_period"}:
        raise NotSupportedError(f"interest by {period}")
    return Accrual.DAILY if period == "daily" else Accrual.PER_PERIOD


def _short_period(product: Record, base: ScheduleConventions) -> ShortPeriod:
    is_partial = flag_at(product, "allow_partial_period_interest")
    if base is FINERACT or is_partial:
        return ShortPeriod.BY_DAYS
    return ShortPeriod.WHOLE_PERIOD


def rate_of(percent: Fraction, loan: Record) -> Rate:
    """Return the yearly rate of a percentage that is per year, month or term."""
    per = text_at(loan, "rate_per")
    fraction = percent / 100
    if per == "month":
        return Rate.per_month(fraction)
    if per == "whole_term":
        count, unit = _repay_every(loan)
        periods = Fraction(count * whole_at(loan, "number_of_repayments"))
        return Rate.per_year(fraction / periods * _YEAR_PERIODS[unit])
    if per == "year":
        return Rate.per_year(fraction)
    raise NotSupportedError(f"rate per {per}")


def terms_of(
    product: Record,
    loan: Record,
    disbursed: Sequence[tuple[dt.date, int]],
    rate_changes: Sequence[RateChange] = (),
    pauses: Sequence[InterestPause] = (),
) -> tuple[LoanTerms, RollRule]:
    """Return the terms once *disbursed* was paid out, and their roll rule."""
    require_known(product, _PRODUCT_SETTINGS, "a product")
    require_known(loan, _LOAN_SETTINGS, "a loan")
    paid = sorted(disbursed, key=lambda payment: payment[0])
    first_on = paid[0][0]
    seed_on = first_on
    repayment_start = text_at(product, "repayment_start")
    if repayment_start not in {"disbursement_date", "submitted_on_date"}:
        raise NotSupportedError(f"repayment start {repayment_start}")
    if repayment_start == "submitted_on_date":
        seed_on = date_at(loan, "submitted_on")
        if seed_on != first_on:
            raise NotSupportedError("a first period from the day of the request")
    count, unit = _repay_every(loan)
    frequency = Frequency(count, unit.removesuffix("s"))
    roll = _roll(product, frequency, seed_on)
    installment_count = whole_at(loan, "number_of_repayments")
    regular_on = due_dates(seed_on, frequency, installment_count + 1, roll)[1:]
    counted_on = due_dates(regular_on[0], frequency, installment_count, roll)
    last_due_on = _last_due_on(product, loan, first_on, unit)
    due_on: tuple[dt.date, ...] = ()
    if counted_on != regular_on:
        # A first due date that rolled into the next month no longer tells its month,
        # so all dates are agreed one by one, the last of a fixed length among them.
        last_on = regular_on[-1] if last_due_on is None else last_due_on
        due_on, last_due_on = (*regular_on[:-1], last_on), None
    terms = LoanTerms(
        principal=Money(sum(amount for _, amount in paid), CURRENCY),
        nominal_rate=rate_of(fraction_at(loan, "rate_percent"), loan),
        installment_count=installment_count,
        frequency=frequency,
        disbursed_on=first_on,
        first_due_on=regular_on[0],
        due_on=due_on,
        plan=_plan(product, loan),
        last_due_on=last_due_on,
        tranches=tuple(
            Tranche(disbursed_on=on, amount=Money(amount, CURRENCY))
            for on, amount in paid[1:]
        ),
        rate_changes=tuple(rate_changes),
        interest_pauses=tuple(pauses),
    )
    return terms, roll


def _repay_every(loan: Record) -> tuple[int, str]:
    values = items_at(loan, "repay_every")
    count, unit = values[0], values[-1]
    if not isinstance(count, int) or unit not in _YEAR_PERIODS or len(values) != 2:
        raise MalformedError(f"repay_every must be a count and a unit, got {values!r}")
    return count, str(unit)


def _roll(product: Record, frequency: Frequency, seed_on: dt.date) -> RollRule:
    if frequency.unit is not FrequencyUnit.MONTH:
        return RollRule.DAY_OF_MONTH
    kind = RollKind.DAY_OF_MONTH
    rule = product.get("month_end_due_date_rule")
    if rule == "first_day_of_next_month":
        kind = RollKind.NEXT_MONTH_FIRST
    elif rule is not None:
        raise NotSupportedError(f"month end rule {rule}")
    return RollRule(kind=kind, day=seed_on.day)


def _plan(product: Record, loan: Record) -> RepaymentPlan:
    for field in ("grace_on_interest_payment", "interest_free_periods"):
        if loan.get(field):
            raise NotSupportedError(field)
    down_payment = None
    if product.get("down_payment") is not None:
        percent = fraction_at(record_at(product, "down_payment"), "percent")
        down_payment = Portion.of_share(percent / 100)
    return RepaymentPlan(
        method=_method(product, loan),
        grace=Grace(principal_count=whole_at(loan, "grace_on_principal_payment")),
        down_payment=down_payment,
    )


def _method(product: Record, loan: Record) -> RepaymentMethod:
    amortisation = text_at(loan, "amortisation")
    interest = text_at(loan, "interest_type")
    is_cumulative = text_at(product, "schedule_engine") == "cumulative"
    if interest not in {"flat", "declining_balance"}:
        raise NotSupportedError(f"interest type {interest}")
    if amortisation == "equal_instalments":
        is_flat = interest == "flat" and is_cumulative
        return FlatInterest() if is_flat else EqualInstallments()
    # Only the declining balance of the older engine has equal principal.
    if amortisation == "equal_principal" and is_cumulative and interest != "flat":
        return EqualPrincipal()
    raise NotSupportedError(f"amortisation {amortisation}")


def _last_due_on(
    product: Record, loan: Record, first_on: dt.date, unit: str
) -> dt.date | None:
    # The length of the loan goes before that of its product.
    for settings in (loan, product):
        if settings.get("fixed_length") is not None:
            length = Frequency(
                whole_at(settings, "fixed_length"), unit.removesuffix("s")
            )
            return roll_date(first_on, length, 1)
    return None
