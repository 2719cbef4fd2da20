"""Facts about the reads of the service (pure)."""

from __future__ import annotations

from diagnose.analysis.facts.vocabulary import Facts, fact, total
from diagnose.analysis.windows import BUFFERED, KINDS, Counts, Series
from diagnose.histogram import percentile, time_ns
from diagnose.units import ratio


@fact("capture.windows", "windows", "number", "capture", scope="host")
def window_count(f: Facts) -> float:
    """Whole windows measured."""
    return float(f.windows.count)


@fact("reads.file_count", "reads", "number", "reads")
def file_reads(f: Facts) -> float | None:
    """Reads of regular files by the service."""
    return float(f.windows.read_count().sum()) if f.measured_reads else None


@fact("reads.file_rate", "reads/s", "series", "reads")
def file_read_rate(f: Facts) -> Series | None:
    """Reads of regular files per second."""
    return f.windows.read_count() / f.windows.seconds if f.measured_reads else None


@fact("reads.file_latency", "ns", "histogram", "reads")
def file_read_latency(f: Facts) -> Counts | None:
    """Latency of buffered reads of regular files."""
    return f.windows.read_histogram(BUFFERED) if f.measured_reads else None


@fact("reads.slow_threshold", "s", "number", "reads")
def slow_threshold(f: Facts) -> float | None:
    """Latency from which a read is called slow here (see `slow.py`)."""
    found = f.windows.slow_threshold
    return None if found is None else found.ns / 1e9


def _slow_bin(f: Facts) -> int | None:
    found = f.windows.slow_threshold
    return None if found is None else found.first_bin


@fact("reads.slow", "reads", "series", "reads")
def slow_reads(f: Facts) -> Series | None:
    """Slow reads (regular files, at or above the slow threshold)."""
    first = _slow_bin(f)
    return None if first is None else f.windows.reads_from_bin(first)


@fact("reads.slow_share", "ratio", "number", "reads")
def slow_share(f: Facts) -> float | None:
    """Share of file reads that were slow."""
    return ratio(total(f.value("reads.slow")), f.value("reads.file_count"))


@fact("reads.slow_time_share", "ratio", "number", "reads")
def slow_time_share(f: Facts) -> float | None:
    """Share of the time in file reads that slow reads took."""
    first = _slow_bin(f)
    if first is None:
        return None
    time = time_ns(f.windows.read_histogram())
    return ratio(float(time[first:].sum()), float(time.sum()))


@fact("reads.slow_missed", "reads", "series", "reads")
def slow_missed_reads(f: Facts) -> Series | None:
    """Slow reads that missed the page cache."""
    first = _slow_bin(f)
    return None if first is None or not f.measured_misses else f.windows.reads_from_bin(first, ("missed",))


@fact("reads.slow_missed_share", "ratio", "number", "reads")
def slow_missed_share(f: Facts) -> float | None:
    """Share of the slow reads that missed the page cache."""
    return ratio(total(f.value("reads.slow_missed")), total(f.value("reads.slow")))


@fact("reads.missed", "reads", "series", "reads")
def missed_reads(f: Facts) -> Series | None:
    """Reads of regular files that missed the page cache."""
    return f.windows.read_count(("missed",)) if f.measured_misses else None


@fact("reads.missed_share", "ratio", "number", "reads")
def missed_share(f: Facts) -> float | None:
    """Share of file reads that missed the page cache."""
    return ratio(total(f.value("reads.missed")), f.value("reads.file_count"))


@fact("reads.direct_share", "ratio", "number", "reads")
def direct_share(f: Facts) -> float | None:
    """Share of file reads that bypass the page cache (O_DIRECT)."""
    if not f.measured_reads:
        return None
    return ratio(float(f.windows.read_count(("direct",)).sum()), f.value("reads.file_count"))


def _quantile(f: Facts, q: float) -> float | None:
    ns = percentile(f.windows.read_histogram(), q) if f.measured_reads else None
    return None if ns is None else ns / 1e9


@fact("reads.p50", "s", "number", "reads")
def median_latency(f: Facts) -> float | None:
    """Median latency of file reads."""
    return _quantile(f, 0.5)


@fact("reads.p99", "s", "number", "reads")
def p99_latency(f: Facts) -> float | None:
    """99th percentile of the latency of file reads."""
    return _quantile(f, 0.99)


@fact("reads.peer_time_share", "ratio", "number", "reads")
def peer_time_share(f: Facts) -> float | None:
    """Share of all time in read calls spent on sockets and pipes."""
    if not f.measured_reads:
        return None
    peers = f.windows.read_total("total_ns", ("socket", "pipe")).sum()
    return ratio(float(peers), float(f.windows.read_total("total_ns", KINDS).sum()))
