"""A change of one setting of one cgroup, as a value: what, why, how it comes about, what it brings and may cost."""

from __future__ import annotations

from dataclasses import dataclass

from diagnose.capture.model import CgroupRecord
from diagnose.recommend.arithmetic import Line
from diagnose.recommend.commands import Command, Lasts
from diagnose.recommend.effects import Effect
from diagnose.recommend.reasons import NoSafeLimit, Reason, Why
from diagnose.recommend.risks import Risk
from diagnose.recommend.ways import Way


@dataclass(frozen=True)
class Change:
    """One setting of one cgroup. `current_bytes` None: no limit is set; `value_bytes` None: no value is safe."""

    cgroup: str
    setting: str
    """The kernel's file name."""
    current_bytes: int | None
    value_bytes: int | None
    reason: Reason
    arithmetic: tuple[Line, ...]
    effect: Effect
    risks: tuple[Risk, ...]
    ways: tuple[Way, ...] = ()
    """Where no value is safe: what can be done instead."""
    commands: tuple[Command, ...] = ()
    undo: tuple[Command, ...] = ()
    lasts: Lasts | None = None
    """None: nothing is set."""


def no_limit(
    record: CgroupRecord,
    setting: str,
    why: Why,
    lines: tuple[Line, ...],
    ways: tuple[Way, ...],
    risk: Risk,
    cgroups: tuple[str, ...] = (),
) -> Change:
    """Return a change without a value; `cgroups` that the limit would be for, if for more than this one."""
    return Change(
        cgroup=record.path,
        setting=setting,
        current_bytes=record.settings.get(setting),
        value_bytes=None,
        reason=NoSafeLimit(cgroups or (record.path,), why),
        arithmetic=lines,
        effect="none-suggested",
        risks=(risk,),
        ways=ways,
    )
