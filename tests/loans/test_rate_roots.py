"""Roots of the equation of a credit, where they are known beforehand."""

from __future__ import annotations

from fractions import Fraction
from math import exp, expm1, isfinite, log, log1p
from typing import ClassVar

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from microcrm_core.loans.rate_roots import (
    GROWTH_LOG_MAX,
    GROWTH_LOG_MIN,
    SIMPLE_RATE_MAX,
    Equation,
    Roots,
    find_roots,
    find_simple_rate,
    sign_changes,
    simple_balance,
)


def equation(*amounts: float, first: float = 0.0, odd: float = 0.0) -> Equation:
    """One amount a period; the odd part of a period stands before all but the first."""
    size = len(amounts)
    return Equation(
        amounts=amounts,
        wholes=(0.0, *(first + float(n) for n in range(1, size))),
        odds=(0.0, *(odd for _ in range(1, size))),
    )


def with_growths(*growths: float) -> Equation:
    """The equation whose roots are the logarithms of these growths alone."""
    terms = [Fraction(1)]
    for growth in growths:
        share = Fraction(growth).limit_denominator(10_000)
        longer = [*terms, Fraction(0)]
        for place, term in enumerate(terms):
            longer[place + 1] -= share * term
        terms = longer
    largest = max(abs(term) for term in terms)
    return equation(*(float(term / largest) for term in terms))


def rates(found: Roots) -> list[float]:
    return [expm1(root) for root in found.roots]


# Directive 98/7/EC, Annex III, third example: 1000 and twice 600 a year apart, 13.1 %.
EUROPEAN = equation(1.0, -0.6, -0.6)
# 12 CFR 1026, Appendix J (b)(9): 1000 and 36 payments of 33.61 a month apart.
AMERICAN = equation(1.0, *[-0.03361] * 36)
# Appendix J (c)(1)(iv): 10000 and 40 payments of 385 a quarter, the first after one
# quarter and 39 days of 90.
ODD = equation(1.0, *[-0.0385] * 40, first=0.0, odd=39 / 90)
# Appendix J (c)(1)(v): 500 and 30 weekly payments of 17.60 after 4 weeks and 4 days.
WEEKLY = equation(1.0, *[-0.0352] * 30, first=3.0, odd=4 / 7)


@pytest.mark.parametrize(
    ("one", "per_year", "percent"),
    [
        (EUROPEAN, 1, 13.06623863),
        (AMERICAN, 12, 12.83),
        (ODD, 4, 8.97),
        (WEEKLY, 52, 14.96),
    ],
)
def test_printed_examples_have_their_rate(
    one: Equation, per_year: int, percent: float
) -> None:
    (rate,) = rates(find_roots(one))

    assert 100 * per_year * rate == pytest.approx(percent, abs=0.005)
    assert abs(one.value(log1p(rate))) < 1e-14


@pytest.mark.parametrize(
    "growths",
    [
        (1.1,),
        (1.1, 1.2),
        (1.1, 1.2, 1.3),
        (0.5, 1.0, 1.5, 8.0),
        (1e-4, 1e3),
        (1.0, 1.1),
        (0.9, 1.0),
        (1.01, 1.02, 1.03, 1.04),
    ],
)
def test_every_root_is_found_in_rising_order(growths: tuple[float, ...]) -> None:
    found = find_roots(with_growths(*growths))

    assert rates(found) == pytest.approx([one - 1 for one in growths], rel=1e-6)
    assert found.is_unique == (len(growths) == 1)
    assert not found.has_touch


@pytest.mark.parametrize("growths", [(1.1, 1.1), (1.0, 1.0), (0.5, 0.5), (3.0,) * 2])
def test_two_roots_in_one_point_are_a_touch_and_not_unique(
    growths: tuple[float, ...],
) -> None:
    found = find_roots(with_growths(*growths))

    assert found.has_touch
    assert not found.is_unique
    # Rounding may take a double root apart by the square root of a last digit.
    assert rates(found) == pytest.approx([growths[0] - 1] * len(found.roots), abs=1e-6)


def test_a_touch_beside_another_root_is_found_with_it() -> None:
    found = find_roots(with_growths(1.1, 1.1, 1.5))

    assert found.has_touch
    assert rates(found)[0] == pytest.approx(0.1, abs=1e-6)
    assert rates(found)[-1] == pytest.approx(0.5, abs=1e-9)


def test_changes_of_sign_may_have_no_root() -> None:
    # 1 - x + x squared has no real root.
    assert find_roots(equation(1.0, -1.0, 1.0)) == Roots(roots=(), has_touch=False)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_amounts_of_one_sign_have_no_root(sign: float) -> None:
    one = equation(sign, sign, sign)

    assert find_roots(one) == Roots(roots=(), has_touch=False)


