"""The -D flags of the BPF programs: struct offsets out of BTF, addresses of kernel functions, constants of this run.

Features are detected, kernel versions never compared: a member is looked for under each name it has had.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from diagnose.cgroups.files import read
from diagnose.errors import CannotMeasureError
from diagnose.measure.bpf.btf import Btf
from diagnose.measure.bpf.tracefs import TRACEFS

# What the C calls OFF_<struct>_<member>, and under which names kernels have it (the first that is there counts).
# struct folio came with 5.16; before it the same members were struct page's (memcg_data was mem_cgroup until 5.10).
_REQUIRED_TEXT = """
task_struct.cgroups task_struct.flags task_struct.files task_struct.nvcsw task_struct.pid css_set.subsys
cgroup_subsys_state.cgroup cgroup_subsys_state.parent
cgroup.self cgroup.kn cgroup.level cgroup.root cgroup_root.hierarchy_id kernfs_node.id mem_cgroup.css files_struct.fdt
fdtable.fd fdtable.max_fds
file.f_inode file.f_flags file.f_pos file.f_path path.dentry dentry.d_parent dentry.d_name qstr.name inode.i_mode
inode.i_sb inode.i_ino inode.i_nlink inode.i_size super_block.s_dev super_block.s_magic address_space.host request.q
request.bio request.cmd_flags request.start_time_ns request.__data_len gendisk.major gendisk.first_minor
bio.bi_io_vec bio_vec.bv_page page.compound_head request_queue.disk
folio.memcg_data|page.memcg_data|page.mem_cgroup folio.flags|page.flags folio.mapping|page.mapping
folio.index|page.index
"""
_REQUIRED = tuple(_REQUIRED_TEXT.split())
_OPTIONAL = (
    "io_kiocb.opcode",
    "task_struct.sched_info",
    "sched_info.run_delay",
    "cgroup.ancestors",
    "cgroup.ancestor_ids",
    "folio._nr_pages",
    "folio._folio_nr_pages",
    "page.compound_nr",
    "kiocb.ki_filp",
    "kiocb.ki_pos",
    "iov_iter.count",
    "file.f_mapping",
)

# Helpers that the programs do without where the kernel lacks them (before 5.11, 5.5 and 5.5), or building costs more.
_HELPERS = ("get_current_task_btf", "jiffies64", "probe_read_user")

# Where struct pt_regs has a function's first and second argument: x86_64, arm64.
_ARGUMENT_REGISTERS = (("di", 0), ("si", 0)), (("regs", 0), ("regs", 8))

_CHUNK_BYTES, _LINES_BYTES = 1 << 17, 1 << 11
"""How much of the symbols is read at once, and what certainly has two lines of it (KSYM_NAME_LEN is 512)."""

# Functions whose presence on the stack tells why a page is removed (bpf/evictions.c).
_STACK_FUNCTIONS = (
    "memory_reclaim",
    "user_proactive_reclaim",
    "drop_pagecache_sb",
    "generic_fadvise",
    "mapping_try_invalidate",
    "invalidate_inode_pages2_range",
)


def offset_flags(btf: Btf) -> list[str]:
    """Return -DOFF_… for every member the programs use; raises CannotMeasureError naming those this kernel lacks."""
    flags, missing = [], []
    for names in _REQUIRED + _OPTIONAL:
        first, *_ = candidates = names.split("|")
        offset = next((o for c in candidates if (o := btf.offset(*c.split("."))) is not None), None)
        if offset is not None:
            flags.append(f"-DOFF_{first.replace('.', '_')}={offset}")
        elif names in _REQUIRED:
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


def tracepoint_flags(tracefs: Path = TRACEFS) -> list[str]:
    """Return the offsets of tracepoint fields the programs use; a tracepoint or field that is absent has none."""
    text = read(tracefs / "events/writeback/balance_dirty_pages", "format")
    found = re.search(r"field:long pause;\s{1,9}offset:([0-9]{1,6});\s{1,9}size:8;", text)
    return [f"-DOFF_BDP_PAUSE={found[1]}"] if found else []


def stack_flags(kallsyms: Path = Path("/proc/kallsyms")) -> list[str]:
    """Return -DRANGE_<FUNCTION>_{LOW,HIGH}; empty where addresses are hidden (kptr_restrict) or the file is absent."""
    flags = []
    for function, (low, high) in _ranges(kallsyms).items():
        if low < high:
            flags += [f"-DRANGE_{function.upper()}_LOW={low:#x}ULL", f"-DRANGE_{function.upper()}_HIGH={high:#x}ULL"]
    return flags


def _ranges(kallsyms: Path) -> dict[str, tuple[int, int]]:
    """Return the first address of each function and that of what follows it.

    Read no further than needed: the kernel composes this file as it is read, 0.1 s for all of it.
    """
    ranges: dict[str, tuple[int, int]] = {}
    text = b"\n"
    try:
        with kallsyms.open("rb") as file:
            while len(ranges) < len(_STACK_FUNCTIONS) and (more := file.read(_CHUNK_BYTES)):
                text = text[-_LINES_BYTES:] + more
                for function in _STACK_FUNCTIONS:
                    name = f"{function}\n".encode()
                    # found first, which is ten times as fast as an expression on every line
                    if function not in ranges and (b" t " + name in text or b" T " + name in text):
                        found = re.search(rb"\n([0-9a-f]+) [tT] %s([0-9a-f]+) " % name, text)
                        if found:
                            ranges[function] = int(found[1], 16), int(found[2], 16)
    except OSError:
        return {}
    return ranges
