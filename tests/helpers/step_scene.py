"""A service and a batch job below one cgroup, and what the steps of a rule come to there."""

from __future__ import annotations

from typing import Any

from diagnose.analysis.facts import Facts
from diagnose.analysis.windows import Windows
from diagnose.capture.model import Capture, CgroupRecord
from diagnose.recommend.steps import Step, steps
from tests.helpers.fired import fired
from tests.helpers.small_capture import SVC, small_capture

BATCH = 20
PATHS = {1: "/", 10: "/dg", SVC: "/dg/svc", BATCH: "/dg/batch"}


def captured(records: dict[int, dict[str, Any]] | None = None, **changes: Any) -> Capture:
    """Return a capture of 4 windows of 1 s; `records`: what to set on the records of cgroups, by id."""
    given = records or {}
    cgroups = [CgroupRecord(**{"id": i, "path": path, **given.get(i, {})}) for i, path in PATHS.items()]
    bare = small_capture(cgroups=PATHS, **changes)
    service = next(record.path for record in cgroups if record.id == SVC)
    return bare.model_copy(update={"cgroups": cgroups, "service": bare.service.model_copy(update={"cgroup": service})})


def steps_for(kind: str, capture: Capture, *culprits: str) -> list[Step]:
    """Return the steps of a kind for a finding that blames some cgroups."""
    return steps([kind], fired(dict.fromkeys(culprits, 0.4)), Facts(Windows(capture)))
