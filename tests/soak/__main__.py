"""`make soak`: tries to break `diagnose`, trouble by trouble, and writes what came of it to BENCHMARKS.md.

Each trouble is gone through again and again for its share of the minutes. Exit 1 if anything is wrong. As root.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.helpers.sections import BENCHMARKS
from tests.soak import churn, clock, device, files, leaks, maps, memory, output, readers, signals, together
from tests.soak.scene import Scene, scene
from tests.soak.table import Round, add, read, rows, wrong

ROUND_SECONDS = 6.0
"""How long the workloads of a round work, where the trouble does not say it itself."""
Trouble = Callable[[Scene, float], str]

TROUBLES: dict[str, Trouble] = {
    "cgroups": churn.cgroups,
    "processes": churn.processes,
    "changing-files": files.changing,
    "readers": readers.readers,
    "map-of-files": maps.files,
    "map-of-reads": maps.waiting,
    "map-of-cgroups": maps.cgroups,
    "clock": clock.clock,
    "stalled-device": device.stalls,
    "disk-full": output.full,
    "read-only": output.read_only,
    "folder-removed": output.removed,
    "memory": memory.memory,
    "together": together.together,
    "paused": signals.paused,
    "interrupted": signals.interrupted,
    "killed": signals.killed,
    "leaks": leaks.leaks,
}


def title(trouble: Trouble) -> str:
    return (trouble.__doc__ or "").strip().removesuffix(".")


def went_through(name: str) -> Round:
    """Go through a trouble once."""
    start = time.monotonic()
    with scene() as here:
        load = TROUBLES[name](here, ROUND_SECONDS)
    seconds = time.monotonic() - start
    return Round(name, load, seconds, tuple(here.ends), tuple(here.checks), tuple(here.faults))


def soaked(names: list[str], minutes: float, keep: Path | None) -> list[Round]:
    """Go through the troubles, each at least once; every round is said, and added to `keep`."""
    found, end = [], time.monotonic() + minutes * 60
    for place, name in enumerate(names):
        until = time.monotonic() + (end - time.monotonic()) / (len(names) - place)  # of what the others left
        while True:
            one = went_through(name)
            found.append(one)
            if keep is not None:
                add(keep, one)
            agree = sum(check.holds for check in one.checks)
            print(f"{name}: {one.seconds:.0f} s, {one.load}; {agree}/{len(one.checks)} figures agree; "
                  f"{', '.join(dict.fromkeys(one.ends))}", file=sys.stderr)  # fmt: skip
            for fault in one.wrong:
                print(f"  WRONG {fault}", file=sys.stderr)
            if time.monotonic() + one.seconds > until:
                break
    return found


def section(rounds: list[Round]) -> str:
    """Return the section of the page."""
    minutes = sum(one.seconds for one in rounds) / 60
    bad = sum(bool(one.wrong) for one in rounds)
    lines = [
        "## Soak",
        "",
        f"`make soak` (`python -m tests.soak`): {minutes:.0f} minutes in all, {len(rounds)} rounds, {bad} of them with "
        f"something wrong; {os.cpu_count()} CPUs, Linux {os.uname().release.split('-')[0]}. After each capture: a "
        "whole report that comes out the same from its capture, or one line. Figures against the workload's own count, "
        "`/proc/PID/io`, `memory.stat` and `vmstat`: reads exactly, pages within 2 % and 512; what was lost and "
        "counted is added. No BPF object, cgroup, process, mount, loop device, file or descriptor left.",
        "",
        *rows(rounds, {name: title(trouble) for name, trouble in TROUBLES.items()}),
        *wrong(rounds),
    ]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0, help="in all (default 30)")
    parser.add_argument("--only", action="append", choices=TROUBLES, metavar="NAME", help=f"of {', '.join(TROUBLES)}")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="add the rounds to this file, and show all it has")
    options = parser.parse_args()
    found = soaked(options.only or list(TROUBLES), options.minutes, options.keep)
    rounds = read(options.keep) if options.keep is not None else found
    text = section(rounds)
    if {one.trouble for one in rounds} == set(TROUBLES):
        BENCHMARKS.write("soak", text)
    else:
        print(text)
    return 1 if any(one.wrong for one in found) else 0


if __name__ == "__main__":
    sys.exit(main())
