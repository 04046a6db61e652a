from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import Currency, CurrencyMismatchError, InvalidValueError, Money
from microcrm_core.dates import Frequency, RollKind, RollRule, due_dates
from microcrm_core.loans import (
    EQUAL_INSTALLMENTS,
    CustomPrincipal,
    DeferredInterest,
    EqualPrincipal,
    Fee,
    FeeTiming,
    Grace,
    Graduated,
    InterestPause,
    LoanTerms,
    Portion,
    RateChange,
    RepaymentPlan,
    Tranche,
)
from microcrm_core.loans.terms_checks import last_due_limit
from microcrm_core.rates import EffectiveRate, Rate
from tests.loans.loan_cases import EUR, make_loan, make_terms

TERMS = make_terms()
DUE_ON = TERMS.first_due_on
DAY = dt.timedelta(days=1)
RATE = Rate.per_year("0.12")


EQUAL = EqualPrincipal()


def tranche(on: dt.date, minor: int) -> Tranche:
    return Tranche(disbursed_on=on, amount=Money(minor, EUR))


def changed(**parts: object) -> LoanTerms:
    """Return the terms with other parts, of any kind."""
    return attrs.evolve(TERMS, **parts)  # type: ignore[arg-type]  # on purpose


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("principal", Money(0, EUR)),
        ("principal", Money(-1, EUR)),
        ("principal", 100),
        ("nominal_rate", Rate.of_ppm(-1)),
        ("nominal_rate", Rate.per_year(1001)),
        ("nominal_rate", 24),
        ("installment_count", 0),
        ("installment_count", 1201),
        ("installment_count", True),
        ("frequency", "monthly"),
        ("first_due_on", TERMS.disbursed_on),
        ("first_due_on", dt.datetime(2025, 2, 15, tzinfo=dt.UTC)),
        ("disbursed_on", "2025-01-15"),
    ],
)
def test_terms_refuse_what_no_schedule_can_keep(field: str, value: object) -> None:
    with pytest.raises(InvalidValueError) as error:
        changed(**{field: value})

    assert error.value.field == field


def test_terms_take_the_smallest_loan() -> None:
    terms = make_terms(principal_minor=1, annual_ppm=0, installment_count=1)

    assert terms.principal == Money(1, EUR)


@pytest.mark.parametrize(
    ("parts", "field", "rule"),
    [
        ({"plan": "equal"}, "plan", "must be a RepaymentPlan"),
        ({"due_on": [DUE_ON]}, "due_on", "must be a tuple of date"),
        ({"due_on": (DUE_ON,)}, "due_on", "must have 12 dates or none"),
        (
            {"installment_count": 2, "due_on": (DUE_ON + DAY, DUE_ON + 2 * DAY)},
            "due_on",
            "must begin with first_due_on 2025-02-15",
        ),
        (
            {"installment_count": 2, "due_on": (DUE_ON, DUE_ON)},
            "due_on",
            "must come after 2025-02-15, the date before it",
        ),
        (
            {"installment_count": 1, "due_on": (DUE_ON,), "last_due_on": DUE_ON},
            "last_due_on",
            "must be first_due_on or later, and None where due_on is given",
        ),
        (
            {"last_due_on": DUE_ON - DAY},
            "last_due_on",
            "must be first_due_on or later, and None where due_on is given",
        ),
        (
            {"tranches": (tranche(DUE_ON, 100_000),)},
            "tranches",
            "must leave something of the principal for disbursed_on",
        ),
        (
            {"tranches": (tranche(dt.date(2025, 1, 14), 1),)},
            "tranches",
            "must not be before disbursed_on 2025-01-15",
        ),
        (
            {"tranches": (tranche(DUE_ON, 1), tranche(DUE_ON - DAY, 1))},
            "tranches",
            "must be in order of date",
        ),
        (
            {
                "rate_changes": (
                    RateChange(from_on=TERMS.disbursed_on, nominal_rate=RATE),
                )
            },
            "rate_changes",
            "must come after 2025-01-15, the date before it",
        ),
        (
            {
                "interest_pauses": (
                    InterestPause(DUE_ON, DUE_ON + 9 * DAY),
                    InterestPause(DUE_ON + 8 * DAY, DUE_ON + 10 * DAY),
                )
            },
            "interest_pauses",
            "must be in order of date and not overlap",
        ),
    ],
)
def test_terms_that_contradict_themselves_are_refused(
    parts: dict[str, object], field: str, rule: str
) -> None:
    with pytest.raises(InvalidValueError) as error:
        changed(**parts)

    assert (error.value.field, error.value.rule) == (field, rule)


