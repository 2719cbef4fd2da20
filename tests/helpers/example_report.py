"""An example for tests: a capture in which /dg/batch pushes the cache of /dg/svc out in bursts, and its report.

`names` replaces names that the system chose ("service", "batch", "file", "device", …) to try hostile ones.
"""

from __future__ import annotations

from typing import Any

from diagnose.capture.base import Process
from diagnose.capture.bounds import MAX_DEVICE
from diagnose.capture.model import Capture, CgroupRecord, Host, ProbeRecord, ServiceRecord
from diagnose.capture.tables import (
    BlockLatency,
    BlockRequests,
    Cache,
    CgroupSamples,
    Evictions,
    ReadFile,
    Reads,
    ReadTotals,
    Samples,
)
from diagnose.histogram import bin_of
from diagnose.report.measurements.build import measure
from diagnose.report.model import (
    Advice,
    Culprit,
    Evidence,
    Finding,
    Known,
    NotMeasured,
    Recommendation,
    Report,
    ReportCapture,
    ReportService,
    RuledOut,
    Unknown,
    Verdict,
)
from diagnose.report.wording.cross_check import with_verdict
from diagnose.report.wording.names import used_in
from diagnose.report.wording.writer import Names

MIB = 1 << 20
ROOT, DG, SVC, BATCH, VANISHED = 1, 10, 11, 12, 99
PROBES = ("reads", "page-cache", "evictions", "block", "cgroups", "pressure")
NAMES = {
    "service": "svc",
    "batch": "/dg/batch",
    "person": "nightly-batch",
    "host": "db1",
    "file": "/srv/data/hot.idx",
    "device": "vda",
    "kernel": "6.12.9",
    "setting": "memory.high",
    "probe": "blame",
    "text": "see the release notes",
}


def busy(window: int) -> bool:
    """Tell whether the batch job streams its data in this window: 10 windows in 30."""
    return window % 30 >= 20


def example_capture(
    windows: int = 120, requested: int = 120, names: dict[str, str] | None = None, **changes: Any
) -> Capture:
    """Return the capture; `changes` replaces whole fields."""
    n = NAMES | (names or {})
    fields: dict[str, Any] = {
        "tool_version": "0.1.0",
        "start": "2026-03-08T02:59:30Z",
        "windows": windows,
        "requested_windows": requested,
        "window_seconds": 1.0,
        "interrupted": windows < requested,
        "slow_read_ns": 100_000,
        "host": Host(
            hostname=n["host"],
            kernel=n["kernel"],
            boot_id="0",
            cpus=8,
            memory_bytes=16 << 30,
            page_bytes=4096,
            utc_offset_seconds=3600,
        ),
        "cgroup_version": 2,
        "cgroup_mount": "/sys/fs/cgroup",
        "service": ServiceRecord(
            name=n["service"], cgroup="/dg/svc", cgroup_id=SVC, processes=[Process(pid=4242, comm="svc")]
        ),
        "cgroups": [
            CgroupRecord(id=ROOT, path="/"),
            CgroupRecord(id=DG, path="/dg", settings={"memory.max": 2048 * MIB, "memory.high": None}),
            CgroupRecord(id=SVC, path="/dg/svc", settings={"memory.max": None, "memory.high": None, "memory.low": 0}),
            CgroupRecord(
                id=BATCH, path=n["batch"], name=n["person"], settings={"memory.max": None, "memory.high": None}
            ),
        ],
        "probes": [ProbeRecord(probe=p, attached=True) for p in PROBES],
        "lost": {"reads: map full": 0},
        **_reads(windows, n),
        **_block(windows, n),
        **_cache(windows),
        **_samples(windows),
    }
    return Capture(**{**fields, **changes})


def example_report(capture: Capture | None = None, names: dict[str, str] | None = None, **changes: Any) -> Report:
    """Return the report on a capture; `changes` replaces whole fields."""
    n = NAMES | (names or {})
    capture = capture or example_capture(names=names)
    measured, named = measure(capture), Names.of(capture)
    batch, known = (named.writer(mentioned).cgroup(n["batch"]) for mentioned in ((), [n["batch"]]))
    fields: dict[str, Any] = {
        "service": ReportService(name=n["service"], cgroup="/dg/svc", processes=capture.service.processes),
        "capture": ReportCapture(
            start=capture.start,
            windows=capture.windows,
            window_seconds=capture.window_seconds,
            kernel=n["kernel"],
            cgroup_version=2,
            lost=capture.lost,
            interrupted=capture.interrupted,
        ),
        "verdict": Verdict(
            status="finding",
            rule="page-cache-noisy-neighbour",
            confidence="high",
            summary=f"{batch} pushed the page cache of {n['service']} out: it evicted 16,440 of its pages.",
            known_by=_known(n, batch),
        ),
        "findings": [_finding(n, batch, known, named.known.get(n["batch"]))],
        "ruled_out": [RuledOut(rule="own-limit-too-small", why=f"no limit is set on {n['service']}")],
        "unknown": [Unknown(rule="cpu-throttled", missing=f"cpu.stat of {n['service']} was not measured")],
        "not_measured": [NotMeasured(probe=n["probe"], reason=f"no BTF: {n['text']}", how_to_enable=n["text"])],
        "recommendations": [_recommendation(n, known, named.known.get(n["batch"]))],
        "measurements": with_verdict(measured).model_copy(update={"names": used_in(measured, named.known, [])}),
    }
    return Report(**{**fields, **changes})


