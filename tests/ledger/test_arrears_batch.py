from __future__ import annotations

import datetime as dt
from itertools import accumulate

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core.batch import UNKNOWN, Int64s
from microcrm_core.errors import InvalidValueError
from microcrm_core.ledger.arrears import Arrears, OpenInstallment, days_past_due
from microcrm_core.ledger.arrears_batch import (
    OpenColumns,
    arrears_many,
    days_past_due_many,
    delinquent_days_many,
)
from microcrm_core.ledger.delinquencies import delinquent_days
from microcrm_core.ledger.late_day_pauses import DelinquencyPause
from microcrm_core.money import Currency

EUR = Currency.of("EUR")
EPOCH = dt.date(1970, 1, 1)


def on(day: int) -> dt.date:
    return EPOCH + dt.timedelta(days=day)


def whole(values: list[int]) -> Int64s:
    return np.array(values, np.int64)


def columns_of(loans: list[list[OpenInstallment]]) -> OpenColumns:
    rows = [row for loan in loans for row in loan]
    return OpenColumns(
        offsets=whole([0, *accumulate(len(loan) for loan in loans)]),
        due_day=whole([(row.due_on - EPOCH).days for row in rows]),
        principal_minor=whole([row.principal_minor for row in rows]),
        interest_minor=whole([row.interest_minor for row in rows]),
        fees_minor=whole([row.fees_minor for row in rows]),
        penalties_minor=whole([row.penalties_minor for row in rows]),
    )


# Few days and small amounts, so that due dates meet each other and the day itself.
small = st.sampled_from([0, 0, 1, 10**15])
rows = st.builds(
    OpenInstallment,
    due_on=st.integers(100, 104).map(on),
    principal_minor=small,
    interest_minor=small,
    fees_minor=small,
    penalties_minor=small,
)
loans = st.lists(st.lists(rows, max_size=4), min_size=1, max_size=5)


@given(drawn=loans, as_of_day=st.integers(99, 106))
def test_arrears_of_many_loans_are_those_of_each(
    drawn: list[list[OpenInstallment]], as_of_day: int
) -> None:
    found = arrears_many(columns_of(drawn), as_of_day)

    for place, loan in enumerate(drawn):
        one = Arrears.of(loan, as_of=on(as_of_day), currency=EUR)
        oldest = one.oldest_due_on
        oldest_day = UNKNOWN if oldest is None else (oldest - EPOCH).days
        assert found.oldest_due_day[place] == oldest_day
        assert found.days_past_due[place] == one.days_past_due
        assert found.principal_minor[place] == one.principal.minor
        assert found.interest_minor[place] == one.interest.minor
        assert found.fees_minor[place] == one.fees.minor
        assert found.penalties_minor[place] == one.penalties.minor
        assert found.total_minor[place] == one.total.minor


@given(drawn=loans, data=st.data())
def test_each_loan_may_have_a_day_of_its_own(
    drawn: list[list[OpenInstallment]], data: st.DataObject
) -> None:
    days = data.draw(
        st.lists(st.integers(99, 106), min_size=len(drawn), max_size=len(drawn))
    )

    found = days_past_due_many(columns_of(drawn), whole(days))

    assert found.tolist() == [
        days_past_due(loan, on(day)) for loan, day in zip(drawn, days, strict=True)
    ]


@given(
    drawn=loans,
    as_of_day=st.integers(99, 140),
    grace_days=st.integers(0, 4),
    pause=st.tuples(st.integers(95, 110), st.integers(0, 6)),
)
def test_delinquent_days_of_many_loans_are_those_of_each(
    drawn: list[list[OpenInstallment]],
    as_of_day: int,
    grace_days: int,
    pause: tuple[int, int],
) -> None:
    from_day, length = pause
    pauses = [DelinquencyPause(on(from_day), on(from_day + length))]
    paused = min(max(as_of_day - from_day, 0), length)

    found = delinquent_days_many(
        columns_of(drawn), as_of_day, grace_days=grace_days, paused_days=paused
    )

    assert found.tolist() == [
        delinquent_days(loan, as_of=on(as_of_day), grace_days=grace_days, pauses=pauses)
        for loan in drawn
    ]


