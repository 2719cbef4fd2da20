"""The capture file (`diagnose.capture/1`).

A capture is a set of tables in columns of equal length. `window` counts from 0; windows are `window_seconds` long
and were stamped in the kernel, so every table shares them. A column that is None was not measured; a cell that is
None could not be read. Missing is never 0. Cgroups are the kernfs ids of their memory-controller directories.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import ConfigDict, Field, model_validator

from diagnose.capture.base import ONE_FAULT, CgroupId, Count, Model, Process, at_most
from diagnose.capture.bounds import (
    MAX_CGROUPS,
    MAX_DEVICES,
    MAX_NAMES,
    MAX_PROBES,
    MAX_PROCESSES,
    MAX_REASONS,
    MAX_SCHEMES,
    MAX_SETTINGS,
    MAX_WINDOWS,
)
from diagnose.capture.reasons import Reason, sentence
from diagnose.capture.strings import (
    BootId,
    CgroupName,
    CgroupPath,
    Device,
    HostName,
    KernelRelease,
    MountPoint,
    Sentence,
    ServiceName,
    Time,
    Word,
)
from diagnose.capture.surroundings import BlockDevice, DamonScheme
from diagnose.capture.tables import Tables, tables_of

CAPTURE_SCHEMA = "diagnose.capture/1"
_ByDevice = Annotated[dict[Device, Count], at_most(MAX_DEVICES)]


class Host(Model):
    hostname: HostName
    kernel: KernelRelease
    boot_id: BootId | None
    """None: not read. Without it nothing of the capture can be applied."""
    cpus: Annotated[int, Field(ge=1, le=100_000)]
    memory_bytes: Count
    page_bytes: Annotated[int, Field(ge=1024, le=2**21)]
    utc_offset_seconds: Annotated[int, Field(ge=-86_400, le=86_400)]
    settings: Annotated[dict[Word, Count], at_most(MAX_SETTINGS)] = {}
    """The kernel's settings that bear on the page cache, by the kernel's names; absent: not read."""


class ServiceRecord(Model):
    name: ServiceName
    """As the user wrote it after --service."""
    cgroup: CgroupPath
    """Path in the memory hierarchy, "/dg/svc"."""
    cgroup_id: CgroupId
    processes: Annotated[list[Process], ONE_FAULT, at_most(MAX_PROCESSES)]


class CgroupRecord(Model):
    id: CgroupId
    path: CgroupPath
    name: CgroupName | None = None
    """The name a person knows (unit, container, pod; "worker in checkout.service"), where it differs from the path."""
    managed_by: Literal["files", "systemd", "docker", "podman", "kubernetes"] = "files"
    settings: Annotated[dict[Word, Count | None], at_most(MAX_SETTINGS)] = {}
    """The kernel's setting files at the start ("memory.high": bytes; None: no limit, "max")."""
    cpu_quota_us: Count | None = None
    """CPU time that it may use in each period; None with a period: no quota of its own."""
    cpu_period_us: Count | None = None
    """None: not read."""
    cpu_weight: Count | None = None
    """cpu.weight, on v1 cpu.shares; None: not read."""
    beside: Annotated[dict[Word, CgroupPath], at_most(MAX_SETTINGS)] = {}
    """v1: where exactly its processes are in other hierarchies ("cpu", "blkio"), by controller; absent: nowhere."""
    io_limits: Annotated[dict[Word, _ByDevice], at_most(MAX_SETTINGS)] = {}
    """By "rbps", "wbps", "riops", "wiops" (io.max, on v1 blkio.throttle.*): allowed a second, by major:minor."""


BPF = "bpf"
"""The probe that stands for BPF itself; only captures of hosts that refuse it have it, and it never attached."""

UNREAD = "cgroups not read by themselves"
"""How the probe "cgroups" says, after their number, that not every cgroup was read."""


