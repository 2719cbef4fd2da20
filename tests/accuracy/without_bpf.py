"""The lab's scenarios measured without BPF: what cgroup files and counters can tell, and that they tell nothing wrong.

Without the instruments a verdict is often impossible, and inconclusive is then the right thing to say. Wrong is any
other verdict than the truth, "healthy" where it is not, anybody innocent accused, and any confidence above medium.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from diagnose import pipeline, rules
from diagnose.errors import CannotMeasureError
from diagnose.lab import SCENARIOS
from tests.accuracy import live

SECTION = "without-bpf"
TIMES = 2
NOT_RUN = "could not run"


def kind(outcome: live.Outcome) -> str:
    """Return "right", "inconclusive", "wrong" or "not run"."""
    if outcome.verdict.startswith(NOT_RUN):
        return "not run"
    if outcome.accused or outcome.confidence == "high":
        return "wrong"
    if outcome.right:
        return "right"
    return "inconclusive" if outcome.verdict == "inconclusive" else "wrong"


def measured(times: int, names: list[str], keep: Path | None) -> tuple[str, bool]:
    """Run every scenario so many times; returns the section of the page, and whether nothing was wrong or not run."""
    outcomes = []
    for number in range(1, times + 1):
        for name in names:
            outcome = run(name, keep if number == 1 else None)
            outcomes.append(outcome)
            print(f"without BPF {number}/{times} {name}: {kind(outcome)}, {outcome.verdict}", file=sys.stderr)
    return section(outcomes)


def run(name: str, keep: Path | None = None) -> live.Outcome:
    """Run, measure and judge a scenario; its capture is saved in `keep`."""
    try:
        capture = live.record(name, bpf="unused")
    except CannotMeasureError as error:
        return live.Outcome(name, NOT_RUN, "low", (), False, (), str(error))
    if keep is not None:
        live.save(capture, keep, name)
    return live.outcome(SCENARIOS[name], pipeline.analyse(capture, rules.load_rules()))


def section(outcomes: list[live.Outcome]) -> tuple[str, bool]:
    """Return the section of the page, and whether nothing was wrong or not run."""
    counts = Counter(map(kind, outcomes))
    lines = [
        "## Live scenarios without BPF",
        "",
        f"The same with `--no-bpf`, {live.DURATION_SECONDS:.0f} s each, {_times(outcomes)} ({live.host()}): cgroup "
        "files, `/proc/<pid>/io`, PSI, vmstat and diskstats alone. Inconclusive is what a report must say where they "
        "do not tell causes apart; without timing reads nobody is called healthy. "
        f"**{counts['right']} right, {counts['inconclusive']} inconclusive, {counts['wrong']} wrong"
        f"{', ' + str(counts['not run']) + ' not run' if counts['not run'] else ''}.**",
        "",
        "| Scenario | Truth | Culprit | Right | Inconclusive | Wrong | Verdicts |",
        "|---|---|---|---:|---:|---:|---|",
        *(
            _row(name, [o for o in outcomes if o.scenario == name])
            for name in dict.fromkeys(o.scenario for o in outcomes)
        ),
    ]
    return "\n".join(lines), not counts["wrong"] and not counts["not run"]


def _times(outcomes: list[live.Outcome]) -> str:
    most = max(Counter(o.scenario for o in outcomes).values())
    return {1: "once", 2: "twice"}.get(most, f"{most} times")


def _row(name: str, outcomes: list[live.Outcome]) -> str:
    scenario, counts = SCENARIOS[name], Counter(map(kind, outcomes))
    culprits = ", ".join(filter(None, [scenario.culprit, *scenario.accomplices]))
    seen = {f"{o.verdict} ({o.confidence}{': ' + ', '.join(o.named) if o.named else ''})": None for o in outcomes}
    cells = (
        name,
        scenario.expected,
        culprits or "–",
        *(str(counts[k]) for k in ("right", "inconclusive", "wrong")),
        "; ".join(seen).replace("|", " "),
    )
    return f"| {' | '.join(cells)} |"
