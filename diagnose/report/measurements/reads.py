"""The service's reads: percentiles, the histogram split by hit and miss, its two modes, the files waited for (pure)."""

from __future__ import annotations

import numpy as np

from diagnose.analysis.slow_threshold import DEFAULT_NS, LABELLED, all_waited, slow_threshold_ns
from diagnose.analysis.windows import FILE_KINDS, KINDS
from diagnose.histogram import BINS, BINS_PER_OCTAVE, bin_of, lower_edges, percentile
from diagnose.report.measurements.frame import Frame, Ints, Node, codes, ints, sums_by
from diagnose.report.measurements.latency_map import latency_map
from diagnose.units import ratio

_FILES = [KINDS.index(kind) for kind in FILE_KINDS]
TOP_FILES = 20


def read_latency(frame: Frame, slow_threshold_seconds: float | None) -> Node | None:
    """Return the latency of read calls by kind, in seconds and reads; None if reads were not measured."""
    table = frame.capture.reads
    if not frame.measured(table.window, "reads", "read-latency"):
        return None
    window, kind, bins, count = ints(table.window), codes(table.kind, KINDS), ints(table.bin), ints(table.count)
    bins = np.minimum(bins, BINS - 1)
    by_kind = sums_by(kind * BINS + bins, count, len(KINDS) * BINS).reshape(len(KINDS), BINS)
    slow_bin, basis = _slow_bin(by_kind, slow_threshold_seconds)
    is_file = np.isin(kind, _FILES)
    slow = is_file & (bins >= slow_bin)
    files = by_kind[_FILES]
    told_apart = frame.windows.measured_misses
    return {
        "misses_told_apart": told_apart,
        "major_faults": _major_faults(frame),
        "slow_threshold_seconds": float(lower_edges()[slow_bin]) / 1e9,
        "slow_threshold_basis": basis,
        "file_reads": int(files.sum()),
        "slow_reads": int(files[:, slow_bin:].sum()),
        **_percentiles(files.sum(axis=0)),
        "modes": _modes(files, slow_bin, told_apart),
        "kinds": _kinds(frame, by_kind),
        "histogram": _octaves(files),
        "map": _map(frame, window, kind, bins, count),
        "series": {
            "file_reads": frame.series(window[is_file], count[is_file]),
            "slow_reads": frame.series(window[slow], count[slow]),
            "p99_seconds": _p99_series(frame, window[is_file], bins[is_file], count[is_file]),
        },
        **_files(frame),
    }


def _major_faults(frame: Frame) -> int | None:
    """Return the page faults of the service that waited for a device: reads through mmap are such, swap too."""
    increase = frame.windows.increase(frame.capture.service.cgroup_id, "major_faults")
    return None if increase is None or np.isnan(increase).all() else int(np.nansum(increase))


def _slow_bin(by_kind: Ints, given: float | None) -> tuple[int, str]:
    """Return the first bin that counts as slow, and what its threshold is (see slow.py).

    "waiting": next to every read missed, and all but the fastest twentieth took that long; "separation": it separates
    missed from hit reads best; "shape": it lies between the two modes; "default": neither could be told; "given":
    somebody else's.
    """
    hit, missed = by_kind[KINDS.index("hit")], by_kind[KINDS.index("missed")]
    own_ns = slow_threshold_ns(hit, missed)
    threshold_ns = own_ns if given is None else given * 1e9
    slow_bin = bin_of(round(threshold_ns))
    if abs(threshold_ns - own_ns) > 1e-5 * own_ns:
        return slow_bin, "given"
    if all_waited(hit, missed):
        return slow_bin, "waiting"
    if min(hit.sum(), missed.sum()) >= LABELLED:
        return slow_bin, "separation"
    return slow_bin, "default" if own_ns == DEFAULT_NS else "shape"


def _percentiles(counts: Ints) -> Node:
    def seconds(q: float) -> float | None:
        value = percentile(counts, q)
        return None if value is None else value / 1e9

    return {f"{name}_seconds": seconds(q) for name, q in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p999", 0.999))}


def _modes(files: Ints, slow_bin: int, told_apart: bool) -> list[Node]:
    """Return what lies below and from the slow threshold on; time is estimated from the middle of each bin."""
    edges = lower_edges()
    # The geometric middle, as for the rules (facts/reads.py): two figures for one share would contradict each other.
    time = files.sum(axis=0) * np.sqrt(np.maximum(edges[:-1], 1) * edges[1:])
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
