"""Terms without a schedule: each refusal says field, rule, value and what to do."""

from __future__ import annotations

import datetime as dt
import pickle
import re
from typing import Any, Final

import attrs
import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st

from microcrm_core import (
    Currency,
    InvalidValueError,
    Language,
    Money,
    ScheduleError,
)
from microcrm_core.dates import (
    BusinessCalendar,
    BusinessDayRule,
    DayCount,
    Frequency,
)
from microcrm_core.loans import (
    FINERACT,
    FINERACT_CUMULATIVE,
    STRICT,
    BusinessDays,
    Collision,
    CustomInstallments,
    CustomPrincipal,
    DeferredInterest,
    EqualInstallments,
    Fee,
    FeeTiming,
    FlatInterest,
    Grace,
    InterestDate,
    InterestOnly,
    InterestPause,
    LoanTerms,
    Portion,
    RateChange,
    RepaymentMethod,
    RepaymentPlan,
    ScheduleConventions,
    Seasonal,
    Tranche,
    UnpaidInterest,
    Weighted,
    build_schedule,
)
from microcrm_core.loans.batch import build_schedules
from microcrm_core.loans.columns_batch import LoanColumns
from microcrm_core.loans.products import CountBounds, Product
from microcrm_core.rates import Rate
from tests.loans.loan_cases import EUR, KWD, conventions, make_loan, make_terms
from tests.loans.plan_cases import Case, changing_cases, level_cases

RULES: Final = conventions(day_count=DayCount.THIRTY_360_BOND)
ONE_PERCENT_PPM: Final = 120_000
SLIP: Final = "28 % a year is 0.28"
# Columns have days, and hold no tranches, later rates and pauses at all.
NAMES_IN_COLUMNS: Final = {
    "tranches[1].disbursed_on": "tranches",
    "rate_changes[0].from_on": "rate_changes",
    "interest_pauses[1].start_on": "interest_pauses",
    "first_due_on": "first_due_day",
    "due_on": "first_due_day",
}


def euros(*amounts: str) -> tuple[Money, ...]:
    return tuple(Money.of(amount, EUR) for amount in amounts)


def planned(method: RepaymentMethod, **parts: Any) -> LoanTerms:
    """Return 1000.00 in three months at one per cent a month."""
    plan = RepaymentPlan(method=method, **parts)
    return attrs.evolve(make_terms(100_000, ONE_PERCENT_PPM, 3), plan=plan)


def with_days(rule: BusinessDayRule, *holidays: dt.date) -> ScheduleConventions:
    business_days = BusinessDays(
        rule=rule,
        calendar=BusinessCalendar(name="test", holidays=holidays),
        interest_to=InterestDate.ORIGINAL,
        collision=Collision.KEPT,
    )
    return attrs.evolve(RULES, business_days=business_days)


def later(on: dt.date, amount: str) -> Tranche:
    return Tranche(disbursed_on=on, amount=Money.of(amount, EUR))


@attrs.frozen(kw_only=True)
class Refused:
    """Terms, and what their refusal must say."""

    id: str
    terms: LoanTerms
    rules: ScheduleConventions = RULES
    field: str
    value: object
    hint: str
    bound: str = ""
    number: int | None = None
    is_held: bool = True


