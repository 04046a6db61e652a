from __future__ import annotations

import datetime as dt

import attrs
import pytest

from microcrm_core import InvalidValueError, Money
from tests.loans.loan_cases import KWD, make_repayment

PAID_ON = dt.date(2025, 2, 15)
DAY = dt.timedelta(days=1)


@pytest.mark.parametrize("amount", [Money(0, KWD), Money(-1, KWD), 5])
def test_a_repayment_is_an_amount_above_zero(amount: object) -> None:
    with pytest.raises(InvalidValueError, match="above zero"):
        attrs.evolve(
            make_repayment(1, PAID_ON, 1),
            amount=amount,  # type: ignore[arg-type]  # on purpose
        )


def test_a_repayment_counts_once_it_is_paid_and_known() -> None:
    told_later = make_repayment(1, PAID_ON, 1, known_on=PAID_ON + DAY)
    told_before = make_repayment(2, PAID_ON, 1, known_on=PAID_ON - DAY)

    for one, first_on in ((told_later, PAID_ON + DAY), (told_before, PAID_ON)):
        assert not one.is_known_as_of(first_on - DAY)
        assert one.is_known_as_of(first_on)
