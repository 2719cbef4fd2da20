"""`make accuracy`: simulation and live scenarios, written to ACCURACY.md; `python -m tests.accuracy --help`.

Exit 1 if anything that must hold does not.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from diagnose.lab import SCENARIOS
from tests.accuracy import live, simulation, without_bpf

PAGE = Path(__file__).parents[2] / "ACCURACY.md"
SECTIONS = ("simulation", "live", without_bpf.SECTION)
LEAST_RIGHT = 0.95

_HEAD = """\
# How often is it right?

Written by `make accuracy`. Nothing here is typed in by hand.
"""


def simulated(runs: int) -> tuple[str, bool]:
    """Return the section of the page, and whether all that must hold holds."""
    rows = simulation.rows(runs)
    lines = [
        "## Simulation",
        "",
        f"{runs} samples or captures a line, seeded (`tests/accuracy/simulation.py`). The neighbours' lines are the "
        "hardest case: kswapd did the evicting, so that who caused it must be inferred. Innocents all alike stay below "
        "the share of a fifth from which the rule accuses anybody; of unequal sizes some exceed it.",
        "",
        "| Case | Demanded | Found | Holds |",
        "|---|---|---:|---|",
        *map(str, rows),
    ]
    return "\n".join(lines), all(row.holds for row in rows)


def measured(times: int, names: list[str], keep: Path | None) -> tuple[str, bool]:
    """Return the section of the page, and whether all that must hold holds."""
    outcomes = []
    for number in range(1, times + 1):
        for name in names:
            outcome = live.run(name, keep, number)
            outcomes.append(outcome)
            print(f"{number}/{times} {name}: {outcome.verdict} {' '.join(outcome.named)}", file=sys.stderr)
    return _section([_row(name, [o for o in outcomes if o.scenario == name]) for name in names])


def _section(rows: list[str]) -> tuple[str, bool]:
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    right, runs = (sum(int(c[3].split("/")[i]) for c in cells) for i in (0, 1))
    accusing = sum(c[5] != "–" for c in cells)
    lines = [
        "## Live scenarios",
        "",
        f"Real processes in real cgroups (`diagnose demo --list`), {live.DURATION_SECONDS:.0f} s each ({live.host()}). "
        f"**{right} of {runs} right, {accusing} scenarios with a false accusation.**",
        "",
        "| Scenario | Expected | Culprit | Right | Verdicts | False accusations |",
        "|---|---|---|---:|---|---|",
        *rows,
    ]
    return "\n".join(lines), right >= LEAST_RIGHT * runs and not accusing


def _row(name: str, outcomes: list[live.Outcome]) -> str:
    scenario = SCENARIOS[name]
    seen = {f"{o.verdict} ({o.confidence}{': ' + ', '.join(o.named) if o.named else ''})": None for o in outcomes}
    accused = sorted({a for o in outcomes for a in o.accused})
    culprits = ", ".join(filter(None, [scenario.culprit, *scenario.accomplices]))
    cells = (
        name,
        scenario.expected,
        culprits or "–",
        f"{sum(o.right for o in outcomes)}/{len(outcomes)}",
        "; ".join(seen).replace("|", " "),
        ", ".join(accused) or "–",
    )
    return f"| {' | '.join(cells)} |"


def write(section: str, text: str, page: Path = PAGE) -> None:
    """Put a section into the page, the others staying as they are."""
    old = page.read_text() if page.exists() else ""
    parts = [_HEAD]
    for name in SECTIONS:
        begin, end = f"<!-- {name} -->\n", f"\n<!-- end of {name} -->\n"
        kept = old.partition(begin)[2].partition(end)[0]
        parts.append(f"{begin}{text if name == section else kept}{end}")
    page.write_text("\n".join(parts))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.accuracy", description=__doc__)
    parser.add_argument("sections", nargs="*", help=f"of {', '.join(SECTIONS)}; default: all")
    parser.add_argument("--runs", type=int, default=400, help="samples a line of the simulation (default 400)")
    parser.add_argument("--times", type=int, default=3, help="runs of every live scenario (default 3)")
    parser.add_argument(
        "--scenario", action="append", metavar="NAME", help="only this one (may be repeated); prints, writes no page"
    )
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="save the first capture of every scenario here, and every wrong one"
    )
    options = parser.parse_args()
    wanted, good = options.sections or list(SECTIONS), True
    if "simulation" in wanted:
        text, holds = simulated(options.runs)
        write("simulation", text)
        good &= holds
    if "live" in wanted:
        text, holds = measured(options.times, options.scenario or list(SCENARIOS), options.keep)
        # The page is always one whole run: a scenario measured anew, by itself, must not improve an older table.
        if options.scenario:
            print(text)
        else:
            write("live", text)
        good &= holds
    if without_bpf.SECTION in wanted:
        text, holds = without_bpf.measured(without_bpf.TIMES, options.scenario or list(SCENARIOS), options.keep)
        if options.scenario:
            print(text)
        else:
            write(without_bpf.SECTION, text)
        good &= holds
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
