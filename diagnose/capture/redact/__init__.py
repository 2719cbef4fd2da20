"""A capture with pseudonyms in place of names, for sharing outside (pure).

Redaction happens on the capture and nowhere else: reports are made from captures alone, so whatever is made from a
redacted one is redacted too, and it is the same report from the file as from the measurement. Numbers (latencies,
sizes, process and cgroup ids, inodes, the time and its zone) stay as measured.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from diagnose.capture.model import Capture, ProbeRecord
from diagnose.capture.reasons import sentence
from diagnose.capture.redact.fields import rewrite
from diagnose.capture.redact.key import read_key
from diagnose.capture.redact.replacements import Replacements
from diagnose.errors import UsageError

__all__ = ["Redaction", "read_key", "redact", "redaction"]

Redaction = Callable[[Capture], Capture]


def redact(capture: Capture, key: bytes | None = None) -> Capture:
    """Return the capture with every string replaced as its declaration in `capture/strings.py` says.

    The same name gets the same pseudonym wherever it stands. Pseudonyms are numbers in the order of appearance, which
    nobody can work back from; with a `key` they are taken from a keyed hash, so that they are the same in every
    capture redacted with it. A redacted capture is returned as it is.
    """
    if capture.redacted:
        return capture
    shared = rewrite(capture, Replacements(capture, key))
    return shared.model_copy(update={"redacted": True, "probes": list(map(_told_again, shared.probes))})


def _told_again(record: ProbeRecord) -> ProbeRecord:
    """Write the reason of an instrument again out of its values, in which the names are pseudonyms by now."""
    return record.model_copy(update={"reason": sentence(record.why)}) if record.why else record


def redaction(wanted: bool, key_file: Path | None) -> Redaction | None:
    """Return what --redact and --redact-key do to a capture, None for nothing; raises UsageError for a bad key."""
    if not wanted and key_file is not None:
        raise UsageError("--redact-key says how --redact chooses pseudonyms; give both")
    if not wanted:
        return None
    key = None if key_file is None else read_key(key_file)
    return lambda capture: redact(capture, key)
