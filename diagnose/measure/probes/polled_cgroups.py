"""Memory and I/O of cgroups by looking at all of them in every window: for hosts that refuse BPF.

Nothing tells here who moves pages or makes cgroups, so the hierarchy is walked in every window. Read are the service,
its ancestors and, of everybody else, up to MAX_POLLED cgroups: those that hold most memory, the others being counted
with the nearest cgroup above them that is read.
"""

from __future__ import annotations

from diagnose.capture.model import UNREAD, ProbeRecord
from diagnose.capture.reasons import Reason
from diagnose.cgroups import Hierarchy, is_within, read_cache
from diagnose.errors import CannotMeasureError, DiagnoseError
from diagnose.measure.probes.cgroups import CgroupsProbe
from diagnose.measure.probes.process_io import KEYS, ProcessIo

MAX_POLLED = 128
"""Cgroups read in every window, about ten files each. Measured: 13 ms of CPU a window on a v1 host with 16 cgroups,
66 ms on a tree with 2,000 of which these many are read."""
MAX_WALKED = 4096
"""Cgroups whose processes are looked at."""


class PolledCgroups(CgroupsProbe):
    """As `CgroupsProbe`, without programs in the kernel."""

    def __init__(self, hierarchy: Hierarchy, service: str, paths: dict[int, str] | None = None) -> None:
        """Raises CannotMeasureError if not even the service's memory can be read."""
        super().__init__(hierarchy, service, paths)
        self._service = service
        self._io = ProcessIo(hierarchy.proc)
        self._io_readable = True
        self._left_out = 0
        """Cgroups that existed and were not read by themselves, in the window in which they were most."""
        self._owners: list[str] = []
        """The watched cgroups that exist now: each process is counted with one of them."""
        self._others = self._largest()
        if read_cache(hierarchy, service) == (None, None):
            raise CannotMeasureError(
                f"the memory files of {hierarchy.directory(service)} cannot be read: neither BPF nor cgroup files are "
                "to be had; run diagnose as root on the host itself"
            )

    def record(self) -> ProbeRecord:
        """Return how it fared; after the last window, since processes may have been unreadable in any."""
        missing = [] if self._io_readable else list(KEYS.values())
        reasons = [] if self._io_readable else [Reason(code="io-unreadable")]
        if self._left_out:
            missing.append(f"{self._left_out} {UNREAD}")
            reasons.append(Reason(code="cgroups-not-read", count=MAX_POLLED))
        return ProbeRecord.because(
            self.name,
            True,
            *reasons,
            how_to_enable=None if self._io_readable else "run diagnose as root",
            missing=missing,
        )

    def poll(self, window: int) -> None:
        """Read everything as of the end of `window` (-1: before the first)."""
        present = list(self._hierarchy.walk())
        self._paths.update(present)
        self._names.learn_later(path for _, path in present)  # while they live
        others = [cgroup for cgroup, _ in present if cgroup not in self._fixed]
        self._others.intersection_update(others)  # who is gone makes room for who is new
        self._others.update([c for c in others if c not in self._others][: MAX_POLLED - len(self._others)])
        self._left_out = max(self._left_out, len(others) - len(self._others))
        watched = {path for cgroup, path in present if cgroup in self._others or cgroup in self._fixed}
        self._read_io([path for _, path in present[:MAX_WALKED]], watched)
        for cgroup, path in present:
            if path in watched:
                self._read(window, cgroup)

    def _read_io(self, present: list[str], watched: set[str]) -> None:
        """Have the processes of each cgroup counted with the nearest watched cgroup at or above it."""
        members: list[tuple[str, list[int]]] = []
        for path in present:
            nearest = next((p for p in [path, *self._hierarchy.ancestors(path)] if p in watched), None)
            if nearest is not None:
                try:
                    members.append((nearest, self._hierarchy.pids(path)))
                except DiagnoseError:
                    self._io_readable = False
        self._io.update(members)
        self._owners = sorted(watched)

    def _values(self, path: str) -> dict[str, int | None]:
        values = super()._values(path)
        io = self._io.of(p for p in self._owners if is_within(p, path))
        # The root cgroup has the kernel's own threads, whose I/O nobody may read.
        self._io_readable = self._io_readable and (path == "/" or None not in io.values())
        return {**values, **io}

    def _largest(self) -> set[int]:
        others = [c for c in self._paths if c not in self._fixed]
        if len(others) <= MAX_POLLED:
            return set(others)
        sizes = {c: read_cache(self._hierarchy, self._paths[c])[0] or 0 for c in others}
        return set(sorted(others, key=lambda c: (-sizes[c], c))[:MAX_POLLED])
