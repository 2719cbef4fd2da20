"""Feature detection on what real kernels say of themselves, and on synthetic BTF of older ones.

Nothing is booted and nothing loaded: BTF, tracepoint formats and cgroup files, recorded by `tests/kernels/record.py`,
go through the detection.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from diagnose.cgroups import read_memory, read_settings
from diagnose.errors import CannotMeasureError
from diagnose.measure.bpf.attachment import Attachment
from diagnose.measure.bpf.btf import Btf
from diagnose.measure.bpf.compat import LOOKUP, chosen, misfit
from diagnose.measure.bpf.flags import constant_flags, field_flags, helper_flags, kprobe_flags, offset_flags
from diagnose.measure.bpf.source import battery
from diagnose.measure.probes.reads import ReadsProbe
from diagnose.measure.probes.tunables import BTF, ROUNDS, host_settings
from diagnose.measure.probes.uring import UringProbe
from tests.helpers.btf_blob import FUNC, FWD, PTR, TYPEDEF, Blob
from tests.helpers.cgroup_trees import Host
from tests.helpers.paths import RECORDED_KERNELS
from tests.kernels.record import (
    ASKED_FILE,
    ATTACHMENTS,
    BTF_FILE,
    CGROUP_FILE,
    FORMATS_FILE,
    FUNCTIONS,
    RAW,
    shrunk,
)

KERNELS = ("6.1", "6.12", "6.18")
RUNNING = Path("/sys/kernel/btf/vmlinux")
SUBMIT = UringProbe.attachments[1]
QUOTA = {"cpu_periods", "cpu_throttled_periods", "cpu_throttled_us"}


def btf_of(kernel: str) -> Btf:
    return Btf(gzip.decompress((RECORDED_KERNELS / kernel / BTF_FILE).read_bytes()))


def asked(kernel: str) -> set[str]:
    """Return what was asked of a kernel when it was recorded: of what came later the recording says nothing."""
    return set((RECORDED_KERNELS / kernel / ASKED_FILE).read_text().split("\n"))


def offsets(kernel: str) -> list[str]:
    needs = [names for names in battery().needs if names in asked(kernel)]
    return offset_flags(btf_of(kernel), needs, battery().may_use)


def defined(flags: list[str]) -> dict[str, str]:
    return dict(flag.removeprefix("-D").partition("=")[::2] for flag in flags)


@pytest.fixture
def tracefs(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Lay the recorded formats out as tracefs does."""
    kernel: str = request.getfixturevalue("kernel")
    for text in (RECORDED_KERNELS / kernel / FORMATS_FILE).read_text().split("name: ")[1:]:
        name = text.split("\n", 1)[0]
        category = "syscalls" if name.startswith("sys_") else "writeback"
        folder = tmp_path / "events" / category / name
        folder.mkdir(parents=True)
        (folder / "format").write_text(f"name: {text}")
    return tmp_path


@pytest.fixture
def kprobes(tmp_path: Path) -> Path:
    """Return the file by which a kernel shows that it has kprobes."""
    file = tmp_path / "type"
    file.write_text("8\n")
    return file


@pytest.mark.parametrize("kernel", KERNELS)
def test_every_offset_that_is_needed_is_found(kernel: str) -> None:
    flags = defined([*offsets(kernel), *constant_flags(btf_of(kernel))])
    assert flags["OFF_folio_memcg_data"] == "56"
    assert flags["OFF_kernfs_node_id"].isdigit()
    assert "OFF_cgroup_ancestors" in flags, "since 6.1"
    assert int(flags["SIZEOF_page"]) == 64


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_cheaper_helpers_are_found(kernel: str) -> None:
    found = defined(helper_flags(btf_of(kernel)))
    assert found == {"GET_CURRENT_TASK_BTF": "158", "JIFFIES64": "118", "PROBE_READ_USER": "112"}


@pytest.mark.parametrize(
    ("kernel", "there", "not_there"),
    [
        ("6.1", "OFF_folio__folio_nr_pages", "OFF_folio__nr_pages"),
        ("6.12", "OFF_folio__folio_nr_pages", "OFF_folio__nr_pages"),
        ("6.18", "OFF_folio__nr_pages", "OFF_folio__folio_nr_pages"),
    ],
)
def test_the_size_of_a_folio_is_found_under_the_name_that_it_has(kernel: str, there: str, not_there: str) -> None:
    flags = defined(offsets(kernel))
    assert there in flags
    assert not_there not in flags


