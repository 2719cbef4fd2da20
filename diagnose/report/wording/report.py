"""The report: what was measured, what the rules came to and what is recommended, put together and written (pure)."""

from __future__ import annotations

from collections.abc import Sequence

from diagnose.analysis.facts import Facts
from diagnose.analysis.facts.other_causes import other_causes
from diagnose.capture.model import Capture
from diagnose.recommend import steps_for
from diagnose.recommend.change import Change
from diagnose.report.measurements.model import Measurements
from diagnose.report.model import (
    Finding,
    NotMeasured,
    Report,
    ReportCapture,
    ReportService,
)
from diagnose.report.wording.cross_check import with_verdict
from diagnose.report.wording.facts_evictions import other_causes_words
from diagnose.report.wording.findings import finding
from diagnose.report.wording.limits import recommendation
from diagnose.report.wording.names import used_in
from diagnose.report.wording.steps import written_steps
from diagnose.report.wording.verdict import ruled_out, unknown, verdict
from diagnose.report.wording.writer import Names
from diagnose.rules.evaluate import Evaluation, Fired


def write(
    capture: Capture,
    facts: Facts,
    evaluation: Evaluation,
    changes: Sequence[Change],
    measurements: Measurements,
) -> Report:
    """Return the report; `measurements`: as `report.measurements` computed them."""
    names = Names.of(capture)
    changed = [change.cgroup for change in changes]
    culprits = [one.cgroup for fired in evaluation.findings for one in fired.culprits]
    named = used_in(measurements, names.known, [capture.service.cgroup, *changed, *culprits])
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
        verdict=verdict(evaluation, facts, names),
        findings=[_finding(fired, evaluation.findings[0], facts, names) for fired in evaluation.findings],
        ruled_out=ruled_out(evaluation, names),
        unknown=unknown(evaluation, names),
        not_measured=not_measured(capture),
        recommendations=[recommendation(change, names) for change in changes],
        measurements=with_verdict(measurements).model_copy(update={"names": named}),
    )


def _finding(fired: Fired, first: Fired, facts: Facts, names: Names) -> Finding:
    others = other_causes(facts, fired.accounts_for, fired.thresholds)
    besides = other_causes_words(others, names.writer())
    steps = written_steps(steps_for(fired, facts), names, [one.cgroup for one in fired.culprits])
    return finding(fired, first, facts, names, besides, steps)


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
