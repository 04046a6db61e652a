from __future__ import annotations

import datetime as dt
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from microcrm_core import (
    STRICT,
    Currency,
    Frequency,
    LoanTerms,
    Money,
    Rate,
    build_schedule,
)
from microcrm_core.errors import InvalidValueError, MissingExtraError
from microcrm_core.frames import Backend, to_frame

pytest.importorskip("narwhals")
COLUMNS: Mapping[str, Sequence[object]] = {
    "loan_id": ["l-1", "l-2"],
    "paid_minor": [9_007_199_254_740_993, None],
}


@pytest.mark.parametrize("backend", Backend)
def test_columns_become_a_frame_of_the_named_library(backend: Backend) -> None:
    pytest.importorskip(backend.value)
    frame: Any = to_frame(COLUMNS, backend)

    assert type(frame).__module__.partition(".")[0] == backend.value
    names = frame.column_names if backend is Backend.PYARROW else frame.columns
    assert list(names) == ["loan_id", "paid_minor"]


def test_an_amount_beside_a_gap_keeps_every_digit() -> None:
    # 2**53 + 1 is the first whole number that a float cannot hold.
    pytest.importorskip("pandas")
    frame: Any = to_frame(COLUMNS, "pandas")

    assert int(frame["paid_minor"][0]) == 9_007_199_254_740_993


def test_a_whole_number_of_numpy_beside_a_gap_keeps_every_digit() -> None:
    pytest.importorskip("pandas")
    column = [np.int64(9_007_199_254_740_993), None]
    frame: Any = to_frame({"paid_minor": column}, "pandas")

    assert int(frame["paid_minor"][0]) == 9_007_199_254_740_993


@pytest.mark.parametrize("backend", Backend)
@pytest.mark.parametrize("as_list", [False, True])
def test_days_of_numpy_are_days_in_every_library(
    backend: Backend, as_list: bool
) -> None:
    pytest.importorskip(backend.value)
    days = np.array(["2025-01-31", "NaT"], "datetime64[D]")
    frame: Any = to_frame({"due_on": list(days) if as_list else days}, backend)

    found = values_of(frame, "due_on", backend)
    assert [str(one)[:10] for one in found] == ["2025-01-31", "None"]
    # pandas has no days without a time.
    assert backend is Backend.PANDAS or found[0] == dt.date(2025, 1, 31)


@pytest.mark.parametrize("backend", Backend)
@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_moments_of_numpy_are_moments_in_every_library(
    backend: Backend, unit: Any
) -> None:
    pytest.importorskip(backend.value)
    moments = np.array(["2025-01-31T10:20:30", "NaT"], f"datetime64[{unit}]")
    frame: Any = to_frame({"paid_at": moments}, backend)

    expected = [dt.datetime(2025, 1, 31, 10, 20, 30), None]  # noqa: DTZ001  # no zone
    assert values_of(frame, "paid_at", backend) == expected


def values_of(frame: Any, name: str, backend: Backend) -> list[object]:
    """Return a column as Python values, None where it is missing."""
    if backend is Backend.PANDAS:
        return [None if str(one) == "NaT" else one for one in frame[name]]
    column = frame[name]
    values = column.to_pylist() if backend is Backend.PYARROW else column.to_list()
    return list(values)


@pytest.mark.parametrize("backend", ["polars", "pyarrow"])
def test_the_library_that_is_imported_already_is_taken(backend: str) -> None:
    pytest.importorskip(backend)
    program = (
        f"import {backend}\n"
        "from microcrm_core.frames import to_frame\n"
        "print(type(to_frame({'a': [1]})).__module__.partition('.')[0])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert answer.stdout.strip() == backend


def test_an_unknown_library_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="one of pandas, polars, pyarrow"):
        to_frame(COLUMNS, "excel")


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(InvalidValueError, match="columns must have one length"):
        to_frame({"a": [1], "b": []})


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "narwhals", None)

    with pytest.raises(MissingExtraError, match="to_frame needs the extra 'frames'"):
        to_frame(COLUMNS)


def test_a_schedule_becomes_a_frame_with_a_row_for_each_installment() -> None:
    pytest.importorskip("polars")
    terms = LoanTerms(
        principal=Money.of("10.00", Currency.of("EUR")),
        nominal_rate=Rate.per_year(0),
        installment_count=3,
        frequency=Frequency.MONTHLY,
        disbursed_on=dt.date(2025, 1, 31),
        first_due_on=dt.date(2025, 2, 28),
    )
    frame: Any = build_schedule(terms, STRICT).to_frame("polars")

    assert frame["due_on"].to_list() == [
        dt.date(2025, 2, 28),
        dt.date(2025, 3, 28),
        dt.date(2025, 4, 28),
    ]
    # The smallest level amount that leaves the last installment no larger.
    assert [str(one) for one in frame["total"].to_list()] == ["3.34", "3.34", "3.32"]
