"""Schedules in JSON: nothing lost, nothing computed anew, nothing changed unseen."""

from __future__ import annotations

import datetime as dt
import json
import random
from typing import Any

import attrs
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from microcrm_core import Currency, Frequency, Money, canonical_json
from microcrm_core.dates import BusinessCalendar, BusinessDayRule
from microcrm_core.errors import MicrocrmError
from microcrm_core.loans import (
    FINERACT,
    FINERACT_CUMULATIVE,
    STRICT,
    STRICT_30_360,
    Bullet,
    BusinessDays,
    Collision,
    EqualInstallments,
    Fee,
    FeeTiming,
    InterestDate,
    LoanTerms,
    Portion,
    RepaymentPlan,
    Schedule,
    Tranche,
    build_schedule,
)
from microcrm_core.loans.schedules_plain import (
    SCHEDULE_FORM_VERSION,
    schedule_from_plain,
    schedule_to_plain,
)
from tests.loans.loan_cases import EUR, make_terms
from tests.loans.plain_cases import (
    assert_every_fault_has_its_path,
    leaves,
    part,
    refusal,
    replaced,
)
from tests.loans.plan_cases import Case, changing_cases, level_cases
from tests.loans.schedule_twins import METHODS, random_loans

FEES = (
    Fee(name="set-up", timing=FeeTiming.UPFRONT, portion=Portion.of_share("0.01")),
    Fee(name="cover", timing=FeeTiming.FINANCED, portion=Portion.of_share("0.02")),
    Fee(
        name="account",
        timing=FeeTiming.PER_INSTALLMENT,
        portion=Portion.of_amount(Money(150, EUR)),
    ),
)
FULL_PLAN = RepaymentPlan(
    method=EqualInstallments(), down_payment=Portion.of_share("0.2"), fees=FEES
)
WEEKENDS = BusinessDays(
    rule=BusinessDayRule.FOLLOWING,
    calendar=BusinessCalendar(name="weekends"),
    interest_to=InterestDate.ORIGINAL,
    collision=Collision.MERGED,
)


def read(plain: object) -> Schedule:
    return schedule_from_plain(plain, path="s")


def comes_back(schedule: Schedule) -> None:
    plain = json.loads(canonical_json(schedule_to_plain(schedule)))
    assert read(plain) == schedule
    assert plain == schedule_to_plain(schedule)


def built(case: Case) -> Schedule:
    try:
        return build_schedule(*case)
    except MicrocrmError:
        assume(False)
        raise


def full() -> dict[str, Any]:
    """Return a form in which every amount is above zero somewhere."""
    terms = attrs.evolve(make_terms(100_000, 240_000, 3), plan=FULL_PLAN)
    return schedule_to_plain(build_schedule(terms, STRICT))


@given(case=st.one_of(level_cases(), changing_cases()))
def test_every_schedule_comes_back_from_json(case: Case) -> None:
    comes_back(built(case))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("method", METHODS)
def test_schedules_on_business_days_and_of_every_frequency_come_back(
    method: str, seed: int
) -> None:
    loans, rules = random_loans(random.Random(f"json-{seed}-{method}"), method, 8)
    for loan in loans:
        try:
            schedule = build_schedule(loan.terms, rules)
        except MicrocrmError:
            continue
        comes_back(schedule)


@pytest.mark.parametrize("rules", [FINERACT, FINERACT_CUMULATIVE])
def test_schedules_with_the_arithmetic_of_fineract_come_back(rules: Any) -> None:
    terms = make_terms(100_000, 240_000, 6)
    for one in (
        terms,
        attrs.evolve(
            terms,
            plan=attrs.evolve(FULL_PLAN, fees=()),
            # On a due date, where that engine shows the balance before the tranche.
            tranches=(
                Tranche(disbursed_on=terms.first_due_on, amount=Money(30_000, EUR)),
            ),
        ),
    ):
        comes_back(build_schedule(one, rules))


def test_rows_that_a_business_day_brought_together_come_back() -> None:
    terms = make_terms(
        100_000, 240_000, 10, Frequency.DAILY, dt.date(2025, 1, 1), dt.date(2025, 1, 2)
    )
    schedule = build_schedule(
        terms, attrs.evolve(STRICT, id="merged", business_days=WEEKENDS)
    )
    # Saturday 4 and Sunday 5 January 2025 meet Monday the 6th.
    assert len(schedule) < 10
    comes_back(schedule)


def test_a_currency_that_is_not_in_iso_comes_back_with_all_of_it() -> None:
    points = Currency.custom("POINTS", 3, name="Our points")
    terms = attrs.evolve(make_terms(), principal=Money(120_000, points))
    plain = schedule_to_plain(build_schedule(terms, STRICT))
    assert plain["currency"] == {
        "code": "POINTS",
        "exponent": 3,
        "name": "Our points",
        "cash_multiple_minor": 1,
    }
    comes_back(build_schedule(terms, STRICT))


