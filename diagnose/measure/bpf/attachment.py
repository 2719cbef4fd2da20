"""What a program is attached to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Attachment:
    """A BPF function and what it goes to. `provides`: the columns that are missing without it."""

    kind: Literal["tracepoint", "raw", "kprobe"]
    event: str
    """A tracepoint, "category:name"; a raw one by name alone; for a kprobe the kernel's function."""
    function: str
    provides: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    """What the program takes the first arguments for: structs ("folio|page", ""), of a tracepoint its fields."""
    stand_ins: tuple[Attachment, ...] = ()
    """What sees the same on kernels that lack the event, in the order in which they are tried."""
    since: str | None = None
    """The Linux version that brought the event, for the advice of `diagnose doctor`; None: every kernel has it."""
