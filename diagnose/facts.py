"""What rules may speak of: every fact has a name, a unit, a kind, a scope and the probe it comes from (pure).

A fact that was not measured is None, never 0. `reference()` of `rules.py` prints this vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["number", "series", "histogram"]
Scope = Literal["service", "neighbour", "host"]


@dataclass(frozen=True)
class FactSpec:
    """A word of the vocabulary. A number is a float; a series has one value a window; a histogram BINS counts."""

    name: str
    unit: str
    kind: Kind
    scope: Scope
    probe: str
    help: str
    compute: Callable[..., Any]


FACTS: dict[str, FactSpec] = {}


def fact(name: str, unit: str, kind: Kind, scope: Scope, probe: str, help: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def register(compute: Callable[..., Any]) -> Callable[..., Any]:
        FACTS[name] = FactSpec(name, unit, kind, scope, probe, help, compute)
        return compute
    return register


_DECLARED: list[tuple[str, str, Kind, Scope, str, str]] = [
    ("capture.windows", "windows", "number", "host", "capture", "whole windows measured"),
    ("reads.file_count", "reads", "number", "service", "reads", "reads of regular files by the service"),
    ("reads.file_rate", "reads/s", "series", "service", "reads", "reads of regular files per second"),
    ("reads.file_latency", "ns", "histogram", "service", "reads", "latency of buffered reads of regular files"),
    ("reads.slow_threshold", "s", "number", "service", "reads", "latency from which a read is called slow here: the one that best separates missed from hit reads"),
    ("reads.slow", "reads", "series", "service", "reads", "reads of regular files at or above the slow threshold"),
    ("reads.slow_share", "ratio", "number", "service", "reads", "share of file reads that were slow"),
    ("reads.slow_time_share", "ratio", "number", "service", "reads", "share of the time in file reads that slow reads took"),
    ("reads.slow_missed_share", "ratio", "number", "service", "reads", "share of the slow reads that missed the page cache"),
    ("reads.missed_share", "ratio", "number", "service", "reads", "share of file reads that missed the page cache"),
    ("reads.direct_share", "ratio", "number", "service", "reads", "share of file reads that bypass the page cache (O_DIRECT)"),
    ("reads.p50", "s", "number", "service", "reads", "median latency of file reads"),
    ("reads.p99", "s", "number", "service", "reads", "99th percentile of the latency of file reads"),
    ("reads.peer_time_share", "ratio", "number", "service", "reads", "share of all time in read calls spent on sockets and pipes"),
    ("cache.hit_ratio", "ratio", "number", "service", "page-cache", "1 - missed/looked up, in pages, of the service's reads"),
    ("cache.hit_ratio_by_window", "ratio", "series", "service", "page-cache", "hit ratio of each window; missing where nothing was looked up"),
    ("cache.missed", "pages", "series", "service", "page-cache", "pages looked up by the service's reads and absent"),
    ("cache.refaults", "pages", "series", "service", "cgroups", "workingset_refault_file of the service's subtree: evicted pages that were wanted again"),
    ("evictions.of_service", "pages", "series", "service", "evictions", "page-cache pages of the service removed by anybody, except by truncation and unlink"),
    ("evictions.by_neighbours_share", "ratio", "number", "service", "evictions", "share of the service's evicted pages removed by neighbours (kswapd's part apportioned)"),
    ("evictions.by_self_share", "ratio", "number", "service", "evictions", "share of the service's evicted pages that its own reclaim removed"),
    ("evictions.proactive_share", "ratio", "number", "service", "evictions", "share removed by proactive reclaim (DAMON, memory.reclaim)"),
    ("evictions.kswapd_share", "ratio", "number", "service", "evictions", "share removed by kswapd"),
    ("evictions.dropped_share", "ratio", "number", "service", "evictions", "share removed by drop_caches"),
    ("limit.bytes", "bytes", "number", "service", "cgroups", "the service's own memory limit (the lowest in its subtree's path that no neighbour shares)"),
    ("limit.peak_usage_ratio", "ratio", "number", "service", "cgroups", "highest usage of the service during the capture over its own limit"),
    ("limit.hits", "events", "number", "service", "cgroups", "times the service hit its own limit during the capture (failcnt; memory.events max and high)"),
    ("neighbour.evicted_of_service", "pages", "series", "neighbour", "evictions", "page-cache pages of the service that this neighbour's reclaim removed (its part of kswapd's included)"),
    ("neighbour.eviction_share", "ratio", "number", "neighbour", "evictions", "its share of all evicted pages of the service"),
    ("neighbour.apportioned_share", "ratio", "number", "neighbour", "evictions", "how much of what is laid to it is apportioned from kswapd by inflow, not measured directly"),
    ("neighbour.inserted", "pages", "series", "neighbour", "page-cache", "pages it added to the page cache"),
    ("neighbour.inserted_share", "ratio", "number", "neighbour", "page-cache", "its share of all pages added to the page cache on the host"),
    ("neighbour.cache_bytes", "bytes", "series", "neighbour", "cgroups", "page cache charged to it"),
    ("neighbour.cache_growth", "bytes", "number", "neighbour", "cgroups", "highest less first page cache charged to it during the capture"),
]
