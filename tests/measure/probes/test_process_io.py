"""Sums of /proc/<pid>/io by cgroup, over a procfs of files: processes that come, go, move, and reuse a pid."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from diagnose.measure.probes.process_io import ProcessIo

TICKS = os.sysconf("SC_CLK_TCK")
UPTIME = 1000.0


class Proc:
    """A procfs in which processes can be put and taken away."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "uptime").write_text(f"{UPTIME} 1.0\n")

    def process(self, pid: int, read: int, written: int = 0, started: float = 10.0, comm: str = "worker") -> None:
        folder = self.root / str(pid)
        folder.mkdir(exist_ok=True)
        rest = " ".join(["S", *["0"] * 18, str(int(started * TICKS)), "0"])
        (folder / "stat").write_text(f"{pid} ({comm}) {rest}\n")
        (folder / "io").write_text(f"rchar: 9\nsyscr: 9\nread_bytes: {read}\nwrite_bytes: {written}\n")

    def end(self, pid: int) -> None:
        for file in (self.root / str(pid)).iterdir():
            file.unlink()
        (self.root / str(pid)).rmdir()


@pytest.fixture
def proc(tmp_path: Path) -> Proc:
    return Proc(tmp_path)


def read_by(io: ProcessIo, *cgroups: str) -> int | None:
    return io.of(cgroups)["io_read_bytes"]


def test_counts_from_the_first_look_on_and_adds_cgroups_up(proc: Proc) -> None:
    proc.process(1, read=5000)
    proc.process(2, read=100)
    io = ProcessIo(proc.root)
    members = [("/a", [1]), ("/a/b", [2])]
    io.update(members)
    assert io.of(["/a"]) == {"io_read_bytes": 0, "io_written_bytes": 0}
    proc.process(1, read=5700, written=40)
    proc.process(2, read=101)
    io.update(members)
    assert io.of(["/a"]) == {"io_read_bytes": 700, "io_written_bytes": 40}
    assert read_by(io, "/a", "/a/b") == 701


def test_a_process_born_in_the_capture_counts_from_its_birth_and_keeps_its_sum_when_it_ends(proc: Proc) -> None:
    io = ProcessIo(proc.root)
    io.update([("/a", [])])
    proc.process(7, read=300, started=UPTIME + 2)
    io.update([("/a", [7])])
    proc.end(7)
    io.update([("/a", [])])
    assert read_by(io, "/a") == 300


def test_a_process_that_moves_in_does_not_bring_its_past(proc: Proc) -> None:
    proc.process(7, read=10_000)
    io = ProcessIo(proc.root)
    io.update([("/a", []), ("/b", [])])
    io.update([("/a", [7]), ("/b", [])])
    proc.process(7, read=10_050)
    io.update([("/a", []), ("/b", [7])])
    assert (read_by(io, "/a"), read_by(io, "/b")) == (0, 50)


def test_a_reused_pid_is_another_process(proc: Proc) -> None:
    proc.process(7, read=10_000)
    io = ProcessIo(proc.root)
    io.update([("/a", [7]), ("/b", [])])
    proc.process(7, read=60, started=UPTIME + 1)
    io.update([("/a", []), ("/b", [7])])
    assert (read_by(io, "/a"), read_by(io, "/b")) == (0, 60)
    proc.process(7, read=20_000, started=UPTIME + 5)
    io.update([("/a", []), ("/b", [7])])
    assert read_by(io, "/b") == 20_060


def test_a_name_with_brackets_and_blanks_does_not_shift_the_fields(proc: Proc) -> None:
    proc.process(7, read=1, comm="a) S 1 (b")
    io = ProcessIo(proc.root)
    io.update([("/a", [7])])
    proc.process(7, read=9, comm="a) S 1 (b")
    io.update([("/a", [7])])
    assert read_by(io, "/a") == 8


def test_without_the_accounting_a_cgroup_has_no_sum_and_others_have(proc: Proc) -> None:
    proc.process(7, read=1)
    proc.process(8, read=1)
    (proc.root / "7" / "io").write_text("rchar: 1\n")
    io = ProcessIo(proc.root)
    io.update([("/a", [7]), ("/b", [8])])
    assert io.of(["/a"]) == {"io_read_bytes": None, "io_written_bytes": None}
    assert read_by(io, "/a", "/b") is None
    assert read_by(io, "/b") == 0


def test_of_this_very_process() -> None:
    if not Path("/proc/self/io").exists():
        pytest.skip("this kernel keeps no process I/O")
    io = ProcessIo(Path("/proc"))
    io.update([("/here", [os.getpid()])])
    io.update([("/here", [os.getpid()])])
    counted = read_by(io, "/here")
    assert counted is not None
    assert counted >= 0
