"""Write a memory setting of one cgroup, through a handle that cannot be led anywhere else.

The cgroup's directory is opened component by component without following links, and everything afterwards goes
through that descriptor: a cgroup that is removed and recreated under the same name, or a path swapped meanwhile, is
never written to. Limits go through cgroupspy's descriptors; `restore` writes the bytes that were read before.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

from cgroupspy.controllers import Controller
from cgroupspy.nodes import Node

from diagnose.cgroups.controllers import BytesOrMaxFile, LimitFile
from diagnose.cgroups.hierarchy import Hierarchy
from diagnose.cgroups.paths import shown
from diagnose.errors import UsageError

MAX_BYTES = 2**63 - 1
_READ_BYTES = 4096


class _WritableLimit(LimitFile):
    readonly = False


class _WritableBytesOrMax(BytesOrMaxFile):
    readonly = False

    def sanitize_set(self, value: int | None) -> str:
        return "max" if value is None else str(int(value))


class _Writable(Controller):  # type: ignore[misc]
    """cgroupspy's controller with one write(2) a value, of an existing file: its own would try a failed one twice."""

    def set_property(self, filename: bytes, value: object) -> None:
        descriptor = os.open(self.filepath(filename), os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            os.write(descriptor, str(value).encode("ascii"))
        finally:
            os.close(descriptor)


class WritableV1(_Writable):
    limit_in_bytes = _WritableLimit("memory.limit_in_bytes")
    soft_limit_in_bytes = _WritableLimit("memory.soft_limit_in_bytes")


class WritableV2(_Writable):
    min = _WritableBytesOrMax("memory.min")
    low = _WritableBytesOrMax("memory.low")
    high = _WritableBytesOrMax("memory.high")
    max = _WritableBytesOrMax("memory.max")


_KINDS: dict[int, tuple[type[_Writable], tuple[str, ...]]] = {
    1: (WritableV1, ("memory.limit_in_bytes", "memory.soft_limit_in_bytes")),
    2: (WritableV2, ("memory.min", "memory.low", "memory.high", "memory.max")),
}


def writable_settings(version: int) -> tuple[str, ...]:
    """Return the kernel's names of the settings that may be written at all."""
    return _KINDS[version][1]


def number_of(version: int, text: str) -> int | None:
    """Return what a setting's file of such a text is set to, in bytes; None: no limit. Raises ValueError."""
    known = LimitFile if version == 1 else BytesOrMaxFile
    value: int | None = known("").sanitize_get(text.removesuffix("\n"))
    return value


class OpenCgroup:
    """A cgroup held open. `id` is its kernfs id; raises OSError where the kernel refuses."""

    def __init__(self, descriptor: int, version: int, name: str) -> None:
        self._descriptor, self._name = descriptor, name
        self._names = writable_settings(version)
        self._controller = _KINDS[version][0](Node(f"/proc/self/fd/{descriptor}".encode()))

    @property
    def id(self) -> int:
        return os.fstat(self._descriptor).st_ino

    def text(self, setting: str) -> str:
        """Return the bytes of the setting's file, as text."""
        return self._read(self._known(setting))

    def number(self, setting: str) -> int | None:
        """Return the setting in bytes; None: no limit ("max"). Raises ValueError for a file that holds no number."""
        value: int | None = getattr(self._controller, self._known(setting).removeprefix("memory."))
        return value

    def set(self, setting: str, value: int | None) -> None:
        """Write a value in bytes; None: no limit."""
        if value is not None and not 0 <= value <= MAX_BYTES:
            raise ValueError(f"{value} is no size in bytes")
        setattr(self._controller, self._known(setting).removeprefix("memory."), value)

    def restore(self, setting: str, text: str) -> None:
        """Write back what `text()` returned before."""
        self._controller.set_property(self._known(setting).encode(), text)

    def reclaim(self, amount: int) -> None:
        """Ask the kernel to reclaim so many bytes here (v2 memory.reclaim, Linux 5.19): never kills.

        Raises OSError: EAGAIN where less could be reclaimed, ENOENT where there is no such file.
        """
        self._regular("memory.reclaim")
        self._controller.set_property(b"memory.reclaim", str(amount))

    def _known(self, setting: str) -> str:
        if setting not in self._names:
            raise ValueError(f"{setting!r} is no setting that is ever written")
        self._regular(setting)
        return setting

    def _regular(self, name: str) -> None:
        status = os.stat(name, dir_fd=self._descriptor, follow_symlinks=False)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(f"{name} is not a plain file")

    def _read(self, name: str) -> str:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(name, flags, dir_fd=self._descriptor)
        try:
            return os.read(descriptor, _READ_BYTES).decode("ascii", "replace")
        finally:
            os.close(descriptor)


@contextmanager
def opened(hierarchy: Hierarchy, cgroup: str) -> Iterator[OpenCgroup]:
    """Hold `cgroup` open; raises UsageError if it is none, lies outside the hierarchy, or is reached by a link."""
    try:
        descriptor = _descend(hierarchy, cgroup)
    except OSError as error:
        raise UsageError(f"cgroup {shown(cgroup)}: {error.strerror}; diagnose services lists what there is") from error
    try:
        yield OpenCgroup(descriptor, hierarchy.version, shown(cgroup))
    finally:
        os.close(descriptor)


def _descend(hierarchy: Hierarchy, cgroup: str) -> int:
    directory = hierarchy.directory(cgroup)
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    descriptor = os.open(hierarchy.mount, flags)
    try:
        device = os.fstat(descriptor).st_dev
        for part in directory.relative_to(hierarchy.mount).parts:
            inner = os.open(part, flags | os.O_NOFOLLOW, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = inner
        if os.fstat(descriptor).st_dev != device:
            raise UsageError(f"cgroup {shown(cgroup)} is another file system, mounted inside the hierarchy")
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
