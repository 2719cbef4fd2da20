"""JSON whose long lists of whole numbers become arrays at once, not lists of objects first (pure).

A capture of a large host is nothing but such lists: numpy reads them four times as fast as a JSON parser makes objects
of them, and in a fraction of the memory. They are cut out of the text as it comes, piece by piece; what is left goes
through the parser. So are long lists of few words ("hit", "missed"), each of which is there once.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from pydantic_core import from_json

from diagnose.capture.columns import ABSENT, Column, Whole, narrowed

LONG = 8192
"""In bytes. Longer than any string that a capture may hold, so that what is cut out never was a part of a string."""
PIECE = 1 << 20
"""In bytes: what is read of a list at a time. All its numbers or words at once take many times as much as its text."""
MOST_BYTES, MOST_VALUES = 24 << 20, 1_000_000
"""Beside the columns: what becomes objects takes up to ten times as much memory. A host with 20,000 cgroups has some
20 MB and 400,000 values."""
MOST_WORDS = 4096
"""Different ones in a column of words, as many devices."""
_MARK = "\0column"
_LARGEST = np.iinfo(np.int64).max

Cells = Column | list[str]


class _TooMuchError(ValueError):
    """More than memory has to be spent on."""


def parse(text: bytes | bytearray | Iterable[bytes], long: int = LONG, most_cells: int = sys.maxsize) -> Any:
    """Return the value of a JSON text, or of its pieces, with a `Column` for every value of an object that is a list of
    at least `long` bytes of whole numbers and nulls below 2**63. Raises ValueError for what is no JSON, and for more
    beside these than memory has to be spent on, or a column of more than `most_cells`.
    """
    cutter = _Cutter(long, most_cells)
    for piece in [text] if isinstance(text, bytes | bytearray) else text:
        cutter.feed(bytes(piece))
    value = _parsed(cutter.ended())
    return _restored(value, cutter.columns) if cutter.columns else value


def _parsed(text: bytes | bytearray) -> Any:
    if text.count(b"[") + text.count(b"{") + text.count(b",") > MOST_VALUES:
        raise _TooMuchError(f"more than {MOST_VALUES:,} values beside its columns")
    try:
        return from_json(text)
    except ValueError as error:
        raise ValueError("its JSON is cut short or damaged") from error


class _Cutter:
    """Takes a text in pieces: columns go to `columns`, a mark in the place of each and all else to `rest`.

    What is in a string, where no list can be, makes an error of the whole: a mark has quotes.
    """

    def __init__(self, long: int, most_cells: int) -> None:
        self.columns: list[Cells] = []
        self._most_cells = most_cells
        self._rest = bytearray()
        self._long = long
        self._kept = b""
        """The end of the text so far, within `_list`."""
        self._list: _List | None = None
        """The list that has begun, if there is no other list in it so far."""

    def feed(self, piece: bytes) -> None:
        """Take the next piece."""
        text, at, seen = self._kept + piece, 0, len(self._kept)
        for place, bracket in _brackets(text, seen):
            self._up_to(text[at:place], bracket)
            at = place + 1
        self._kept = b""
        if self._list is None:
            self._put(text[at:])
        else:
            self._kept = self._list.take(text[at:])
            if self._list.plain:
                self._put(self._list.text(self._kept))
                self._kept, self._list = b"", None

    def ended(self) -> bytearray:
        """Return what is no column, at the end of the text."""
        if self._list is not None:
            self._put(self._list.text(self._kept))
        return self._rest

    def _up_to(self, text: bytes, bracket: bytes) -> None:
        if bracket == b"]" and self._list is not None and (column := self._list.column(text, self._long)) is not None:
            self._put(b'{"\\u0000column":%d}' % len(self.columns))
            self.columns.append(column)
        else:
            self._put(text if self._list is None else self._list.text(text))
            if bracket == b"]":
                self._put(bracket)
        self._list = _List(self._most_cells) if bracket == b"[" else None

    def _put(self, text: bytes) -> None:
        if len(self._rest) + len(text) > MOST_BYTES:
            raise _TooMuchError(f"more than {MOST_BYTES >> 20} MiB beside its columns of numbers")
        self._rest += text


def _brackets(text: bytes, start: int) -> Iterator[tuple[int, bytes]]:
    """Yield the places of square brackets; faster than a regular expression where there are few."""
    opening, closing = text.find(b"[", start), text.find(b"]", start)
    while opening >= 0 or closing >= 0:
        if closing < 0 or 0 <= opening < closing:
            yield opening, b"["
            opening = text.find(b"[", opening + 1)
        else:
            yield closing, b"]"
            closing = text.find(b"]", closing + 1)


class _List:
    """A list of which some has been read: its first cells as columns, or as words."""

    def __init__(self, most_cells: int) -> None:
        self._left = most_cells
        self.plain = False
        """It is better left to the parser."""
        self._length = 0
        """Bytes of it that have been read."""
        self._numbers: list[Column] = []
        self._gaps = self._negative = False
        self._words: list[str] = []
        self._known: dict[bytes, str] = {}

    def take(self, text: bytes) -> bytes:
        """Read what is whole of a long text, and return the rest of it."""
        if len(text) <= PIECE:
            return text
        words = text.startswith(b'"')
        end = text.rfind(b'","') + 1 if words else text.rfind(b",")
        if end <= 0 or not self._read(text[:end]):
            self.plain = True
            return text
        self._length += 1  # the comma
        return text[end + 1 :]

    def column(self, text: bytes, long: int) -> Cells | None:
        """Return the column that ends with a text; None for a short one, and for what is better left to the parser."""
        if self._length + len(text) < long or not self._read(text):
            return None
        if self._words:
            return self._words
        return Column(np.concatenate([part.numbers for part in self._numbers]), self._gaps)

    def text(self, end: bytes) -> bytes:
        """Return it as JSON, without the bracket at its end; `end`: what has not been read."""
        cells = [b",".join(b"null" if c is None else b"%d" % c for c in part) for part in self._numbers]
        cells += [b'"%s"' % word.encode() for word in self._words]
        return b"[" + b",".join([*cells, end])

    def _read(self, cells: bytes) -> bool:
        """Add some cells; returns whether they are of a kind, with those before."""
        if cells.startswith(b'"'):
            read = not self._numbers and self._add_words(cells)
        else:
            read = not self._words and self._add_numbers(cells)
        if read:
            self._length += len(cells)
            self._left -= cells.count(b",") + 1
        if self._left < 0:
            raise _TooMuchError("a column with more values than a file of its size has")
        return read

    def _add_numbers(self, cells: bytes) -> bool:
        column = _numbers(cells)
        if column is None:
            return False
        gaps = self._gaps or column.has_gaps
        negative = self._negative or (not column.has_gaps and int(column.numbers.min()) < 0)
        if gaps and negative:
            return False  # a cell of -1 in one part would be taken for one that is null
        self._gaps, self._negative = gaps, negative
        self._numbers.append(column)
        return True

    def _add_words(self, cells: bytes) -> bool:
        if b"\\" in cells or len(cells) < 2 or not cells.endswith(b'"'):
            return False
        found = cells[1:-1].split(b'","')
        for new in set(found) - self._known.keys():
            if len(self._known) == MOST_WORDS or (word := _word(new)) is None:
                return False
            self._known[new] = word
        self._words += [self._known[word] for word in found]
        return True


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
            numbers: Whole = np.fromstring(cells.replace(b"null", b"%d" % ABSENT), np.int64, sep=",")
    except (DeprecationWarning, ValueError):
        return None
    if len(numbers) != cells.count(b",") + 1 or not numbers.size:
        return None
    beyond = numbers.max() == _LARGEST or numbers.min() < ABSENT  # of what 64 bits hold, perhaps
    return None if beyond else Column(narrowed(numbers), has_gaps)


def _word(quoted: bytes) -> str | None:
    try:
        word = quoted.decode()
    except UnicodeDecodeError:
        return None
    return None if '"' in word or min(word, default=" ") < " " else sys.intern(word)


def _restored(node: Any, columns: list[Cells]) -> Any:
    """Put the columns where their marks are; a mark that the file itself holds is left as it is, and refused later."""
    if isinstance(node, dict):
        for key, value in node.items():
            if isinstance(value, dict) and len(value) == 1 and isinstance(number := value.get(_MARK), int):
                node[key] = columns[number] if 0 <= number < len(columns) else value
            else:
                _restored(value, columns)
    return node
