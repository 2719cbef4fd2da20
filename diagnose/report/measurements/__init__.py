"""The numbers of a report: a capture's tables summed into what a reader asks for (pure).

Everything a report prints comes from here, so that `report.json` holds every number of `report.md`. Base units, in
the names' suffixes; None: not measured. Lists hold the `TOP` largest entries; beside each is how many were left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from diagnose import __version__
from diagnose.analysis.slow_threshold import given
from diagnose.analysis.windows import Windows, refusal
from diagnose.capture.model import Capture
from diagnose.report.measurements.blame import blame
from diagnose.report.measurements.block import block_latency
from diagnose.report.measurements.cgroups import cgroups
from diagnose.report.measurements.disks import disks
from diagnose.report.measurements.evictions import evictions
from diagnose.report.measurements.frame import MAX_POINTS, TOP, Frame, Node, rounded
from diagnose.report.measurements.page_cache import page_cache
from diagnose.report.measurements.pressure import pressure
from diagnose.report.measurements.reads import read_latency

__all__ = ["MAX_POINTS", "TOP", "measure"]


def measure(
    capture: Capture,
    slow_threshold_seconds: float | None = None,
    changed: Iterable[str] = (),
    packed: bytes | None = None,
    windows: Windows | None = None,
) -> Node:
    """Return the `measurements` of a report, JSON-ready, floats rounded to 6 digits so that every machine agrees.

    `slow_threshold_seconds`: from where on a read is called slow, to compare with another capture; without it, as
    `Windows.slow_threshold` says of this one. `changed`: paths of the cgroups that the report recommends to change.
    `packed`: the capture's file, to be named by its hash. `windows`: the capture as series, where that is at hand.
    """
    frame = Frame(windows or Windows(capture))
    result: Node = {
        "read_latency": read_latency(frame, None if slow_threshold_seconds is None else given(slow_threshold_seconds)),
        "block_latency": block_latency(frame),
        "disks": disks(frame),
        "page_cache": page_cache(frame),
        "evictions": evictions(frame),
        "blame": blame(frame),
        "cgroups": cgroups(frame),
        "pressure": pressure(frame),
        "capture": {**_capture(frame, packed), "cgroup_ids": _ids(frame, changed)},
    }
    plain: Node = rounded(result)
    return plain


def _capture(frame: Frame, packed: bytes | None) -> Node:
    """What the report's `capture` key does not hold: the host, what was asked for, versions, how series are merged."""
    capture, host, refused = frame.capture, frame.capture.host, refusal(frame.capture)
    return {
        "redacted": capture.redacted,
        "without_bpf": {"reason": refused.reason, "how_to_enable": refused.how_to_enable} if refused else None,
        "hostname": host.hostname,
        "boot_id": host.boot_id,
        "cpus": host.cpus,
        "memory_bytes": host.memory_bytes,
        "page_bytes": host.page_bytes,
        "utc_offset_seconds": host.utc_offset_seconds,
        "requested_windows": capture.requested_windows,
        "tool_version": capture.tool_version,
        "report_tool_version": __version__,
        "sha256": None if packed is None else hashlib.sha256(packed).hexdigest(),
        "recorded_read_seconds": capture.slow_read_ns / 1e9,
        "points": frame.points,
        "windows_per_point": frame.windows_per_point,
    }


def _ids(frame: Frame, changed: Iterable[str]) -> Node:
    """Return the kernfs ids of the service and of what shall be changed: a new cgroup of the same name has another."""
    known = {record.path: record.id for record in frame.capture.cgroups}
    service = frame.capture.service
    listed = {path: known[path] for path in sorted(set(changed)) if path in known}
    return {service.cgroup: service.cgroup_id, **listed}
