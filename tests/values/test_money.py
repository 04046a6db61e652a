"""Money: exact in, exact out, and nothing lost in a division."""

from __future__ import annotations

import copy
import decimal
import pickle
from decimal import Decimal
from fractions import Fraction
from typing import Final

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from microcrm_core import (
    Currency,
    CurrencyMismatchError,
    InvalidValueError,
    Money,
    canonical_json,
)
from microcrm_core.currency_table import CURRENCIES
from microcrm_core.money import sum_money
from microcrm_core.rounding import Rounding

EUR: Final = Currency.of("EUR")
CZK: Final = Currency.of("CZK")
JPY: Final = Currency.of("JPY")

minors = st.integers(-(10**30), 10**30)
small_minors = st.integers(-5_000, 5_000)
currencies = st.sampled_from(sorted(CURRENCIES)).map(Currency.of)
whole_weights = st.lists(st.integers(0, 30), min_size=1, max_size=8).filter(any)


def minor_of(shares: tuple[Money, ...]) -> list[int]:
    return [share.minor for share in shares]


# Amounts in and out


def test_decimal_text_comes_in_exactly_where_a_float_would_not() -> None:
    # 0.1 + 0.2 is the textbook case: in binary floats it is not 0.3.
    assert Money.of("0.1", EUR) + Money.of("0.2", EUR) == Money.of("0.3", EUR)


@pytest.mark.parametrize(
    ("amount", "code", "minor"),
    [
        ("12.34", "EUR", 1234),
        ("12", "EUR", 1200),
        ("+12.3", "EUR", 1230),
        ("-0.05", "EUR", -5),
        ("12.340", "EUR", 1234),
        (12, "EUR", 1200),
        (Decimal("12.34"), "EUR", 1234),
        (Decimal("1E+2"), "EUR", 10_000),
        (Decimal("0E+2"), "EUR", 0),
        ("12", "JPY", 12),
        ("1.234", "KWD", 1234),
        ("0.0001", "CLF", 1),
    ],
)
def test_amounts_come_in_at_the_exponent_of_the_currency(
    amount: str | int | Decimal, code: str, minor: int
) -> None:
    assert Money.of(amount, Currency.of(code)).minor == minor


@pytest.mark.parametrize(
    "amount",
    [
        "",
        " 1",
        "1 ",
        "1.",
        ".5",
        "1,50",
        "1_000",
        "1e2",
        "NaN",
        "Infinity",
        "12.34 EUR",
        "--1",
        "١٢",  # digits, but not ASCII
        "1\n",
    ],
)
def test_text_that_is_no_plain_decimal_is_refused(amount: str) -> None:
    with pytest.raises(InvalidValueError, match=r"^amount must be a plain decimal"):
        Money.of(amount, EUR)


