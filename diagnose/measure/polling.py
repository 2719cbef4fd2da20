"""The battery of a host that refuses BPF: cgroup files, /proc/<pid>/io, PSI, vmstat and diskstats, window by window.

No read is timed and nobody sees who evicts whose pages: the capture says so, the rules of `rules/without-bpf/` judge
it, and no finding is more than medium.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

from diagnose.capture.model import BPF, Capture, ProbeRecord
from diagnose.capture.reasons import Reason
from diagnose.capture.tables import empty
from diagnose.cgroups import Hierarchy
from diagnose.cgroups.service import Service
from diagnose.errors import CannotMeasureError
from diagnose.measure.battery import Battery, described
from diagnose.measure.bpf.compiler import find_bcc
from diagnose.measure.bpf.module import MOST_SAID
from diagnose.measure.build import Builds
from diagnose.measure.privileges import require_privileges
from diagnose.measure.probes import PROBES
from diagnose.measure.probes.host import HostProbe
from diagnose.measure.probes.polled_cgroups import PolledCgroups
from diagnose.measure.probes.run import Run
from diagnose.measure.progress import Progress, WindowSeen
from diagnose.measure.schedule import Plan, Wait, finished_windows

Bpf = Literal["needed", "if granted", "unused"]
Say = Callable[[str], None]
NEEDING_BPF = tuple(probe for probe in PROBES if probe.needs_bpf)


def see_doctor() -> str:
    """Return where to look for what lifts a refusal of BPF."""
    return "see: diagnose doctor"


class FilesBattery:
    """What `Battery` is, with nothing in the kernel. Needs no root where the files are readable."""

    def __init__(self, service: Service, hierarchy: Hierarchy, plan: Plan, why: ProbeRecord) -> None:
        """`why`: the record of the probe "bpf". Raises CannotMeasureError where not even the files can be read."""
        self._run, self._plan, self._why = Run(service, hierarchy), plan, why
        self._cgroups, self._host = PolledCgroups.of(self._run), HostProbe(hierarchy.proc, disks=True)
        self._host_record = self._host.attach()

    def run(self, wait: Wait, on_window: WindowSeen) -> Capture:
        """Measure until the plan is fulfilled or `wait` says to end; returns the capture of the whole windows."""
        self._cgroups.poll(-1)
        self._host.begin()
        start_ns, started, done = time.monotonic_ns(), datetime.now(UTC), 0
        for done in finished_windows(self._plan, start_ns, wait):
            self._cgroups.poll(done - 1)
            self._host.read(done - 1)
            on_window(Progress(done, self._plan.windows, None, None, self._plan.window_seconds))
        return Capture(
            **described(self._run, self._plan, started, done),
            **empty(field for probe in NEEDING_BPF for field in probe.fills),
            cgroups=self._cgroups.records(set()),
            probes=self._records(),
            lost={},
            cgroup_samples=self._cgroups.samples(done),
            host_samples=self._host.samples(done),
        )

    def close(self) -> None:
        """Nothing was opened that is not closed."""

    def _records(self) -> list[ProbeRecord]:
        refused = [
            ProbeRecord.because(probe.name, False, Reason(code="needs-bpf"), how_to_enable=self._why.how_to_enable)
            for probe in NEEDING_BPF
        ]
        return [self._why, *refused, self._cgroups.record(), self._host_record, *self._run.replaced()]


def battery(
    service: Service,
    hierarchy: Hierarchy,
    plan: Plan,
    bpf: Bpf,
    say: Say,
    builds: Builds | None = None,
    remedy: Callable[[], str] = see_doctor,
) -> Battery | FilesBattery:
    """Return the battery to measure with, attached; `say` is told where BPF is refused. `builds`: the programs, begun.

    `remedy` is asked, where BPF is refused, for what lifts the refusal.

    "if granted": where the host refuses BPF, files alone. What one command mends is no refusal: without root, or
    without bcc, this raises CannotMeasureError, as it does for "needed" whatever the reason.
    """
    if bpf == "unused":
        how = "leave out --no-bpf"
        return FilesBattery(service, hierarchy, plan, _refused(Reason(code="bpf-switched-off"), how))
    if bpf == "if granted":
        require_privileges()
        find_bcc()
    try:
        return Battery(service, hierarchy, plan, builds() if builds else None)
    except CannotMeasureError as error:
        if bpf == "needed":
            raise
        say(f"BPF is refused here: {error}; measuring with cgroup files and counters alone")
        return FilesBattery(
            service, hierarchy, plan, _refused(Reason(code="bpf-refused", message=str(error)[:MOST_SAID]), remedy())
        )


def _refused(why: Reason, how: str) -> ProbeRecord:
    return ProbeRecord.because(BPF, False, why, how_to_enable=how)
