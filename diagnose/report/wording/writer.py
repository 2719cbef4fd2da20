"""Cgroups in a text: "web1 (/docker/4f8a1c2e9b7d…)" at the first mention, "web1" after it (pure)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from diagnose.capture.model import Capture
from diagnose.report.wording.names import short_ids


@dataclass(frozen=True)
class Names:
    """`known`: the name that a person knows (unit, container, pod) by cgroup path, where there is one beside it."""

    known: Mapping[str, str]

    @classmethod
    def of(cls, capture: Capture) -> Names:
        """Return the names in a capture; of several cgroups that bore a path, the one that was made last counts."""
        records = sorted(capture.cgroups, key=lambda record: record.id)
        return cls({record.path: record.name for record in records if record.name and record.path})

    def writer(self, mentioned: Iterable[str] = ()) -> Writer:
        """Return a writer for one text; the reader knows already what `mentioned` paths are called."""
        return Writer(self, set(mentioned))

    @cached_property
    def bearers(self) -> Counter[str]:
        """How many paths bear each name: one that two bear never stands alone."""
        return Counter(self.known.values())


class Writer:
    """Writes one text: remembers which cgroups the reader has met in it."""

    def __init__(self, names: Names, mentioned: set[str]) -> None:
        self._names, self._mentioned = names, mentioned

    def cgroup(self, path: str) -> str:
        """Return a cgroup as the reader knows it; without a name its path."""
        name = self._names.known.get(path)
        if name is None:
            return path
        again = path in self._mentioned
        self._mentioned.add(path)
        return name if again and self._names.bearers[name] == 1 else f"{name} ({short_ids(path)})"

    def cgroups(self, paths: Iterable[str]) -> str:
        """Return "a", "a and b" or "a, b and c"."""
        return enumeration(map(self.cgroup, paths))


def enumeration(names: Iterable[str]) -> str:
    """Return "a", "a and b", "a, b and c"; "none" of none."""
    *first, last = list(names) or ["none"]
    return f"{', '.join(first)} and {last}" if first else last
