"""JSON whose long lists of whole numbers become arrays at once, not lists of objects first (pure).

A capture of a large host is nothing but such lists: numpy reads them four times as fast as a JSON parser makes objects
of them, and in a quarter of the memory. They are cut out of the text, and what is left goes through the parser. So are
long lists of few words ("hit", "missed"), each of which is there once.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from pydantic_core import from_json

from diagnose.capture.columns import ABSENT, Column

LONG = 8192
"""In bytes. Longer than any string that a capture may hold, so that what is cut out never was a part of a string."""
MOST_BYTES, MOST_VALUES = 24 << 20, 1_000_000
"""Beside the columns: what becomes objects takes up to ten times as much memory. A host with 20,000 cgroups has some
20 MB and 400,000 values."""
MOST_WORDS = 4096
"""Different ones in a column of words, as many devices."""
_MARK = "\0column"
_LARGEST = np.iinfo(np.int64).max


class _TooMuchError(ValueError):
    """More than memory has to be spent on."""


def parse(text: bytes | bytearray, long: int = LONG) -> Any:
    """Return the value of a JSON text, with a `Column` for every value of an object that is a list of at least `long`
    bytes of whole numbers and nulls below 2**63. Raises ValueError for what is no JSON, and for more beside these than
    memory has to be spent on.
    """
    columns: list[Column | list[str]] = []
    rest, done = bytearray(), 0
    for start, end in _innermost(text, long):
        cells = bytes(text[start + 1 : end])
        column = _words(cells) if cells.startswith(b'"') else _numbers(cells)
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
    if text.count(b"[") + text.count(b"{") + text.count(b",") > MOST_VALUES:
        raise _TooMuchError(f"more than {MOST_VALUES:,} values beside its columns")
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


def _words(cells: bytes) -> list[str] | None:
    """Return a column of few words; None for anything that is better left to the parser."""
    if b"\\" in cells or not cells.endswith(b'"'):
        return None
    known: dict[bytes, str] = {}
    words: list[str] = []
    for piece in _pieces(cells[1:-1]):
        found = piece.split(b'","')
        for new in set(found) - known.keys():
            if len(known) == MOST_WORDS or (word := _word(new)) is None:
                return None
            known[new] = word
        words += [known[word] for word in found]
    return words


def _pieces(cells: bytes, length: int = 1 << 20) -> Iterator[bytes]:
    """Yield a list's text in parts that end where a word does: all words at once take ten times as much."""
    start = 0
    while len(cells) - start > length and (end := cells.find(b'","', start + length)) >= 0:
        yield cells[start:end]
        start = end + 3
    yield cells[start:]


def _word(quoted: bytes) -> str | None:
    try:
        word = quoted.decode()
    except UnicodeDecodeError:
        return None
    return None if '"' in word or min(word, default=" ") < " " else sys.intern(word)


def _restored(node: Any, columns: list[Column | list[str]]) -> Any:
    """Put the columns where their marks are; a mark that the file itself holds is left as it is, and refused later."""
    if isinstance(node, dict):
        for key, value in node.items():
            if isinstance(value, dict) and len(value) == 1 and isinstance(number := value.get(_MARK), int):
                node[key] = columns[number] if 0 <= number < len(columns) else value
            else:
                _restored(value, columns)
    return node
