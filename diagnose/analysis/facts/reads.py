"""Facts about the reads of the service (pure)."""

from __future__ import annotations

from diagnose.analysis.facts.vocabulary import Facts, fact, total
from diagnose.analysis.windows import BUFFERED, KINDS, Counts, Series
from diagnose.histogram import percentile, time_ns
from diagnose.units import ratio


@fact("capture.windows", "windows", "number", "capture", "whole windows measured", scope="host")
def _(f: Facts, _n: str | None) -> float:
    return float(f.windows.count)


@fact("reads.file_count", "reads", "number", "reads", "reads of regular files by the service")
def _(f: Facts, _n: str | None) -> float | None:
    return float(f.windows.read_count().sum()) if f.measured_reads else None


@fact("reads.file_rate", "reads/s", "series", "reads", "reads of regular files per second")
def _(f: Facts, _n: str | None) -> Series | None:
    return f.windows.read_count() / f.windows.seconds if f.measured_reads else None


@fact("reads.file_latency", "ns", "histogram", "reads", "latency of buffered reads of regular files")
def _(f: Facts, _n: str | None) -> Counts | None:
    return f.windows.read_histogram(BUFFERED) if f.measured_reads else None


@fact("reads.slow_threshold", "s", "number", "reads", "latency from which a read is called slow here (see `slow.py`)")
def _(f: Facts, _n: str | None) -> float | None:
    found = f.windows.slow_threshold
    return None if found is None else found.ns / 1e9


def _slow_bin(f: Facts) -> int | None:
    found = f.windows.slow_threshold
    return None if found is None else found.first_bin


@fact("reads.slow", "reads", "series", "reads", "slow reads (regular files, at or above the slow threshold)")
def _(f: Facts, _n: str | None) -> Series | None:
    first = _slow_bin(f)
    return None if first is None else f.windows.reads_from_bin(first)


@fact("reads.slow_share", "ratio", "number", "reads", "share of file reads that were slow")
def _(f: Facts, _n: str | None) -> float | None:
    return ratio(total(f.value("reads.slow")), f.value("reads.file_count"))


@fact("reads.slow_time_share", "ratio", "number", "reads", "share of the time in file reads that slow reads took")
def _(f: Facts, _n: str | None) -> float | None:
    first = _slow_bin(f)
    if first is None:
        return None
    time = time_ns(f.windows.read_histogram())
    return ratio(float(time[first:].sum()), float(time.sum()))


@fact("reads.slow_missed_share", "ratio", "number", "reads", "share of the slow reads that missed the page cache")
def _(f: Facts, _n: str | None) -> float | None:
    first = _slow_bin(f)
    if first is None or not f.measured_misses:
        return None
    return ratio(float(f.windows.reads_from_bin(first, ("missed",)).sum()), total(f.value("reads.slow")))


@fact("reads.missed", "reads", "series", "reads", "reads of regular files that missed the page cache")
def _(f: Facts, _n: str | None) -> Series | None:
    return f.windows.read_count(("missed",)) if f.measured_misses else None


@fact("reads.missed_share", "ratio", "number", "reads", "share of file reads that missed the page cache")
def _(f: Facts, _n: str | None) -> float | None:
    return ratio(total(f.value("reads.missed")), f.value("reads.file_count"))


@fact("reads.direct_share", "ratio", "number", "reads", "share of file reads that bypass the page cache (O_DIRECT)")
def _(f: Facts, _n: str | None) -> float | None:
    if not f.measured_reads:
        return None
    return ratio(float(f.windows.read_count(("direct",)).sum()), f.value("reads.file_count"))


def _quantile(f: Facts, q: float) -> float | None:
    ns = percentile(f.windows.read_histogram(), q) if f.measured_reads else None
    return None if ns is None else ns / 1e9


@fact("reads.p50", "s", "number", "reads", "median latency of file reads")
def _(f: Facts, _n: str | None) -> float | None:
    return _quantile(f, 0.5)


@fact("reads.p99", "s", "number", "reads", "99th percentile of the latency of file reads")
def _(f: Facts, _n: str | None) -> float | None:
    return _quantile(f, 0.99)


@fact("reads.peer_time_share", "ratio", "number", "reads", "share of all time in read calls spent on sockets and pipes")
def _(f: Facts, _n: str | None) -> float | None:
    if not f.measured_reads:
        return None
    peers = f.windows.read_total("total_ns", ("socket", "pipe")).sum()
    return ratio(float(peers), float(f.windows.read_total("total_ns", KINDS).sum()))
