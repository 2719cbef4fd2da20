"""What may be named as a service here: the list behind `diagnose services`, and the nearest names to a wrong one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from diagnose.cgroups.hierarchy import Hierarchy
from diagnose.cgroups.names import KnownNames
from diagnose.cgroups.naming import Manager, container_id, name_of
from diagnose.cgroups.paths import ancestors
from diagnose.cgroups.reading import read_cache
from diagnose.cgroups.runtimes import Run, run_command

NEAREST = 5
"""How many names an "unknown" message offers."""


@dataclass(frozen=True)
class ServiceListing:
    name: str
    """What --service takes: unit, container, namespace/pod(/container), or the path where there is no other name."""
    cgroup: str
    manager: Manager
    usage_bytes: int | None
    file_bytes: int | None
    """Page cache charged to the subtree; None: could not be read."""
    processes: int
    """In the whole subtree."""


def list_services(hierarchy: Hierarchy, text: str = "", run: Run = run_command) -> list[ServiceListing]:
    """Return the cgroups below the root whose name or path contains `text`, the largest page cache first.

    Case does not matter. `run` asks container runtimes for the names that their files do not tell. Raises
    CannotMeasureError if the processes of a cgroup may not be read.
    """
    paths = [path for _, path in hierarchy.walk() if path != "/"]
    known = KnownNames(hierarchy.root, run)
    known.learn(paths)
    named = {path: known.name(path) or path for path in paths}
    wanted = text.casefold()
    matching = {path for path in paths if wanted in path.casefold() or wanted in named[path].casefold()}
    counts = _processes(hierarchy, paths, matching)
    rows = [ServiceListing(named[p], p, name_of(p)[1], *read_cache(hierarchy, p), counts[p]) for p in matching]
    return sorted(rows, key=lambda row: (-1 if row.file_bytes is None else row.file_bytes, row.cgroup), reverse=True)


def nearest(wanted: str, choices: Iterable[str]) -> list[str]:
    """Return up to `NEAREST` of `choices` that look like `wanted`, the likeliest first."""
    return _nearest(wanted, {choice: choice for choice in choices})


def nearest_services(hierarchy: Hierarchy, wanted: str, run: Run = run_command) -> list[str]:
    """Return names that --service takes here and that look like `wanted`, the likeliest first."""
    paths = [path for _, path in hierarchy.walk() if path != "/"]
    known = KnownNames(hierarchy.root, run)
    known.learn(paths)
    spellings: dict[str, str] = {}
    for path in paths:
        name = known.name(path) or path
        for spelling in _spellings(path, name):
            spellings.setdefault(spelling, name)
    return _nearest(wanted, spellings)


def _spellings(path: str, name: str) -> tuple[str, ...]:
    leaf = path.rsplit("/", 1)[1]
    # the last part of namespace/pod/container is what people type first
    last = () if container_id(path) is None else (name.rsplit("/", 1)[-1],)
    return (path, leaf, leaf.removesuffix(".service"), name, name.removesuffix(".service"), *last)


def _nearest(wanted: str, spellings: dict[str, str]) -> list[str]:

    # a name is at most 255 bytes: what is longer resembles none, and difflib's cost grows with the length
    cut = wanted[:255].casefold()
    folded = {spelling.casefold(): name for spelling, name in spellings.items()}
    close = difflib.get_close_matches(cut, folded, n=NEAREST, cutoff=0.6)
    containing = sorted((s for s in folded if len(cut) > 2 and cut in s), key=lambda s: (len(s), s))
    return list(dict.fromkeys(folded[spelling] for spelling in (*close, *containing)))[:NEAREST]


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
