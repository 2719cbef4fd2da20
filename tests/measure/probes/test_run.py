"""Who is in the service at the end of a capture, and whether it is still the service that was to be measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnose.cgroups.hierarchy import Process
from diagnose.cgroups.service import Service
from diagnose.measure.probes.run import Run
from tests.helpers.cgroup_trees import Host


@pytest.fixture
def host(tmp_path: Path) -> Host:
    made = Host(tmp_path, "v2")
    made.process(10, "svc", "/dg/svc")
    made.process(11, "svc", "/dg/svc")
    return made


def run_of(host: Host) -> Run:
    there = (Process(pid=10, comm="svc"), Process(pid=11, comm="svc"))
    return Run(Service("svc", "/dg/svc", host.hierarchy.id_of("/dg/svc"), there), host.hierarchy)


def test_a_pid_that_went_to_somebody_else_is_not_asked_for_the_service_s_files(host: Host) -> None:
    run = run_of(host)
    assert run.pids_now() == [10, 11]
    (host.hierarchy.directory("/dg/svc") / "cgroup.procs").write_text("11\n")
    host.process(10, "stranger", "/dg/other")
    host.process(12, "svc", "/dg/svc")
    assert run.pids_now() == [11, 12]


def test_a_new_cgroup_of_the_service_s_name_is_not_the_service(host: Host, tmp_path: Path) -> None:
    run = run_of(host)
    assert run.replaced() == []
    host.hierarchy.directory("/dg/svc").rename(tmp_path / "gone")
    assert run.replaced()[0].probe == "service"
    host.process(10, "svc", "/dg/svc")
    assert "a new one of the same name was not measured" in (run.replaced()[0].reason or "")
    assert run.pids_now() == []
