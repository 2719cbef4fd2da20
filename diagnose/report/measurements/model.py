"""The `measurements` of a report: its numbers, summed up for a reader."""

from typing import Annotated

from pydantic import Field

from diagnose.report.measurements.cache_models import Cgroups, PageCache
from diagnose.report.measurements.eviction_models import Blame, Evictions
from diagnose.report.measurements.host_models import Blocks, Context, Disk, Pressure
from diagnose.report.measurements.part import Figure, Part
from diagnose.report.measurements.read_models import ReadLatency


def _about(text: str) -> object:
    return Field(description=text)


class Measurements(Part):
    """What was measured, in base units that the keys' suffixes name; null: not measured."""

    read_latency: Annotated[
        ReadLatency | None,
        _about("percentiles, histogram by hit and miss, modes, kinds of read, files, latency over time"),
    ] = None
    block_latency: Annotated[
        Blocks | None, _about("queueing and service time by device and direction, and who submitted the requests")
    ] = None
    disks: Annotated[
        list[Disk] | None,
        _about("requests and their mean times by whole device, where BPF was refused (/proc/diskstats)"),
    ] = None
    page_cache: Annotated[
        PageCache | None, _about("the service's hit ratio and each cgroup's lookups, misses and insertions")
    ] = None
    evictions: Annotated[
        Evictions | None, _about("who evicted whose pages and why, and the service's part over time")
    ] = None
    blame: Annotated[
        Blame | None,
        _about("which evictions the missed reads waited for, and how much room would have avoided them"),
    ] = None
    cgroups: Annotated[
        Cgroups | None,
        _about("page cache, usage, settings and refaults of each cgroup; settings by the kernel's names"),
    ] = None
    pressure: Annotated[
        Pressure | None, _about("time stalled (PSI) of the service and the host, and the host's reclaim counters")
    ] = None
    capture: Annotated[
        Context, _about("the host, what was asked for, versions, the capture's SHA-256, how series are merged")
    ] = Field(default_factory=Context)
    figures: Annotated[
        dict[str, Figure],
        _about("numbers of instruments that have no part of their own here, by the name of the fact (docs/facts.md)"),
    ] = {}
    names: Annotated[
        dict[str, str],
        _about("the name that a person knows (unit, container, pod) by cgroup path, where there is one"),
    ] = {}
