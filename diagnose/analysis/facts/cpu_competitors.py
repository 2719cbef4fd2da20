"""Facts about who competes with the service for the CPUs, by weight (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from diagnose.analysis.facts.cpu import lowest_of_others
from diagnose.analysis.facts.vocabulary import Facts, fact
from diagnose.analysis.windows import Windows
from diagnose.capture.model import CgroupRecord
from diagnose.cgroups.paths import ancestors, is_within

LEAST_CPUS = 0.1
"""Who used less than a tenth of a CPU crowds nobody."""

WeightSetting = Literal["cpu.weight", "cpu.shares"]


@dataclass(frozen=True)
class CpuCompetitor:
    """Who competes with the service for the CPUs, and the two children of one cgroup between whom weights decide."""

    own: CgroupRecord
    """The service's cgroup or the one above it that lies beside what holds the competitor; its weight is known."""
    beside: CgroupRecord | None
    """The competitor's cgroup or the one above it at that level; None: its weight was not read."""
    user: str
    cpus: float
    """What the competitor used, on average over the capture."""


@dataclass(frozen=True)
class CpuWeights:
    """The setting that weighs, and whose stand against the service's; nobody's: that was not measured."""

    setting: WeightSetting
    against: tuple[CpuCompetitor, ...]


def cpu_competitors(facts: Facts) -> list[CpuCompetitor]:
    """Return the competitor that used the CPUs most, and the one of most weight where another level decides about it.

    Both decide: where the two levels are the same one, the weight that has to be reached is the heavier one's.
    """
    known = [r for user, cpus in _crowding(facts).items() if (r := _competitor(facts.windows, user, cpus)) is not None]
    heaviest = max((r for r in known if r.beside), key=_weight_against, default=None)
    largest = known[:1]
    if heaviest is None or (largest and largest[0] is heaviest):
        return largest
    return [heaviest] if largest[0].own == heaviest.own else [*largest, heaviest]


def _weight_against(competitor: CpuCompetitor) -> float:
    return ((competitor.beside.cpu_weight if competitor.beside else None) or 0) / (competitor.own.cpu_weight or 1)


def _crowding(facts: Facts) -> dict[str, float]:
    """Return the CPUs that others used, the most first, by the path of cgroups with nobody else below them."""
    used = lowest_of_others(facts, LEAST_CPUS)
    return {path: used[path] for path in sorted(used, key=lambda path: -used[path])}


def _competitor(windows: Windows, user: str, cpus: float) -> CpuCompetitor | None:
    """Return who competes, with the children of the nearest cgroup that holds both; None: no weight to be set."""
    service = windows.capture.service.cgroup
    common = next((a for a in ancestors(service) if is_within(user, a)), "/")
    own, other = (windows.record_of(_child(common, path)) for path in (service, user))
    if own is None or own.cpu_weight is None:
        return None
    return CpuCompetitor(own, other if other is not None and other.cpu_weight is not None else None, user, cpus)


def _child(parent: str, path: str) -> str:
    """Return the child of `parent` that `path` lies in, or is."""
    prefix = parent.rstrip("/")
    return f"{prefix}/{path[len(prefix) :].strip('/').split('/')[0]}"


@fact("cpu.rival", "", "text", "cgroups")
def weights(f: Facts) -> CpuWeights | None:
    """Whose weight stands against the service's where there is not enough CPU time."""
    if not f.windows.probe_attached("cgroups"):
        return None
    setting: WeightSetting = "cpu.weight" if f.windows.capture.cgroup_version == 2 else "cpu.shares"
    return CpuWeights(setting, tuple(cpu_competitors(f)))