def test_one_amount_has_no_root() -> None:
    one = Equation(amounts=(1.0,), wholes=(0.0,), odds=(0.0,))

    assert find_roots(one).roots == ()


@pytest.mark.parametrize("share", [1.0, 1 / 12, 1 / 365])
@pytest.mark.parametrize(
    ("part", "is_found"),
    [
        (1.0, True),
        (1.0 - 1e-12, True),
        (1.0 + 1e-12, True),
        (0.5, True),
        # Ten times less than the least is out of the range, so is 1e30 times the most.
        (1.2, False),
    ],
)
def test_the_range_holds_its_bounds_and_nothing_beyond(
    share: float, part: float, is_found: bool
) -> None:
    for bound in (log(1e-6), log(1e300)):
        root = bound * share * part
        # Scaled so that neither amount is large.
        periods = 1 / share / 200
        growth = exp(root * periods)
        one = Equation(
            amounts=(min(1.0, 1 / growth), -min(1.0, growth)),
            wholes=(0.0, periods),
            odds=(0.0, 0.0),
        )

        found = find_roots(one, share=share)

        expected = [pytest.approx(root, rel=1e-9)] if is_found else []
        assert list(found.roots) == expected
        # With the borrower paying first it is the same.
        turned = Equation(
            amounts=(-one.amounts[0], -one.amounts[1]), wholes=one.wholes, odds=one.odds
        )
        assert list(find_roots(turned, share=share).roots) == expected


def test_the_range_is_as_wide_as_it_says_and_hardly_wider() -> None:
    assert log(1e-6) - 1e-5 < GROWTH_LOG_MIN < log(1e-6)
    assert log(1e300) < GROWTH_LOG_MAX < log(1e300) + 1e-5
    assert 1e100 < SIMPLE_RATE_MAX < 1.0001e100


def test_roots_beyond_the_range_are_not_roots_of_several_either() -> None:
    # Growths of 1.1 and of 1e-7: only one of them is searched, so it is the only one.
    far = Equation(
        amounts=(1e-7, -(1.1e-7 + 1e-14), 1.1e-14), wholes=(0.0, 1.0, 2.0),
        odds=(0.0,) * 3,
    )  # fmt: skip

    found = find_roots(far)

    assert rates(found) == pytest.approx([0.1], rel=1e-9)
    assert found.is_unique


def test_several_roots_at_simple_odd_times_are_found() -> None:
    # -1 + 2.31 / (1 + r / 2) - 1.32 / (1 + r), times both divisors, is a half of
    # -(r - 0.1)(r - 0.2).
    one = Equation(
        amounts=(-1.0, 2.31, -1.32), wholes=(0.0, 0.0, 1.0), odds=(0.0, 0.5, 0.0)
    )

    found = find_roots(one)

    assert not found.is_unique
    assert rates(found) == pytest.approx([0.1, 0.2], rel=1e-9)


def test_long_terms_do_not_overflow() -> None:
    long = equation(1.0, *[-1 / 600] * 600)
    assert rates(find_roots(long)) == pytest.approx([0.0], abs=1e-12)
    dear = equation(1e-12, *[-1.0] * 600)
    # The first payment alone nearly decides: growth of 1e12 and one more.
    assert rates(find_roots(dear)) == pytest.approx([1e12], rel=1e-9)
    cheap = Equation(
        amounts=(1.0, *[-1e-9] * 600), wholes=tuple(map(float, range(601))),
        odds=(0.0,) * 601,
    )  # fmt: skip
    (root,) = find_roots(cheap).roots
    assert -0.05 < root < -0.02
    received, paid = 1.0, sum(1e-9 * exp(-root * n) for n in range(1, 601))
    assert paid == pytest.approx(received, rel=1e-9)


class Counted(Equation):
    """An equation that notes every *y* at which it is asked."""

    asked: ClassVar[list[float]] = []

    def discounts(self, y: float) -> list[float]:
        self.asked.append(y)
        return super().discounts(y)


