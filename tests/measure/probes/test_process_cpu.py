"""CPU time of processes between two looks, over a made /proc and over this process itself."""

from __future__ import annotations

import os
import time
from pathlib import Path

from diagnose.measure.probes.process_cpu import ProcessCpu

TICK_US = 1_000_000 // os.sysconf("SC_CLK_TCK")


def write(proc: Path, pid: int, ticks: int, started: int, name: str = "worker) 1 (x") -> None:
    fields = ["S", *["0"] * 10, str(ticks), "3", *["0"] * 6, str(started), "0"]
    (proc / str(pid)).mkdir(parents=True, exist_ok=True)
    (proc / str(pid) / "stat").write_text(f"{pid} ({name}) {' '.join(fields)}\n")


def made(tmp_path: Path) -> Path:
    (tmp_path / "uptime").write_text("100.00 50.00\n")
    write(tmp_path, 7, ticks=1000, started=5)
    return tmp_path


def test_what_a_process_used_since_the_first_look(tmp_path: Path) -> None:
    proc = made(tmp_path)
    cpu = ProcessCpu(proc, [[7]])
    write(proc, 7, ticks=1500, started=5)
    assert cpu.used_us([7, 8]) == 500 * TICK_US, "8 has ended"


def test_of_a_process_started_since_all_counts_and_of_a_reused_pid_only_its_own(tmp_path: Path) -> None:
    proc = made(tmp_path)
    cpu = ProcessCpu(proc, [[7]])
    later = 100 * os.sysconf("SC_CLK_TCK") + 1
    write(proc, 7, ticks=20, started=later)
    write(proc, 9, ticks=40, started=later)
    assert cpu.used_us([7, 9]) == (20 + 3 + 40 + 3) * TICK_US


def test_who_was_there_and_was_not_looked_at_is_left_out(tmp_path: Path) -> None:
    proc = made(tmp_path)
    write(proc, 8, ticks=9999, started=6)
    assert ProcessCpu(proc, [[7]]).used_us([8]) == 0


def test_this_process_uses_cpu_time() -> None:
    cpu = ProcessCpu(Path("/proc"), [[os.getpid()]])
    until = time.process_time() + 0.05
    while time.process_time() < until:
        pass
    assert cpu.used_us([os.getpid()]) >= 40_000
