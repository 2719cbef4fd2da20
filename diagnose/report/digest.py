"""The `digest` of a report or change record: shows that a file was edited or mixed up since it was written (pure).

It recognises accidents and careless edits. It is no signature: whoever edits a file on purpose can also compute its
digest anew, so everything in a sealed file is still checked like any other input.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

KEY = "digest"


def digest(document: dict[str, Any]) -> str:
    """Return "sha256:…" over a JSON document without its `digest`: keys sorted, no spaces, plain ASCII."""
    rest = {key: value for key, value in document.items() if key != KEY}
    canonical = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"


def sealed(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with its digest as the last key."""
    rest = {key: value for key, value in document.items() if key != KEY}
    return {**rest, KEY: digest(rest)}
