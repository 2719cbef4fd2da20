"""Which evictions are reclaim for memory that somebody needed (pure): named once, for facts and predictions."""

from __future__ import annotations

from typing import Literal

from diagnose.capture.base import Cause

BY_TASKS: tuple[Literal["memcg-reclaim", "direct-reclaim"], ...] = ("memcg-reclaim", "direct-reclaim")
"""Reclaim by the task that needed memory: the evictor is the one who wanted the room. Where that is the service, it is
its own reclaim; so are stalls of its tasks for these causes."""
FOR_MEMORY: tuple[Cause, ...] = (*BY_TASKS, "kswapd")
"""Reclaim because somebody needed memory, whether its task or kswapd did it: it ends when there is room enough."""
