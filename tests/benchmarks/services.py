"""What watching costs realistic services: fio and SQLite at the rates of a database, and SQLite as fast as it goes."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from diagnose.lab.data_files import write_blocks
from tests.benchmarks.overhead import MIB, Stage, stage

RATES = (2_000, 20_000, 50_000)
LOOKUPS = (2_000, 10_000, 0)
"""Of SQLite, a second, each of them some three reads; 0: as many as there can be."""
SECONDS = 4
HOT_FILE = 64 * MIB
WATCHERS = ("nothing", "battery, observed", "bpftrace, three scripts")
SQLITE = Path(__file__).with_name("sqlite_lookups.py")


@dataclass(frozen=True)
class Served:
    """One run of a service: operations a second, latencies in µs (NaN where it measures none), CPU seconds an op."""

    per_second: float
    p50_us: float
    p99_us: float
    cpu_us: float


def _fio(on: Stage, rate: int) -> Callable[[], Served]:
    data = on.folder / "data"
    if not data.exists():
        write_blocks(data, HOT_FILE)
    command = [
        *on.join, "fio", "--name=service", f"--filename={data}", f"--size={HOT_FILE}", "--rw=randread", "--bs=4k",
        "--ioengine=psync", "--norandommap", "--invalidate=0", f"--rate_iops={rate}", "--time_based",
        f"--runtime={SECONDS}", "--output-format=json",
    ]  # fmt: skip

    def once() -> Served:
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=on.folder)
        job = json.loads(done.stdout[done.stdout.index("{") :])["jobs"][0]
        read, percentiles = job["read"], job["read"]["clat_ns"]["percentile"]
        cpu = (job["usr_cpu"] + job["sys_cpu"]) / 100 * 1e6 / read["iops"]
        return Served(read["iops"], percentiles["50.000000"] / 1e3, percentiles["99.000000"] / 1e3, cpu)

    return once


def _sqlite(on: Stage, rate: int) -> Callable[[], Served]:
    command = [*on.join, sys.executable, str(SQLITE), str(on.folder / "data.sqlite"), str(SECONDS), str(rate)]

    def once() -> Served:
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return Served(**json.loads(done.stdout))

    return once


def _compared(on: Stage, service: Callable[[], Served], repetitions: int) -> dict[str, list[Served]]:
    """Run the service under each watcher in turn, so that a drift of the machine hits all."""
    service()  # what it reads is in the cache from here on
    seen: dict[str, list[Served]] = {name: [] for name in WATCHERS}
    for _ in range(repetitions):
        for name in WATCHERS:
            with on.watchers[name]():
                seen[name].append(service())
    return seen


def rows(repetitions: int) -> list[str]:
    """Return the Markdown table. The throughput's ratio is the median of the ratios of the pairs of one round."""
    lines = [
        "| Service | Watched by | Operations a second | of unwatched | lowest, highest | p50 | p99 | lowest, highest | "
        "CPU each |",
        "|---|---|---:|---:|---|---:|---:|---|---:|",
    ]
    with stage() as on:
        services = {f"fio, {rate:,} reads/s wanted": _fio(on, rate) for rate in RATES}
        for rate in LOOKUPS:
            wanted = f"{rate:,} look-ups/s wanted" if rate else "unpaced"
            services[f"SQLite, {wanted}"] = _sqlite(on, rate)
        for name, service in services.items():
            seen = _compared(on, service, repetitions)
            lines += [_row(name, watcher, seen) for watcher in WATCHERS]
    return lines


def _row(service: str, watcher: str, seen: dict[str, list[Served]]) -> str:
    runs = seen[watcher]
    ratios = [run.per_second / bare.per_second for run, bare in zip(runs, seen["nothing"], strict=True)]
    per_second, p50, p99, cpu = (
        statistics.median(getattr(run, name) for run in runs) for name in ("per_second", "p50_us", "p99_us", "cpu_us")
    )
    tails = [run.p99_us for run in runs]
    return (
        f"| {service} | {watcher} | {per_second:,.0f} | {statistics.median(ratios):.2%} | {min(ratios):.2%}, "
        f"{max(ratios):.2%} | {p50:.1f} µs | {p99:.1f} µs | {min(tails):.1f}, {max(tails):.1f} µs | {cpu:.2f} µs |"
    )
