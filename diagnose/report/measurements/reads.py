"""The service's reads: percentiles, the histogram split by hit and miss, its two modes, the files waited for (pure)."""

from __future__ import annotations

import numpy as np

from diagnose.analysis.slow_threshold import SlowThreshold
from diagnose.analysis.windows import FILE_KINDS, KINDS
from diagnose.histogram import BINS, BINS_PER_OCTAVE, lower_edges, percentile, time_ns
from diagnose.report.measurements.frame import Frame, Ints, Node, codes, ints, sums_by, whole_number
from diagnose.report.measurements.latency_map import latency_map
from diagnose.units import ratio

_FILES = [KINDS.index(kind) for kind in FILE_KINDS]
TOP_FILES = 20


def read_latency(frame: Frame, threshold: SlowThreshold | None = None) -> Node | None:
    """Return the latency of read calls by kind, in seconds and reads; None if reads were not measured.

    `threshold`: from where on a read is called slow, where not by this capture.
    """
    slow = threshold or frame.windows.slow_threshold
    if slow is None or not frame.measured("reads"):
        return None
    window, kind, bins, count = frame.windows.reads
    by_kind = sums_by(kind * BINS + bins, count, len(KINDS) * BINS).reshape(len(KINDS), BINS)
    is_file = np.isin(kind, _FILES)
    files = by_kind[_FILES]
    told_apart = frame.windows.measured_misses
    return {
        "misses_told_apart": told_apart,
        "major_faults": _major_faults(frame),
        "slow_threshold_seconds": slow.ns / 1e9,
        "slow_threshold_basis": slow.basis,
        "file_reads": int(files.sum()),
        "slow_reads": int(frame.windows.reads_from_bin(slow.first_bin).sum()),
        **_percentiles(files.sum(axis=0)),
        "modes": _modes(files, slow.first_bin, told_apart),
        "kinds": _kinds(frame, by_kind),
        "histogram": _octaves(files),
        "map": _map(frame, window, kind, bins, count),
        "series": {
            "file_reads": frame.merged(frame.windows.read_count()),
            "slow_reads": frame.merged(frame.windows.reads_from_bin(slow.first_bin)),
            "p99_seconds": _p99_series(frame, window[is_file], bins[is_file], count[is_file]),
        },
        **_files(frame),
    }


def _major_faults(frame: Frame) -> int | None:
    """Return the page faults of the service that waited for a device: reads through mmap are such, swap too."""
    return whole_number(frame.windows.risen(frame.capture.service.cgroup_id, "major_faults"))


def _percentiles(counts: Ints) -> Node:
    def seconds(q: float) -> float | None:
        value = percentile(counts, q)
        return None if value is None else value / 1e9

    return {f"{name}_seconds": seconds(q) for name, q in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p999", 0.999))}


def _modes(files: Ints, slow_bin: int, told_apart: bool) -> list[Node]:
    """Return what lies below and from the slow threshold on; time is estimated from the middle of each bin."""
    time = time_ns(files.sum(axis=0))
    modes = []
    for name, part in (("fast", slice(0, slow_bin)), ("slow", slice(slow_bin, BINS))):
        inside = np.zeros_like(files)
        inside[:, part] = files[:, part]
        split: Node = dict(zip(FILE_KINDS, inside.sum(axis=1).tolist(), strict=True))
        if not told_apart:
            split |= {"hit": None, "missed": None}
        median = percentile(inside.sum(axis=0), 0.5)
        modes.append(
            {
                "mode": name,
                "reads": int(inside.sum()),
                "share": ratio(int(inside.sum()), int(files.sum())),
                **split,
                "median_seconds": None if median is None else median / 1e9,
                "time_share": ratio(float(time[part].sum()), float(time.sum())),
            }
        )
    return modes


def _kinds(frame: Frame, by_kind: Ints) -> Node:
    """Return calls, time, bytes and percentiles of every kind of read that occurred."""
    totals = frame.capture.read_totals
    kind = codes(totals.kind, KINDS)
    sums = [
        None if frame.windows.lacks(f"read_totals.{name}") or not kind.size else sums_by(kind, ints(column), len(KINDS))
        for name, column in (("total_ns", totals.total_ns), ("total_bytes", totals.total_bytes))
    ]
    result: Node = {}
    for i, name in enumerate(KINDS):
        reads = int(by_kind[i].sum())
        if reads:
            time, size = (None if s is None else int(s[i]) for s in sums)
            size = None if name == "io_uring" else size  # not known, see bpf/uring.c
            seconds = None if time is None else time / 1e9
            result[name] = {"reads": reads, "time_seconds": seconds, "bytes": size, **_percentiles(by_kind[i])}
    return result


def _octaves(files: Ints) -> Node:
    """Return the histogram in octaves (bins that double), from the first to the last that holds a read."""
    by_octave = files.reshape(len(FILE_KINDS), -1, BINS_PER_OCTAVE).sum(axis=2)
    edges = lower_edges()[::BINS_PER_OCTAVE] / 1e9
    filled = np.flatnonzero(by_octave.sum(axis=0))
    part = slice(int(filled[0]), int(filled[-1]) + 1) if filled.size else slice(0, 0)
    split: Node = {name: by_octave[i, part].tolist() for i, name in enumerate(FILE_KINDS)}
    return {"lower_seconds": edges[:-1][part].tolist(), "upper_seconds": edges[1:][part].tolist(), **split}


def _map(frame: Frame, window: Ints, kind: Ints, bins: Ints, count: Ints) -> Node:
    place = np.full(len(KINDS), -1)
    place[_FILES] = range(len(_FILES))
    of_files = place[kind] >= 0
    part = window[of_files], place[kind][of_files], bins[of_files], count[of_files]
    return latency_map(frame, *part, FILE_KINDS)


def _p99_series(frame: Frame, window: Ints, bins: Ints, count: Ints) -> list[float | None]:
    rows = sums_by(window // frame.windows_per_point * BINS + bins, count, frame.points * BINS).reshape(-1, BINS)
    values = [percentile(row, 0.99) for row in rows]
    return [None if v is None else v / 1e9 for v in values]


def _files(frame: Frame) -> Node:
    files = sorted(frame.capture.files, key=lambda f: (-f.slow_reads, -f.missed_reads, f.device, f.inode, f.path or ""))
    missed, time = sum(f.missed_reads for f in files), sum(f.total_ns for f in files)
    listed = [
        {
            "path": f.path,
            "device": f.device,
            "inode": f.inode,
            "slow_reads": f.slow_reads,
            "missed_reads": f.missed_reads,
            "missed_share": ratio(f.missed_reads, missed),
            "time_seconds": f.total_ns / 1e9,
            "time_share": ratio(f.total_ns, time),
        }
        for f in files[:TOP_FILES]
    ]
    return {"files": listed, "files_omitted": len(files) - len(listed)}
