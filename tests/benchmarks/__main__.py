"""`make bench`: what watching costs, what the tool takes, how fast it starts and analyses; into BENCHMARKS.md."""

from __future__ import annotations

import argparse
import os
import signal
import sys

from tests.benchmarks import analysis, overhead, own, services, startup
from tests.helpers.sections import BENCHMARKS

PARTS = {
    "overhead": (
        "Cost to who is watched: reads of cached pages",
        "One thread, lseek and read of 4 KiB of a cached file, in turn under each tracer. The floor is empty programs "
        "at every point where the battery has one. bpftrace costs every cgroup the same. Differences and "
        f"ratios are those within a round, {overhead.ROUNDS} rounds a repetition.",
        lambda n: overhead.read_table(overhead.measure("cached", overhead.ROUNDS * n)),
    ),
    "inflow": (
        "Cost under the worst load: pages brought in and evicted",
        "One thread reads a file from end to end under a limit of a third of it, at device speed: every page is "
        "brought in and evicted. CPU time is the reader's, its evictions and the tracer's programs in it.",
        lambda n: overhead.page_table(overhead.measure("stream", n)),
    ),
    "services": (
        "Cost to realistic services",
        "fio reads 4 KiB blocks of a cached file at a rate; SQLite looks up rows with next to no cache of its own, "
        "some three reads each, at a rate and as fast as it can. In turn under each; the ratio is the median of the "
        "rounds' ratios.",
        services.rows,
    ),
    "own": ("What the tool takes while it measures", "Windows of 1 s.", own.rows),
    "startup": (
        "Start-up",
        "Whole processes, Python's own compilation done before, as it is for an installed package.",
        startup.rows,
    ),
    "analysis": (
        "From capture to report",
        "`diagnose report`, whole processes. Rows: windows × cgroups that insert pages in each of them.",
        analysis.rows,
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"{', '.join(PARTS)}; none: all, written to {BENCHMARKS.path.name}")
    parser.add_argument("--times", type=int, default=5, help="repetitions of each measurement")
    options = parser.parse_args()
    unknown = [p for p in options.parts if p not in PARTS]
    if unknown:
        parser.error(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # what was made is removed then too
    text = page(options.parts or list(PARTS), options.times)
    print(text)
    if not options.parts:
        BENCHMARKS.write("costs", text)


def page(parts: list[str], times: int) -> str:
    """Measure and return the page."""
    lines = [
        "## Costs and speed",
        "",
        f"Written by `make bench` (`python -m tests.benchmarks`): {times} repetitions, medians; {os.cpu_count()} CPUs, "
        f"Linux {os.uname().release.split('-')[0]}.",
    ]
    for part in parts:
        title, about, rows = PARTS[part]
        print(f"{part} ...", file=sys.stderr)
        lines += ["", f"### {title}", "", about, "", *rows(times)]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