@pytest.mark.parametrize("odd", [0.0, 0.5])
@pytest.mark.parametrize("advances", [1, 2, 5])
def test_newtons_method_comes_in_within_few_steps(advances: int, odd: float) -> None:
    one = equation(*[1.0] * advances, *[-0.11 * advances] * 12, odd=odd)
    counted = Counted(amounts=one.amounts, wholes=one.wholes, odds=one.odds)
    Counted.asked.clear()

    (root,) = find_roots(counted).roots

    assert 0 < expm1(root) < 1
    # Twice at each bound of the range, then steps that leave their square.
    assert len(Counted.asked) <= 12


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("later", [5.01, 5.001])
def test_a_step_to_where_one_side_has_vanished_is_taken_back(
    sign: float, later: float
) -> None:
    # A flat slope at zero leads beyond the range, and in its middle nothing is left of
    # the last flow. At the root it is worth what the first is, but for a last digit.
    one = Equation(
        amounts=(-sign * 1e-12, -sign * 1e-3, sign), wholes=(0.0, 5.0, later),
        odds=(0.0,) * 3,
    )  # fmt: skip

    (root,) = find_roots(one).roots

    discounts = [exp(-root * whole) for whole in one.wholes]
    owed = 1e-12 + 1e-3 * discounts[1]
    assert owed == pytest.approx(discounts[2], rel=1e-9, abs=0.0)


@pytest.mark.parametrize(
    ("amounts", "changes"),
    [((1.0,), 0), ((1.0, 2.0), 0), ((1.0, -2.0), 1), ((-1.0, 2.0, -1.0), 2)],
)
def test_changes_of_sign_are_counted(amounts: tuple[float, ...], changes: int) -> None:
    assert sign_changes(amounts) == changes


AMOUNTS = st.lists(
    st.floats(-1, 1).filter(lambda one: abs(one) > 1e-3), min_size=2, max_size=9
)


@given(amounts=AMOUNTS, scale=st.sampled_from([-1.0, 2.0**-40, 2.0**20, -8.0]))
def test_scaling_and_turning_all_amounts_moves_no_root(
    amounts: list[float], scale: float
) -> None:
    here = find_roots(equation(*amounts))
    there = find_roots(equation(*(scale * one for one in amounts)))

    assert there.roots == pytest.approx(here.roots, rel=1e-12, abs=1e-12)
    assert there.has_touch == here.has_touch


@given(amounts=AMOUNTS, odd=st.sampled_from([0.0, 0.25]))
def test_at_every_root_the_equation_is_worth_nothing(
    amounts: list[float], odd: float
) -> None:
    one = equation(*amounts, odd=odd)

    found = find_roots(one)

    for root in found.roots:
        noise = sum(abs(a) for a in amounts) * 1e-9 if found.has_touch else 1e-12
        assert abs(one.value(root)) < noise + 1e-12
    assert list(found.roots) == sorted(found.roots)


@given(amounts=AMOUNTS)
def test_there_are_no_more_roots_than_changes_of_sign(amounts: list[float]) -> None:
    # Descartes: as many, or fewer by an even number. Twice a touch counts as one here.
    found = find_roots(equation(*amounts))
    changes = sign_changes(tuple(amounts))

    assert len(found.roots) <= changes
    if not found.has_touch:
        assert (changes - len(found.roots)) % 2 == 0


@given(amounts=AMOUNTS, times=st.sampled_from([2.0, 0.5, 12.0]))
def test_stretching_the_time_divides_the_roots(
    amounts: list[float], times: float
) -> None:
    here = equation(*amounts)
    there = Equation(
        amounts=here.amounts,
        wholes=tuple(times * whole for whole in here.wholes),
        odds=here.odds,
    )

    found = find_roots(there, share=1 / times)

    expected = find_roots(here)
    assume(not expected.has_touch and not found.has_touch)
    assert [times * root for root in found.roots] == pytest.approx(
        expected.roots, rel=1e-9, abs=1e-9
    )


@given(y=st.floats(-13, 600), odd=st.floats(0, 1))
def test_the_slope_of_a_growth_is_its_derivative(y: float, odd: float) -> None:
    one = equation(1.0, -1.0, odd=odd)
    step = 1e-6

    after, before = one.growth_logs(y + step)[1], one.growth_logs(y - step)[1]

    assert isfinite(after)
    slope = one.growth_slopes(y)[1]
    assert (after - before) / (2 * step) == pytest.approx(slope, abs=1e-4)


def test_discounts_are_at_most_one_on_both_sides_of_zero() -> None:
    one = equation(1.0, -0.5, -0.6, odd=0.25)
    for y in (-13.0, -0.1, 0.0, 0.1, 690.0):
        assert max(one.discounts(y)) == 1.0
        assert min(one.discounts(y)) >= 0.0
    # From the first flow at a rate of zero or more, else from the last.
    assert one.discounts(0.1)[0] == 1.0
    assert one.discounts(-0.1)[-1] == 1.0


# Simple rates: charges over principal and time.


