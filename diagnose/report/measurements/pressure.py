"""Pressure stall information of the service and of the host, and the host's reclaim counters (pure)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import asdict

from diagnose.analysis.pressure import Stall, stall_of
from diagnose.analysis.series import Readings
from diagnose.report.measurements.frame import Frame, Node, whole_number

_SERVICE_KEY = re.compile(r"psi_(cpu|memory|io)_(some|full)_us")
_HOST_KEY = re.compile(r"pressure\.(cpu|memory|io)\.(some|full)_us")
_COUNTERS = re.compile(r"vmstat\.(pg\w+|pswp\w+|workingset_\w+|allocstall\w*|kswapd_\w+|drop_\w+|oom_kill)")
"""Growing counters only: the difference of a level ("nr_free_pages") would mean nothing."""


def pressure(frame: Frame) -> Node:
    """Return the time stalled during the capture (PSI totals, seconds and share of the time); {} where not measured."""
    windows, host = frame.windows, sorted(frame.capture.host_samples.values)
    service = frame.capture.service.cgroup_id
    return {
        "service": _stalls(
            frame, sorted(frame.capture.cgroup_samples.values), _SERVICE_KEY, lambda key: windows.readings(service, key)
        ),
        "host": _stalls(frame, host, _HOST_KEY, windows.host_readings),
        "host_counters": {m[1]: whole_number(windows.host_risen(k)) for k in host if (m := _COUNTERS.fullmatch(k))},
    }


def _stalls(frame: Frame, keys: Iterable[str], wanted: re.Pattern[str], read: Callable[[str], Readings | None]) -> Node:
    """Return {"memory_some": {"seconds", "share"}}; the share is of the time between the first and the last reading."""
    stalls: Node = {}
    for key in keys:
        if match := wanted.fullmatch(key):
            readings = read(key)
            stall = Stall(None, None) if readings is None else stall_of(readings, frame.capture.window_seconds)
            stalls[f"{match[1]}_{match[2]}"] = asdict(stall)
    return stalls
