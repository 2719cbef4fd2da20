"""Whole devices by /proc/diskstats, whoever used them: what hosts tell where block requests cannot be traced (pure)."""

from __future__ import annotations

from typing import Literal

from diagnose.analysis.windows import Windows
from diagnose.units import ratio


def disks(windows: Windows) -> list[str]:
    """Return the names of the devices that were read, sorted."""
    keys = windows.capture.host_samples.values
    return sorted({key.removeprefix("disk.").rpartition(".")[0] for key in keys if key.startswith("disk.")})


def risen(windows: Windows, disk: str, key: str) -> float | None:
    """Return by how much a counter of a device ("reads", "read_sectors") rose; None: not measured."""
    return windows.host_risen(f"disk.{disk}.{key}")


def mean_seconds(windows: Windows, disk: str, op: Literal["read", "write"]) -> float | None:
    """Return the mean time of a device's requests, queueing included; None: not measured, or it had none."""
    time_ms = risen(windows, disk, f"{op}_ms")
    return ratio(None if time_ms is None else time_ms / 1e3, risen(windows, disk, f"{op}s"))


def mean_in_flight(windows: Windows, disk: str) -> float | None:
    """Return how many requests a device had in flight on average; None: not measured."""
    queued_ms = risen(windows, disk, "queued_ms")
    return ratio(None if queued_ms is None else queued_ms / 1e3, windows.length)
