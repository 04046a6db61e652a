"""What plans come to in columns: shares rounded once, and who is refused for what."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import Money
from microcrm_core.loans import (
    EQUAL_INSTALLMENTS,
    STRICT,
    Bullet,
    CustomInstallments,
    CustomPrincipal,
    DeferredInterest,
    EqualInstallments,
    EqualPrincipal,
    Fee,
    FeeBase,
    FeeTiming,
    Grace,
    Portion,
    RepaymentPlan,
    UnpaidInterest,
    Weighted,
)
from microcrm_core.loans.lines_batch import LIMIT
from microcrm_core.loans.plan_amounts_batch import (
    PlanAmounts,
    Portions,
    has_capitalized,
    has_fees,
)
from microcrm_core.loans.refusals_batch import Refusal
from microcrm_core.rounding import Rounding, round_fraction
from tests.loans.loan_cases import EUR, KWD

LARGE_MAX = LIMIT // 4


def portions_of(
    size: int,
    *,
    rounding: Rounding = Rounding.HALF_EVEN,
    multiple: int = 1,
    currency_index: list[int] | None = None,
) -> Portions:
    rules = attrs.evolve(
        STRICT,
        id="test",
        rounding=rounding,
        currency_multiple=multiple,
        installment_multiple=multiple,
    )
    index = np.array(currency_index or [0] * size)
    return Portions(conventions=rules, currency_index=index, currencies=(EUR, KWD))


def reasons(portions: Portions) -> list[str]:
    return [Refusal(one).name for one in portions.refusal.tolist()]


def fixed(minor: int) -> Portion:
    return Portion.of_amount(Money(minor, EUR))


# Shares.


@given(
    base=st.lists(st.integers(0, 10**12), min_size=1, max_size=5),
    share=st.fractions(Fraction(1, 1000), 1, max_denominator=1000),
    rounding=st.sampled_from(Rounding),
    multiple=st.sampled_from((1, 5, 100)),
)
def test_a_share_is_rounded_once_to_a_multiple(
    base: list[int], share: Fraction, rounding: Rounding, multiple: int
) -> None:
    portions = portions_of(len(base), rounding=rounding, multiple=multiple)

    found = portions.minor_of(Portion.of_share(share), np.array(base))

    assert found.tolist() == [
        round_fraction(share * one / multiple, rounding) * multiple for one in base
    ]
    assert set(reasons(portions)) == {"NONE"}


@pytest.mark.parametrize(
    ("rounding", "expected"),
    [
        # Halves of 5, 15 and 25 in units of 1: 2.5, 7.5 and 12.5.
        (Rounding.HALF_EVEN, [2, 8, 12]),
        (Rounding.HALF_UP, [3, 8, 13]),
        (Rounding.HALF_DOWN, [2, 7, 12]),
        (Rounding.CEILING, [3, 8, 13]),
        (Rounding.FLOOR, [2, 7, 12]),
    ],
)
def test_half_a_unit_goes_where_the_conventions_say(
    rounding: Rounding, expected: list[int]
) -> None:
    portions = portions_of(3, rounding=rounding)

    found = portions.minor_of(Portion.of_share("0.5"), np.array([5, 15, 25]))

    assert found.tolist() == expected


@pytest.mark.parametrize(("more", "reason"), [(0, "NONE"), (1, "TOO_LARGE")])
def test_a_product_of_a_share_has_a_bound(more: int, reason: str) -> None:
    # Three fifths: three times the amount stays within half of 2**62.
    base = (LIMIT // 2) // 3 + more
    portions = portions_of(2)

    found = portions.minor_of(Portion.of_share("0.6"), np.array([base, 100]))

    expected = round_fraction(Fraction(3 * base, 5), Rounding.HALF_EVEN)
    assert found.tolist() == [0 if more else expected, 60]
    assert reasons(portions) == [reason, "NONE"]


@pytest.mark.parametrize(
    ("multiple", "reason"), [(2**30, "NONE"), (2**31, "TOO_LARGE")]
)
def test_a_share_too_fine_for_its_multiple_refuses_all(
    multiple: int, reason: str
) -> None:
    # A share of 1 / 2**31, in multiples of 2**31, has the divisor 2**62.
    portions = portions_of(2, multiple=multiple)

    found = portions.minor_of(
        Portion.of_share(Fraction(1, 2**31)), np.array([2**33, 0])
    )

    assert found.tolist() == [0, 0]
    assert reasons(portions) == [reason] * 2


def test_a_large_numerator_in_large_multiples_refuses_all() -> None:
    share = Portion.of_share(Fraction(2**31 - 1, 2**31))
    portions = portions_of(1, multiple=2**31)

    portions.minor_of(share, np.array([100]))

    assert reasons(portions) == ["TOO_LARGE"]


# Fixed sums, bounds and reasons.


def test_a_fixed_sum_is_as_agreed_and_in_the_currency_of_the_loan() -> None:
    portions = portions_of(3, multiple=100, currency_index=[0, 1, 0])

    found = portions.minor_of(fixed(7), np.array([1, 2, 3]))

    # It is no multiple of 100, and need not be one.
    assert found.tolist() == [7, 7, 7]
    assert reasons(portions) == ["NONE", "CURRENCY", "NONE"]


@pytest.mark.parametrize(("more", "reason"), [(-1, "NONE"), (0, "TOO_LARGE")])
def test_a_fixed_sum_has_a_bound(more: int, reason: str) -> None:
    portions = portions_of(2)

    found = portions.fixed_minor(Money(LARGE_MAX + more, EUR))

    assert found.tolist() == [0 if reason != "NONE" else LARGE_MAX - 1] * 2
    assert reasons(portions) == [reason] * 2


def test_sums_beyond_the_bound_refuse_their_rows_alone() -> None:
    portions = portions_of(3)
    sums = np.array([5, LARGE_MAX, LARGE_MAX + 1])

    found = portions.bounded(sums)

    assert found.tolist() == [5, LARGE_MAX, LARGE_MAX]
    assert reasons(portions) == ["NONE", "NONE", "TOO_LARGE"]
    small = np.array([1, 2, 3])
    assert portions.bounded(small) is small


def test_the_first_reason_of_a_row_is_kept() -> None:
    portions = portions_of(3)

    portions.refuse(np.array([True, False, False]), Refusal.BALLOON)
    portions.refuse(np.array([True, True, False]), Refusal.AMOUNTS)

    assert reasons(portions) == ["BALLOON", "AMOUNTS", "NONE"]


# Plans.


def amounts_of(
    plan: RepaymentPlan, principal: list[int], count: int = 3
) -> tuple[PlanAmounts, list[str]]:
    portions = portions_of(len(principal))
    made = PlanAmounts.of(plan, count, np.array(principal), portions)
    return made, reasons(portions)


def fee(timing: FeeTiming, portion: Portion, base: FeeBase = FeeBase.PRINCIPAL) -> Fee:
    # No two fees of a plan have one name.
    name = f"{timing.value} {portion.share or portion.amount}"
    return Fee(name=name, timing=timing, portion=portion, base=base)


def test_a_plan_without_parts_lends_the_principal() -> None:
    made, refused = amounts_of(EQUAL_INSTALLMENTS, [1000, 5])

    assert made.base_minor.tolist() == [1000, 5]
    for column in (made.down_minor, made.balloon_minor, made.fee_minor):
        assert column.tolist() == [0, 0]
    assert (made.shares, made.agreed) == ((), ())
    assert refused == ["NONE", "NONE"]


def test_every_part_comes_to_its_share_of_the_principal() -> None:
    outstanding = Portion.of_share("0.07")
    plan = RepaymentPlan(
        method=EqualInstallments(),
        down_payment=Portion.of_share("0.1"),
        balloon=Portion.of_share("0.25"),
        fees=(
            fee(FeeTiming.FINANCED, Portion.of_share("0.02")),
            fee(FeeTiming.FINANCED, fixed(3)),
            fee(FeeTiming.PER_INSTALLMENT, Portion.of_share("0.01")),
            fee(FeeTiming.PER_INSTALLMENT, fixed(4)),
            fee(FeeTiming.PER_INSTALLMENT, outstanding, FeeBase.OUTSTANDING),
            fee(FeeTiming.UPFRONT, Portion.of_share("0.5")),
        ),
    )

    made, refused = amounts_of(plan, [1000, 200])

    assert made.down_minor.tolist() == [100, 20]
    # 1000 - 100 + 20 + 3, and 200 - 20 + 4 + 3.
    assert made.base_minor.tolist() == [923, 187]
    assert made.balloon_minor.tolist() == [250, 50]
    assert made.fee_minor.tolist() == [14, 6]
    assert made.shares == (outstanding,)
    assert refused == ["NONE", "NONE"]


def test_a_down_payment_leaves_something_to_lend() -> None:
    plan = RepaymentPlan(method=EqualInstallments(), down_payment=fixed(100))

    _, refused = amounts_of(plan, [101, 100, 99])

    assert refused == ["NONE", "DOWN_PAYMENT", "DOWN_PAYMENT"]


def test_a_balloon_is_at_most_what_is_lent() -> None:
    # 10 are financed, and 20 paid down.
    plan = RepaymentPlan(
        method=EqualInstallments(),
        down_payment=fixed(20),
        balloon=fixed(100),
        fees=(fee(FeeTiming.FINANCED, fixed(10)),),
    )

    _, refused = amounts_of(plan, [111, 110, 109])

    assert refused == ["NONE", "NONE", "BALLOON"]


def test_a_sum_upfront_is_in_no_row_but_in_the_currency_of_the_loan() -> None:
    plan = RepaymentPlan(
        method=EqualInstallments(), fees=(fee(FeeTiming.UPFRONT, fixed(9)),)
    )
    portions = portions_of(2, currency_index=[0, 1])

    made = PlanAmounts.of(plan, 3, np.array([100, 100]), portions)

    assert made.base_minor.tolist() == [100, 100]
    assert reasons(portions) == ["NONE", "CURRENCY"]


@pytest.mark.parametrize("timing", [FeeTiming.FINANCED, FeeTiming.PER_INSTALLMENT])
def test_fees_that_add_up_beyond_the_bound_are_refused(timing: FeeTiming) -> None:
    many = tuple(fee(timing, fixed(LARGE_MAX - 1)) for _ in range(5))
    named = tuple(attrs.evolve(one, name=str(row)) for row, one in enumerate(many))
    plan = RepaymentPlan(method=EqualInstallments(), fees=named)

    made, refused = amounts_of(plan, [1])

    assert refused == ["TOO_LARGE"]
    assert made.base_minor[0] <= LARGE_MAX
    assert made.fee_minor[0] <= LARGE_MAX


@pytest.mark.parametrize(("count", "is_refused"), [(3, False), (2, True), (1, True)])
def test_grace_leaves_a_row(count: int, is_refused: bool) -> None:
    principal = RepaymentPlan(
        method=EqualInstallments(), grace=Grace(principal_count=2)
    )
    interest = RepaymentPlan(
        method=EqualPrincipal(),
        grace=Grace(
            interest_payment_count=2,
            deferred_interest=DeferredInterest.LAST_INSTALLMENT,
        ),
    )

    for plan, reason in ((principal, "PRINCIPAL_GRACE"), (interest, "INTEREST_GRACE")):
        _, refused = amounts_of(plan, [100], count)
        assert refused == [reason if is_refused else "NONE"]


@pytest.mark.parametrize(
    ("count", "reason"), [(3, "NONE"), (2, "WEIGHTS"), (4, "WEIGHTS")]
)
def test_each_installment_has_a_weight(count: int, reason: str) -> None:
    plan = RepaymentPlan(method=Weighted((1, 2, 1)))

    assert amounts_of(plan, [100], count)[1] == [reason]


@pytest.mark.parametrize(
    ("count", "refused"),
    [(3, ["NONE", "AMOUNTS", "AMOUNTS"]), (2, ["AMOUNTS"] * 3), (4, ["AMOUNTS"] * 3)],
)
def test_agreed_parts_are_all_that_is_lent(count: int, refused: list[str]) -> None:
    parts = tuple(Money(minor, EUR) for minor in (50, 30, 20))
    plan = RepaymentPlan(method=CustomPrincipal(parts))

    made, found = amounts_of(plan, [100, 99, 101], count)

    assert found == refused
    assert made.agreed == ((50, 30, 20) if count == 3 else (0,) * count)


@pytest.mark.parametrize(
    ("count", "reason"), [(3, "NONE"), (2, "AMOUNTS"), (4, "AMOUNTS")]
)
def test_agreed_installments_are_all_but_the_last(count: int, reason: str) -> None:
    plan = RepaymentPlan(
        method=CustomInstallments((Money(50, EUR), Money(LIMIT // 4 - 1, EUR)))
    )

    made, found = amounts_of(plan, [100], count)

    assert found == [reason]
    assert made.agreed == ((50, LIMIT // 4 - 1) if count == 3 else (0,) * count)


def test_agreed_amounts_are_in_the_currency_of_the_loan_and_bounded() -> None:
    for minor, reason in ((5, "CURRENCY"), (2**63, "TOO_LARGE")):
        plan = RepaymentPlan(method=CustomInstallments((Money(minor, EUR),)))
        portions = portions_of(2, currency_index=[0, 1])
        made = PlanAmounts.of(plan, 2, np.array([100, 100]), portions)
        assert made.agreed == (min(minor, LIMIT),)
        first = "NONE" if minor == 5 else "TOO_LARGE"
        assert reasons(portions) == [first, "CURRENCY"], reason


# Which columns a plan fills.


@pytest.mark.parametrize("timing", list(FeeTiming))
def test_only_fees_of_installments_are_in_rows(timing: FeeTiming) -> None:
    plan = RepaymentPlan(
        method=EqualInstallments(), fees=(fee(timing, Portion.of_share("0.1")),)
    )

    assert has_fees(plan) == (timing is FeeTiming.PER_INSTALLMENT)
    assert not has_fees(EQUAL_INSTALLMENTS)


def put_off(where: DeferredInterest) -> dict[str, Any]:
    grace = Grace(principal_count=1, interest_payment_count=1, deferred_interest=where)
    return {"method": EqualInstallments(), "grace": grace}


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        (EQUAL_INSTALLMENTS, False),
        (RepaymentPlan(method=Bullet()), False),
        (RepaymentPlan(method=Bullet(is_compounded=True)), True),
        (RepaymentPlan(**put_off(DeferredInterest.CAPITALIZED)), True),
        (RepaymentPlan(**put_off(DeferredInterest.FIRST_INSTALLMENT)), False),
        (RepaymentPlan(**put_off(DeferredInterest.LAST_INSTALLMENT)), False),
        (
            RepaymentPlan(
                method=EqualInstallments(), unpaid_interest=UnpaidInterest.CAPITALIZED
            ),
            True,
        ),
        (
            RepaymentPlan(
                method=EqualInstallments(), unpaid_interest=UnpaidInterest.CARRIED
            ),
            False,
        ),
    ],
)
def test_interest_may_join_the_debt_by_plan(
    plan: RepaymentPlan, expected: bool
) -> None:
    assert has_capitalized(plan) is expected
