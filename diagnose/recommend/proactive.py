"""Proactive reclaim takes pages on purpose: no limit helps, its owner must be asked (pure)."""

from __future__ import annotations

from diagnose.evaluate import Fired
from diagnose.facts import Facts
from diagnose.models import Recommendation
from diagnose.recommend.sizing import record_of


def stop_proactive(fired: Fired, facts: Facts) -> list[Recommendation]:
    windows = facts.windows
    record = record_of(windows, windows.capture.service.cgroup)
    if record is None:
        return []
    setting = "memory.limit_in_bytes" if windows.capture.cgroup_version == 1 else "memory.low"
    return [
        Recommendation(
            cgroup=record.path,
            setting=setting,
            current_bytes=record.settings.get(setting),
            value_bytes=None,
            reason="No memory limit helps: the pages are reclaimed on purpose, because nobody touched them for a "
            "while. What reclaims them must be told to wait longer or to leave this service alone.",
            arithmetic=[],
            expected_effect="none from a limit.",
            risk="Changing proactive reclaim changes the memory use of the whole host: its owner decides.",
            commands=[
                "cat /sys/module/damon_reclaim/parameters/enabled /sys/module/damon_reclaim/parameters/min_age",
                "grep -r . /sys/kernel/mm/damon/admin/kdamonds/ 2>/dev/null | head",
            ],
        )
    ]
