"""JSON whose long lists of whole numbers become arrays at once, not lists of objects first (pure).

A capture of a large host is nothing but such lists: numpy reads them four times as fast as a JSON parser makes objects
of them, and in a quarter of the memory. They are cut out of the text, and what is left goes through the parser.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from pydantic_core import from_json

from diagnose.capture.columns import ABSENT, Column

LONG = 8192
"""In bytes. Longer than any string that a capture may hold, so that what is cut out never was a part of a string."""
MOST_BYTES, MOST_CONTAINERS = 128 << 20, 4_000_000
"""Beside the columns: what becomes objects takes up to ten times as much memory, and empty lists twenty times. A host
with 20,000 cgroups has some 60,000 lists and objects, and columns of words."""
_MARK = "\0column"
_LARGEST = np.iinfo(np.int64).max


class _TooMuchError(ValueError):
    """More than memory has to be spent on."""


def parse(text: bytes | bytearray, long: int = LONG) -> Any:
    """Return the value of a JSON text, with a `Column` for every value of an object that is a list of at least `long`
    bytes of whole numbers and nulls below 2**63. Raises ValueError for what is no JSON, and for more beside these than
    memory has to be spent on.
    """
    columns: list[Column] = []
    rest, done = bytearray(), 0
    for start, end in _innermost(text, long):
        column = _numbers(bytes(text[start + 1 : end]))
        if column is not None:
            # Quotes: inside a string, where no list can be, this makes an error of the whole.
            rest += text[done:start] + b'{"\\u0000column":%d}' % len(columns)
            columns.append(column)
            done = end + 1
    if not columns:
        return _parsed(text)
    rest += memoryview(text)[done:]  # no copy: it may be half a gigabyte
    return _restored(_parsed(rest), columns)


def _parsed(text: bytes | bytearray) -> Any:
    try:
        return from_json(_affordable(text))
    except _TooMuchError:
        raise
    except ValueError as error:
        raise ValueError("its JSON is cut short or damaged") from error


def _affordable(text: bytes | bytearray) -> bytes | bytearray:
    if len(text) > MOST_BYTES:
        raise _TooMuchError(f"more than {MOST_BYTES >> 20} MiB beside its columns of numbers")
    if text.count(b"[") + text.count(b"{") > MOST_CONTAINERS:
        raise _TooMuchError(f"more than {MOST_CONTAINERS:,} lists and objects")
    return text


def _innermost(text: bytes | bytearray, long: int) -> Iterator[tuple[int, int]]:
    """Yield the places of the brackets around long texts without brackets; takes time in proportion to the text."""
    start, end = text.find(b"["), 0
    while start >= 0:
        following = text.find(b"[", start + 1)
        end = text.find(b"]", start) if end <= start else end
        if end < 0:
            return
        if end - start > long and (following < 0 or following > end):
            yield start, end
        start = following


def _numbers(cells: bytes) -> Column | None:
    """Return the column; None for anything that is better left to the parser."""
    has_gaps = b"null" in cells
    if cells.translate(None, b"0123456789,nul" if has_gaps else b"0123456789,-"):
        return None
    if cells.count(b"-") != cells.count(b"-1"):  # numpy reads a lone "-" as 0
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # where numpy stops at what is no number
            numbers = np.fromstring(cells.replace(b"null", b"%d" % ABSENT), np.int64, sep=",")
    except (DeprecationWarning, ValueError):
        return None
    if len(numbers) != cells.count(b",") + 1 or not numbers.size:
        return None
    beyond = numbers.max() == _LARGEST or numbers.min() < ABSENT  # of what 64 bits hold, perhaps
    return None if beyond else Column(numbers, has_gaps)


def _restored(node: Any, columns: list[Column]) -> Any:
    """Put the columns where their marks are; a mark that the file itself holds is left as it is, and refused later."""
    if isinstance(node, dict):
        for key, value in node.items():
            if isinstance(value, dict) and len(value) == 1 and isinstance(number := value.get(_MARK), int):
                node[key] = columns[number] if 0 <= number < len(columns) else value
            else:
                _restored(value, columns)
    return node