@pytest.mark.parametrize("amount", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_decimals_that_are_not_finite_are_refused(amount: str) -> None:
    with pytest.raises(InvalidValueError, match=r"^amount must be a finite number"):
        Money.of(Decimal(amount), EUR)


@pytest.mark.parametrize("amount", ["1E+100", "1E-101", "1E+999999", "0E-999999"])
def test_a_short_text_cannot_ask_for_endless_digits(amount: str) -> None:
    with pytest.raises(InvalidValueError, match="at most 100 digits before and after"):
        Money.of(Decimal(amount), EUR, rounding=Rounding.DOWN)


def test_a_hundred_digits_on_each_side_are_taken() -> None:
    assert Money.of(Decimal("1E+99"), EUR).minor == 10**101
    tiny = Money.of(Decimal("1E-100"), EUR, rounding=Rounding.UP)
    assert tiny.minor == 1


@pytest.mark.parametrize("amount", [1.5, 1.0, True, None, b"1"])
def test_floats_bools_and_other_things_are_no_amounts(amount: object) -> None:
    with pytest.raises(InvalidValueError, match=r"^amount must be"):
        Money.of(amount, EUR)  # type: ignore[arg-type]  # on purpose
    with pytest.raises(InvalidValueError, match=r"^minor must be a whole number"):
        Money(amount, EUR)  # type: ignore[arg-type]  # on purpose


def test_a_currency_code_is_no_currency() -> None:
    with pytest.raises(InvalidValueError) as caught:
        Money(1, "EUR")  # type: ignore[arg-type]  # on purpose
    assert str(caught.value) == (
        "currency must be a Currency, got 'EUR'; use Currency.of(\"EUR\")"
    )


def test_the_text_of_a_currency_is_named_in_the_hint() -> None:
    with pytest.raises(InvalidValueError, match=r'use Currency\.of\("CNY"\)$'):
        Money.of("5", "CNY")  # type: ignore[arg-type]  # on purpose


def test_digits_that_do_not_fit_are_refused_unless_a_rounding_is_named() -> None:
    with pytest.raises(InvalidValueError) as caught:
        Money.of("12.345", EUR)
    assert str(caught.value) == (
        "amount must have at most 2 digits after the point in EUR, got '12.345'; "
        "name a rounding= to drop digits"
    )
    assert Money.of("12.345", EUR, rounding=Rounding.HALF_EVEN).minor == 1234
    assert Money.of("12.345", EUR, rounding=Rounding.HALF_UP).minor == 1235


@given(minors, currencies)
def test_an_amount_survives_the_trip_through_decimal_and_text(
    minor: int, currency: Currency
) -> None:
    money = Money(minor, currency)
    with decimal.localcontext() as context:
        context.prec = 3  # the caller's context must not matter
        assert Money.of(money.amount, currency) == money
        assert Money.of(f"{money.amount:f}", currency) == money
        assert str(money) == f"{currency.code} {money.amount:f}"


def test_amounts_show_all_digits_of_their_currency() -> None:
    assert str(Money(1230, EUR)) == "EUR 12.30"
    assert str(Money(-5, EUR)) == "EUR -0.05"
    assert str(Money(12, JPY)) == "JPY 12"
    assert str(Money(0, Currency.of("KWD"))) == "KWD 0.000"
    assert repr(Money(1230, EUR)) == "Money(1230, EUR)"
    assert str(Money(1230, EUR).amount) == "12.30"


# Arithmetic


@given(minors, minors)
def test_sums_and_differences_are_those_of_whole_numbers(a: int, b: int) -> None:
    assert (Money(a, EUR) + Money(b, EUR)).minor == a + b
    assert (Money(a, EUR) - Money(b, EUR)).minor == a - b
    assert (-Money(a, EUR)).minor == -a
    assert abs(Money(a, EUR)).minor == abs(a)
    assert (Money(a, EUR) < Money(b, EUR)) == (a < b)
    assert (Money(a, EUR) <= Money(b, EUR)) == (a <= b)
    assert (Money(a, EUR) > Money(b, EUR)) == (a > b)
    assert (Money(a, EUR) >= Money(b, EUR)) == (a >= b)


def test_amounts_are_ordered_at_equality_too() -> None:
    one, same = Money(1, EUR), Money(1, EUR)
    assert one <= same
    assert one >= same
    assert not one < same
    assert not one > same


def test_two_currencies_meet_in_no_operation() -> None:
    euro, crown = Money(1, EUR), Money(1, CZK)
    for operation in (
        lambda: euro + crown,
        lambda: euro - crown,
        lambda: euro < crown,
        lambda: euro <= crown,
        lambda: euro > crown,
        lambda: euro >= crown,
        lambda: sum_money([euro, crown], EUR),
    ):
        with pytest.raises(
            CurrencyMismatchError, match=r"^currency must be EUR, got 'CZK'$"
        ):
            operation()
    assert euro != crown


def test_a_custom_unit_made_twice_is_one_unit() -> None:
    there, here = (Money(3, Currency.custom("PTS", 0)) for _ in range(2))
    assert there + here == 2 * there
    assert not there < here


def test_zero_of_two_currencies_is_not_the_same_either() -> None:
    assert Money(0, EUR) != Money(0, CZK)
    with pytest.raises(CurrencyMismatchError):
        sum_money([Money(0, CZK)], EUR)


@pytest.mark.parametrize("other", [1, 1.0, Decimal(1), "EUR 1.00", None])
def test_money_does_not_mix_with_plain_numbers(other: object) -> None:
    money = Money(100, EUR)
    assert money != other
    for operation in (
        lambda: money + other,  # type: ignore[operator]  # on purpose
        lambda: money - other,  # type: ignore[operator]  # on purpose
        lambda: money < other,  # type: ignore[operator]  # on purpose
        lambda: money <= other,  # type: ignore[operator]  # on purpose
        lambda: money > other,  # type: ignore[operator]  # on purpose
        lambda: money >= other,  # type: ignore[operator]  # on purpose
    ):
        with pytest.raises(TypeError):
            operation()


def test_only_whole_numbers_multiply_without_a_rounding() -> None:
    assert (Money(150, EUR) * 3).minor == 450
    assert (3 * Money(150, EUR)).minor == 450
    for count in (1.5, True, Decimal(2), Money(2, EUR)):
        with pytest.raises(InvalidValueError, match=r"^count must be a whole number"):
            Money(150, EUR) * count  # type: ignore[operator]  # on purpose


def test_a_factor_is_exact_and_rounded_once() -> None:
    # Simple interest, ACT/365: 100000 x 0.24 x 30 / 365 = 1972.602... minor units.
    principal = Money(100_000, EUR)
    factor = Fraction(24, 100) * Fraction(30, 365)
    assert principal.times(factor, rounding=Rounding.DOWN).minor == 1972
    assert principal.times(factor, rounding=Rounding.HALF_EVEN).minor == 1973
    half = Decimal("0.5")
    assert Money(5, EUR).times(half, rounding=Rounding.HALF_EVEN).minor == 2
    assert Money(-5, EUR).times(half, rounding=Rounding.HALF_UP).minor == -3
    with pytest.raises(InvalidValueError, match=r"^factor must be an exact number"):
        principal.times(0.24, rounding=Rounding.UP)  # type: ignore[arg-type]  # float


def test_money_has_no_truth_value() -> None:
    """An amount of zero must never be taken for an amount that is not given."""
    for minor, shown in ((0, "EUR 0.00"), (1, "EUR 0.01")):
        with pytest.raises(InvalidValueError) as caught:
            bool(Money(minor, EUR))
        assert str(caught.value) == (
            f"the truth of a Money must be asked for by name, got {shown!r}; "
            "use is_zero, is_positive, is_negative or `is None`"
        )


def test_the_sign_is_asked_for_by_name() -> None:
    def signs(minor: int) -> tuple[bool, bool, bool]:
        money = Money(minor, EUR)
        return money.is_negative, money.is_zero, money.is_positive

    assert signs(-1) == (True, False, False)
    assert signs(0) == (False, True, False)
    assert signs(1) == (False, False, True)


@given(st.lists(minors, max_size=6))
def test_a_sum_of_amounts_is_the_sum_of_their_units(parts: list[int]) -> None:
    assert sum_money((Money(p, EUR) for p in parts), EUR) == Money(sum(parts), EUR)


# Parts


def test_three_shares_of_ten_euros_make_ten_euros() -> None:
    # Fowler, Patterns of Enterprise Application Architecture, "Money": Foemmel's
    # conundrum, and the even split that loses no cent.
    assert minor_of(Money(1000, EUR).split(3)) == [334, 333, 333]
    assert minor_of(Money(-1000, EUR).split(3)) == [-334, -333, -333]


def test_foemmels_conundrum_allocates_five_cents_by_seventy_to_thirty() -> None:
    # Fowler, ibid.: 5 cents by 70:30 are 3.5 and 1.5; the tie goes to the first.
    assert minor_of(Money(5, EUR).allocate([70, 30])) == [4, 1]
    assert minor_of(Money(5, EUR).allocate([30, 70])) == [2, 3]


def test_seats_are_allocated_as_by_hamilton() -> None:
    # Wikipedia, "Largest remainder method", example with the Hare quota: 100,000
    # votes, 10 seats; 47000, 16000, 15800, 12000, 6100, 3100 votes get
    # 5, 2, 1, 1, 1, 0 seats.
    votes = [47_000, 16_000, 15_800, 12_000, 6_100, 3_100]
    assert minor_of(Money(10, JPY).allocate(votes)) == [5, 2, 1, 1, 1, 0]


@given(minors, st.integers(1, 40))
def test_a_split_conserves_the_amount_with_the_larger_shares_first(
    minor: int, parts: int
) -> None:
    shares = minor_of(Money(minor, EUR).split(parts))
    assert len(shares) == parts
    assert sum(shares) == minor
    sizes = [abs(share) for share in shares]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] - sizes[-1] <= 1
    assert shares == minor_of(Money(minor, EUR).allocate([1] * parts))


