"""Sums of a capture that must agree, since one event made all of them (pure).

Counters of several CPUs are not read in one moment, events are lost where a map is full, and a window that is emptied
may still be written to: so much slack is given as that can come to, and more. What is beyond it cannot have been
measured; which figures contradict each other is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import get_args

import numpy as np

from diagnose.capture.base import ReadKind
from diagnose.capture.columns import floats
from diagnose.capture.model import Capture
from diagnose.capture.tables import Samples
from diagnose.histogram import BINS, lower_edges

RELATIVE = 0.02
"""The part of a sum by which another may exceed it."""
EVENTS = 64
"""Events that may be in one sum and not yet in the other; those lost come on top."""
TIMES, SECONDS = 2.0, 10.0
"""How far times that two clocks of the kernel measured may differ."""
_PSI, _FULL = ("psi_", "pressure."), "full_us"


def contradictions(capture: Capture) -> Iterator[str]:
    """Yield the figures that contradict each other, a phrase each."""
    lost = EVENTS + sum(capture.lost.values())
    yield from _reads(capture, lost)
    yield from _delays(capture)
    yield from _blame(capture, lost)
    yield from _block(capture, lost)
    yield from _throttled(capture)
    yield from _pressure(capture)


def _exceeds(part: float, whole: float, slack: float) -> bool:
    return part > whole * (1 + RELATIVE) + slack


def _totals(capture: Capture, column: str) -> dict[str, int]:
    table = capture.read_totals
    return _by(table.kind, getattr(table, column))


def _by(words: Sequence[str], cells: Sequence[int | None]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for word, cell in zip(words, cells, strict=True):
        sums[word] = sums.get(word, 0) + (cell or 0)
    return sums


def _reads(capture: Capture, lost: int) -> Iterator[str]:
    """The histogram of reads against their totals: how many, and how long together."""
    table, (counts, times) = capture.reads, (_totals(capture, column) for column in ("count", "total_ns"))
    bins = {kind: np.zeros(BINS) for kind in get_args(ReadKind)}
    for kind, place, count in zip(table.kind, table.bin, table.count, strict=True):
        bins[kind][min(place, BINS - 1)] += count
    for kind, histogram in bins.items():
        counted, total = int(histogram.sum()), counts.get(kind, 0)
        if _exceeds(counted, total, lost) or _exceeds(total, counted, lost):
            yield f"reads has {counted:,} reads of kind {kind}, and read_totals {total:,}"
        elif counted and (problem := _time(kind, histogram, times.get(kind, 0), lost)):
            yield problem


def _time(kind: str, histogram: np.ndarray, total_ns: int, lost: int) -> str | None:
    """Return how the time of the reads contradicts their latencies; None: it does not."""
    used = np.flatnonzero(histogram)
    edges, slowest = lower_edges(), int(used[-1])
    least = float(histogram @ edges[:-1])
    most = float("inf") if slowest == BINS - 1 else float(histogram @ edges[1:])
    slack = lost * float(edges[slowest + 1])
    if _exceeds(least, total_ns, slack) or _exceeds(total_ns, most, slack):
        between = f"{least / 1e9:,.3g} to {most / 1e9:,.3g} s"
        return f"reads of kind {kind} took {between} by their latencies, and {total_ns / 1e9:,.3g} s by read_totals"
    return None


def _delays(capture: Capture) -> Iterator[str]:
    """What delayed the reads against how long they took."""
    table, times = capture.read_delays, _totals(capture, "total_ns")
    for name in ("runqueue_ns", "reclaim_ns"):
        cells = None if table is None else getattr(table, name)
        for kind, delayed in _by(table.kind, cells).items() if table is not None and cells is not None else ():
            if delayed > TIMES * times.get(kind, 0) + SECONDS * 1e9:
                took = f"which took {times.get(kind, 0) / 1e9:,.3g} s by read_totals"
                yield f"read_delays.{name} has {delayed / 1e9:,.3g} s for reads of kind {kind}, {took}"


def _blame(capture: Capture, lost: int) -> Iterator[str]:
    """Blamed reads against all that missed: each of them missed."""
    if capture.blame is None:
        return
    table, missed = capture.blame.reads, _totals(capture, "count").get("missed", 0)
    blamed, waited_ns = sum(table.reads), sum(table.total_ns)
    if _exceeds(blamed, missed, lost):
        yield f"blame has {blamed:,} reads that missed, and read_totals {missed:,}"
    total_ns = _totals(capture, "total_ns").get("missed", 0)
    mean = waited_ns / blamed if blamed else 0.0
    if _exceeds(waited_ns, total_ns, lost * mean):
        yield f"blame has {waited_ns / 1e9:,.3g} s of reads that missed, and read_totals {total_ns / 1e9:,.3g} s"


def _block(capture: Capture, lost: int) -> Iterator[str]:
    """The latencies of block requests against the requests."""
    requests, table = sum(capture.block_requests.requests), capture.block_latency
    timed = sum(count for stage, count in zip(table.stage, table.count, strict=True) if stage == "service")
    if _exceeds(timed, requests, lost):
        yield f"block_latency has {timed:,} requests, and block_requests {requests:,}"


def _throttled(capture: Capture) -> Iterator[str]:
    """Periods in which the CPU quota stopped a cgroup against all of its periods."""
    samples = capture.cgroup_samples
    periods, stopped = (_rises(samples, key) for key in ("cpu_periods", "cpu_throttled_periods"))
    for cgroup, throttled in stopped.items():
        if _exceeds(throttled, periods.get(cgroup, throttled), EVENTS):
            yield f"cpu_throttled_periods rose by {throttled:,.0f}, and cpu_periods by {periods[cgroup]:,.0f}"


def _pressure(capture: Capture) -> Iterator[str]:
    """Time in which all tasks were stalled against that in which some were.

    Not against the time that passed: who was stopped himself (SIGSTOP, docker pause) reads the last window late.
    """
    for samples in (capture.cgroup_samples, capture.host_samples):
        for key in samples.values:
            if not (key.startswith(_PSI) and key.endswith(_FULL)):
                continue
            others = key.removesuffix(_FULL) + "some_us"
            some, full = _rises(samples, others), _rises(samples, key)
            for cgroup, stalled in full.items():
                if _exceeds(stalled, some.get(cgroup, stalled), SECONDS * 1e6):
                    yield f"{key} rose by {stalled / 1e6:,.3g} s, and {others} by {some[cgroup] / 1e6:,.3g} s"


def _rises(samples: Samples, key: str) -> dict[int, float]:
    """Return by how much a counter rose, by cgroup (0: the host), from its first to its last reading."""
    if key not in samples.values or not len(samples.window):
        return {}
    window = np.asarray(samples.window, np.int64)
    cgroup = np.asarray(getattr(samples, "cgroup", None) or np.zeros(window.size), np.uint64)
    values = floats(samples.values[key], np.arange(window.size))
    order = np.lexsort((window, cgroup))
    order = order[~np.isnan(values[order])]
    known, first = np.unique(cgroup[order], return_index=True)
    last = np.append(first[1:], order.size) - 1
    risen = np.maximum(values[order[last]] - values[order[first]], 0) if known.size else np.zeros(0)
    return dict(zip(known.tolist(), risen.tolist(), strict=True))
