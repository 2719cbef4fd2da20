"""Types that captures and reports share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

MAX_WINDOWS = 100_000


def _below(limit: int) -> Callable[[list[int]], list[int]]:
    def check(column: list[int]) -> list[int]:
        if column and (min(column) < 0 or max(column) >= limit):
            raise ValueError(f"a value outside 0 to {limit - 1}")
        return column

    return check


Count = Annotated[int, Field(ge=0, lt=2**63)]
Window = Annotated[int, Field(ge=0, lt=MAX_WINDOWS)]
CgroupId = Annotated[int, Field(ge=0, lt=2**64)]
Inode = Annotated[int, Field(ge=0, lt=2**64)]
Counts = Annotated[list[int], AfterValidator(_below(2**63))]
Windows = Annotated[list[int], AfterValidator(_below(MAX_WINDOWS))]
CgroupIds = Annotated[list[int], AfterValidator(_below(2**64))]
"""Columns of the same: millions of cells on a large host, and a check of the whole costs half of one cell by cell."""
Text = Annotated[str, Field(max_length=4096)]

ReadKind = Literal["hit", "missed", "direct", "socket", "pipe", "other", "io_uring"]
Cause = Literal["memcg-reclaim", "direct-reclaim", "kswapd", "proactive", "drop-caches", "invalidate", "truncate"]
BlockOp = Literal["read", "write"]
StallKind = Literal["dirty-throttle", "memcg-reclaim", "direct-reclaim"]
Stage = Literal["queue", "service"]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Process(Model):
    pid: Annotated[int, Field(ge=1, lt=2**31)]
    comm: Text
