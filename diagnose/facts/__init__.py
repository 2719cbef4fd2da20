"""What rules may speak of, one file a subject; `vocabulary.py` says what a fact is and keeps them (pure)."""

# Importing a subject registers its facts.
from diagnose.facts import (
    besides,
    blame,
    block,
    cache,
    cpu,
    delays,
    demand,
    disks,
    held_back,
    inflow,
    limit,
    neighbour,
    pressure,
    reads,
    rivals,
    writes,
)
from diagnose.facts.vocabulary import FACTS, Facts, FactSpec, fact

__all__ = [
    "FACTS",
    "FactSpec",
    "Facts",
    "besides",
    "blame",
    "block",
    "cache",
    "cpu",
    "delays",
    "demand",
    "disks",
    "fact",
    "held_back",
    "inflow",
    "limit",
    "neighbour",
    "pressure",
    "reads",
    "rivals",
    "writes",
]
