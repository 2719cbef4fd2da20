"""The devices by /proc/diskstats, where block requests could not be traced: whoever used them (pure)."""

from __future__ import annotations

from diagnose.analysis import disks as counters
from diagnose.report.measurements.frame import Frame, Node, whole_number
from diagnose.units import SECTOR_BYTES


def disks(frame: Frame) -> list[Node] | None:
    """Return requests, bytes and mean times of each device that did anything, the busiest first; None: not measured."""
    found = [_disk(frame, name) for name in counters.disks(frame.windows)]
    return sorted(found, key=lambda n: (-(n["mean_in_flight"] or 0.0), n["device"])) or None


def _disk(frame: Frame, name: str) -> Node:
    windows = frame.windows
    node: Node = {"device": name, "mean_in_flight": counters.mean_in_flight(windows, name)}
    for op, sectors in (("read", "read_sectors"), ("write", "written_sectors")):
        moved = counters.risen(windows, name, sectors)
        node[f"{op}s"] = whole_number(counters.risen(windows, name, f"{op}s"))
        node[f"{op}_bytes"] = None if moved is None else int(moved) * SECTOR_BYTES
        node[f"mean_{op}_seconds"] = counters.mean_seconds(windows, name, "read" if op == "read" else "write")
    return node
