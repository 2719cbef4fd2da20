"""Facts about reads of sockets and pipes in words (pure)."""

from __future__ import annotations

from diagnose import units
from diagnose.analysis.facts.delays import PeerReads
from diagnose.report.wording.fact_registry import words
from diagnose.report.wording.writer import Writer


@words("reads.peer_kinds")
def peer_reads(reads: PeerReads, writer: Writer) -> str:
    """Return how many reads of sockets and of pipes there were, and how long they took."""
    kinds = [
        f"{units.count(peer.reads)} of {peer.kind}s took {units.duration(peer.total_seconds)} in all, "
        f"{units.duration_ns(peer.median_ns)} the median one"
        for peer in reads.kinds
    ]
    return ", and ".join(kinds) or "none was made"
