"""A comparison in words and figures: the lines for the terminal, `verify.md` for the ticket, `verify.json` (pure)."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from diagnose import units
from diagnose.analysis.statistics.interval import Difference
from diagnose.change.compare import Comparison, Note, StoppedEarly
from diagnose.change.model import ChangeRecord, Figures
from diagnose.change.wording import size
from diagnose.report.digest import sealed
from diagnose.report.formats.markdown import render
from diagnose.report.measurements.model import Measurements

VERIFY_SCHEMA = "diagnose.verify/1"

EVICTORS = {
    "neighbours": "other cgroups",
    "self": "the service itself",
    "kswapd": "kswapd",
    "proactive": "proactive reclaim",
    "dropped": "drop_caches or fadvise",
    "unknown": "someone unknown",
}
"""Who is behind an eviction, as `evicted_by_pages` names them; what was truncated was not evicted."""


@dataclass(frozen=True)
class Row:
    """A figure before and after, as written."""

    name: str
    before: str
    after: str


def rows(c: Comparison) -> list[Row]:
    """Return the figures that are printed side by side."""
    sides = (c.before, c.after)
    latency = [
        Row(f"{name} of file reads", *(units.duration(getattr(s, f"{key}_seconds")) for s in sides))
        for name, key in (("p50", "p50"), ("p90", "p90"), ("p99", "p99"), ("p99.9", "p999"))
    ]
    neighbours = [
        Row(f"pages a second brought in by {n.cgroup}", *(_rate(_inserted(s, n.cgroup), s) for s in sides))
        for n in c.before.neighbours
    ]
    return [
        *latency,
        Row("slow reads", *(units.count(s.slow_reads) for s in sides)),
        Row("share of reads that were slow", *(units.percent(s.slow_reads / s.file_reads) for s in sides)),
        Row("hit ratio", *(units.percent(s.hit_ratio) for s in sides)),
        *_evictions(c),
        Row("file reads a second (load)", *(_rate(s.file_reads, s) for s in sides)),
        *neighbours,
        Row("measured", *(f"{units.duration(s.seconds)} from {s.start}" for s in sides)),
    ]


def _evictions(c: Comparison) -> list[Row]:
    sides = (c.before, c.after)
    return [
        Row("its pages evicted by others, a second", *(_rate(s.evicted_by_others_pages, s) for s in sides)),
        *(
            Row(f"its pages evicted by {name}, a second", *(_rate(s.evicted_by_pages.get(key), s) for s in sides))
            for key, name in EVICTORS.items()
            if any(s.evicted_by_pages.get(key) for s in sides)
        ),
    ]


def remaining(side: Figures) -> str | None:
    """Say who evicted the pages that the service still lost; None if it lost none, or that was not measured."""
    who = {name: side.evicted_by_pages.get(key, 0) for key, name in EVICTORS.items()}
    total = sum(who.values())
    parts = [f"{units.count(n)} by {name}" for name, n in sorted(who.items(), key=lambda item: -item[1]) if n]
    return f"{units.pages(total)} of it evicted ({', '.join(parts)})" if total else None


def sentence(c: Comparison) -> str:
    """Return the verdict in one sentence, with its effect, interval and load."""
    p99 = f"p99 {units.duration(c.before.p99_seconds)} → {units.duration(c.after.p99_seconds)}"
    load = load_words(c.load_ratio)
    return f"{c.verdict}: {p99}; slow reads {_shares(c)} ({effect(c.slow_share)}); {load}"


def effect(d: Difference) -> str:
    """Write a difference of shares in percentage points with its 95 % interval."""
    value, low, high = (_points(v) for v in (d.value, d.low, d.high))
    return f"{value} percentage points, 95 % interval {low} to {high}"


def note_text(note: Note) -> str:
    """Write what else may be in the difference."""
    if isinstance(note, StoppedEarly):
        return f"Stopped early: {note.windows} of {note.requested_windows} windows were measured."
    return "The service's cgroup was recreated since the report: it was restarted, and began with no cache."


def as_markdown(c: Comparison, written: ChangeRecord, record_name: str) -> str:
    """Return `verify.md`."""
    return render(
        "verify.md.j2",
        c=c,
        written=written,
        rows=rows(c),
        remaining=remaining(c.after),
        effect=effect(c.slow_share),
        load=load_words(c.load_ratio),
        notes=_notes(c),
        size=size,
        record_name=record_name,
        m=Measurements(names={change.cgroup: change.name for change in written.changes if change.name}),
        signed=_signed,
    )


def as_json(c: Comparison, written: ChangeRecord) -> str:
    """Return `verify.json`: every figure of `verify.md`."""
    document = {
        "schema": VERIFY_SCHEMA,
        "verdict": c.verdict,
        "record": written.created,
        "report": written.report,
        "rule": c.rule,
        "rule_still_fires": c.rule_still_fires,
        "healthy": c.healthy,
        "slow_share_difference": asdict(c.slow_share),
        "p99_cliffs_delta": None if c.p99_delta is None else asdict(c.p99_delta),
        "load_ratio": c.load_ratio,
        "notes": _notes(c),
        "before": c.before.model_dump(mode="json"),
        "after": c.after.model_dump(mode="json"),
    }
    return json.dumps(sealed(document), indent=2, allow_nan=False) + "\n"


def _notes(c: Comparison) -> list[str]:
    return [note_text(note) for note in c.notes]


def _shares(c: Comparison) -> str:
    return " → ".join(units.percent(s.slow_reads / s.file_reads) for s in (c.before, c.after))


def _rate(value: int | None, side: Figures) -> str:
    return units.UNKNOWN if value is None else units.number(value / side.seconds)


def _inserted(side: Figures, cgroup: str) -> int | None:
    return next((n.inserted_pages for n in side.neighbours if n.cgroup == cgroup), None)


def load_words(ratio: float) -> str:
    """Write the load after in words: "3 % fewer reads a second"."""
    share = units.percent(abs(ratio - 1))
    return f"{share} {'more' if ratio >= 1 else 'fewer'} reads a second"


def _signed(value: float) -> str:
    # A true minus: "-" could begin a list in Markdown and would be escaped
    return f"{'−' if value < 0 else ''}{units.number(abs(value))}"


def _points(share: float) -> str:
    return _signed(share * 100)
