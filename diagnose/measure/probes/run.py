"""What the instruments of one capture share: the service, the hierarchy, and the cgroups that were seen alive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from diagnose.capture.model import ProbeRecord
from diagnose.capture.reasons import Reason
from diagnose.cgroups import Hierarchy
from diagnose.cgroups.service import Service
from diagnose.measure.bpf.module import Module


@dataclass(frozen=True)
class Run:
    """One capture, as far as it is known before its first window."""

    service: Service
    hierarchy: Hierarchy
    paths: dict[int, str] = field(default_factory=dict)
    """Path by id of every cgroup that was seen alive so far; the instrument "cgroups" adds to it."""

    def pids_now(self) -> list[int]:
        """Return who is in the service at this moment: a pid of the start may be another process by the end."""
        return [] if self.replaced() else [p.pid for p in self.hierarchy.processes(self.service.cgroup)]

    def replaced(self) -> list[ProbeRecord]:
        """Say so if the service's cgroup went away during the capture: a new one of the same name was not measured."""
        path = self.service.cgroup
        if self.hierarchy.exists(path) and self.hierarchy.id_of(path) == self.service.cgroup_id:
            return []
        return [
            ProbeRecord.because(
                "service",
                False,
                Reason(code="service-removed", cgroup=path),
                how_to_enable="measure again, while it runs",
            )
        ]


@dataclass(frozen=True)
class Ending:
    """A capture when its last window is over."""

    run: Run
    windows: int
    """So many were whole."""
    start_ns: int
    """The beginning of window 0 on the kernel's monotonic clock."""
    module: Module
    fields: Mapping[str, Any]
    """What the instruments before this one gave to the capture."""