@pytest.mark.parametrize(
    ("amounts", "years", "rate"),
    [
        # 10 % of 100 for a year, and of the 50 that are left: 60, then 55.
        ((100.0, -60.0, -55.0), (0.0, 1.0, 2.0), 0.1),
        # Nothing is paid the first year; the charge of 10 bears no charge.
        ((100.0, -120.0), (0.0, 2.0), 0.1),
        # 5 paid of 10; the 5 wait and bear nothing: 5 + 10 + 100 a year later.
        ((100.0, -5.0, -115.0), (0.0, 1.0, 2.0), 0.1),
        # Paid ahead: 50 more than is owed after a year earn nothing for another.
        ((100.0, -160.0, 50.0), (0.0, 1.0, 2.0), 0.1),
        # Two tranches: 100 for a year, then 200 for half of one.
        ((100.0, 100.0, -220.0), (0.0, 1.0, 1.5), 0.1),
        # Given back less than was lent: a charge below zero is taken off at once.
        ((100.0, -40.0, -45.0), (0.0, 1.0, 2.0), -0.1),
        # It pays ahead of the advance, which earns nothing.
        ((-100.0, 200.0, -110.0), (0.0, 1.0, 2.0), 0.1),
    ],
)
def test_simple_rates_follow_from_principal_and_time(
    amounts: tuple[float, ...], years: tuple[float, ...], rate: float
) -> None:
    assert simple_balance(amounts, years, rate)[0] == pytest.approx(0, abs=1e-12)
    assert find_simple_rate(amounts, years) == pytest.approx(rate, rel=1e-12)


def test_principal_is_shown_before_each_flow() -> None:
    left, before = simple_balance((100.0, -40.0, -45.0), (0.0, 1.0, 2.0), -0.1)

    assert left == pytest.approx(0)
    # 10 is taken off in each year: 90 less 40, then 5 off 50.
    assert before == pytest.approx([0, 100, 50])


def test_without_time_there_is_no_simple_rate() -> None:
    assert find_simple_rate((100.0,), (0.0,)) is None
    assert find_simple_rate((100.0, -100.0), (1.0, 1.0)) is None


@pytest.mark.parametrize("gap", [1.0, 3.0, 1 / 365, 2.5])
@pytest.mark.parametrize("scale", [1.0, 1e-6, 1e12])
def test_the_simple_range_holds_its_lower_bound(gap: float, scale: float) -> None:
    # Over the gap 999999 of a million are taken off.
    found = find_simple_rate((scale, -1e-6 * scale), (0.0, gap))
    assert found == pytest.approx(-0.999999 / gap, rel=1e-12)
    beyond = find_simple_rate((scale, -0.9e-6 * scale), (0.0, gap))
    assert beyond is None
    assert find_simple_rate((scale, -1.1e-6 * scale), (0.0, gap)) is not None


@pytest.mark.parametrize(
    ("paid", "rate"),
    [(1e100, 1e100), (0.999e100, 0.999e100), (1.001e100, None), (1e102, None)],
)
def test_the_simple_range_holds_its_upper_bound(
    paid: float, rate: float | None
) -> None:
    found = find_simple_rate((1.0, -paid), (0.0, 1.0))

    assert found == (None if rate is None else pytest.approx(rate, rel=1e-12))


def test_a_gap_so_short_that_its_share_leaves_the_range_is_still_searched() -> None:
    assert find_simple_rate((1.0, -2.0), (0.0, 1e-99)) == pytest.approx(1e99)
    assert find_simple_rate((1.0, -2.0), (0.0, 1e-101)) is None
    assert find_simple_rate((1.0, -1.5), (0.0, 0.5e-100)) == pytest.approx(1e100)


@given(
    paid=st.lists(st.floats(0.01, 1), min_size=1, max_size=8),
    gaps=st.lists(st.floats(0.01, 3), min_size=8, max_size=8),
    scale=st.sampled_from([2.0, 2.0**-30, 2.0**40]),
)
def test_a_simple_rate_leaves_nothing_and_does_not_depend_on_scale(
    paid: list[float], gaps: list[float], scale: float
) -> None:
    years = [0.0]
    for gap in gaps[: len(paid)]:
        years.append(years[-1] + gap)
    amounts = (1.0, *(-one for one in paid))

    rate = find_simple_rate(amounts, tuple(years))

    if rate is None:
        return
    left = simple_balance(amounts, tuple(years), rate)[0]
    assert left == pytest.approx(0, abs=1e-12 * sum(map(abs, amounts)))
    scaled = find_simple_rate(tuple(scale * one for one in amounts), tuple(years))
    assert scaled == pytest.approx(rate, rel=1e-12)
    later = find_simple_rate(amounts, tuple(2 * one for one in years))
    assert later == pytest.approx(rate / 2, rel=1e-12)
