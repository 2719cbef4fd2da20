"""A capture's tables summed into the numbers of a report (pure)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from diagnose import __version__
from diagnose.analysis.slow_threshold import given
from diagnose.analysis.windows import Windows, refusal
from diagnose.capture.model import Capture
from diagnose.report.measurements.blame import blame
from diagnose.report.measurements.block import block_latency
from diagnose.report.measurements.cgroups import cgroups
from diagnose.report.measurements.disks import disks
from diagnose.report.measurements.evictions import evictions
from diagnose.report.measurements.frame import Frame
from diagnose.report.measurements.host_models import Context, WithoutBpf
from diagnose.report.measurements.model import Measurements
from diagnose.report.measurements.page_cache import page_cache
from diagnose.report.measurements.pressure import pressure
from diagnose.report.measurements.reads import read_latency


def measure(
    capture: Capture,
    slow_threshold_seconds: float | None = None,
    changed: Iterable[str] = (),
    packed: bytes | None = None,
    windows: Windows | None = None,
    figures: Mapping[str, float | None] | None = None,
) -> Measurements:
    """Return the `measurements` of a report, without the names of cgroups.

    `slow_threshold_seconds`: from where on a read is called slow, to compare with another capture; without it, as
    `Windows.slow_threshold` says of this one. `changed`: paths of the cgroups that the report recommends to change.
    `packed`: the capture's file, to be named by its hash. `windows`: the capture as series, where that is at hand.
    `figures`: the numbers of facts that the report shows, by name (`Facts.figures`).
    """
    frame = Frame(windows or Windows(capture))
    return Measurements(
        read_latency=read_latency(frame, None if slow_threshold_seconds is None else given(slow_threshold_seconds)),
        block_latency=block_latency(frame),
        disks=disks(frame),
        page_cache=page_cache(frame),
        evictions=evictions(frame),
        blame=blame(frame),
        cgroups=cgroups(frame),
        pressure=pressure(frame),
        capture=_context(frame, changed, packed),
        figures=dict(figures or {}),
    )


def _context(frame: Frame, changed: Iterable[str], packed: bytes | None) -> Context:
    capture, host, refused = frame.capture, frame.capture.host, refusal(frame.capture)
    return Context(
        redacted=capture.redacted,
        without_bpf=WithoutBpf(reason=refused.reason, how_to_enable=refused.how_to_enable) if refused else None,
        hostname=host.hostname,
        boot_id=host.boot_id,
        cpus=host.cpus,
        memory_bytes=host.memory_bytes,
        page_bytes=host.page_bytes,
        utc_offset_seconds=host.utc_offset_seconds,
        requested_windows=capture.requested_windows,
        tool_version=capture.tool_version,
        report_tool_version=__version__,
        sha256=None if packed is None else hashlib.sha256(packed).hexdigest(),
        recorded_read_seconds=capture.slow_read_ns / 1e9,
        points=frame.points,
        windows_per_point=frame.windows_per_point,
        cgroup_ids=_ids(frame, changed),
    )


def _ids(frame: Frame, changed: Iterable[str]) -> dict[str, int]:
    """Return the kernfs ids of the service and of what shall be changed: a new cgroup of the same name has another."""
    known = {record.path: record.id for record in frame.capture.cgroups}
    service = frame.capture.service
    listed = {path: known[path] for path in sorted(set(changed)) if path in known}
    return {service.cgroup: service.cgroup_id, **listed}
