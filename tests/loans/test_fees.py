from __future__ import annotations

import pytest

from microcrm_core import Currency, CurrencyMismatchError, InvalidValueError, Money
from microcrm_core.loans import Fee, FeeBase, FeeTiming, Portion
from microcrm_core.rounding import Rounding
from tests.loans.loan_cases import EUR

TENTH = Portion.of_share("0.1")


@pytest.mark.parametrize(
    ("rounding", "minor"), [(Rounding.HALF_EVEN, 2), (Rounding.HALF_UP, 3)]
)
def test_a_share_is_rounded_once(rounding: Rounding, minor: int) -> None:
    # A tenth of 25 is two and a half.
    assert TENTH.minor_of(Money(25, EUR), rounding) == minor


def test_a_fixed_sum_does_not_look_at_the_amount() -> None:
    portion = Portion.of_amount(Money(150, EUR))

    assert portion.minor_of(Money(25, EUR), Rounding.DOWN) == 150
    with pytest.raises(CurrencyMismatchError, match="must be in USD, got 'EUR'"):
        portion.minor_of(Money(25, Currency.of("USD")), Rounding.DOWN)


def test_a_portion_is_a_share_or_a_sum_above_zero() -> None:
    with pytest.raises(InvalidValueError, match="must be a share or an amount"):
        Portion()
    with pytest.raises(InvalidValueError, match="must be a share or an amount"):
        Portion(share=TENTH.share, amount=Money(1, EUR))
    with pytest.raises(InvalidValueError, match="share must be above zero, got '0'"):
        Portion.of_share(0)
    with pytest.raises(InvalidValueError, match="amount must be above zero"):
        Portion.of_amount(Money(0, EUR))
    with pytest.raises(InvalidValueError, match="share must be an exact number"):
        Portion.of_share(0.1)  # type: ignore[arg-type]  # on purpose


@pytest.mark.parametrize("timing", [FeeTiming.UPFRONT, FeeTiming.FINANCED])
def test_a_fee_at_the_start_knows_no_outstanding_principal(timing: FeeTiming) -> None:
    with pytest.raises(InvalidValueError, match="must be principal for a fee at the"):
        Fee(name="file", timing=timing, portion=TENTH, base=FeeBase.OUTSTANDING)


def test_a_fixed_sum_has_no_other_base() -> None:
    with pytest.raises(InvalidValueError, match="base must be principal for a fixed"):
        Fee(
            name="service",
            timing=FeeTiming.PER_INSTALLMENT,
            portion=Portion.of_amount(Money(1, EUR)),
            base=FeeBase.OUTSTANDING,
        )


def test_a_fee_has_a_name() -> None:
    with pytest.raises(InvalidValueError, match="name must be text"):
        Fee(name=" ", timing=FeeTiming.UPFRONT, portion=TENTH)
