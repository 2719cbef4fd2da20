"""Each instrument against an independent measure of the same work; writes its table to BENCHMARKS.md. As root.

Exit 1 if one is further off than its tolerance.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable

from tests.helpers.checks import Check, tolerance
from tests.helpers.sections import BENCHMARKS
from tests.instruments import block, cache, reads

WORKS: dict[str, Callable[[], list[Check]]] = {
    "reads": reads.counts,
    "read-latency": reads.latency,
    "block-disk": block.disk,
    "block-own-device": block.own_device,
    "inserted": cache.inserted,
    "taken": cache.taken,
    "at-the-limit": cache.at_the_limit,
    "dirtied": cache.dirtied,
    "touched": cache.touched,
}


def section(checks: list[Check]) -> str:
    """Return the section of the page."""
    lines = [
        "## Is it right? Each instrument against an independent measure of the same work",
        "",
        f"`python -m tests.instruments`, part of `make soak`; {os.cpu_count()} CPUs, Linux "
        f"{os.uname().release.split('-')[0]}. fio and the kernel's statistics time and count on their own. Latencies "
        "are in bins of at most 12.5 %; what the programs themselves take is in fio's times and not in ours.",
        "",
        "| Instrument | Independent measure | Ours | Theirs | Difference | Tolerance | Holds |",
        "|---|---|---:|---:|---:|---:|---|",
        *map(_row, checks),
    ]
    return "\n".join(lines)


def _row(check: Check) -> str:
    share = f" ({check.difference / check.theirs:+.1%})" if check.theirs and check.difference else ""
    cells = (
        check.what,
        check.measure,
        _number(check.ours),
        _number(check.theirs),
        f"{_number(check.difference)}{share}",
        tolerance(check),
        "yes" if check.holds else "**no**",
    )
    return f"| {' | '.join(cells)} |"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) or abs(value) >= 1000 else f"{value:,.1f}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.instruments", description=__doc__)
    parser.add_argument("works", nargs="*", help=f"of {', '.join(WORKS)}; none: all, written to BENCHMARKS.md")
    options = parser.parse_args()
    if unknown := set(options.works) - set(WORKS):
        parser.error(f"no such work: {', '.join(sorted(unknown))}")
    checks = []
    for name in options.works or WORKS:
        found = WORKS[name]()
        checks += found
        for check in found:
            print(
                f"{name}: {'ok   ' if check.holds else 'WRONG'} {check} (tolerance {tolerance(check)})", file=sys.stderr
            )
    if options.works:
        print(section(checks))
    else:
        BENCHMARKS.write("instruments", section(checks))
    return 0 if all(check.holds for check in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
