"""Large captures: a recorded one, repeated in time and joined by more cgroups that move cache, as on a large host."""

from __future__ import annotations

from itertools import pairwise
from typing import TypeVar

import numpy as np

from diagnose.capture.model import Capture, CgroupRecord
from diagnose.capture.tables import Cache, CgroupSamples, Samples, Table
from diagnose.measure.probes.cgroups import MAX_WATCHED

AnyTable = TypeVar("AnyTable", bound=Table)
AnySamples = TypeVar("AnySamples", bound=Samples)


def grown(capture: Capture, windows: int, cgroups: int) -> Capture:
    """Return the capture with that many windows, and `cgroups` more that insert pages in every one of them.

    As the battery does it, the memory files of `MAX_WATCHED` of them are read in every window.
    """
    rng = np.random.default_rng(1)
    times = -(-windows // capture.windows)
    first = max(c.id for c in capture.cgroups) + 1
    new = list(range(first, first + cgroups))
    tables = {
        name: _repeated(table, capture.windows, windows, times)
        for name in type(capture).model_fields
        if isinstance(table := getattr(capture, name), Table)
    }
    samples = _samples(capture.cgroup_samples, capture.windows, windows, times)
    pattern = max(capture.cgroups, key=lambda c: sum(i == c.id for i in capture.cgroup_samples.cgroup)).id
    return capture.model_copy(
        update={
            **tables,
            "windows": windows,
            "requested_windows": windows,
            "interrupted": False,
            "cache": _joined(tables["cache"], windows, new, rng),
            "blame": capture.blame and capture.blame.model_copy(
                update={"reads": _repeated(capture.blame.reads, capture.windows, windows, times)}
            ),
            "cgroups": [*capture.cgroups, *(CgroupRecord(id=i, path=f"/innocents/{i}") for i in new)],
            "cgroup_samples": _watched(samples, pattern, new[:MAX_WATCHED]),
            "host_samples": _host(capture.host_samples, capture.windows, windows, times),
        }
    )  # fmt: skip


def _repeated(table: AnyTable, period: int, windows: int, times: int) -> AnyTable:
    columns = table.columns()
    window = np.array(columns["window"], np.int64)
    shifted = (window[None, :] + period * np.arange(times)[:, None]).ravel()
    keep = shifted < windows
    fresh = {name: _kept(list(column) * times, keep) for name, column in columns.items() if name != "window"}
    return type(table).model_construct(**{**dict(table), **fresh, "window": shifted[keep].tolist()})


def _kept(column: list[object], keep: np.ndarray) -> list[object]:
    return [value for value, wanted in zip(column, keep.tolist(), strict=True) if wanted]


def _joined(cache: Table, windows: int, new: list[int], rng: np.random.Generator) -> Cache:
    columns, rows = cache.columns(), windows * len(new)
    fresh = {
        "window": np.repeat(np.arange(windows), len(new)).tolist(),
        "cgroup": new * windows,
        **{name: rng.poisson(40, rows).tolist() for name in ("looked_up", "missed", "inserted", "dirtied")},
    }
    return Cache.model_construct(**{name: [*columns[name], *fresh[name]] for name in fresh})


def _samples(samples: CgroupSamples, period: int, windows: int, times: int) -> CgroupSamples:
    first = [w == -1 for w in samples.window]
    window, cgroup, row = [], [], []
    for n in range(times):
        for i, (at, who) in enumerate(zip(samples.window, samples.cgroup, strict=True)):
            if (first[i] and n == 0) or (not first[i] and at + n * period < windows):
                window.append(at if first[i] else at + n * period)
                cgroup.append(who)
                row.append((i, n))
    values = {name: _continued(column, samples.cgroup, row) for name, column in samples.values.items()}
    return CgroupSamples.model_construct(window=window, cgroup=cgroup, values=values)


def _continued(column: list[int | None], cgroup: list[int], rows: list[tuple[int, int]]) -> list[int | None]:
    """Repeat a column; a counter, which never falls, goes on where it ended."""
    series: dict[int, list[int]] = {}
    for who, value in zip(cgroup, column, strict=True):
        if value is not None:
            series.setdefault(who, []).append(value)
    rise = {who: s[-1] - s[0] if all(a <= b for a, b in pairwise(s)) else 0 for who, s in series.items()}
    return [None if (v := column[i]) is None else v + n * rise[cgroup[i]] for i, n in rows]


def _host(samples: Samples, period: int, windows: int, times: int) -> Samples:
    as_one = CgroupSamples.model_construct(
        window=samples.window, cgroup=[0] * len(samples.window), values=samples.values
    )
    longer = _samples(as_one, period, windows, times)
    return Samples.model_construct(window=longer.window, values=longer.values)


def _watched(samples: CgroupSamples, pattern: int, new: list[int]) -> CgroupSamples:
    """Give each new cgroup the readings of an old one."""
    rows = [i for i, who in enumerate(samples.cgroup) if who == pattern]
    copies = len(new)
    return CgroupSamples.model_construct(
        window=[*samples.window, *[samples.window[i] for i in rows] * copies],
        cgroup=[*samples.cgroup, *(who for who in new for _ in rows)],
        values={name: [*column, *[column[i] for i in rows] * copies] for name, column in samples.values.items()},
    )
