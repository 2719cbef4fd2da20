"""Undo a change by its record: every setting back to the byte, or a reason why not."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from diagnose.cgroups import OpenCgroup, read_memory, shown
from diagnose.change import audit, record
from diagnose.change.harm import HarmWatch
from diagnose.change.limit_steps import steps
from diagnose.change.locks import Held
from diagnose.change.machine import Machine
from diagnose.change.model import Change, ChangeRecord
from diagnose.change.say import Say, unheard
from diagnose.change.way_back import Restore, Tell, WayBack, command_of, way_back
from diagnose.change.way_back_text import as_lines
from diagnose.change.wording import harm_text, size
from diagnose.change.write import WriteError, put_back, set_value
from diagnose.errors import CannotMeasureError, UsageError

PAUSE_SECONDS = 0.5


def rollback(written: ChangeRecord, path: Path, machine: Machine, force: bool, say: Say) -> None:
    """Restore what the record says, last change first, and say what was done.

    Raises UsageError, with nothing changed, if a setting was changed by somebody since (unless `force`), or the record
    is another host's; CannotMeasureError if a setting could not be restored.
    """
    way = way_back(written, machine, force)
    for line in as_lines(way):
        unheard(say)(line)
    carry_back(way, written, path, machine, force, say)


def carry_back(way: WayBack, written: ChangeRecord, path: Path, machine: Machine, force: bool, say: Say) -> None:
    """Go the way back that was shown; raises as `rollback` does, and UsageError if it is another one by now."""
    say = unheard(say)
    if not way.todo:
        if not way.booted and written.state != "rolled-back":
            _note(path, written, machine, say)
        say("there was nothing left to restore")
        return
    with ExitStack() as stack:
        cgroups = Held(machine, stack)
        restored = [action for action in way.todo if isinstance(action, Restore)]
        held = {item.key: cgroups[item.change.cgroup] for item in restored}
        if way_back(written, machine, force) != way:
            raise UsageError("what there is to restore changed while it was reviewed; run rollback again")
        between = {item.key: _between(item, machine) for item in restored}
        written = _begin(
            path, written, machine, {item.key: [item.current, *between[item.key]] for item in restored}, say
        )
        failed = []
        for action in way.todo:
            if isinstance(action, Tell):
                why = _tell(action, machine, written, say)
            else:
                why = _undo(action, held[action.key], between[action.key], machine, written, say)
            if why is None:
                _audit(action.change, path, machine)
            else:
                failed.append(why)
    if failed:
        raise CannotMeasureError(f"not everything could be restored: {'; '.join(failed)}; run rollback again")
    _note(path, written, machine, say)
    say("everything is as it was before the change")


def _note(path: Path, written: ChangeRecord, machine: Machine, say: Say) -> None:
    try:
        record.update(path, written, "rolled-back", written.why, machine.kept)
    except OSError as error:
        say(f"the record {path} could not be brought up to date ({error.strerror})")


def _between(item: Restore, machine: Machine) -> list[int]:
    """Return what is written before the last value: a limit that comes down again is lowered in steps, too."""
    change = item.change
    if change.before_bytes is None:
        return []
    usage = read_memory(machine.hierarchy, change.cgroup)["usage_bytes"]
    return steps(change.setting, item.current, change.before_bytes, usage)[:-1]


def _begin(
    path: Path, written: ChangeRecord, machine: Machine, ways: dict[tuple[str, str], list[int | None]], say: Say
) -> ChangeRecord:
    """Note the values of the way back before the first is written, so that a killed rollback can be run again."""
    if not ways:
        return written
    changes = [c.model_copy(update={"back_bytes": ways.get((c.cgroup, c.setting), [])}) for c in written.changes]
    begun = written.model_copy(update={"changes": changes})
    try:
        return record.update(path, begun, "rolling-back", written.why, machine.kept)
    except OSError as error:
        say(
            f"the record {path} could not be brought up to date ({error.strerror}): if this rollback is killed "
            "half-way, the next one takes the limit for somebody else's and wants --force"
        )
        return begun


def _tell(tell: Tell, machine: Machine, written: ChangeRecord, say: Say) -> str | None:
    """Have the manager of a cgroup that is gone forget the setting; return why that failed."""
    change = tell.change
    answer = machine.run(command_of(tell, written))
    if not answer.succeeded:
        return f"{change.manager} refused {change.setting} of {shown(change.cgroup)}: {shown(answer.text, 300)}"
    what = f"{change.setting} of {shown(change.cgroup)}"
    say(f"{what}: the cgroup is gone; {change.manager} was told to set {tell.value} again")
    return None


def _undo(
    item: Restore, cgroup: OpenCgroup, between: list[int], machine: Machine, written: ChangeRecord, say: Say
) -> str | None:
    """Restore one setting; return why that failed."""
    change, last = item.change, item.current
    try:
        watch = HarmWatch(machine, change.cgroup, ())
        for value in between:
            set_value(machine, change, cgroup, value, written.persistent, {last})
            last = value
            if (harm := watch.pause(PAUSE_SECONDS)) is not None:
                return f"{change.setting} of {shown(change.cgroup)}, at {size(value)}: {harm_text(harm)}"
        put_back(machine, change, cgroup, written.persistent, {last})
    except (WriteError, OSError, ValueError) as error:
        return str(error)
    done = f"{size(item.current)} → {size(change.before_bytes)}"
    say(f"{change.setting} of {shown(change.cgroup)}: {done}, as before the change")
    return None


def _audit(change: Change, path: Path, machine: Machine) -> None:
    audit.log(
        f"rollback: {change.setting} of {shown(change.cgroup)}: {size(change.after_bytes)} -> "
        f"{size(change.before_bytes)}; {audit.who()}; record {path}",
        machine.root,
    )
