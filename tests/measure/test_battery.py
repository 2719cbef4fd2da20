"""What of the battery needs no kernel: which windows are over, and who is in the service at the end of a capture."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from diagnose.cgroups.hierarchy import Process
from diagnose.cgroups.service import Service
from diagnose.errors import CannotMeasureError
from diagnose.measure.battery import described, pids_now, service_replaced
from diagnose.measure.schedule import GRACE_SECONDS, Plan, finished_windows
from tests.helpers.cgroup_trees import Host


@pytest.fixture
def host(tmp_path: Path) -> Host:
    made = Host(tmp_path, "v2")
    made.process(10, "svc", "/dg/svc")
    made.process(11, "svc", "/dg/svc")
    return made


def service_of(host: Host) -> Service:
    there = (Process(pid=10, comm="svc"), Process(pid=11, comm="svc"))
    return Service("svc", "/dg/svc", host.hierarchy.id_of("/dg/svc"), there)


def test_a_pid_that_went_to_somebody_else_is_not_asked_for_the_service_s_files(host: Host) -> None:
    service = service_of(host)
    assert pids_now(service, host.hierarchy) == [10, 11]
    (host.hierarchy.directory("/dg/svc") / "cgroup.procs").write_text("11\n")
    host.process(10, "stranger", "/dg/other")
    host.process(12, "svc", "/dg/svc")
    assert pids_now(service, host.hierarchy) == [11, 12]


def test_a_new_cgroup_of_the_service_s_name_is_not_the_service(host: Host, tmp_path: Path) -> None:
    service = service_of(host)
    assert service_replaced(service, host.hierarchy) == []
    host.hierarchy.directory("/dg/svc").rename(tmp_path / "gone")
    assert service_replaced(service, host.hierarchy)[0].probe == "service"
    host.process(10, "svc", "/dg/svc")
    assert "a new one of the same name was not measured" in (service_replaced(service, host.hierarchy)[0].reason or "")
    assert pids_now(service, host.hierarchy) == []


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
        described(service_of(host), host.hierarchy, Plan(3, 1.0), datetime.now(UTC), 0)
    fields = described(service_of(host), host.hierarchy, Plan(3, 1.0), datetime(2026, 3, 1, tzinfo=UTC), 2)
    assert (fields["start"], fields["interrupted"]) == ("2026-03-01T00:00:00Z", True)
