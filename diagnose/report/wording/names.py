"""The names that people know cgroups by, put into a report beside their paths (pure).

The capture holds the names, as they were while the cgroups lived. Findings and recommendations are worked out in paths,
which are what is unique; here, in one place, their sentences get the names.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import BaseModel

from diagnose.capture.model import Capture
from diagnose.report.model import Recommendation

_PATH_KEYS = ("cgroup", "evictor", "victim")
_LISTS = ("arithmetic", "alternatives")
_LONG_ID = re.compile("([0-9a-f]{12})[0-9a-f]{52}")
_BEFORE, _AFTER = r"(?:^|(?<=[\s(]))", r"(?=$|[\s,;:)']|\.(?:\s|$))"


@dataclass(frozen=True)
class Labels:
    """`names`: by path, of the cgroups that have one beside it."""

    names: Mapping[str, str]

    @classmethod
    def of(cls, capture: Capture) -> Labels:
        """Return the names in a capture; of several cgroups that bore a path, the one that was made last counts."""
        records = sorted(capture.cgroups, key=lambda record: record.id)
        return cls({record.path: record.name for record in records if record.name and record.path})

    def in_prose(self, text: str, known: Iterable[str] = ()) -> str:
        """Return a sentence with "web1 (/docker/4f8a1c2e9b7d…)" where it first names a path, and "web1" after that.

        `known`: paths that the reader was told already.
        """
        if self._paths is None:
            return text
        told = set(known)

        def called(match: re.Match[str]) -> str:
            path = match[0]
            name, again = self.names[path], path in told
            told.add(path)
            return name if again and self._bearers[name] == 1 else f"{name} ({short_ids(path)})"

        return self._paths.sub(called, text)

    def recommendation(self, recommendation: Recommendation) -> Recommendation:
        """Commands keep the paths: they are for a shell."""
        path, texts = recommendation.cgroup, ("reason", "expected_effect", "risk")
        prose = {key: self.in_prose(getattr(recommendation, key), [path]) for key in texts}
        lines = {key: [self.in_prose(line, [path]) for line in getattr(recommendation, key)] for key in _LISTS}
        return recommendation.model_copy(update={**prose, **lines, "name": self.names.get(path)})

    def used_in(self, measurements: object, paths: Iterable[str]) -> dict[str, str]:
        """Return the names of the paths that occur in the measurements of a report, and of `paths`."""
        used = {*paths, *_paths_in(measurements)}
        return {path: self.names[path] for path in sorted(used) if path in self.names}

    @cached_property
    def _bearers(self) -> Counter[str]:
        return Counter(self.names.values())

    @cached_property
    def _paths(self) -> re.Pattern[str] | None:
        # the longest first: a path may be the beginning of another
        paths = "|".join(re.escape(path) for path in sorted(self.names, key=len, reverse=True))
        return re.compile(f"{_BEFORE}(?:{paths}){_AFTER}") if paths else None


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
