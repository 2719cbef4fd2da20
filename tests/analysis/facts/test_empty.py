"""Captures in which nothing happened, or that ended before a window was over: every fact is a value or unknown."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

from diagnose.analysis.facts import FACTS, Facts
from diagnose.analysis.windows import Windows
from diagnose.capture.model import Capture, ProbeRecord
from diagnose.capture.tables import ReadDelays, Stalls
from diagnose.pipeline import analyse
from diagnose.report.formats.markdown import render_markdown
from diagnose.rules.loading import load_rules
from tests.helpers.small_capture import SVC, small_capture

PROBES = sorted({spec.probe for spec in FACTS.values()})
COUNTERS = (
    "cpu_usage_us", "cpu_throttled_us", "cpu_periods", "cpu_throttled_periods", "refault_file_pages",
    "refault_anon_pages", "file_bytes", "anon_bytes", "usage_bytes", "limit_hits", "io_read_bytes", "io_written_bytes",
)  # fmt: skip


def idle(windows: int) -> Capture:
    """Return a capture for which every probe ran, and of which every reading is 0."""
    disk = ("reads", "read_ms", "queued_ms", "read_sectors", "written_sectors")
    host = ("vmstat.pgsteal_file", "vmstat.drop_pagecache", "pressure.cpu.some_us", *(f"disk.vda.{k}" for k in disk))
    return small_capture(
        windows=windows,
        probes=[ProbeRecord(probe=name, attached=True) for name in PROBES],
        samples={(cgroup, key): [0] * (windows + 1) for key in COUNTERS for cgroup in (1, 10, SVC)},
        host={key: [0] * (windows + 1) for key in host},
        settings={SVC: {"memory.max": 1 << 30}},
        stalls=Stalls(),
        read_delays=ReadDelays(),
    )


@pytest.mark.parametrize("windows", [0, 1, 2])
def test_every_fact_of_an_idle_host_is_a_value_or_unknown(windows: int) -> None:
    facts = Facts(Windows(idle(windows)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name, spec in FACTS.items():
            if spec.scope != "neighbour":
                value = facts.value(name)
                assert not isinstance(value, float) or math.isfinite(value), name
                assert not isinstance(value, np.ndarray) or not np.isinf(value).any(), name


@pytest.mark.parametrize("windows", [0, 1])
def test_an_idle_host_has_a_report(windows: int) -> None:
    report = analyse(idle(windows), load_rules())
    assert report.verdict.status != "finding"
    assert render_markdown(report)
