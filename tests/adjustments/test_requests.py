"""Requests: what is refused when one is made, and their kinds."""

from __future__ import annotations

import datetime as dt
import pickle
from collections.abc import Callable
from fractions import Fraction
from typing import Any, cast

import attrs
import pytest
from hypothesis import given

from microcrm_core import Currency, Frequency, InvalidValueError, LoanTerms, Money, Rate
from microcrm_core.adjustments import (
    REQUESTS,
    AdjustmentKind,
    AdjustmentRequest,
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
    kind_of,
    requests_of,
)
from microcrm_core.ids import LoanId
from microcrm_core.ledger import EarlyPayment
from microcrm_core.loans import Seasonal
from tests.adjustments.request_cases import any_request

EURO = Currency.of("EUR")
DAY = dt.date(2025, 7, 15)
TERMS = LoanTerms(
    principal=Money.of("2000.00", EURO),
    nominal_rate=Rate.per_year("0.24"),
    installment_count=12,
    frequency=Frequency.MONTHLY,
    disbursed_on=DAY,
    first_due_on=dt.date(2025, 8, 15),
)
RENEWAL = Renew(new_loan_id=LoanId("loan-8"), terms=TERMS, settlement_account="DE-4711")
RE_AGED = ReAge(start_on=DAY, frequency=Frequency.MONTHLY, installment_count=6)


