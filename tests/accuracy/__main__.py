"""`make accuracy`: simulation and live scenarios, written to ACCURACY.md; `python -m tests.accuracy --help`.

Exit 1 if anything that must hold does not.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Literal

from diagnose.errors import UsageError
from diagnose.lab import SCENARIOS
from tests.accuracy import live, outcomes, simulation, sizing, sizing_table, without_bpf
from tests.helpers.paths import CHECKOUT
from tests.helpers.sections import Page
from tests.kernels import guest
from tests.kernels.__main__ import end_guests_with_us, in_guests, kernel_images
from tests.kernels.scenario import SIZING_SECONDS
from tests.kernels.table import short

IN_GUESTS: dict[str, Literal[1, 2]] = {"sizing-v1": 1, "sizing-v2": 2}
"""Sections whose limits are tried in guests, and the version of the cgroups there."""
SECTIONS = ("simulation", "live", "sizing", *IN_GUESTS, without_bpf.SECTION)
GUESTS = CHECKOUT / ".guests"
"""Kernels and a root file system, by `.ci/guest-packages`."""
LEAST_RIGHT = 0.95

_HEAD = """\
# How often is it right?

Written by `make accuracy`. Nothing here is typed in by hand.
"""
PAGE = Page(CHECKOUT / "ACCURACY.md", _HEAD, SECTIONS)


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


def measured(times: int, names: list[str], keep: Path | None, file: Path | None = None) -> tuple[str, bool]:
    """Return the section of the page, and whether all that must hold holds; what `file` has is not measured again."""
    found = outcomes.read(file) if file else []
    for number in range(1, times + 1):
        for name in names:
            if sum(o.scenario == name for o in found) >= number:
                continue
            outcome = live.run(name, keep, number)
            found.append(outcome)
            if file:
                outcomes.add(file, outcome)
            print(f"{number}/{times} {name}: {outcome.verdict} {' '.join(outcome.named)}", file=sys.stderr)
    text, holds = _section([_row(name, [o for o in found if o.scenario == name]) for name in names])
    return text + _failures([o for o in found if o.scenario in names and not o.right]), holds


def sized(names: list[str], keep: Path | None) -> tuple[str, bool]:
    """Return the section of the page, and whether all that must hold holds."""
    rows = []
    for name in names:
        rows.append(sizing.size(name, keep))
        print(sizing_table.line(rows[-1]), file=sys.stderr)
    return sizing_table.section(rows, live.host())


def sized_in_guests(keep: Path | None, version: Literal[1, 2]) -> tuple[str, bool]:
    """Return the section of the page, and whether all that must hold holds; UsageError without kernels to boot."""
    images = [image for image in kernel_images(GUESTS) if guest.mounts(image, version)]
    if not images:
        raise UsageError(f"no kernels for cgroup v{version} in {GUESTS}; run: .ci/guest-packages {GUESTS}")
    end_guests_with_us()
    with tempfile.TemporaryDirectory(prefix="diagnose-test-", dir="/var/tmp") as folder:
        place = (keep or Path(folder)).resolve()
        found = in_guests(images, GUESTS / guest.ROOT_IMAGE, place, 2, "sizes", version=version)
    for result in found:
        print(f"{result.kernel}: {[check.found for check in result.checks]}", file=sys.stderr)
    rows = [(short(r.kernel), r.sized) for r in found if r.sized]
    text, holds = sizing_table.section_of_guests(rows, version, SIZING_SECONDS[version])
    return text, holds and all(result.sized for result in found)


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


def _failures(wrong: list[live.Outcome]) -> str:
    """Return why those that are wrong say what they say."""
    lines = [f"- {o.scenario}, said to be {o.verdict}: {o.summary}" for o in wrong]
    return "\n\n### What failed, in the words of the reports\n\n" + "\n".join(lines) if lines else ""


def _row(name: str, found: list[live.Outcome]) -> str:
    scenario = SCENARIOS[name]
    seen = {f"{o.verdict} ({o.confidence}{': ' + ', '.join(o.named) if o.named else ''})": None for o in found}
    accused = sorted({a for o in found for a in o.accused})
    culprits = ", ".join(filter(None, [scenario.culprit, *scenario.accomplices]))
    cells = (
        name,
        scenario.expected,
        culprits or "–",
        f"{sum(o.right for o in found)}/{len(found)}",
        "; ".join(seen).replace("|", " "),
        ", ".join(accused) or "–",
    )
    return f"| {' | '.join(cells)} |"


def _publish(section: str, text: str, chosen: list[str] | None) -> None:
    """Write the page, which is always one whole run: some scenarios measured anew are printed only."""
    if chosen:
        print(text)
    else:
        PAGE.write(section, text)


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
    parser.add_argument(
        "--outcomes", type=Path, metavar="FILE", help="keep live outcomes here, and do not measure again what it has"
    )
    options = parser.parse_args()
    wanted, good = options.sections or list(SECTIONS), True
    if "simulation" in wanted:
        text, holds = simulated(options.runs)
        PAGE.write("simulation", text)
        good &= holds
    if "live" in wanted:
        try:
            text, holds = measured(options.times, options.scenario or list(SCENARIOS), options.keep, options.outcomes)
        except UsageError as error:
            print(error, file=sys.stderr)
            return 2
        _publish("live", text, options.scenario)
        good &= holds
    if "sizing" in wanted:
        text, holds = sized([n for n in options.scenario or sizing.SIZED if n in sizing.SIZED], options.keep)
        _publish("sizing", text, options.scenario)
        good &= holds
    for section in [name for name in IN_GUESTS if name in wanted and not options.scenario]:
        text, holds = sized_in_guests(options.keep, IN_GUESTS[section])
        PAGE.write(section, text)
        good &= holds
    if without_bpf.SECTION in wanted:
        text, holds = without_bpf.measured(without_bpf.TIMES, options.scenario or list(SCENARIOS), options.keep)
        _publish(without_bpf.SECTION, text, options.scenario)
        good &= holds
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
