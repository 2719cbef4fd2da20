"""What may be named as a service here: the list behind `diagnose services`, and the nearest names to a wrong one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from diagnose.cgroups.hierarchy import Hierarchy
from diagnose.cgroups.managers import pod_names
from diagnose.cgroups.naming import Manager, name_of, pod_uid
from diagnose.cgroups.paths import ancestors
from diagnose.cgroups.reading import read_cache

NEAREST = 5
"""How many names an "unknown" message offers."""


@dataclass(frozen=True)
class ServiceListing:
    name: str
    """What --service takes: unit, container id, namespace/pod, or the path where there is no other name."""
    cgroup: str
    manager: Manager
    usage_bytes: int | None
    file_bytes: int | None
    """Page cache charged to the subtree; None: could not be read."""
    processes: int
    """In the whole subtree."""


def list_services(hierarchy: Hierarchy, text: str = "") -> list[ServiceListing]:
    """Return the cgroups below the root whose name or path contains `text`, the largest page cache first.

    Case does not matter. Raises CannotMeasureError if the processes of a cgroup may not be read.
    """
    pods = pod_names(hierarchy.root)
    paths = [path for _, path in hierarchy.walk() if path != "/"]
    named = {path: _known_as(path, pods) for path in paths}
    wanted = text.casefold()
    matching = {path for path in paths if wanted in path.casefold() or wanted in named[path][0].casefold()}
    counts = _processes(hierarchy, paths, matching)
    rows = [ServiceListing(named[p][0], p, named[p][1], *read_cache(hierarchy, p), counts[p]) for p in matching]
    return sorted(rows, key=lambda row: (-1 if row.file_bytes is None else row.file_bytes, row.cgroup), reverse=True)


def nearest(wanted: str, choices: Iterable[str]) -> list[str]:
    """Return up to `NEAREST` of `choices` that look like `wanted`, the likeliest first."""
    return _nearest(wanted, {choice: choice for choice in choices})


def nearest_services(hierarchy: Hierarchy, wanted: str) -> list[str]:
    """Return names that --service takes here and that look like `wanted`, the likeliest first."""
    pods = pod_names(hierarchy.root)
    spellings: dict[str, str] = {}
    for _, path in hierarchy.walk():
        if path != "/":
            name, _ = _known_as(path, pods)
            leaf = path.rsplit("/", 1)[1]
            for spelling in (path, leaf, leaf.removesuffix(".service"), name, name.removesuffix(".service")):
                spellings.setdefault(spelling, name)
    return _nearest(wanted, spellings)


def _nearest(wanted: str, spellings: dict[str, str]) -> list[str]:
    # a name is at most 255 bytes: what is longer resembles none, and difflib's cost grows with the length
    cut = wanted[:255].casefold()
    folded = {spelling.casefold(): name for spelling, name in spellings.items()}
    close = difflib.get_close_matches(cut, folded, n=NEAREST, cutoff=0.6)
    containing = sorted((s for s in folded if len(cut) > 2 and cut in s), key=lambda s: (len(s), s))
    return list(dict.fromkeys(folded[spelling] for spelling in (*close, *containing)))[:NEAREST]


def _known_as(path: str, pods: dict[str, str]) -> tuple[str, Manager]:
    name, manager = name_of(path)
    pod = pods.get(pod_uid(path) or "")
    return pod or name or path, manager


def _processes(hierarchy: Hierarchy, paths: list[str], matching: set[str]) -> dict[str, int]:
    """Count processes by matching cgroup; a cgroup outside every match is not opened."""
    counts = dict.fromkeys(matching, 0)
    for path in paths:
        holders = [holder for holder in (path, *ancestors(path)) if holder in counts]
        if holders:
            here = len(hierarchy.pids(path))
            for holder in holders:
                counts[holder] += here
    return counts
