from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core.money import Currency
from microcrm_core.reviews.ids_batch import IdIndex, narrow_ids, repeated_rows
from microcrm_core.reviews.row_values import (
    FaultFoundError,
    day_value,
    id_value,
    minor_value,
    whole_value,
)
from microcrm_core.reviews.schema import AMOUNT_MINOR_MAX, SEQUENCE_MAX
from microcrm_core.reviews.values_batch import Fields
from tests.reviews.folders import day_number

# What the fast parser may be given: any text without quotes, commas and controls.
PLAIN = st.text(st.sampled_from("0123456789.-+ :/aZ~'é\u3000\x85\uff11"), max_size=24)
NUMBER = st.from_regex(r"-?[0-9]{1,17}(\.[0-9]{0,9})?", fullmatch=True)
DATE = st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", fullmatch=True) | st.dates().map(
    str
)


@given(texts=st.lists(PLAIN | NUMBER, min_size=1, max_size=20),
       code=st.sampled_from(["JPY", "EUR", "KWD", "CLF"]))  # fmt: skip
def test_amounts_are_those_of_the_scalar_parser_or_left_to_it(
    texts: list[str], code: str
) -> None:
    currency = Currency.of(code)
    fields = Fields.of([text.encode() for text in texts])
    values, is_good = fields.decimals(currency.exponent, most=AMOUNT_MINOR_MAX)
    mixed, is_good_mixed = fields.decimals(
        np.full(len(texts), currency.exponent), most=AMOUNT_MINOR_MAX
    )

    assert is_good.tolist() == is_good_mixed.tolist()
    for text, value, other, is_sure in zip(texts, values, mixed, is_good, strict=True):
        if is_sure:
            assert value == other == minor_value({"amount": text}, "amount", currency)


def test_common_amounts_are_not_left_to_the_scalar_parser() -> None:
    texts = [b"1", b"12.5", b"12.50", b"-0.01", b"7.5000", b"9999999999999.99", b"-3"]
    values, is_good = Fields.of(texts).decimals(2, most=AMOUNT_MINOR_MAX)

    assert is_good.all()
    assert values.tolist() == [100, 1250, 1250, -1, 750, 999_999_999_999_999, -300]


@given(texts=st.lists(PLAIN | DATE, min_size=1, max_size=20))
def test_days_are_those_of_the_scalar_parser(texts: list[str]) -> None:
    values, is_good = Fields.of([text.encode() for text in texts]).days()

    for text, value, is_sure in zip(texts, values, is_good, strict=True):
        try:
            expected = day_number(day_value({"on": text}, "on").isoformat())
        except FaultFoundError:
            assert not is_sure
        else:
            assert is_sure
            assert value == expected


@given(texts=st.lists(PLAIN | st.from_regex(r"[0-9]{1,17}", fullmatch=True),
                      min_size=1, max_size=20))  # fmt: skip
def test_whole_numbers_are_those_of_the_scalar_parser(texts: list[str]) -> None:
    fields = Fields.of([text.encode() for text in texts])
    values, is_good = fields.whole_numbers(least=0, most=SEQUENCE_MAX)

    for text, value, is_sure in zip(texts, values, is_good, strict=True):
        if is_sure:
            bounds = {"least": 0, "most": SEQUENCE_MAX}
            assert value == whole_value({"n": text}, "n", **bounds)


@given(texts=st.lists(PLAIN | st.just("x" * 64) | st.just("x" * 65), min_size=1,
                      max_size=20))  # fmt: skip
def test_ids_are_those_of_the_scalar_parser(texts: list[str]) -> None:
    ids, is_good = Fields.of([text.encode() for text in texts]).ids()

    for text, one, is_sure in zip(texts, ids.tolist(), is_good, strict=True):
        try:
            expected = id_value({"id": text}, "id")
        except FaultFoundError:
            assert not is_sure or text == ""
        else:
            # Beyond ASCII the scalar parser decides.
            assert is_sure == text.isascii()
            assert not is_sure or one.decode() == expected


IDS = st.lists(st.text("ab1", min_size=1, max_size=20).map(str.encode), max_size=30)


@given(known=IDS, asked=IDS)
def test_an_index_finds_each_id_where_it_stands(
    known: list[bytes], asked: list[bytes]
) -> None:
    distinct = list(dict.fromkeys(known))
    index = IdIndex.of(np.array(distinct, dtype=np.bytes_))
    found = index.find(np.array(asked, dtype=np.bytes_))

    places = {one: row for row, one in enumerate(distinct)}
    assert found.tolist() == [places.get(one, -1) for one in asked]


def test_ids_that_share_a_hash_are_told_apart() -> None:
    # Built by hand: two entries under one hash, as a collision would make them.
    ids = np.array([b"a", b"b"])
    index = IdIndex.of(ids)
    same = IdIndex(
        index.words, np.repeat(IdIndex.of(ids[1:]).hashes, 2), np.array([0, 1]), 2
    )

    assert same.find(np.array([b"b"])).tolist() == [1]


@given(ids=IDS)
def test_a_repeat_names_the_row_where_its_id_stands_first(ids: list[bytes]) -> None:
    rows, first = repeated_rows(np.array(ids, dtype=np.bytes_))

    expected = [(row, ids.index(one)) for row, one in enumerate(ids)
                if ids.index(one) != row]  # fmt: skip
    assert list(zip(rows.tolist(), first.tolist(), strict=True)) == expected


@given(ids=IDS)
def test_narrow_ids_lose_nothing(ids: list[bytes]) -> None:
    wide = np.array(ids, dtype="S64")
    narrow = narrow_ids(wide)

    assert narrow.tolist() == ids
    assert narrow.dtype.itemsize == max((len(one) for one in ids), default=1)