@pytest.mark.parametrize("kernel", KERNELS)
def test_every_program_fits(kernel: str, tracefs: Path) -> None:
    btf = btf_of(kernel)
    assert {a.event: misfit(a, btf, tracefs) for a in ATTACHMENTS} == dict.fromkeys(a.event for a in ATTACHMENTS)
    found = field_flags(["writeback:balance_dirty_pages.pause"], tracefs)
    assert defined(found) == {"OFF_balance_dirty_pages_pause": "112"}


@pytest.mark.parametrize("kernel", KERNELS)
def test_all_raw_tracepoints_are_there_or_stood_in_for(kernel: str) -> None:
    btf = btf_of(kernel)
    missing = {a.event for a in RAW if a.event in asked(kernel) and btf.tracepoint_arguments(a.event) is None}
    submit, (older,) = SUBMIT.event, (a.event for a in SUBMIT.stand_ins)
    expected = {"6.1": {LOOKUP.event, submit}}.get(kernel, {older})
    assert missing == expected


@pytest.mark.parametrize(("kernel", "kind"), [("6.1", "kprobe"), ("6.12", "raw"), ("6.18", "raw")])
def test_lookups_are_seen_by_the_tracepoint_where_there_is_one(kernel: str, kind: str, kprobes: Path) -> None:
    found = chosen(LOOKUP, btf_of(kernel), kprobes)
    assert found.kind == kind
    if kind == "kprobe":
        assert found.event == "filemap_read"
        flags = defined(kprobe_flags(btf_of(kernel)))
        assert flags == {"LOOKUPS_BY_KPROBE": "", "ARGUMENT_1": "112", "ARGUMENT_2": "104"}


def test_without_kprobes_the_tracepoint_is_what_is_missed(tmp_path: Path) -> None:
    assert chosen(LOOKUP, btf_of("6.1"), tmp_path / "none") is LOOKUP


@pytest.mark.parametrize(
    ("kernel", "event"),
    [("6.1", "io_uring_submit_sqe"), ("6.12", "io_uring_submit_req"), ("6.18", "io_uring_submit_req")],
)
def test_a_tracepoint_under_its_older_name_stands_in_for_the_newer(kernel: str, event: str) -> None:
    assert chosen(SUBMIT, btf_of(kernel)).event == event


@pytest.mark.parametrize("kernel", KERNELS)
def test_cgroup_files_are_read(kernel: str, tmp_path: Path) -> None:
    host = Host(tmp_path, "v1" if kernel == "6.18" else "v2")
    directory = host.cgroup("/svc")
    for part in (RECORDED_KERNELS / kernel / CGROUP_FILE).read_text().split("== ")[1:]:
        name, _, text = part.partition("\n")
        (directory / name).write_text(text)
    sample = read_memory(host.hierarchy, "/svc")
    absent = {key for key, value in sample.items() if value is None}
    # No CPU quota without the cpu controller; on v1 pressure and CPU are other hierarchies' (companions.py).
    elsewhere = {key for key in sample if key.startswith(("psi_", "cpu_"))} | {"high_hits"}
    without_v1 = elsewhere | {"reclaimed_pages"}
    assert absent == (without_v1 if kernel == "6.18" else {k for k in elsewhere if k in QUOTA})
    wanted = {"6.18": {"memory.limit_in_bytes", "memory.soft_limit_in_bytes", "memory.memsw.limit_in_bytes"}}
    v2 = {"memory.min", "memory.low", "memory.high", "memory.max", "memory.swap.max"}
    assert read_settings(host.hierarchy, "/svc").keys() == wanted.get(kernel, v2)


@pytest.mark.skipif(not RUNNING.exists(), reason="this kernel has no BTF")
def test_a_shrunk_blob_answers_as_the_whole_one() -> None:
    blob = RUNNING.read_bytes()
    whole, small = Btf(blob), Btf(shrunk(blob))
    questions: list[Callable[[Btf], object]] = [
        lambda btf: offset_flags(btf, battery().needs, battery().may_use),
        constant_flags,
        helper_flags,
        kprobe_flags,
        lambda btf: [btf.tracepoint_arguments(a.event) for a in RAW],
        lambda btf: [btf.function_arguments(a.event) for a in FUNCTIONS],
    ]
    assert [ask(small) for ask in questions] == [ask(whole) for ask in questions]


