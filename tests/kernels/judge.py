"""What a report has to say of the story in its pure form: each thing a check, against the truth (pure)."""

from __future__ import annotations

from typing import Any

from diagnose import units
from diagnose.report.model import Report
from tests.accuracy.live import Outcome
from tests.kernels.result import Check

LEAST_SHARE = 0.33
"""As in the rule: the service that fetches back what it lost makes inflow of its own."""
MOST_INNOCENT = 0.05
MISSED_REMOVED = 0.9
CONTAINMENT = {("/batch", "memory.high"), ("/batch", "memory.max")}
PROTECTION = {("/service", "memory.low"), ("", "memory.low")}
"""It reaches the service only if its parent has it too: nobody between it and the root has a limit."""


def in_words(outcome: Outcome) -> str:
    """Return a verdict with whom it names."""
    named = f": {', '.join(outcome.named)}" if outcome.named else ""
    return f"{outcome.verdict}, {outcome.confidence}{named}"


def judged(report: Report, markdown: str) -> list[Check]:
    """Return the checks on a report whose service is PARENT/service and whose culprit is PARENT/batch."""
    parent = report.service.cgroup.rsplit("/", 1)[0]
    protectable = "by generations" not in markdown  # else the report says why nothing protects
    return [*_evictions(report, parent), _recommendations(report, parent, protectable), _text(report, markdown)]


def _evictions(report: Report, parent: str) -> list[Check]:
    m = report.measurements.evictions
    if m is None:
        return [Check(what="evictions are measured", right=False, found="they were not")]
    kswapd = m.of_service_by_pages["kswapd"]
    rows = [r for r in m.matrix if r.cause == "kswapd" and r.victim_is_service]
    parts = {r.cgroup: r.share or 0.0 for r in m.kswapd_apportioned or []}
    batch = parts.get(f"{parent}/batch", 0.0)
    innocent = [s for c, s in parts.items() if c not in (f"{parent}/batch", report.service.cgroup)]
    return [
        Check(
            what="kswapd evicts pages of the service, and the matrix says so",
            right=kswapd > 0 and sum(r.pages for r in rows) == kswapd,
            found=f"{kswapd:,} of the {m.of_service_pages:,} pages that it lost",
        ),
        Check(
            what="kswapd's evictions are laid to the batch job and the service's own inflow, to nobody else",
            right=batch >= LEAST_SHARE and max(innocent, default=0.0) <= MOST_INNOCENT,
            found=", ".join(f"{name.removeprefix(parent)} {share:.0%}" for name, share in parts.items()) or "to nobody",
        ),
    ]


def _recommendations(report: Report, parent: str, protectable: bool) -> Check:
    made = {(r.cgroup.removeprefix(parent), r.setting): r.value_bytes for r in report.recommendations}
    listed = [f"{setting} of {name or 'their parent'} {(v or 0) >> 20} MiB" for (name, setting), v in made.items()]
    return Check(
        what="contain and, where the kernel can, protect, a value each",
        right=made.keys() == CONTAINMENT | (PROTECTION if protectable else set()) and all(made.values()),
        found=", ".join(listed) or "nothing",
    )


def _text(report: Report, markdown: str) -> Check:
    wanted = (str(report.verdict.rule), "kswapd (kernel)", "an estimate, not a measurement", "memory.low", "memory.max")
    absent = ", ".join(words for words in wanted if words not in markdown)
    found = f"lacks: {absent}" if absent else "each of: " + ", ".join(wanted)
    return Check(what="the report says so in words", right=not absent, found=found)


def verified(document: dict[str, Any], said: str) -> Check:
    """Judge verify.json by the pages that are missed no more, and show what verify said.

    Its verdict rests on slow reads, of which an emulated machine has some that miss nothing: where few were slow
    before, "no change" with a wide interval is a right answer of verify, and the pair works all the same.
    """
    before, after = (1 - document[side]["hit_ratio"] for side in ("before", "after"))
    removed = 1 - after / before if before else 0.0
    shown = f"{units.percent(removed)}, hit ratio {units.percent(1 - before)} → {units.percent(1 - after)}; {said}"
    return Check(
        what=f"with the pair {units.percent(MISSED_REMOVED)} of the missed pages are gone, and verify says",
        right=removed >= MISSED_REMOVED and document["verdict"] != "worse",
        found=shown,
    )
