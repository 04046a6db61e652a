"""A schedule before and after: which row stands beside which."""

from __future__ import annotations

import datetime as dt

import attrs
import pytest

from microcrm_core import Frequency, InvalidValueError
from microcrm_core.adjustments import AdjustmentLine, LineChange, lines_of
from microcrm_core.ledger import (
    Happening,
    HolidayGranted,
    LoanState,
    ReAged,
    ReAmortized,
    Repaid,
    TermChanged,
)
from tests.adjustments.quote_cases import day, event, lent_account, money

ON = day(4, 25)


def states(what: Happening, as_of: dt.date = ON) -> tuple[LoanState, LoanState]:
    account = lent_account(paid_count=2)
    changed = account.with_events([event(what, as_of, "change")])
    return account.state(as_of), changed.state(as_of)


def told(lines: tuple[AdjustmentLine, ...]) -> list[tuple[str, str | None, str | None]]:
    return [
        (
            line.change.value,
            None if line.due_on_before is None else line.due_on_before.isoformat()[5:],
            None if line.due_on_after is None else line.due_on_after.isoformat()[5:],
        )
        for line in lines
    ]


def test_a_holiday_moves_the_rows_to_come_and_keeps_those_that_are_due() -> None:
    lines = lines_of(*states(HolidayGranted(day(5, 15), 1)))
    assert told(lines) == [
        ("kept", "02-15", "02-15"),
        ("kept", "03-15", "03-15"),
        ("kept", "04-15", "04-15"),
        ("moved", "05-15", "06-15"),
        ("moved", "06-15", "07-15"),
        ("moved", "07-15", "08-15"),
    ]
    assert [line.moved_days for line in lines] == [0, 0, 0, 31, 30, 31]
    assert [line.number for line in lines] == [1, 2, 3, 4, 5, 6]


def test_a_longer_term_changes_rows_and_adds_some() -> None:
    lines = lines_of(*states(TermChanged(1)))
    assert [line.change for line in lines] == [
        *[LineChange.KEPT] * 3,
        *[LineChange.CHANGED] * 3,
        LineChange.ADDED,
    ]
    added = lines[-1]
    assert (added.before, added.total_before_minor, added.moved_days) == (None, None, 0)
    assert added.due_on_after == day(8, 15)


def test_a_shorter_term_removes_rows() -> None:
    lines = lines_of(*states(TermChanged(-1)))
    assert lines[-1].change is LineChange.REMOVED
    assert (lines[-1].after, lines[-1].total_after_minor) == (None, None)
    assert lines[-1].due_on_before == day(7, 15)


def test_new_installments_stand_beside_none_of_the_old_ones() -> None:
    what = ReAged(start_on=day(5, 31), frequency=Frequency.MONTHLY, installment_count=2)
    lines = lines_of(*states(what), is_renewed=True)
    assert told(lines) == [
        ("kept", "02-15", "02-15"),
        ("kept", "03-15", "03-15"),
        # What was overdue in it is owed elsewhere.
        ("changed", "04-15", "04-15"),
        ("removed", "05-15", None),
        ("added", None, "05-31"),
        ("removed", "06-15", None),
        ("added", None, "06-30"),
        ("removed", "07-15", None),
    ]


def test_a_row_of_another_kind_is_another_row() -> None:
    # Re-aged rows are of a kind of their own, also where they are not said to be new.
    what = ReAged(start_on=day(5, 15), frequency=Frequency.MONTHLY, installment_count=3)
    lines = lines_of(*states(what))
    assert [line.change.value for line in lines[3:]] == ["added", "removed"] * 3


def test_a_payment_changes_the_row_that_it_pays() -> None:
    lines = lines_of(*states(Repaid(amount=money("20.00"))))
    assert [line.change.value for line in lines] == [
        *("kept", "kept", "changed", "kept", "kept", "kept")
    ]
    assert lines[2].total_before_minor == lines[2].total_after_minor


def test_arrears_that_are_spread_leave_their_row() -> None:
    lines = lines_of(*states(ReAmortized()))
    assert lines[2].total_after_minor == 0
    assert lines[2].total_before_minor == 21424


def test_a_line_of_no_row_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="after must be given"):
        AdjustmentLine(number=1, before=None, after=None)


def test_what_was_waived_is_not_asked_for() -> None:
    row = lent_account().state(day(1, 15)).rows[0]
    waived = attrs.evolve(row, waived=(0, 400, 0, 0))
    line = AdjustmentLine(number=1, before=row, after=waived)
    assert line.change is LineChange.CHANGED
    assert line.total_before_minor == row.charged_minor
    assert line.total_after_minor == row.charged_minor - 400
