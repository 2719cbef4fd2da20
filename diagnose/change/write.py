"""Write one value through whoever manages the cgroup, read it back, and put the old one back to the byte."""

from __future__ import annotations

import errno
from collections.abc import Callable, Set

from diagnose.cgroups import OpenCgroup, read_memory, shown
from diagnose.change import managers
from diagnose.change.machine import Machine
from diagnose.change.model import Change
from diagnose.change.wording import size

TRIES = 10
TRY_SECONDS = 0.5
"""A v1 limit below usage fails with EBUSY until enough is reclaimed; dirty pages have to be written first."""


class WriteError(Exception):
    """A value could not be set, or is not what was set."""


class MovedError(WriteError):
    """Somebody else set the value meanwhile: theirs stays."""


def set_value(
    machine: Machine, change: Change, cgroup: OpenCgroup, value: int, persistent: bool, over: Set[int | None]
) -> None:
    """Set a value in bytes over one of `over` and read it back; raises WriteError with the reason."""
    _ease(machine, change, cgroup, value)

    def write() -> None:
        check_over(change, cgroup, over)
        if change.manager == "files":
            cgroup.set(change.setting, value)
        else:
            _by_manager(machine, change, value, persistent)

    _patiently(machine, change, write)
    _await(machine, change, cgroup, lambda: cgroup.number(change.setting) == value, f"{value} bytes")


def check_over(change: Change, cgroup: OpenCgroup, over: Set[int | None]) -> None:
    """Raise MovedError if the setting holds none of the values that may be overwritten.

    The kernel has no way to compare and write at once: a value that is set in the microseconds between is lost.
    """
    current = cgroup.number(change.setting)
    if current not in over:
        raise MovedError(
            f"{change.setting} of {shown(change.cgroup)} is {size(current)} now: somebody else set it meanwhile, and "
            "their value stays"
        )


def put_back(machine: Machine, change: Change, cgroup: OpenCgroup, persistent: bool, over: Set[int | None]) -> None:
    """Restore the setting to the byte over one of the values `over`; raises WriteError if that fails."""
    check_over(change, cgroup, over)
    value = change.manager_before if change.manager == "systemd" else change.before_bytes
    if change.manager != "files" and value is not None:
        _by_manager(machine, change, value, persistent)
    try:
        # Managers may round, or know no word for "no limit"; the file has the last word
        _await(machine, change, cgroup, lambda: cgroup.text(change.setting) == change.before_text, "", tries=2)
    except WriteError:

        def write() -> None:
            check_over(change, cgroup, {*over, change.before_bytes})
            cgroup.restore(change.setting, change.before_text)

        _patiently(machine, change, write)
    _await(machine, change, cgroup, lambda: cgroup.text(change.setting) == change.before_text, change.before_text)


def _ease(machine: Machine, change: Change, cgroup: OpenCgroup, value: int) -> None:
    """Before a v2 hard limit falls below usage, have the kernel reclaim the difference.

    memory.reclaim never kills, a write to memory.max may. Without it (before Linux 5.19) the steps and the floor are
    all there is.
    """
    if change.setting != "memory.max":
        return
    usage = read_memory(machine.hierarchy, change.cgroup)["usage_bytes"] or 0
    for _ in range(TRIES):
        if usage <= value:
            return
        try:
            cgroup.reclaim(usage - value)
        except OSError as error:
            if error.errno != errno.EAGAIN:
                return
        usage = read_memory(machine.hierarchy, change.cgroup)["usage_bytes"] or 0
        if usage > value and machine.wait(TRY_SECONDS):
            raise WriteError("stopped by a signal")
    if usage > value:
        raise WriteError(
            f"{shown(change.cgroup)} still uses {usage} bytes after reclaim: {change.setting} at {value} bytes would "
            "have the kernel kill in it"
        )


def _by_manager(machine: Machine, change: Change, value: int | str, persistent: bool) -> None:
    line = managers.command_of(change, value, persistent)
    answer = machine.run(line)
    if not answer.succeeded:
        raise WriteError(
            f"{change.manager} refused {change.setting} of {shown(change.cgroup)}: {shown(answer.text, 300)}"
        )


def _patiently(machine: Machine, change: Change, write: Callable[[], None]) -> None:
    for left in reversed(range(TRIES)):
        try:
            write()
        except (OSError, ValueError) as error:
            busy = isinstance(error, OSError) and error.errno in (errno.EBUSY, errno.EAGAIN)
            if busy and left and not machine.wait(TRY_SECONDS):
                continue
            why = error.strerror if isinstance(error, OSError) else str(error)
            hint = ": less could be reclaimed than it takes" if busy else ""
            raise WriteError(f"{change.setting} of {shown(change.cgroup)}: {why}{hint}") from error
        return


def _await(
    machine: Machine, change: Change, cgroup: OpenCgroup, is_there: Callable[[], bool], wanted: str, tries: int = TRIES
) -> None:
    """Read back; a manager may take a moment, the kernel does not."""
    tries = tries if change.manager != "files" else 1
    for left in reversed(range(tries)):
        try:
            if is_there():
                return
        except (OSError, ValueError) as error:
            raise WriteError(f"{change.setting} of {shown(change.cgroup)} cannot be read back ({error})") from error
        if left:
            machine.wait(TRY_SECONDS / 2)
    found = cgroup.text(change.setting).strip()
    raise WriteError(
        f"{change.setting} of {shown(change.cgroup)} reads {shown(found)} after {wanted.strip()!r} was set"
    )
