"""The names that people know cgroups by, of the cgroups that a report's tables speak of (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel

_PATH_KEYS = ("cgroup", "evictor", "victim")
_LONG_ID = re.compile("([0-9a-f]{12})[0-9a-f]{52}")


def used_in(measurements: object, names: Mapping[str, str], paths: Iterable[str]) -> dict[str, str]:
    """Return the names of the paths that occur in the measurements of a report, and of `paths`."""
    used = {*paths, *_paths_in(measurements)}
    return {path: names[path] for path in sorted(used) if path in names}


def short_ids(path: str) -> str:
    """Return a path with the ids of containers cut to the 12 digits that docker and podman print."""
    return _LONG_ID.sub(r"\1…", path)


def _paths_in(part: Any) -> Iterator[str]:
    if isinstance(part, BaseModel | dict):
        for key, value in dict(part).items():
            if key in _PATH_KEYS and isinstance(value, str):
                yield value
            else:
                yield from _paths_in(value)
    elif isinstance(part, list):
        for value in part:
            yield from _paths_in(value)
