from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import pytest

from microcrm_core.errors import InvalidValueError
from microcrm_core.ledger import Bucket
from microcrm_core.ledger.fixed_rows_batch import FixedRows, require_sums
from microcrm_core.loans import STRICT, Portion
from microcrm_core.loans.batch import build_schedules
from tests.ledger.columnar_cases import PLANS, rows_of, tables, terms_of

ROWS = FixedRows(
    offsets=np.array([0, 2, 3]),
    due_day=np.array([10, 20, 5]),
    principal_minor=np.array([50, 40, 7]),
    interest_minor=np.array([5, 0, 0]),
    fees_minor=np.array([0, 1, 0]),
    is_down_payment=np.array([False, False, False]),
    disbursed_day=np.array([1, 2]),
    lent_minor=np.array([90, 7]),
)


def test_rows_are_what_schedules_ask_for() -> None:
    terms = [terms_of(plan=plan) for plan in PLANS]
    loans = tables([(one, []) for one in terms])
    schedules = build_schedules(loans, STRICT)
    rows = FixedRows.of(loans, schedules)

    assert len(rows) == len(PLANS)
    assert rows.total_minor.tolist() == schedules.total_minor.tolist()
    assert rows.disbursed_day.tolist() == loans.disbursed_day.tolist()
    assert rows.lent_minor.tolist() == [90_000] * len(PLANS)
    assert rows.is_down_payment.sum() == 1
    fees = rows.charged_minor(Bucket.FEES)
    assert fees.tolist() == schedules.fees_minor.tolist()
    assert not rows.charged_minor(Bucket.PENALTIES).any()


def test_values_of_loans_and_rows_point_at_each_other() -> None:
    assert ROWS.counts.tolist() == [2, 1]
    assert ROWS.loan_index.tolist() == [0, 0, 1]
    assert ROWS.per_row(np.array([8, 9])).tolist() == [8, 8, 9]
    assert ROWS.total_minor.tolist() == [55, 41, 7]


def test_schedules_of_other_loans_are_refused() -> None:
    loans = tables([(terms_of(), [])])
    schedules = build_schedules(loans, STRICT)
    with pytest.raises(InvalidValueError, match="schedules must be those of 0 loans"):
        FixedRows.of(tables([]), schedules)


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("offsets", [0, 3, 3], "must rise from 0 to 3"),
        ("offsets", [0, 2, 4], "must rise from 0 to 3"),
        ("offsets", [1, 2, 3], "must rise from 0 to 3"),
        ("offsets", [], "must rise from 0 to 3"),
        ("due_day", [20, 10, 5], "must not be before that of the row before it"),
        ("due_day", [10, 10**9, 5], "must be from"),
        ("principal_minor", [50, -1, 7], "must be 0 or more"),
        ("interest_minor", [5, 0], "must have the shape"),
        ("disbursed_day", [1], "must have the shape"),
        ("lent_minor", [90, 0], "must be 1 or more"),
    ],
)
def test_columns_that_describe_no_loans_are_refused(
    field: str, value: list[int], rule: str
) -> None:
    changes: dict[str, Any] = {field: np.array(value, np.int64)}
    with pytest.raises(InvalidValueError, match=rule) as error:
        attrs.evolve(ROWS, **changes)
    assert error.value.field == field


def test_down_payments_are_told_by_bools() -> None:
    numbers: Any = np.zeros(3, np.int64)
    with pytest.raises(InvalidValueError, match="is_down_payment must be a bool"):
        attrs.evolve(ROWS, is_down_payment=numbers)


def test_a_loan_that_asks_for_too_much_is_refused_and_named() -> None:
    wide = attrs.evolve(
        ROWS,
        principal_minor=np.array([2**61, 2**60, 2**61]),
        interest_minor=np.array([2**60, 0, 2**61 - 2**12]),
    )
    with pytest.raises(InvalidValueError, match="must add up to less than 2") as error:
        wide.require_sums()
    assert (error.value.row, error.value.bad_count) == (0, 1)
    # What would be too much of one loan may be that of two.
    require_sums("amount_minor", np.array([0, 1]), np.array([2**61, 2**61]), 2)
    with pytest.raises(InvalidValueError, match="amount_minor must add up") as error:
        require_sums("amount_minor", np.array([1, 1]), np.array([2**61, 2**61]), 2)
    assert error.value.row == 1


def test_rows_come_from_plans_with_down_payments_too() -> None:
    plan = attrs.evolve(PLANS[0], down_payment=Portion.of_share("0.1"))
    rows = rows_of(tables([(terms_of(plan=plan), [])]))
    assert rows.due_day[0] == rows.disbursed_day[0]
    assert rows.principal_minor.sum() == rows.lent_minor.sum()
