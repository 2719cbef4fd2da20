"""The whole flow on one screen: service, probes, capture, windows, facts, rules, findings, recommendations, report."""

from __future__ import annotations

from collections.abc import Callable

from diagnose.analysis.facts import Facts
from diagnose.analysis.windows import Windows
from diagnose.capture.model import Capture
from diagnose.cgroups import Hierarchy
from diagnose.cgroups.service import Service
from diagnose.measure.battery import Battery
from diagnose.measure.build import Builds
from diagnose.measure.polling import Bpf, battery, see_doctor
from diagnose.measure.progress import WindowSeen
from diagnose.measure.schedule import Plan, Wait
from diagnose.recommend import recommend
from diagnose.report.measurements.build import measure
from diagnose.report.model import Report
from diagnose.report.wording.report import write
from diagnose.rules import RuleSet
from diagnose.rules.evaluate import evaluate


def record(
    service: Service,
    hierarchy: Hierarchy,
    plan: Plan,
    wait: Wait,
    on_window: WindowSeen,
    bpf: Bpf = "needed",
    say: Callable[[str], None] = lambda _: None,
    builds: Builds | None = None,
    remedy: Callable[[], str] = see_doctor,
    attached: Callable[[bool], None] = lambda _: None,
) -> Capture:
    """Measure on this host; the only step that needs root and a kernel.

    `builds`: the programs, where somebody has begun to build them (`measure.build.begun`). For `bpf`, `say` and
    `remedy` see `polling.battery`. `attached` is called once everything is, before the first window, with whether
    there are BPF programs.
    """
    instruments = battery(service, hierarchy, plan, bpf, say, builds, remedy)
    try:
        attached(isinstance(instruments, Battery))
        return instruments.run(wait, on_window)
    finally:
        instruments.close()


def analyse(capture: Capture, rules: RuleSet, packed: bytes | None = None) -> Report:
    """Turn a capture into a report: no kernel, no clock, no files; the same capture and rules give the same report.

    `packed`: the capture's file as it is or will be written, whose hash the report names.
    """
    windows = Windows(capture)
    facts = Facts(windows)
    evaluation = (
        evaluate(rules.without_bpf(), facts, at_most="medium") if windows.without_bpf else evaluate(rules, facts)
    )
    changes = recommend(list(evaluation.findings), facts)
    changed = [change.cgroup for change in changes]
    measured = measure(capture, None, changed, packed, windows, facts.figures())
    return write(capture, facts, evaluation, changes, measured)
