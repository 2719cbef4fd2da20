"""JSON with arrays cut out of it: the same values as any parser gives, and the same refusals."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnose.capture import json_columns
from diagnose.capture.columns import Column
from diagnose.capture.json_columns import LONG, parse

numbers = st.integers(-(2**70), 2**70) | st.integers(-2, 5) | st.sampled_from([2**63 - 1, 2**63, 2**64, -1, 0])
cells = numbers | st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.booleans() | st.text(max_size=3)
lists = st.lists(numbers) | st.lists(st.integers(0, 999) | st.none()) | st.lists(cells)
keys = st.text(max_size=5) | st.just("\0column")
documents = st.recursive(
    lists | st.text() | st.lists(lists, max_size=3),
    lambda inner: st.dictionaries(keys, inner, max_size=4),
    max_leaves=10,
)


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    return list(value) if isinstance(value, Column) else value


@given(st.dictionaries(keys, documents, max_size=5).filter(lambda d: "\\u0000column" not in json.dumps(d)))
def test_what_comes_out_is_what_any_parser_gives(document: dict[str, Any]) -> None:
    text = json.dumps(document, separators=(",", ":")).encode()
    expected = json.loads(text)
    if not _lists_of_lists(expected):
        assert plain(parse(text, long=0)) == expected
    assert plain(parse(text)) == expected


def _lists_of_lists(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_lists_of_lists, value.values()))
    return isinstance(value, list) and any(isinstance(inner, list) for inner in value)


def test_a_long_list_is_an_array_and_a_short_one_is_not() -> None:
    found = parse(b'{"long":[%s],"short":[1,2]}' % b",".join([b"17"] * 5000))
    assert isinstance(found["long"], Column)
    assert found["long"].numbers.dtype == np.int8
    assert (len(found["long"]), set(found["long"])) == (5000, {17})
    assert found["short"] == [1, 2]


def test_nulls_are_gaps() -> None:
    found = parse(b'{"a":[null,1,null]}', long=0)["a"]
    assert (list(found), found.has_gaps) == ([None, 1, None], True)
    assert list(parse(b'{"a":[-1,1]}', long=0)["a"]) == [-1, 1]


@pytest.mark.parametrize(
    "cells",
    [b"1,,2", b"1,2,", b",1", b"1 2", b"1,nul", b"1,null2", b"1null", b"-", b"1,-", b"1-2", b"--1", b"nu,ll", b"1,[2"],
)
def test_what_is_no_list_of_numbers_is_refused_as_ever(cells: bytes) -> None:
    with pytest.raises(ValueError, match="cut short or damaged"):
        parse(b'{"a":[%s]}' % cells, long=0)


def test_a_list_inside_a_string_stays_text_or_is_refused() -> None:
    assert parse(b'{"a":"[1,2,3]"}') == {"a": "[1,2,3]"}
    with pytest.raises(ValueError, match="cut short or damaged"):  # longer than any string of a capture
        parse(b'{"a":"[%s]"}' % b",".join([b"1"] * 9000))


@pytest.mark.parametrize("text", [b"[" * 10**6, b"]" * 10**6, b"[]" * 10**6, b"[1," * 400_000, b'{"a":[' * 10**5])
def test_brackets_take_time_by_the_length_of_the_text(text: bytes) -> None:
    with pytest.raises(ValueError, match="cut short or damaged"):  # by the square of its length it would take hours
        parse(text)


def test_a_mark_that_the_file_holds_itself_is_nothing_special() -> None:
    forged = b'{"a":{"\\u0000column":7},"b":[%s]}' % b",".join([b"1"] * 9000)
    assert parse(forged)["a"] == {"\0column": 7}


def test_what_would_take_too_much_memory_is_refused_before_it_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    column = b"1," * LONG + b"1"
    monkeypatch.setattr(json_columns, "MOST_VALUES", 17)
    assert len(parse(b'{"a":[%s],"b":[%s]}' % (column, b",".join([b"[]"] * 7)))["b"]) == 7
    with pytest.raises(ValueError, match="more than 17 values beside its columns"):
        parse(b'{"a":[%s],"b":[%s]}' % (column, b",".join([b"[]"] * 8)))
    monkeypatch.setattr(json_columns, "MOST_BYTES", 1 << 20)
    with pytest.raises(ValueError, match="more than 1 MiB beside its columns"):
        parse(b'{"a":[%s],"b":"%s"}' % (column, b"x" * (1 << 20)))
    assert len(parse(b'{"a":[%s]}' % (b"1," * (1 << 20) + b"1"))["a"]) == (1 << 20) + 1


@pytest.mark.parametrize("cell", [b"1", b"null", b'"hit"'])
def test_a_longer_column_than_its_file_can_have_is_refused_before_it_is_made(cell: bytes) -> None:
    text = b'{"a":[%s]}' % b",".join([cell] * 3_000_000)
    assert len(parse(text, most_cells=3_000_000)["a"]) == 3_000_000
    with pytest.raises(ValueError, match="a column with more values"):
        parse(text, most_cells=2_999_999)


@given(st.lists(st.sampled_from([1, None, 300, -1, 2**40]), min_size=1, max_size=40), st.integers(1, 60))
def test_a_list_that_comes_in_pieces_is_the_same(cells: list[int | None], length: int) -> None:
    text = json.dumps({"a": cells, "b": [[1, 2], "x]"], "c": ["hit", "missed"] * 5}, separators=(",", ":")).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_columns, "PIECE", 20)
        found = parse((text[i : i + length] for i in range(0, len(text), length)), long=20)
    assert {**found, "a": list(found["a"])} == json.loads(text)
    long = len(text.partition(b"]")[0]) - len(b'{"a":[') >= 20
    assert isinstance(found["a"], Column) == (long and not {None, -1} <= set(cells))
