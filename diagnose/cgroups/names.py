"""The names that people know cgroups by, gathered while they live and kept when they vanish.

Units, slices and scopes are named by their paths (naming.py). Containers and pods are asked for at their runtimes
(runtimes.py): files first, and commands for what the files leave unknown. A measurement asks in the background, so that
a runtime that hangs costs a name and never the run.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from diagnose.cgroups import runtimes
from diagnose.cgroups.naming import SHORT_ID, Manager, container_id, name_of, pod_uid
from diagnose.cgroups.paths import ancestors
from diagnose.cgroups.runtimes import Run, run_command

_TOOLS: dict[Manager, tuple[str, ...]] = {
    "podman": ("podman",),
    "docker": ("docker",),
    "kubernetes": ("crictl", "docker"),
    "files": ("podman", "docker"),
}
"""Whom to ask for a container that no file names; a bare id may be anybody's."""


class KnownNames:
    """Names by path. `learn` waits for the answers, `learn_later` and `finish` do not."""

    def __init__(self, root: Path, run: Run = run_command) -> None:
        self._root, self._run = _host_root(root), run
        self._names = runtimes.Names()
        self._looked_for: set[str] = set()
        self._worker: threading.Thread | None = None
        self._pending: dict[str, str] = {}

    def learn(self, paths: Iterable[str], commands: bool = True) -> None:
        """Ask for the containers and pods among `paths`: their files, and where those do not do, their runtimes."""
        self._look_up(self._new(paths), commands)

    def learn_later(self, paths: Iterable[str]) -> None:
        """Ask for them in the background; what comes while an earlier question is open waits for its turn."""
        self._pending |= self._new(paths)
        if self._pending and (self._worker is None or not self._worker.is_alive()):
            asked, self._pending = self._pending, {}
            self._worker = threading.Thread(target=self._look_up, args=(asked, True), daemon=True)
            self._worker.start()

    def finish(self, seconds: float) -> None:
        """Wait for open answers, at most so long."""
        until = time.monotonic() + seconds
        while self._worker is not None and (left := until - time.monotonic()) > 0:
            self._worker.join(left)
            if self._worker.is_alive() or not self._pending:
                return
            self.learn_later(())

    def name(self, path: str) -> str | None:
        """Return the name that --service takes: unit, container, namespace/pod(/container); None: only the path."""
        name, _ = name_of(path)
        return self._names.containers.get(container_id(path) or "") or self._names.pods.get(pod_uid(path) or "") or name

    def label(self, path: str) -> str | None:
        """Return the name for a report: as `name`, and for what lies inside a unit or container, "worker in NAME"."""
        name = self.name(path)
        container = container_id(path)
        if name is not None and (container is None or container in self._names.containers):
            return name
        leaf = path.rsplit("/", 1)[1]
        for above in ancestors(path)[:-1]:
            if (holder := self.name(above)) is not None and _holds(above):
                return f"{(container or leaf)[:SHORT_ID] if container else _below(path, above)} in {holder}"
        return name

    def _new(self, paths: Iterable[str]) -> dict[str, str]:
        """Return the containers (by id) and pods (by UID) among `paths` that were not asked for yet."""
        found = {id_: path for path in paths if (id_ := container_id(path) or pod_uid(path)) is not None}
        new = {id_: path for id_, path in found.items() if id_ not in self._looked_for}
        self._looked_for |= new.keys()
        return new

    def _look_up(self, asked: dict[str, str], commands: bool) -> None:
        if not asked:
            return
        containers = {id_: path for id_, path in asked.items() if container_id(path) is not None}
        self._note(runtimes.from_files(self._root, containers))
        unknown = {id_: path for id_, path in containers.items() if id_ not in self._names.containers}
        tools = sorted({tool for path in unknown.values() for tool in _TOOLS.get(name_of(path)[1], ())})
        if commands and tools:
            with ThreadPoolExecutor(len(tools)) as pool:
                for answer in pool.map(lambda tool: runtimes.from_command(tool, self._run), tools):
                    self._note(answer)

    def _note(self, answer: runtimes.Names) -> None:
        self._names.containers.update(answer.containers)
        self._names.pods.update(answer.pods)


def _holds(path: str) -> bool:
    """Tell whether a person would say "in NAME" of it: a unit, container or pod, and not a mere folder of them."""
    leaf = path.rsplit("/", 1)[1]
    if container_id(path) is not None or pod_uid(path) is not None:
        return True
    return name_of(path)[1] == "systemd" and not leaf.endswith(".slice")


def _below(path: str, above: str) -> str:
    return path.removeprefix(f"{above}/")


def _host_root(root: Path) -> Path:
    """Return where the files of runtimes are: from inside a container, under the root of the host's first process."""
    first = root / "proc/1/root"
    try:
        return root if root.samefile(first) else first
    except OSError:
        return root  # no such process in this folder, or it may not be looked at
