"""Run the whole battery on the live host: attach, drain window by window, assemble the capture."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from diagnose import __version__
from diagnose.capture.base import Process
from diagnose.capture.model import Capture, Host, ProbeRecord, ServiceRecord
from diagnose.cgroups import Hierarchy, settable_mounts
from diagnose.cgroups.service import Service
from diagnose.errors import CannotMeasureError
from diagnose.measure.boot import boot_id
from diagnose.measure.bpf.compiler import give_back
from diagnose.measure.bpf.module import LOST, Module
from diagnose.measure.build import SLOW_READ_NS, Building
from diagnose.measure.privileges import require_privileges
from diagnose.measure.probes import (
    TRACEPOINTS,
    BlameProbe,
    BlockProbe,
    CgroupsProbe,
    EvictionsProbe,
    HostProbe,
    PageCacheProbe,
    ReadsProbe,
    StallsProbe,
    UringProbe,
)
from diagnose.measure.probes.devices import block_devices
from diagnose.measure.probes.tunables import damon_schemes, host_settings
from diagnose.measure.progress import Evicted, Progress, WindowSeen
from diagnose.measure.schedule import Plan, Wait, finished_windows


class Battery:
    """The instruments of one capture. Everything in the kernel belongs to this process and goes with it."""

    def __init__(self, service: Service, hierarchy: Hierarchy, plan: Plan, building: Building | None = None) -> None:
        """Attach what was begun to be built, or build it now; CannotMeasureError where nothing can be measured here."""
        require_privileges()
        hierarchy.require_whole()
        self._service, self._hierarchy, self._plan = service, hierarchy, plan
        building = building or Building(service, hierarchy, plan)
        self.reads, self.cache, self.evictions = ReadsProbe(), PageCacheProbe(building.lookup), EvictionsProbe()
        self.block, self.stalls, self.blame = BlockProbe(), StallsProbe(), BlameProbe()
        self.uring = UringProbe()
        self.cgroups, self.host = CgroupsProbe(hierarchy, service.cgroup), HostProbe()
        self._module, attached = self._attached(building)
        if not any(record.attached for record in attached):
            self._module.detach()
            raise CannotMeasureError(f"no BPF program could be attached: {attached[0].reason}")
        self.probes = [*attached, self.blame.attach(attached), self.host.attach()]
        give_back()

    def _attached(self, building: Building) -> tuple[Module, list[ProbeRecord]]:
        """Attach the programs, with the longest loops that this kernel's verifier accepts."""
        for folio_pages in building.folio_pages:
            module = Module(building.programs(folio_pages), building.misfit)
            records = self._attach(module, last_try=folio_pages == building.folio_pages[-1])
            if records:
                break
            module.detach()
        return module, self.reads.told_apart(records)

    def _attach(self, module: Module, last_try: bool) -> list[ProbeRecord]:
        """Attach the probes, those with long loops first; none if one of them is refused, unless it is the last try."""
        looping = (self.cache, self.evictions)
        records = {}
        for probe in (*looping, self.reads, self.uring, self.stalls, self.block, self.cgroups):
            records[probe.name] = probe.attach(module)
            if probe in looping and not records[probe.name].attached and not last_try:
                return []
        return [records[name] for name in TRACEPOINTS]

    def run(self, wait: Wait, on_window: WindowSeen) -> Capture:
        """Measure until the plan is fulfilled or `wait` says to end; returns the capture of the whole windows."""
        self.cgroups.read_first()
        self.host.read(-1)
        start_ns, started = self._start()
        done = 0
        for done in finished_windows(self._plan, start_ns, wait):
            self._drain(done)
            on_window(self._seen(done))
        self.cgroups.read_cpu_last(done - 1)
        return self._assemble(started, start_ns, done)

    def close(self) -> None:
        """Detach all programs now."""
        self._module.detach()

    def _start(self) -> tuple[int, datetime]:
        start_ns = time.monotonic_ns()
        self._module.table("config").update(0, np.array([start_ns], np.uint64))
        return start_ns, datetime.now(UTC)

    def _drain(self, finished: int) -> None:
        self.reads.drain(self._module, finished)
        self.block.drain(self._module, finished)
        self.blame.drain(self._module, finished)
        self.stalls.drain(self._module, finished)
        moved = self.cache.drain(self._module, finished)
        # Who evicts without adding to the cache takes memory of its own: it is to be watched no less.
        for cgroup, pages in self.evictions.drain(self._module, finished).items():
            moved[cgroup] = moved.get(cgroup, 0) + pages
        self.cgroups.moved(moved)
        self.cgroups.read(finished - 1, self._module)
        self.host.read(finished - 1)

    def _seen(self, done: int) -> Progress:
        reads, missed = self.reads.latest()
        last, so_far = self.reads.hit_ratios()
        return Progress(
            window=done,
            windows=self._plan.windows,
            reads=reads,
            missed=missed,
            window_seconds=self._plan.window_seconds,
            hit_ratio=last,
            hit_ratio_so_far=so_far,
            octaves=self.reads.octaves(),
            evicted=self._evicted(),
        )

    def _evicted(self) -> Evicted | None:
        if not any(p.probe == self.evictions.name and p.attached for p in self.probes):
            return None
        by = self.evictions.of_victims(self.cgroups.within(self._service.cgroup))
        most = max(by, key=lambda evictor: by[evictor], default=None)
        if most is None:
            return Evicted(pages=0)
        return Evicted(sum(by.values()), self.cgroups.path_of(most), by[most])

    def _assemble(self, started: datetime, start_ns: int, windows: int) -> Capture:
        cache, evictions = self.cache.table(windows), self.evictions.table(windows)
        requests = self.block.requests(windows)
        files = self.reads.files(self._module, pids_now(self._service, self._hierarchy))
        seen = {*cache.cgroup, *evictions.evictor, *evictions.victim, *(c for c in requests.cgroup if c)}
        lost = dict(zip(LOST, self._module.table("lost").array().tolist(), strict=True))
        return Capture(
            **described(self._service, self._hierarchy, self._plan, started, windows),
            cgroups=self.cgroups.records(seen),
            probes=[*self.probes, *service_replaced(self._service, self._hierarchy)],
            lost={reason: count for reason, count in lost.items() if count},
            reads=self.reads.reads(windows),
            read_totals=self.reads.totals(windows),
            read_delays=self.reads.delays(windows),
            blame=self.blame.result(self._module, windows, start_ns, files),
            files=files,
            block_requests=requests,
            block_latency=self.block.latency(windows),
            cache=cache,
            evictions=evictions,
            droppers=self.evictions.droppers(self._module),
            stalls=self.stalls.table(windows),
            cgroup_samples=self.cgroups.samples(windows),
            host_samples=self.host.samples(windows),
        )


