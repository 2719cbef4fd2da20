"""Cgroups looked at in every window, over trees of files: all of them named, none taken for another of its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnose.capture.tables import CgroupSamples
from diagnose.errors import CannotMeasureError
from diagnose.measure.probes import polled_cgroups
from diagnose.measure.probes.polled_cgroups import PolledCgroups
from tests.helpers.cgroup_trees import V2_STAT, Host

FILES = {"memory__stat": V2_STAT, "memory__current": "340787200\n", "cgroup__procs": ""}


@pytest.fixture
def host(tmp_path: Path) -> Host:
    made = Host(tmp_path, "v2")
    for path in ("/dg", "/dg/svc", "/dg/batch"):
        made.cgroup(path, **FILES)
    (tmp_path / "proc/uptime").write_text("1000.0 1.0\n")
    return made


def readings(samples: CgroupSamples, cgroup: int) -> list[int]:
    """Return the windows in which a cgroup was read."""
    return [w for w, c in zip(samples.window, samples.cgroup, strict=True) if c == cgroup]


def test_everybody_is_read_in_every_window(host: Host) -> None:
    probe = PolledCgroups(host.hierarchy, "/dg/svc")
    for window in (-1, 0, 1):
        probe.poll(window)
    samples = probe.samples(2)
    for path in ("/", "/dg", "/dg/svc", "/dg/batch"):
        assert readings(samples, host.hierarchy.id_of(path)) == [-1, 0, 1], path
    assert probe.record().missing == []
    assert probe.record().attached


def test_what_comes_and_goes_keeps_its_name(host: Host, tmp_path: Path) -> None:
    probe = PolledCgroups(host.hierarchy, "/dg/svc")
    probe.poll(-1)
    host.cgroup("/dg/passing", **FILES)
    passing = host.hierarchy.id_of("/dg/passing")
    probe.poll(0)
    host.hierarchy.directory("/dg/passing").rename(tmp_path / "gone")
    probe.poll(1)
    assert readings(probe.samples(2), passing) == [0]
    assert {r.id: r.path for r in probe.records(set())}[passing] == "/dg/passing"


def test_a_new_cgroup_of_an_old_name_is_another_one(host: Host, tmp_path: Path) -> None:
    probe = PolledCgroups(host.hierarchy, "/dg/svc")
    old = host.hierarchy.id_of("/dg/batch")
    probe.poll(-1)
    probe.poll(0)
    host.hierarchy.directory("/dg/batch").rename(tmp_path / "gone")
    host.cgroup("/dg/batch", **FILES)
    new = host.hierarchy.id_of("/dg/batch")
    probe.poll(1)
    assert old != new
    assert (readings(probe.samples(2), old), readings(probe.samples(2), new)) == ([-1, 0], [1])
    assert [r.path for r in probe.records(set()) if r.id in (old, new)] == ["/dg/batch", "/dg/batch"]


def test_of_many_the_largest_are_read_and_the_rest_is_said(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polled_cgroups, "MAX_POLLED", 2)
    host.cgroup("/small", **{**FILES, "memory__current": "4096\n"})
    probe = PolledCgroups(host.hierarchy, "/dg/svc")
    host.cgroup("/large", **{**FILES, "memory__current": "999999999999\n"})
    probe = PolledCgroups(host.hierarchy, "/dg/svc")
    probe.poll(-1)
    read = set(probe.samples(1).cgroup)
    assert host.hierarchy.id_of("/large") in read
    assert host.hierarchy.id_of("/dg/svc") in read, "the service, however small"
    assert host.hierarchy.id_of("/small") not in read
    assert probe.record().missing == ["1 cgroups not read by themselves"]


def test_without_the_service_s_memory_files_nothing_can_be_measured(host: Host) -> None:
    host.hierarchy.directory("/dg/svc").joinpath("memory.stat").unlink()
    host.hierarchy.directory("/dg/svc").joinpath("memory.current").unlink()
    with pytest.raises(CannotMeasureError, match="neither BPF nor cgroup files"):
        PolledCgroups(host.hierarchy, "/dg/svc")
