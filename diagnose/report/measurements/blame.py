"""The chain: missed reads, the evictions they waited for, and how much room would have avoided them (pure)."""

from __future__ import annotations

import numpy as np

from diagnose.analysis.evictions import ON_PURPOSE
from diagnose.analysis.miss_ratio_curve import counts_twice, curve, evicted_before, may_forget, refaulted_pages
from diagnose.analysis.windows import Counts, Series
from diagnose.capture.base import Cause
from diagnose.capture.tables import Blame as Blamed
from diagnose.capture.tables import ExampleRead
from diagnose.histogram import BINS_PER_OCTAVE, lower_edges, percentile_seconds
from diagnose.report.measurements.eviction_models import (
    AgeQuantiles,
    Ages,
    Agreement,
    Blame,
    BlamedOn,
    CrossCheck,
    Room,
    RoomFor,
    RoomPoint,
    SlowExample,
)
from diagnose.report.measurements.evictions import evictor_label
from diagnose.report.measurements.frame import TOP, Frame, ids
from diagnose.units import ratio, share

SHARES = (0.5, 0.8, 0.9, 0.95, 0.99)
"""Of the refaults, for which the room is told."""
POINTS = 12
"""Of the drawn curve at most, about equally far apart."""
TOLERANCE = 0.25
"""By so much may this project's count of refaults exceed the kernel's before the blame is to be distrusted."""
LEAST_SEEN = 0.5
"""Of the kernel's count; with less the blame is incomplete."""
FEW_PAGES = 64
"""Either count may be off by so many: cgroups are charged in batches (MEMCG_CHARGE_BATCH)."""


def blame(frame: Frame) -> Blame | None:
    """Return who the missed reads waited for; None if not measured."""
    found = frame.capture.blame
    if found is None:
        return None
    missed, ages = int(frame.windows.read_count(("missed",)).sum()), frame.windows.blame_bins("age_ns")
    blamed, waited_ns = sum(found.reads.reads), sum(found.reads.total_ns)
    return Blame(
        missed_reads=missed,
        blamed_reads=blamed,
        not_evicted_during_capture_reads=max(0, missed - blamed),
        evicted_before_capture_pages=evicted_before(frame.windows),
        may_have_forgotten=may_forget(frame.windows),
        blamed_share=share(blamed, missed),
        total_seconds=waited_ns / 1e9,
        time_share=share(waited_ns, float(frame.windows.read_total("total_ns").sum())),
        by=_by(frame, found, blamed)[:TOP],
        age_seconds=None if ages is None else _quantiles(ages),
        ages=None if ages is None else _ages(ages),
        remembered_pages=found.remembered_pages,
        map_bytes=found.map_bytes,
        room=_room(frame),
        cross_check=_cross_check(frame, found),
        examples=[_example(frame, e) for e in found.examples],
    )


def _by(frame: Frame, found: Blamed, blamed: int) -> list[BlamedOn]:
    """Return who is blamed for which reads, the most reads first."""
    totals: dict[tuple[int, Cause], list[int]] = {}
    table = found.reads
    for evictor, cause, reads, ns in zip(table.evictor, table.cause, table.reads, table.total_ns, strict=True):
        entry = totals.setdefault((evictor, cause), [0, 0])
        entry[0] += reads
        entry[1] += ns
    own = frame.is_service(ids([evictor for evictor, _ in totals])).tolist()
    rows = [
        BlamedOn(
            evictor=frame.path(evictor),
            evictor_label=evictor_label(frame.path(evictor), cause),
            evictor_is_service=is_own,
            cause=cause,
            reads=reads,
            share=ratio(reads, blamed),
            total_seconds=ns / 1e9,
        )
        for ((evictor, cause), (reads, ns)), is_own in zip(totals.items(), own, strict=True)
    ]
    return sorted(rows, key=lambda row: (-row.reads, row.evictor, row.cause))