def test_loans_without_installments_stand_anywhere() -> None:
    late = OpenInstallment(due_on=on(100), fees_minor=1)

    found = days_past_due_many(columns_of([[], [late], [], [late], []]), 103)

    assert found.tolist() == [0, 3, 0, 3, 0]


def test_no_loans_have_no_arrears() -> None:
    none = whole([])
    opened = OpenColumns(
        offsets=whole([0]),
        due_day=none,
        principal_minor=none,
        interest_minor=none,
        fees_minor=none,
        penalties_minor=none,
    )

    assert len(opened) == 0
    assert arrears_many(opened, 100).total_minor.tolist() == []


def test_the_running_sum_of_all_loans_may_leave_int64() -> None:
    large = OpenInstallment(due_on=on(100), principal_minor=2**62 - 1)

    found = arrears_many(columns_of([[large], [large], [large], [large]]), 101)

    assert found.principal_minor.tolist() == [2**62 - 1] * 4


def test_a_loan_that_owes_too_much_is_refused_by_its_row() -> None:
    large = OpenInstallment(due_on=on(100), principal_minor=2**62 - 1, fees_minor=1)
    with pytest.raises(InvalidValueError, match=r"1 of 2 rows: .* 2\*\*62 a loan") as e:
        columns_of([[OpenInstallment(due_on=on(100))], [large]])
    assert e.value.row == 1


@pytest.mark.parametrize(
    ("name", "column", "rule"),
    [
        ("offsets", [0, 1], "offsets must ascend from 0 to 2"),
        ("offsets", [1, 2], "offsets must ascend from 0 to 2"),
        ("offsets", [0, 3, 2], "offsets must ascend from 0 to 2"),
        ("offsets", [], "offsets must ascend from 0 to 2"),
        ("fees_minor", [1], "fees_minor must have 2 rows"),
        ("interest_minor", [1, -1], "interest_minor must not be negative"),
        ("principal_minor", [UNKNOWN, 1], "principal_minor must not be negative"),
        ("due_day", [UNKNOWN, 1], "due_day must be known"),
    ],
)
def test_columns_that_describe_no_loans_are_refused(
    name: str, column: list[int], rule: str
) -> None:
    given_columns = {
        "offsets": whole([0, 2]),
        "due_day": whole([100, 101]),
        "principal_minor": whole([1, 1]),
        "interest_minor": whole([1, 1]),
        "fees_minor": whole([1, 1]),
        "penalties_minor": whole([1, 1]),
    }
    with pytest.raises(InvalidValueError, match=rule):
        OpenColumns(**{**given_columns, name: whole(column)})


def test_floats_and_days_that_do_not_fit_are_refused() -> None:
    opened = columns_of([[OpenInstallment(due_on=on(100), fees_minor=1)]])
    with pytest.raises(InvalidValueError, match="as_of_day must be whole numbers"):
        days_past_due_many(opened, whole([100, 101]))
    with pytest.raises(InvalidValueError, match="as_of_day must be known"):
        days_past_due_many(opened, UNKNOWN)
    with pytest.raises(InvalidValueError, match="grace_days must not be negative"):
        delinquent_days_many(opened, 100, grace_days=-1, paused_days=0)


def test_amounts_as_floats_are_refused() -> None:
    opened = columns_of([[OpenInstallment(due_on=on(100), fees_minor=1)]])
    with pytest.raises(InvalidValueError, match="fees_minor must be an int64 array"):
        attrs.evolve(opened, fees_minor=np.array([1.0]))


def test_the_farthest_days_are_told_apart_exactly() -> None:
    late = columns_of([[OpenInstallment(due_on=on(0), fees_minor=1)]])
    far = attrs.evolve(late, due_day=whole([-(2**61)]))

    assert days_past_due_many(far, 2**61).tolist() == [2**62]
    with pytest.raises(InvalidValueError, match="due_day must be known, and a day"):
        attrs.evolve(late, due_day=whole([-(2**61) - 1]))