REFUSED: Final = (
    Refused(
        id="weights",
        terms=planned(Weighted((1, 1))),
        field="plan.method.weights",
        value=2,
        bound="3 weights",
        hint="change installment_count",
    ),
    Refused(
        id="a season without the last month",
        terms=planned(Seasonal((1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0))),
        field="plan.method.month_weights[3]",
        value=0,
        bound="month 4",
        number=3,
        hint="move the due dates",
    ),
    Refused(
        id="too few parts",
        terms=planned(CustomPrincipal(euros("400.00", "600.00"))),
        field="plan.method.amounts",
        value=2,
        bound="3 amounts for 3 installments",
        hint="agree on one for each installment",
    ),
    Refused(
        id="too few installments",
        terms=planned(CustomInstallments(euros("400.00"))),
        field="plan.method.amounts",
        value=1,
        bound="2 amounts for 3 installments",
        hint="one for each installment but the last",
    ),
    Refused(
        id="grace on principal",
        terms=planned(EqualInstallments(), grace=Grace(principal_count=3)),
        field="plan.grace.principal_count",
        value=3,
        bound="installment_count 3",
        hint="shorten the grace",
    ),
    Refused(
        id="grace on interest",
        terms=planned(
            InterestOnly(),
            grace=Grace(
                interest_payment_count=4,
                deferred_interest=DeferredInterest.LAST_INSTALLMENT,
            ),
        ),
        field="plan.grace.interest_payment_count",
        value=4,
        bound="installment_count 3",
        hint="shorten the grace",
    ),
    Refused(
        id="balloon",
        terms=planned(
            EqualInstallments(), balloon=Portion.of_amount(*euros("1000.01"))
        ),
        field="plan.balloon",
        value="EUR 1000.01",
        bound="EUR 1000.00",
        hint="lower the balloon",
    ),
    Refused(
        id="sum of parts",
        terms=planned(CustomPrincipal(euros("500.00", "300.00", "100.00"))),
        field="plan.method.amounts",
        value="EUR 900.00",
        bound="EUR 1000.00",
        hint="change them",
    ),
    Refused(
        id="flat tranches",
        terms=attrs.evolve(
            planned(FlatInterest()), tranches=(later(dt.date(2025, 2, 1), "1.00"),)
        ),
        field="tranches",
        value=1,
        bound="empty for FlatInterest",
        hint="choose another method",
    ),
    Refused(
        id="a part above what is outstanding",
        terms=attrs.evolve(
            planned(CustomPrincipal(euros("50.00", "850.00", "100.00"))),
            tranches=(later(dt.date(2025, 3, 20), "500.00"),),
        ),
        # 500.00 at the start, less 50.00.
        field="plan.method.amounts[1]",
        value="EUR 850.00",
        bound="EUR 450.00",
        number=2,
        hint="agree on a smaller part",
        is_held=False,
    ),
    Refused(
        id="unpaid interest",
        terms=planned(CustomInstallments(euros("5.00", "300.00"))),
        field="installment",
        value="EUR 5.00",
        bound="EUR 10.00",
        number=1,
        hint="lower the rate, shorten the period, or let the plan carry",
    ),
    Refused(
        id="unpaid interest later",
        terms=planned(CustomInstallments(euros("510.00", "4.99"))),
        # One per cent of 500.00.
        field="installment",
        value="EUR 4.99",
        bound="EUR 5.00",
        number=2,
        hint="lower the rate, shorten the period, or let the plan carry",
    ),
    Refused(
        id="last date",
        terms=attrs.evolve(
            planned(EqualInstallments()), last_due_on=dt.date(2025, 3, 15)
        ),
        field="last_due_on",
        value=dt.date(2025, 3, 15),
        bound="after 2025-03-15",
        hint="agree on a later date",
    ),
    Refused(
        id="first date moved",
        # Sunday, 16 February 2025, moves back to Friday.
        terms=attrs.evolve(
            planned(EqualInstallments()),
            disbursed_on=dt.date(2025, 2, 14),
            first_due_on=dt.date(2025, 2, 16),
        ),
        rules=with_days(BusinessDayRule.PRECEDING),
        field="first_due_on",
        value=dt.date(2025, 2, 14),
        bound="disbursed_on 2025-02-14",
        hint="another business day rule",
    ),
    Refused(
        id="dates that cross",
        # The Monday moves on to Wednesday, the Tuesday back to Friday.
        terms=attrs.evolve(
            planned(EqualInstallments()),
            frequency=Frequency.DAILY,
            disbursed_on=dt.date(2025, 5, 1),
            first_due_on=dt.date(2025, 5, 5),
        ),
        rules=with_days(
            BusinessDayRule.NEAREST_SUNDAY_MONDAY,
            dt.date(2025, 5, 5),
            dt.date(2025, 5, 6),
        ),
        field="due_on",
        value=dt.date(2025, 5, 2),
        bound="before 2025-05-07",
        number=2,
        hint="another business day rule",
    ),
    Refused(
        id="a late tranche",
        terms=attrs.evolve(
            planned(EqualInstallments()),
            tranches=(
                later(dt.date(2025, 3, 1), "100.00"),
                later(dt.date(2025, 4, 15), "100.00"),
            ),
        ),
        field="tranches[1].disbursed_on",
        value=dt.date(2025, 4, 15),
        bound="before 2025-04-15",
        hint="pay it out earlier",
    ),
    Refused(
        id="a rate from the day after the last",
        terms=attrs.evolve(
            planned(EqualInstallments()),
            rate_changes=(
                RateChange(
                    from_on=dt.date(2025, 4, 16), nominal_rate=Rate.per_year("0.5")
                ),
            ),
        ),
        field="rate_changes[0].from_on",
        value=dt.date(2025, 4, 16),
        bound="ends on 2025-04-15",
        hint="leave it out",
    ),
    Refused(
        id="a pause from the day after the last",
        terms=attrs.evolve(
            planned(EqualInstallments()),
            interest_pauses=(
                InterestPause(dt.date(2025, 2, 1), dt.date(2025, 2, 5)),
                InterestPause(dt.date(2025, 4, 16), dt.date(2025, 4, 20)),
            ),
        ),
        field="interest_pauses[1].start_on",
        value=dt.date(2025, 4, 16),
        bound="ends on 2025-04-15",
        hint="leave it out",
    ),
    Refused(
        id="down payment",
        terms=planned(
            EqualInstallments(), down_payment=Portion.of_amount(*euros("1000.00"))
        ),
        field="plan.down_payment",
        value="EUR 1000.00",
        bound="2025-01-15, EUR 1000.00",
        hint="lower the down payment",
    ),
    Refused(
        id="down payment of Fineract",
        # 0.75 is rounded to the multiple of 1.00.
        terms=attrs.evolve(
            planned(EqualInstallments(), down_payment=Portion.of_share("0.75")),
            principal=Money(100, EUR),
        ),
        rules=attrs.evolve(FINERACT, installment_multiple=100),
        field="plan.down_payment",
        value="EUR 1.00",
        bound="2025-01-15, EUR 1.00",
        hint="lower it, or the installment_multiple",
        is_held=False,
    ),
    Refused(
        id="unpaid interest of Fineract",
        # A third a month forever is 333.33; sixty times are next to that.
        terms=make_terms(100_000, 4_000_000, 60, first_due_on=dt.date(2025, 12, 15)),
        rules=FINERACT_CUMULATIVE,
        field="installment",
        value="EUR 333.33",
        bound="EUR 3",
        number=1,
        hint="lower the rate, or shorten the period",
        is_held=False,
    ),
)