def _ages(counts: Counts) -> Ages | None:
    """Return how long before the read the pages had gone, in octaves, from the first to the last that holds a read."""
    by_octave = counts.reshape(-1, BINS_PER_OCTAVE).sum(axis=1)
    filled = np.flatnonzero(by_octave)
    if not filled.size:
        return None
    part, edges = slice(int(filled[0]), int(filled[-1]) + 1), lower_edges()[::BINS_PER_OCTAVE] / 1e9
    return Ages(
        lower_seconds=edges[:-1][part].tolist(), upper_seconds=edges[1:][part].tolist(), reads=by_octave[part].tolist()
    )


def _quantiles(counts: Counts) -> AgeQuantiles | None:
    if not counts.any():
        return None
    p10, p50, p90 = (percentile_seconds(counts, q) or 0.0 for q in (0.1, 0.5, 0.9))
    return AgeQuantiles(p10=p10, p50=p50, p90=p90)


def _room(frame: Frame) -> Room | None:
    """Return how much more room would have kept which share of the pages that came back."""
    found = curve(frame.capture)
    if found is None:
        return None
    page = frame.capture.host.page_bytes
    # Between the ends of bins the share is not known, and a figure there would contradict the one at the next end.
    sizes = {found.known_from(found.more_for(1.0) * i / POINTS) for i in range(1, POINTS + 1)}
    return Room(
        refaults=found.refaults,
        distinct_pages=found.distinct_pages,
        distinct_at_most=counts_twice(frame.windows),
        curve=[RoomPoint(more_bytes=pages * page, share=found.avoided_with(pages)) for pages in sorted(sizes)],
        avoided=[RoomFor(share=share, more_bytes=found.more_for(share) * page) for share in SHARES],
    )


def _cross_check(frame: Frame, found: Blamed) -> CrossCheck:
    """Compare the pages seen to come back with the kernel's count, which also knows evictions before the capture.

    The kernel counts a page that comes back by the shadow entry that reclaim left in its place. Pages that were dropped
    on purpose leave none (invalidate_mapping_pages), and of pages that come back to be rewritten it takes no notice
    (filemap_add_folio in mm/filemap.c): so many more may be seen to come back without contradiction.
    """
    windows, ours = frame.windows, sum(found.distance_pages.count)
    kernel = refaulted_pages(windows)
    dropped = _pages(windows.evictions(ON_PURPOSE, windows.service_ids))
    rewritten = _pages(windows.cache("dirtied", windows.service_ids))
    return CrossCheck(
        seen_pages=ours,
        kernel_pages=kernel,
        dropped_pages=dropped,
        rewritten_pages=rewritten,
        tolerance=TOLERANCE,
        least_seen=LEAST_SEEN,
        few_pages=FEW_PAGES,
        agreement=_agreement(ours, kernel, dropped + rewritten),
    )


def _agreement(ours: int, kernel: int | None, left_out: int) -> Agreement:
    """Return what comes of it; `left_out`: pages that the kernel does not count."""
    if kernel is None:
        return "unchecked"
    if ours > (kernel + left_out) * (1 + TOLERANCE) + FEW_PAGES:
        return "doubtful"
    if ours > kernel * (1 + TOLERANCE) + FEW_PAGES:
        return "excused"
    return "incomplete" if ours < kernel * LEAST_SEEN - FEW_PAGES else "agreed"


def _pages(by_window: Series | None) -> int:
    return 0 if by_window is None else int(by_window.sum())


def _example(frame: Frame, example: ExampleRead) -> SlowExample:
    evictor = frame.path(example.evictor)
    return SlowExample(
        offset_seconds=example.offset_ns / 1e9,
        latency_seconds=example.latency_ns / 1e9,
        tid=example.tid,
        comm=example.comm,
        path=example.path or f"device {example.device}, inode {example.inode}",
        position_bytes=example.position_bytes,
        evictor_label=evictor_label(evictor, example.cause),
        evictor=evictor,
        cause=example.cause,
        age_seconds=example.age_ns / 1e9,
    )
