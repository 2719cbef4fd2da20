"""Captures of a service that shares room with a batch job, and what is recommended for them."""

from __future__ import annotations

from typing import TypeVar

from diagnose.analysis.facts import Facts
from diagnose.analysis.windows import Windows
from diagnose.capture.model import Capture
from diagnose.recommend import recommend
from diagnose.recommend.change import Change
from diagnose.recommend.reasons import NoSafeLimit, Why
from tests.helpers.fired import fired
from tests.helpers.small_capture import MIB, SVC, small_capture

BATCH, BACKUP = 20, 21
PATHS = {1: "/", 10: "/dg", SVC: "/dg/svc", BATCH: "/dg/batch", BACKUP: "/dg/backup"}
GIB = 1 << 30
ID = "4f8a1c2e9b7d" + "0123456789abcdef" * 3 + "0123"


def situation(
    batch_mib: int = 900,
    service_mib: int = 300,
    anon_mib: int = 50,
    shared_mib: int | None = 1024,
    version: int = 2,
    backup: bool = False,
    available: int = 12 * GIB,
    file_mib: dict[int, list[int]] | None = None,
    **changes: object,
) -> Capture:
    """Return a capture in which the batch job evicts the service below a limit that they share."""
    mib: dict[tuple[int, str], int] = {
        (10, "usage_bytes"): batch_mib + service_mib,
        (SVC, "usage_bytes"): service_mib,
        (BATCH, "usage_bytes"): batch_mib,
        (BATCH, "anon_bytes"): anon_mib,
        (BACKUP, "usage_bytes"): batch_mib,
        (BACKUP, "anon_bytes"): anon_mib,
    }
    setting = "memory.limit_in_bytes" if version == 1 else "memory.max"
    evictions = [(0, BATCH, SVC, "memcg-reclaim", 9000)] + ([(0, BACKUP, SVC, "memcg-reclaim", 3000)] if backup else [])
    return small_capture(
        cgroups=PATHS,
        windows=3,
        evictions=evictions,
        cache=[(0, BATCH, 0, 0, 50_000, 0)],
        samples={key: [value * MIB] * 4 for key, value in mib.items()}
        | {(who, "file_bytes"): [value * MIB for value in column] for who, column in (file_mib or {}).items()},
        host={"meminfo.MemAvailable_bytes": [available] * 4},
        **{
            "settings": {10: {setting: None if shared_mib is None else shared_mib * MIB}},
            "cgroup_version": version,
            **changes,
        },
    )


def advice(capture: Capture, *kinds: str, culprits: dict[str, float] | None = None) -> list[Change]:
    named = {"/dg/batch": 0.9} if culprits is None else culprits
    return recommend([fired(named, kinds)], Facts(Windows(capture)))


def limit_on(changes: list[Change], path: str, setting: str) -> Change:
    (found,) = (c for c in changes if (c.cgroup, c.setting) == (path, setting))
    return found


def why_none(change: Change) -> Why:
    """Return why a change has no value."""
    assert change.value_bytes is None
    assert isinstance(change.reason, NoSafeLimit)
    return change.reason.why


Value = TypeVar("Value")


def only(kind: type[Value], values: tuple[object, ...]) -> Value:
    """Return the one of some values that is of a type: a line of the arithmetic, a risk, a way."""
    (found,) = (value for value in values if isinstance(value, kind))
    return found


def lines(change: Change) -> list[str]:
    """Return the commands of a change as they are run."""
    return [command.line for command in change.commands]
