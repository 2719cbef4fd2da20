"""A capture made of the few rows that a test is about; whatever it does not name was measured and is empty."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from diagnose.analysis.windows import Windows
from diagnose.capture.model import Capture, CgroupRecord, ServiceRecord
from diagnose.capture.tables import (
    BlockLatency,
    BlockRequests,
    Cache,
    CgroupSamples,
    Evictions,
    Reads,
    ReadTotals,
    Samples,
)
from diagnose.histogram import bin_of
from tests.helpers.example_report import example_capture

MIB = 1 << 20
SVC = 11
Row = Sequence[Any]


def small_capture(
    cgroups: dict[int, str] | None = None,
    service: str = "/dg/svc",
    windows: int = 4,
    reads: Sequence[Row] | None = None,
    totals: Sequence[Row] = (),
    cache: Sequence[Row] = (),
    evictions: Sequence[Row] = (),
    samples: dict[tuple[int, str], list[int | None]] | None = None,
    host: dict[str, list[int | None]] | None = None,
    settings: dict[int, dict[str, int | None]] | None = None,
    **changes: Any,
) -> Capture:
    """Return the capture.

    `reads`: (window, kind, bin, count), without it those of the totals, of their mean latency each; `totals`: (window,
    kind, count, ns, bytes, looked up, missed); `cache`: (window, cgroup, looked up, missed, inserted, dirtied);
    `evictions`: (window, evictor, victim, cause, pages).
    `samples` and `host`: readings by (cgroup, key) and by key, the first of them from before window 0.
    """
    names = {1: "/", 10: "/dg", SVC: service} if cgroups is None else cgroups
    ids = {path: cgroup for cgroup, path in names.items()}
    return example_capture(
        windows=windows,
        requested=max(1, windows),
        **{
            "service": ServiceRecord(name="svc", cgroup=service, cgroup_id=ids.get(service, SVC), processes=[]),
            "cgroups": [CgroupRecord(id=i, path=p, settings=(settings or {}).get(i, {})) for i, p in names.items()],
            "reads": Reads(**_table(Reads, _timed(totals) if reads is None else reads)),
            "read_totals": ReadTotals(**_table(ReadTotals, totals)),
            "cache": Cache(**_table(Cache, cache)),
            "evictions": Evictions(**_table(Evictions, evictions)),
            "block_requests": BlockRequests(),
            "block_latency": BlockLatency(),
            "files": [],
            "cgroup_samples": _samples(samples or {}),
            "host_samples": Samples(window=_span(host or {}), values=host or {}),
            **changes,
        },
    )


def small_windows(**parts: Any) -> Windows:
    """Return the series of such a capture."""
    return Windows(small_capture(**parts))


def _table(model: Any, rows: Sequence[Row]) -> dict[str, list[Any]]:
    columns = list(zip(*rows, strict=True)) or [()] * len(model.model_fields)
    return {name: list(column) for name, column in zip(model.model_fields, columns, strict=True)}


def _timed(totals: Sequence[Row]) -> list[Row]:
    return [(window, kind, bin_of(ns // count), count) for window, kind, count, ns, *_ in totals if count]


def _span(columns: dict[str, list[int | None]]) -> list[int]:
    return list(range(-1, max(map(len, columns.values()), default=0) - 1))


def _samples(readings: dict[tuple[int, str], list[int | None]]) -> CgroupSamples:
    cgroups = sorted({cgroup for cgroup, _ in readings})
    keys = sorted({key for _, key in readings})
    length = max(map(len, readings.values()), default=0)
    window: list[int] = []
    cgroup_column: list[int] = []
    values: dict[str, list[int | None]] = {key: [] for key in keys}
    for cgroup in cgroups:
        window += range(-1, length - 1)
        cgroup_column += [cgroup] * length
        for key in keys:
            column = readings.get((cgroup, key), [])
            values[key] += column + [None] * (length - len(column))
    return CgroupSamples(window=window, cgroup=cgroup_column, values=values)