class ProbeRecord(Model):
    """How an instrument fared. `attached` false, or `missing` not empty, is printed under "Not measured"."""

    @classmethod
    def because(
        cls, probe: str, attached: bool, *why: Reason, how_to_enable: str | None = None, missing: Sequence[str] = ()
    ) -> Self:
        """Return the record of an instrument that lacks something, with the reason in words and as values."""
        return cls(
            probe=probe,
            attached=attached,
            reason=sentence([*why]),
            how_to_enable=how_to_enable,
            why=[*why],
            missing=[*missing],
        )

    probe: Word
    attached: bool
    reason: Sentence | None = None
    how_to_enable: Sentence | None = None
    why: Annotated[list[Reason], ONE_FAULT, at_most(MAX_REASONS)] = []
    """What `reason` says, as values; empty in captures of older versions."""
    missing: Annotated[list[Word], ONE_FAULT, at_most(MAX_NAMES)] = []
    """Columns ("cache.looked_up") that this probe could not provide here, the rest being there."""


class Origin(Model):
    """What was measured, where and when, and how the instruments fared."""

    schema_: Literal["diagnose.capture/1"] = Field(default="diagnose.capture/1", alias="schema")
    redacted: bool = False
    """Names are pseudonyms (`diagnose/capture/redact`): for reading, not for applying."""
    tool_version: Word
    start: Time
    """UTC, ISO 8601 with seconds, "2026-11-22T15:20:00Z": the beginning of window 0."""
    windows: Annotated[int, Field(ge=0, le=MAX_WINDOWS)]
    """Whole windows measured."""
    requested_windows: Annotated[int, Field(ge=1, le=MAX_WINDOWS)]
    window_seconds: Annotated[float, Field(gt=0, le=3600)]
    interrupted: bool
    slow_read_ns: Count
    """From this latency on, a read is worth remembering by file (`files`); not a verdict on what is slow."""
    host: Host
    cgroup_version: Literal[1, 2]
    cgroup_mount: MountPoint
    """Where the memory hierarchy is mounted, "/sys/fs/cgroup/memory"."""
    mounts: Annotated[dict[Word, MountPoint], at_most(MAX_SETTINGS)] = {}
    """v1: where the hierarchies of "cpu" and "blkio" are mounted; absent: not there, or not looked for."""
    service: ServiceRecord
    cgroups: Annotated[list[CgroupRecord], ONE_FAULT, at_most(MAX_CGROUPS)]
    probes: Annotated[list[ProbeRecord], ONE_FAULT, at_most(MAX_PROBES)]
    lost: Annotated[dict[Word, Count], at_most(MAX_SETTINGS)]
    """Events not counted, by map and reason; empty or all 0: nothing was lost."""

    @classmethod
    def because(
        cls, probe: str, attached: bool, *why: Reason, how_to_enable: str | None = None, missing: Sequence[str] = ()
    ) -> Self:
        """Return the record of an instrument that lacks something, with the reason in words and as values."""
        told = {"reason": sentence([*why]), "how_to_enable": how_to_enable, "why": [*why]}
        return cls.model_validate({"probe": probe, "attached": attached, "missing": [*missing], **told})


class Capture(Tables, Origin):
    """Everything that was measured, and everything that the analysis may use.

    Its fields come in the order of `Origin`, `Tables`, and those that stand here.
    """

    devices: Annotated[list[BlockDevice], ONE_FAULT, at_most(MAX_DEVICES)] = []
    damon: Annotated[list[DamonScheme], ONE_FAULT, at_most(MAX_SCHEMES)] = []
    """The schemes that take memory; empty: none runs, or this was not looked for."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, populate_by_name=True, defer_build=True)

    @model_validator(mode="after")
    def _rows_lie_in_the_capture(self) -> Self:
        for table in tables_of(self):
            window: Sequence[int] = getattr(table, "window", ())
            if len(window) and (last := int(np.max(window))) >= self.windows:
                raise ValueError(f"{type(table).__name__}: a row of window {last}, of {self.windows}")
        ids = [c.id for c in self.cgroups]
        if len(set(ids)) != len(ids):
            raise ValueError("cgroups: the same id twice")
        return self
