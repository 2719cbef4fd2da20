"""Measure again after a change, and compare with before: the only step of `verify` that needs root and a kernel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from diagnose import pipeline
from diagnose.capture.model import Capture
from diagnose.cgroups import opened, shown
from diagnose.cgroups.service import resolve
from diagnose.change.coherence import check_record
from diagnose.change.compare import Comparison, Note, ServiceRecreated, StoppedEarly, compare
from diagnose.change.figures import figures_of
from diagnose.change.guards import read_setting
from diagnose.change.machine import Machine
from diagnose.change.model import Change, ChangeRecord, Figures
from diagnose.change.place import place
from diagnose.change.wording import size
from diagnose.errors import CannotMeasureError, UsageError
from diagnose.measure.progress import WindowSeen
from diagnose.measure.schedule import Plan
from diagnose.report.measurements.build import measure
from diagnose.report.model import Report
from diagnose.rules import RuleSet


@dataclass(frozen=True)
class Verified:
    """The comparison, and the capture that it rests on."""

    comparison: Comparison
    capture: Capture


def ready(written: ChangeRecord, machine: Machine) -> Figures:
    """Return the side before; raises UsageError or CannotMeasureError if there is nothing to verify, or no way to."""
    check_record(written)
    if written.host.boot_id != machine.boot_id:
        raise UsageError("the change was made on another host, or before this one was booted: it cannot be verified")
    if written.state != "applied":
        raise UsageError(f"the record says {written.state!r}: there is no change in force to verify")
    for change in written.changes:
        _in_force(change, machine)
    if written.before is None:
        raise CannotMeasureError("the report of this change has no read latency, so there is no before to compare with")
    return written.before


def verify(written: ChangeRecord, machine: Machine, plan: Plan, rules: RuleSet, on_window: WindowSeen) -> Verified:
    """Run the battery on the service and compare; raises UsageError or CannotMeasureError."""
    before = ready(written, machine)
    service = resolve(written.service.cgroup, machine.hierarchy)
    capture = pipeline.record(service, machine.hierarchy, plan, machine.wait, on_window)
    said = notes(written, service.cgroup_id, capture)
    return Verified(judge(written, before, pipeline.analyse(capture, rules), capture, said), capture)


def judge(
    written: ChangeRecord, before: Figures, report: Report, capture: Capture, notes: Sequence[Note] = ()
) -> Comparison:
    """Compare the side before with a capture made after, by the slow threshold of before (pure)."""
    changed = [change.cgroup for change in written.changes]
    alike = report.model_copy(update={"measurements": measure(capture, before.slow_threshold_seconds)})
    after = figures_of(alike, changed)
    if after is None:
        raise CannotMeasureError("reads were not measured, so there is no after to compare with; see diagnose doctor")
    return compare(
        before,
        after,
        written.rule,
        _still_fires(written.rule, report),
        healthy=report.verdict.status == "healthy",
        notes=tuple(notes),
    )


def _still_fires(rule: str | None, report: Report) -> bool | None:
    if rule is None or any(unknown.rule == rule for unknown in report.unknown):
        return None
    return any(finding.rule == rule for finding in report.findings)


def _in_force(change: Change, machine: Machine) -> None:
    what = f"{change.setting} of {shown(change.cgroup)}"
    here = place(machine.hierarchy, change.cgroup, change.cgroup_id) or change.cgroup
    with opened(machine.hierarchy, here) as cgroup:
        _, current = read_setting(cgroup, here, change.setting)
        if cgroup.id != change.cgroup_id and change.manager == "files":
            raise UsageError(f"{what}: the cgroup was removed and recreated, without the change; apply again")
    if current != change.after_bytes:
        raise UsageError(f"{what} is {size(current)} and not {size(change.after_bytes)} any more: nothing to verify")


def notes(written: ChangeRecord, service_id: int, capture: Capture) -> list[Note]:
    """Return what may be in the difference besides the change."""
    found: list[Note] = []
    if written.service.cgroup_id not in (None, service_id):
        found.append(ServiceRecreated())
    if capture.interrupted:
        found.append(StoppedEarly(capture.windows, capture.requested_windows))
    return found
