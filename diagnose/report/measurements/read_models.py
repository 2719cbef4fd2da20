"""`read_latency`: percentiles, the histogram by hit and miss, modes, kinds of read, files, latency over time."""

from typing import Literal

from pydantic import Field

from diagnose.capture.base import FileKind, ReadKind, SlowBasis
from diagnose.report.measurements.part import Figure, Number, Part


class Mode(Part):
    """What lies below the slow threshold, or from it on. `time_share` is an estimate from the middles of the bins."""

    mode: Literal["fast", "slow"]
    reads: int
    share: Figure
    hit: int | None
    """None, as `missed`: the two were not told apart."""
    missed: int | None
    direct: int
    io_uring: int = 0
    median_seconds: Figure
    time_share: Figure


class ReadsOfKind(Part):
    """All read calls of a kind."""

    reads: int
    time_seconds: Figure
    bytes: int | None
    p50_seconds: Figure
    p90_seconds: Figure
    p99_seconds: Figure
    p999_seconds: Figure


class Octaves(Part):
    """Reads of files by latency, in bins that double, by kind."""

    lower_seconds: list[Number]
    upper_seconds: list[Number]
    hit: list[int]
    missed: list[int]
    direct: list[int]
    io_uring: list[int] = []


class LatencyMap(Part):
    """Reads of files by latency and time: `reads[row][column]`; a row is a quarter of an octave.

    `kinds[name][row]` are the reads of a kind over the whole capture.
    """

    windows_per_column: int = 1
    lower_seconds: list[Number] = []
    upper_seconds: list[Number] = []
    kinds: dict[FileKind, list[int]] = {}
    reads: list[list[int]] = []


class ReadSeries(Part):
    """Over time, a value a point."""

    file_reads: list[int]
    slow_reads: list[int]
    p99_seconds: list[Figure]


class WaitedFile(Part):
    """A file that the service waited for; shares of all files that it did."""

    path: str | None
    """None: not known."""
    device: str
    inode: int
    slow_reads: int
    missed_reads: int
    missed_share: Figure = None
    time_seconds: Number
    time_share: Figure = None


class ReadLatency(Part):
    """Latency of read calls, in seconds and reads; `file_reads` are those of regular files, as are the percentiles."""

    misses_told_apart: bool = True
    major_faults: int | None = None
    """Page faults of the service that waited for a device: reads through mmap are such, swap too."""
    slow_threshold_seconds: Number
    slow_threshold_basis: SlowBasis
    file_reads: int
    slow_reads: int
    p50_seconds: Figure
    p90_seconds: Figure
    p99_seconds: Figure
    p999_seconds: Figure
    modes: list[Mode]
    """The fast one, then the slow one."""
    kinds: dict[ReadKind, ReadsOfKind]
    """Of every kind of read that occurred."""
    histogram: Octaves
    map: LatencyMap = Field(default_factory=LatencyMap)
    series: ReadSeries
    files: list[WaitedFile]
    files_omitted: int
