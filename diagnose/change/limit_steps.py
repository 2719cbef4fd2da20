"""How a limit is lowered: from what is used now, a tenth at a time (pure).

A limit far below usage makes the kernel reclaim the difference at once, in the context of the writer and of the job:
the job stalls, and a hard limit on v2 may kill it. In steps each stall is short, and there is time to look in between.
"""

from __future__ import annotations

from diagnose.cgroups.settings import LIMIT_SETTINGS

STEP_SHARE = 0.10
"""Of what is left, given up in one step."""
MIN_STEP_BYTES = 4 << 20
MAX_STEPS = 60


def steps(setting: str, current: int | None, target: int, usage: int | None) -> list[int]:
    """Return the values to write, in bytes, the last of them `target`; one where nothing has to be reclaimed."""
    start = min(v for v in (current, usage, 2**63) if v is not None)
    if setting not in LIMIT_SETTINGS or usage is None or target >= start:
        return [target]
    values: list[int] = []
    value = start
    while len(values) < MAX_STEPS - 1:
        value = _page(min(value - MIN_STEP_BYTES, int(value * (1 - STEP_SHARE))))
        if value <= target:
            break
        values.append(value)
    return [*values, target]


def _page(value: int) -> int:
    # The kernel rounds a limit to pages; 64 KiB is a multiple of every page size in use for base pages
    return value // 65536 * 65536
