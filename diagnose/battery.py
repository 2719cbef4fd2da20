"""Run the whole battery on the live host: compile, attach, drain window by window, assemble the capture."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np

from diagnose import __version__
from diagnose.cgroups import Hierarchy
from diagnose.errors import CannotMeasureError, UsageError
from diagnose.models import MAX_WINDOWS, Capture, Host, ProbeRecord, ServiceRecord
from diagnose.probes import (
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
from diagnose.probes._bpf import LOST, Module
from diagnose.probes._btf import Btf
from diagnose.probes._fit import lookups, misfit
from diagnose.probes._flags import constant_flags, kprobe_flags, offset_flags, stack_flags, tracepoint_flags
from diagnose.probes._tracefs import ensure
from diagnose.service import Service

SLOW_READ_NS = 100_000
"""Reads from 0.1 ms on are remembered by file even when they hit: no copy out of memory of usual size takes as long."""
FOLIO_PAGES = (64, 1)
"""So many pages of a large folio are remembered one by one (bpf/blame.c); the verifiers of older kernels take fewer."""
GRACE_SECONDS = 0.05
"""After the end of a window, so long until it is read: a program that was running at its end has finished by then."""

Wait = Callable[[float], bool]
"""Sleeps for so many seconds; returns True when the capture shall end early."""


@dataclass(frozen=True)
class Plan:
    """How long to measure: `windows` windows of `window_seconds`."""

    windows: int
    window_seconds: float


def plan(duration_seconds: float, window_seconds: float) -> Plan:
    """Return the plan for a duration; raises UsageError for one that cannot be measured."""
    if not 0.1 <= window_seconds <= 60:
        raise UsageError(f"--window is {window_seconds:g} s; windows of 0.1 to 60 s can be measured")
    if not window_seconds <= duration_seconds <= MAX_WINDOWS * window_seconds:
        raise UsageError(
            f"--duration is {duration_seconds:g} s; with windows of {window_seconds:g} s it can be "
            f"{window_seconds:g} to {MAX_WINDOWS * window_seconds:g} s"
        )
    return Plan(windows=int(duration_seconds / window_seconds + 1e-9), window_seconds=window_seconds)


@dataclass(frozen=True)
class Progress:
    """What is known after each window, for the screen."""

    window: int
    """Windows measured so far."""
    windows: int
    reads: int
    """File reads of the service in the last window."""
    missed: int


WindowSeen = Callable[[Progress], None]


class Battery:
    """The instruments of one capture. Everything in the kernel belongs to this process and goes with it."""

    def __init__(self, service: Service, hierarchy: Hierarchy, plan: Plan, btf: Btf | None = None) -> None:
        """Compile and attach; raises CannotMeasureError where nothing can be measured here. `btf`: the kernel's."""
        require_privileges()
        self._service, self._hierarchy, self._plan = service, hierarchy, plan
        ensure()
        self._btf = btf or Btf.of_kernel()
        self._lookup = lookups(PageCacheProbe.lookup, PageCacheProbe.functions, self._btf)
        self.reads, self.cache, self.evictions = ReadsProbe(), PageCacheProbe(self._lookup), EvictionsProbe()
        self.block, self.stalls, self.blame = BlockProbe(), StallsProbe(), BlameProbe()
        self.uring = UringProbe()
        self.cgroups, self.host = CgroupsProbe(hierarchy, service.cgroup), HostProbe()
        self._module, attached = self._attached()
        self.probes = [*attached, self.blame.attach(attached), self.host.attach()]

    def _attached(self) -> tuple[Module, list[ProbeRecord]]:
        """Build and attach the programs, with the longest loops that this kernel's verifier accepts."""
        flags = [
            *offset_flags(self._btf),
            *constant_flags(self._btf),
            *stack_flags(),
            *tracepoint_flags(),
            *(kprobe_flags(self._btf) if self._lookup.kind == "kprobe" else []),
            *_run_flags(self._service, self._hierarchy, self._plan),
        ]
        for folio_pages in FOLIO_PAGES:
            module = Module([*flags, f"-DFOLIO_PAGES={folio_pages}"], misfit=partial(misfit, btf=self._btf))
            records = self._attach(module, last_try=folio_pages == FOLIO_PAGES[-1])
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
        window_ns = int(self._plan.window_seconds * 1e9)
        done, interrupted = 0, False
        while done < self._plan.windows and not interrupted:
            due = start_ns + (done + 1) * window_ns + int(GRACE_SECONDS * 1e9)
            interrupted = wait(max(0.0, (due - time.monotonic_ns()) / 1e9))
            elapsed = time.monotonic_ns() - start_ns - int(GRACE_SECONDS * 1e9)
            finished = min(max(0, elapsed // window_ns), self._plan.windows)
            if finished > done:
                self._drain(finished)
                done = finished
                on_window(Progress(done, self._plan.windows, *self.reads.latest()))
        return self._assemble(started, start_ns, done, interrupted and done < self._plan.windows)

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

    def _assemble(self, started: datetime, start_ns: int, windows: int, interrupted: bool) -> Capture:
        if windows == 0:
            raise CannotMeasureError(
                "stopped before the first window was over: nothing was measured; let it run longer"
            )
        cache, evictions = self.cache.table(windows), self.evictions.table(windows)
        requests = self.block.requests(windows)
        files = self.reads.files(self._module, [p.pid for p in self._service.processes])
        seen = {*cache.cgroup, *evictions.evictor, *evictions.victim, *(c for c in requests.cgroup if c)}
        lost = dict(zip(LOST, self._module.table("lost").array().tolist(), strict=True))
        return Capture(
            tool_version=__version__,
            start=started.strftime("%Y-%m-%dT%H:%M:%SZ"),
            windows=windows,
            requested_windows=self._plan.windows,
            window_seconds=self._plan.window_seconds,
            interrupted=interrupted,
            slow_read_ns=SLOW_READ_NS,
            host=host_facts(),
            cgroup_version=self._hierarchy.version,
            cgroup_mount=str(self._hierarchy.mount),
            service=ServiceRecord(
                name=self._service.name,
                cgroup=self._service.cgroup,
                cgroup_id=self._service.cgroup_id,
                processes=list(self._service.processes),
            ),
            cgroups=self.cgroups.records(seen),
            probes=[*self.probes, *self._service_replaced()],
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

    def _service_replaced(self) -> list[ProbeRecord]:
        """Say so if the service's cgroup went away during the capture: a new one of the same name was not measured."""
        service = self._service
        if self._hierarchy.exists(service.cgroup) and self._hierarchy.id_of(service.cgroup) == service.cgroup_id:
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
        hostname=socket.gethostname(),
        kernel=os.uname().release,
        boot_id=(proc / "sys/kernel/random/boot_id").read_text().strip(),
        cpus=os.cpu_count() or 1,
        memory_bytes=os.sysconf("SC_PHYS_PAGES") * page,
        page_bytes=page,
        utc_offset_seconds=time.localtime().tm_gmtoff,
    )


def require_privileges() -> None:
    """Raise CannotMeasureError unless this is root."""
    if os.geteuid() != 0:
        raise CannotMeasureError("measuring needs root (BPF programs are loaded); run it with sudo")


def _run_flags(service: Service, hierarchy: Hierarchy, plan: Plan) -> list[str]:
    level = len([part for part in service.cgroup.split("/") if part])
    return [
        f"-DWINDOW_NS={int(plan.window_seconds * 1e9)}ULL",
        f"-DSERVICE_ID={service.cgroup_id}ULL",
        f"-DSERVICE_LEVEL={level}",
        f"-DROOT_ID={hierarchy.id_of('/')}ULL",
        f"-DHIERARCHY_ID={_hierarchy_id(hierarchy)}",
        f"-DSLOW_READ_NS={SLOW_READ_NS}ULL",
    ]


def _hierarchy_id(hierarchy: Hierarchy) -> int:
    """Return the number of the memory hierarchy ("4:memory:/…" in /proc/self/cgroup; cgroups(7)); v2 is 0."""
    for line in (hierarchy.proc / "self/cgroup").read_text().splitlines():
        number, controllers, _ = line.split(":", 2)
        if "memory" in controllers.split(","):
            return int(number)
    return 0
