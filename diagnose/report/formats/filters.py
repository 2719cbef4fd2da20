"""How templates write what is not one quantity: limits, stalls, and rows that say the same (pure)."""

from __future__ import annotations

from collections.abc import Mapping

from diagnose import units
from diagnose.cgroups.settings import SETTINGS
from diagnose.report.measurements.host_models import Stalled
from diagnose.report.model import NotMeasured


def limits(settings: Mapping[str, int | None] | None) -> str:
    """Return the memory limits that are set on a cgroup, "memory.max 512 MiB"."""
    if settings is None or not any(name in settings for name in SETTINGS):
        return units.UNKNOWN
    known = {name: settings[name] for name in SETTINGS if settings.get(name) is not None}
    # 0 is no protection, but the tightest limit
    told = [f"{name} {units.size(value)}" for name, value in known.items() if str(value) != SETTINGS[name].none]
    return ", ".join(told) or "none"


def stall(stalls: Mapping[str, Stalled], name: str) -> str:
    """Return the time stalled, and its share of the capture: "1.2 s (1 %)"."""
    values = stalls.get(name)
    if values is None:
        return "not measured"
    if values.seconds is None:
        return units.UNKNOWN
    return f"{units.duration(values.seconds)} ({units.percent(values.share)})"


def alike(rows: list[NotMeasured]) -> list[list[NotMeasured]]:
    """Return what was not measured, grouped by reason and remedy, in the order of the first of each."""
    groups: dict[tuple[str, str | None], list[NotMeasured]] = {}
    for row in rows:
        groups.setdefault((row.reason, row.how_to_enable), []).append(row)
    return list(groups.values())
