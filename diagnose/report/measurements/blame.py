"""The chain: missed reads, the evictions they waited for, and how much room would have avoided them (pure)."""

from __future__ import annotations

import numpy as np

from diagnose.analysis.evictions import ON_PURPOSE
from diagnose.analysis.miss_ratio_curve import (
    MissRatioCurve,
    counts_twice,
    curve,
    evicted_before,
    may_forget,
    refaulted_pages,
)
from diagnose.analysis.windows import Counts
from diagnose.capture.tables import Blame, ExampleRead
from diagnose.histogram import BINS_PER_OCTAVE, lower_edges, percentile
from diagnose.report.measurements.evictions import evictor_label
from diagnose.report.measurements.frame import TOP, Frame, Node, ids
from diagnose.units import ratio

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


def blame(frame: Frame) -> Node | None:
    """Return who the missed reads waited for; None if not measured."""
    found = frame.capture.blame
    if found is None:
        return None
    missed = int(frame.windows.read_count(("missed",)).sum())
    blamed, ages = sum(found.reads.reads), frame.windows.blame_bins("age_ns")
    return {
        "missed_reads": missed,
        "blamed_reads": blamed,
        "not_evicted_during_capture_reads": max(0, missed - blamed),
        "evicted_before_capture_pages": evicted_before(frame.windows),
        "may_have_forgotten": may_forget(frame.windows),
        "blamed_share": ratio(blamed, missed),
        "total_seconds": sum(found.reads.total_ns) / 1e9,
        "time_share": ratio(sum(found.reads.total_ns), float(frame.windows.read_total("total_ns").sum())),
        "by": _by(frame, found, blamed)[:TOP],
        "age_seconds": None if ages is None else _quantiles(ages),
        "ages": None if ages is None else _ages(ages),
        "remembered_pages": found.remembered_pages,
        "map_bytes": found.map_bytes,
        "room": _room(frame),
        "cross_check": _cross_check(frame, found),
        "examples": [_example(frame, e) for e in found.examples],
    }


def _by(frame: Frame, found: Blame, blamed: int) -> list[Node]:
    totals: dict[tuple[int, str], list[int]] = {}
    table = found.reads
    for evictor, cause, reads, ns in zip(table.evictor, table.cause, table.reads, table.total_ns, strict=True):
        entry = totals.setdefault((evictor, cause), [0, 0])
        entry[0] += reads
        entry[1] += ns
    own = frame.is_service(ids([evictor for evictor, _ in totals]))
    return sorted(
        (
            {
                "evictor": frame.path(evictor),
                "evictor_label": evictor_label(frame.path(evictor), cause),
                "evictor_is_service": bool(is_own),
                "cause": cause,
                "reads": reads,
                "share": ratio(reads, blamed),
                "total_seconds": ns / 1e9,
            }
            for ((evictor, cause), (reads, ns)), is_own in zip(totals.items(), own, strict=True)
        ),
        key=lambda row: (-row["reads"], row["evictor"], row["cause"]),
    )


def _ages(counts: Counts) -> Node | None:
    """Return how long before the read the pages had gone, in octaves, from the first to the last that holds a read."""
    by_octave = counts.reshape(-1, BINS_PER_OCTAVE).sum(axis=1)
    filled = np.flatnonzero(by_octave)
    if not filled.size:
        return None
    part, edges = slice(int(filled[0]), int(filled[-1]) + 1), lower_edges()[::BINS_PER_OCTAVE] / 1e9
    return {
        "lower_seconds": edges[:-1][part].tolist(),
        "upper_seconds": edges[1:][part].tolist(),
        "reads": by_octave[part].tolist(),
    }


def _quantiles(counts: Counts) -> Node | None:
    if not counts.any():
        return None
    return {f"p{q}": (percentile(counts, q / 100) or 0.0) / 1e9 for q in (10, 50, 90)}


def _room(frame: Frame) -> Node | None:
    """Return how much more room would have kept which share of the pages that came back."""
    found = curve(frame.capture)
    if found is None:
        return None
    page = frame.capture.host.page_bytes
    # Between the ends of bins the share is not known, and a figure there would contradict the one at the next end.
    sizes = {found.known_from(found.more_for(1.0) * i / POINTS) for i in range(1, POINTS + 1)}
    return {
        "refaults": found.refaults,
        "distinct_pages": found.distinct_pages,
        "distinct_at_most": counts_twice(frame.windows),
        "curve": [_point(found, pages, page) for pages in sorted(sizes)],
        "avoided": [{"share": share, "more_bytes": found.more_for(share) * page} for share in SHARES],
    }


def _point(found: MissRatioCurve, pages: float, page_bytes: int) -> Node:
    return {"more_bytes": round(pages * page_bytes), "share": found.avoided_with(pages)}


def _cross_check(frame: Frame, found: Blame) -> Node:
    """Compare the pages seen to come back with the kernel's count, which also knows evictions before the capture.

    The kernel counts a page that comes back by the shadow entry that reclaim left in its place. Pages that were dropped
    on purpose leave none (invalidate_mapping_pages), and of pages that come back to be rewritten it takes no notice
    (filemap_add_folio in mm/filemap.c): so many more may be seen to come back without contradiction.
    """
    ours = sum(found.distance_pages.count)
    kernel = refaulted_pages(frame.windows)
    dropped, rewritten = _dropped_on_purpose(frame), _dirtied(frame)
    if kernel is None:
        verdict = "not checked: the kernel's count was not read"
    elif ours > (kernel + dropped + rewritten) * (1 + TOLERANCE) + FEW_PAGES:
        verdict = (
            "the reads laid to evictors here are doubtful, since more pages were seen to come back than the kernel "
            "accounts for; evictions and refaults are counted by other probes and are not in doubt"
        )
    elif ours > kernel * (1 + TOLERANCE) + FEW_PAGES:
        verdict = "the two do not contradict each other, since the kernel leaves out the pages named above"
    elif ours < kernel * LEAST_SEEN - FEW_PAGES:
        verdict = "the blame is incomplete: the kernel counts many more, evicted before the capture or forgotten since"
    else:
        verdict = "the two agree within the stated tolerance"
    return {
        "seen_pages": ours,
        "kernel_pages": kernel,
        "dropped_pages": dropped,
        "rewritten_pages": rewritten,
        "tolerance": TOLERANCE,
        "least_seen": LEAST_SEEN,
        "few_pages": FEW_PAGES,
        "verdict": verdict,
    }


def _dropped_on_purpose(frame: Frame) -> int:
    pages = frame.windows.evictions(ON_PURPOSE, frame.windows.service_ids)
    return 0 if pages is None else int(pages.sum())


def _dirtied(frame: Frame) -> int:
    pages = frame.windows.cache("dirtied", frame.windows.service_ids)
    return 0 if pages is None else int(pages.sum())


def _example(frame: Frame, example: ExampleRead) -> Node:
    row: Node = example.model_dump()
    cause = row["cause"]
    return {
        "offset_seconds": row["offset_ns"] / 1e9,
        "latency_seconds": row["latency_ns"] / 1e9,
        "tid": row["tid"],
        "comm": row["comm"],
        "path": row["path"] or f"device {row['device']}, inode {row['inode']}",
        "position_bytes": row["position_bytes"],
        "evictor_label": evictor_label(frame.path(row["evictor"]), cause),
        "evictor": frame.path(row["evictor"]),
        "cause": cause,
        "age_seconds": row["age_ns"] / 1e9,
    }
