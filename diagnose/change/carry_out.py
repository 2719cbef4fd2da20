"""Carry a plan out: record first, then write step by step under watch; all of it, or none."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from diagnose.cgroups import OpenCgroup, shown
from diagnose.change import audit, record
from diagnose.change.guards import read_setting
from diagnose.change.harm import HarmWatch
from diagnose.change.locks import Held
from diagnose.change.machine import Machine
from diagnose.change.model import Change, ChangeRecord
from diagnose.change.ours import ours
from diagnose.change.place import place
from diagnose.change.plan import Plan
from diagnose.change.say import Say, unheard
from diagnose.change.wording import harm_text, size
from diagnose.change.write import MovedError, WriteError, check_over, put_back, set_value
from diagnose.errors import DiagnoseError, UsageError

PAUSE_SECONDS = 1.0
SETTLE_PAUSES = 3
"""After the last step of a limit the watch goes on for so many pauses: harm may come with a delay."""


class HarmError(Exception):
    """Somebody was harmed, or asked to stop."""


@dataclass(frozen=True)
class Outcome:
    """How it ended. `why`: None if everything was applied; `restored`: whether none of it is in force, if not."""

    record_path: Path
    record: ChangeRecord
    why: str | None = None
    restored: bool = True
    stays: tuple[str, ...] = ()
    """Why a setting was left alone: somebody else had set it meanwhile."""
    noted: bool = True
    """Whether the record says how it ended."""


def carry_out(
    plan: Plan, folder: Path, machine: Machine, say: Say, persistent: bool = False, pause_seconds: float = PAUSE_SECONDS
) -> Outcome:
    """Apply all changes of a plan or none; the record is kept in `folder`.

    Raises UsageError or CannotMeasureError, with nothing changed, if something moved between the plan and now.
    """
    say, report = unheard(say), plan.report
    with ExitStack() as stack:
        cgroups = Held(machine, stack)
        held = [(planned.change, cgroups[planned.change.cgroup]) for planned in plan.changes]
        for change, cgroup in held:
            _unmoved(change, cgroup)
        written = record.new([c for c, _ in held], report, machine, persistent)
        path = _created(folder, written, machine, say)
        say(f"record: {path}")
        try:
            watched = (report.service.cgroup, *(change.cgroup for change, _ in held))
            for change, cgroup in held:
                watch = HarmWatch(machine, change.cgroup, tuple(c for c in watched if machine.hierarchy.exists(c)))
                _approach(change, cgroup, watch, machine, persistent, pause_seconds, say)
            written = record.update(path, written, "applied", None, machine.kept)
        except (WriteError, HarmError, OSError, ValueError, DiagnoseError) as error:
            return _give_up(str(error), held, machine, path, written, say)
        except BaseException:
            _give_up("interrupted", held, machine, path, written, say)
            raise
        for change, _ in held:
            note = _audit("apply", change, size(change.before_bytes), size(change.after_bytes), path, machine)
        say(note)
        return Outcome(path, written)


def _created(folder: Path, written: ChangeRecord, machine: Machine, say: Say) -> Path:
    """Write the record and keep its digest; raises CannotMeasureError where the record cannot be written.

    In this order: a record that is not known yet has changed nothing, and a digest without a record would stay.
    """
    path = record.create(folder, written)
    kept, digest = machine.kept, written.digest or ""
    try:
        kept.keep(digest)
    except OSError as error:
        way = "goes by the owner and mode of the record" if kept.knows(digest) is None else "will want --trust-file"
        say(f"the record's digest cannot be kept in {kept.folder} ({error.strerror}): rollback {way}")
    return path


def _unmoved(change: Change, cgroup: OpenCgroup) -> None:
    """Look once more, now that the cgroup is held: the person may have thought about it for an hour."""
    text, _ = read_setting(cgroup, change.cgroup, change.setting)
    if cgroup.id != change.cgroup_id or text != change.before_text:
        raise UsageError(f"{change.setting} of {shown(change.cgroup)} changed while it was reviewed; run apply again")


def _approach(
    change: Change, cgroup: OpenCgroup, watch: HarmWatch, machine: Machine, persistent: bool, pause: float, say: Say
) -> None:
    """Write the values on the way, watching after each; raises WriteError or HarmError.

    A value that somebody else set on the way is not overwritten (MovedError).
    """
    many, last = len(change.steps_bytes), change.before_bytes
    for number, value in enumerate(change.steps_bytes, 1):
        began = time.monotonic()
        set_value(machine, change, cgroup, value, persistent, {last})
        took, last = time.monotonic() - began, value
        if many > 1:
            say(f"step {number} of {many}: {size(value)}, set in {took:.2f} s, uses {size(watch.usage())}")
        rounds = SETTLE_PAUSES if number == many and many > 1 else 1
        for _ in range(rounds):
            if (harm := watch.pause(pause)) is not None:
                raise HarmError(harm_text(harm))
            check_over(change, cgroup, {value})


def _give_up(
    why: str, held: list[tuple[Change, OpenCgroup]], machine: Machine, path: Path, written: ChangeRecord, say: Say
) -> Outcome:
    """Restore everything, last change first, and record how that went."""
    say(f"{why}: restoring what was set")
    failed, stays, noted = [], [], True
    for change, cgroup in reversed(held):
        try:
            _restore(change, cgroup, machine, written, path)
        except MovedError as error:
            stays.append(str(error))
        except (WriteError, OSError, ValueError, DiagnoseError) as error:
            failed.append(str(error))
    if failed:
        return Outcome(path, written, f"{why}; and restoring failed: {'; '.join(failed)}", restored=False)
    try:
        written = record.update(path, written, "restored", why[:4096], machine.kept)
    except OSError as error:
        noted = False
        say(f"the record {path} could not be brought up to date ({error.strerror})")
    return Outcome(path, written, why, stays=tuple(stays), noted=noted)


def _restore(change: Change, cgroup: OpenCgroup, machine: Machine, written: ChangeRecord, path: Path) -> None:
    """Put one setting back; raises WriteError, UsageError. One whose cgroup is gone went with it."""
    if change.manager == "files" and place(machine.hierarchy, change.cgroup, change.cgroup_id) is None:
        return
    if read_setting(cgroup, change.cgroup, change.setting)[0] == change.before_text:
        return
    put_back(machine, change, cgroup, written.persistent, ours(change, "applying"))
    _audit("restore", change, "(a failed change)", size(change.before_bytes), path, machine)


def _audit(what: str, change: Change, before: str, after: str, path: Path, machine: Machine) -> str:
    text = f"{what}: {change.setting} of {shown(change.cgroup)}: {before} -> {after}; {audit.who()}; record {path}"
    return f"audit line: {'sent to the log of the system' if audit.log(text, machine.root) else 'no log listens here'}"
