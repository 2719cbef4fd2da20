"""Save and load captures: gzipped JSON, versioned, validated. A damaged, foreign or hostile file is one clear line."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from pydantic import ValidationError

from diagnose.errors import UsageError
from diagnose.models import CAPTURE_SCHEMA, Capture

MAX_BYTES = 512 * 2**20
"""Of JSON, unpacked: an hour of one-second windows with 1,000 cgroups takes about a third of it."""
_CHUNK = 1 << 20


def to_bytes(capture: Capture) -> bytes:
    """Return the file's content; the same capture gives the same bytes (no time stamp, no file name in the header)."""
    text = capture.model_dump_json(by_alias=True)
    return gzip.compress(text.encode(), compresslevel=6, mtime=0)


def load(path: Path) -> tuple[Capture, bytes]:
    """Return the capture in a file, and the file's bytes; raises UsageError with what is wrong with it."""
    try:
        packed = path.read_bytes() if path.stat().st_size <= MAX_BYTES else None
    except OSError as error:
        raise UsageError(f"cannot read the capture {path}: {error.strerror}") from error
    if packed is None:
        raise UsageError(f"{path}: larger than any capture ({MAX_BYTES >> 20} MiB); give a capture.json.gz")
    return parse(packed, str(path)), packed


def parse(packed: bytes, name: str) -> Capture:
    """Unpack and validate; raises UsageError naming `name`."""
    text = _unpack(packed, name)
    try:
        return Capture.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        if where == "schema":
            raise UsageError(f"{name} is not a capture of this version ({CAPTURE_SCHEMA})") from error
        raise UsageError(
            f"{name} is not a valid capture: {where}: {first['msg']} ({error.error_count()} problems); record it again"
        ) from error


def _unpack(packed: bytes, name: str) -> bytes:
    """Unzip at most MAX_BYTES, chunk by chunk, so that a compression bomb is refused before it is unpacked."""
    unzip, parts, size = zlib.decompressobj(wbits=31), [], 0
    data = packed
    try:
        while data and not unzip.eof:
            part = unzip.decompress(data, _CHUNK)
            size += len(part)
            if size > MAX_BYTES:
                raise UsageError(f"{name} unpacks to more than {MAX_BYTES >> 20} MiB: not a capture")
            parts.append(part)
            data = unzip.unconsumed_tail
    except zlib.error as error:
        raise UsageError(f"{name} is not a capture: it is not gzip data, or damaged ({error})") from error
    if not unzip.eof:
        raise UsageError(f"{name} is cut short: the gzip data ends early; copy it again")
    return b"".join(parts)