def _finding(n: dict[str, str], batch: str, known: str, name: str | None) -> Finding:
    """Return the finding; `batch`: the culprit in a text that names it first, `known`: where the reader knows it."""

    def evidence(
        condition: str, measured: float | None, threshold: float, unit: str, mechanism: str | None = None
    ) -> Evidence:
        holds = None if measured is None else measured >= threshold
        return Evidence(
            condition=f"mechanism {mechanism}: {condition}" if mechanism else condition,
            holds=holds,
            measured=measured,
            threshold=threshold,
            unit=unit,
            mechanism=mechanism,
        )

    return Finding(
        rule="page-cache-noisy-neighbour",
        title=f"{batch} evicts the page cache of the service",
        confidence="high",
        culprits=[Culprit(cgroup=n["batch"], share=0.972, cause="memcg-reclaim", name=name)],
        summary=f"{batch} evicts the page cache of the service.",
        known_by=_known(n, batch),
        advice=Advice(do=f"Ask the owner of {known}.", risk=f"{known} takes longer."),
        evidence=[
            evidence("its share of the evicted pages is at least half", 0.972, 0.5, "ratio", "evictions"),
            evidence("slow reads are a share of the reads", 0.0108, 0.001, "ratio"),
            evidence(f"the 99.9th percentile is slow in {n['file']}", 0.00294, 0.000045056, "s"),
            evidence("refaults", None, 100, "pages"),
        ],
    )


def _known(n: dict[str, str], batch: str) -> list[Known]:
    saw = f"the kernel saw {batch} evict 16,440 pages of {n['service']}"
    added = f"{batch} added 99 % of all pages"
    return [Known(mechanism="evictions", direct=True, says=saw), Known(mechanism="inflow", direct=False, says=added)]


def _recommendation(n: dict[str, str], who: str, name: str | None) -> Recommendation:
    import shlex

    target = shlex.quote(f"/sys/fs/cgroup{n['batch']}/{n['setting']}")
    return Recommendation(
        cgroup=n["batch"],
        setting=n["setting"],
        current_bytes=None,
        value_bytes=512 * MIB,
        reason=f"{who} reads each page once, so that a larger cache gains it nothing.",
        arithmetic=["anonymous memory 180 MiB + headroom 332 MiB = 512 MiB"],
        expected_effect="the service keeps its cache",
        risk=f"{who} is throttled when it needs more anonymous memory",
        commands=[f"echo {512 * MIB} > {target}"],
        undo=[f"echo max > {target}"],
        name=name,
    )


