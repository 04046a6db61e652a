from __future__ import annotations

import attrs
import pytest

from microcrm_core import InvalidValueError, Money
from microcrm_core.loans import (
    EQUAL_INSTALLMENTS,
    Bullet,
    CustomInstallments,
    CustomPrincipal,
    DeferredInterest,
    EqualInstallments,
    EqualPrincipal,
    Fee,
    FeeTiming,
    Grace,
    InterestOnly,
    Portion,
    RepaymentMethod,
    RepaymentPlan,
)
from tests.loans.loan_cases import EUR

QUARTER = Portion.of_share("0.25")
AGREED = (Money(1, EUR),)
SERVICE = Fee(
    name="service",
    timing=FeeTiming.PER_INSTALLMENT,
    portion=Portion.of_amount(Money(100, EUR)),
)
PUT_OFF = Grace(
    principal_count=1,
    interest_payment_count=2,
    deferred_interest=DeferredInterest.CAPITALIZED,
)


def changed(**parts: object) -> RepaymentPlan:
    """Return the plan of equal installments with other parts, of any kind."""
    return attrs.evolve(EQUAL_INSTALLMENTS, **parts)  # type: ignore[arg-type]  # on purpose


@pytest.mark.parametrize(
    ("parts", "field", "rule"),
    [
        ({"grace": 3}, "grace", "must be a Grace"),
        ({"fees": [SERVICE]}, "fees", "must be a tuple of Fee"),
        ({"fees": (SERVICE, SERVICE)}, "fees", "must have names that differ"),
        ({"balloon": Portion.of_share(1)}, "balloon", "must be less than all"),
        (
            {"down_payment": Portion.of_share(1)},
            "down_payment",
            "must be less than all",
        ),
        (
            {"unpaid_interest": "carried"},
            "unpaid_interest",
            "must be an UnpaidInterest",
        ),
        (
            {"grace": PUT_OFF},
            "grace",
            "must not put off interest while an installment of a fixed total repays "
            "principal",
        ),
    ],
)
def test_plans_refuse_parts_that_contradict_each_other(
    parts: dict[str, object], field: str, rule: str
) -> None:
    with pytest.raises(InvalidValueError) as error:
        changed(**parts)

    assert (error.value.field, error.value.rule) == (field, rule)


def test_a_method_must_be_one_of_the_methods() -> None:
    with pytest.raises(
        InvalidValueError, match="method must be an EqualInstallments or"
    ):
        changed(method="bullet")


@pytest.mark.parametrize(
    "method",
    [InterestOnly(), Bullet(), CustomPrincipal(AGREED), CustomInstallments(AGREED)],
)
def test_a_method_that_ends_with_the_principal_has_no_balloon(
    method: RepaymentMethod,
) -> None:
    with pytest.raises(InvalidValueError, match="balloon must be None for") as error:
        changed(method=method, balloon=QUARTER)

    assert error.value.value == QUARTER


@pytest.mark.parametrize(
    "method", [Bullet(), CustomPrincipal(AGREED), CustomInstallments(AGREED)]
)
def test_a_method_of_agreed_rows_has_no_grace(method: RepaymentMethod) -> None:
    with pytest.raises(InvalidValueError, match="grace must be NO_GRACE for"):
        changed(method=method, grace=Grace(principal_count=1))


@pytest.mark.parametrize("method", [EqualPrincipal(), InterestOnly()])
def test_a_method_of_fixed_principal_may_put_off_interest_alone(
    method: RepaymentMethod,
) -> None:
    plan = changed(method=method, grace=PUT_OFF)

    assert plan.grace.interest_payment_count == 2


@pytest.mark.parametrize(
    ("count", "deferred"), [(0, DeferredInterest.CAPITALIZED), (1, None)]
)
def test_interest_is_put_off_to_somewhere_or_not_at_all(
    count: int, deferred: DeferredInterest | None
) -> None:
    rule = "deferred_interest must be given where"
    with pytest.raises(InvalidValueError, match=rule) as error:
        Grace(
            principal_count=1,
            interest_payment_count=count,
            deferred_interest=deferred,
        )

    assert error.value.value is deferred


@pytest.mark.parametrize(
    "name", ["principal_count", "interest_payment_count", "interest_free_count"]
)
def test_grace_is_never_negative(name: str) -> None:
    with pytest.raises(InvalidValueError, match=f"{name} must not be negative, got -1"):
        attrs.evolve(Grace(), **{name: -1})  # type: ignore[arg-type]  # any of three


def test_only_grace_on_all_of_the_installment_is_a_moratorium() -> None:
    both = attrs.evolve(PUT_OFF, interest_payment_count=1)

    assert both.is_moratorium
    assert not PUT_OFF.is_moratorium
    assert not Grace(principal_count=2).is_moratorium
    assert not Grace().is_moratorium


def test_the_preset_is_what_its_documentation_says() -> None:
    assert RepaymentPlan(method=EqualInstallments()) == EQUAL_INSTALLMENTS
    assert EQUAL_INSTALLMENTS.fees == ()
    assert EQUAL_INSTALLMENTS.grace == Grace()


def test_grace_that_is_half_set_is_told_what_is_missing() -> None:
    with pytest.raises(InvalidValueError) as error:
        Grace(principal_count=2, deferred_interest=DeferredInterest.CAPITALIZED)
    assert error.value.hint == (
        "set interest_payment_count=2, or leave deferred_interest out"
    )
    with pytest.raises(InvalidValueError) as error:
        Grace(principal_count=2, interest_payment_count=2)
    assert error.value.hint == "set it, for example to DeferredInterest.CAPITALIZED"


@pytest.mark.parametrize(
    ("portion", "hint"),
    [
        ("0.3", 'use Portion.of_share("0.03") for 3 %'),
        (Money(300, EUR), "use Portion.of_amount(...)"),
    ],
)
def test_what_is_no_portion_is_told_how_to_become_one(
    portion: object, hint: str
) -> None:
    with pytest.raises(InvalidValueError) as error:
        changed(balloon=portion)
    assert error.value.hint == hint
