"""The -D flags: members under each name they have had, and a clear word where a kernel lacks one."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from diagnose.errors import CannotMeasureError
from diagnose.measure.bpf.btf import Btf
from diagnose.measure.bpf.flags import constant_flags, field_flags, helper_flags, offset_flags, stack_flags
from diagnose.measure.bpf.source import battery
from tests.helpers.btf_blob import Blob

NEEDS, MAY_USE = battery().needs, battery().may_use


def kernel(
    without: tuple[str, ...] = (), instead: dict[str, str] | None = None, controller: str = "memory_cgrp_id"
) -> Btf:
    """Return the BTF of a kernel that has every member but these; `instead` replaces one by another."""
    blob = Blob()
    number = blob.integer()
    wanted = [names.split("|")[0] for names in (*NEEDS, *MAY_USE)]
    wanted = [(instead or {}).get(name, name) for name in wanted if name not in without]
    structs: dict[str, list[str]] = {"page": []}
    for name in wanted:
        owner, member = name.split(".")
        structs.setdefault(owner, []).append(member)
    for owner, members in structs.items():
        blob.struct(owner, [(member, number, 64 * i) for i, member in enumerate(members)], 8 * len(members))
    blob.enum("cgroup_subsys_id", {"cpu_cgrp_id": 1, controller: 3})
    blob.enum("pageflags", {"PG_locked": 0, "PG_head": 6})
    return Btf(blob.bytes())


def defined(flags: list[str]) -> dict[str, str]:
    assert all(re.fullmatch(r"-D\w+=[0-9a-fxULL-]+", flag) for flag in flags)
    return dict(flag.removeprefix("-D").split("=") for flag in flags)


def offsets(btf: Btf) -> dict[str, str]:
    return defined(offset_flags(btf, NEEDS, MAY_USE))


def test_every_member_gets_its_offset() -> None:
    flags = offsets(kernel())
    assert flags["OFF_task_struct_cgroups"] == "0"
    assert flags["OFF_task_struct_flags"] == "8"
    assert "OFF_cgroup_ancestors" in flags


@pytest.mark.parametrize(
    ("helpers", "flags"),
    [
        ({"BPF_FUNC_jiffies64": 118, "BPF_FUNC_get_current_task_btf": 158},
         {"GET_CURRENT_TASK_BTF": "158", "JIFFIES64": "118"}),
        ({"BPF_FUNC_jiffies64": 118}, {"JIFFIES64": "118"}),
        ({"BPF_FUNC_get_current_task": 35}, {}),
    ],
)  # fmt: skip
def test_helpers_are_used_where_the_kernel_has_them(helpers: dict[str, int], flags: dict[str, str]) -> None:
    blob = Blob()
    blob.enum("bpf_func_id", helpers)
    assert defined(helper_flags(Btf(blob.bytes()))) == flags


@pytest.mark.parametrize(
    "member",
    [names for names in NEEDS if "|" not in names] + ["folio.memcg_data", "folio.mapping"],
)
def test_a_kernel_that_lacks_a_member_is_told_which(member: str) -> None:
    with pytest.raises(CannotMeasureError, match=re.escape(f"BTF lacks {member}")) as caught:
        offsets(kernel(without=(member,)))
    assert str(caught.value).isprintable()


def test_all_missing_members_are_named_at_once() -> None:
    with pytest.raises(CannotMeasureError, match=r"task_struct\.cgroups.*inode\.i_sb"):
        offsets(kernel(without=("task_struct.cgroups", "inode.i_sb")))


def test_before_there_were_folios_their_members_were_the_pages() -> None:
    instead = {
        "folio.memcg_data": "page.mem_cgroup",
        "folio.flags": "page.flags",
        "folio.mapping": "page.mapping",
        "folio.index": "page.index",
    }
    flags = offsets(kernel(instead=instead))
    assert {"OFF_folio_memcg_data", "OFF_folio_flags", "OFF_folio_mapping", "OFF_folio_index"} <= flags.keys()


def test_the_new_name_wins_where_a_kernel_has_both() -> None:
    blob_flags = offsets(kernel())
    assert blob_flags["OFF_folio_memcg_data"] == "0"


def test_what_is_optional_may_be_missing() -> None:
    for member in MAY_USE:
        found = offsets(kernel(without=(member,)))
        assert f"OFF_{member.replace('.', '_')}" not in found


def test_one_of_the_two_lists_of_ancestors_is_needed() -> None:
    with pytest.raises(CannotMeasureError, match=r"cgroup\.ancestors"):
        offsets(kernel(without=("cgroup.ancestors", "cgroup.ancestor_ids")))


def test_constants_are_those_of_the_kernel() -> None:
    flags = defined(constant_flags(kernel()))
    assert flags["MEMORY_CGRP_ID"] == "3"
    assert flags["PG_HEAD_BIT"] == "6"
    assert flags["O_DIRECT_FLAG"] == str(os.O_DIRECT)
    assert 1 << int(flags["PAGE_SHIFT_BITS"]) == os.sysconf("SC_PAGE_SIZE")


def test_a_kernel_without_the_memory_controller_is_told_so() -> None:
    with pytest.raises(CannotMeasureError, match="CONFIG_MEMCG"):
        constant_flags(kernel(controller="io_cgrp_id"))


def test_every_offset_that_the_programs_use_is_defined() -> None:
    used = set(re.findall(r"\bOFF_[a-z]\w+", re.sub(r"/\*.*?\*/", "", battery().text, flags=re.DOTALL)))
    members = {f"OFF_{names.split('|')[0].replace('.', '_')}" for names in (*NEEDS, *MAY_USE)}
    fields = {f"OFF_{name.partition(':')[2].replace('.', '_')}" for name in battery().fields}
    assert used <= members | fields


@pytest.mark.parametrize(("size", "flags"), [(8, ["-DOFF_balance_dirty_pages_pause=112"]), (4, [])])
def test_a_field_of_a_tracepoint_counts_if_it_has_the_size_that_is_read(
    size: int, flags: list[str], tmp_path: Path
) -> None:
    folder = tmp_path / "events/writeback/balance_dirty_pages"
    folder.mkdir(parents=True)
    (folder / "format").write_text(f"\tfield:long pause;\toffset:112;\tsize:{size};\tsigned:1;\n")
    assert field_flags(["writeback:balance_dirty_pages.pause"], tmp_path) == flags
    assert field_flags(["writeback:balance_dirty_pages.other", "no:such.field"], tmp_path) == []


SYMBOLS = """ffffffff81000000 T _text
ffffffff81000100 t memory_reclaim
ffffffff81000200 T next_function
ffffffff81000300 T generic_fadvise
ffffffff81000340 t another
"""


def test_the_addresses_of_functions_reach_to_the_next_one(tmp_path: Path) -> None:
    file = tmp_path / "kallsyms"
    file.write_text(SYMBOLS)
    flags = defined(stack_flags(battery().on_stack, file))
    assert int(flags["RANGE_MEMORY_RECLAIM_LOW"].removesuffix("ULL"), 16) == 0xFFFFFFFF81000100
    assert int(flags["RANGE_MEMORY_RECLAIM_HIGH"].removesuffix("ULL"), 16) == 0xFFFFFFFF81000200
    assert {name.rsplit("_", 1)[0] for name in flags} == {"RANGE_MEMORY_RECLAIM", "RANGE_GENERIC_FADVISE"}


@pytest.mark.parametrize(
    "text", ["", "0000000000000000 T memory_reclaim\n0000000000000000 T next\n", "\n\n\xff\xfe", SYMBOLS[:40]]
)
def test_hidden_addresses_give_no_flags(text: str, tmp_path: Path) -> None:
    file = tmp_path / "kallsyms"
    file.write_bytes(text.encode("latin-1"))
    assert stack_flags(battery().on_stack, file) == []
    assert stack_flags(battery().on_stack, tmp_path / "none") == []
