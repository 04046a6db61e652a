"""Level amounts are those of their definition, found by trying each."""

from __future__ import annotations

from fractions import Fraction

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core.loans import STRICT, Remainder, ScheduleConventions
from microcrm_core.loans.level import LevelProblem, LevelRow, equal_part, smallest
from tests.loans.level_oracle import LevelCase, level_cases


def rules_of(case: LevelCase) -> ScheduleConventions:
    return attrs.evolve(
        STRICT,
        id="test",
        currency_multiple=case.unit,
        installment_multiple=case.step,
        rounding=case.rounding,
        remainder=case.remainder,
    )


def problem_of(case: LevelCase) -> LevelProblem:
    weights = (None,) * case.grace_count + case.weights
    paid_out = case.paid_out or (0,) * len(case.parts)
    return LevelProblem(
        balance_minor=case.balance,
        carried_minor=case.carried,
        balloon_minor=case.balloon,
        rows=tuple(
            LevelRow(
                growth=(part.numerator, 0, part.denominator),
                paid_out_minor=more,
                weight=weight,
                is_capitalized=row < case.capitalized_count,
            )
            for row, (part, weight, more) in enumerate(
                zip(case.parts, weights, paid_out, strict=True)
            )
        ),
        conventions=rules_of(case),
        is_carried=case.is_carried,
    )


@st.composite
def wide_cases(draw: st.DrawFn) -> LevelCase:
    """Draw debts of which some interest waits, and to which more is paid out."""
    case = draw(level_cases())
    first, *others = case.parts
    return attrs.evolve(
        case,
        carried=draw(st.sampled_from((0, 0, 30))),
        paid_out=(draw(st.sampled_from((0, 0, 90))), *(0 for _ in others)),
        parts=(first, *others),
    )


def assert_solved(case: LevelCase) -> None:
    level, amounts, remainder_row = case.solved()
    grace: list[int | None] = [None] * case.grace_count

    found = problem_of(case).targets()

    assert found.level_minor == level * case.step
    assert list(found.amounts) == grace + amounts
    assert list(found.equal_minor) == grace + case.amounts(level)
    assert found.remainder_row == remainder_row


@given(case=wide_cases())
def test_the_level_is_the_smallest_that_leaves_the_last_no_larger(
    case: LevelCase,
) -> None:
    assert_solved(case)


HALF = Fraction(1, 2)
ONES = (Fraction(1),) * 3


@pytest.mark.parametrize("remainder", list(Remainder))
@pytest.mark.parametrize(
    "case",
    [
        # Interest of half the debt is more than a coarse amount at first: it waits, or
        # it joins the debt and bears interest itself.
        LevelCase(balance=100, parts=(HALF,) * 3, weights=ONES, is_carried=True),
        LevelCase(balance=100, parts=(HALF,) * 3, weights=ONES),
        LevelCase(
            balance=100,
            parts=(HALF, HALF, HALF),
            weights=(Fraction(1, 3), Fraction(1), Fraction(1)),
            is_carried=True,
        ),
        # A coarse amount reaches the balloon, and no row goes below it.
        LevelCase(balance=100, balloon=90, parts=(HALF,) * 3, weights=ONES, step=100),
        # What waits already is paid first.
        LevelCase(balance=100, carried=40, parts=(HALF,) * 3, weights=ONES),
        # Grace: interest of the first row joins the debt, that of the second is paid.
        LevelCase(balance=100, parts=(HALF,) * 5, weights=ONES, capitalized_count=1),
        # More is paid out after the first interest was counted.
        LevelCase(balance=100, parts=(HALF,) * 3, weights=ONES, paid_out=(50, 0, 0)),
        # Rows without weight pay nothing.
        LevelCase(
            balance=100,
            parts=(HALF,) * 4,
            weights=(Fraction(0), Fraction(1), Fraction(0), Fraction(2)),
        ),
        LevelCase(balance=100, parts=(HALF,), weights=(Fraction(1),)),
        LevelCase(
            balance=100,
            parts=(Fraction(0),) * 2,
            weights=(Fraction(0), Fraction(1)),
            step=30,
        ),
        LevelCase(balance=1000, parts=(Fraction(0),) * 3, weights=ONES, step=7),
        # The row before the last pays less than its interest, which waits for the last.
        LevelCase(
            balance=100,
            parts=(HALF,) * 3,
            weights=(Fraction(1), Fraction(1, 3), Fraction(2)),
            is_carried=True,
        ),
        # 10 + 1 + 0 reach the balloon and stay there: 10 off, and 11 with nothing.
        LevelCase(
            balance=111,
            balloon=100,
            parts=(Fraction(0),) * 4,
            weights=(Fraction(1),) * 4,
            step=10,
        ),
    ],
)
def test_constructed_levels_are_those_of_the_definition(
    case: LevelCase, remainder: Remainder
) -> None:
    assert_solved(attrs.evolve(case, remainder=remainder))


