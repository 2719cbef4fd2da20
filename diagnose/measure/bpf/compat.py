"""Do the programs fit this kernel? What they take a tracepoint's arguments for, against BTF and tracefs (pure).

A raw tracepoint hands over its arguments as they are: a program that takes a queue for a request reads rubbish and says
nothing. So the arguments are looked at before anything is attached; kernel versions are never compared.
"""

from __future__ import annotations

import re
from pathlib import Path

from diagnose.cgroups.files import read
from diagnose.measure.bpf.attachment import Attachment
from diagnose.measure.bpf.btf import Btf
from diagnose.measure.bpf.tracefs import TRACEFS

KPROBES = Path("/sys/bus/event_source/devices/kprobe/type")
"""Where this is, a kprobe is a file descriptor that goes with its process; older ways leave it behind after a kill."""
FIRST_FIELD, FIELD_BYTES = 16, 8
"""Of the system calls' tracepoints, behind the common fields and the number of the call."""
_LOOKED_UP = ("cache.looked_up", "cache.missed")
LOOKUP = Attachment("raw", "mm_filemap_get_pages", "on_lookup", _LOOKED_UP, ("address_space",))
LOOKUP_FUNCTIONS = tuple(
    Attachment("kprobe", function, "on_filemap_read", _LOOKED_UP, ("kiocb", "iov_iter"))
    for function in ("filemap_read", "generic_file_buffered_read")
)
"""What buffered reads go through, for kernels without that tracepoint; the second was its name before 5.12."""
_FIELD = re.compile(r"field:[^;]{0,200}?\b(\w{1,64});\s{1,9}offset:([0-9]{1,6});\s{1,9}size:([0-9]{1,6});")
"""Every repetition has an end: without, a file of nothing but "field:" takes time by the square of its length."""


def misfit(attachment: Attachment, btf: Btf, tracefs: Path = TRACEFS) -> str | None:
    """Return why a program would misread this kernel (one line); None if it fits, or nothing can be said.

    A tracepoint that is not there fits: attaching to it says so better.
    """
    if attachment.kind == "tracepoint":
        return _fields_differ(attachment, tracefs)
    ask = btf.function_arguments if attachment.kind == "kprobe" else btf.tracepoint_arguments
    return _arguments_differ(attachment.arguments, ask(attachment.event))


def lookups(btf: Btf, kprobes: Path = KPROBES) -> Attachment:
    """Return what sees look-ups of pages here: the tracepoint if there is one, else the first function that fits."""
    if btf.tracepoint_arguments(LOOKUP.event) is None and kprobes.exists():
        for function in LOOKUP_FUNCTIONS:
            if btf.function_arguments(function.event) is not None and misfit(function, btf) is None:
                return function
    return LOOKUP


def _arguments_differ(wanted: tuple[str, ...], found: list[str] | None) -> str | None:
    if found is None:
        return None
    matches = len(found) >= len(wanted) and all(
        not names or name in names.split("|") for names, name in zip(wanted, found, strict=False)
    )
    return None if matches else f"its arguments are ({', '.join(found)}) here, which the program cannot read"


def _fields_differ(attachment: Attachment, tracefs: Path) -> str | None:
    text = read(tracefs / "events" / attachment.event.replace(":", "/"), "format")
    if not text:
        return None
    found = {name: (int(offset), int(size)) for name, offset, size in _FIELD.findall(text)}
    for number, name in enumerate(attachment.arguments):
        if found.get(name) != (FIRST_FIELD + FIELD_BYTES * number, FIELD_BYTES):
            return f"its field {name} is not where the program reads it"
    return None
