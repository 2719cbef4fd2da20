"""The hierarchy that has the memory controller: where it is mounted, what cgroups it has, who lives in them.

A cgroup is known by its path ("/dg/svc") and by its kernfs id, the inode number of its directory. Nothing here ever
creates, changes or removes a cgroup.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

from diagnose.cgroups import paths
from diagnose.cgroups.files import read
from diagnose.cgroups.mounts import UNIFIED, Mount, read_mounts, read_proc_cgroup
from diagnose.cgroups.namespace import root_from_own, translated
from diagnose.cgroups.paths import kernel_name, printable, shown
from diagnose.errors import CannotMeasureError, UsageError

_GONE = (errno.ENOENT, errno.ENODEV, errno.ESRCH)
_COMM_BYTES = 64
"""The most that the kernel writes, for its own workers: proc_task_name() in fs/proc/array.c."""


class Process(NamedTuple):
    """A process as /proc lists it."""

    pid: int
    comm: str


@dataclass(frozen=True)
class Hierarchy:
    version: Literal[1, 2]
    mount: Path
    """Where the hierarchy's root cgroup is, under the injected root."""
    proc: Path
    """Where procfs is, under the injected root."""
    mount_root: str = "/"
    """The cgroup that is mounted, as this cgroup namespace sees it (see namespace.py)."""

    @classmethod
    def discover(cls, root: Path = Path("/")) -> Hierarchy:
        """Find the hierarchy with the memory controller below `root`; raises CannotMeasureError if there is none."""
        proc = root / "proc"
        try:
            mounts = read_mounts(proc)
        except OSError as error:
            raise CannotMeasureError(
                f"cannot read {proc}/self/mounts ({error.strerror}); mount procfs there: mount -t proc proc {proc}"
            ) from error
        for mount in mounts:
            if mount.carries("memory") and is_folder(v1 := below(root, mount)):
                return cls(1, v1, proc, mount.root)
        unified = [(v2, m.root) for m in mounts if m.carries(UNIFIED) and is_folder(v2 := below(root, m))]
        for v2, mount_root in unified:
            if "memory" in _controllers(v2):
                return cls(2, v2, proc, mount_root)
        raise CannotMeasureError(_no_memory_controller([v2 for v2, _ in unified]))

    @property
    def root(self) -> Path:
        """The injected root, "/" outside tests."""
        return self.proc.parent

    def directory(self, cgroup: str) -> Path:
        """Return the directory of `cgroup`, which need not exist; raises UsageError for what can be no cgroup.

        The directory is never outside the mount: "..", NUL, files and symbolic links are refused.
        """
        where = os.fspath(self.mount)
        for part in paths.components(cgroup):
            where = _entry(where, part, cgroup)
        return Path(where)

    def id_of(self, cgroup: str) -> int:
        """Return the kernfs id of `cgroup`; raises UsageError if there is no such cgroup (any more)."""
        try:
            return self.directory(cgroup).stat().st_ino
        except OSError as error:
            raise UsageError(f"cgroup {shown(cgroup)}: {error.strerror}; diagnose services lists them all") from error

    def exists(self, cgroup: str) -> bool:
        """Tell whether there is such a cgroup; a path that can be none is simply not there."""
        try:
            return self.directory(cgroup).is_dir()
        except UsageError:
            return False

    def walk(self, below: str = "/") -> Iterator[tuple[int, str]]:
        """Yield (id, path) of `below` and its whole subtree, parents first; what vanishes meanwhile is left out."""
        stack = [(os.fspath(self.directory(below)), paths.normal(below))]
        while stack:
            directory, path = stack.pop()
            try:
                status = os.lstat(directory)
            except OSError:
                continue
            yield status.st_ino, path
            # A kernfs directory has 2 links and one more for each child (kernfs_refresh_inode), so a leaf need not
            # be listed: that spares reading some forty file names a cgroup. 1 (btrfs, in tests) says nothing.
            if status.st_nlink != 2:
                children = sorted(_subdirectories(directory), reverse=True)
                stack.extend((f"{directory}/{name}", paths.join(path, printable(name))) for name in children)

    def ancestors(self, cgroup: str) -> list[str]:
        """Return the cgroups above `cgroup`, nearest first, ending in "/"; none above "/"."""
        return paths.ancestors(cgroup)

    def of_pid(self, pid: int) -> str:
        """Return the path of process `pid` in this hierarchy.

        Raises UsageError if there is no such process, CannotMeasureError if its cgroup cannot be told.
        """
        try:
            found = read_proc_cgroup(self.proc, pid).get(self.controller)
        except OSError as error:
            if error.errno in _GONE:
                raise UsageError(f"there is no process {pid} (any more); find a live one with pgrep or ps") from error
            raise CannotMeasureError(f"{self.proc}/{pid}/cgroup: {error.strerror}; run diagnose as root") from error
        if found is None:
            raise CannotMeasureError(f"{self.proc}/{pid}/cgroup names no memory cgroup; is {self.proc} this host's?")
        path = self.below_mount(found)
        if path is None:
            raise CannotMeasureError(
                f"process {pid} is in no cgroup that is mounted at {self.mount}; run diagnose on the host itself, or "
                "in a container that has the host's /sys/fs/cgroup and pid namespace"
            )
        return path

    def below_mount(self, path: str, controller: str | None = None) -> str | None:
        """Return a path of /proc/PID/cgroup as a path in this hierarchy; None if it lies outside the mount.

        `controller`: whose line the path is of, where this is not the hierarchy of the memory controller.
        """
        if self.mount_root == "/" and "/.." not in path:
            return paths.normal(path)
        of = self.controller if controller is None else controller
        told = translated(path, self.mount_root, lambda depth: _namespace_root(self, of, depth))
        return None if told is None else paths.normal(told)

    @property
    def controller(self) -> str:
        """The memory hierarchy's name in /proc/PID/cgroup."""
        return "memory" if self.version == 1 else UNIFIED

    def require_whole(self) -> None:
        """Raise CannotMeasureError where only a part of the hierarchy is mounted, as in most containers."""
        if (why := self.partial()) is not None:
            raise CannotMeasureError(why)

    def partial(self) -> str | None:
        """Say so if only a part of the host's hierarchy is mounted; None: all of it is.

        The kernfs id of a hierarchy's root is 1 (kernfs_create_root).
        """
        if self.mount.stat().st_ino == 1:
            return None
        return (
            f"{self.mount} shows only this container's part of the host's cgroups, and its neighbours not at all; "
            "mount the host's /sys/fs/cgroup there, as the pod in examples/container does"
        )

    def pids(self, cgroup: str) -> list[int]:
        """Return the processes in `cgroup` itself, ascending; none if it is gone. Raises CannotMeasureError.

        A threaded cgroup (v2) has none of its own: they belong to the domain cgroup above (cgroup-v2.rst, "Threads").
        """
        file = self.directory(cgroup) / "cgroup.procs"
        try:
            words = file.read_bytes().split()
        except OSError as error:
            if error.errno in (*_GONE, errno.EOPNOTSUPP):
                return []
            raise CannotMeasureError(f"{printable(str(file))}: {error.strerror}; run diagnose as root") from error
        # 0 stands for a process that this pid namespace cannot see; v1 may list a process twice
        return sorted({pid for word in words if word.isdigit() and len(word) < 11 and 0 < (pid := int(word)) < 2**31})

    def processes(self, cgroup: str, subtree: bool = True) -> list[Process]:
        """Return the processes of `cgroup`, by default of its whole subtree, by pid; those that end are left out."""
        members = [path for _, path in self.walk(cgroup)] if subtree else [cgroup]
        pids = sorted({pid for path in members for pid in self.pids(path)})
        return [Process(pid=pid, comm=comm) for pid in pids if (comm := self.comm(pid)) is not None]

    def comm(self, pid: int) -> str | None:
        """Return the command name of a process (15 bytes at most for a user's), None if it is gone or hidden."""
        try:
            text = (self.proc / str(pid) / "comm").read_bytes()[:_COMM_BYTES]
            return printable(os.fsdecode(text.removesuffix(b"\n")))
        except OSError:
            return None


