"""What undoing a change would do here and now, as values: everything is looked at, nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from diagnose.cgroups import name_of, opened, read_memory, shown
from diagnose.change import floor, managers
from diagnose.change.coherence import check_record
from diagnose.change.guards import check_floor, read_setting
from diagnose.change.machine import Machine
from diagnose.change.manager_state import keeps
from diagnose.change.model import Change, ChangeRecord
from diagnose.change.ours import ours
from diagnose.change.place import place
from diagnose.change.wording import size
from diagnose.errors import UsageError


@dataclass(frozen=True)
class Restore:
    """A setting that is put back. `change.cgroup` is where the cgroup is now; `current` in bytes, None: no limit."""

    change: Change
    recorded: str
    """The path of the cgroup in the record."""
    current: int | None

    @property
    def key(self) -> tuple[str, str]:
        """The cgroup of the record, and the setting."""
        return self.recorded, self.change.setting


@dataclass(frozen=True)
class Tell:
    """The cgroup is gone, and its manager has the value for the next one: it is told the old one."""

    change: Change
    value: int | str
    """In bytes, or systemd's "infinity"."""


@dataclass(frozen=True)
class Leave:
    """Nothing is left of the change: it is undone, its cgroup is gone, or is another one of the same name."""

    change: Change
    why: Literal["restored", "gone", "forgotten", "kept", "recreated"]
    """Where the cgroup is gone, its manager may have forgotten the change, or kept it, with no word for what was."""


Action = Restore | Tell | Leave


@dataclass(frozen=True)
class WayBack:
    """What is done, last change first. `booted`: the settings went with the boot they were made in."""

    actions: tuple[Action, ...]
    booted: bool = False

    @property
    def todo(self) -> tuple[Restore | Tell, ...]:
        return tuple(action for action in self.actions if not isinstance(action, Leave))


def way_back(written: ChangeRecord, machine: Machine, force: bool) -> WayBack:
    """Return what undoing a record takes here and now.

    Raises UsageError if a setting was changed by somebody since (unless `force`), or if the record is another host's.
    """
    if written.host.boot_id != machine.boot_id:
        _check_boot(written, machine)
        return WayBack((), booted=True)
    check_record(written)
    if written.host.cgroup_version != machine.hierarchy.version:
        raise UsageError(f"the record is of cgroup v{written.host.cgroup_version}, which is not in use here (any more)")
    return WayBack(tuple(_action(change, written, machine, force) for change in reversed(written.changes)))


def _check_boot(written: ChangeRecord, machine: Machine) -> None:
    if written.host.hostname != machine.hostname:
        raise UsageError(
            f"the change was made on the host {shown(written.host.hostname)}, and this is {shown(machine.hostname)}"
        )
    if written.persistent:
        again = "; ".join(f"{shown(c.cgroup)}: {c.setting} was {size(c.before_bytes)}" for c in written.changes)
        raise UsageError(
            f"this host was booted since, and the change was persistent: its manager applied it again to new cgroups; "
            f"undo it there ({again})"
        )


def _action(change: Change, written: ChangeRecord, machine: Machine, force: bool) -> Action:
    here = place(machine.hierarchy, change.cgroup, change.cgroup_id)
    if here is None and not machine.hierarchy.exists(change.cgroup):
        return _gone(change, written, machine)
    if here is None and change.manager == "files":
        return Leave(change, "recreated")
    # A manager sets a unit's or container's next cgroup like the last one; a file's setting went with its cgroup
    now = change if here in (None, change.cgroup) else renamed(change, here or "")
    with opened(machine.hierarchy, now.cgroup) as cgroup:
        text, current = read_setting(cgroup, now.cgroup, change.setting)
    if text == change.before_text:
        return Leave(change, "restored")
    if current not in ours(change, written.state) and not force:
        raise UsageError(
            f"{change.setting} of {shown(now.cgroup)} is {size(current)} now: somebody changed it after this change "
            f"had set it to {size(change.after_bytes)}; nothing was restored. --force overwrites their value with "
            f"{size(change.before_bytes)}"
        )
    _check_now(now, current, written.persistent, machine, force)
    return Restore(now, change.cgroup, current)


def _check_now(change: Change, current: int | None, persistent: bool, machine: Machine, force: bool) -> None:
    """Refuse a setting that another manager has by now, and a limit below the floor of now, unless forced."""
    if change.manager != "files" or name_of(change.cgroup)[1] != "files":
        manager = managers.choose(change.cgroup, change.setting, machine, persistent).manager
        if manager != change.manager:
            raise UsageError(
                f"{change.setting} of {shown(change.cgroup)} was changed through {change.manager}, and {manager} "
                "manages it now; undo it by hand"
            )
    if change.before_bytes is not None and (current is None or change.before_bytes < current):
        check_floor(change, change.before_bytes, floor.now(read_memory(machine.hierarchy, change.cgroup)), force)


def _gone(change: Change, written: ChangeRecord, machine: Machine) -> Tell | Leave:
    if change.manager == "files":
        return Leave(change, "gone")
    if not keeps(change, written.state, machine):
        return Leave(change, "forgotten")
    value = change.manager_before if change.manager == "systemd" else change.before_bytes
    return Tell(change, value) if value else Leave(change, "kept")


def renamed(change: Change, cgroup: str) -> Change:
    """Return a change as it is made to a cgroup under its new name, which no manager knows."""
    return change.model_copy(update={"cgroup": cgroup, "manager": "files"})


def command_of(tell: Tell, written: ChangeRecord) -> list[str]:
    """Return the manager's command for a cgroup that is gone."""
    return managers.command_of(tell.change, tell.value, written.persistent)
