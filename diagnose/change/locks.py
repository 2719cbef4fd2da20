"""The cgroups of one change, held open and locked until it is done; each once, however many of its settings change."""

from __future__ import annotations

from contextlib import ExitStack

from diagnose.cgroups import Hierarchy, OpenCgroup, opened


class Held:
    """`held[path]` opens and locks a cgroup, or gives the open one; raises UsageError. `stack` closes them all."""

    def __init__(self, hierarchy: Hierarchy, stack: ExitStack) -> None:
        self._hierarchy, self._stack = hierarchy, stack
        self._cgroups: dict[str, OpenCgroup] = {}

    def __getitem__(self, path: str) -> OpenCgroup:
        if path not in self._cgroups:
            cgroup = self._stack.enter_context(opened(self._hierarchy, path))
            cgroup.lock()
            self._cgroups[path] = cgroup
        return self._cgroups[path]