@lru_cache(maxsize=32)
def _namespace_root(hierarchy: Hierarchy, controller: str, depth: int) -> str | None:
    """Return where the root of this cgroup namespace is in a hierarchy; None if it cannot be told."""
    try:
        pid = int((hierarchy.proc / "self").readlink().name)
        own = read_proc_cgroup(hierarchy.proc, pid).get(controller)
    except (OSError, ValueError):
        return None
    holders = (path for _, path in hierarchy.walk() if pid in hierarchy.pids(path))
    return None if own is None else root_from_own(own, depth, holders)


def below(root: Path, mount: Mount) -> Path:
    """Return the directory of a mount point below the injected root."""
    return root / mount.point.lstrip("/")


def is_folder(mount: Path) -> bool:
    """Tell whether a mount point can be looked into; one that is too deep to be named is none."""
    return os.path.isdir(mount)  # noqa: PTH112 - Path.is_dir() raises for such a name


def _controllers(mount: Path) -> list[str]:
    return read(mount, "cgroup.controllers").split()


def _no_memory_controller(unified: list[Path]) -> str:
    if unified:
        return (
            f"the cgroup2 hierarchy at {unified[0]} has no memory controller, and no v1 hierarchy has it: boot without "
            "cgroup_disable=memory, or mount -t cgroup -o memory cgroup /sys/fs/cgroup/memory"
        )
    return "no cgroup hierarchy with the memory controller is mounted: mount -t cgroup2 cgroup2 /sys/fs/cgroup"


def _entry(parent: str, name: str, cgroup: str) -> str:
    """Return the path of the directory `name` in `parent`, existing or not; raises UsageError if it is none."""
    path = f"{parent}/{kernel_name(name)}"
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return path
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "no file can be named so"
        raise UsageError(f"cgroup {shown(cgroup)}: {why}; diagnose services lists what exists") from error
    if not stat.S_ISDIR(mode):
        kind = "a symbolic link" if stat.S_ISLNK(mode) else "a file"
        raise UsageError(f"{shown(cgroup)} is not a cgroup: {shown(name)} is {kind}; name the cgroup's directory")
    return path


def _subdirectories(directory: str) -> list[str]:
    try:
        with os.scandir(directory) as entries:
            return [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []
