"""The C of the battery as one module, and what its files say of themselves (bpf/common.h lists the words).

Light: the compiler begins before numpy and pydantic are imported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from diagnose import resources

_INCLUDE = re.compile(r'^#include "([\w.]+)"$', re.MULTILINE)
_SAID = re.compile(r"^(NEEDS|MAY_USE|FIELDS|ON_STACK|LOSES)\(([^)]*)\)$", re.MULTILINE)


@dataclass(frozen=True)
class Source:
    """The joined text and, each once, what the files ask of the kernel and what they may lose."""

    text: str
    needs: tuple[str, ...]
    """Members, "struct.member", without which nothing can be built; "a.b|c.d": the names that one has had."""
    may_use: tuple[str, ...]
    """Members that only some kernels have."""
    fields: tuple[str, ...]
    """Fields of tracepoints, "category:event.field"."""
    on_stack: tuple[str, ...]
    """Kernel functions that are looked for on a stack."""
    loses: tuple[str, ...]
    """Why events may go uncounted, in the order of the map `lost`."""


@cache
def battery() -> Source:
    """Return the source of the whole battery: every C file of bpf/."""
    return joined(resources.folder("bpf"))


def joined(folder: Path) -> Source:
    """Join the C files of a folder by name, each once and behind those that it includes."""
    files: dict[str, str] = {}
    for path in sorted(folder.glob("*.c")):
        _collect(folder, path.name, files)
    text = "".join(f'#line 1 "{name}"\n{_INCLUDE.sub("", content)}\n' for name, content in files.items())
    return Source(
        text=text,
        needs=_said(text, "NEEDS"),
        may_use=_said(text, "MAY_USE"),
        fields=_said(text, "FIELDS"),
        on_stack=_said(text, "ON_STACK"),
        loses=_said(text, "LOSES"),
    )


def _collect(folder: Path, name: str, files: dict[str, str]) -> None:
    """Add a file to those collected, after what it includes."""
    if name not in files:
        content = (folder / name).read_text()
        for included in _INCLUDE.findall(content):
            _collect(folder, included, files)
        files[name] = content


def _said(text: str, word: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_words(text, word)))


def _words(text: str, word: str) -> Iterator[str]:
    for said, what in _SAID.findall(text):
        if said == word:
            yield from ("".join(part.split()) for part in what.split(","))
