"""A capture's readings of files, by cgroup and by key: levels, and by how much counters rose (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from diagnose.analysis.groups import Groups
from diagnose.analysis.series import Readings, Series, readings_of
from diagnose.capture.model import Capture


@dataclass(frozen=True)
class Sampled:
    """A capture, asked by series of shape (count,), one value a window, NaN where a window has none."""

    capture: Capture

    @property
    def count(self) -> int:
        return self.capture.windows

    @property
    def seconds(self) -> float:
        return self.capture.window_seconds

    @property
    def length(self) -> float:
        """How long was measured, in seconds; 0 without a whole window."""
        return self.count * self.seconds

    @cached_property
    def paths(self) -> dict[int, str]:
        """Cgroup id -> path, of those whose name is known."""
        return {c.id: c.path for c in self.capture.cgroups}

    def gauge(self, cgroup: int, key: str) -> Series | None:
        """Return a reading of a cgroup at the end of each window, shape (count,); None if there is not one."""
        readings = self.readings(cgroup, key)
        return None if readings is None else readings.series(self.count)

    def gauge_of(self, path: str, key: str) -> Series | None:
        """Return a reading of whatever cgroup had a path in each window: recreated, it is another one of that name."""
        parts = [g for cgroup, p in self.paths.items() if p == path and (g := self.gauge(cgroup, key)) is not None]
        merged: Series | None = np.fmax.reduce(parts) if parts else None
        return merged

    def dirty_at_once(self, path: str) -> int | None:
        """Return the most bytes that a cgroup had dirty or under writeback at the end of a window; None: not read."""
        keys = ("dirty_bytes", "writeback_bytes")
        series = [found for key in keys if (found := self.gauge_of(path, key)) is not None]
        at_once = np.sum(series, axis=0) if series else np.full(1, np.nan)
        return None if np.isnan(at_once).all() else int(np.nanmax(at_once))

    def peak(self, cgroup: int, key: str) -> float | None:
        """Return the highest reading of the capture, the one at the start included."""
        readings = self.readings(cgroup, key)
        return None if readings is None else float(readings.values.max())

    def increase(self, cgroup: int, key: str) -> Series | None:
        """Return by how much a counter of a cgroup rose in each window; None without two readings."""
        readings = self.readings(cgroup, key)
        return None if readings is None else readings.increases(self.count)

    def change(self, cgroup: int, key: str) -> Series | None:
        """Return by how much a reading of a cgroup rose or fell in each window; None without two readings."""
        readings = self.readings(cgroup, key)
        return None if readings is None else readings.changes(self.count)

    def risen(self, cgroup: int, key: str) -> float | None:
        """Return by how much a counter of a cgroup rose during the capture; None without two readings."""
        readings = self.readings(cgroup, key)
        return None if readings is None else readings.risen()

    def host_gauge(self, key: str) -> Series | None:
        """Return a reading of the host ("meminfo.MemAvailable_bytes") at the end of each window; None: not read."""
        readings = self.host_readings(key)
        return None if readings is None else readings.series(self.count)

    def host_increase(self, key: str) -> Series | None:
        """Return by how much a host counter ("vmstat.pswpin") rose in each window; None without two readings."""
        readings = self.host_readings(key)
        return None if readings is None else readings.increases(self.count)

    def host_risen(self, key: str) -> float | None:
        """Return by how much a counter of the host rose during the capture; None without two readings."""
        readings = self.host_readings(key)
        return None if readings is None else readings.risen()

    def host_readings(self, key: str) -> Readings | None:
        """Return the host's readings in the order of time; None if there is not one."""
        samples = self.capture.host_samples
        readings = readings_of(samples, key, np.arange(len(samples.window)))
        return None if readings is None else readings.in_order()

    @cached_property
    def sample_groups(self) -> Groups:
        """The readings by cgroup."""
        return Groups(np.asarray(self.capture.cgroup_samples.cgroup, np.uint64))

    def readings(self, cgroup: int, key: str) -> Readings | None:
        """Return a cgroup's readings in the order of time; None if there is not one."""
        readings = readings_of(self.capture.cgroup_samples, key, self.sample_groups.rows(cgroup))
        return None if readings is None else readings.in_order()
