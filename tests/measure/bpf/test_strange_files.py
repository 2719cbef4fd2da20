"""What fuzzing found: files of the kernel that are not as it writes them are passed over."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from diagnose.cgroups import read_settings, settable_mounts
from diagnose.measure.bpf import flags
from diagnose.measure.bpf.attachment import Attachment
from diagnose.measure.bpf.btf import Btf
from diagnose.measure.bpf.compat import misfit
from diagnose.measure.bpf.compiler import code
from diagnose.measure.bpf.source import battery
from diagnose.measure.build import _hierarchy_id
from diagnose.measure.probes import reads
from diagnose.measure.probes.devices import block_devices
from diagnose.measure.probes.host import HostProbe
from diagnose.measure.probes.process_cpu import ProcessCpu
from diagnose.measure.probes.process_io import ProcessIo
from tests.helpers.btf_blob import Blob
from tests.helpers.cgroup_trees import Host

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
    assert flags.field_flags(battery().fields, tmp_path) == []


@pytest.mark.parametrize("content", STRANGE)
def test_without_an_uptime_only_known_processes_have_cpu_time(content: bytes, tmp_path: Path) -> None:
    host = Host(tmp_path, "v2")
    host.write("proc/uptime", "").write_bytes(content)
    host.write("proc/7/stat", _stat(cpu=1))
    cpu = ProcessCpu(host.proc, [[7]])
    host.write("proc/7/stat", _stat(cpu=3))
    host.write("proc/8/stat", _stat(cpu=5))
    used = cpu.used_us([7, 8])
    assert used == 2_000_000 // os.sysconf("SC_CLK_TCK")


def test_cpu_time_that_no_host_has_is_none(tmp_path: Path) -> None:
    host = Host(tmp_path, "v2")
    host.write("proc/uptime", "0.0 0.0\n")
    cpu = ProcessCpu(host.proc, [])
    host.write("proc/7/stat", _stat(cpu=2**63 - 1))
    assert cpu.used_us([7]) is None


def _stat(cpu: int) -> str:
    return f"7 (a) S {'0 ' * 10}{cpu} 0 {'0 ' * 6}12 0\n"


def test_devices_with_names_and_numbers_that_no_kernel_gives(tmp_path: Path) -> None:
    for name, number in ((b"loop0", "7:0"), (b"dm\xff-0", "252:0"), (b"vdz", "x")):
        device = tmp_path / "sys/block" / os.fsdecode(name)
        (device / "slaves" / os.fsdecode(b"vd\xfe")).mkdir(parents=True)
        (device / "size").write_text("8\n")
        (device / "dev").write_text(number)
    backing = tmp_path / "sys/block/loop0/loop/backing_file"
    backing.parent.mkdir()
    backing.write_bytes("/srv/données".encode() + b"\xff\n")
    found = {device.name: device for device in block_devices(tmp_path)}
    assert sorted(found) == [r"dm\xff-0", "loop0"]
    assert found["loop0"].backing_file == r"/srv/données\xff"
    assert found[r"dm\xff-0"].below == [r"vd\xfe"]


def test_whoever_names_a_mount_makes_no_other_mount_of_it(tmp_path: Path) -> None:
    forged = "30 1 8:1 / /home/x\u20281\u00a01\u00a08:2\u00a0/\u00a0/etc rw - ext4 /dev/sda rw\n"
    spaced = "31 1 8:3 / /srv/my\\040disk rw - ext4 /dev/sdc rw\n"
    deep = f"32 1 8:4 / {'/deep' * 1000} rw - ext4 /dev/sdd rw\n"
    (tmp_path / "7").mkdir()
    (tmp_path / "7/mountinfo").write_text(forged + spaced + deep)
    mounts = reads._mount_points([7], tmp_path)
    assert sorted(mounts) == ["8:1", "8:3", "8:4"]
    row = {"depth": 2, "names": np.array([b"base", b"db"], "S48")}
    assert reads._path(row, mounts["8:3"]) == "/srv/my disk/db/base"
    assert reads._path(row, mounts["8:4"]) == "…/db/base", "longer than a path can be in a capture"


def test_the_memory_hierarchy_has_its_number_whatever_the_own_cgroup_is_called(tmp_path: Path) -> None:
    host = Host(tmp_path, "v1")
    host.write("proc/self/cgroup", "").write_bytes(b"5:cpu:/a\x0bb\xff\x85:memory:/\n\n4:memory:/a\x1cb\n0::/\n")
    assert _hierarchy_id(host.hierarchy) == 4


def test_a_mount_point_too_deep_to_be_named_carries_no_hierarchy(tmp_path: Path) -> None:
    host = Host(tmp_path, "v1")
    mounts = host.proc / "self/mounts"
    mounts.write_text(f"cgroup /{'x' * 5000} cgroup rw,memory,cpu 0 0\n{mounts.read_text()}")
    assert host.hierarchy.mount == host.memory
    assert settable_mounts(host.hierarchy) == {"cpu": str(host.root / "sys/fs/cgroup/cpu,cpuacct")}


def test_mappings_that_end_before_they_begin_are_none() -> None:
    assert list(
        code("7f00-7e00 r-xp 0 fd:00 7 /usr/lib/libLLVM.so\n7f00-7f10 r-xp 0 fd:00 7 /usr/lib/libbcc.so\n")
    ) == [(0x7F00, 0x10)]
