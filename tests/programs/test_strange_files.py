"""What fuzzing found: files of the kernel that are not as it writes them are passed over."""

from __future__ import annotations

from pathlib import Path

import pytest
from cgroups.trees import Host

from diagnose.cgroups import read_settings
from diagnose.probes.host import HostProbe
from diagnose.probes.process_io import ProcessIo
from diagnose.programs import flags
from diagnose.programs.attachment import Attachment
from diagnose.programs.btf import Btf
from diagnose.programs.fit import misfit

from .btf_blob import Blob

STRANGE = (b"", b"\n\n", b"\xff\xfe", b"x", b": \n:\n", "²".encode(), b"MemFree: \xc2\xb2 kB\nMemFree:", b"9" * 5000)


@pytest.mark.parametrize("content", STRANGE)
@pytest.mark.parametrize("name", ["vmstat", "meminfo", "pressure/io", "diskstats"])
def test_a_strange_file_of_the_host_is_no_reading(name: str, content: bytes, tmp_path: Path) -> None:
    host = Host(tmp_path, "v2")
    host.write("proc/vmstat", "pswpin 7\n")
    host.write(f"proc/{name}", "").write_bytes(content)
    probe = HostProbe(host.proc, disks=True)
    probe.read(0)
    assert dict(probe.samples(1).values) == ({} if name == "vmstat" else {"vmstat.pswpin": [7]})


def test_numbers_past_64_bits_are_no_readings(tmp_path: Path) -> None:
    host = Host(tmp_path, "v2")
    host.write("proc/meminfo", f"MemFree: {2**60} kB\nCached: 1 kB\n")
    host.write("proc/vmstat", f"pswpin {2**63}\npswpout 1\n")
    probe = HostProbe(host.proc)
    probe.read(0)
    assert dict(probe.samples(1).values) == {"meminfo.Cached_bytes": [1024], "vmstat.pswpout": [1]}


@pytest.mark.parametrize("content", STRANGE)
@pytest.mark.parametrize("name", ["7/stat", "7/io"])
def test_a_process_that_cannot_be_told_leaves_its_cgroup_unknown(name: str, content: bytes, tmp_path: Path) -> None:
    host = Host(tmp_path, "v2")
    host.write("proc/7/stat", "7 (a) S " + "0 " * 30)
    host.write("proc/7/io", "read_bytes: 1\nwrite_bytes: 2\n")
    host.write(f"proc/{name}", "").write_bytes(content)
    host.write("proc/uptime", "strange")
    io = ProcessIo(host.proc)
    io.update([("/svc", [7])])
    io.update([("/svc", [7])])
    assert io.of(["/svc"]) == {"io_read_bytes": None, "io_written_bytes": None}


def test_a_setting_that_is_no_size_is_absent(tmp_path: Path) -> None:
    host = Host(tmp_path, "v2")
    host.cgroup("/svc", memory__high="-5\n", memory__max=f"{2**63}\n", memory__low="12\n", memory__min="many\n")
    assert read_settings(host.hierarchy, "/svc") == {"memory.low": 12}


def test_pids_and_names_that_no_kernel_gives(tmp_path: Path) -> None:
    host = Host(tmp_path, "v2")
    host.process(7, "x" * 9000, "/svc")
    host.cgroup("/svc", cgroup__procs=f"{2**31}\n7\n{2**31 - 1}\n0\n")
    (process,) = host.hierarchy.processes("/svc")
    assert (process.pid, process.comm) == (7, "x" * 64)


def test_controllers_that_are_no_text(tmp_path: Path) -> None:
    host = Host(tmp_path, "v2")
    host.write("sys/fs/cgroup/cgroup.controllers", "").write_bytes(b"\xe3 memory \xff")
    assert host.hierarchy.version == 2


@pytest.mark.parametrize(
    "content", [b"field:" * 20_000, b"\xff" * 100, b"field:a;\toffset:" + b"9" * 10_000 + b";\tsize:8;"]
)
def test_a_strange_format_of_a_tracepoint_is_a_misfit(content: bytes, tmp_path: Path) -> None:
    for event in ("syscalls/sys_enter_read", "writeback/balance_dirty_pages"):
        (tmp_path / "events" / event).mkdir(parents=True)
        (tmp_path / "events" / event / "format").write_bytes(content)
    attachment = Attachment("tracepoint", "syscalls:sys_enter_read", "on_read", arguments=("fd",))
    # of the first, by the square of its length, it would take minutes
    assert "fd is not where" in (misfit(attachment, Btf(Blob().bytes()), tmp_path) or "")
    assert flags.tracepoint_flags(tmp_path) == []
