"""What a run on one kernel found, as it comes out of a guest: one JSON file a kernel."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from diagnose.models import ProbeRecord


class Check(BaseModel):
    """Something that must hold, and what was found."""

    model_config = ConfigDict(frozen=True)

    what: str
    right: bool
    found: str


class Result(BaseModel):
    """One kernel: how each probe fared, and every check in the order in which it was made."""

    kernel: str
    cgroup_version: int
    probes: list[ProbeRecord] = []
    verdict: str = "none"
    verdict_right: bool = False
    checks: list[Check] = []
    seconds: dict[str, float] = {}
    """How long each step took."""

    @property
    def right(self) -> bool:
        return self.verdict_right and all(p.attached for p in self.probes) and all(c.right for c in self.checks)
