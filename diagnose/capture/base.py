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
Cause = Literal["memcg-reclaim", "direct-reclaim", "kswapd", "proactive", "drop-caches", "invalidate", "truncate"]
BlockOp = Literal["read", "write"]
StallKind = Literal["dirty-throttle", "memcg-reclaim", "direct-reclaim"]
Stage = Literal["queue", "service"]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Process(Model):
    pid: Annotated[int, Field(ge=1, lt=2**31)]
    comm: Comm
