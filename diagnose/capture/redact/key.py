"""The key of `--redact-key`: whoever has it can test whether a name he guesses belongs to a pseudonym."""

from __future__ import annotations

from pathlib import Path

from diagnose.capture.whole_files import content
from diagnose.errors import UsageError
from diagnose.escape import visible

MIN_BYTES = 16
"""128 bits, if they are random: not to be found by trying."""
MAX_BYTES = 4096
_HOW = "make one with: openssl rand -hex 32"


def read_key(path: Path) -> bytes:
    """Return the content of a key file without the newline at its end; raises UsageError if it cannot serve as key."""
    name = visible(str(path))
    try:
        key = content(path, MAX_BYTES).rstrip(b"\r\n")
    except OSError as error:
        raise UsageError(f"cannot read the redaction key {name}: {error.strerror}; {_HOW}") from error
    if len(key) > MAX_BYTES:
        raise UsageError(f"{name} is no redaction key: it has more than {MAX_BYTES} bytes; {_HOW}")
    if len(key) < MIN_BYTES:
        raise UsageError(f"the redaction key in {name} has {len(key)} bytes and needs {MIN_BYTES} or more; {_HOW}")
    return key
