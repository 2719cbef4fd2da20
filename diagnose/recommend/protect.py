"""Protect the service that loses its pages, where the hierarchy can: memory.low (pure)."""

from __future__ import annotations

from diagnose import units
from diagnose.cgroups.paths import is_within
from diagnose.evaluate import Fired
from diagnose.facts import Facts
from diagnose.limits import shared_limit
from diagnose.models import CgroupRecord, Recommendation
from diagnose.recommend.advice import commands, lasting, undo
from diagnose.recommend.need import Need, need
from diagnose.recommend.sizing import MIB
from diagnose.windows import Windows


def protect(fired: Fired, facts: Facts) -> list[Recommendation]:
    """Protection exists on v2 only (memory.low), and needs the ancestors' own up to the room that is shared."""
    windows = facts.windows
    wanted = need(windows)
    if windows.capture.cgroup_version == 1 or wanted is None:
        return []
    service = windows.capture.service.cgroup
    rooms = [shared_limit(windows, culprit.cgroup) for culprit in fired.finding.culprits]
    chain = [c for c in windows.capture.cgroups if is_within(service, c.path) and c.path != "/"]
    # Reclaim sets out from the cgroup whose limit is reached, on a host without such limits from the root, and heeds
    # what every cgroup below it on the way declares: also one that holds a culprit (cgroup-v2.rst, memory.low).
    below_room = [c for c in chain if any(not room or not is_within(room.cgroup, c.path) for room in rooms)]
    once = None in rooms and _passed_over_once(windows)
    return [
        _protection(record, value, wanted, windows, once)
        for record in sorted(below_room, key=lambda c: -len(c.path))
        if (record.settings.get("memory.low") or 0) < (value := _enough(record, wanted))
    ]


def _enough(record: CgroupRecord, wanted: Need) -> int:
    """Return what is wanted in whole MiB, or the cgroup's own lowest limit: protection beyond it protects nothing."""
    limits = [v for s in ("memory.high", "memory.max") if (v := record.settings.get(s)) is not None]
    return min([-(-wanted.bytes // MIB) * MIB, *limits])


def _passed_over_once(windows: Windows) -> bool:
    """Tell whether the host's own reclaim takes from a protected cgroup the second time that it comes round.

    So it does by generations since Linux 6.3 (shrink_one in mm/vmscan.c), and within a limit not (shrink_node_memcgs).
    """
    settings = windows.capture.host.settings
    return bool(settings.get("lru_gen.enabled", 0) & 1 and settings.get("lru_gen.rounds_of_cgroups"))


def _protection(record: CgroupRecord, value: int, wanted: Need, windows: Windows, once: bool) -> Recommendation:
    service = windows.capture.service.cgroup
    why = "memory.low keeps these pages from being reclaimed while others have anything to give."
    effect = f"up to {units.size(value)} of {record.path} are passed over by reclaim."
    if once:
        why = (
            "memory.low has reclaim pass over these pages, but not twice in a row: the host reclaims by generations "
            f"here (lru_gen.enabled is {windows.capture.host.settings['lru_gen.enabled']:#x}) and takes from a "
            "protected cgroup when it comes round again (shrink_one in mm/vmscan.c). It slows the loss; a limit on "
            "those who take the room ends it."
        )
        effect = (
            f"while {record.path} holds less than {units.size(value)}, reclaim passes over it once before it takes "
            "from it; how much less is lost by that alone this capture cannot tell."
        )
    if record.path != service:
        why = f"protection of {service} is bounded by its ancestors': this one needs as much."
    return Recommendation(
        cgroup=record.path,
        setting="memory.low",
        current_bytes=record.settings.get("memory.low"),
        value_bytes=value,
        reason=why,
        arithmetic=[*wanted.lines, f"in whole MiB, and not above its own limit: {value // MIB} MiB"],
        expected_effect=effect,
        risk=f"{units.size(value)} less for everybody else under memory pressure.",
        commands=commands(record, "memory.low", value, windows),
        undo=undo(record, "memory.low", windows),
        lasts=lasting(record, "memory.low", windows),
    )