def described(service: Service, hierarchy: Hierarchy, plan: Plan, started: datetime, windows: int) -> dict[str, Any]:
    """Return the fields of a capture that say what was measured, where and when; CannotMeasureError for no window."""
    if windows == 0:
        raise CannotMeasureError("stopped before the first window was over: nothing was measured; let it run longer")
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
        "cgroup_mount": str(hierarchy.mount),
        "mounts": settable_mounts(hierarchy),
        "devices": block_devices(hierarchy.root),
        "damon": damon_schemes(hierarchy.root),
        "service": ServiceRecord(
            name=service.name,
            cgroup=service.cgroup,
            cgroup_id=service.cgroup_id,
            processes=[Process(pid=process.pid, comm=process.comm) for process in service.processes],
        ),
    }


def pids_now(service: Service, hierarchy: Hierarchy) -> list[int]:
    """Return who is in the service at this moment: a pid of the start may be another process by the end."""
    if service_replaced(service, hierarchy):
        return []
    return [process.pid for process in hierarchy.processes(service.cgroup)]


def service_replaced(service: Service, hierarchy: Hierarchy) -> list[ProbeRecord]:
    """Say so if the service's cgroup went away during the capture: a new one of the same name was not measured."""
    if hierarchy.exists(service.cgroup) and hierarchy.id_of(service.cgroup) == service.cgroup_id:
        return []
    return [
        ProbeRecord(
            probe="service",
            attached=False,
            reason=f"the cgroup {service.cgroup} was removed during the capture (restarted?); a new one of the "
            "same name was not measured",
            how_to_enable="measure again, while it runs",
        )
    ]


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
