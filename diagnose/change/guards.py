"""The guards: each looks at the live host and refuses one kind of dangerous or stale change (UsageError)."""

from __future__ import annotations

import re

from diagnose.cgroups import OpenCgroup, shown, writable_settings
from diagnose.cgroups.paths import normal
from diagnose.cgroups.settings import LIMIT_SETTINGS
from diagnose.cgroups.swap import MEMORY, WITH_SWAP
from diagnose.change.coherence import systemd_has_less
from diagnose.change.floor import Now
from diagnose.change.model import SETTING_TEXT, Change
from diagnose.change.wording import size
from diagnose.errors import UsageError
from diagnose.escape import shortened
from diagnose.report.model import Recommendation

LARGEST = 2**62


def check_words(change: Recommendation, version: int) -> None:
    """Refuse what no report of this program says: a path that is none, a setting that is never written."""
    if normal(change.cgroup) != change.cgroup or change.cgroup == "/":
        raise UsageError(f"{shown(change.cgroup)} is not the path of a cgroup below the root, as reports write it")
    if change.setting not in writable_settings(version):
        allowed = ", ".join(writable_settings(version))
        raise UsageError(f"{shown(change.setting)} is no memory setting of cgroup v{version} ({allowed})")
    if change.value_bytes is None or not 0 <= change.value_bytes <= LARGEST:
        raise UsageError(f"{change.value_bytes} is no size that {change.setting} could have")


def check_same_cgroup(change: Recommendation, cgroup: OpenCgroup, ids: dict[str, int]) -> None:
    """Refuse a cgroup that was removed and made again since the report: it is somebody else's of the same name."""
    recorded = ids.get(change.cgroup)
    if recorded is None:
        raise UsageError(f"the report does not say which cgroup {shown(change.cgroup)} was (no id); diagnose again")
    if cgroup.id != recorded:
        raise UsageError(
            f"{shown(change.cgroup)} is not the cgroup of the report any more: it was removed and recreated "
            f"(id {recorded} then, {cgroup.id} now); diagnose again"
        )


def check_current(change: Recommendation, cgroup: OpenCgroup) -> str:
    """Return the exact content of the setting's file; refuse a value that is no longer the one in the report."""
    text, current = read_setting(cgroup, change.cgroup, change.setting)
    if current != change.current_bytes:
        raise UsageError(
            f"{change.setting} of {shown(change.cgroup)} is {size(current)} now and was {size(change.current_bytes)} "
            "in the report: somebody changed it since; diagnose again"
        )
    return text


def read_setting(cgroup: OpenCgroup, path: str, setting: str) -> tuple[str, int | None]:
    """Return the exact content of a setting's file, and its value in bytes; raises UsageError where it has none.

    The file is not there (any more) where somebody has taken the memory controller away from the cgroup.
    """
    try:
        text, value = cgroup.text(setting), cgroup.number(setting)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UsageError(
            f"{setting} of {shown(path)} cannot be read ({why}); is the memory controller still enabled for it?"
        ) from error
    if not re.match(SETTING_TEXT, text):
        held = f"{setting} of {shown(path)} holds {shortened(text)}"
        raise UsageError(f"{held}, which no kernel writes; look into the file")
    return text, value


def check_with_swap(change: Recommendation, value: int, settings: dict[str, int | None]) -> None:
    """Refuse a v1 limit above that of memory and swap together, which the kernel would not take (EINVAL)."""
    both = settings.get(WITH_SWAP) if change.setting == MEMORY else None
    if both is not None and value > both:
        raise UsageError(
            f"{size(value)} is above {WITH_SWAP} of {shown(change.cgroup)}, {size(both)}, and the kernel refuses that: "
            "raise the other one first"
        )


def check_floor(change: Recommendation | Change, value: int, now: Now, force: bool) -> None:
    """Refuse a limit below what the cgroup cannot give back at this moment, unless forced."""
    if change.setting not in LIMIT_SETTINGS or force:
        return
    if now.floor_bytes is None or now.usage_bytes is None:
        raise UsageError(
            f"usage and floor of {shown(change.cgroup)} cannot be measured now, so nobody can tell whether "
            f"{size(value)} is safe; --force applies it all the same"
        )
    if value < now.floor_bytes:
        raise UsageError(
            f"{size(value)} is below the floor of {shown(change.cgroup)}: it cannot give back {size(now.held_bytes)} "
            f"now, with headroom {size(now.floor_bytes)}; diagnose again, or use --force"
        )


def check_manager_value(change: Recommendation, manager_value: str | None) -> None:
    """Refuse a unit whose file was written past systemd: the way back would set systemd's lower value at once."""
    if systemd_has_less(manager_value, change.current_bytes):
        raise UsageError(
            f"{change.setting} of {shown(change.cgroup)} is {size(change.current_bytes)}, and systemd has "
            f"{manager_value} bytes for it: somebody wrote past systemd. Settle it with systemctl set-property, then "
            "diagnose again"
        )
