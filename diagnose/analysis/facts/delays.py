"""Facts about what delayed the slow reads, other than a missing page: the CPU, reclaim, a wait in the kernel (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from diagnose.analysis.facts.vocabulary import Facts, fact, total
from diagnose.analysis.windows import FILE_KINDS, KINDS
from diagnose.histogram import BINS_PER_OCTAVE, bin_of, percentile, time_ns
from diagnose.units import ratio

LEAST_NS = 10_000
"""What delayed a read is asked from here on (DELAYED_NS of bpf/reads.c)."""
STOP_PART = 0.25
"""A read that a stop by the CPU quota falls into takes as long as the rest of that stop: a quarter of the mean covers
stops of different lengths, and what the kernel adds up over several CPUs."""


@dataclass(frozen=True)
class PeerKind:
    """The reads of one kind of peer."""

    kind: Literal["socket", "pipe"]
    reads: float
    total_seconds: float
    median_ns: float | None


@dataclass(frozen=True)
class PeerReads:
    """The reads of sockets and pipes; a kind that the service did not read is left out."""

    kinds: tuple[PeerKind, ...]


def _first_octave(f: Facts) -> int | None:
    slow = f.windows.slow_threshold
    return None if slow is None else max(slow.first_bin, bin_of(LEAST_NS)) // BINS_PER_OCTAVE


def _slow_time_ns(f: Facts, first_octave: int) -> float:
    """Return the time of the reads from an octave on."""
    return float(time_ns(f.windows.read_histogram())[first_octave * BINS_PER_OCTAVE :].sum())


def _delay_share(f: Facts, column: Literal["runqueue_ns", "reclaim_ns"]) -> float | None:
    table, octave = f.windows.capture.read_delays, _first_octave(f)
    values = None if table is None else getattr(table, column)
    if table is None or values is None or octave is None:
        return None
    delayed = sum(
        ns for kind, o, ns in zip(table.kind, table.octave, values, strict=True) if kind in FILE_KINDS and o >= octave
    )
    share = ratio(float(delayed), _slow_time_ns(f, octave))
    return None if share is None else min(share, 1.0)


@fact("delays.runqueue_share", "ratio", "number", "reads")
def runqueue_share(f: Facts) -> float | None:
    """Share of the time of slow file reads that was spent waiting for a CPU."""
    return _delay_share(f, "runqueue_ns")


@fact("delays.stop_sized_share", "ratio", "number", "reads")
def stop_sized_share(f: Facts) -> float | None:
    """Share of the slow reads' wait for a CPU in reads about a quarter as long as a stop by the CPU quota, or
    longer."""
    table, octave, stop = f.windows.capture.read_delays, _first_octave(f), f.number("cpu.mean_stop")
    if table is None or table.runqueue_ns is None or octave is None or stop is None:
        return None
    waited = [
        (o, ns)
        for kind, o, ns in zip(table.kind, table.octave, table.runqueue_ns, strict=True)
        if kind in FILE_KINDS and o >= octave
    ]
    # Waits are known by octave of latency: the one that a quarter of a stop lies in counts whole.
    long = bin_of(round(stop * 1e9 * STOP_PART)) // BINS_PER_OCTAVE
    return ratio(float(sum(ns for o, ns in waited if o >= long)), float(sum(ns for _, ns in waited)))


@fact("delays.reclaim_share", "ratio", "number", "reads")
def reclaim_share(f: Facts) -> float | None:
    """Share of the time of slow file reads that was spent reclaiming memory."""
    return _delay_share(f, "reclaim_ns")


@fact("delays.other_share", "ratio", "number", "reads")
def other_share(f: Facts) -> float | None:
    """Share of the time of slow file reads that was neither reclaim nor waiting for a CPU: for a device, as a rule."""
    known = [f.value("delays.reclaim_share"), f.value("delays.runqueue_share")]
    # A task that waits for a CPU while it reclaims counts twice, so this is the least that is left.
    return None if None in known else max(0.0, 1 - sum(known))


@fact("reads.slow_device_share", "ratio", "number", "reads")
def slow_device_share(f: Facts) -> float | None:
    """Share of the slow reads that waited for a device, because they missed or bypassed the page cache."""
    slow = f.windows.slow_threshold
    if slow is None or not f.measured_misses:
        return None
    waited = f.windows.reads_from_bin(slow.first_bin, ("missed", "direct"))
    return ratio(float(waited.sum()), total(f.value("reads.slow")))


@fact("reads.peer_count", "reads", "number", "reads")
def peer_reads(f: Facts) -> float | None:
    """Reads of sockets and pipes by the service."""
    return float(f.windows.read_count(("socket", "pipe")).sum()) if f.measured_reads else None


@fact("reads.peer_kinds", "", "text", "reads")
def peer_kinds(f: Facts) -> PeerReads | None:
    """How many reads of sockets and of pipes, and how long they took."""
    if not f.measured_reads:
        return None
    kinds: tuple[Literal["socket", "pipe"], ...] = ("socket", "pipe")
    return PeerReads(tuple(_of_peers(f, kind) for kind in kinds if f.windows.read_count((kind,)).any()))


def _of_peers(f: Facts, kind: Literal["socket", "pipe"]) -> PeerKind:
    reads, ns = float(f.windows.read_count((kind,)).sum()), float(f.windows.read_total("total_ns", (kind,)).sum())
    return PeerKind(kind, reads, ns / 1e9, percentile(f.windows.read_histogram((kind,)), 0.5))


@fact("reads.peer_slow_share", "ratio", "number", "reads")
def slow_peer_share(f: Facts) -> float | None:
    """Share of reads of sockets and pipes that took 1 ms or more."""
    if not f.measured_reads:
        return None
    slow = f.windows.reads_from_bin(bin_of(1_000_000), ("socket", "pipe"))
    return ratio(float(slow.sum()), f.value("reads.peer_count"))


@fact("reads.slow_time_of_all", "ratio", "number", "reads")
def slow_share_of_read_time(f: Facts) -> float | None:
    """Share of the time in all read calls, sockets and pipes included, that slow file reads took."""
    if not f.measured_reads:
        return None
    in_files = f.windows.read_total("total_ns").sum()
    slow = (f.value("reads.slow_time_share") or 0.0) * in_files
    return ratio(float(slow), float(f.windows.read_total("total_ns", KINDS).sum()))
