"""Save and load captures: gzipped JSON, versioned, validated. A damaged, foreign or hostile file is one clear line."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from pydantic import ValidationError

from diagnose.capture.consistency import impossible
from diagnose.capture.faults import sentence
from diagnose.capture.json_columns import parse as parse_json
from diagnose.capture.model import CAPTURE_SCHEMA, Capture
from diagnose.capture.whole_files import content
from diagnose.errors import UsageError
from diagnose.escape import shortened, visible

MAX_BYTES = 512 * 2**20
"""Of JSON, unpacked: an hour of one-second windows with 1,000 cgroups takes about a third of it."""
MAX_PACKED_BYTES = 128 * 2**20
"""Of the file. Read to here and no further, whatever the file system says of its size (a device has none)."""
CELLS, BYTES_A_CELL = 1_000_000, 2
"""What a column may have: so many cells, and one more for so many bytes of the file. Rows of real captures take 4 to 8
bytes and more, of a quiet host less, which has few; a small file that is all rows is no capture."""
_CHUNK, _PACKED_CHUNK = 1 << 20, 1 << 17


def to_bytes(capture: Capture) -> bytes:
    """Return the file's content; the same capture gives the same bytes (no time stamp, no file name in the header)."""
    # Bytes at once: model_dump_json makes a str of the same size first.
    text = Capture.__pydantic_serializer__.to_json(capture, by_alias=True)
    return gzip.compress(text, compresslevel=6, mtime=0)


def load(path: Path, changed: Callable[[Capture], Capture] | None = None) -> tuple[Capture, bytes]:
    """Return the capture in a file, and the file's bytes; raises UsageError with what is wrong with it.

    `changed`: what to make of the capture (redaction); the bytes are then those of its file.
    """
    name = visible(str(path))
    try:
        packed = content(path, MAX_PACKED_BYTES)
    except OSError as error:
        raise UsageError(f"cannot read the capture {name}: {error.strerror}") from error
    if len(packed) > MAX_PACKED_BYTES:
        raise UsageError(f"{name}: larger than any capture ({MAX_PACKED_BYTES >> 20} MiB); give a capture.json.gz")
    capture = parse(packed, name)
    if changed is None:
        return capture, packed
    capture = changed(capture)
    return capture, to_bytes(capture)


def parse(packed: bytes, name: str) -> Capture:
    """Unpack and validate; raises UsageError naming `name`."""
    most = CELLS + len(packed) // BYTES_A_CELL
    try:
        # Not model_validate_json: it holds the whole file as a tree of its own first, which takes twice the memory.
        capture = Capture.model_validate(parse_json(_unpacked(packed, name), most_cells=most))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = shortened(visible(".".join(str(part) for part in first["loc"]))) or "the file"
        if where == "schema":
            raise UsageError(f"{name} is not a capture of this version ({CAPTURE_SCHEMA})") from error
        message = visible(sentence(first))
        raise UsageError(
            f"{name} is not a valid capture: {where}: {message} ({error.error_count()} problems); record it again"
        ) from error
    except ValueError as error:  # no JSON; a ValidationError is a ValueError, too
        raise UsageError(f"{name} is not a capture: {visible(str(error))}; record it again") from error
    for problem in impossible(capture):
        raise UsageError(f"{name} is not a valid capture: {problem}; record it again")
    return capture


def _unpacked(packed: bytes, name: str) -> Iterator[bytes]:
    """Unzip at most MAX_BYTES, chunk by chunk, so that a compression bomb is refused before it is unpacked."""
    unzip, length = zlib.decompressobj(wbits=31), 0
    try:
        for start in range(0, len(packed), _PACKED_CHUNK):  # what is not consumed is copied each time
            data = packed[start : start + _PACKED_CHUNK]
            while data and not unzip.eof:
                chunk = unzip.decompress(data, _CHUNK)
                if (length := length + len(chunk)) > MAX_BYTES:
                    raise UsageError(f"{name} unpacks to more than {MAX_BYTES >> 20} MiB: not a capture")
                yield chunk
                data = unzip.unconsumed_tail
    except zlib.error as error:
        raise UsageError(f"{name} is not a capture: it is not gzip data, or damaged") from error
    if not unzip.eof:
        raise UsageError(f"{name} is cut short: the gzip data ends early; copy it again")
