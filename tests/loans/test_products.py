"""Products: what keeps every bound fits, and every broken bound is told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import (
    Currency,
    CurrencyMismatchError,
    Decision,
    Frequency,
    InvalidValueError,
    Language,
    LoanTerms,
    Money,
    Rate,
    ScheduleError,
    digest,
)
from microcrm_core.customers import CustomerKind
from microcrm_core.dates import BusinessCalendar, BusinessDayRule, DayCount
from microcrm_core.loans import (
    EQUAL_INSTALLMENTS,
    FINERACT,
    FINERACT_CUMULATIVE,
    STRICT,
    STRICT_30_360,
    Accrual,
    Bullet,
    BusinessDays,
    Collision,
    CustomInstallments,
    CustomPrincipal,
    EqualPrincipal,
    Fee,
    FeeTiming,
    Grace,
    InterestDate,
    InterestPause,
    Portion,
    RateChange,
    RepaymentMethod,
    RepaymentPlan,
    ScheduleConventions,
    Tranche,
    Weighted,
    build_schedule,
)
from microcrm_core.loans.methods import METHOD_KINDS
from microcrm_core.loans.plans_plain import method_from_plain
from microcrm_core.loans.product_requests import CUSTOMER_KINDS, ProductRequest
from microcrm_core.loans.products import CountBounds, Product
from microcrm_core.loans.products_plain import product_to_plain
from tests.loans.plain_cases import products, terms
from tests.loans.product_cases import EURO, HARVEST, MARKET, TERMS, TODAY

Broken = list[tuple[str, object, object]]


def broken(
    asked: LoanTerms | ProductRequest, product: Product = MARKET, **more: Any
) -> Broken:
    decision = product.check(asked, more.pop("as_of", TODAY), **more)
    assert decision.outcome == (decision.reasons[0].code == "product_fits")
    return [
        (
            str(reason.params.get("field", reason.code)),
            reason.params.get("value"),
            reason.params.get("bound"),
        )
        for reason in decision.reasons
        if reason.code != "product_fits"
    ]


def changed(**parts: Any) -> LoanTerms:
    return attrs.evolve(TERMS, **parts)


def euros(amount: str) -> Money:
    return Money.of(amount, EURO)


def test_terms_that_keep_every_bound_fit() -> None:
    decision = MARKET.check(TERMS, TODAY, customer_kind="sole_trader")
    assert decision.outcome is True
    assert decision.policy == MARKET.ref
    assert decision.explain() == ("every bound of market 2025-01 is kept",)
    assert decision.explain(Language.ZH_CN) == (
        "符合产品 market（版本 2025-01）的全部限制",
    )


@pytest.mark.parametrize(
    ("parts", "found"),
    [
        # The bounds themselves are allowed, one step beyond is not.
        ({"principal": euros("500.00")}, []),
        ({"principal": euros("5000.00")}, []),
        (
            {"principal": euros("400.00")},
            [("principal", "EUR 400.00", "EUR 500.00")],
        ),
        (
            {"principal": euros("5100.00")},
            [("principal", "EUR 5100.00", "EUR 5000.00")],
        ),
        (
            {"principal": euros("1250.00")},
            [("principal", "EUR 1250.00", "EUR 100.00")],
        ),
        (
            {"principal": euros("450.01")},
            [
                ("principal", "EUR 450.01", "EUR 500.00"),
                ("principal", "EUR 450.01", "EUR 100.00"),
            ],
        ),
        (
            {"principal": Money(120_000, Currency.of("CZK"))},
            [("currency", "CZK", "EUR")],
        ),
        ({"nominal_rate": Rate.of_ppm(180_000)}, []),
        ({"nominal_rate": Rate.of_ppm(300_000)}, []),
        ({"nominal_rate": Rate.of_ppm(179_999)}, [("nominal_rate", "17.9999%", "18%")]),
        ({"nominal_rate": Rate.of_ppm(300_001)}, [("nominal_rate", "30.0001%", "30%")]),
        ({"installment_count": 3}, []),
        ({"installment_count": 2}, [("installment_count", 2, 3)]),
        ({"installment_count": 25}, [("installment_count", 25, 24)]),
        # Each frequency has bounds of its own.
        ({"installment_count": 25, "frequency": Frequency.WEEKLY}, []),
        (
            {"installment_count": 53, "frequency": Frequency.WEEKLY},
            [("installment_count", 53, 52)],
        ),
        (
            {"frequency": Frequency.of("P10D")},
            [("frequency", "P10D", "monthly, weekly")],
        ),
        # 10 March is 7 days after 3 March, 15 April is 43 and 1 May 59.
        (
            {"first_due_on": dt.date(2025, 3, 9), "frequency": Frequency.WEEKLY},
            [("first_due_days", 6, 7)],
        ),
        (
            {"first_due_on": dt.date(2025, 3, 10), "frequency": Frequency.WEEKLY},
            [],
        ),
        ({"first_due_on": dt.date(2025, 4, 15)}, []),
        ({"first_due_on": dt.date(2025, 5, 1)}, [("first_due_days", 59, 45)]),
        ({"first_due_on": dt.date(2025, 4, 6)}, [("due_day", 6, "1, 5, 15, 31")]),
        # The 31st of a month of 30 days is its last day.
        (
            {
                "disbursed_on": dt.date(2025, 4, 1),
                "first_due_on": dt.date(2025, 4, 30),
            },
            [],
        ),
        (
            {"last_due_on": dt.date(2026, 4, 1)},
            [("product_no_free_dates", None, None)],
        ),
        (
            {
                "tranches": (
                    Tranche(disbursed_on=dt.date(2025, 5, 1), amount=euros("1.00")),
                )
            },
            [("tranche_count", 1, 0)],
        ),
        (
            {
                "rate_changes": (
                    RateChange(
                        from_on=dt.date(2025, 6, 1), nominal_rate=Rate.per_year("0.2")
                    ),
                    RateChange(
                        from_on=dt.date(2025, 7, 1), nominal_rate=Rate.per_year("0.4")
                    ),
                )
            },
            [("later_rates[1]", "40%", "30%")],
        ),
        # A pause is granted later, and is no matter of the product.
        (
            {
                "interest_pauses": (
                    InterestPause(dt.date(2025, 6, 1), dt.date(2025, 6, 8)),
                )
            },
            [],
        ),
        (
            {"plan": RepaymentPlan(method=Bullet())},
            [("method", "bullet", "equal_installments, equal_principal")],
        ),
        (
            {
                "plan": RepaymentPlan(
                    method=EqualPrincipal(), grace=Grace(principal_count=2)
                )
            },
            [],
        ),
    ],
)
def test_a_bound_is_broken_by_what_lies_beyond_it(
    parts: dict[str, Any], found: Broken
) -> None:
    assert broken(changed(**parts)) == found


def test_a_plan_that_differs_from_the_offered_one_is_told_by_its_parts() -> None:
    fee = Fee(name="a", timing=FeeTiming.UPFRONT, portion=Portion.of_share("0.01"))
    plan = RepaymentPlan(
        method=EqualPrincipal(), grace=Grace(principal_count=3), fees=(fee,)
    )
    (reason,) = MARKET.check(changed(plan=plan), TODAY).reasons
    assert reason.code == "product_plan_differs"
    assert reason.params == {"method": "equal_principal", "parts": "grace, fees"}


@pytest.mark.parametrize(
    ("as_of", "found"),
    [
        (dt.date(2024, 12, 31), ["product_not_yet"]),
        (dt.date(2025, 1, 1), []),
        (dt.date(2025, 12, 31), []),
        # The end is excluded.
        (dt.date(2026, 1, 1), ["product_ended"]),
    ],
)
def test_a_product_is_offered_from_its_first_day_until_its_end(
    as_of: dt.date, found: list[str]
) -> None:
    assert [name for name, _, _ in broken(TERMS, as_of=as_of)] == found
    assert MARKET.is_offered(as_of) == (not found)


def test_a_product_without_dates_is_always_offered() -> None:
    assert HARVEST.is_offered(dt.date.min)
    assert HARVEST.is_offered(dt.date.max)


def test_every_broken_bound_is_told_at_once() -> None:
    terms_far_off = changed(
        principal=euros("99.00"),
        nominal_rate=Rate.per_year("0.01"),
        installment_count=100,
        first_due_on=dt.date(2025, 3, 4),
        plan=RepaymentPlan(method=Bullet()),
        last_due_on=dt.date(2040, 1, 1),
    )
    decision = MARKET.check(
        terms_far_off, dt.date(2026, 5, 1), customer_kind="wage_earner"
    )
    assert decision.outcome is False
    assert decision.explain() == (
        "it is no longer offered from 2026-01-01 on, the day is 2026-05-01",
        "customer_kind is wage_earner, offered is sole_trader, small_business",
        "principal is EUR 99.00, at least EUR 500.00 is asked for",
        "principal is EUR 99.00, a multiple of EUR 100.00 is asked for",
        "nominal_rate is 1%, at least 18% is asked for",
        "installment_count is 100, at most 24 is allowed",
        "method is bullet, offered is equal_installments, equal_principal",
        "first_due_days is 1, at least 7 is asked for",
        "due_day is 4, offered is 1, 5, 15, 31",
        "due dates of one's own are not offered",
    )


def test_customer_kinds_are_those_of_customers() -> None:
    assert tuple(kind.value for kind in CustomerKind) == CUSTOMER_KINDS
    for kind in CustomerKind:
        found = broken(TERMS, customer_kind=kind.value)
        assert bool(found) == (kind.value not in MARKET.customer_kinds)
        assert not broken(ProductRequest(customer_kind=kind.value), HARVEST)


# What keeps every bound, and still is no loan


def no_schedule(asked: LoanTerms, product: Product) -> str:
    """The rule that the schedule breaks, as the one finding."""
    decision = product.check(asked, TODAY)
    assert decision.outcome is False
    (reason,) = decision.reasons
    assert reason.code == "product_no_schedule"
    return str(reason.params["rule"])


def test_terms_that_keep_every_bound_must_have_a_schedule() -> None:
    # 1.00 does not cover the interest of 33 days: 288 x 33 / 365 is 26.04.
    small = CustomInstallments((euros("1.00"),) * 11)
    product = attrs.evolve(MARKET, plans=(RepaymentPlan(method=small),))
    asked = changed(plan=product.plans[0])

    with pytest.raises(ScheduleError) as error:
        build_schedule(asked, product.conventions)
    assert no_schedule(asked, product) == (
        "installment 1 of 12 must cover the interest of its period, EUR 26.04, "
        "got EUR 1.00"
    )
    assert str(error.value).startswith(no_schedule(asked, product))


def test_a_plan_that_does_not_fit_the_count_has_no_schedule() -> None:
    plan = RepaymentPlan(method=Weighted((1, 1, 2)))
    product = attrs.evolve(MARKET, plans=(plan,))

    assert "12 weights, one for each" in no_schedule(changed(plan=plan), product)
    assert broken(changed(plan=plan, installment_count=3), product) == []


def test_dates_that_no_calendar_covers_have_no_schedule() -> None:
    weekends = BusinessCalendar(name="weekends", year_min=2025, year_max=2025)
    days = BusinessDays(
        rule=BusinessDayRule.FOLLOWING,
        calendar=weekends,
        interest_to=InterestDate.ORIGINAL,
        collision=Collision.KEPT,
    )
    rules = attrs.evolve(STRICT, id="ours", business_days=days)
    product = attrs.evolve(MARKET, conventions=rules)

    assert "2025" in no_schedule(TERMS, product)
    assert broken(changed(installment_count=6), product) == []


def test_bounds_come_before_the_schedule() -> None:
    plan = RepaymentPlan(method=Weighted((1, 1, 2)))
    found = broken(changed(plan=plan, nominal_rate=Rate.per_year("0.4")))
    assert [name for name, _, _ in found] == ["nominal_rate", "method"]


# Rates of more than 1000 %


def judged_at(annual: str) -> Decision[bool]:
    """The decision on terms at a rate that the product allows, whole months apart."""
    rate = Rate.per_year(annual)
    product = attrs.evolve(MARKET, nominal_rate_max=rate, conventions=STRICT_30_360)
    on = dt.date(2025, 3, 5)
    return product.check(changed(nominal_rate=rate, disbursed_on=on), TODAY)


@pytest.mark.parametrize("annual", ["4", "10"])
def test_high_rates_are_no_matter_of_doubt(annual: str) -> None:
    decision = judged_at(annual)
    assert [reason.code for reason in decision.reasons] == ["product_fits"]


def test_a_rate_a_hundred_times_too_high_is_told_and_not_forbidden() -> None:
    decision = judged_at("28")

    assert decision.outcome is True
    assert [(one.code, dict(one.params)) for one in decision.reasons[1:]] == [
        (
            "product_rate_doubtful",
            {"field": field, "value": "2800%", "meant": "28%"},
        )
        for field in ("nominal_rate", "nominal_rate_max")
    ]


def test_a_later_rate_that_breaks_a_bound_is_told_with_the_doubt() -> None:
    change = RateChange(from_on=dt.date(2025, 6, 1), nominal_rate=Rate.per_year("24.5"))
    decision = MARKET.check(changed(rate_changes=(change,)), TODAY)

    assert decision.outcome is False
    assert [(one.code, one.params["field"]) for one in decision.reasons] == [
        ("product_above", "later_rates[0]"),
        ("product_rate_doubtful", "later_rates[0]"),
    ]
    assert decision.reasons[1].params["meant"] == "24.5%"


@pytest.mark.parametrize(
    "parts",
    [
        {"nominal_rate_min": Rate.per_year(18)},
        {"nominal_rate_max": Rate.per_year(3000)},
    ],
)
def test_bounds_on_rates_that_fail_are_refused_with_the_usual_reason(
    parts: dict[str, Any],
) -> None:
    with pytest.raises(InvalidValueError, match=r"24 % a year is 0\.24") as error:
        attrs.evolve(MARKET, **parts)
    assert error.value.field == "nominal_rate_max"


# Requests


def test_what_a_request_does_not_say_breaks_nothing() -> None:
    assert broken(ProductRequest()) == []


@given(known=st.sets(st.sampled_from(sorted(attrs.asdict(ProductRequest())))))
def test_a_request_that_knows_less_breaks_no_more(known: set[str]) -> None:
    far_off = ProductRequest.of_terms(
        changed(
            principal=euros("99.00"),
            installment_count=100,
            frequency=Frequency.WEEKLY,
            plan=RepaymentPlan(method=Bullet()),
        ),
        customer_kind="wage_earner",
    )
    parts = {name: getattr(far_off, name) for name in known}
    assert set(broken(ProductRequest(**parts))) <= set(broken(far_off)) | {
        # Without the frequency only its own bounds are unknown.
        ("installment_count", "100", "3 to 24 monthly, 4 to 52 weekly")
    }


def test_without_a_frequency_any_that_allows_the_count_is_enough() -> None:
    assert broken(ProductRequest(installment_count=30)) == []
    assert broken(ProductRequest(installment_count=60)) == [
        ("installment_count", "60", "3 to 24 monthly, 4 to 52 weekly")
    ]


def test_a_request_may_name_the_method_alone() -> None:
    assert broken(ProductRequest(method="equal_principal")) == []
    assert broken(ProductRequest(method="seasonal")) == [
        ("method", "seasonal", "equal_installments, equal_principal")
    ]


def test_terms_and_the_request_for_them_are_judged_alike() -> None:
    request = ProductRequest.of_terms(TERMS, customer_kind="wage_earner")
    assert request.method == "equal_installments"
    by_request = MARKET.check(request, TODAY)
    assert by_request == MARKET.check(TERMS, TODAY, customer_kind="wage_earner")


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"principal": euros("0.00")}, "principal"),
        ({"principal": 1200}, "principal"),
        ({"installment_count": 0}, "installment_count"),
        ({"method": "annuity"}, "method"),
        ({"method": "bullet", "plan": TERMS.plan}, "method"),
        (
            {"disbursed_on": TODAY, "first_due_on": TODAY},
            "first_due_on",
        ),
        ({"has_free_dates": 1}, "has_free_dates"),
        ({"tranche_count": -1}, "tranche_count"),
        ({"customer_kind": ""}, "customer_kind"),
        ({"customer_kind": "trader"}, "customer_kind"),
    ],
)
def test_a_request_that_no_loan_could_meet_is_refused(
    parts: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidValueError) as caught:
        ProductRequest(**parts)
    assert caught.value.field == field


def test_only_terms_or_a_request_are_judged() -> None:
    asked: Any = MARKET
    with pytest.raises(InvalidValueError, match="must be LoanTerms or a Product"):
        MARKET.check(asked, TODAY)
    with pytest.raises(InvalidValueError, match="must be given in the request"):
        MARKET.check(ProductRequest(), TODAY, customer_kind="sole_trader")


# The product itself


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"id": ""}, "id"),
        ({"plans": ()}, "plans"),
        ({"plans": (TERMS.plan, TERMS.plan)}, "plans[1]"),
        ({"counts": ()}, "counts"),
        ({"counts": (CountBounds(Frequency.MONTHLY, 1, 2),) * 2}, "counts[1]"),
        ({"principal_min": euros("0.00")}, "principal_min"),
        ({"principal_max": euros("400.00")}, "principal_max"),
        ({"principal_step": euros("0.00")}, "principal_step"),
        ({"principal_step": euros("300.00")}, "principal_min"),
        ({"nominal_rate_min": Rate.of_percent(-1)}, "nominal_rate_min"),
        ({"nominal_rate_max": Rate.of_percent(17)}, "nominal_rate_max"),
        ({"nominal_rate_max": Rate.per_year(1001)}, "nominal_rate_max"),
        ({"first_due_days_max": 6}, "first_due_days_max"),
        ({"first_due_days_min": 0}, "first_due_days_min"),
        ({"due_days": (0,)}, "due_days"),
        ({"due_days": (32,)}, "due_days"),
        ({"due_days": (5, 1)}, "due_days"),
        ({"due_days": (5, 5)}, "due_days"),
        ({"tranche_count_max": -1}, "tranche_count_max"),
        ({"customer_kinds": ("sole_trader", "trader")}, "customer_kinds[1]"),
        ({"effective_until": dt.date(2025, 1, 1)}, "effective_until"),
        ({"conventions": "strict"}, "conventions"),
    ],
)
def test_bounds_that_nothing_keeps_are_refused(
    parts: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidValueError) as caught:
        attrs.evolve(MARKET, **parts)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"principal_max": Money(1, Currency.of("CZK"))}, "principal_max"),
        (
            {
                "plans": (
                    attrs.evolve(
                        TERMS.plan,
                        balloon=Portion.of_amount(Money(1, Currency.of("CZK"))),
                    ),
                )
            },
            "plans[0].balloon.amount",
        ),
        (
            {
                "plans": (
                    RepaymentPlan(
                        method=CustomPrincipal((Money(1, Currency.of("CZK")),))
                    ),
                )
            },
            "plans[0].method.amounts[0]",
        ),
    ],
)
def test_an_amount_in_another_currency_is_refused(
    parts: dict[str, Any], field: str
) -> None:
    with pytest.raises(CurrencyMismatchError) as caught:
        attrs.evolve(MARKET, **parts)
    assert caught.value.field == field


CUMULATIVE = attrs.evolve(FINERACT_CUMULATIVE, id="cumulative")
FEE = Fee(name="file", timing=FeeTiming.FINANCED, portion=Portion.of_share("0.01"))
MONTHLY = (CountBounds(Frequency.MONTHLY, 3, 24),)


@pytest.mark.parametrize(
    ("conventions", "parts", "field"),
    [
        (FINERACT, {"method": EqualPrincipal()}, "plans[1].method"),
        (CUMULATIVE, {"method": Bullet()}, "plans[1].method"),
        (FINERACT, {"grace": Grace(interest_free_count=1)}, "plans[1].grace"),
        (
            FINERACT,
            {"grace": Grace(principal_count=24)},
            "plans[1].grace.principal_count",
        ),
        (FINERACT, {"balloon": Portion.of_share("0.1")}, "plans[1].balloon"),
        (
            CUMULATIVE,
            {"down_payment": Portion.of_amount(euros("1.00"))},
            "plans[1].down_payment",
        ),
        (CUMULATIVE, {"fees": (FEE,)}, "plans[1].fees"),
    ],
)
def test_a_plan_that_an_engine_has_not_is_refused_with_the_product(
    conventions: ScheduleConventions, parts: dict[str, Any], field: str
) -> None:
    plans = (EQUAL_INSTALLMENTS, attrs.evolve(EQUAL_INSTALLMENTS, **parts))
    with pytest.raises(InvalidValueError) as error:
        attrs.evolve(MARKET, plans=plans, conventions=conventions, counts=MONTHLY)
    assert error.value.field == field
    assert conventions.arithmetic.value in error.value.rule or "less" in (
        error.value.rule
    )


@pytest.mark.parametrize(
    ("conventions", "field"),
    [
        (
            attrs.evolve(FINERACT, accrual=Accrual.PER_PERIOD),
            "conventions.accrual",
        ),
        (
            attrs.evolve(FINERACT, currency_multiple=5, installment_multiple=5),
            "conventions.currency_multiple",
        ),
        (
            attrs.evolve(STRICT, day_count=DayCount.BUS_252),
            "conventions.business_days",
        ),
    ],
)
def test_conventions_that_no_schedule_can_follow_are_refused_with_the_product(
    conventions: ScheduleConventions, field: str
) -> None:
    parts: dict[str, Any] = {"plans": (EQUAL_INSTALLMENTS,), "conventions": conventions}
    with pytest.raises(InvalidValueError) as error:
        attrs.evolve(MARKET, **parts)
    assert error.value.field == field


@pytest.mark.parametrize("conventions", [FINERACT, CUMULATIVE], ids=lambda one: one.id)
def test_a_frequency_that_an_engine_has_not_is_refused_with_the_product(
    conventions: ScheduleConventions,
) -> None:
    counts = (*MONTHLY, CountBounds(Frequency.SEMIMONTHLY, 3, 24))
    with pytest.raises(InvalidValueError, match="must count days, weeks or") as error:
        attrs.evolve(
            MARKET,
            plans=(EQUAL_INSTALLMENTS,),
            conventions=conventions,
            counts=counts,
        )
    assert error.value.field == "counts[1].frequency"


def any_method(kind: str) -> RepaymentMethod:
    more: dict[str, object] = {
        "graduated": {"step_share": "0.1", "step_count": 1},
        "weighted": {"weights": ["1"] * 12},
        "seasonal": {"month_weights": ["1"] * 12},
        "custom_principal": {"amounts": [{"currency": "EUR", "minor": 10_000}] * 12},
        "custom_installments": {"amounts": [{"currency": "EUR", "minor": 20_000}] * 11},
    }
    parts = more.get(kind, {})
    assert isinstance(parts, dict)
    return method_from_plain({"kind": kind, **parts})


@pytest.mark.parametrize("kind", METHOD_KINDS)
@pytest.mark.parametrize(
    "conventions", [STRICT, FINERACT, CUMULATIVE], ids=lambda one: one.id
)
def test_a_product_has_exactly_the_methods_that_have_a_schedule(
    conventions: ScheduleConventions, kind: str
) -> None:
    plan = RepaymentPlan(method=any_method(kind))
    parts: dict[str, Any] = {"plans": (plan,), "counts": MONTHLY}

    refused = refusal_of(lambda: build_schedule(changed(plan=plan), conventions))
    assert refusal_of(
        lambda: attrs.evolve(MARKET, conventions=conventions, **parts)
    ) == (refused and f"plans[0].{refused}")
    assert (refused is None) == (conventions is STRICT or kind in KNOWN[conventions.id])


# The repayment methods of the two engines, as their product settings name them.
KNOWN = {
    "fineract": ("equal_installments", "interest_only"),
    "cumulative": ("equal_installments", "equal_principal", "flat_interest"),
}


def refusal_of(action: Callable[[], object]) -> str | None:
    """The text with which an action is refused; None: it is not."""
    try:
        action()
    except InvalidValueError as error:
        return str(error)
    return None


def test_bounds_on_the_count_must_leave_one() -> None:
    with pytest.raises(InvalidValueError, match="must not be below count_min 4"):
        CountBounds(Frequency.WEEKLY, 4, 3)


@pytest.mark.parametrize(
    "parts",
    [
        {"version": "2025-02"},
        {"conventions": STRICT_30_360},
        {"due_days": ()},
        {"plans": (RepaymentPlan(method=EqualPrincipal()),)},
    ],
    ids=lambda parts: next(iter(parts)),
)
def test_whatever_changes_changes_the_digest(parts: dict[str, Any]) -> None:
    assert attrs.evolve(MARKET, **parts).ref.digest != MARKET.ref.digest


@given(product=products())
def test_the_digest_is_that_of_the_plain_form(product: Product) -> None:
    assert product.ref.digest == digest(product_to_plain(product))


@given(product=products(), asked=terms())
def test_a_decision_is_true_or_has_every_reason_against(
    product: Product, asked: LoanTerms
) -> None:
    decision = product.check(asked, TODAY)
    codes = [reason.code for reason in decision.reasons]
    assert decision.outcome == (codes == ["product_fits"])
    for language in Language:
        assert all(decision.explain(language))
