"""Do the programs fit this kernel? What they take a tracepoint's arguments for, against BTF and tracefs (pure).

A raw tracepoint hands over its arguments as they are: a program that takes a queue for a request reads rubbish and says
nothing. So the arguments are looked at before anything is attached; kernel versions are never compared.
"""

from __future__ import annotations

from pathlib import Path

from diagnose.measure.bpf.attachment import Attachment
from diagnose.measure.bpf.btf import Btf
from diagnose.measure.bpf.tracefs import FIELD_BYTES, TRACEFS, fields

KPROBES = Path("/sys/bus/event_source/devices/kprobe/type")
"""Where this is, a kprobe is a file descriptor that goes with its process; older ways leave it behind after a kill."""
FIRST_FIELD = 16
"""Where the fields of the system calls' tracepoints begin, behind the common ones and the number of the call."""
_LOOKED_UP = ("cache.looked_up", "cache.missed")
LOOKUP = Attachment(
    "raw",
    "mm_filemap_get_pages",
    "on_lookup",
    _LOOKED_UP,
    ("address_space",),
    # What buffered reads go through, for kernels without that tracepoint; the second was its name before 5.12.
    stand_ins=tuple(
        Attachment("kprobe", function, "on_filemap_read", _LOOKED_UP, ("kiocb", "iov_iter"))
        for function in ("filemap_read", "generic_file_buffered_read")
    ),
    since="6.12",
)
"""Here and not with its probe: the compiler must know which of them it is to compile for."""


def misfit(attachment: Attachment, btf: Btf, tracefs: Path = TRACEFS) -> str | None:
    """Return why a program would misread this kernel (one line); None if it fits, or nothing can be said.

    A tracepoint that is not there fits: attaching to it says so better.
    """
    if attachment.kind == "tracepoint":
        return _fields_differ(attachment, tracefs)
    ask = btf.function_arguments if attachment.kind == "kprobe" else btf.tracepoint_arguments
    return _arguments_differ(attachment.arguments, ask(attachment.event))


def chosen(attachment: Attachment, btf: Btf, kprobes: Path = KPROBES) -> Attachment:
    """Return what sees an event here: itself, or where the kernel lacks it the first stand-in that fits."""
    if not attachment.stand_ins or _is_there(attachment, btf, kprobes):
        return attachment
    there = (other for other in attachment.stand_ins if _is_there(other, btf, kprobes) and misfit(other, btf) is None)
    return next(there, attachment)


def _is_there(attachment: Attachment, btf: Btf, kprobes: Path) -> bool:
    if attachment.kind == "tracepoint":
        return fields(attachment.event) is not None
    if attachment.kind == "kprobe":
        return kprobes.exists() and btf.function_arguments(attachment.event) is not None
    return btf.tracepoint_arguments(attachment.event) is not None


def _arguments_differ(wanted: tuple[str, ...], found: list[str] | None) -> str | None:
    if found is None:
        return None
    matches = len(found) >= len(wanted) and all(
        not names or name in names.split("|") for names, name in zip(wanted, found, strict=False)
    )
    return None if matches else f"its arguments are ({', '.join(found)}) here, which the program cannot read"


def _fields_differ(attachment: Attachment, tracefs: Path) -> str | None:
    if (found := fields(attachment.event, tracefs)) is None:
        return None
    for number, name in enumerate(attachment.arguments):
        if found.get(name) != (FIRST_FIELD + FIELD_BYTES * number, FIELD_BYTES):
            return f"its field {name} is not where the program reads it"
    return None
