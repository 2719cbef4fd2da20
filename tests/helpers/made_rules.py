"""Rules made for a test: a finding on reads that are slow."""

from __future__ import annotations

import json

PAGES = "evicted pages"


def rule(
    name: str, rank: int = 500, explains: tuple[str, ...] = (), mechanisms: int = 1, part: str = "", whole: str = PAGES
) -> str:
    """Return the text of a rule that asks whether reads are slow; `part`: the fact that it accounts for `whole` by."""
    conditions = [
        {"fact": "reads.slow_share", "above": "$x"},
        {"fact": "evictions.by_self_share", "above": "$x"},
    ]
    # JSON is YAML, and json writes no anchors.
    return json.dumps(
        {
            "id": name,
            "title": name,
            "why": "for a test",
            "rank": rank,
            "explains": list(explains),
            "accounts_for": {"share": part, "of": whole} if part else None,
            "parameters": {"x": {"unit": "ratio", "default": 0.1, "help": "h"}},
            "when": conditions[0],
            "mechanisms": {f"m{i}": {"kind": "direct", "is": c} for i, c in enumerate(conditions[:mechanisms])},
            "then": {"verdict": "finding", "summary": name + " {reads.slow_share}"},
        },
        indent=1,
    )