def made(kind: Callable[..., object], **parts: object) -> Callable[[], object]:
    return lambda: kind(**parts)


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (made(ChangeDueDay), "day"),
        (made(ChangeDueDay, day=15, weekday=3), "weekday"),
        (made(ChangeDueDay, day=0), "day"),
        (made(ChangeDueDay, day=32), "day"),
        (made(ChangeDueDay, day=True), "day"),
        (made(ChangeDueDay, weekday=0), "weekday"),
        (made(ChangeDueDay, weekday=8), "weekday"),
        (made(ChangeDueDay, day=15, from_on="2025-07-15"), "from_on"),
        (
            made(ChangeDueDay, day=15, from_on=dt.datetime(2025, 7, 15, tzinfo=dt.UTC)),
            "from_on",
        ),
        (made(ChangeDueDay, day=15, direction="later"), "direction"),
        (made(ShiftDueDates, days=0), "days"),
        (made(ShiftDueDates, days=36_501), "days"),
        (made(ShiftDueDates, days=-36_501), "days"),
        (made(ShiftDueDates, days=1.0), "days"),
        (made(PaymentHoliday, count=0), "count"),
        (made(PaymentHoliday, count=1201), "count"),
        (made(PaymentHoliday, count=1, is_interest_free=1), "is_interest_free"),
        (made(ExtendTerm, added_count=0), "added_count"),
        (made(ExtendTerm, added_count=1201), "added_count"),
        (made(ExtendTerm, added_count=-1201), "added_count"),
        (made(Prepay, amount=Money(0, EURO)), "amount"),
        (made(Prepay, amount=Money(-1, EURO)), "amount"),
        (made(Prepay, amount=100), "amount"),
        (made(Prepay, effect=EarlyPayment.NOTHING), "effect"),
        (made(Prepay, amount=Money(1, EURO), effect="nothing"), "effect"),
        (made(ChangeRate, nominal_rate=Rate.of_ppm(-1)), "nominal_rate"),
        (made(ChangeRate, nominal_rate=Rate.per_year(1001)), "nominal_rate"),
        (made(ChangeRate, nominal_rate=0.24), "nominal_rate"),
        (made(ReAmortize, interest="level"), "interest"),
        (made(ChangeFrequency, frequency="weekly"), "frequency"),
        (
            made(ChangeFrequency, frequency=Frequency.WEEKLY, installment_count=0),
            "installment_count",
        ),
        (made(SeasonalPlan, month_weights=(1,) * 11), "month_weights"),
        (made(SeasonalPlan, month_weights=(0,) * 12), "month_weights"),
        (made(SeasonalPlan, month_weights=(-1,) + (1,) * 11), "month_weights"),
        (made(SeasonalPlan, month_weights=(0.5,) * 12), "month_weights"),
        (made(SeasonalPlan, month_weights="111111111111"), "month_weights"),
        (lambda: changed(RE_AGED, "start_on", "2025-07-15"), "start_on"),
        (lambda: changed(RE_AGED, "frequency", "monthly"), "frequency"),
        (lambda: changed(RE_AGED, "installment_count", 0), "installment_count"),
        (lambda: changed(RE_AGED, "interest", "level"), "interest"),
        (lambda: changed(RENEWAL, "new_loan_id", ""), "new_loan_id"),
        (lambda: changed(RENEWAL, "terms", None), "terms"),
        (lambda: changed(RENEWAL, "settlement_account", ""), "settlement_account"),
    ],
)
def test_a_bad_part_is_refused_by_name(make: Callable[[], object], field: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        make()

    assert caught.value.field == field


def changed(request: Any, name: str, value: object) -> object:
    return attrs.evolve(request, **{name: value})


def test_the_bounds_themselves_are_taken() -> None:
    assert ChangeDueDay(day=31).day == 31
    assert ChangeDueDay(weekday=7).weekday == 7
    assert ShiftDueDates(-36_500).days == -36_500
    assert ExtendTerm(-1200).added_count == -1200
    assert ChangeRate(Rate.per_year(1000)).from_on is None
    assert ChangeRate(Rate.of_ppm(0)).nominal_rate.annual_ppm == 0
    assert Prepay(Money(1, EURO), EarlyPayment.NOTHING).amount == Money(1, EURO)


def test_an_account_is_shown_by_no_error_and_no_text_of_the_request() -> None:
    with pytest.raises(InvalidValueError) as caught:
        attrs.evolve(RENEWAL, settlement_account=" DE-4711")

    assert "4711" not in str(caught.value)
    assert "4711" not in repr(caught.value.value)
    assert "4711" not in repr(RENEWAL)


def test_the_weights_of_a_season_are_exact_and_make_the_method() -> None:
    plan = SeasonalPlan((0, 0, 0, 0, 0, 0, 0, "0.5", 1, 1, 0, 0))

    assert plan.month_weights[7:10] == (Fraction(1, 2), Fraction(1), Fraction(1))
    assert plan.method == Seasonal(plan.month_weights)


def test_every_kind_has_one_type() -> None:
    assert list(REQUESTS) == list(AdjustmentKind)
    assert len(set(REQUESTS.values())) == len(REQUESTS)


@given(any_request)
def test_requests_are_values_of_the_type_of_their_kind(
    request: AdjustmentRequest,
) -> None:
    assert pickle.loads(pickle.dumps(request)) == request
    assert hash(request) == hash(attrs.evolve(request))
    assert REQUESTS[kind_of(request)] is type(request)


def test_requests_keep_their_order() -> None:
    several = (ExtendTerm(2), ShiftDueDates(7), ChangeDueDay(day=15))

    assert requests_of(several) == several
    assert requests_of(iter(several)) == several
    assert requests_of([*several, ExtendTerm(2)]) == (*several, ExtendTerm(2))
    assert requests_of(RENEWAL) == requests_of([RENEWAL]) == (RENEWAL,)


@pytest.mark.parametrize(
    ("given_requests", "field"),
    [
        ((), "requests"),
        (None, "requests"),
        (7, "requests"),
        ((ExtendTerm(1), "renew"), "requests[1]"),
        ((ExtendTerm,), "requests[0]"),
        ((RENEWAL, ExtendTerm(1)), "requests"),
        ((RENEWAL, RENEWAL), "requests"),
    ],
)
def test_what_is_no_set_of_requests_is_refused(
    given_requests: object, field: str
) -> None:
    with pytest.raises(InvalidValueError) as caught:
        requests_of(cast("AdjustmentRequest", given_requests))

    assert caught.value.field == field


def test_a_holiday_takes_its_count_by_place_and_all_else_by_name() -> None:
    assert PaymentHoliday(2) == PaymentHoliday(count=2)
    with pytest.raises(TypeError):
        PaymentHoliday(2, dt.date(2025, 3, 15))  # type: ignore[call-arg]  # by name only
