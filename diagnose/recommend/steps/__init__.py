"""What to do by hand about a finding that no memory limit ends: a change with its way back, or where to look (pure).

A rule names its steps (`then.steps`); here they get values out of the capture, and commands for the way that the
cgroup is managed. Where the capture lacks what a value needs, the step says so and shows the command that reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from diagnose.analysis.facts import Facts
from diagnose.recommend.steps.cpu import raise_quota, raise_weight
from diagnose.recommend.steps.damon import gentler_reclaim
from diagnose.recommend.steps.dirty import dirty_limits
from diagnose.recommend.steps.dropped import find_dropper
from diagnose.recommend.steps.peers import find_peers
from diagnose.recommend.steps.read_ahead import read_ahead
from diagnose.recommend.steps.slow_device import look_at_device
from diagnose.recommend.steps.throttle import throttle_neighbour
from diagnose.recommend.steps.which_cpus import which_cpus
from diagnose.report.model import Step
from diagnose.rules.evaluate import Fired

__all__ = ["steps"]

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


def steps(kinds: Iterable[str], fired: Fired, facts: Facts) -> list[Step]:
    """Return what to do by hand about a finding, in the order of `kinds`."""
    return [step for kind in kinds for step in _KINDS[kind](fired, facts)]
