"""Facts about who competes with the service for the CPUs, by weight (pure)."""

from __future__ import annotations

from diagnose import units
from diagnose.cgroups.paths import ancestors, is_within
from diagnose.facts.vocabulary import Facts, fact, total
from diagnose.models import CgroupRecord
from diagnose.windows import Windows

LEAST_CPUS = 0.1
"""Whoever used less than a tenth of a CPU crowds nobody."""


def heaviest_rival(facts: Facts) -> tuple[CgroupRecord, CgroupRecord] | None:
    """Return two siblings, one of which holds the service, the other who crowds it with most weight against it.

    None where the weights of no such pair were read.
    """
    rivals = [pair for path in _crowding(facts) if (pair := _level(facts.windows, path)) is not None]
    return max(rivals, key=lambda pair: (pair[1].cpu_weight or 0) / (pair[0].cpu_weight or 1), default=None)


def _crowding(facts: Facts) -> list[str]:
    """Return who else used the CPUs, the most time first, as cgroups with nobody else below them."""
    windows, service = facts.windows, facts.windows.capture.service.cgroup
    used = {
        record.path: us / 1e6 / (windows.count * windows.seconds)
        for record in windows.capture.cgroups
        if not is_within(service, record.path)
        and not is_within(record.path, service)
        and (us := total(windows.increase(record.id, "cpu_usage_us"))) is not None
    }
    busy = [path for path, cpus in used.items() if cpus >= LEAST_CPUS]
    lowest = [p for p in busy if not any(q != p and is_within(q, p) for q in busy)]
    return sorted(lowest, key=lambda path: -used[path])


def _level(windows: Windows, rival: str) -> tuple[CgroupRecord, CgroupRecord] | None:
    """Return the two siblings between whom the weights decide: one holds the service, the other the rival."""
    service = windows.capture.service.cgroup
    common = next((a for a in ancestors(service) if is_within(rival, a)), "/")
    own, other = (_record(windows, _child(common, path)) for path in (service, rival))
    if own is None or other is None or own.cpu_weight is None or other.cpu_weight is None:
        return None
    return own, other


def _child(parent: str, path: str) -> str:
    """Return the child of `parent` that `path` lies in, or is."""
    prefix = parent.rstrip("/")
    return f"{prefix}/{path[len(prefix) :].strip('/').split('/')[0]}"


def _record(windows: Windows, path: str) -> CgroupRecord | None:
    return max((c for c in windows.capture.cgroups if c.path == path), key=lambda c: c.id, default=None)


@fact(
    "cpu.rival", "", "text", "cgroups", "whose weight stands against the service's where there is not enough CPU time"
)
def _(f: Facts, _n: str | None) -> str | None:
    if not f.windows.probe_attached("cgroups"):
        return None
    found = heaviest_rival(f)
    if found is None:
        return "whose weight stands against the service's was not measured"
    own, rival = found
    setting = "cpu.weight" if f.windows.capture.cgroup_version == 2 else "cpu.shares"
    return (
        f"where they want the same CPUs, {rival.path} has {setting} {units.count(rival.cpu_weight)} against the "
        f"{units.count(own.cpu_weight)} of {own.path}"
    )