@given(minors, whole_weights)
def test_an_allocation_conserves_and_stays_within_one_unit(
    minor: int, weights: list[int]
) -> None:
    shares = minor_of(Money(minor, EUR).allocate(weights))
    assert sum(shares) == minor
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share - Fraction(minor * weight, sum(weights))) < 1
        if weight == 0:
            assert share == 0


@given(small_minors, whole_weights)
def test_the_order_of_weights_changes_only_who_gets_a_tie(
    minor: int, weights: list[int]
) -> None:
    total = sum(weights)
    rests = {weight: abs(minor) * weight % total for weight in weights}
    assume(len(set(rests.values())) == len(rests))  # ties of equal weights only
    there = minor_of(Money(minor, EUR).allocate(weights))
    back = minor_of(Money(minor, EUR).allocate(weights[::-1]))[::-1]
    pairs = sorted(zip(weights, there, strict=True))
    assert pairs == sorted(zip(weights, back, strict=True))


@given(small_minors, whole_weights)
def test_a_larger_weight_never_gets_less(minor: int, weights: list[int]) -> None:
    sizes = [abs(part.minor) for part in Money(minor, EUR).allocate(weights)]
    for size, weight in zip(sizes, weights, strict=True):
        for other_size, other_weight in zip(sizes, weights, strict=True):
            if weight > other_weight:
                assert size >= other_size
            if weight == other_weight:
                assert abs(size - other_size) <= 1


