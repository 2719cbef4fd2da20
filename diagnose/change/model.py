"""The change record (`diagnose.change/1`): what `apply` is about to do, did, and how to undo it to the byte.

It is written before the first write, so that a crash or SIGKILL at any moment leaves a record that `rollback` can use.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from diagnose.capture.base import CgroupId, Count, Model
from diagnose.capture.bounds import MAX_WINDOWS
from diagnose.capture.strings import Text

CHANGE_SCHEMA = "diagnose.change/1"

Manager = Literal["files", "systemd", "docker", "podman"]
State = Literal["applying", "applied", "restored", "rolling-back", "rolled-back"]
Number = Annotated[float, Field(ge=0, le=1e9)]
SETTING_TEXT = r"^(max|-1|[0-9]{1,20})\n?$"
"""What the file of a memory setting can hold: 2**64 has 20 digits."""
Duration = Annotated[float, Field(gt=0, le=MAX_WINDOWS * 3600.0)]
Series = Annotated[list[Count], Field(max_length=10_000)]


class Neighbour(Model):
    """What a contained cgroup brought into the page cache, in pages; None: not measured."""

    cgroup: Text
    inserted_pages: Count | None


class Figures(Model):
    """One side of a comparison: the service's reads over one capture. Series have a value a point of equal length."""

    start: Text
    seconds: Duration
    windows: Annotated[int, Field(gt=0, le=MAX_WINDOWS)]
    points: Annotated[int, Field(gt=0, le=10_000)]
    slow_threshold_seconds: Duration
    file_reads: Count
    slow_reads: Count
    p50_seconds: Number | None
    p90_seconds: Number | None
    p99_seconds: Number | None
    p999_seconds: Number | None
    hit_ratio: Annotated[float, Field(ge=0, le=1)] | None
    evicted_by_others_pages: Count | None
    evicted_by_pages: Annotated[dict[Text, Count], Field(max_length=100)] = Field(default_factory=dict)
    """The service's evicted pages by who was behind it (`of_service_by_pages` of the report)."""
    file_reads_series: Series
    slow_reads_series: Series
    p99_seconds_series: Annotated[list[Number | None], Field(max_length=10_000)]
    neighbours: list[Neighbour]

    @model_validator(mode="after")
    def _of_equal_length(self) -> Self:
        lengths = {len(self.file_reads_series), len(self.slow_reads_series), len(self.p99_seconds_series)}
        if lengths != {self.points}:
            raise ValueError("the series must have a value a point")
        return self


class Change(Model):
    """One setting of one cgroup. `before_text` is the exact content of its file, for the way back."""

    cgroup: Text
    cgroup_id: CgroupId
    setting: Text
    manager: Manager
    before_bytes: Count | None
    """None: no limit."""
    before_text: Annotated[str, Field(pattern=SETTING_TEXT)]
    after_bytes: Annotated[int, Field(ge=0, lt=2**63)]
    steps_bytes: Annotated[list[Count], Field(max_length=1000)]
    """Every value that is written on the way, the last of them `after_bytes`."""
    back_bytes: Annotated[list[Count | None], Field(max_length=1000)] = Field(default_factory=list)
    """What the file held when `rollback` began (None: no limit), and every value it may write on the way back."""
    because: Text
    manager_before: Annotated[str, Field(pattern=r"^(infinity|[0-9]{1,20}|)$")] | None = None
    """The manager's own idea of the setting before (systemd's property), to give back to it."""
    swap_bytes: Annotated[int, Field(ge=-1, lt=2**63)] | None = None
    """What may lie in swap on top of the limit (-1: all), for docker and podman, which set both; None: not known."""
    name: Text | None = None
    """The name a person knows the cgroup by; for people alone, nothing is done by it."""


class ChangedHost(Model):
    hostname: Text
    boot_id: Text
    cgroup_version: Literal[1, 2]


class ChangedService(Model):
    name: Text
    cgroup: Text
    cgroup_id: CgroupId | None


class ChangeRecord(Model):
    """`change-<UTC time>.json`."""

    schema_: Literal["diagnose.change/1"] = Field(default="diagnose.change/1", alias="schema")
    tool_version: Text
    created: Text
    state: State
    why: Text | None = None
    """Why it was restored, where it was."""
    persistent: bool
    host: ChangedHost
    service: ChangedService
    report: Text
    """The digest of the report that recommended it."""
    rule: Text | None
    changes: Annotated[list[Change], Field(min_length=1, max_length=1000)]
    window_seconds: Annotated[float, Field(gt=0, le=3600)]
    before: Figures | None
    """None: the report does not hold what a comparison needs."""
    digest: Text | None = None

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, populate_by_name=True, defer_build=True)
