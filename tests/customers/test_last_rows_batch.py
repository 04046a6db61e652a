from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core.customers.last_rows_batch import last_rows
from tests.customers.strategies import ID_ENDINGS

KEYS = st.tuples(
    st.integers(0, 1),
    st.lists(st.sampled_from(ID_ENDINGS), min_size=1, max_size=3).map("".join),
)


@given(
    runs=st.lists(
        st.lists(KEYS, min_size=1, max_size=5, unique=True), min_size=1, max_size=6
    ),
    data=st.data(),
)
def test_the_last_row_is_the_greatest_by_sequence_and_code_points(
    runs: list[list[tuple[int, str]]], data: st.DataObject
) -> None:
    rows = [(run, key) for run, keys in enumerate(runs) for key in keys]
    stored = data.draw(st.permutations(range(len(rows))))
    # Row i of the runs stands at position stored[i] of the columns.
    sequence = np.zeros(len(rows), np.int32)
    encoded = [b""] * len(rows)
    for (_, (place, id)), position in zip(rows, stored, strict=True):
        sequence[position] = place
        encoded[position] = id.encode()
    starts = np.cumsum([0, *(len(keys) for keys in runs)])[:-1]

    found = last_rows(sequence, np.array(encoded), np.array(stored), starts)

    expected = [stored[rows.index((run, max(keys)))] for run, keys in enumerate(runs)]
    assert found.tolist() == expected


def test_ids_are_compared_beyond_their_first_eight_bytes() -> None:
    ids = np.array([b"12345678", b"12345678a", b"12345678Z", b"1234567"])
    same = np.zeros(4, np.int32)

    assert last_rows(same, ids, np.arange(4), np.array([0])).tolist() == [1]


def test_of_two_rows_with_one_key_the_first_is_taken() -> None:
    ids = np.array([b"a", b"b", b"b"])
    same = np.zeros(3, np.int32)

    assert last_rows(same, ids, np.arange(3), np.array([0])).tolist() == [1]


def test_no_rows_have_no_last_ones() -> None:
    none = np.zeros(0, np.int64)

    assert last_rows(np.zeros(0, np.int32), np.zeros(0, "S1"), none, none).size == 0
