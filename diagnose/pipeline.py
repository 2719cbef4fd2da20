"""The whole flow on one screen: service, probes, capture, windows, facts, rules, findings, recommendations, report."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from diagnose.cgroups import Hierarchy
from diagnose.models import Capture, NotMeasured, Report, ReportCapture, ReportService
from diagnose.programs.building import Builds
from diagnose.progress.seen import WindowSeen
from diagnose.schedule import Plan, Wait
from diagnose.service import Service
from diagnose.without_bpf import Bpf, battery

if TYPE_CHECKING:
    from diagnose.rules import RuleSet


def record(
    service: Service,
    hierarchy: Hierarchy,
    plan: Plan,
    wait: Wait,
    on_window: WindowSeen,
    bpf: Bpf = "needed",
    say: Callable[[str], None] = lambda _: None,
    builds: Builds | None = None,
) -> Capture:
    """Measure on this host; the only step that needs root and a kernel.

    `builds`: the programs, where somebody has begun to build them (`programs.building.begun`). For `bpf` and `say` see
    `without_bpf.battery`.
    """
    instruments = battery(service, hierarchy, plan, bpf, say, builds)
    try:
        return instruments.run(wait, on_window)
    finally:
        instruments.close()


def analyse(capture: Capture, rules: RuleSet, packed: bytes | None = None) -> Report:
    """Turn a capture into a report: no kernel, no clock, no files; the same capture and rules give the same report.

    `packed`: the capture's file as it is or will be written, whose hash the report names.
    """
    # Here, not above: a measurement begins without all this.
    from diagnose.evaluate import evaluate
    from diagnose.facts import Facts
    from diagnose.labels import Labels
    from diagnose.measurements import measure
    from diagnose.recommend import recommend, whole
    from diagnose.windows import Windows

    windows = Windows(capture)
    facts = Facts(windows)
    evaluation = (
        evaluate(rules.without_bpf(), facts, at_most="medium") if windows.without_bpf else evaluate(rules, facts)
    )
    labels = Labels.of(capture)
    recommendations = [labels.recommendation(r) for r in recommend(list(evaluation.findings), facts)]
    findings = [labels.finding(whole(fired, facts)) for fired in evaluation.findings]
    changed = [recommendation.cgroup for recommendation in recommendations]
    measured = measure(capture, facts.number("reads.slow_threshold"), changed, packed, windows)
    named = [capture.service.cgroup, *changed, *(c.cgroup for finding in findings for c in finding.culprits)]
    return Report(
        service=ReportService(
            name=capture.service.name, cgroup=capture.service.cgroup, processes=capture.service.processes
        ),
        capture=ReportCapture(
            start=capture.start,
            windows=capture.windows,
            window_seconds=capture.window_seconds,
            kernel=capture.host.kernel,
            cgroup_version=capture.cgroup_version,
            lost=capture.lost,
            interrupted=capture.interrupted,
        ),
        verdict=labels.verdict(evaluation.verdict),
        findings=findings,
        ruled_out=[labels.ruled_out(r) for r in evaluation.ruled_out],
        unknown=[labels.unknown(u) for u in evaluation.unknown],
        not_measured=not_measured(capture),
        recommendations=recommendations,
        measurements={**measured, "names": labels.used_in(measured, named)},
    )


def not_measured(capture: Capture) -> list[NotMeasured]:
    """Return the probes that did not attach, or only in part, with the reason and what would help."""
    return [
        NotMeasured(
            probe=p.probe if not p.missing else f"{p.probe} ({', '.join(p.missing)})",
            reason=p.reason or "no reason was given",
            how_to_enable=p.how_to_enable,
        )
        for p in capture.probes
        if not p.attached or p.missing
    ]
