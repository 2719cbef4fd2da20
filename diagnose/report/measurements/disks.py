"""The devices by /proc/diskstats, where block requests could not be traced: whoever used them (pure)."""

from __future__ import annotations

import numpy as np

from diagnose.capture.columns import taken
from diagnose.report.measurements.frame import Frame, Node, difference, ints
from diagnose.units import SECTOR_BYTES, ratio


def disks(frame: Frame) -> list[Node] | None:
    """Return requests, bytes and mean times of each device that did anything, the busiest first; None: not measured."""
    samples = frame.capture.host_samples
    names = sorted({k.removeprefix("disk.").rpartition(".")[0] for k in samples.values if k.startswith("disk.")})
    if not names:
        return None
    order = np.argsort(ints(samples.window), kind="stable")
    elapsed_ms = frame.windows.length * 1e3

    def grown(name: str, key: str) -> int | None:
        column = samples.values.get(f"disk.{name}.{key}")
        return None if column is None else difference(taken(column, order))

    found: list[Node] = []
    for name in names:
        node: Node = {"device": name, "mean_in_flight": ratio(grown(name, "queued_ms"), elapsed_ms)}
        for op, sectors, time in (("read", "read_sectors", "read_ms"), ("write", "written_sectors", "write_ms")):
            requests, moved = grown(name, f"{op}s"), grown(name, sectors)
            mean_ms = ratio(grown(name, time), requests)
            node[f"{op}s"] = requests
            node[f"{op}_bytes"] = None if moved is None else moved * SECTOR_BYTES
            node[f"mean_{op}_seconds"] = None if mean_ms is None else mean_ms / 1e3
        found.append(node)
    return sorted(found, key=lambda n: (-(n["mean_in_flight"] or 0.0), n["device"]))
