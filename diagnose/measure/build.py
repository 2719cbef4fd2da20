"""The battery's programs for one kernel, service and plan, built in a thread while Python has other things to do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

from diagnose.cgroups import Hierarchy
from diagnose.cgroups.service import Service
from diagnose.errors import CannotMeasureError
from diagnose.measure.bpf.attachment import Attachment
from diagnose.measure.bpf.btf import Btf
from diagnose.measure.bpf.compat import LOOKUP, chosen, misfit
from diagnose.measure.bpf.compiler import Compiled, Compiling
from diagnose.measure.bpf.flags import constant_flags, helper_flags, kprobe_flags, source_flags
from diagnose.measure.bpf.source import battery
from diagnose.measure.bpf.tracefs import ensure
from diagnose.measure.schedule import Plan

SLOW_READ_NS = 100_000
"""Reads from 0.1 ms on are remembered by file even when they hit: no copy out of memory of usual size takes as long."""
FOLIO_PAGES = (64, 1)
"""So many pages of a large folio are remembered one by one (bpf/blame.c); the verifiers of older kernels take fewer."""
_MEMORY_LINE = re.compile(rb"^([0-9]{1,9}):(?:[^:\n]+,)?memory[,:]", re.MULTILINE)
"""In /proc/PID/cgroup, where the path behind it may hold any byte but the newline."""


class Building:
    """The programs under way: the compiler works on those with the longest loops from the beginning."""

    def __init__(self, service: Service, hierarchy: Hierarchy, plan: Plan, btf: Btf | None = None) -> None:
        """Ask the kernel what the programs must know, and start. `btf`: the kernel's. Raises CannotMeasureError."""
        ensure()
        self._btf = kernel = btf or Btf.of_kernel()
        self.chosen: Callable[[Attachment], Attachment] = cache(lambda attachment: chosen(attachment, kernel))
        """Returns what to attach here: an attachment itself, or what stands in for it."""
        self._flags = [
            *source_flags(battery(), self._btf),
            *constant_flags(self._btf),
            *helper_flags(self._btf),
            *(kprobe_flags(self._btf) if self.chosen(LOOKUP).kind == "kprobe" else []),
            *_run_flags(service, hierarchy, plan),
        ]
        self.folio_pages = FOLIO_PAGES
        self._first = self._compiling(self.folio_pages[0])

    def _compiling(self, folio_pages: int) -> Compiling:
        return Compiling(battery().text, [*self._flags, f"-DFOLIO_PAGES={folio_pages}"])

    def programs(self, folio_pages: int) -> Compiled:
        """Return the programs with loops of so many pages, when they are done; raises CannotMeasureError."""
        return (self._first if folio_pages == self.folio_pages[0] else self._compiling(folio_pages)).result()

    def misfit(self, attachment: Attachment) -> str | None:
        """Return why a program would misread this kernel (one line); None if it fits."""
        return misfit(attachment, self._btf)

    def wait(self) -> None:
        """Return when the compiler is done, whatever came of it: until then standard error is its own."""
        self._first.wait()


Builds = Callable[[], Building]
"""Returns what is being built, or raises the CannotMeasureError that stands against it."""


@contextmanager
def begun(service: Service, hierarchy: Hierarchy, plan: Plan) -> Iterator[Builds]:
    """Begin to build, and let nobody leave before the compiler has.

    What stands against it is raised where the programs are asked for: files may do instead.
    """
    try:
        building = Building(service, hierarchy, plan)
    except CannotMeasureError as error:
        why = error

        def refused() -> Building:
            raise why

        yield refused
        return
    try:
        yield lambda: building
    finally:
        building.wait()


def _run_flags(service: Service, hierarchy: Hierarchy, plan: Plan) -> list[str]:
    level = len([part for part in service.cgroup.split("/") if part])
    return [
        f"-DWINDOW_NS={int(plan.window_seconds * 1e9)}ULL",
        f"-DWINDOWS={plan.windows}U",
        f"-DSERVICE_ID={service.cgroup_id}ULL",
        f"-DSERVICE_LEVEL={level}",
        f"-DROOT_ID={hierarchy.id_of('/')}ULL",
        f"-DHIERARCHY_ID={_hierarchy_id(hierarchy)}",
        f"-DSLOW_READ_NS={SLOW_READ_NS}ULL",
    ]


def _hierarchy_id(hierarchy: Hierarchy) -> int:
    """Return the number of the memory hierarchy ("4:memory:/…" in /proc/self/cgroup; cgroups(7)); v2 is 0."""
    found = _MEMORY_LINE.search((hierarchy.proc / "self/cgroup").read_bytes())
    return 0 if found is None else int(found[1])
