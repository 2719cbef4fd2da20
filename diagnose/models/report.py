"""The report (`diagnose.report/1`): the keys of `report.json`, in their order."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from diagnose.models._base import Model, Process

REPORT_SCHEMA = "diagnose.report/1"


class Evidence(Model):
    condition: str
    holds: bool | None
    """None: unknown, an input was not measured."""
    measured: float | str | None
    threshold: float | str | None
    unit: str | None


Confidence = Literal["high", "medium", "low"]


class Culprit(Model):
    cgroup: str
    share: float | None
    """Of what the finding blames (evicted pages of the service, say), 0 to 1."""
    cause: str | None
    name: str | None = None
    """The name a person knows (unit, container, pod); None: only the path."""


class Finding(Model):
    rule: str
    title: str
    confidence: Confidence
    culprits: list[Culprit]
    summary: str
    evidence: list[Evidence]


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
    commands: list[str]
    name: str | None = None
    """As in `Culprit`."""


class Verdict(Model):
    status: Literal["finding", "healthy", "inconclusive"]
    rule: str | None
    confidence: Confidence
    summary: str


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
    """`report.json`: the keys of design.md, in its order."""

    schema_: Literal["diagnose.report/1"] = Field(default="diagnose.report/1", alias="schema")
    service: ReportService
    capture: ReportCapture
    verdict: Verdict
    findings: list[Finding]
    ruled_out: list[RuledOut]
    unknown: list[Unknown]
    not_measured: list[NotMeasured]
    recommendations: list[Recommendation]
    measurements: dict[str, object]
    digest: str | None = None
    """Over all the rest (seal.py); set when the report is written."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, populate_by_name=True)