def refusal_of(terms: LoanTerms, rules: ScheduleConventions = RULES) -> ScheduleError:
    with pytest.raises(ScheduleError) as caught:
        build_schedule(terms, rules)
    return caught.value


def require_clear(error: ScheduleError) -> None:
    """Check what holds for the refusal of any terms."""
    text = str(error)
    assert error.field
    assert error.rule
    assert error.hint
    assert text == f"{error.finding}; {error.hint}"
    named = f"installment {error.number} of {error.count}"
    if error.field != "installment":
        named = error.field if error.number is None else f"{named}: {error.field}"
    assert text.startswith(f"{named} {error.rule}, got ")
    assert "minor units" not in text
    assert "LoanTerms(" not in text
    assert len(text) < 300


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.id)
def test_a_refusal_names_the_field_the_rule_the_value_and_the_way_out(
    case: Refused,
) -> None:
    error = refusal_of(case.terms, case.rules)

    require_clear(error)
    assert error.field == case.field
    assert error.value == case.value
    assert error.number == case.number
    shown = case.value
    if isinstance(shown, dt.date):
        shown = shown.isoformat()
    assert error.finding.endswith(f", got {shown}")
    assert case.bound in error.rule
    assert error.hint is not None
    assert case.hint in error.hint
    if case.number is not None:
        count = case.terms.installment_count
        assert error.count == count
        assert str(error).startswith(f"installment {case.number} of {count}")


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.id)
def test_a_refusal_survives_a_trip_between_processes(case: Refused) -> None:
    error = refusal_of(case.terms, case.rules)
    twin = pickle.loads(pickle.dumps(error))

    assert type(twin) is ScheduleError
    assert (str(twin), vars(twin)) == (str(error), vars(error))
    assert twin.finding == error.finding


