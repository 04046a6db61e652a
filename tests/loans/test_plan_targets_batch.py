"""Level amounts in columns are those of their definition, found by trying each."""

from __future__ import annotations

from fractions import Fraction
from math import lcm

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core.loans import STRICT, Remainder, ScheduleConventions
from microcrm_core.loans.level import equal_part
from microcrm_core.loans.lines_batch import LIMIT, InterestLines, Scratch
from microcrm_core.loans.plan_targets_batch import LevelLines, equal_parts
from microcrm_core.loans.row_weights_batch import RowWeights
from microcrm_core.rounding import Rounding
from tests.loans.level_oracle import LevelCase, level_cases

HALF = Fraction(1, 2)
ONES = (Fraction(1),) * 3


def lines_of(cases: list[LevelCase], limit: int = 2**40) -> LevelLines:
    """Return debts that differ in amounts and rates, and in nothing else, as lines."""
    one = cases[0]
    unit = 2 * lcm(*(part.denominator for case in cases for part in case.parts))
    weights = [
        np.array([int(case.parts[row] * unit) for case in cases])
        for row in range(len(one.parts))
    ]
    sizes = [*[Fraction(1)] * one.grace_count, *one.weights]
    return LevelLines(
        balance_minor=np.array([case.balance for case in cases]),
        balloon_minor=np.array([case.balloon for case in cases]),
        limit_minor=np.full(len(cases), limit),
        interest=InterestLines(
            weights=weights,
            unit=unit,
            rounding=one.rounding,
            multiple=one.unit,
            scratch=Scratch.of_size(len(cases)),
        ),
        weights=RowWeights(
            numerators=[size.numerator for size in sizes],
            denominators=[size.denominator for size in sizes],
            numerator_max=max(size.numerator for size in sizes),
        ),
        first_paid=one.grace_count,
        capitalized_count=one.capitalized_count,
        conventions=attrs.evolve(
            STRICT,
            id="test",
            currency_multiple=one.unit,
            installment_multiple=one.step,
            rounding=one.rounding,
            remainder=one.remainder,
        ),
        is_carried=one.is_carried,
    )


def assert_solved(cases: list[LevelCase]) -> None:
    found = lines_of(cases).solved()

    assert found.is_solved.all()
    for place, case in enumerate(cases):
        level, amounts, remainder_row = case.solved()
        rows = range(case.grace_count, len(case.parts))
        assert found.level[place] == level
        assert [int(found.amount(row)[place]) for row in rows] == amounts
        usual = [int(found.usual_amount(row)[place]) for row in rows]
        assert usual == case.amounts(level)
        for row in rows:
            is_remainder = found.is_remainder_row(row)
            if is_remainder is None:
                assert remainder_row is None
            else:
                assert is_remainder[place] == (row == remainder_row)


@given(case=level_cases(), balances=st.lists(st.integers(1, 60), max_size=2))
def test_levels_are_the_smallest_that_leave_the_last_no_larger(
    case: LevelCase, balances: list[int]
) -> None:
    others = [
        attrs.evolve(case, balance=balance, balloon=min(case.balloon, balance))
        for balance in balances
    ]

    assert_solved([case, *others])


@pytest.mark.parametrize("remainder", list(Remainder))
@pytest.mark.parametrize(
    "case",
    [
        LevelCase(balance=100, parts=(HALF,) * 3, weights=ONES, is_carried=True),
        LevelCase(balance=100, parts=(HALF,) * 3, weights=ONES),
        LevelCase(
            balance=100,
            parts=(HALF,) * 3,
            weights=(Fraction(1, 3), Fraction(1), Fraction(1)),
            is_carried=True,
        ),
        # Coarse amounts reach the balloon, and no row goes below it.
        LevelCase(balance=100, balloon=90, parts=(HALF,) * 3, weights=ONES, step=100),
        # Interest of the first row joins the debt, that of the second is paid.
        LevelCase(balance=100, parts=(HALF,) * 5, weights=ONES, capitalized_count=1),
        # Rows without weight pay nothing, and take no remainder.
        LevelCase(
            balance=100,
            parts=(HALF,) * 4,
            weights=(Fraction(0), Fraction(1), Fraction(0), Fraction(2)),
        ),
        # One row, or one with weight, is the last.
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
        # The first takes whole units of the currency.
        LevelCase(balance=999, parts=(Fraction(0),) * 3, weights=ONES, unit=5, step=10),
    ],
)
def test_constructed_levels_are_those_of_the_definition(
    case: LevelCase, remainder: Remainder
) -> None:
    cases = [attrs.evolve(case, remainder=remainder)]
    cases.append(attrs.evolve(cases[0], balance=case.balance + 7))

    assert_solved(cases)


@pytest.mark.parametrize("remainder", list(Remainder))
def test_a_loan_among_others_is_solved_as_it_is_alone(remainder: Remainder) -> None:
    cases = [
        LevelCase(
            balance=balance,
            parts=(part,) * 4,
            weights=(*ONES, Fraction(3, 2)),
            remainder=remainder,
            step=5,
        )
        for balance in (1, 90, 1000, 12_345, 10**9)
        for part in (Fraction(0), Fraction(1, 50), HALF, Fraction(40))
    ]
    together = lines_of(cases).solved()

    for place, case in enumerate(cases):
        alone = lines_of([case]).solved()
        for row in range(4):
            assert together.amount(row)[place] == alone.amount(row)[0]


