"""The words that may stay in free text and in keys: those that the sources of the instruments use.

Reasons why a probe did not attach are sentences of this program with error messages and names of the system in them.
A word in the published sources, or in the messages of the C library, gives nobody away; any other word may, and goes.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from diagnose.resources import folder

REDACTED = "[redacted]"

_WORD = re.compile(r"[A-Za-z]+")
_KEPT_NUMBER = re.compile(r"[0-9]{1,5}")
_FOREIGN_PATH = re.compile(r"(?<![\w.])/(?!(?:proc|sys|dev)(?:/|\b))")
_DOTTED_QUAD = re.compile(r"[0-9]+(?:\.[0-9]+){3}")
_MARKS = frozenset("_-.,:;()[]{}<>'\"`/+=*%#&|!?…→×")
_LIBRARIES = "failed to load program attach detach perf event raw tracepoint kprobe open create map rc dev post"
"""Of the messages of libbcc and libbpf, and of version numbers."""


def _is_public(token: str) -> bool:
    """Tell whether a run of characters without spaces holds nothing but public words, small numbers and marks."""
    if _DOTTED_QUAD.search(token) or _FOREIGN_PATH.search(token):
        return False
    parts = re.findall(r"[A-Za-z]+|[0-9]+|.", token, re.DOTALL)
    return all(
        part in _MARKS or _KEPT_NUMBER.fullmatch(part) is not None or part.casefold() in _words() for part in parts
    )


def public_part(text: str) -> str:
    """Return a text with "[redacted]" in place of whatever is not public."""
    tokens = re.split(r"( +)", text)
    return "".join(t if not t.strip(" ") or _is_public(t) else REDACTED for t in tokens)


@cache
def _words() -> frozenset[str]:
    return frozenset(word.casefold() for text in _sources() for word in _WORD.findall(text))


def _sources() -> Iterator[str]:
    package = Path(__file__).parents[2]
    for place in (package / "measure" / "probes", package / "cgroups", folder("bpf")):
        for file in sorted(place.iterdir()):
            if file.suffix in (".py", ".c", ".h"):
                yield file.read_text()
    yield (package / "measure" / "battery.py").read_text()
    yield from (os.strerror(number) for number in errno.errorcode)
    yield _LIBRARIES
