"""Types that captures and reports share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from diagnose.capture.bounds import MAX_WINDOWS
from diagnose.capture.columns import Cells
from diagnose.capture.strings import Comm

Count = Annotated[int, Field(ge=0, lt=2**63)]
Window = Annotated[int, Field(ge=0, lt=MAX_WINDOWS)]
CgroupId = Annotated[int, Field(ge=0, lt=2**64)]
Inode = Annotated[int, Field(ge=0, lt=2**64)]
Counts = Annotated[Sequence[int], Cells(0, 2**63)]
Windows = Annotated[Sequence[int], Cells(0, MAX_WINDOWS)]
CgroupIds = Annotated[Sequence[int], Cells(0, 2**64)]
"""Columns of the same (`columns.py`)."""

ReadKind = Literal["hit", "missed", "direct", "socket", "pipe", "other", "io_uring"]
FileKind = Literal["hit", "missed", "direct", "io_uring"]
"""The kinds of reads of regular files."""
Cause = Literal["memcg-reclaim", "direct-reclaim", "kswapd", "proactive", "drop-caches", "invalidate", "truncate"]
EvictedBy = Literal["neighbours", "self", "kswapd", "proactive", "dropped", "unknown", "truncated"]
"""Who is behind the removal of a page of the service: other cgroups' reclaim, its own, kswapd, proactive reclaim, those
who drop pages on purpose, the reclaim of a cgroup that is not known; or, not evicted, those who truncated the file."""
BlockOp = Literal["read", "write"]
StallKind = Literal["dirty-throttle", "memcg-reclaim", "direct-reclaim"]
Stage = Literal["queue", "service"]
SlowBasis = Literal["waiting", "separation", "shape", "default", "given"]
"""What the threshold of slow reads is. "waiting": nearly all reads missed, and all but the fastest twentieth took that
long; "separation": it separates missed from hit reads best; "shape": it lies between the two modes; "default": neither
could be told; "given": that of another capture, to compare by."""


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, defer_build=True)


class Process(Model):
    pid: Annotated[int, Field(ge=1, lt=2**31)]
    comm: Comm
