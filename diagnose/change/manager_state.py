"""What the manager of a cgroup that is gone has kept for the next one: a unit's property, a container's limit."""

from __future__ import annotations

from pathlib import PurePosixPath

from diagnose.cgroups import container_id, shown, unit_of
from diagnose.cgroups.settings import SETTINGS
from diagnose.change.machine import Machine
from diagnose.change.model import Change, State
from diagnose.change.ours import ours
from diagnose.errors import UsageError


def keeps(change: Change, state: State, machine: Machine) -> bool:
    """Tell whether the manager would give the next cgroup a value of this change.

    Raises UsageError where it is not sure that the unit is the one of the record.
    """
    found = _property(change, machine) if change.manager == "systemd" else _limit(change, machine)
    if found == "infinity":
        return None in ours(change, state)
    return found.isdigit() and int(found) in ours(change, state)


def _property(change: Change, machine: Machine) -> str:
    """Return what systemd has for a unit that does not run, or runs nowhere else; "" for one that it does not know."""
    unit, wanted = unit_of(change.cgroup) or "", SETTINGS[change.setting].systemd_property or ""
    answer = machine.run(["systemctl", "show", f"--property=LoadState,ControlGroup,Slice,{wanted}", "--", unit])
    if not answer.succeeded:
        raise UsageError(f"systemd does not say what it has for {shown(unit)} ({shown(answer.text, 300)})")
    values = dict(line.split("=", 1) for line in answer.text.splitlines() if "=" in line)
    if values.get("LoadState") == "not-found":
        return ""
    runs, above = values.get("ControlGroup", ""), PurePosixPath(change.cgroup).parent.name or "-.slice"
    if runs not in ("", change.cgroup) or values.get("Slice") != above:
        where = runs or f"a unit of {values.get('Slice') or 'no slice'}"
        raise UsageError(f"systemd says that {shown(unit)} is {shown(where)}, not {shown(change.cgroup)}: whose is it?")
    return values.get(wanted, "")


def _limit(change: Change, machine: Machine) -> str:
    """Return what a runtime has for a container, in bytes; "" for one that it does not know (any more)."""
    container = container_id(change.cgroup)
    answer = machine.run([change.manager, "inspect", "--format={{.HostConfig.Memory}}", "--", container or ""])
    return answer.text.strip() if answer.succeeded else ""
