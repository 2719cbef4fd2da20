"""The strings of a capture: how long they can be, and what each may give away.

`diagnose/capture/redact` goes by these declarations alone. It refuses a string field without one, and a test finds it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from diagnose.capture.bounds import MAX_COMM, MAX_DEVICE, MAX_NAME, MAX_PATH, MAX_TEXT, MAX_WORD

Kind = Literal[
    "boot", "cgroup", "cgroup name", "comm", "device", "file", "host", "kernel", "message", "mount", "sentence",
    "service", "time", "word",
]  # fmt: skip


@dataclass(frozen=True)
class Gives:
    """Metadata of a string type: the kind of thing that the string names, which decides how it is redacted."""

    kind: Kind


Text = Annotated[str, Field(max_length=MAX_TEXT)]
_Path = Annotated[str, Field(max_length=MAX_PATH)]
_Name = Annotated[str, Field(max_length=MAX_NAME)]

BootId = Annotated[_Name, Gives("boot")]
CgroupPath = Annotated[_Path, Gives("cgroup")]
CgroupName = Annotated[_Path, Gives("cgroup name")]
Comm = Annotated[Annotated[str, Field(max_length=MAX_COMM)], Gives("comm")]
Device = Annotated[Annotated[str, Field(max_length=MAX_DEVICE)], Gives("device")]
FilePath = Annotated[_Path, Gives("file")]
HostName = Annotated[_Name, Gives("host")]
KernelRelease = Annotated[_Name, Gives("kernel")]
MountPoint = Annotated[_Path, Gives("mount")]
ServiceName = Annotated[_Path, Gives("service")]

Message = Annotated[Text, Gives("message")]
"""What the kernel or a library said: may name anything."""
Sentence = Annotated[Text, Gives("sentence")]
"""A sentence of this program, with names and error messages of the system in it (see `reasons.py`)."""
Time = Annotated[_Name, Gives("time")]
"""Harmless: ISO 8601."""
Word = Annotated[Annotated[str, Field(max_length=MAX_WORD)], Gives("word")]
"""Harmless: a term of this program or the kernel's name of a file or counter. What is no such word is redacted."""