def test_a_balance_at_the_balloon_pays_interest_alone() -> None:
    # 100 a row, of which 50 are interest: 10 repay, and 90 stay until the last row.
    # Its 45 of interest are 55 less than 100; with 0 a row it would be far more.
    case = LevelCase(
        balance=100,
        balloon=90,
        parts=(HALF,) * 3,
        weights=ONES,
        step=100,
        remainder=Remainder.SMOOTHED,
    )

    assert case.excess([100, 100, 100]) == -55
    assert problem_of(case).targets().level_minor == 100


def test_interest_of_what_is_paid_out_within_a_row_is_its_own() -> None:
    # 100 bear 10, and 5 more come of what is paid out within the row: 115 are left.
    row = LevelRow(
        growth=(10, 500, 100),
        paid_out_minor=0,
        weight=Fraction(1),
        is_capitalized=False,
    )
    problem = LevelProblem(
        balance_minor=100,
        carried_minor=0,
        balloon_minor=0,
        rows=(row,),
        conventions=STRICT,
        is_carried=False,
    )

    assert problem.targets().amounts == (115,)


# The search.


@given(bound=st.integers(0, 500), guess=st.integers(-50, 2000))
def test_the_smallest_that_is_enough_is_found_from_any_guess(
    bound: int, guess: int
) -> None:
    asked: list[int] = []

    def is_enough(value: int) -> bool:
        asked.append(value)
        return value >= bound

    assert smallest(is_enough, guess) == bound
    # Nothing below zero is asked about, and nothing twice.
    assert min(asked) >= 0
    assert len(set(asked)) == len(asked)


@pytest.mark.parametrize(
    ("offset", "questions_max"), [(0, 2), (-1, 2), (-2, 4), (1, 4)]
)
def test_a_good_guess_needs_few_questions(offset: int, questions_max: int) -> None:
    asked: list[int] = []

    def is_enough(value: int) -> bool:
        asked.append(value)
        return value >= 10**6

    assert smallest(is_enough, 10**6 + offset) == 10**6
    assert len(asked) <= questions_max


@pytest.mark.parametrize("guess", [0, 10**12])
def test_a_poor_guess_needs_some_dozens(guess: int) -> None:
    asked: list[int] = []

    def is_enough(value: int) -> bool:
        asked.append(value)
        return value >= 10**6

    assert smallest(is_enough, guess) == 10**6
    assert len(asked) <= 90


# Equal parts.


def defined_part(
    whole: int, count: int, rules: ScheduleConventions, least_last: int
) -> int:
    """Try every multiple, as the definition says."""
    step = rules.installment_multiple
    tried = range(0, whole + step + 1, step)
    lasts = [(part, whole - (count - 1) * part) for part in tried]
    if rules.remainder is Remainder.LAST:
        return next(part for part, last in lasts if last <= part)
    if rules.remainder is Remainder.FIRST:
        # The first is no smaller than the others, which are alike.
        return max(part for part, first in lasts if first >= part)
    return min(
        lasts, key=lambda pair: (abs(max(pair[1], least_last) - pair[0]), pair[0])
    )[0]


@given(
    whole=st.integers(0, 400),
    count=st.integers(1, 12),
    step=st.sampled_from((1, 3, 10, 100)),
    remainder=st.sampled_from(Remainder),
)
def test_equal_parts_are_those_of_the_definition(
    whole: int, count: int, step: int, remainder: Remainder
) -> None:
    rules = attrs.evolve(
        STRICT, id="test", installment_multiple=step, remainder=remainder
    )

    found = equal_part(whole, count, conventions=rules)

    assert found == defined_part(whole, count, rules, 0)


@pytest.mark.parametrize(
    ("whole", "least_last", "expected"),
    [
        # Parts of 100 leave 50 for the last, 50 off; parts of nothing leave it all.
        (250, 0, 100),
        # Parts of 100 leave nothing, 100 off; parts of nothing leave 150.
        (150, 0, 100),
        (150, 30, 100),
        # On a tie the smaller: the last has 100 or nothing, 100 off in both cases.
        (100, 0, 0),
        # Where it pays 1 at least, it is only 99 off.
        (100, 1, 100),
    ],
)
def test_a_smoothed_part_is_nearest_to_the_last_as_it_really_is(
    whole: int, least_last: int, expected: int
) -> None:
    rules = attrs.evolve(
        STRICT, id="test", installment_multiple=100, remainder=Remainder.SMOOTHED
    )

    found = equal_part(whole, 3, conventions=rules, least_last_minor=least_last)

    assert found == defined_part(whole, 3, rules, least_last) == expected
