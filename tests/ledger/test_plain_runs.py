"""The rows of the most common loan: the short way says what the general one says."""

from __future__ import annotations

import datetime as dt
from typing import Final

import attrs
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from microcrm_core import Currency, Frequency, Money, Rate, Rounding
from microcrm_core.dates import DayCount
from microcrm_core.ledger.exact_runs import LedgerRun
from microcrm_core.ledger.lent_terms import LentTerms
from microcrm_core.ledger.period_days import PeriodDays
from microcrm_core.ledger.plain_runs import PlainRun
from microcrm_core.ledger.principal_moves import PrincipalMove
from microcrm_core.loans import (
    STRICT,
    STRICT_30_360,
    EqualPrincipal,
    LoanTerms,
    RepaymentPlan,
    ScheduleConventions,
)
from microcrm_core.loans.portions import EPOCH_ORDINAL

EUR: Final = Currency.of("EUR")
LENT_ON: Final = dt.date(2024, 1, 15)
CONVENTIONS: Final = (
    STRICT,
    attrs.evolve(STRICT, rounding=Rounding.HALF_UP),
    attrs.evolve(STRICT, day_count=DayCount.ACT_360),
    attrs.evolve(STRICT, day_count=DayCount.ACT_364, rounding=Rounding.HALF_UP),
    attrs.evolve(STRICT, has_interest_on_disbursement_day=True),
    STRICT_30_360,
    attrs.evolve(STRICT, day_count=DayCount.THIRTY_360_US),
)


def terms_of(principal_minor: int, percent: int, count: int) -> LoanTerms:
    """Return the terms of a monthly loan."""
    return LoanTerms(
        principal=Money(principal_minor, EUR),
        nominal_rate=Rate.of_percent(percent),
        installment_count=count,
        frequency=Frequency.MONTHLY,
        disbursed_on=LENT_ON,
        first_due_on=dt.date(2024, 2, 15),
    )


def lent_of(terms: LoanTerms, conventions: ScheduleConventions) -> LentTerms:
    """Return a loan that is paid out as agreed."""
    lent = LentTerms.of(terms, conventions)
    lent.pay_out(LENT_ON, terms.principal.minor, 0)
    return lent


def general_run(lent: LentTerms, *, is_lower: bool) -> LedgerRun:
    """Return the run of a loan by exact fractions."""
    before = lent.before()
    return LedgerRun(
        lent.terms(),
        lent.conventions,
        lent.payouts(),
        is_lower=is_lower,
        before=None if before is None else general_run(before, is_lower=is_lower),
        begins=lent.kept_count,
    )


@st.composite
def lents(draw: st.DrawFn) -> LentTerms:
    """Draw a loan to which new rates and new due dates have come."""
    count = draw(st.integers(1, 8))
    percent = draw(st.sampled_from((0, 1, 12, 60, 300)))
    principal_minor = draw(st.integers(1, 300_000) | st.integers(1, 30))
    terms = terms_of(principal_minor, percent, count)
    lent = lent_of(terms, draw(st.sampled_from(CONVENTIONS)))
    for on in draw(st.lists(_days(), max_size=2)):
        lent.change_rate(on, Rate.of_percent(draw(st.integers(0, 60))))
    kept_count = 0
    for _ in range(draw(st.integers(0, 2))):
        due_on = list(lent.dates.due_on)
        kept_count = draw(st.integers(kept_count, len(due_on)))
        shift = dt.timedelta(days=draw(st.integers(0, 40)))
        due_on[kept_count:] = [on + shift for on in due_on[kept_count:]]
        for _ in range(draw(st.integers(0, 2))):
            due_on.append(due_on[-1] + dt.timedelta(days=30))
        agreed = attrs.evolve(
            lent.agreed,
            installment_count=len(due_on),
            first_due_on=due_on[0],
            due_on=tuple(due_on),
        )
        lent.agree(agreed, kept_count)
    return lent


def _days() -> st.SearchStrategy[dt.date]:
    return st.integers(0, 300).map(lambda days: LENT_ON + dt.timedelta(days=days))


@st.composite
def moves_of(draw: st.DrawFn, days: PeriodDays) -> list[PrincipalMove]:
    """Draw principal that is paid early, or owed again, in order of time."""
    drawn: list[PrincipalMove] = []
    for on in sorted(draw(st.lists(_days(), max_size=4))):
        place = draw(st.integers(0, len(days.places) - 1))
        amount_minor = draw(st.integers(1, 60_000))
        if draw(st.booleans()):
            move = days.early_move(
                on, place, amount_minor, is_to_due_date=draw(st.booleans())
            )
        else:
            move = days.again_move(on, place, amount_minor)
        if move is not None:
            drawn.append(move)
    return drawn


@given(data=st.data(), lent=lents(), is_lower=st.booleans())
def test_both_ways_ask_for_the_same(
    data: st.DataObject, lent: LentTerms, is_lower: bool
) -> None:
    plain = PlainRun.of(lent, is_lower=is_lower)
    assume(plain is not None)
    assert plain is not None
    moves = data.draw(moves_of(PeriodDays.of(lent.dates, lent.conventions)))
    end_on = data.draw(st.none() | _days())
    end_day = None if end_on is None else end_on.toordinal() - EPOCH_ORDINAL
    columns = plain.walk(moves, end_day=end_day)
    assume(columns is not None)
    general = general_run(lent, is_lower=is_lower)
    assert columns == general.walk(moves, end_day=end_day)


@given(lent=lents(), on=_days())
def test_both_ways_bear_the_same(lent: LentTerms, on: dt.date) -> None:
    plain = PlainRun.of(lent)
    assume(plain is not None)
    assert plain is not None
    day = on.toordinal() - EPOCH_ORDINAL
    assert plain.borne_to(day) == general_run(lent, is_lower=False).borne_to(day)


@pytest.mark.parametrize("is_lower", [False, True])
def test_an_early_payment_of_half_is_worked_out_the_short_way(is_lower: bool) -> None:
    # 1,000.00 at 24 % in three: the last row takes what was paid on the first day.
    lent = lent_of(terms_of(100_000, 24, 3), STRICT)
    move = PeriodDays.of(lent.dates, STRICT).early_move(LENT_ON, 2, 50_000)
    assert move is not None
    plain = PlainRun.of(lent, is_lower=is_lower)
    assert plain is not None
    columns = plain.walk([move])
    assert columns is not None
    assert sum(columns.principal_minor) == 100_000
    # 500.00 x 24 % x 31 / 365
    assert columns.interest_minor[0] == 1019


def test_a_period_that_an_installment_does_not_cover_is_left_to_the_general_way() -> (
    None
):
    terms = attrs.evolve(
        terms_of(100_000, 300, 2),
        first_due_on=dt.date(2025, 2, 15),
    )
    plain = PlainRun.of(lent_of(terms, STRICT))
    assert plain is not None
    assert plain.walk() is None


def test_other_loans_are_left_to_the_general_way() -> None:
    plain = terms_of(100_000, 24, 3)
    by_part = attrs.evolve(plain, plan=RepaymentPlan(method=EqualPrincipal()))
    assert PlainRun.of(lent_of(by_part, STRICT)) is None
    isda = attrs.evolve(STRICT, day_count=DayCount.ACT_ACT_ISDA)
    assert PlainRun.of(lent_of(plain, isda)) is None
    twice = lent_of(plain, STRICT)
    twice.pay_out(dt.date(2024, 2, 1), 1_000, 0)
    assert PlainRun.of(twice) is None