def test_a_debt_that_outgrows_its_limit_is_not_solved_and_harms_no_other() -> None:
    # 4000 of interest join the 100 before anything is paid; the other bears nothing.
    grows = LevelCase(
        balance=100,
        parts=(Fraction(40), HALF, HALF),
        weights=ONES[:2],
        capitalized_count=1,
    )
    still = attrs.evolve(grows, parts=(Fraction(0),) * 3)

    for limit, is_solved in ((4099, False), (4100, True)):
        found = lines_of([grows, still], limit).solved()
        assert found.is_solved.tolist() == [is_solved, True]
        assert found.level[1] == still.solved()[0]


@pytest.mark.parametrize(
    ("limit", "is_solved"),
    [
        # 100 and 50 of interest that join the debt: at most 150 at the end of a row.
        (150, True),
        (149, False),
    ],
)
def test_a_limit_holds_what_is_just_as_large(limit: int, is_solved: bool) -> None:
    case = LevelCase(
        balance=100, parts=(HALF,) * 3, weights=ONES[:2], capitalized_count=1
    )

    assert lines_of([case], limit).solved().is_solved.tolist() == [is_solved]


def test_a_level_has_the_bound_that_its_products_have() -> None:
    # A weight of 2**31 leaves 2**62 / 4 / 2**31 for the level: too little for all.
    case = LevelCase(
        balance=2**40, parts=(Fraction(0),) * 2, weights=(Fraction(0), Fraction(1))
    )
    weighted = attrs.evolve(
        lines_of([case]),
        weights=RowWeights(
            numerators=[2**31, 1], denominators=[2**31 - 1, 1], numerator_max=2**31
        ),
    )

    assert LIMIT == 2**62
    assert weighted.weights.level_max(1) == 2**29
    assert weighted.solved().is_solved.tolist() == [False]
    assert lines_of([case]).solved().level.tolist() == [2**40]


def test_no_loans_have_no_levels() -> None:
    case = LevelCase(balance=1, parts=(Fraction(0),) * 2, weights=ONES[:2])
    nothing = np.zeros(0, np.int64)
    lines = attrs.evolve(
        lines_of([case]),
        balance_minor=nothing,
        balloon_minor=nothing,
        limit_minor=nothing,
        interest=lines_of([case]).interest.take(nothing),
        level=nothing,
        is_solved=np.zeros(0, np.bool_),
    )

    assert lines.solved().level.size == 0


# Equal parts.


def rules(remainder: Remainder, step: int = 1) -> ScheduleConventions:
    return attrs.evolve(
        STRICT, id="test", installment_multiple=step, remainder=remainder
    )


@given(
    whole=st.lists(st.integers(0, 10**6), min_size=1, max_size=5),
    count=st.integers(1, 40),
    step=st.sampled_from((1, 3, 100)),
    remainder=st.sampled_from(Remainder),
    least_last=st.none() | st.integers(0, 300),
)
def test_equal_parts_are_those_of_each_loan(
    whole: list[int],
    count: int,
    step: int,
    remainder: Remainder,
    least_last: int | None,
) -> None:
    conventions = rules(remainder, step)
    least = None if least_last is None else np.full(len(whole), least_last)

    found = equal_parts(np.array(whole), count, conventions, least)

    assert found.tolist() == [
        equal_part(
            one, count, conventions=conventions, least_last_minor=least_last or 0
        )
        for one in whole
    ]


@pytest.mark.parametrize(
    ("remainder", "expected"),
    [
        # 1000 and 1001 in three: 334, 334, 332; or 333, and 335 at first.
        (Remainder.LAST, [334, 334, 333]),
        (Remainder.FIRST, [333, 333, 333]),
        # 1000: 333 leaves 334, one off, and 334 leaves 332, two off. 1001: 334 leaves
        # 333, one off, and 333 leaves 335.
        (Remainder.SMOOTHED, [333, 334, 333]),
    ],
)
def test_equal_parts_on_paper(remainder: Remainder, expected: list[int]) -> None:
    found = equal_parts(np.array([1000, 1001, 999]), 3, rules(remainder))

    assert found.tolist() == expected


def test_a_tie_goes_to_the_smaller_part() -> None:
    # 100 in three parts of 0 or 100: the last has 100 or nothing, both 100 off. Where
    # it pays 1 all the same, it is nearer to 100.
    conventions = rules(Remainder.SMOOTHED, 100)
    whole = np.array([100, 100])

    assert equal_parts(whole, 3, conventions).tolist() == [0, 0]
    least = np.array([0, 1])
    assert equal_parts(whole, 3, conventions, least).tolist() == [0, 100]


def test_rounding_of_weights_is_that_of_the_conventions() -> None:
    # Half of 3: 2 half up, 1 half down; so the last has 1 or 2 of 3.
    for rounding, amounts in ((Rounding.HALF_UP, [2, 3]), (Rounding.HALF_DOWN, [1, 3])):
        case = LevelCase(
            balance=4,
            parts=(Fraction(0),) * 2,
            weights=(HALF, Fraction(1)),
            rounding=rounding,
        )
        found = lines_of([case]).solved()
        assert [int(found.amount(row)[0]) for row in range(2)] == amounts
