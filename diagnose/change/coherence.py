"""A change record against itself: what no record of `apply` says is refused, whoever wrote it (pure)."""

from __future__ import annotations

import mmap
from itertools import pairwise

from diagnose.cgroups import name_of, number_of, shown, writable_settings
from diagnose.cgroups.paths import normal
from diagnose.cgroups.settings import LIMIT_SETTINGS, set_through
from diagnose.change.limit_steps import MAX_STEPS
from diagnose.change.model import Change, ChangeRecord
from diagnose.change.wording import size
from diagnose.errors import UsageError


def check_record(written: ChangeRecord) -> None:
    """Compare every field with the others; raises UsageError for the first that does not fit."""
    keys = [(change.cgroup_id, change.setting) for change in written.changes]
    if len(set(keys)) != len(keys):
        raise UsageError("the record changes one setting of one cgroup twice, which apply never does")
    if normal(written.service.cgroup) != written.service.cgroup:
        raise UsageError(f"the record's service {shown(written.service.cgroup)} is no path of a cgroup")
    for change in written.changes:
        what = f"the record's {shown(change.setting)} of {shown(change.cgroup)}"
        if (wrong := _wrong(change, written.host.cgroup_version, written.persistent)) is not None:
            raise UsageError(f"{what} {wrong}, which apply never writes; undo it by hand")


def _wrong(change: Change, version: int, persistent: bool) -> str | None:
    if normal(change.cgroup) != change.cgroup or change.cgroup == "/":
        return "is of no cgroup that could be changed"
    if change.setting not in writable_settings(version):
        return f"is no setting of cgroup v{version} that could be changed"
    return _wrong_values(change, version) or _wrong_steps(change) or _wrong_manager(change, persistent)


def _wrong_values(change: Change, version: int) -> str | None:
    try:
        value = number_of(version, change.before_text)
    except ValueError:
        value = -1
    if value is not None and value < 0:
        return f"was {shown(change.before_text)} before, which cgroup v{version} does not write"
    if value != change.before_bytes:
        return f"was {size(change.before_bytes)} before, and its file held {size(value)}"
    return None


def _wrong_steps(change: Change) -> str | None:
    values = change.steps_bytes
    if not values or values[-1] != change.after_bytes:
        return f"is set to {size(change.after_bytes)} in steps that end elsewhere"
    if len(values) == 1:
        return None
    begins = [] if change.before_bytes is None else [change.before_bytes]
    down = [*begins, *values]
    falls = all(lower < higher for higher, lower in pairwise(down))
    if not falls or len(values) > MAX_STEPS or change.setting not in LIMIT_SETTINGS:
        return "is lowered in steps that do not fall"
    return None


def _wrong_manager(change: Change, persistent: bool) -> str | None:
    by_name = set_through(change.cgroup, name_of(change.cgroup)[1], change.setting)
    if change.manager not in ("files", by_name) or name_of(change.cgroup)[1] == "kubernetes":
        return f"is changed through {change.manager}, and belongs to {by_name}"
    if persistent and change.manager == "files":
        return "is kept over reboots, and is a cgroup's file"
    if change.swap_bytes is not None and change.manager not in ("docker", "podman"):
        return f"says what may be swapped, and is changed through {change.manager}"
    if change.manager_before is not None and change.manager != "systemd":
        return f"says what systemd had, and is changed through {change.manager}"
    if systemd_has_less(change.manager_before, change.before_bytes):
        return f"was {size(change.before_bytes)} before, and systemd had less"
    return None


def systemd_has_less(manager_value: str | None, value: int | None) -> bool:
    """Tell whether systemd's own idea of a setting, as it prints it, is less than what the file holds (None: no limit).

    To give it back to systemd would lower a limit past steps, watch and floor.
    """
    if not manager_value or manager_value == "infinity":
        return False
    return value is None or int(manager_value) // mmap.PAGESIZE < value // mmap.PAGESIZE
