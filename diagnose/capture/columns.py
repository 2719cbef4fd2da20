"""Columns of whole numbers, kept as arrays: millions of cells on a large host, 8 bytes each instead of an object."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, overload

import numpy as np
from numpy.typing import NDArray
from pydantic import FailFast, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

Whole = NDArray[np.integer[Any]]
"""Of 8 to 64 bits, signed, or unsigned of 64."""
ABSENT = -1
"""Stands for None in the array of a column with gaps, which holds nothing else below 0."""


def narrowed(numbers: Whole) -> Whole:
    """Return whole numbers in as few bytes each as hold all of them: most counts of a window are small."""
    lowest, highest = int(numbers.min()), int(numbers.max())
    fits = (t for t in (np.int8, np.int16, np.int32) if np.iinfo(t).min <= lowest and highest <= np.iinfo(t).max)
    return numbers.astype(next(fits, numbers.dtype), copy=False)


class Column(Sequence[int | None]):
    """A sequence of whole numbers as an array of shape (length,); `has_gaps`: some of them are None (`ABSENT`)."""

    __slots__ = ("has_gaps", "numbers")

    def __init__(self, numbers: Whole, has_gaps: bool = False) -> None:
        self.numbers = numbers
        self.has_gaps = has_gaps

    @classmethod
    def of(cls, cells: Sequence[int | None], dtype: type[np.int64] | type[np.uint64]) -> Column:
        """Return the column of some cells, all of which `dtype` must hold."""
        has_gaps = None in cells
        return cls(np.array([ABSENT if c is None else c for c in cells] if has_gaps else cells, dtype), has_gaps)

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, place: int) -> int | None: ...
    @overload
    def __getitem__(self, place: slice) -> list[int | None]: ...
    def __getitem__(self, place: int | slice) -> int | list[int | None] | None:
        if isinstance(place, slice):
            return self.cells(self.numbers[place])
        cell = int(self.numbers[place])
        return None if self.has_gaps and cell == ABSENT else cell

    def __iter__(self) -> Iterator[int | None]:
        return iter(self.cells(self.numbers))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Column):
            return self.has_gaps == other.has_gaps and np.array_equal(self.numbers, other.numbers)
        return list(self) == other

    __hash__ = None  # type: ignore[assignment]  # like a list

    def __repr__(self) -> str:
        return repr(list(self))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """What `np.asarray(column, dtype)` asks for: no copy where the type fits; a None is handled as in a list."""
        if self.has_gaps:
            return np.array(list(self), dtype)
        wide = np.uint64 if self.numbers.dtype == np.uint64 else np.int64  # sums of fewer bits would run over
        return np.array(self.numbers, wide if dtype is None else dtype, copy=copy)

    def total(self) -> float:
        """Return the sum, None counting nothing; as a float, which does not overflow."""
        absent = np.count_nonzero(self.numbers == ABSENT) if self.has_gaps else 0
        return float(self.numbers.sum(dtype=np.float64)) + absent

    def cells(self, numbers: Whole) -> list[int | None]:
        """Return some of its numbers as cells."""
        cells: list[int | None] = numbers.tolist()
        return [None if cell == ABSENT else cell for cell in cells] if self.has_gaps else cells


def stored(column: Sequence[Any]) -> Whole:
    """Return a column without gaps as it is kept, for sums and places alone: products would run over."""
    return column.numbers if isinstance(column, Column) else np.asarray(column, np.int64)


def taken(column: Sequence[int | None], places: NDArray[np.int64]) -> list[int | None]:
    """Return the cells at some places."""
    if isinstance(column, Column):
        return column.cells(column.numbers[places])
    return [column[i] for i in places.tolist()]


def floats(column: Sequence[int | None], places: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the cells at some places, NaN for None."""
    if not isinstance(column, Column):
        return np.array([np.nan if (cell := column[i]) is None else cell for i in places.tolist()], np.float64)
    values = column.numbers[places].astype(np.float64)
    if column.has_gaps:
        values[values == ABSENT] = np.nan
    return values


@dataclass(frozen=True)
class Cells:
    """Metadata of a sequence of whole numbers: it is kept as a `Column`, its cells lie in a range, or may be None."""

    at_least: int
    below: int
    or_none: bool = False

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        as_list = handler.generate_schema(
            Annotated[list[int | None], FailFast()] if self.or_none else Annotated[list[int], FailFast()]
        )
        return core_schema.no_info_wrap_validator_function(
            self._column, as_list, serialization=core_schema.plain_serializer_function_ser_schema(list)
        )

    def _column(self, value: Any, as_list: core_schema.ValidatorFunctionWrapHandler) -> Column:
        """Return the column; raises ValueError. What is one already is not gone through cell by cell."""
        dtype = np.uint64 if self.below > 2**63 else np.int64
        if isinstance(value, Column) and (self.or_none or not value.has_gaps):
            numbers = value.numbers[value.numbers != ABSENT] if value.has_gaps else value.numbers
            if numbers.size:
                self._check(int(numbers.min()), int(numbers.max()))
            return Column(value.numbers, value.has_gaps)
        cells = as_list(list(value) if isinstance(value, Column) else value)
        known = [c for c in cells if c is not None] if None in cells else cells
        if known:
            self._check(min(known), max(known))
        return Column.of(cells, dtype)

    def _check(self, lowest: int, highest: int) -> None:
        if lowest < self.at_least or highest >= self.below:
            raise ValueError(f"a value outside {self.at_least} to {self.below - 1}")
