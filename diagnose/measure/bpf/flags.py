"""The -D flags of the BPF programs: struct offsets out of BTF, addresses of kernel functions, constants of this run.

Features are detected, kernel versions never compared: a member is looked for under each name it has had.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from diagnose.errors import CannotMeasureError
from diagnose.measure.bpf.btf import Btf
from diagnose.measure.bpf.source import Source
from diagnose.measure.bpf.tracefs import FIELD_BYTES, TRACEFS, fields

# Helpers that the programs do without where the kernel lacks them (before 5.11, 5.5 and 5.5), or building costs more.
_HELPERS = ("get_current_task_btf", "jiffies64", "probe_read_user")

# Where struct pt_regs has a function's first and second argument: x86_64, arm64.
_ARGUMENT_REGISTERS = (("di", 0), ("si", 0)), (("regs", 0), ("regs", 8))

_CHUNK_BYTES, _LINES_BYTES = 1 << 17, 1 << 11
"""How much of the symbols is read at once, and what certainly has two lines of it (KSYM_NAME_LEN is 512)."""


def source_flags(source: Source, btf: Btf) -> list[str]:
    """Return the flags for all that the files of the battery ask of the kernel; raises CannotMeasureError."""
    return [
        *offset_flags(btf, source.needs, source.may_use),
        *field_flags(source.fields),
        *stack_flags(source.on_stack),
        f"-DLOSSES={''.join(f'LOST_{reason},' for reason in source.loses)}",
    ]


def offset_flags(btf: Btf, needs: Sequence[str], may_use: Sequence[str]) -> list[str]:
    """Return -DOFF_… for every member the programs use; raises CannotMeasureError naming those this kernel lacks."""
    flags, missing = [], []
    for names in (*needs, *may_use):
        # struct folio came with 5.16; before it the same members were struct page's (mem_cgroup until 5.10).
        first, *_ = candidates = names.split("|")
        offset = next((o for c in candidates if (o := btf.offset(*c.split("."))) is not None), None)
        if offset is not None:
            flags.append(f"-DOFF_{first.replace('.', '_')}={offset}")
        elif names in needs:
            missing.append(first)
    if btf.offset("cgroup", "ancestors") is None and btf.offset("cgroup", "ancestor_ids") is None:
        missing.append("cgroup.ancestors")
    if missing:
        raise CannotMeasureError(
            f"this kernel's BTF lacks {', '.join(missing)}; the programs cannot be built for it (see diagnose doctor)"
        )
    return flags


def constant_flags(btf: Btf) -> list[str]:
    """Return the flags for enumerators, sizes and the page; raises CannotMeasureError without a memory controller."""
    controller = btf.enumerator("cgroup_subsys_id", "memory_cgrp_id")
    if controller is None:
        raise CannotMeasureError(
            "this kernel has no memory cgroup controller (CONFIG_MEMCG); nothing can be attributed"
        )
    return [
        f"-DMEMORY_CGRP_ID={controller}",
        f"-DPG_HEAD_BIT={btf.enumerator('pageflags', 'PG_head') or 0}",
        f"-DSIZEOF_page={btf.size('page')}",
        f"-DPAGE_SHIFT_BITS={os.sysconf('SC_PAGE_SIZE').bit_length() - 1}",
        f"-DO_DIRECT_FLAG={os.O_DIRECT}",
    ]


def helper_flags(btf: Btf) -> list[str]:
    """Return -D<HELPER>=<its number> of the helpers that make the programs cheaper, as far as the kernel has them."""
    numbers = {helper: btf.enumerator("bpf_func_id", f"BPF_FUNC_{helper}") for helper in _HELPERS}
    return [f"-D{helper.upper()}={number}" for helper, number in numbers.items() if number is not None]


def kprobe_flags(btf: Btf) -> list[str]:
    """Return the flags for look-ups seen by a kprobe; raises CannotMeasureError where arguments cannot be found."""
    for registers in _ARGUMENT_REGISTERS:
        found = [btf.offset("pt_regs", name) for name, _ in registers]
        if None not in found:
            places = [(offset or 0) + more for offset, (_, more) in zip(found, registers, strict=True)]
            return ["-DLOOKUPS_BY_KPROBE", *(f"-DARGUMENT_{i}={place}" for i, place in enumerate(places, 1))]
    raise CannotMeasureError("this kernel's BTF does not say where a function's arguments are (struct pt_regs)")


def field_flags(names: Sequence[str], tracefs: Path = TRACEFS) -> list[str]:
    """Return -DOFF_<event>_<field> of "category:event.field"; none for what is absent, or not of 8 bytes."""
    flags = []
    for name in names:
        event, _, field = name.partition(".")
        offset, size = (fields(event, tracefs) or {}).get(field, (0, 0))
        if size == FIELD_BYTES:
            flags.append(f"-DOFF_{event.partition(':')[2]}_{field}={offset}")
    return flags


def stack_flags(functions: Sequence[str], kallsyms: Path = Path("/proc/kallsyms")) -> list[str]:
    """Return -DRANGE_<FUNCTION>_{LOW,HIGH}; empty where addresses are hidden (kptr_restrict) or the file is absent."""
    flags = []
    for function, (low, high) in _ranges(functions, kallsyms).items():
        if low < high:
            flags += [f"-DRANGE_{function.upper()}_LOW={low:#x}ULL", f"-DRANGE_{function.upper()}_HIGH={high:#x}ULL"]
    return flags


def _ranges(functions: Sequence[str], kallsyms: Path) -> dict[str, tuple[int, int]]:
    """Return the first address of each function and that of what follows it.

    Read no further than needed: the kernel composes this file as it is read, 0.1 s for all of it.
    """
    ranges: dict[str, tuple[int, int]] = {}
    text = b"\n"
    try:
        with kallsyms.open("rb") as file:
            while len(ranges) < len(functions) and (more := file.read(_CHUNK_BYTES)):
                text = text[-_LINES_BYTES:] + more
                for function in functions:
                    name = f"{function}\n".encode()
                    # found first, which is ten times as fast as an expression on every line
                    if function not in ranges and (b" t " + name in text or b" T " + name in text):
                        found = re.search(rb"\n([0-9a-f]+) [tT] %s([0-9a-f]+) " % name, text)
                        if found:
                            ranges[function] = int(found[1], 16), int(found[2], 16)
    except OSError:
        return {}
    return ranges