@given(small_minors, whole_weights)
def test_left_over_units_go_to_the_largest_rests_and_ties_to_the_first(
    minor: int, weights: list[int]
) -> None:
    shares = Money(abs(minor), EUR).allocate(weights)
    total = sum(weights)
    floors = [abs(minor) * weight // total for weight in weights]
    rests = [abs(minor) * weight % total for weight in weights]
    won = [s.minor - floor for s, floor in zip(shares, floors, strict=True)]
    for i, is_winner in enumerate(won):
        for j, is_other_winner in enumerate(won):
            if is_winner and not is_other_winner:
                assert rests[i] > rests[j] or (rests[i] == rests[j] and i < j)


@given(small_minors, whole_weights)
def test_a_refund_is_allocated_like_its_charge(minor: int, weights: list[int]) -> None:
    refund = Money(-minor, EUR).allocate(weights)
    assert minor_of(refund) == [
        -share.minor for share in Money(minor, EUR).allocate(weights)
    ]


@given(small_minors, whole_weights, st.fractions(Fraction(1, 50), 50))
def test_only_the_proportion_of_the_weights_counts(
    minor: int, weights: list[int], scale: Fraction
) -> None:
    money = Money(minor, EUR)
    scaled = [weight * scale for weight in weights]
    assert money.allocate(scaled) == money.allocate(weights)


@pytest.mark.parametrize(
    ("weights", "text"),
    [
        ([0, 0], r"weights must not be all zero, got \[0, 0\]"),
        ([1, -1], r"weights\[1\] must not be negative, got Fraction\(-1, 1\)"),
        ([0.5, 1], r"weights\[0\] must be a whole number"),
        ([True, 1], r"weights\[0\] must be a whole number"),
    ],
)
def test_weights_that_make_no_proportion_are_refused(
    weights: list[int], text: str
) -> None:
    with pytest.raises(InvalidValueError, match=f"^{text}"):
        Money(10, EUR).allocate(weights)


@pytest.mark.parametrize("parts", [0, -1, 1.0, True])
def test_a_number_of_parts_below_one_is_refused(parts: int) -> None:
    with pytest.raises(InvalidValueError, match=r"^parts must be"):
        Money(10, EUR).split(parts)


# Cash and multiples


@pytest.mark.parametrize(
    ("minor", "cash"),
    # Royal Canadian Mint, "Eliminating the penny": totals ending in 1 and 2 go down
    # to 0, in 3 and 4 up to 5, in 6 and 7 down to 5, in 8 and 9 up to 10.
    [(101, 100), (102, 100), (103, 105), (104, 105), (106, 105), (107, 105),
     (108, 110), (109, 110), (110, 110)],
)  # fmt: skip
def test_canadian_cash_totals_round_as_the_mint_says(minor: int, cash: int) -> None:
    money = Money(minor, Currency.of("CAD"))
    assert money.round_to_cash(rounding=Rounding.HALF_UP).minor == cash


def test_cash_steps_are_those_of_the_currency() -> None:
    half = Rounding.HALF_UP
    assert str(Money(1049, CZK).round_to_cash(rounding=half)) == "CZK 10.00"
    assert str(Money(1050, CZK).round_to_cash(rounding=half)) == "CZK 11.00"
    assert str(Money(1049, EUR).round_to_cash(rounding=half)) == "EUR 10.49"


@given(minors, st.integers(1, 10**6), st.sampled_from(Rounding))
def test_a_multiple_is_a_multiple_less_than_one_step_away(
    minor: int, multiple: int, mode: Rounding
) -> None:
    rounded = Money(minor, EUR).to_multiple(multiple, rounding=mode)
    assert rounded.currency is EUR
    assert rounded.minor % multiple == 0
    assert abs(rounded.minor - minor) < multiple


# Identity


def test_canonical_json_holds_minor_units_and_the_code() -> None:
    assert canonical_json(Money(1050, EUR)) == '{"currency":"EUR","minor":1050}'


def test_money_travels_between_processes_and_finds_its_currency() -> None:
    points = Currency.custom("POINTS", 0, name="Points", cash_multiple_minor=10)
    for money in (Money(1, EUR), Money(2, points)):
        for twin in (pickle.loads(pickle.dumps(money)), copy.deepcopy(money)):
            assert twin == money
            assert hash(twin) == hash(money)
            assert twin.currency.name == money.currency.name
    assert pickle.loads(pickle.dumps(EUR)) is EUR


def test_a_code_is_no_currency() -> None:
    with pytest.raises(InvalidValueError, match="currency must be a Currency"):
        Money.of("10.00", "EUR")  # type: ignore[arg-type]  # what is tested


def test_no_weight_at_all_is_refused_as_such() -> None:
    with pytest.raises(InvalidValueError, match="weights must not be empty"):
        Money(1, Currency.of("EUR")).allocate([])
