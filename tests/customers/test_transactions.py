from __future__ import annotations

import datetime as dt

import attrs
import pytest

from microcrm_core import Currency, CurrencyMismatchError, InvalidValueError, Money
from microcrm_core.customers import Direction, Transaction
from microcrm_core.ids import CustomerId, TransactionId

EURO = Currency.of("EUR")
SALE = Transaction(
    id=TransactionId("t-1"),
    customer_id=CustomerId("c-1"),
    booked_on=dt.date(2024, 3, 1),
    direction=Direction.IN,
    amount=Money(2500, EURO),
)


def test_a_transaction_is_known_on_its_day_where_nothing_else_is_said() -> None:
    assert SALE.known_on == SALE.booked_on


def test_direction_decides_the_sign() -> None:
    assert SALE.signed_minor == 2500
    assert attrs.evolve(SALE, direction=Direction.OUT).signed_minor == -2500


def test_it_counts_from_the_later_of_its_two_days() -> None:
    late = attrs.evolve(SALE, known_on=dt.date(2024, 3, 5))

    assert not late.is_known_as_of(dt.date(2024, 3, 4))
    assert late.is_known_as_of(dt.date(2024, 3, 5))
    early = attrs.evolve(SALE, known_on=dt.date(2024, 2, 1))
    assert not early.is_known_as_of(dt.date(2024, 2, 29))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount", Money(0, EURO)),
        ("amount", Money(-1, EURO)),
        ("amount", 2500),
        ("direction", "in"),
        ("sequence", -1),
        ("sequence", True),
        ("balance_after", 100),
        ("booked_on", "2024-03-01"),
        ("customer_id", " c-1"),
    ],
)
def test_a_field_that_breaks_its_rule_is_refused(field: str, value: object) -> None:
    with pytest.raises(InvalidValueError) as refused:
        attrs.evolve(SALE, **{field: value})  # type: ignore[arg-type] # wrong on purpose

    assert refused.value.field == field


def test_a_balance_in_another_currency_is_refused() -> None:
    with pytest.raises(CurrencyMismatchError, match="balance_after must be in EUR"):
        attrs.evolve(SALE, balance_after=Money(1, Currency.of("CZK")))
