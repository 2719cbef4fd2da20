"""What of the battery needs no kernel: which windows are over, and that a capture has at least one."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from diagnose.cgroups.service import Service
from diagnose.errors import CannotMeasureError
from diagnose.measure.battery import described
from diagnose.measure.probes.run import Run
from diagnose.measure.schedule import GRACE_SECONDS, Plan, finished_windows
from tests.helpers.cgroup_trees import Host


@pytest.fixture
def host(tmp_path: Path) -> Host:
    made = Host(tmp_path, "v2")
    made.process(10, "svc", "/dg/svc")
    return made


def run_of(host: Host) -> Run:
    return Run(Service("svc", "/dg/svc", host.hierarchy.id_of("/dg/svc"), ()), host.hierarchy)


def test_windows_that_passed_while_nobody_looked_are_handed_over_together() -> None:
    window_ns = 10**9
    start_ns = time.monotonic_ns() - 5 * window_ns - int(2 * GRACE_SECONDS * 1e9)
    assert list(finished_windows(Plan(4, 1.0), start_ns, lambda _: False)) == [4]


def test_who_stops_waiting_gets_the_whole_windows_up_to_then() -> None:
    start_ns = time.monotonic_ns() - 2 * 10**9 - int(2 * GRACE_SECONDS * 1e9)
    assert list(finished_windows(Plan(100, 1.0), start_ns, lambda _: True)) == [2]
    assert list(finished_windows(Plan(100, 60.0), time.monotonic_ns(), lambda _: True)) == []


def test_without_one_whole_window_there_is_no_capture(host: Host) -> None:
    with pytest.raises(CannotMeasureError, match="let it run longer"):
        described(run_of(host), Plan(3, 1.0), datetime.now(UTC), 0)
    fields = described(run_of(host), Plan(3, 1.0), datetime(2026, 3, 1, tzinfo=UTC), 2)
    assert (fields["start"], fields["interrupted"]) == ("2026-03-01T00:00:00Z", True)