def test_the_form_says_in_plain_words_what_a_customer_pays_and_when() -> None:
    # 2 % a month of 1000.00 by 30/360, all of it due at the end.
    terms = LoanTerms(
        principal=Money.of("1000.00", EUR),
        nominal_rate=make_terms(annual_ppm=240_000).nominal_rate,
        installment_count=2,
        frequency=Frequency.MONTHLY,
        disbursed_on=dt.date(2025, 1, 15),
        first_due_on=dt.date(2025, 2, 15),
        plan=RepaymentPlan(method=Bullet(), fees=FEES[:1]),
    )
    plain = schedule_to_plain(build_schedule(terms, STRICT_30_360))
    assert plain["installments"] == [
        {
            "number": 1,
            "due_on": "2025-02-15",
            "unadjusted_on": "2025-02-15",
            "is_down_payment": False,
            "principal_minor": 0,
            "interest_minor": 0,
            "fees_minor": 0,
            "total_minor": 0,
            "capitalized_minor": 0,
            "outstanding_minor": 100_000,
        },
        {
            "number": 2,
            "due_on": "2025-03-15",
            "unadjusted_on": "2025-03-15",
            "is_down_payment": False,
            "principal_minor": 100_000,
            # Two months at 2 % of 1000.00.
            "interest_minor": 4_000,
            "fees_minor": 0,
            "total_minor": 104_000,
            "capitalized_minor": 0,
            "outstanding_minor": 0,
        },
    ]
    assert plain["totals"] == {
        "principal_minor": 100_000,
        "interest_minor": 4_000,
        "fees_minor": 0,
        "total_minor": 104_000,
        "capitalized_minor": 0,
        "upfront_fees_minor": 1_000,
        "financed_fees_minor": 0,
    }
    assert list(plain) == [
        "version",
        "currency",
        "terms",
        "conventions",
        "installments",
        "totals",
    ]


def test_what_was_stored_is_read_as_it_is_and_not_computed_anew() -> None:
    # A cent of principal moved from the first row to the second, as another engine
    # might round.
    plain = schedule_to_plain(build_schedule(make_terms(100_000, 240_000, 3), STRICT))
    rows: Any = plain["installments"]
    rows[0]["principal_minor"] -= 1
    rows[0]["total_minor"] -= 1
    rows[0]["outstanding_minor"] += 1
    rows[1]["principal_minor"] += 1
    rows[1]["total_minor"] += 1

    found = read(plain)

    assert schedule_to_plain(found) == plain
    assert build_schedule(found.terms, found.conventions) != found


def test_every_fault_is_told_with_its_path() -> None:
    assert_every_fault_has_its_path(read, full(), "s")


@pytest.mark.parametrize(
    "keys",
    [keys for where, keys in leaves(full(), "s") if where.endswith("_minor")],
    ids=str,
)
@pytest.mark.parametrize("change", [-1, 1, 1_000_000])
def test_no_amount_can_change_alone(keys: tuple[str | int, ...], change: int) -> None:
    plain = full()
    error = refusal(read, replaced(plain, keys, part(plain, keys) + change))
    known = ("s.installments[", "s.totals.", "s.principal_minor")
    assert error.field.startswith(known)


@settings(max_examples=50)
@given(case=level_cases(), data=st.data())
def test_no_amount_of_any_schedule_can_change_alone(
    case: Case, data: st.DataObject
) -> None:
    plain = schedule_to_plain(built(case))
    amounts = [
        keys
        for where, keys in leaves(plain, "s")
        if where.endswith("_minor") and keys[0] in {"installments", "totals"}
    ]
    keys = data.draw(st.sampled_from(amounts))
    now = part(plain, keys)
    other = data.draw(st.integers(0, 10**9).filter(lambda minor: minor != now))
    refusal(read, replaced(plain, keys, other))


@pytest.mark.parametrize(
    ("keys", "value", "field", "rule"),
    [
        (("version",), SCHEDULE_FORM_VERSION + 1, "s.version", "must be 1"),
        (("version",), "1", "s.version", "whole number"),
        (("currency",), "USD", "s.currency", "that of the principal, EUR"),
        (("installments",), [], "s.installments", "1 to"),
        (("installments", 1, "number"), 1, "s.installments[1].number", "from 1, 2"),
        (
            ("installments", 1, "due_on"),
            "2024-12-31",
            "s.installments[1].due_on",
            "must not be before",
        ),
        (
            ("installments", 1, "due_on"),
            "2025-02-30",
            "s.installments[1].due_on",
            "must be a date",
        ),
        (
            ("installments", 1, "interest_minor"),
            -1,
            "s.installments[1].interest_minor",
            "must not be negative",
        ),
        (
            ("installments", 1, "is_down_payment"),
            0,
            "s.installments[1].is_down_payment",
            "true or false",
        ),
        (
            ("installments", 1, "total_minor"),
            5,
            "s.installments[1].total_minor",
            "principal, interest and fees together",
        ),
        (
            ("totals", "upfront_fees_minor"),
            0,
            "s.totals.upfront_fees_minor",
            "must be 1000",
        ),
        (("terms", "installment_count"), 0, "s.terms.installment_count", "1 or more"),
        (("conventions", "rounding"), "odd", "s.conventions.rounding", "one of"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_makes_no_schedule_is_told_with_its_path(
    keys: tuple[str | int, ...], value: object, field: str, rule: str
) -> None:
    error = refusal(read, replaced(full(), keys, value))
    assert error.field == field
    assert rule in error.rule


def test_a_principal_that_is_not_all_repaid_is_refused() -> None:
    plain = full()
    less = replaced(plain, ("terms", "principal", "minor"), 99_999)
    assert refusal(read, less).field == "s.principal_minor"


@pytest.mark.parametrize("name", list(full()))
def test_every_part_must_be_there(name: str) -> None:
    plain = {key: value for key, value in full().items() if key != name}
    error = refusal(read, plain)
    assert (error.field, error.rule) == (f"s.{name}", "must be given")


def test_json_text_is_refused_with_what_to_do() -> None:
    error = refusal(read, canonical_json(full()))
    assert error.field == "s"
    assert error.hint == "read the text with json.loads first"
