"""A change record, and the figures before and after that it is compared by."""

from __future__ import annotations

from diagnose.change.model import Change, ChangedHost, ChangedService, ChangeRecord, Figures, Neighbour

RULE = "page-cache-noisy-neighbour"


def figures(share: float, reads: int = 10_000, inserted: int | None = 50_000, windows: int = 60) -> Figures:
    """Return one side of a comparison, whose slow reads come in the first four of every seven windows."""
    slow = [round(reads * share * 7 / 4) * (1 + w % 3) // 2 if w % 7 < 4 else 0 for w in range(windows)]
    return Figures(
        start="2026-03-08T02:59:30Z",
        seconds=float(windows),
        windows=windows,
        points=windows,
        slow_threshold_seconds=0.0001,
        file_reads=reads * windows,
        slow_reads=sum(slow),
        p50_seconds=2e-6,
        p90_seconds=3e-6,
        p99_seconds=0.001 if share > 0.01 else 5e-6,
        p999_seconds=0.002,
        hit_ratio=1 - share,
        evicted_by_others_pages=sum(slow),
        file_reads_series=[reads] * windows,
        slow_reads_series=slow,
        p99_seconds_series=[0.001 if s else 5e-6 for s in slow],
        neighbours=[Neighbour(cgroup="/dg/batch", inserted_pages=inserted)],
    )


def change_record(
    before: Figures | None, name: str = "svc", cgroup: str = "/dg/batch", known: str = "nightly-batch"
) -> ChangeRecord:
    change = Change(
        cgroup=cgroup, cgroup_id=12, setting="memory.high", manager="files", before_bytes=None, before_text="max\n",
        after_bytes=1 << 28, steps_bytes=[1 << 28], because="it evicts", name=known,
    )  # fmt: skip
    return ChangeRecord(
        tool_version="0.1.0",
        created="2026-03-08T03:10:00Z",
        state="applied",
        persistent=False,
        host=ChangedHost(hostname="db1", boot_id="b", cgroup_version=2),
        service=ChangedService(name=name, cgroup="/dg/svc", cgroup_id=11),
        report="sha256:0",
        rule=RULE,
        changes=[change],
        window_seconds=1.0,
        before=before,
    )
