"""README's table of what watching costs, made of BENCHMARKS.md: `python -m tests.benchmarks.comparison`.

Run by `make reference`, after `make bench` has measured anew.
"""

from __future__ import annotations

from pathlib import Path

from tests.helpers.paths import CHECKOUT
from tests.helpers.sections import BENCHMARKS

README = CHECKOUT / "README.md"
BEGIN, END = "<!-- cost of watching, by make reference -->\n", "<!-- end of cost of watching -->\n"
SECTION = "### Cost to who is watched: reads of cached pages"
SHOWN = {
    "nothing": "nothing",
    "bpftrace one-liner": "bpftrace, one line: a histogram of read latency",
    "bpftrace, three scripts": "bpftrace, three scripts: reads, block requests, cache",
    "battery, observed": "`diagnose`, the observed service",
    "battery, another cgroup": "`diagnose`, everybody else",
}


def table(benchmarks: str) -> str:
    """Return the rows of BENCHMARKS.md that README shows; raises ValueError if they are not there."""
    lines = benchmarks.partition(SECTION)[2].partition("\n### ")[0].splitlines()
    rows = {cells[0]: cells for line in lines if len(cells := [c.strip() for c in line.strip("|").split("|")]) > 3}
    if missing := SHOWN.keys() - rows.keys():
        raise ValueError(f"BENCHMARKS.md has no row for: {', '.join(sorted(missing))}; make bench writes it")
    shown = [f"| {said} | {rows[name][1]} ns | {rows[name][3]} ns |" for name, said in SHOWN.items()]
    return "\n".join(["| Watched by | a read of a cached page takes | added |", "|---|---:|---:|", *shown]) + "\n"


def with_table(page: str, benchmarks: str) -> str:
    """Return README with the table as BENCHMARKS.md has it."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{table(benchmarks)}{END}{after}"


def main(readme: Path = README) -> None:
    readme.write_text(with_table(readme.read_text(), BENCHMARKS.path.read_text()))


if __name__ == "__main__":
    main()
