"""From findings to memory limits, with the arithmetic shown (pure).

Recommendations come in pairs: contain the one who takes the room, protect the one who loses it. Every number is a
reading of the capture; a limit below what a cgroup cannot give back is never suggested, and where no safe limit exists
the recommendation says so (`value_bytes` None).
"""

from __future__ import annotations

from collections.abc import Callable

from diagnose.analysis.facts import Facts
from diagnose.recommend.change import Change
from diagnose.recommend.contain import contain
from diagnose.recommend.hit_limit import raise_hit
from diagnose.recommend.own import raise_own, raise_shared
from diagnose.recommend.protect import protect
from diagnose.recommend.steps import steps_for
from diagnose.rules.evaluate import Fired

__all__ = ["recommend", "steps_for"]

_KINDS: dict[str, Callable[[Fired, Facts], list[Change]]] = {
    "contain-neighbour": contain,
    "protect-service": protect,
    "raise-hit-limit": raise_hit,
    "raise-own-limit": raise_own,
    "raise-shared-limit": raise_shared,
}


def recommend(findings: list[Fired], facts: Facts) -> list[Change]:
    """Return the changes that the findings call for, the first finding's first, no setting twice."""
    changes: list[Change] = []
    for fired in findings:
        for kind in fired.recommend:
            for candidate in _KINDS[kind](fired, facts):
                if (candidate.cgroup, candidate.setting) not in {(c.cgroup, c.setting) for c in changes}:
                    changes.append(candidate)
    return changes
