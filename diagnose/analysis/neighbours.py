"""Who shares the host with the service: candidates for blame, at the level a person would name (pure).

Evictions and insertions are known per cgroup. Workers of one job often have a cgroup each, so guilt is rolled up:
below the cgroups that the service itself lies in, a job is one neighbour, unless a single child bears nearly all.
Kernel threads (kswapd, kdamond) run in the root cgroup; what they do is never laid to a neighbour called "/".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from diagnose.analysis.evictions import RECLAIM
from diagnose.analysis.inflow import own_turnover
from diagnose.analysis.windows import Series, Windows
from diagnose.cgroups.naming import name_of
from diagnose.cgroups.paths import is_within

ONE_CHILD_BEARS = 0.8
"""From this share on, a single child is named instead of its parent."""
MAX_NEIGHBOURS = 30
MIN_PAGES = 256
"""Below this many pages moved (1 MiB of 4 KiB pages) nobody is worth a question."""

# Folders that hold other people's cgroups: nobody calls these "the job".
_ORGANISING = ("docker", "libpod_parent", "kubepods", "burstable", "besteffort", "lxc", "machine", "user", "system")


@dataclass(frozen=True)
class Neighbour:
    """A candidate: the cgroup to name, and all cgroups at and below it that moved pages."""

    path: str
    ids: frozenset[int]


def neighbours(windows: Windows) -> list[Neighbour]:
    """Return the candidates: who evicted most of the service's pages first, then by pages inserted, then by I/O.

    Without BPF nobody saw who evicts: then it is who brought most into memory.
    """
    measures: tuple[dict[int, float], ...] = (
        windows.evicted_by(RECLAIM, windows.service_ids),
        windows.inserted_by(),
        _device_pages(windows),
    )
    if windows.without_bpf:
        measures = ({cgroup: float(pages.sum()) for cgroup, pages in own_turnover(windows).items()},)
    top = windows.capture.service.cgroup
    actors = {
        cgroup: windows.paths[cgroup]
        for cgroup in set().union(*measures)
        if cgroup in windows.paths and cgroup not in windows.service_ids
    }
    groups = _grouped(actors, top, measures)

    def pages(n: Neighbour) -> tuple[float, ...]:
        return tuple(sum(measure.get(i, 0.0) for i in n.ids) for measure in measures)

    worth = [n for n in groups if sum(pages(n)) >= MIN_PAGES]
    return sorted(worth, key=lambda n: (*(-p for p in pages(n)), n.path))[:MAX_NEIGHBOURS]


def _device_pages(windows: Windows) -> dict[int, float]:
    """Return pages read from and written to devices by submitting cgroup: direct I/O is in no other count."""
    table, size = windows.capture.block_requests, windows.capture.host.page_bytes
    moved: dict[int, float] = {}
    for cgroup, moved_bytes in zip(table.cgroup, table.bytes, strict=True):
        if cgroup is not None:
            moved[cgroup] = moved.get(cgroup, 0.0) + moved_bytes / size
    return moved


def _grouped(actors: dict[int, str], service: str, measures: Sequence[Mapping[int, float]]) -> list[Neighbour]:
    by_top: dict[str, list[int]] = {}
    for cgroup, path in actors.items():
        by_top.setdefault(_job(path, service), []).append(cgroup)
    groups = []
    for top, ids in by_top.items():
        # Members of a job are weighed by the worst that any of them did.
        weigh = next((m for m in measures if sum(m.get(i, 0.0) for i in ids) > 0), measures[-1])
        groups += _split(top, ids, actors, weigh)
    return groups


def _job(path: str, service: str) -> str:
    """Return the highest cgroup on the way to `path` that does not also hold the service and is not a mere folder."""
    if is_within(service, path):
        return path  # a cgroup the service lies in: only the tasks directly in it act under its name
    parts = path.strip("/").split("/")
    for depth in range(1, len(parts) + 1):
        top = "/" + "/".join(parts[:depth])
        if not is_within(service, top) and not _organises(parts[depth - 1]):
            return top
    return path


def person_level(path: str, service: str) -> str:
    """Return the cgroup that a person would set a limit on for `path`: its unit or container, else the whole job."""
    parts = path.strip("/").split("/")
    for depth in range(len(parts), 0, -1):
        level = "/" + "/".join(parts[:depth])
        if is_within(service, level):
            break
        if name_of(level)[1] != "files" and not level.endswith(".slice"):
            return level
    return _job(path, service)


def _organises(name: str) -> bool:
    return name.endswith(".slice") or name in _ORGANISING


def _split(top: str, ids: list[int], actors: dict[int, str], weight: Mapping[int, float]) -> list[Neighbour]:
    """Go down while one child bears nearly all; its siblings then stand for themselves."""
    children: dict[str, list[int]] = {}
    for cgroup in ids:
        below = actors[cgroup].removeprefix(top.rstrip("/")).strip("/")
        child = f"{top.rstrip('/')}/{below.split('/')[0]}" if below else top
        children.setdefault(child, []).append(cgroup)

    def weighed(members: list[int]) -> float:
        return sum(weight.get(cgroup, 0.0) for cgroup in members)

    total = weighed(ids)
    heaviest = max(children.values(), key=weighed)
    if len(children) == 1 and next(iter(children)) == top:
        return [Neighbour(top, frozenset(ids))]
    if total > 0 and weighed(heaviest) < ONE_CHILD_BEARS * total:
        return [Neighbour(top, frozenset(ids))]
    return [
        group
        for child, members in children.items()
        for group in (
            [Neighbour(child, frozenset(members))] if child == top else _split(child, members, actors, weight)
        )
    ]


def host_inflow(windows: Windows) -> Series | None:
    """Return the pages that flowed into the host's memory per window; None where insertions were not measured.

    Inflow is what makes kswapd run: pages inserted into the page cache by anybody, and the growth of anonymous memory
    (vmstat nr_anon_pages), which is in the sum so that nobody's cache is blamed for it.
    """
    everybody, anon = windows.cache("inserted"), windows.host_increase("vmstat.nr_anon_pages")
    if everybody is None or anon is None:
        return everybody
    grown: Series = everybody + np.nan_to_num(anon)
    return grown


def inflow(windows: Windows, ids: frozenset[int]) -> Series | None:
    """Return the share of the host's inflow of memory that some cgroups made, per window; NaN where none flowed."""
    own, everybody = windows.cache("inserted", ids), host_inflow(windows)
    if own is None or everybody is None:
        return None
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(everybody > 0, own / everybody, np.nan)


def evicted_by(windows: Windows, ids: frozenset[int]) -> tuple[Series, Series] | None:
    """Return the service's pages evicted per window by some cgroups: directly, and their part of kswapd's by inflow."""
    direct = windows.evictions(RECLAIM, windows.service_ids, ids)
    kswapd = windows.evictions(("kswapd",), windows.service_ids)
    share = inflow(windows, ids)
    if direct is None or kswapd is None:
        return None
    return direct, kswapd * (np.nan_to_num(share) if share is not None else 0.0)