# ---------------------------------------------------------------- older kernels, by synthetic BTF


def older(tracepoints: dict[str, list[str]], functions: dict[str, list[str]] | None = None) -> Btf:
    """Return the BTF of a kernel with these raw tracepoints and functions, by the names of what their arguments are."""
    blob = Blob()

    def pointer(name: str) -> int:
        return blob.add(PTR, "", 0 if name == "void" else blob.add(FWD, name, 0))

    for event, arguments in tracepoints.items():
        proto = blob.proto([pointer("void"), *map(pointer, arguments)])
        blob.add(TYPEDEF, f"btf_trace_{event}", blob.add(PTR, "", proto))
    for function, arguments in (functions or {}).items():
        blob.add(FUNC, function, blob.proto([pointer(a) for a in arguments]))
    return Btf(blob.bytes())


def raw(event: str) -> Attachment:
    return next(a for a in RAW if a.event == event)


def test_before_folios_the_tracepoints_hand_over_pages() -> None:
    btf = older({"mm_filemap_add_to_page_cache": ["page"], "mm_filemap_delete_from_page_cache": ["page"]})
    for event in ("mm_filemap_add_to_page_cache", "mm_filemap_delete_from_page_cache"):
        assert misfit(raw(event), btf) is None


@pytest.mark.parametrize(
    ("event", "arguments"),
    [
        ("block_rq_issue", ["request_queue", "request"]),  # before 5.11, a54895fa057c
        ("io_uring_complete", ["void", "long long unsigned int", "int", "unsigned int"]),  # before 5.19
        ("mm_filemap_add_to_page_cache", []),
        ("writeback_dirty_folio", ["page", "address_space"]),
    ],
)
def test_a_tracepoint_of_other_arguments_is_not_misread(event: str, arguments: list[str]) -> None:
    reason = misfit(raw(event), older({event: arguments}))
    assert reason is not None
    assert f"({', '.join(arguments)})" in reason


def test_a_tracepoint_that_is_not_there_is_left_to_attaching() -> None:
    assert misfit(raw("block_rq_issue"), older({})) is None


def test_a_field_at_another_place_is_not_misread(tmp_path: Path) -> None:
    read = ReadsProbe.attachments[1]
    folder = tmp_path / "events/syscalls/sys_enter_read"
    folder.mkdir(parents=True)
    (folder / "format").write_text("\tfield:unsigned int fd;\toffset:16;\tsize:4;\tsigned:0;\n")
    assert read.event == "syscalls:sys_enter_read"
    assert misfit(read, btf_of("6.1"), tmp_path) == "its field fd is not where the program reads it"


def test_before_5_12_lookups_are_seen_in_the_function_of_that_time(kprobes: Path) -> None:
    btf = older({}, {"generic_file_buffered_read": ["kiocb", "iov_iter", "long int"]})
    found = chosen(LOOKUP, btf, kprobes)
    assert (found.kind, found.event) == ("kprobe", "generic_file_buffered_read")


def test_a_function_of_other_arguments_is_not_taken(kprobes: Path) -> None:
    btf = older({}, {"filemap_read": ["file", "iov_iter"]})
    assert chosen(LOOKUP, btf, kprobes) is LOOKUP


def test_arguments_are_found_by_the_registers_names_of_other_machines() -> None:
    blob = Blob()
    blob.struct("pt_regs", [("regs", blob.integer(), 0)], 272)
    assert defined(kprobe_flags(Btf(blob.bytes())))["ARGUMENT_2"] == "8"
    with pytest.raises(CannotMeasureError, match="pt_regs"):
        kprobe_flags(older({}))


def test_kernels_whose_reclaim_goes_round_the_cgroups_are_told(tmp_path: Path) -> None:
    """6.1 has generations without that; 6.18 here was built without generations."""
    found = {}
    for kernel in ("6.1", "6.12", "6.18"):
        (tmp_path / kernel / BTF).parent.mkdir(parents=True)
        (tmp_path / kernel / BTF).write_bytes(gzip.decompress((RECORDED_KERNELS / kernel / BTF_FILE).read_bytes()))
        found[kernel] = host_settings(tmp_path / kernel)[ROUNDS]
    assert found == {"6.1": 0, "6.12": 1, "6.18": 0}
    assert ROUNDS not in host_settings(tmp_path)