def _reads(windows: int, names: dict[str, str]) -> dict[str, Any]:
    """Hits of about 200 ns; in busy windows some reads of a millisecond, which missed; a socket read a window."""
    rows: list[tuple[int, str, int, int]] = []
    totals: list[tuple[int, str, int, int, int, int, int]] = []
    for w in range(windows):
        hits = 3000 - 40 * (w % 7)
        rows += [
            (w, "hit", bin_of(ns), n) for ns, n in ((190, hits // 4), (260, hits // 5), (400, hits // 20), (3000, 5))
        ]
        rows.append((w, "hit", bin_of(220), hits - hits // 4 - hits // 5 - hits // 20 - 5))
        totals.append((w, "hit", hits, hits * 240, hits * 4096, hits, 0))
        if busy(w):
            missed = 40 + 12 * (w % 10)
            rows += [(w, "missed", bin_of(700_000), missed // 4), (w, "missed", bin_of(2_900_000), missed // 8)]
            rows.append((w, "missed", bin_of(1_100_000), missed - missed // 4 - missed // 8))
            totals.append((w, "missed", missed, missed * 1_300_000, missed * 4096, missed, missed))
        rows.append((w, "socket", bin_of(40_000_000), 1))
        totals.append((w, "socket", 1, 40_000_000, 900, 0, 0))
    window, kind, bins, count = map(list, zip(*rows, strict=True)) if rows else ([], [], [], [])
    columns = map(list, zip(*totals, strict=True)) if totals else ([] for _ in range(7))
    fields = ("window", "kind", "count", "total_ns", "total_bytes", "looked_up_pages", "missed_pages")
    files = [
        ReadFile(
            device="254:0", inode=77, path=names["file"], slow_reads=3759, missed_reads=3759, total_ns=4_886_700_000
        ),
        ReadFile(device="254:0", inode=78, path=None, slow_reads=1, missed_reads=1, total_ns=1_300_000),
    ]
    return {
        "reads": Reads(window=window, kind=kind, bin=bins, count=count),
        "read_totals": ReadTotals(**dict(zip(fields, columns, strict=True))),
        "files": files if windows else [],
    }


def _block(windows: int, n: dict[str, str]) -> dict[str, Any]:
    requests: dict[str, list[Any]] = {k: [] for k in BlockRequests.model_fields}
    latency: dict[str, list[Any]] = {k: [] for k in BlockLatency.model_fields}
    for w in filter(busy, range(windows)):
        for cgroup, own, count in ((SVC, 1, 90), (BATCH, 0, 800), (None, 0, 3)):
            row = (w, n["device"][:MAX_DEVICE], "read", cgroup, count, count * 65536, count * 300_000, count * 700_000)
            for column, value in zip(requests.values(), row, strict=True):
                column.append(value)
            for stage, ns in (("queue", 300_000), ("service", 700_000)):
                for column, value in zip(
                    latency.values(), (w, n["device"][:MAX_DEVICE], "read", stage, own, bin_of(ns), count), strict=True
                ):
                    column.append(value)
    return {"block_requests": BlockRequests(**requests), "block_latency": BlockLatency(**latency)}


def _cache(windows: int) -> dict[str, Any]:
    cache = [(w, SVC, 3000, 94 if busy(w) else 0, 94 if busy(w) else 0, 2) for w in range(windows)]
    cache += [(w, BATCH, 20_000, 19_800, 20_000, 0) for w in range(windows) if busy(w)]
    evictions: list[tuple[int, int, int, str, int]] = []
    for w in filter(busy, range(windows)):
        evictions += [(w, BATCH, SVC, "memcg-reclaim", 400 + 10 * (w % 3)), (w, BATCH, BATCH, "memcg-reclaim", 19_000)]
        evictions += [(w, ROOT, SVC, "kswapd", 10), (w, ROOT, BATCH, "proactive", 7), (w, SVC, SVC, "truncate", 1)]
        evictions += [(w, VANISHED, SVC, "direct-reclaim", 1), (w, SVC, SVC, "memcg-reclaim", 1)]
    names = ("window", "cgroup", "looked_up", "missed", "inserted", "dirtied")
    pages = ("window", "evictor", "victim", "cause", "pages")
    return {
        "cache": Cache(**dict(zip(names, _columns(cache, 6), strict=True))),
        "evictions": Evictions(**dict(zip(pages, _columns(evictions, 5), strict=True))),
    }


def _samples(windows: int) -> dict[str, Any]:
    rows = []
    for w in range(-1, windows):
        seen = sum(busy(i) for i in range(w + 1))
        rows.append((w, SVC, 120 * MIB, (64 - (8 if busy(w) else 0)) * MIB, 40 * MIB, seen * 300, 0, seen * 20_000))
        rows.append((w, BATCH, (300 + seen) * MIB, (100 + seen * 9) * MIB, 180 * MIB, None, 0, 0))
        rows.append((w, DG, 2000 * MIB, 1500 * MIB, 220 * MIB, seen * 300, seen * 5, 0))
    keys = ("usage_bytes", "file_bytes", "anon_bytes", "refault_file_pages", "limit_hits", "psi_memory_some_us")
    window, cgroup, *values = _columns(rows, 8)
    host = _columns([(w, 5_000_000 + 1000 * w, 70 + 3 * w, 4000 - w) for w in range(-1, windows)], 4)
    host_keys = ("pressure.memory.some_us", "vmstat.pgscan_direct", "vmstat.nr_free_pages")
    return {
        "cgroup_samples": CgroupSamples(window=window, cgroup=cgroup, values=dict(zip(keys, values, strict=True))),
        "host_samples": Samples(window=host[0], values=dict(zip(host_keys, host[1:], strict=True))),
    }


def _columns(rows: list[Any], width: int) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]
