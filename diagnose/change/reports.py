"""What `apply` takes from a report: its recommendations, and where and when it was made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from diagnose.cgroups import shown
from diagnose.change import digested_files
from diagnose.change.machine import Machine
from diagnose.errors import UsageError
from diagnose.report.model import REPORT_SCHEMA, Report


@dataclass(frozen=True)
class Origin:
    """Where a report was made; `ids` are kernfs ids by cgroup path."""

    hostname: str
    boot_id: str
    ids: dict[str, int]


def load_report(path: Path) -> Report:
    """Return the report in a file; raises UsageError if it was edited, cut short, or is none."""
    return digested_files.load(path, Report, REPORT_SCHEMA, "report")


def origin(report: Report) -> Origin:
    """Return where the report says it was made; raises UsageError if it does not say."""
    context = report.measurements.capture
    if context.redacted:
        raise UsageError(
            "the report is redacted: its names are pseudonyms, so nobody can tell which cgroup is meant; "
            "apply the report that was made without --redact"
        )
    if "boot_id" in context.model_fields_set and context.boot_id is None:
        raise UsageError(
            "the report does not say of which boot it is, since its host did not let that be read (boot_id): whether "
            "its cgroups are still the same cannot be told; make the change by hand"
        )
    if context.hostname is None or context.boot_id is None:
        raise UsageError("the report does not say on which host and boot it was made; make it again from its capture")
    return Origin(context.hostname, context.boot_id, context.cgroup_ids)


def check_origin(report: Report, machine: Machine) -> Origin:
    """Refuse a report of another host or boot; raises UsageError."""
    made = origin(report)
    if made.boot_id != machine.boot_id:
        where = (
            f"on the host {shown(made.hostname)}, and this is {shown(machine.hostname)}"
            if made.hostname != machine.hostname
            else "before this host was last booted"
        )
        raise UsageError(f"the report was made {where}: cgroups and their use are others now; diagnose here first")
    if report.capture.cgroup_version != machine.hierarchy.version:
        raise UsageError(
            f"the report speaks of cgroup v{report.capture.cgroup_version}, and the memory controller is on "
            f"v{machine.hierarchy.version} now; diagnose again"
        )
    return made
