"""What to do by hand about a finding that no memory limit ends: a change with its way back, or where to look (pure).

A rule names its steps (`then.steps`); here they get values out of the capture, and commands for the way that the
cgroup is managed. Where the capture lacks what a value needs, the step shows the command that reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from diagnose.analysis.facts import Facts
from diagnose.analysis.facts.other_causes import Taker, other_causes
from diagnose.recommend.steps.damon import gentler_reclaim
from diagnose.recommend.steps.dirty import dirty_limits
from diagnose.recommend.steps.dropped import find_dropper
from diagnose.recommend.steps.peers import find_peers
from diagnose.recommend.steps.quota import raise_quota
from diagnose.recommend.steps.read_ahead import read_ahead
from diagnose.recommend.steps.slow_device import look_at_device
from diagnose.recommend.steps.step import LessReclaimed, Step
from diagnose.recommend.steps.throttle import throttle_neighbour
from diagnose.recommend.steps.weight import raise_weight
from diagnose.recommend.steps.which_cpus import which_cpus
from diagnose.rules.evaluate import Fired

__all__ = ["LessReclaimed", "Step", "steps", "steps_for"]

_KINDS: dict[str, Callable[[Fired, Facts], list[Step]]] = {
    "dirty-limits": dirty_limits,
    "find-dropper": find_dropper,
    "find-peers": find_peers,
    "gentler-reclaim": gentler_reclaim,
    "look-at-device": look_at_device,
    "raise-cpu-quota": raise_quota,
    "raise-cpu-weight": raise_weight,
    "read-ahead": read_ahead,
    "throttle-neighbour": throttle_neighbour,
    "which-cpus": which_cpus,
}
_AGAINST_OTHERS: dict[Taker, str] = {
    "proactive": "gentler-reclaim",
    "drop-caches": "find-dropper",
    "invalidate": "find-dropper",
}
"""What to do about who else took the service's pages than those whom the finding is about."""


def steps_for(fired: Fired, facts: Facts) -> list[Step]:
    """Return what to do by hand about a finding: the steps of its rule, then those against other causes beside it."""
    own = steps(fired.steps, fired, facts)
    if fired.gives_advice:
        own = [replace(step, risk=None) for step in own]
    others = other_causes(facts, fired.accounts_for, fired.thresholds)
    kinds = dict.fromkeys(_AGAINST_OTHERS[other.taker] for other in others if other.taker in _AGAINST_OTHERS)
    return [*own, *steps((kind for kind in kinds if kind not in fired.steps), fired, facts)]


def steps(kinds: Iterable[str], fired: Fired, facts: Facts) -> list[Step]:
    """Return the steps of some kinds, in their order."""
    return [step for kind in kinds for step in _KINDS[kind](fired, facts)]