@pytest.mark.parametrize(
    "case", [case for case in REFUSED if case.is_held], ids=lambda case: case.id
)
def test_columns_name_the_same_field(case: Refused) -> None:
    loan = make_loan(case.terms)
    with pytest.raises(InvalidValueError) as caught:
        build_schedules(
            LoanColumns.from_loans([loan], {loan.customer_id: 0}), case.rules
        )

    # A rule for many rows names no element of one plan.
    field = re.sub(r"\[\d+\]$", "", case.field)
    assert caught.value.field == NAMES_IN_COLUMNS.get(field, field)
    if case.field == "installment":
        assert "cover the interest of its period" in caught.value.rule
        assert "cover the interest of its period" in refusal_of(case.terms).rule


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.id)
def test_one_clause_catches_the_refusals_of_both_twins(case: Refused) -> None:
    with pytest.raises(InvalidValueError) as caught:
        build_schedule(case.terms, case.rules)

    assert isinstance(caught.value, ValueError)
    assert (caught.value.code, caught.value.row) == ("schedule", None)


@pytest.mark.parametrize(
    ("currency", "found", "bound"),
    [
        (Currency.of("JPY"), "JPY 5", "JPY 1000"),
        (KWD, "KWD 0.005", "KWD 1.000"),
        (EUR, "EUR 0.05", "EUR 10.00"),
    ],
)
def test_amounts_are_in_the_currency_of_the_loan(
    currency: Currency, found: str, bound: str
) -> None:
    # One per cent of 100,000 minor units.
    method = CustomInstallments((Money(5, currency), Money(5, currency)))
    terms = attrs.evolve(
        make_terms(100_000, ONE_PERCENT_PPM, 3),
        principal=Money(100_000, currency),
        plan=RepaymentPlan(method=method),
    )

    error = refusal_of(terms)

    assert error.value == found
    assert error.rule.endswith(f", {bound}")


@pytest.mark.parametrize(
    ("rate", "is_hinted"), [("10", False), ("10.000001", True), ("28", True)]
)
@pytest.mark.parametrize("rules", [RULES, FINERACT_CUMULATIVE])
def test_a_rate_above_a_thousand_per_cent_is_asked_about(
    rate: str, rules: ScheduleConventions, *, is_hinted: bool
) -> None:
    terms = attrs.evolve(
        make_terms(100_000, 0, 60, first_due_on=dt.date(2025, 12, 15)),
        nominal_rate=Rate.per_year(rate),
    )

    error = refusal_of(terms, rules)

    assert error.field == "installment"
    assert error.hint is not None
    assert (SLIP in error.hint) is is_hinted
    assert ("lower the rate" in error.hint) is not is_hinted


def test_a_later_rate_above_a_thousand_per_cent_is_asked_about() -> None:
    change = RateChange(from_on=dt.date(2025, 2, 20), nominal_rate=Rate.per_year(28))
    terms = planned(CustomInstallments(euros("510.00", "300.00")))

    error = refusal_of(attrs.evolve(terms, rate_changes=(change,)))

    assert error.number == 2
    assert error.hint is not None
    assert SLIP in error.hint


def test_fineract_names_only_the_fee_that_it_does_not_know() -> None:
    fees = (
        Fee(name="upfront", timing=FeeTiming.UPFRONT, portion=Portion.of_share("0.01")),
        Fee(name="lent", timing=FeeTiming.FINANCED, portion=Portion.of_share("0.02")),
        Fee(
            name="service",
            timing=FeeTiming.PER_INSTALLMENT,
            portion=Portion.of_share("0.01"),
        ),
    )

    with pytest.raises(InvalidValueError, match="'lent'") as caught:
        build_schedule(planned(EqualInstallments(), fees=fees), FINERACT)

    assert (caught.value.field, caught.value.value) == ("fees", "lent")