def test_a_tranche_in_another_currency_is_refused() -> None:
    dollars = Money(1, Currency.of("USD"))

    with pytest.raises(CurrencyMismatchError, match="must be in EUR, got 'USD'"):
        changed(tranches=(Tranche(disbursed_on=DUE_ON, amount=dollars),))


CROWNS = Portion.of_amount(Money(100, Currency.of("CZK")))


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        *(
            (
                {"fees": (Fee(name="file", timing=timing, portion=CROWNS),)},
                "plan.fees[0].portion.amount",
            )
            for timing in FeeTiming
        ),
        ({"balloon": CROWNS}, "plan.balloon.amount"),
        ({"down_payment": CROWNS}, "plan.down_payment.amount"),
        (
            {"method": CustomPrincipal((Money(1, EUR), Money(1, Currency.of("CZK"))))},
            "plan.method.amounts[1]",
        ),
    ],
)
def test_a_fixed_sum_in_another_currency_is_refused_with_the_terms(
    parts: dict[str, Any], field: str
) -> None:
    plan = attrs.evolve(EQUAL_INSTALLMENTS, **parts)

    with pytest.raises(CurrencyMismatchError) as error:
        changed(plan=plan)

    found = error.value
    assert (found.field, found.rule, found.value) == (
        field,
        "must be in EUR, as the principal",
        "CZK",
    )


def test_a_plan_of_shares_serves_every_currency() -> None:
    fee = Fee(name="a", timing=FeeTiming.UPFRONT, portion=Portion.of_share("0.01"))
    plan = attrs.evolve(EQUAL_INSTALLMENTS, fees=(fee,))

    for code in ("EUR", "CZK"):
        principal = Money(100_000, Currency.of(code))
        assert changed(plan=plan, principal=principal).plan is plan


# What the last due date is, or can be, by frequency; twelve installments from
# 15 February 2025.
LAST_DUE = [
    ({"frequency": Frequency.WEEKLY}, dt.date(2025, 5, 3)),
    ({"frequency": Frequency.of("P10D")}, dt.date(2025, 6, 5)),
    # 15 January 2026 by its day, the 31st by month ends, and 1 February where the
    # 31st of a shorter month rolls on.
    ({}, dt.date(2026, 2, 1)),
    ({"frequency": Frequency.QUARTERLY}, dt.date(2027, 12, 1)),
    # The twelfth of two a month, the first of which is in February: July.
    ({"frequency": Frequency.SEMIMONTHLY}, dt.date(2025, 9, 1)),
    ({"last_due_on": dt.date(2026, 1, 20)}, dt.date(2026, 1, 20)),
    ({"installment_count": 1}, DUE_ON),
    (
        {"installment_count": 2, "due_on": (DUE_ON, dt.date(2025, 3, 20))},
        dt.date(2025, 3, 20),
    ),
]


@pytest.mark.parametrize(("parts", "limit_on"), LAST_DUE)
def test_what_begins_after_the_last_due_date_is_refused(
    parts: dict[str, object], limit_on: dt.date
) -> None:
    for later in (0, 1):
        on = limit_on + later * DAY
        given: dict[str, tuple[object, ...]] = {
            "rate_changes": (RateChange(from_on=on, nominal_rate=RATE),),
            "interest_pauses": (InterestPause(on, on + DAY),),
        }
        for field, value in given.items():
            if not later:
                assert getattr(changed(**parts, **{field: value}), field) == value
                continue
            with pytest.raises(InvalidValueError) as error:
                changed(**parts, **{field: value})
            assert error.value.field == field
            assert error.value.rule == (
                f"must not begin after {limit_on}: no due date is agreed for later"
            )
            assert error.value.value == on


