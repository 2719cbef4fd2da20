"""Run the whole battery on the live host: attach, drain window by window, assemble the capture."""

from __future__ import annotations

import os
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np

from diagnose import __version__
from diagnose.capture.base import Process
from diagnose.capture.bounds import MAX_PROCESSES
from diagnose.capture.model import Capture, Host, ProbeRecord, ServiceRecord
from diagnose.cgroups import Hierarchy, printable, settable_mounts
from diagnose.cgroups.service import Service
from diagnose.errors import CannotMeasureError
from diagnose.measure.boot import boot_id
from diagnose.measure.bpf.compiler import give_back
from diagnose.measure.bpf.module import Module
from diagnose.measure.build import SLOW_READ_NS, Building
from diagnose.measure.privileges import require_privileges
from diagnose.measure.probes import PROBES
from diagnose.measure.probes.devices import block_devices
from diagnose.measure.probes.run import Ending, Run
from diagnose.measure.probes.tunables import damon_schemes, host_settings
from diagnose.measure.progress import Evicted, Progress, WindowSeen
from diagnose.measure.schedule import Plan, Wait, finished_windows


class Battery:
    """The instruments of one capture. Everything in the kernel belongs to this process and goes with it."""

    def __init__(self, service: Service, hierarchy: Hierarchy, plan: Plan, building: Building | None = None) -> None:
        """Attach what was begun to be built, or build it now; CannotMeasureError where nothing can be measured here."""
        require_privileges()
        hierarchy.require_whole()
        self._run, self._plan = Run(service, hierarchy), plan
        building = building or Building(service, hierarchy, plan)
        self._probes = [kind.of(self._run) for kind in PROBES]
        self._module, records = self._attached(building)
        self.closing = Thread(target=self._module.detach, name="detach")
        """Detaches all programs once `close` has started it; the process ends no sooner than it."""
        with_programs = [records[probe.name] for probe in self._probes if probe.attachments]
        if not any(record.attached for record in with_programs):
            self._module.detach()
            raise CannotMeasureError(f"no BPF program could be attached: {with_programs[0].reason}")
        self.records = [probe.settled(records[probe.name], list(records.values())) for probe in self._probes]
        give_back()

    def _attached(self, building: Building) -> tuple[Module, dict[str, ProbeRecord]]:
        """Attach the programs, with the longest loops that this kernel's verifier accepts."""
        for folio_pages in building.folio_pages:
            module = Module(building.programs(folio_pages), building.misfit, building.chosen)
            records = self._attach(module, last_try=folio_pages == building.folio_pages[-1])
            if records:
                break
            module.detach()
        return module, records

    def _attach(self, module: Module, last_try: bool) -> dict[str, ProbeRecord]:
        """Attach the probes, those with long loops first; none if one of them is refused, unless it is the last try."""
        records = {}
        for probe in sorted(self._probes, key=lambda probe: not probe.loops):
            records[probe.name] = probe.attach(module)
            if probe.loops and not records[probe.name].attached and not last_try:
                return {}
        return {probe.name: records[probe.name] for probe in self._probes}

    def run(self, wait: Wait, on_window: WindowSeen) -> Capture:
        """Measure until the plan is fulfilled or `wait` says to end; returns the capture of the whole windows."""
        for probe in self._probes:
            probe.begin()
        start_ns, started = self._start()
        done = 0
        for done in finished_windows(self._plan, start_ns, wait):
            self._drain(done)
            on_window(self._seen(done))
        for probe in self._probes:
            probe.end(done - 1)
        return self._assemble(started, start_ns, done)

    def close(self) -> None:
        """Begin to detach all programs. That takes the kernel most of a second, in which the report is made."""
        self.closing.start()

    def _start(self) -> tuple[int, datetime]:
        start_ns = time.monotonic_ns()
        self._module.table("config").update(0, np.array([start_ns], np.uint64))
        return start_ns, datetime.now(UTC)

    def _drain(self, finished: int) -> None:
        """Take over what the kernel has of finished windows, then read files: of those cgroups that moved pages."""
        moved: Counter[int] = Counter()
        for probe in self._probes:
            moved.update(probe.drain(self._module, finished))
        for probe in self._probes:
            probe.read(finished - 1, moved)

    def _seen(self, done: int) -> Progress:
        known: dict[str, Any] = {"reads": None, "missed": None}
        for probe, record in zip(self._probes, self.records, strict=True):
            known |= probe.progress(self._run) if record.attached else {}
        if "evicted" in known:
            known["evicted"] = Evicted(**known["evicted"])
        return Progress(window=done, windows=self._plan.windows, window_seconds=self._plan.window_seconds, **known)

    def _assemble(self, started: datetime, start_ns: int, windows: int) -> Capture:
        about = described(self._run, self._plan, started, windows)
        fields: dict[str, Any] = {}
        for probe in self._probes:
            fields |= probe.ended(Ending(self._run, windows, start_ns, self._module, fields))
        records = [*self.records, *self._run.replaced()]
        return Capture(**about, probes=records, lost=self._module.lost(), **fields)


def described(run: Run, plan: Plan, started: datetime, windows: int) -> dict[str, Any]:
    """Return the fields of a capture that say what was measured, where and when; CannotMeasureError for no window."""
    if windows == 0:
        raise CannotMeasureError("stopped before the first window was over: nothing was measured; let it run longer")
    service, hierarchy = run.service, run.hierarchy
    return {
        "tool_version": __version__,
        "start": started.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "windows": windows,
        "requested_windows": plan.windows,
        "window_seconds": plan.window_seconds,
        "interrupted": windows < plan.windows,
        "slow_read_ns": SLOW_READ_NS,
        "host": host_facts(),
        "cgroup_version": hierarchy.version,
        "cgroup_mount": printable(str(hierarchy.mount)),
        "mounts": settable_mounts(hierarchy),
        "devices": block_devices(hierarchy.root),
        "damon": damon_schemes(hierarchy.root),
        "service": ServiceRecord(
            name=service.name,
            cgroup=service.cgroup,
            cgroup_id=service.cgroup_id,
            processes=[Process(pid=process.pid, comm=process.comm) for process in service.processes[:MAX_PROCESSES]],
        ),
    }


def host_facts(proc: Path = Path("/proc")) -> Host:
    """Return what the report says of the host."""
    page = os.sysconf("SC_PAGE_SIZE")
    return Host(
        hostname=os.uname().nodename,
        kernel=os.uname().release,
        boot_id=boot_id(proc),
        cpus=os.cpu_count() or 1,
        memory_bytes=os.sysconf("SC_PHYS_PAGES") * page,
        page_bytes=page,
        utc_offset_seconds=time.localtime().tm_gmtoff,
        settings=host_settings(proc.parent),
    )
