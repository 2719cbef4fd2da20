"""Columns behave as the lists they stand for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from diagnose.capture.columns import Column, floats, taken
from diagnose.capture.tables import Samples

cells = st.lists(st.integers(0, 2**63 - 1) | st.none())


@given(cells)
def test_a_column_is_like_its_list(values: list[int | None]) -> None:
    column = Column.of(values, np.int64)
    assert (list(column), len(column), bool(column), column[:3]) == (values, len(values), bool(values), values[:3])
    assert column == values
    assert column == Column.of(list(values), np.int64)
    assert [column[i] for i in range(len(values))] == values
    places = np.arange(len(values))[::2]
    assert taken(column, places) == taken(values, places) == values[::2]
    assert np.array_equal(floats(column, places), floats(values, places), equal_nan=True)
    assert column.total() == pytest.approx(sum(v for v in values if v is not None))


@given(cells)
def test_it_goes_through_json_as_it_is(values: list[int | None]) -> None:
    samples = Samples(window=range(len(values)), values={"a": values})  # type: ignore[arg-type]
    again = Samples.model_validate_json(samples.model_dump_json())
    assert again == samples
    assert again.values["a"] == values


def test_a_gap_is_not_taken_for_a_number() -> None:
    with pytest.raises(TypeError):
        np.asarray(Column.of([1, None], np.int64), np.int64)
    assert np.asarray(Column.of([1, 2], np.int64), np.int64).tolist() == [1, 2]


@pytest.mark.parametrize("value", [[-1], [2**63], [1.5], ["x"], "12", 7, None, [[1]], Column(np.array([-2]))])
def test_what_is_no_column_of_counts_is_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        Samples(window=[0], values={"a": value})  # type: ignore[dict-item]
