"""`block_latency`, `disks`, `pressure` and `capture`: devices, stalls, and how and where it was measured."""

from pydantic import StrictInt

from diagnose.capture.base import BlockOp
from diagnose.report.measurements.part import Figure, Number, Part


class Stage(Part):
    """Queueing or service of block requests. Without a single time stamp it is unknown, not instant."""

    requests: int
    p50_seconds: Figure
    p99_seconds: Figure


class Stages(Part):
    """From submission to issue, and from there to completion."""

    queue: Stage
    service: Stage


class DeviceLatency(Part):
    """A device in one direction: all requests, the service's own, and others'."""

    device: str
    op: BlockOp
    requests: int
    bytes: int | None
    own_requests: int | None
    all: Stages
    own: Stages
    others: Stages


class Submitter(Part):
    """What a cgroup submitted to a device in one direction."""

    device: str
    op: BlockOp
    cgroup: str
    is_service: bool
    requests: int
    bytes: int
    mean_queue_seconds: Figure
    mean_service_seconds: Figure
    share: Figure


class Blocks(Part):
    """`submitters`: those with most requests first."""

    devices: list[DeviceLatency]
    submitters: list[Submitter]
    submitters_omitted: int


class Disk(Part):
    """A whole device by /proc/diskstats, whoever used it."""

    device: str
    mean_in_flight: Figure
    reads: int | None
    read_bytes: int | None
    mean_read_seconds: Figure
    writes: int | None
    write_bytes: int | None
    mean_write_seconds: Figure


class Stalled(Part):
    """Time in which tasks were stalled, and its share of the time between the first and the last reading."""

    seconds: Figure
    share: Figure


class Pressure(Part):
    """PSI by resource and how many were stalled, "memory_some", "io_full"; growth of the counters of /proc/vmstat."""

    service: dict[str, Stalled]
    host: dict[str, Stalled]
    host_counters: dict[str, int | None]


class WithoutBpf(Part):
    """Why the capture was made without BPF, and what lifts that."""

    reason: str | None
    how_to_enable: str | None


class Context(Part):
    """What the report's `capture` key does not hold: the host, what was asked for, versions, how series are merged."""

    redacted: bool = False
    without_bpf: WithoutBpf | None = None
    """None: it was made with BPF."""
    hostname: str | None = None
    boot_id: str | None = None
    cpus: int | None = None
    memory_bytes: int | None = None
    page_bytes: int | None = None
    utc_offset_seconds: int | None = None
    requested_windows: int | None = None
    tool_version: str | None = None
    report_tool_version: str | None = None
    sha256: str | None = None
    """Of the capture's file."""
    recorded_read_seconds: Number | None = None
    """From this latency on, a read is worth remembering by file, whatever counts as slow."""
    points: int = 0
    """Values of a series."""
    windows_per_point: int = 1
    cgroup_ids: dict[str, StrictInt] = {}
    """kernfs ids of the service and of what shall be changed: a new cgroup of the same name has another."""