ROLLS = (
    RollRule.DAY_OF_MONTH,
    RollRule.END_OF_MONTH,
    RollRule.NEXT_MONTH_FIRST,
    RollRule.of("day_31"),
    RollRule(kind=RollKind.NEXT_MONTH_FIRST, day=30),
)


@given(
    first_due_on=st.dates(dt.date(2025, 2, 1), dt.date(2029, 1, 31)),
    count=st.integers(1, 40),
    frequency=st.sampled_from(
        ("daily", "weekly", "P10D", "semimonthly", "monthly", "P2M", "yearly")
    ).map(Frequency.of),
    roll=st.sampled_from(ROLLS),
)
def test_no_roll_rule_gives_a_due_date_beyond_the_limit(
    first_due_on: dt.date, count: int, frequency: Frequency, roll: RollRule
) -> None:
    terms = changed(
        first_due_on=first_due_on, installment_count=count, frequency=frequency
    )
    limit_on = last_due_limit(terms)

    assert limit_on is not None
    try:
        last_on = due_dates(first_due_on, frequency, count, roll)[-1]
    except InvalidValueError:  # two days of a semimonthly series fall together
        return
    assert last_on <= limit_on
    assert limit_on - last_on <= 62 * DAY


def test_dates_beyond_the_calendar_have_no_limit() -> None:
    for frequency in (Frequency.DAILY, Frequency.MONTHLY, Frequency.SEMIMONTHLY):
        terms = changed(
            disbursed_on=dt.date(9999, 10, 1),
            first_due_on=dt.date(9999, 10, 31),
            installment_count=1200,
            frequency=frequency,
        )
        assert last_due_limit(terms) is None
        on = dt.date(9999, 12, 31)
        change = RateChange(from_on=on, nominal_rate=RATE)
        assert attrs.evolve(terms, rate_changes=(change,)).rate_changes == (change,)


def test_parts_of_terms_refuse_what_means_nothing() -> None:
    with pytest.raises(InvalidValueError, match="amount must be above zero"):
        tranche(DUE_ON, 0)
    with pytest.raises(InvalidValueError, match="nominal_rate must be from 0 to 1000"):
        RateChange(from_on=DUE_ON, nominal_rate=Rate.per_year(1001))
    with pytest.raises(InvalidValueError, match="end_on must be after start_on"):
        InterestPause(DUE_ON, DUE_ON)


def test_disbursements_are_all_payments_of_the_principal() -> None:
    terms = changed(tranches=(tranche(DUE_ON, 300), tranche(DUE_ON, 200)))

    assert [amount.minor for _, amount in terms.disbursements] == [99_500, 300, 200]
    assert [on for on, _ in terms.disbursements] == [TERMS.disbursed_on, DUE_ON, DUE_ON]


def test_a_loan_is_a_request_until_the_day_of_its_disbursement() -> None:
    loan = make_loan(
        TERMS, requested_on=dt.date(2025, 1, 10), known_on=dt.date(2025, 1, 11)
    )
    days = [dt.date(2025, 1, day) for day in (9, 10, 11, 14, 15, 16)]

    assert [loan.is_request_as_of(day) for day in days] == [
        False,
        False,  # asked for, but not yet known
        True,
        True,
        False,
        False,
    ]
    assert [loan.is_disbursed_as_of(day) for day in days] == [False] * 4 + [True] * 2


def test_a_disbursement_known_late_counts_late() -> None:
    loan = make_loan(TERMS, known_on=dt.date(2025, 1, 20))

    assert not loan.is_disbursed_as_of(dt.date(2025, 1, 19))
    assert loan.is_disbursed_as_of(dt.date(2025, 1, 20))


def test_an_open_request_stays_one_after_its_planned_day() -> None:
    loan = make_loan(TERMS, requested_on=dt.date(2025, 1, 10), is_disbursed=False)

    assert loan.is_request_as_of(dt.date(2026, 1, 1))
    assert not loan.is_disbursed_as_of(dt.date(2026, 1, 1))


