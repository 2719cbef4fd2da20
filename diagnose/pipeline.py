"""The whole flow on one screen: service, probes, capture, windows, facts, rules, findings, recommendations, report."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from diagnose.capture.model import Capture
from diagnose.cgroups import Hierarchy
from diagnose.cgroups.service import Service
from diagnose.measure.build import Builds
from diagnose.measure.polling import Bpf, battery, see_doctor
from diagnose.measure.progress import WindowSeen
from diagnose.measure.schedule import Plan, Wait
from diagnose.report.model import NotMeasured, Report, ReportCapture, ReportService

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
    remedy: Callable[[], str] = see_doctor,
) -> Capture:
    """Measure on this host; the only step that needs root and a kernel.

    `builds`: the programs, where somebody has begun to build them (`measure.build.begun`). For `bpf`, `say` and
    `remedy` see `polling.battery`.
    """
    instruments = battery(service, hierarchy, plan, bpf, say, builds, remedy)
    try:
        return instruments.run(wait, on_window)
    finally:
        instruments.close()


def analyse(capture: Capture, rules: RuleSet, packed: bytes | None = None) -> Report:
    """Turn a capture into a report: no kernel, no clock, no files; the same capture and rules give the same report.

    `packed`: the capture's file as it is or will be written, whose hash the report names.
    """
    # Here, not above: a measurement begins without all this.
    from diagnose.analysis.facts import Facts
    from diagnose.analysis.windows import Windows
    from diagnose.recommend import recommend, whole
    from diagnose.report.measurements.build import measure
    from diagnose.report.wording.cross_check import with_verdict
    from diagnose.report.wording.names import Labels
    from diagnose.rules.evaluate import evaluate

    windows = Windows(capture)
    facts = Facts(windows)
    evaluation = (
        evaluate(rules.without_bpf(), facts, at_most="medium") if windows.without_bpf else evaluate(rules, facts)
    )
    labels = Labels.of(capture)
    recommendations = [labels.recommendation(r) for r in recommend(list(evaluation.findings), facts)]
    findings = [labels.finding(whole(fired, facts)) for fired in evaluation.findings]
    changed = [recommendation.cgroup for recommendation in recommendations]
    measured = with_verdict(measure(capture, None, changed, packed, windows))
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
        measurements=measured.model_copy(update={"names": labels.used_in(measured, named)}),
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
