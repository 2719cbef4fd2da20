"""A scenario of the lab that is measured, changed by the limits of its report, and measured again."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from diagnose import pipeline, rules
from diagnose.analysis.facts import Facts
from diagnose.analysis.windows import Windows
from diagnose.capture.model import Capture
from diagnose.cgroups import Hierarchy
from diagnose.cgroups.paths import ancestors, is_within
from diagnose.cgroups.service import resolve
from diagnose.histogram import bin_of
from diagnose.lab import Lab
from diagnose.measure.schedule import plan
from diagnose.report.model import Recommendation, Report

MIB = 1 << 20
SECONDS, SETTLE_SECONDS = 12.0, 3.0
"""The lab's bursts then last 4 s with the quiet phase before them: whole cycles, whenever a capture begins."""
AGAIN_SHARE, AGAIN_TRIES = 0.5, 6
"""A service is as it was found when it fetches half as many lost pages again as before; so many times that is looked
for."""


@dataclass(frozen=True)
class Reading:
    """A capture of the lab, and what matters of it here."""

    capture: Capture
    report: Report
    reads: int
    """Buffered reads of regular files."""
    slow: int
    """Of them at least as slow as was slow before any change."""
    missed: int
    proactive: int
    """Missed reads that waited for pages which proactive reclaim (DAMON) had taken: no limit changes them."""

    @property
    def slow_share(self) -> float:
        return self.slow / max(1, self.reads)

    @property
    def avoidably_slow_share(self) -> float:
        """Slow reads that did not wait for what proactive reclaim had taken, over all reads."""
        return max(0, self.slow - self.proactive) / max(1, self.reads)

    @property
    def avoidable_share(self) -> float:
        """Missed reads that a limit can be expected to avoid, over all reads."""
        return max(0, self.missed - self.proactive) / max(1, self.reads)

    @property
    def hit_ratio(self) -> float | None:
        return Facts(Windows(self.capture)).number("cache.hit_ratio")