def test_a_loan_without_a_day_of_request_is_never_a_request() -> None:
    loan = make_loan(TERMS, known_on=dt.date(2025, 1, 1))

    assert not loan.is_request_as_of(dt.date(2025, 1, 14))


def test_a_loan_is_disbursed_or_requested() -> None:
    with pytest.raises(InvalidValueError, match="unless is_disbursed"):
        make_loan(TERMS, is_disbursed=False)


def test_a_plan_lies_before_the_first_due_date() -> None:
    terms = make_terms()
    loan = make_loan(terms, 1, requested_on=terms.disbursed_on)

    with pytest.raises(InvalidValueError, match="planned_on must be before"):
        attrs.evolve(loan, planned_on=terms.first_due_on)


def test_terms_are_those_of_the_plan_until_the_loan_is_disbursed() -> None:
    terms = make_terms()
    day = dt.timedelta(days=1)
    asked_on = terms.disbursed_on - 9 * day
    loan = make_loan(terms, 1, requested_on=asked_on)
    planned = attrs.evolve(loan, planned_on=terms.disbursed_on + day)

    assert loan.terms_as_of(asked_on) == terms
    assert planned.terms_as_of(terms.disbursed_on - day) == attrs.evolve(
        terms, disbursed_on=terms.disbursed_on + day
    )
    assert planned.terms_as_of(terms.disbursed_on) == terms


@pytest.mark.parametrize(
    ("field", "value", "hint"),
    [
        ("principal", 50_000, 'use Money.of("500.00", Currency.of("EUR"))'),
        ("nominal_rate", "0.18", 'use Rate.per_year("0.18")'),
        ("nominal_rate", 18, 'use Rate.per_year("0.24") or Rate.of_percent("24")'),
        ("nominal_rate", EffectiveRate(Fraction("0.18")), None),
        ("frequency", "monthly", "use Frequency.MONTHLY"),
        ("frequency", "Biweekly", "use Frequency.BIWEEKLY"),
        ("frequency", "P10D", 'use Frequency.of("P10D")'),
        ("frequency", 12, "use Frequency.MONTHLY or its like"),
        ("plan", EQUAL, "use RepaymentPlan(method=EqualPrincipal())"),
        ("plan", EqualPrincipal, "use RepaymentPlan(method=EqualPrincipal(...))"),
        ("tranches", [tranche(DUE_ON, 1)], "use tuple(...)"),
        ("tranches", tranche(DUE_ON, 1), "use (...,) for one alone"),
    ],
)
def test_a_part_of_another_kind_comes_with_what_to_write(
    field: str, value: object, hint: str | None
) -> None:
    with pytest.raises(InvalidValueError) as error:
        changed(**{field: value})
    assert (error.value.field, error.value.hint) == (field, hint)


def test_a_notebook_shows_the_parts_that_were_agreed() -> None:
    plan = RepaymentPlan(
        method=Graduated.of(step_share="0.05", step_count=2),
        grace=Grace(
            principal_count=1,
            interest_payment_count=1,
            deferred_interest=DeferredInterest.CAPITALIZED,
        ),
        balloon=Portion.of_share("0.3"),
    )
    later = (tranche(DUE_ON, 100), tranche(DUE_ON, 200))
    shown = changed(plan=plan, tranches=later)._repr_html_()

    for name, text in (
        ("principal", "EUR 1000.00"),
        ("frequency", "monthly"),
        ("first_due_on", str(DUE_ON)),
        ("method", "Graduated: step_share 1/20, step_count 2"),
        ("balloon", "Portion: share 3/10"),
        (
            "grace",
            "Grace: principal_count 1, interest_payment_count 1, "
            "deferred_interest capitalized",
        ),
        (
            "tranches",
            f"Tranche: disbursed_on {DUE_ON}, amount EUR 1.00; "
            f"Tranche: disbursed_on {DUE_ON}, amount EUR 2.00",
        ),
    ):
        assert f"<tr><td>{name}</td><td>{text}</td></tr>" in shown
    assert "rate_changes" not in shown
    assert "fees" not in shown
    assert "<td>EqualInstallments</td>" in TERMS._repr_html_()
