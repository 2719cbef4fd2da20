"""What stands around the service and can be set there, as the capture found it at its end: devices, DAMON's schemes."""

from __future__ import annotations

from typing import Annotated

from diagnose.capture.base import ONE_FAULT, Count, Model, at_most
from diagnose.capture.bounds import MAX_BELOW
from diagnose.capture.strings import Device, FilePath, Word


class BlockDevice(Model):
    """A whole block device (/sys/block)."""

    name: Device
    number: Device
    """major:minor, by which io.max and blkio.throttle.* know it."""
    rotational: bool | None = None
    backing_file: FilePath | None = None
    """Of a loop device."""
    max_dirty_bytes: Count | None = None
    """What may be dirty on it at once, by a strict limit of its own (bdi); None: it has none, or that was not read."""
    below: Annotated[list[Device], ONE_FAULT, at_most(MAX_BELOW)] = []
    """What it is made of (RAID, device mapper), or the device that holds its backing file; empty: nothing known."""


class DamonScheme(Model):
    """A scheme of DAMON that takes memory, by its place in /sys/kernel/mm/damon/admin (mm/damon/usage.rst)."""

    kdamond: Count
    context: Count
    scheme: Count
    action: Word
    min_age: Count | None = None
    """From how many aggregation intervals without an access on a region counts as idle."""
    aggregation_us: Count | None = None
    quota_bytes: Count | None = None
    """What it may take in each `quota_interval_ms`; 0: as much as it likes."""
    quota_interval_ms: Count | None = None
