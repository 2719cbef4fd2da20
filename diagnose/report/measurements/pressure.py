"""Pressure stall information of the service and of the host, and the host's reclaim counters (pure)."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from diagnose.capture.columns import taken
from diagnose.report.measurements.cgroups import readings
from diagnose.report.measurements.frame import Frame, Node, difference, ints
from diagnose.units import ratio

_SERVICE_KEY = re.compile(r"psi_(cpu|memory|io)_(some|full)_us")
_HOST_KEY = re.compile(r"pressure\.(cpu|memory|io)\.(some|full)_us")
_COUNTERS = re.compile(r"vmstat\.(pg\w+|pswp\w+|workingset_\w+|allocstall\w*|kswapd_\w+|drop_\w+|oom_kill)")
"""Growing counters only: the difference of a level ("nr_free_pages") would mean nothing."""


def pressure(frame: Frame) -> Node:
    """Return the time stalled during the capture (PSI totals, seconds and share of the time); {} where not measured."""
    own = readings(frame, frame.capture.service.cgroup_id)
    values = frame.capture.cgroup_samples.values
    windows = ints(frame.capture.cgroup_samples.window)[own].tolist()
    service = {k: taken(values[k], own) for k in sorted(values) if _SERVICE_KEY.fullmatch(k)}
    host = frame.capture.host_samples
    order = np.argsort(ints(host.window), kind="stable")
    columns = {k: taken(host.values[k], order) for k in sorted(host.values)}
    return {
        "service": _stalls(frame, service, _SERVICE_KEY, windows),
        "host": _stalls(frame, columns, _HOST_KEY, ints(host.window)[order].tolist()),
        "host_counters": {m[1]: difference(c) for k, c in columns.items() if (m := _COUNTERS.fullmatch(k))},
    }


def _stalls(frame: Frame, columns: dict[str, list[int | None]], key: re.Pattern[str], windows: Sequence[int]) -> Node:
    """Return {"memory_some": {"seconds", "share"}}; the share is of the time between the first and the last reading."""
    stalls: Node = {}
    for name, column in columns.items():
        if match := key.fullmatch(name):
            known = [w for w, v in zip(windows, column, strict=True) if v is not None]
            stalled = difference(column)
            seconds = None if stalled is None else stalled / 1e6
            elapsed = (known[-1] - known[0]) * frame.capture.window_seconds if known else None
            stalls[f"{match[1]}_{match[2]}"] = {"seconds": seconds, "share": ratio(seconds, elapsed)}
    return stalls
