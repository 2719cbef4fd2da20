"""Reads of sockets and pipes in words."""

from __future__ import annotations

from diagnose.analysis.facts.delays import PeerKind, PeerReads
from diagnose.report.wording.facts_reads import peer_reads
from diagnose.report.wording.writer import Names


def test_sockets_and_pipes_are_told_apart() -> None:
    sockets, pipes = PeerKind("socket", 5, 1.0, 2_030_000), PeerKind("pipe", 1000, 3.0, None)
    assert peer_reads(PeerReads((sockets, pipes)), Names({}).writer()) == (
        "5 of sockets took 1 s in all, 2.03 ms the median one, and 1,000 of pipes took 3 s in all, unknown the median "
        "one"
    )
    assert peer_reads(PeerReads(()), Names({}).writer()) == "none was made"
