"""Pressure stall information of the service and of the host, and the host's reclaim counters (pure)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from diagnose.analysis.pressure import stall_of
from diagnose.analysis.series import Readings
from diagnose.report.measurements.frame import Frame, whole_number
from diagnose.report.measurements.host_models import Pressure, Stalled

_SERVICE_KEY = re.compile(r"psi_(cpu|memory|io)_(some|full)_us")
_HOST_KEY = re.compile(r"pressure\.(cpu|memory|io)\.(some|full)_us")
_COUNTERS = re.compile(r"vmstat\.(pg\w+|pswp\w+|workingset_\w+|allocstall\w*|kswapd_\w+|drop_\w+|oom_kill)")
"""Growing counters only: the difference of a level ("nr_free_pages") would mean nothing."""


def pressure(frame: Frame) -> Pressure:
    """Return the time stalled during the capture (PSI totals); {} where not measured."""
    windows, service = frame.windows, frame.capture.service.cgroup_id
    host, own = sorted(frame.capture.host_samples.values), sorted(frame.capture.cgroup_samples.values)
    return Pressure(
        service=_stalls(frame, own, _SERVICE_KEY, lambda key: windows.readings(service, key)),
        host=_stalls(frame, host, _HOST_KEY, windows.host_readings),
        host_counters={m[1]: whole_number(windows.host_risen(k)) for k in host if (m := _COUNTERS.fullmatch(k))},
    )


def _stalls(
    frame: Frame, keys: Iterable[str], wanted: re.Pattern[str], read: Callable[[str], Readings | None]
) -> dict[str, Stalled]:
    """Return what was stalled, "memory_some", for each of the wanted keys."""
    return {f"{match[1]}_{match[2]}": _stalled(frame, read(key)) for key in keys if (match := wanted.fullmatch(key))}


def _stalled(frame: Frame, readings: Readings | None) -> Stalled:
    if readings is None:
        return Stalled(seconds=None, share=None)
    stall = stall_of(readings, frame.capture.window_seconds)
    return Stalled(seconds=stall.seconds, share=stall.share)