def test_a_product_says_why_there_is_no_schedule_in_both_languages() -> None:
    terms = planned(CustomInstallments(euros("5.00", "300.00")))
    product = Product(
        id="market",
        version="2025-01",
        name="Market stall",
        currency=EUR,
        plans=(terms.plan,),
        conventions=RULES,
        principal_min=Money.of("500.00", EUR),
        principal_max=Money.of("5000.00", EUR),
        nominal_rate_min=Rate.per_year("0.12"),
        nominal_rate_max=Rate.per_year("0.30"),
        counts=(CountBounds(Frequency.MONTHLY, 3, 24),),
    )

    decision = product.check(terms, dt.date(2025, 1, 10))

    assert decision.outcome is False
    assert [reason.code for reason in decision.reasons] == ["product_no_schedule"]
    found = (
        "installment 1 of 3 must cover the interest of its period, EUR 10.00, "
        "got EUR 5.00"
    )
    assert decision.explain() == (f"the terms have no schedule: {found}",)
    assert decision.explain(Language.ZH_CN) == (f"按这些条款无法生成还款计划：{found}",)


@st.composite
def hard_cases(draw: st.DrawFn) -> Case:
    """Draw terms that are likely to have no schedule: dear, or of another length."""
    if draw(st.booleans()):
        terms, rules = draw(changing_cases())
        rate = Rate.of_ppm(draw(st.integers(2_000_000, 90_000_000)))
        plan = attrs.evolve(terms.plan, unpaid_interest=UnpaidInterest.REFUSED)
        return attrs.evolve(terms, nominal_rate=rate, plan=plan), rules
    terms, rules = draw(level_cases())
    scale = 10 ** draw(st.integers(0, 30))
    minor = terms.principal.minor * scale
    balloon = Money(draw(st.integers(minor // 2 + 1, 3 * minor)), EUR)
    plan = attrs.evolve(
        terms.plan,
        balloon=Portion.of_amount(balloon),
        unpaid_interest=UnpaidInterest.REFUSED,
    )
    principal = Money(minor, EUR)
    count = draw(st.one_of(st.just(terms.installment_count), st.integers(1, 24)))
    return (
        attrs.evolve(terms, principal=principal, installment_count=count, plan=plan),
        rules,
    )


@given(case=hard_cases())
def test_every_refusal_is_short_and_clear(case: Case) -> None:
    terms, rules = case
    try:
        build_schedule(terms, rules)
    except ScheduleError as error:
        event(re.sub(r"\d+", "n", error.field))
        require_clear(error)
    else:
        assume(False)


@pytest.mark.parametrize(
    "change",
    [
        {
            "rate_changes": (
                RateChange(
                    from_on=dt.date(2025, 4, 15), nominal_rate=Rate.per_year("0.5")
                ),
            )
        },
        {
            "interest_pauses": (
                InterestPause(dt.date(2025, 4, 15), dt.date(2025, 4, 20)),
            )
        },
    ],
)
def test_the_last_day_that_bears_interest_can_still_change(
    change: dict[str, Any],
) -> None:
    terms = make_terms(100_000, ONE_PERCENT_PPM, 3)

    before = build_schedule(terms, STRICT)
    after = build_schedule(attrs.evolve(terms, **change), STRICT)

    assert before.interest_minor[:-1] == after.interest_minor[:-1]
    assert before.interest_minor[-1] != after.interest_minor[-1]


@pytest.mark.parametrize(
    ("field", "found"),
    [
        ("plan.down_payment", "1000.00"),
        ("plan.balloon", "1000.00"),
        ("plan.grace.principal_count", "3 of 3 installments"),
        ("plan.grace.interest_payment_count", "4 of 3 installments"),
        ("plan.method.weights", "2 weights for 3 installments"),
        ("plan.method.amounts", "for 3 installments and EUR 1000.00"),
        ("installment", "ppm, "),
    ],
)
def test_columns_show_what_they_found_of_the_field(field: str, found: str) -> None:
    cases = [case for case in REFUSED if case.is_held and case.field == field]

    assert cases
    for case in cases:
        loan = make_loan(case.terms)
        with pytest.raises(InvalidValueError) as caught:
            build_schedules(
                LoanColumns.from_loans([loan], {loan.customer_id: 0}), case.rules
            )
        assert caught.value.field == field
        assert found in str(caught.value.value)
