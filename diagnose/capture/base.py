"""Types that captures and reports share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, FailFast, Field, model_validator

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


ONE_FAULT = FailFast()
"""Of a list: after the first fault no others are looked for. Millions of them take gigabytes."""


def at_most(most: int) -> BeforeValidator:
    """Return what refuses a longer list or mapping before anything is made of its entries."""

    def check(value: Any) -> Any:
        if isinstance(value, list | dict) and len(value) > most:
            raise ValueError(f"must have at most {most:,} entries; it has {len(value):,}")
        return value

    return BeforeValidator(check)


def few_words(most: int) -> AfterValidator:
    """Return what refuses a list of more than so many different strings."""

    def check(value: list[str]) -> list[str]:
        if len(value) > most and (different := len(set(value))) > most:
            raise ValueError(f"must have at most {most:,} different entries; it has {different:,}")
        return value

    return AfterValidator(check)


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def _not_full_of_other_keys(cls, value: Any) -> Any:
        if isinstance(value, dict) and len(value) > 2 * len(cls.model_fields) + 8:
            raise ValueError(f"has {len(value):,} keys; {len(cls.model_fields)} are known")
        return value


class Process(Model):
    pid: Annotated[int, Field(ge=1, lt=2**31)]
    comm: Comm
