"""What a guest found, as it is handed over: one line of JSON."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from diagnose.capture.model import ProbeRecord
from tests.accuracy.sizing import Sized


class Check(BaseModel):
    """Something that must hold, and what was found."""

    model_config = ConfigDict(frozen=True)

    what: str
    right: bool
    found: str


class Found(BaseModel):
    """What was checked on one kernel, in the order in which it was."""

    kernel: str
    checks: list[Check] = []
    seconds: dict[str, float] = {}
    """How long each step took."""
    finished: bool = False
    """Every step was gone through: what a guest that died had found until then is not all."""

    @property
    def right(self) -> bool:
        return self.finished and bool(self.checks) and all(c.right for c in self.checks)


class Result(Found):
    """A line of the matrix: how each probe fared, and the verdict. The machine's own kernel has no further checks."""

    cgroup_version: int
    probes: list[ProbeRecord] = []
    verdict: str = "none"
    verdict_right: bool = False
    without_bpf: str = "none"
    without_bpf_right: bool = False
    """With --no-bpf: right, or inconclusive, which a report must say where files do not tell causes apart."""
    sized: Sized | None = None
    """Of a run that tries the recommended limits, and nothing else."""

    @property
    def right(self) -> bool:
        attached = bool(self.probes) and all(p.attached for p in self.probes)
        verdicts = self.verdict_right and self.without_bpf_right
        return self.finished and verdicts and attached and all(c.right for c in self.checks)
