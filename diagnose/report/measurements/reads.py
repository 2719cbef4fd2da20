"""The service's reads: percentiles, the histogram split by hit and miss, its two modes, the files waited for (pure)."""

from __future__ import annotations

from typing import Literal

import numpy as np

from diagnose.analysis.slow_threshold import SlowThreshold
from diagnose.analysis.windows import FILE_KINDS, KINDS
from diagnose.capture.base import ReadKind
from diagnose.capture.tables import ReadFile
from diagnose.histogram import BINS, BINS_PER_OCTAVE, lower_edges, percentile_seconds, time_ns
from diagnose.report.measurements.frame import Frame, Ints, sums_by, whole_number
from diagnose.report.measurements.latency_map import latency_map
from diagnose.report.measurements.read_models import (
    LatencyMap,
    Mode,
    Octaves,
    ReadLatency,
    ReadSeries,
    ReadsOfKind,
    WaitedFile,
)
from diagnose.units import ratio

_FILES = [KINDS.index(kind) for kind in FILE_KINDS]
TOP_FILES = 20


def read_latency(frame: Frame, threshold: SlowThreshold | None = None) -> ReadLatency | None:
    """Return the latency of read calls by kind; None if reads were not measured.

    `threshold`: from where on a read is called slow, where not by this capture.
    """
    slow = threshold or frame.windows.slow_threshold
    if slow is None or not frame.measured("reads"):
        return None
    _, kind, bins, count = frame.windows.reads
    by_kind = sums_by(kind * BINS + bins, count, len(KINDS) * BINS).reshape(len(KINDS), BINS)
    files, all_files = by_kind[_FILES], by_kind[_FILES].sum(axis=0)
    slow_reads, listed = frame.windows.reads_from_bin(slow.first_bin), _files(frame)
    return ReadLatency(
        misses_told_apart=frame.windows.measured_misses,
        major_faults=whole_number(frame.windows.risen(frame.capture.service.cgroup_id, "major_faults")),
        slow_threshold_seconds=slow.ns / 1e9,
        slow_threshold_basis=slow.basis,
        file_reads=int(files.sum()),
        slow_reads=int(slow_reads.sum()),
        p50_seconds=percentile_seconds(all_files, 0.5),
        p90_seconds=percentile_seconds(all_files, 0.9),
        p99_seconds=percentile_seconds(all_files, 0.99),
        p999_seconds=percentile_seconds(all_files, 0.999),
        modes=[
            _mode("fast", files, slice(0, slow.first_bin), frame.windows.measured_misses),
            _mode("slow", files, slice(slow.first_bin, BINS), frame.windows.measured_misses),
        ],
        kinds={name: _kind(frame, name, row) for name, row in zip(KINDS, by_kind, strict=True) if row.any()},
        histogram=_octaves(files),
        map=_map(frame),
        series=ReadSeries(
            file_reads=frame.merged(frame.windows.read_count()),
            slow_reads=frame.merged(slow_reads),
            p99_seconds=_p99_series(frame),
        ),
        files=listed[:TOP_FILES],
        files_omitted=max(0, len(listed) - TOP_FILES),
    )


def _mode(name: Literal["fast", "slow"], files: Ints, part: slice, told_apart: bool) -> Mode:
    """Return what lies in a part of the bins, below the slow threshold or from it on."""
    inside = np.zeros_like(files)
    inside[:, part] = files[:, part]
    time = time_ns(files.sum(axis=0))
    hit, missed, direct, io_uring = inside.sum(axis=1).tolist()
    return Mode(
        mode=name,
        reads=int(inside.sum()),
        share=ratio(int(inside.sum()), int(files.sum())),
        hit=hit if told_apart else None,
        missed=missed if told_apart else None,
        direct=direct,
        io_uring=io_uring,
        median_seconds=percentile_seconds(inside.sum(axis=0), 0.5),
        time_share=ratio(float(time[part].sum()), float(time.sum())),
    )


def _kind(frame: Frame, kind: ReadKind, counts: Ints) -> ReadsOfKind:
    time_ns_, size = _total(frame, kind, "total_ns"), _total(frame, kind, "total_bytes")
    return ReadsOfKind(
        reads=int(counts.sum()),
        time_seconds=None if time_ns_ is None else time_ns_ / 1e9,
        bytes=None if kind == "io_uring" else size,  # not known, see bpf/uring.c
        p50_seconds=percentile_seconds(counts, 0.5),
        p90_seconds=percentile_seconds(counts, 0.9),
        p99_seconds=percentile_seconds(counts, 0.99),
        p999_seconds=percentile_seconds(counts, 0.999),
    )


def _total(frame: Frame, kind: ReadKind, column: str) -> int | None:
    missing = frame.windows.lacks(f"read_totals.{column}") or not len(frame.capture.read_totals.kind)
    return None if missing else int(frame.windows.read_total(column, (kind,)).sum())


def _octaves(files: Ints) -> Octaves:
    """Return the histogram in octaves (bins that double), from the first to the last that holds a read."""
    by_octave = files.reshape(len(FILE_KINDS), -1, BINS_PER_OCTAVE).sum(axis=2)
    edges = lower_edges()[::BINS_PER_OCTAVE] / 1e9
    filled = np.flatnonzero(by_octave.sum(axis=0))
    part = slice(int(filled[0]), int(filled[-1]) + 1) if filled.size else slice(0, 0)
    hit, missed, direct, io_uring = by_octave[:, part].tolist()
    lower, upper = edges[:-1][part].tolist(), edges[1:][part].tolist()
    return Octaves(lower_seconds=lower, upper_seconds=upper, hit=hit, missed=missed, direct=direct, io_uring=io_uring)


def _map(frame: Frame) -> LatencyMap:
    window, kind, bins, count = frame.windows.reads
    place = np.full(len(KINDS), -1)
    place[_FILES] = range(len(_FILES))
    of_files = place[kind] >= 0
    return latency_map(frame, window[of_files], place[kind][of_files], bins[of_files], count[of_files])


def _p99_series(frame: Frame) -> list[float | None]:
    window, kind, bins, count = frame.windows.reads
    rows = np.isin(kind, _FILES)
    key = window[rows] // frame.windows_per_point * BINS + bins[rows]
    return [percentile_seconds(row, 0.99) for row in sums_by(key, count[rows], frame.points * BINS).reshape(-1, BINS)]


def _files(frame: Frame) -> list[WaitedFile]:
    """Return all files that were waited for, those with most slow reads first."""
    files = sorted(frame.capture.files, key=lambda f: (-f.slow_reads, -f.missed_reads, f.device, f.inode, f.path or ""))
    missed, time = sum(f.missed_reads for f in files), sum(f.total_ns for f in files)
    return [_file(file, missed, time) for file in files]


def _file(file: ReadFile, missed: int, time: int) -> WaitedFile:
    return WaitedFile(
        path=file.path,
        device=file.device,
        inode=file.inode,
        slow_reads=file.slow_reads,
        missed_reads=file.missed_reads,
        missed_share=ratio(file.missed_reads, missed),
        time_seconds=file.total_ns / 1e9,
        time_share=ratio(file.total_ns, time),
    )
