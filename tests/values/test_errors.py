"""Errors: stable codes, parts as attributes, and a trip between processes."""

from __future__ import annotations

import copy
import datetime as dt
import pickle
from typing import Final

import pytest

from microcrm_core import errors
from microcrm_core.errors import (
    ConflictError,
    ConvergenceError,
    CurrencyMismatchError,
    InvalidValueError,
    LedgerError,
    MicrocrmError,
    MissingExtraError,
    PolicyError,
    RecordNotFoundError,
    ScheduleError,
    StaleQuote,
    StaleQuoteError,
    StorageError,
    StorageProblem,
)

CODES: Final = {
    # Programs and logs hold these texts: add, never change.
    "MicrocrmError": ("microcrm", Exception),
    "InvalidValueError": ("invalid_value", ValueError),
    "CurrencyMismatchError": ("currency_mismatch", ValueError),
    "PolicyError": ("policy", ValueError),
    "ScheduleError": ("schedule", ValueError),
    "LedgerError": ("ledger", ValueError),
    "ConvergenceError": ("convergence", ArithmeticError),
    "RecordNotFoundError": ("record_not_found", LookupError),
    "ConflictError": ("conflict", RuntimeError),
    "MissingExtraError": ("missing_extra", ImportError),
    "StaleQuoteError": ("stale_quote", RuntimeError),
    "StorageError": ("storage", RuntimeError),
}

EXAMPLES: Final[list[MicrocrmError]] = [
    LedgerError("event-9", "event_id", "must be known", "event-7", hint="look"),
    MicrocrmError("something"),
    InvalidValueError("days", "must not be negative", -3),
    InvalidValueError(
        "days",
        "must fit",
        dt.date(2025, 1, 31),
        hint="h",
        row=1,
        bad_count=2,
        row_count=3,
    ),
    CurrencyMismatchError("currency", "must be EUR", "CZK"),
    PolicyError("rules[2].tier", "must be a known tier", "gold"),
    ScheduleError("plan.balloon", "must be less", "EUR 1.00"),
    ScheduleError(
        "installment",
        "must cover the interest of its period, EUR 6.00",
        "EUR 5.07",
        hint="lower the rate",
        number=1,
        count=60,
    ),
    ScheduleError(
        "due_on", "must rise", dt.date(2025, 1, 31), hint="h", number=2, count=3
    ),
    RecordNotFoundError("customer-7"),
    ConvergenceError(400, flow_count=13),
    ConflictError("customer-7", version=3, expected_version=2),
    ConflictError("a", version=3, expected_version=2, other_keys=("b", "c")),
    StaleQuoteError(
        "loan-7", StaleQuote.OTHER_EVENTS, found="9f86d081", quoted="2c26b46b"
    ),
    StorageError(
        "crm.db", StorageProblem.FULL, rule="must have space", hint="free some"
    ),
    MissingExtraError("frames", feature="to_frame"),
]


def test_every_error_has_its_stable_code_and_its_builtin() -> None:
    kinds = {
        name: value
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, MicrocrmError)
    }
    assert {name: kind.code for name, kind in kinds.items()} == {
        name: code for name, (code, _) in CODES.items()
    }
    for name, (_, builtin) in CODES.items():
        assert issubclass(kinds[name], builtin)


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_an_error_keeps_every_part_between_processes(error: MicrocrmError) -> None:
    for twin in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error)):
        assert type(twin) is type(error)
        assert str(twin) == str(error)
        assert vars(twin) == vars(error)
        assert twin.args == error.args


def test_a_text_says_what_must_hold_what_was_found_and_what_to_do() -> None:
    plain = InvalidValueError("days", "must not be negative", -3)
    assert str(plain) == "days must not be negative, got -3"
    hinted = InvalidValueError("rate", "must be exact", 0.1, hint="pass text")
    assert str(hinted) == "rate must be exact, got 0.1; pass text"
    assert (hinted.field, hinted.rule, hinted.value, hinted.hint) == (
        "rate",
        "must be exact",
        0.1,
        "pass text",
    )


def test_a_schedule_error_names_its_installment_and_shows_amounts_as_they_are() -> None:
    unpaid = ScheduleError("installment", "must be more", "EUR 5.07", number=3, count=9)
    assert str(unpaid) == "installment 3 of 9 must be more, got EUR 5.07"
    late = ScheduleError(
        "due_on", "must rise", dt.date(2025, 1, 31), hint="h", number=2, count=3
    )
    assert str(late) == "installment 2 of 3: due_on must rise, got 2025-01-31; h"
    assert late.finding == "installment 2 of 3: due_on must rise, got 2025-01-31"
    assert (late.number, late.count, late.field) == (2, 3, "due_on")
    plan = ScheduleError("plan.grace", "must be shorter", 3)
    assert str(plan) == plan.finding == "plan.grace must be shorter, got 3"
    assert (plan.number, plan.count, plan.hint) == (None, None, None)


def test_dates_are_shown_in_iso_form_and_long_values_cut() -> None:
    shown = str(InvalidValueError("due_on", "must be later", dt.date(2025, 1, 31)))
    assert shown == "due_on must be later, got 2025-01-31"
    longest = str(InvalidValueError("id", "must be short", "x" * 118))
    assert longest == f"id must be short, got '{'x' * 118}'"
    cut = str(InvalidValueError("id", "must be short", "x" * 119))
    assert cut == f"id must be short, got '{'x' * 116}..."


def test_a_number_too_long_to_print_can_still_be_refused() -> None:
    """Python raises on writing out whole numbers of thousands of digits."""
    error = InvalidValueError("minor", "must fit int64", 10**5000)
    assert str(error) == "minor must fit int64, got a whole number of 16610 bits"
    assert str(InvalidValueError("minor", "must fit int64", 10**50)).endswith("0" * 50)


def test_a_conflict_says_what_to_do() -> None:
    error = ConflictError("customer-7", version=3, expected_version=2)
    assert str(error).endswith("; read it again and repeat the change")
    assert (error.key, error.version, error.expected_version) == ("customer-7", 3, 2)


def test_a_conflict_of_a_batch_names_the_first_of_the_others() -> None:
    def text_of(*others: str) -> str:
        error = ConflictError("a", version=3, expected_version=2, other_keys=others)
        assert error.other_keys == others
        return str(error).partition(", and ")[2]

    assert text_of("b") == "1 more conflict: 'b'; read it again and repeat the change"
    assert text_of("b", "c", "d").startswith("3 more conflict: 'b', 'c', 'd'; read")
    assert text_of("b", "c", "d", "e").startswith(
        "4 more conflict: 'b', 'c', 'd', ...;"
    )
