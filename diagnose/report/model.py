"""The report (`diagnose.report/1`): the keys of `report.json`, in their order."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from diagnose.capture.base import Model, Process
from diagnose.report.measurements.model import Measurements

REPORT_SCHEMA = "diagnose.report/1"


class Evidence(Model):
    condition: str
    holds: bool | None
    """None: unknown, an input was not measured."""
    measured: float | str | None
    threshold: float | str | None
    unit: str | None
    missing: str | None = None
    """Where it is unknown: why."""
    mechanism: str | None = None
    """The mechanism of the rule that asks it; None: none does, or the report is older than this key."""
    outcome: Literal["yes", "failed", "unknown", "too little data"] | None = None
    """What it came to; None: see `holds`, the report is older than this key."""


Confidence = Literal["high", "medium", "low"]


class Known(Model):
    """One way in which a finding is known: a mechanism of its rule that holds."""

    mechanism: str
    direct: bool
    """Whether the chain itself was measured; else things happened at the same time."""
    says: str


class Culprit(Model):
    cgroup: str
    share: float | None
    """Of what the finding blames (evicted pages of the service, say), 0 to 1."""
    cause: str | None
    name: str | None = None
    """The name a person knows (unit, container, pod); None: only the path."""


class Advice(Model):
    """What to do about a finding beyond memory limits, and what could go wrong."""

    do: str
    risk: str


class Step(Model):
    """One thing to do by hand: a change of a setting with what undoes it, or (nothing to undo) where to look."""

    says: str
    """An imperative sentence without a capital, "raise cpu.max of /svc from … to …."."""
    arithmetic: list[str] = []
    """How a value came about."""
    commands: list[str]
    undo: list[str] = []
    gain: str = ""
    """What the change can end, as far as it was measured."""
    risk: str = ""
    """Of a change that is made besides others, whose risk the finding's advice does not tell."""


class Besides(Model):
    """A further cause, of another kind than the finding's, that took a part of the same pages."""

    who: str
    says: str
    share: float | None
    """Of the time that reads waited for evicted pages, 0 to 1; None: unknown."""


class Finding(Model):
    rule: str
    title: str
    confidence: Confidence
    culprits: list[Culprit]
    summary: str
    evidence: list[Evidence]
    known_by: list[Known] = []
    """The mechanisms that hold, the direct ones first."""
    who: str | None = None
    """Whose doing it is where no cgroup is a culprit: the service itself, nobody, not measured."""
    advice: Advice | None = None
    """None where the recommendations say it all."""
    unconfirmed: list[str] = []
    """The mechanisms of its rule that do not hold: what each asks, and what came of it."""
    consequence_of: str | None = None
    """The rule of the first finding, where that one explains this."""
    besides: list[Besides] = []
    """Who else took some of the pages, where it was no neighbour: proactive reclaim, drop_caches."""
    steps: list[Step] = []
    """What to do by hand, beyond the recommendations."""


class RuledOut(Model):
    rule: str
    why: str


class Unknown(Model):
    rule: str
    missing: str


class NotMeasured(Model):
    probe: str
    reason: str
    how_to_enable: str | None


class Recommendation(Model):
    cgroup: str
    setting: str
    """The kernel's file name: "memory.high", "memory.limit_in_bytes"."""
    current_bytes: int | None
    """None: no limit is set ("max")."""
    value_bytes: int | None
    """None: no safe value exists; `reason` says why."""
    reason: str
    arithmetic: list[str]
    expected_effect: str
    risk: str
    alternatives: list[str] = []
    """Where no safe value exists: what can be done instead."""
    commands: list[str]
    undo: list[str] = []
    """What restores the present value by hand; `diagnose rollback` does it after `diagnose apply`."""
    lasts: str = ""
    """How long the change stays when it is made by `commands`: for a plain cgroup file, as long as the cgroup."""
    name: str | None = None
    """As in `Culprit`."""


class Verdict(Model):
    status: Literal["finding", "healthy", "inconclusive"]
    rule: str | None
    confidence: Confidence
    summary: str
    known_by: list[Known] = []
    """Of the rule that decided; see Finding."""
    who: str | None = None
    """As in Finding, of the rule that decided."""
    advice: Advice | None = None
    """Of the rule that decided; None: it gives none."""


class ReportService(Model):
    name: str
    cgroup: str
    processes: list[Process]


class ReportCapture(Model):
    start: str
    windows: int
    window_seconds: float
    kernel: str
    cgroup_version: int
    lost: dict[str, int]
    interrupted: bool


class Report(Model):
    """`report.json`: why a service's reads are slow, how sure that is, and what to change."""

    schema_: Literal["diagnose.report/1"] = Field(default="diagnose.report/1", alias="schema")
    service: ReportService
    capture: ReportCapture
    verdict: Verdict
    findings: list[Finding]
    ruled_out: list[RuledOut]
    unknown: list[Unknown]
    not_measured: list[NotMeasured]
    recommendations: list[Recommendation]
    measurements: Measurements
    digest: str | None = None
    """Over all the rest (seal.py); set when the report is written."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, populate_by_name=True, defer_build=True)
