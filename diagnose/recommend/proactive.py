"""Proactive reclaim takes pages on purpose: no limit helps, its owner must be asked (pure)."""

from __future__ import annotations

from diagnose import units
from diagnose.evaluate import Fired
from diagnose.facts import Facts
from diagnose.models import Recommendation
from diagnose.recommend.sizing import record_of


def stop_proactive(fired: Fired, facts: Facts) -> list[Recommendation]:
    windows = facts.windows
    record = record_of(windows, windows.capture.service.cgroup)
    if record is None:
        return []
    pages = windows.evictions(("proactive",), windows.service_ids)
    taken = units.pages(float(pages.sum()) if pages is not None else None)
    setting = "memory.limit_in_bytes" if windows.capture.cgroup_version == 1 else "memory.low"
    return [
        Recommendation(
            cgroup=record.path,
            setting=setting,
            current_bytes=record.settings.get(setting),
            value_bytes=None,
            reason="No memory limit helps: the pages are reclaimed on purpose, because nobody touched them for a "
            f"while ({taken} in this capture). What reclaims them must be told to wait longer or to leave this service "
            "alone; the commands only show how it is set (DAMON; of writers to memory.reclaim nothing is left to see).",
            arithmetic=[],
            expected_effect="none from a limit.",
            risk="Changing proactive reclaim changes the memory use of the whole host: its owner decides.",
            alternatives=[
                "have whoever set up proactive reclaim raise the age from which pages count as idle (min_age of "
                "damon_reclaim), or take the service's cgroup out of it",
            ],
            commands=[
                "cat /sys/module/damon_reclaim/parameters/enabled /sys/module/damon_reclaim/parameters/min_age",
                "grep -r . /sys/kernel/mm/damon/admin/kdamonds/ 2>/dev/null | head",
            ],
        )
    ]
