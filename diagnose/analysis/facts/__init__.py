"""What rules may speak of, one file a subject; `vocabulary.py` says what a fact is and keeps them (pure)."""

# Importing a subject registers its facts.
from diagnose.analysis.facts import (
    blame,
    block,
    cache,
    cpu,
    cpu_competitors,
    delays,
    demand,
    disks,
    inflow,
    io_limits,
    limit,
    neighbour,
    other_causes,
    pressure,
    reads,
    writes,
)
from diagnose.analysis.facts.vocabulary import FACTS, Facts, FactSpec, Missing, fact, neighbour_fact

__all__ = [
    "FACTS",
    "FactSpec",
    "Facts",
    "Missing",
    "blame",
    "block",
    "cache",
    "cpu",
    "cpu_competitors",
    "delays",
    "demand",
    "disks",
    "fact",
    "inflow",
    "io_limits",
    "limit",
    "neighbour",
    "neighbour_fact",
    "other_causes",
    "pressure",
    "reads",
    "writes",
]
