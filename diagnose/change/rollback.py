"""Undo a change by its record: every setting back to the byte, or a reason why not."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from diagnose.cgroups import OpenCgroup, read_memory, shown, writable_settings
from diagnose.cgroups.paths import normal
from diagnose.change import audit, managers, record
from diagnose.change.guards import read_setting
from diagnose.change.harm import HarmWatch
from diagnose.change.limit_steps import steps
from diagnose.change.locks import Held
from diagnose.change.machine import Machine
from diagnose.change.model import Change, ChangeRecord
from diagnose.change.ours import ours
from diagnose.change.say import Say, unheard
from diagnose.change.wording import harm_text, size
from diagnose.change.write import WriteError, put_back, set_value
from diagnose.errors import CannotMeasureError, UsageError

PAUSE_SECONDS = 0.5


@dataclass(frozen=True)
class _Todo:
    change: Change
    cgroup: OpenCgroup
    was: int | None
    between: tuple[int, ...]
    """What is written before the last value: a limit that goes down again is lowered in steps, like any other."""


def rollback(written: ChangeRecord, path: Path, machine: Machine, force: bool, say: Say) -> None:
    """Restore what the record says, last change first, and say what was done.

    Raises UsageError, with nothing changed, if a setting was changed by somebody since (unless `force`), or the record
    is another host's; CannotMeasureError if a setting could not be restored.
    """
    say = unheard(say)
    if written.host.boot_id != machine.boot_id:
        _other_boot(written, machine, say)
        return
    if written.host.cgroup_version != machine.hierarchy.version:
        raise UsageError(f"the record is of cgroup v{written.host.cgroup_version}, which is not in use here (any more)")
    with ExitStack() as stack:
        cgroups = Held(machine, stack)
        found = [_look(change, machine, cgroups, force, written, say) for change in reversed(written.changes)]
        todo = [item for item in found if item is not None]
        written = _begin(path, written, todo, say)
        failed = [why for item in todo if (why := _undo(item, machine, written, say)) is not None]
        for item in todo:
            _audit(item.change, path, machine)
    if failed:
        raise CannotMeasureError(f"not everything could be restored: {'; '.join(failed)}; run rollback again")
    if written.state != "rolled-back":
        _note(path, written, say)
    say("everything is as it was before the change" if todo else "there was nothing left to restore")


def _note(path: Path, written: ChangeRecord, say: Say) -> None:
    try:
        record.update(path, written, "rolled-back", written.why)
    except OSError as error:
        say(f"the record {path} could not be brought up to date ({error.strerror})")


def _other_boot(written: ChangeRecord, machine: Machine, say: Say) -> None:
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
    say("this host was booted since the change: the settings went with their cgroups, there is nothing to restore")


def _look(
    change: Change, machine: Machine, cgroups: Held, force: bool, written: ChangeRecord, say: Say
) -> _Todo | None:
    """Return what is to be undone of a change, None for nothing; raises UsageError for somebody's later change."""
    if normal(change.cgroup) != change.cgroup or change.setting not in writable_settings(machine.hierarchy.version):
        raise UsageError(f"{change.setting} of {shown(change.cgroup)} is nothing that this program ever changes")
    what = f"{change.setting} of {shown(change.cgroup)}"
    if not machine.hierarchy.exists(change.cgroup):
        say(f"{what}: the cgroup is gone, and its setting with it{_forget(change, machine, written)}")
        return None
    cgroup = cgroups[change.cgroup]
    # A manager sets a unit's or container's next cgroup like the last one; a file's setting went with its cgroup
    if cgroup.id != change.cgroup_id and change.manager == "files":
        say(f"{what}: the cgroup was removed and made anew; the new one never had this change and is left alone")
        return None
    text, current = read_setting(cgroup, change.cgroup, change.setting)
    if text == change.before_text:
        say(f"{what}: is {size(current)} already, as before the change")
        return None
    if current not in ours(change, written.state) and not force:
        raise UsageError(
            f"{what} is {size(current)} now: somebody changed it after this change had set it to "
            f"{size(change.after_bytes)}; nothing was restored. --force overwrites their value with "
            f"{size(change.before_bytes)}"
        )
    between: list[int] = []
    if change.before_bytes is not None:
        usage = read_memory(machine.hierarchy, change.cgroup)["usage_bytes"]
        between = steps(change.setting, current, change.before_bytes, usage)[:-1]
    return _Todo(change, cgroup, current, tuple(between))


def _begin(path: Path, written: ChangeRecord, todo: list[_Todo], say: Say) -> ChangeRecord:
    """Note the values of the way back before the first is written, so that a killed rollback can be run again."""
    if not todo:
        return written
    ways = {(item.change.cgroup, item.change.setting): [item.was, *item.between] for item in todo}
    changes = [c.model_copy(update={"back_bytes": ways.get((c.cgroup, c.setting), [])}) for c in written.changes]
    begun = written.model_copy(update={"changes": changes})
    try:
        return record.update(path, begun, "rolling-back", written.why)
    except OSError as error:
        say(
            f"the record {path} could not be brought up to date ({error.strerror}): if this rollback is killed "
            "half-way, the next one takes the limit for somebody else's and wants --force"
        )
        return begun


def _forget(change: Change, machine: Machine, written: ChangeRecord) -> str:
    """Have the manager of a cgroup that is gone forget the setting, where it has a word for the old value."""
    value = change.manager_before if change.manager == "systemd" else change.before_bytes
    if change.manager == "files" or value is None:
        return ""
    line = managers.command_of(change, value, written.persistent)
    told = "was told" if machine.run(line).succeeded else "could not be told"
    return f"; {change.manager} {told} to set {value} again"


def _undo(item: _Todo, machine: Machine, written: ChangeRecord, say: Say) -> str | None:
    """Restore one setting; return why that failed."""
    change, cgroup = item.change, item.cgroup
    try:
        watch = HarmWatch(machine, change.cgroup, ())
        for value in item.between:
            set_value(machine, change, cgroup, value, written.persistent)
            if (harm := watch.pause(PAUSE_SECONDS)) is not None:
                return f"{change.setting} of {shown(change.cgroup)}, at {size(value)}: {harm_text(harm)}"
        put_back(machine, change, cgroup, written.persistent)
    except (WriteError, OSError, ValueError) as error:
        return str(error)
    done = f"{size(item.was)} → {size(change.before_bytes)}"
    say(f"{change.setting} of {shown(change.cgroup)}: {done}, as before the change")
    return None


def _audit(change: Change, path: Path, machine: Machine) -> None:
    audit.log(
        f"rollback: {change.setting} of {shown(change.cgroup)}: {size(change.after_bytes)} -> "
        f"{size(change.before_bytes)}; {audit.who()}; record {path}",
        machine.root,
    )
