"""Save and load captures: gzipped JSON, versioned, validated. A damaged, foreign or hostile file is one clear line."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
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
_CHUNK = 1 << 20


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
    text = _unpack(packed, name)
    try:
        # Not model_validate_json: it holds the whole file as a tree of its own first, which takes twice the memory.
        capture = Capture.model_validate(parse_json(text))
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


def _unpack(packed: bytes, name: str) -> bytearray:
    """Unzip at most MAX_BYTES, chunk by chunk, so that a compression bomb is refused before it is unpacked."""
    unzip, text = zlib.decompressobj(wbits=31), bytearray()
    data = packed
    try:
        while data and not unzip.eof:
            text += unzip.decompress(data, _CHUNK)
            if len(text) > MAX_BYTES:
                raise UsageError(f"{name} unpacks to more than {MAX_BYTES >> 20} MiB: not a capture")
            data = unzip.unconsumed_tail
    except zlib.error as error:
        raise UsageError(f"{name} is not a capture: it is not gzip data, or damaged") from error
    if not unzip.eof:
        raise UsageError(f"{name} is cut short: the gzip data ends early; copy it again")
    return text