class Trial:
    """A running scenario whose limits are set by hand, as a reader of the report would."""

    def __init__(
        self,
        lab: Lab,
        keep: Callable[[Capture, str], object],
        seconds: float = SECONDS,
        settle_seconds: float = SETTLE_SECONDS,
        say: Callable[[str], object] = lambda _: None,
    ) -> None:
        """`settle_seconds`: in which the service goes once through its files, and reads back what it had lost."""
        self.lab, self.hierarchy, self._keep = lab, Hierarchy.discover(), keep
        self._seconds, self._settle_seconds, self._say = seconds, settle_seconds, say
        self._service, self._rules = resolve(lab.service, self.hierarchy), rules.load_rules()
        self._slow_bin: int | None = None
        self._lost_at_first: float | None = None

    def measure(self, name: str) -> Reading:
        """Let a change settle, then run the battery; `name` is what the capture is kept as."""
        time.sleep(self._settle_seconds)
        capture = pipeline.record(self._service, self.hierarchy, plan(self._seconds, 1.0), _wait, lambda _: None)
        self._keep(capture, name)
        windows = Windows(capture)
        if self._lost_at_first is None:
            back = windows.increase(capture.service.cgroup_id, "refault_file_pages")
            self._lost_at_first = 0.0 if back is None else float(np.nansum(back)) / (windows.count * windows.seconds)
        if self._slow_bin is None:
            threshold = Facts(windows).number("reads.slow_threshold") or 0.0
            self._slow_bin = bin_of(round(threshold * 1e9))
        blamed = windows.blamed(("proactive",))
        return Reading(
            capture=capture,
            report=pipeline.analyse(capture, self._rules),
            reads=int(windows.read_count(("hit", "missed")).sum()),
            slow=int(windows.reads_from_bin(self._slow_bin, ("hit", "missed")).sum()),
            missed=int(windows.read_count(("missed",)).sum()),
            proactive=0 if blamed is None else int(blamed.sum()),
        )

    def apply(self, limits: Sequence[Recommendation], factor: float = 1.0) -> None:
        """Set the recommended values, all of them times `factor`, in whole MiB."""
        for limit in limits:
            value = max(1, round((limit.value_bytes or 0) * factor / MIB)) * MIB
            (self.hierarchy.directory(limit.cgroup) / limit.setting).write_text(str(value))

    def protect(self, size: int) -> None:
        """Set memory.low of the service and of all that it lies in."""
        for path in (self.lab.service, *(p for p in ancestors(self.lab.service) if p != "/")):
            (self.hierarchy.directory(path) / "memory.low").write_text(str(size))

    def reset(self, limits: Sequence[Recommendation]) -> None:
        """Bring settings back to what they were before the first change."""
        for limit in limits:
            none = {"memory.low": "0", "memory.limit_in_bytes": "-1"}.get(limit.setting, "max")
            value = none if limit.current_bytes is None else str(limit.current_bytes)
            (self.hierarchy.directory(limit.cgroup) / limit.setting).write_text(value)

    def take_back(self, limits: Sequence[Recommendation]) -> bool:
        """Bring settings back, and wait until the service loses its pages as it did at first; returns whether it does.

        Once its pages are in active use again, the kernel protects them from a stream (inactive_is_low in mm/vmscan.c;
        generations do so even more), and a limit that would cure nothing by itself keeps it well: so it starts with an
        empty cache.
        """
        self.reset(limits)
        self._empty_cache()
        for _ in range(AGAIN_TRIES):
            before = self._refaults()
            time.sleep(self._seconds)
            lost = (self._refaults() - before) / self._seconds
            self._say(f"without limits {lost:.0f} lost pages/s are fetched again, at first {self._lost_at_first:.0f}")
            if lost >= AGAIN_SHARE * (self._lost_at_first or 0.0):
                return True
        return False

    def _empty_cache(self) -> None:
        """Drop the clean pages of the files that the service has open, as if it had just been started."""
        for process in self.hierarchy.processes(self.lab.service):
            for entry in Path(f"/proc/{process.pid}/fd").iterdir():
                if entry.is_file():
                    with entry.open("rb") as file:
                        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)

    def _refaults(self) -> int:
        """Return how many pages of files the service has fetched again, by its own statistics (subtree)."""
        text = (self.hierarchy.directory(self.lab.service) / "memory.stat").read_text()
        subtree = "total_" if self.hierarchy.version == 1 else ""
        found = re.search(rf"^{subtree}workingset_refault_file (\d+)", text, re.MULTILINE)
        return int(found[1]) if found else 0

    def wait_a_cycle(self) -> None:
        """Let the workloads go through a quiet phase and a burst."""
        time.sleep(2 * SETTLE_SECONDS)

    def killed(self) -> int:
        """Return how many processes of the lab the kernel killed for want of memory since it began."""
        file = "memory.events" if self.hierarchy.version == 2 else "memory.oom_control"
        top = self.hierarchy.directory(self.lab.parent)
        below = top.rglob(file) if self.hierarchy.version == 1 else [top / file]
        return sum(int(n) for path in below for n in re.findall(r"^oom_kill (\d+)", path.read_text(), re.MULTILINE))


def agreement(lab: Lab, capture: Capture) -> tuple[int, int]:
    """Return of how many reads blamed on reclaim under pressure the evictor is one of the lab's culprits, and of all.

    Without a culprit it is the service itself. Proactive reclaim is the host's own, which the lab knows nothing of, and
    what kswapd evicts names nobody.
    """
    guilty = [path for path in (lab.culprit, *lab.accomplices) if path] or [lab.service]
    paths, right, judged = Windows(capture).paths, 0, 0
    if capture.blame is None:
        return 0, 0
    table = capture.blame.reads
    for evictor, cause, reads in zip(table.evictor, table.cause, table.reads, strict=True):
        if cause not in ("proactive", "kswapd"):
            judged += reads
            right += reads if any(is_within(paths.get(evictor, ""), path) for path in guilty) else 0
    return right, judged


def _wait(seconds: float) -> bool:
    time.sleep(seconds)
    return False
