"""The lab's scenarios, measured live and judged against the truth: see `__main__.py`."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from diagnose import pipeline, rules
from diagnose.capture import file as captures
from diagnose.capture.model import Capture
from diagnose.cgroups import Hierarchy
from diagnose.cgroups.service import resolve
from diagnose.errors import CannotMeasureError
from diagnose.lab import SCENARIOS, Scenario, running
from diagnose.measure.battery import host_facts
from diagnose.measure.polling import Bpf
from diagnose.measure.schedule import plan
from diagnose.report.model import Report
from tests.accuracy.anonymous import anonymous

DURATION_SECONDS = 10.0


@dataclass(frozen=True)
class Outcome:
    """What a report says of a scenario whose truth is known."""

    scenario: str
    verdict: str
    confidence: str
    named: tuple[str, ...]
    """Everybody any finding accuses, relative to the lab's parent cgroup."""
    right: bool
    """The verdict is the expected one, and names the culprit first."""
    accused: tuple[str, ...]
    """Who is innocent and accused all the same."""
    summary: str
    """What the report says in a paragraph, cgroups relative to the lab's parent."""


def outcome(scenario: Scenario, report: Report) -> Outcome:
    """Judge a report."""
    parent = report.service.cgroup.rsplit("/", 1)[0] + "/"
    named = tuple(dict.fromkeys(c.cgroup.removeprefix(parent) for f in report.findings for c in f.culprits))
    guilty = {scenario.culprit, *scenario.accomplices}
    verdict = report.verdict.rule or report.verdict.status
    first = [c.cgroup.removeprefix(parent) for f in report.findings[:1] for c in f.culprits]
    right = verdict == scenario.expected and first[:1] == ([scenario.culprit] if scenario.culprit else [])
    accused = tuple(name for name in named if name not in guilty)
    summary = report.verdict.summary.replace(parent, "")
    return Outcome(scenario.name, verdict, report.verdict.confidence, named, right and not accused, accused, summary)


def record(name: str, duration: float = DURATION_SECONDS, bpf: Bpf = "needed") -> Capture:
    """Run a scenario and measure it."""
    hierarchy = Hierarchy.discover()
    with running(name, duration, lambda _: None) as lab:
        service = resolve(lab.service, hierarchy)

        def wait(seconds: float) -> bool:
            time.sleep(seconds)
            return not lab.alive()

        return pipeline.record(service, hierarchy, plan(duration, 1.0), wait, lambda _: None, bpf)


def load(path: Path) -> tuple[Scenario, Report]:
    """Return the scenario that a recorded capture is named after, and what the rules say of the capture."""
    capture, _ = captures.load(path)
    return SCENARIOS[path.name.removesuffix(".capture.json.gz")], pipeline.analyse(capture, rules.load_rules())


def save(capture: Capture, folder: Path, name: str) -> Path:
    """Save a capture without the names of the host that it was recorded on."""
    path = folder / f"{name}.capture.json.gz"
    path.write_bytes(captures.to_bytes(anonymous(capture)))
    return path


def run(name: str, keep: Path | None = None, number: int = 1) -> Outcome:
    """Run, measure and judge a scenario; a scenario that could not be run is wrong, and says why.

    Of the first run, and of every wrong one, the capture is saved in `keep`.
    """
    scenario = SCENARIOS[name]
    try:
        capture = record(name)
    except CannotMeasureError as error:
        return Outcome(name, "could not run", "low", (), False, (), str(error))
    judged = outcome(scenario, pipeline.analyse(capture, rules.load_rules()))
    if keep is not None and (number == 1 or not judged.right):
        save(capture, keep, name if judged.right else f"{name}-wrong-{number}")
    return judged


def host() -> str:
    """Say in a few words what it ran on."""
    facts = host_facts()
    return f"{facts.cpus} CPUs, Linux {facts.kernel.partition('-')[0]}, cgroup v{Hierarchy.discover().version}"
