"""The BTF parser: what a blob says is found, and a damaged blob is one clear error."""

from __future__ import annotations

import struct
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnose.errors import CannotMeasureError
from diagnose.measure.bpf.btf import Btf
from tests.helpers.btf_blob import (
    ARRAY,
    CONST,
    DATASEC,
    DECL_TAG,
    ENUM64,
    FLOAT,
    FUNC,
    FWD,
    PTR,
    TYPE_TAG,
    TYPEDEF,
    UNION,
    VAR,
    VOLATILE,
    Blob,
)


def example() -> Blob:
    """Return a blob with a struct, nested anonymous members, an enum, a tracepoint, and one of every other kind."""
    blob = Blob()
    number = blob.integer()
    inner = blob.struct("", [("deep", number, 32), ("deeper", number, 64)], kind=UNION)
    anonymous = blob.struct("", [("flags", number, 0), ("", inner, 64)])
    folio = blob.struct("folio", [("first", number, 0), ("", anonymous, 128), ("memcg_data", number, 448)], 96)
    blob.enum("cgroup_subsys_id", {"cpu_cgrp_id": 0, "memory_cgrp_id": 4, "negative": -7})
    constant = blob.add(CONST, "", folio)
    pointer = blob.add(PTR, "", blob.add(VOLATILE, "", constant))
    proto = blob.proto([blob.add(PTR, "", 0), pointer, number])
    blob.add(TYPEDEF, "btf_trace_on_insert", blob.add(PTR, "", proto))
    blob.add(ARRAY, "", 0, tail=struct.pack("<III", number, number, 4))
    blob.add(FWD, "folio", 0)
    blob.add(FUNC, "a_function", proto)
    blob.add(VAR, "a_variable", number, tail=struct.pack("<I", 0))
    blob.add(DATASEC, ".data", 8, 1, struct.pack("<III", number, 0, 4))
    blob.add(FLOAT, "float", 4)
    blob.add(DECL_TAG, "tag", folio, tail=struct.pack("<i", -1))
    blob.add(ENUM64, "large", 8, 1, struct.pack("<III", blob.name("x"), 1, 1))
    blob.add(TYPE_TAG, "user", folio)
    blob.struct("last", [("end", number, 8)], 17)
    return blob


BLOB = example().bytes()
BTF = Btf(BLOB)
QUESTIONS = (
    lambda btf: btf.size("folio"),
    lambda btf: btf.offset("folio", "deeper"),
    lambda btf: btf.offset("folio", "nowhere"),
    lambda btf: btf.enumerator("cgroup_subsys_id", "memory_cgrp_id"),
    lambda btf: btf.tracepoint_arguments("on_insert"),
)


def test_a_member_is_found_by_its_offset_in_bytes() -> None:
    assert BTF.offset("folio", "first") == 0
    assert BTF.offset("folio", "memcg_data") == 56


def test_members_of_anonymous_structs_and_unions_count_as_the_outer_ones() -> None:
    assert BTF.offset("folio", "flags") == 16
    assert BTF.offset("folio", "deep") == 16 + 8 + 4
    assert BTF.offset("folio", "deeper") == 16 + 8 + 8


def test_types_behind_every_other_kind_are_found() -> None:
    assert BTF.offset("last", "end") == 1
    assert BTF.size("last") == 17


def test_what_is_not_there_is_none() -> None:
    assert BTF.offset("folio", "nowhere") is None
    assert BTF.offset("nowhere", "first") is None
    assert BTF.offset("", "first") is None
    assert BTF.size("int") is None
    assert BTF.enumerator("cgroup_subsys_id", "cuda_cgrp_id") is None
    assert BTF.enumerator("folio", "first") is None
    assert BTF.tracepoint_arguments("nowhere") is None


def test_a_part_of_a_name_is_not_the_name() -> None:
    assert BTF.size("foli") is None
    assert BTF.size("olio") is None
    assert BTF.offset("folio", "memcg") is None


def test_enumerators_have_their_values() -> None:
    assert BTF.enumerator("cgroup_subsys_id", "memory_cgrp_id") == 4
    assert BTF.enumerator("cgroup_subsys_id", "negative") == -7


def test_the_arguments_of_a_raw_tracepoint_are_named_without_the_context() -> None:
    assert BTF.tracepoint_arguments("on_insert") == ["folio", "int"]


def test_of_two_structs_of_a_name_the_fuller_one_counts() -> None:
    blob = Blob()
    number = blob.integer()
    blob.struct("page", [("a", number, 0)], 4)
    blob.struct("page", [("a", number, 32), ("b", number, 64)], 12)
    blob.struct("page", [], 0)
    btf = Btf(blob.bytes())
    assert btf.size("page") == 12
    assert btf.offset("page", "a") == 4


def test_a_struct_that_contains_itself_is_searched_once() -> None:
    blob = Blob()
    blob.struct("loop", [("", 1, 0)] * 200)
    assert Btf(blob.bytes()).offset("loop", "nowhere") is None


def test_a_typedef_of_itself_ends() -> None:
    blob = Blob()
    blob.add(TYPEDEF, "btf_trace_loop", 1)
    assert Btf(blob.bytes()).tracepoint_arguments("loop") is None


@pytest.mark.parametrize("length", range(0, len(BLOB), 3))
def test_a_blob_that_is_cut_short_is_refused(length: int) -> None:
    with pytest.raises(CannotMeasureError, match="BTF cannot be read"):
        Btf(BLOB[:length])


@pytest.mark.parametrize(
    "head", [b"", b"\0" * 24, struct.pack(">HBBIIIII", 0xEB9F, 1, 0, 24, 0, 0, 0, 1), b"\x7fELF" + bytes(60)]
)
def test_something_else_is_refused(head: bytes) -> None:
    with pytest.raises(CannotMeasureError, match="BTF cannot be read"):
        Btf(head)


def test_a_later_version_is_named() -> None:
    with pytest.raises(CannotMeasureError, match="version 2"):
        Btf(BLOB[:2] + b"\2" + BLOB[3:])


def answered(blob: bytes) -> None:
    """Ask everything of a blob: CannotMeasureError is the one exception that may come."""
    with suppress(CannotMeasureError):
        btf = Btf(blob)
        for question in QUESTIONS:
            with suppress(CannotMeasureError):
                question(btf)


@given(st.lists(st.tuples(st.integers(0, len(BLOB) - 1), st.integers(0, 255)), min_size=1, max_size=8))
def test_damaged_bytes_never_raise_anything_else(changes: list[tuple[int, int]]) -> None:
    spoilt = bytearray(BLOB)
    for place, value in changes:
        spoilt[place] = value
    answered(bytes(spoilt))


@given(st.binary(max_size=400))
def test_random_types_never_raise_anything_else(types: bytes) -> None:
    strings = b"\0folio\0cgroup_subsys_id\0btf_trace_on_insert\0deeper\0"
    header = struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 24, 0, len(types), len(types), len(strings))
    answered(header + types + strings)


def test_a_kernel_without_btf_is_told_what_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(CannotMeasureError, match="CONFIG_DEBUG_INFO_BTF=y is needed"):
        Btf.of_kernel(tmp_path / "vmlinux")


@pytest.mark.skipif(not Path("/sys/kernel/btf/vmlinux").exists(), reason="this kernel has no BTF")
def test_the_running_kernels_own_blob_is_read() -> None:
    btf = Btf.of_kernel()
    assert btf.offset("task_struct", "cgroups") is not None
    assert (btf.size("task_struct") or 0) > 1000
