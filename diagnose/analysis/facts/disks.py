"""Facts about devices out of /proc/diskstats, for hosts that refuse BPF: whole devices, whoever used them (pure)."""

from __future__ import annotations

import numpy as np

from diagnose.analysis.disks import disks, mean_in_flight, mean_seconds, risen
from diagnose.analysis.facts.block import Device
from diagnose.analysis.facts.io_limits import chain_below
from diagnose.analysis.facts.vocabulary import Facts, fact, neighbour_fact, total
from diagnose.analysis.inflow import device_pages
from diagnose.analysis.windows import Series
from diagnose.units import SECTOR_BYTES, ratio

LEAST_REQUESTS = 20
"""Of fewer requests no mean is typical."""
ALIKE = 0.1
"""A device that read what the service's processes read, to a tenth, is the one that they read from."""


def _mean_read(f: Facts, disk: str) -> float | None:
    requests = risen(f.windows, disk, "reads")
    return None if requests is None or requests < LEAST_REQUESTS else mean_seconds(f.windows, disk, "read")


def _busiest(f: Facts) -> str | None:
    return max(disks(f.windows), key=lambda disk: (mean_in_flight(f.windows, disk) or 0.0, disk), default=None)


def _own(f: Facts) -> str | None:
    """Return the slowest of the devices that read, window by window, what the service's processes made devices read."""
    wanted: Series | None = f.value("device.read_pages")
    if wanted is None or not np.nansum(wanted):
        return None
    pages = f.windows.capture.host.page_bytes / SECTOR_BYTES
    alike = []
    for disk in disks(f.windows):
        sectors, mean = f.windows.host_increase(f"disk.{disk}.read_sectors"), _mean_read(f, disk)
        if sectors is not None and mean is not None:
            difference = float(np.nansum(np.abs(sectors / pages - wanted)))
            if difference <= ALIKE * float(np.nansum(wanted)):
                alike.append((mean, disk))
    return max(alike)[1] if alike else None


@fact("disk.own_mean_read", "s", "number", "host")
def own_mean_read(f: Facts) -> float | None:
    """Mean time of reads of the device that read in each window what the service's processes read (to a tenth)."""
    disk = _own(f)
    return None if disk is None else _mean_read(f, disk)


@fact("disk.own_name", "", "text", "host")
def own_disk(f: Facts) -> Device | None:
    """The name of that device."""
    disk = _own(f)
    return None if disk is None else Device(disk)


@fact("disk.own_in_flight", "requests", "number", "host")
def own_in_flight(f: Facts) -> float | None:
    """Mean number of requests in flight on that device."""
    disk = _own(f)
    return None if disk is None else mean_in_flight(f.windows, disk)


@fact("disk.slowest_read", "s", "number", "host", scope="host")
def slowest_read(f: Facts) -> float | None:
    """Mean time of reads of the device on which it is longest, of those with at least twenty reads."""
    means = [mean for disk in disks(f.windows) if (mean := _mean_read(f, disk)) is not None]
    return max(means, default=0.0 if disks(f.windows) else None)


@fact("disk.in_flight", "requests", "number", "host", scope="host")
def most_in_flight(f: Facts) -> float | None:
    """Mean number of requests in flight on the busiest device."""
    busy = [queue for disk in disks(f.windows) if (queue := mean_in_flight(f.windows, disk)) is not None]
    return max(busy, default=None)


@fact("disk.busiest_share", "ratio", "number", "host", scope="host")
def busiest_share(f: Facts) -> float | None:
    """Share of what all devices read and wrote that the busiest of them did, or what it is made of."""
    # A mapped device and the disk below it count the same I/O once each: what has nothing below it did it in the end.
    lowest = [disk for disk in disks(f.windows) if not set(chain_below(f.windows, disk)) & set(disks(f.windows))]
    moved = {
        disk: sum(risen(f.windows, disk, key) or 0.0 for key in ("read_sectors", "written_sectors")) for disk in lowest
    }
    busiest = _busiest(f)
    if busiest is None:
        return None
    its = {busiest, *chain_below(f.windows, busiest)}
    return ratio(sum(sectors for disk, sectors in moved.items() if disk in its), sum(moved.values()))


@fact("disk.busiest_name", "", "text", "host", scope="host")
def busiest_disk(f: Facts) -> Device | None:
    """The name of the busiest device."""
    busiest = _busiest(f)
    return None if busiest is None else Device(busiest)


@neighbour_fact("neighbour.device_share", "ratio", "number", "cgroups")
def device_share(f: Facts, neighbour: str) -> float | None:
    """Its share of what all neighbours and the service made devices read and write."""
    own = device_pages(f.windows, f.windows.capture.service.cgroup_id)
    everybody = [_device_pages(f, other) for other in f.neighbours]
    if own is None or any(part is None for part in everybody):
        return None
    others = sum(part for part in everybody if part is not None)
    return ratio(_device_pages(f, neighbour), float(np.nansum(own)) + others)


def _device_pages(f: Facts, neighbour: str) -> float | None:
    """Return the pages that a neighbour's processes made devices read and write, by its own reading."""
    named = [total(device_pages(f.windows, cgroup)) for cgroup, path in f.windows.paths.items() if path == neighbour]
    known = [pages for pages in named if pages is not None]
    return sum(known) if known else None
