"""The strings of a capture: how long they can be, and what each may give away.

`diagnose/capture/redact` goes by these declarations alone. It refuses a string field without one, and a test finds it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

Kind = Literal[
    "boot", "cgroup", "cgroup name", "comm", "device", "file", "host", "kernel", "message", "mount", "sentence",
    "service", "time", "word",
]  # fmt: skip


@dataclass(frozen=True)
class Gives:
    """Metadata of a string type: the kind of thing that the string names, which decides how it is redacted."""

    kind: Kind


Text = Annotated[str, Field(max_length=4096)]

BootId = Annotated[Text, Gives("boot")]
CgroupPath = Annotated[str, Field(max_length=4 * 4096), Gives("cgroup")]
"""As a path can have 4,095 bytes, and a byte that cannot be seen is spelled in four characters."""
CgroupName = Annotated[str, Field(max_length=4 * 4096), Gives("cgroup name")]
Comm = Annotated[Text, Gives("comm")]
Device = Annotated[Text, Gives("device")]
FilePath = Annotated[Text, Gives("file")]
HostName = Annotated[Text, Gives("host")]
KernelRelease = Annotated[Text, Gives("kernel")]
MountPoint = Annotated[Text, Gives("mount")]
ServiceName = Annotated[Text, Gives("service")]

Message = Annotated[Text, Gives("message")]
"""What the kernel or a library said: may name anything."""
Sentence = Annotated[Text, Gives("sentence")]
"""A sentence of this program, with names and error messages of the system in it (see `reasons.py`)."""
Time = Annotated[Text, Gives("time")]
"""Harmless: ISO 8601."""
Word = Annotated[Text, Gives("word")]
"""Harmless: a term of this program or the kernel's name of a file or counter. What is no such word is redacted."""
