"""CPU time in words: the quota, who else used how much, whose weights stand against each other."""

from __future__ import annotations

import pytest

from diagnose.analysis.facts.cpu import CpuQuota, CpuShortage, CpuUser, CpuUsers
from diagnose.analysis.facts.cpu_competitors import CpuCompetitor, CpuWeights
from diagnose.capture.model import CgroupRecord
from diagnose.report.wording.facts_cpu import cpu_quota, cpu_shortage, cpu_users, cpu_weights
from diagnose.report.wording.writer import Names, Writer


def writer() -> Writer:
    return Names({"/dg/batch": "batch.service"}).writer()


@pytest.mark.parametrize(
    ("quota", "said"),
    [
        (
            CpuQuota("cpu.max", 100_000, 20_000, used_cpus=0.2, lacked_cpus=0.5),
            "cpu.max is 20,000 of every 100,000 µs, 0.2 CPUs; it used 0.2 CPUs on average and would have used at most "
            "about 0.7 CPUs without a quota, as far as others leave them",
        ),
        (
            CpuQuota("cpu.cfs_quota_us", None, None, used_cpus=None, lacked_cpus=0.5),
            "the quota itself is not in this capture (cpu.cfs_quota_us in the service's cgroup shows it); about 0.5 "
            "CPUs more would have let its throttled tasks run",
        ),
        (
            CpuQuota("cpu.max", 100_000, None, used_cpus=1, lacked_cpus=None),
            "cpu.max of the service itself is not set, so the quota is that of a cgroup above it; it used 1 CPU on "
            "average",
        ),
        (
            CpuQuota("cpu.max", 100_000, 100_000, used_cpus=None, lacked_cpus=None),
            "cpu.max is 100,000 of every 100,000 µs, 1 CPU",
        ),
    ],
)
def test_the_quota_what_was_used_and_what_was_lacking(quota: CpuQuota, said: str) -> None:
    assert cpu_quota(quota, writer()) == said


def users(*named: CpuUser, read: bool = True, all_cpus: float | None = None, unassigned: float | None = None) -> str:
    return cpu_users(CpuUsers(named, read, None if all_cpus is None else 0.5, all_cpus, unassigned, 8), writer())


def test_who_used_the_cpus() -> None:
    assert users(CpuUser("/dg/batch", 1), CpuUser("/else", 0.25), all_cpus=2, unassigned=0.25) == (
        "most CPU time was used by batch.service (/dg/batch) (1 of 8 CPUs), /else (0.25 of 8 CPUs); the service itself "
        "used 0.5; all CPU time used came to 2 of 8 CPUs, 0.25 of it by processes in no other cgroup that was read"
    )
    assert users(CpuUser("/else", 0.25)) == "most CPU time was used by /else (0.25 of 8 CPUs)"


def test_hardly_any_use_is_not_none_measured() -> None:
    assert users(all_cpus=9, unassigned=0) == (
        "no other cgroup used as much as 0.01 CPUs; the service itself used 0.5; all CPU time used came to 8 of 8 CPUs"
    )
    assert users(read=False, all_cpus=2, unassigned=1) == (
        "who was not measured: no other cgroup's CPU time is in this capture (top, or systemd-cgtop, shows it)"
    )


@pytest.mark.parametrize(
    ("shortage", "said"),
    [
        (CpuShortage("all", 8), "so that all of the 8 CPUs were short"),
        (
            CpuShortage("not-measured", 8),
            "whether all CPUs were short or only some was not measured; which CPUs the service may use was not "
            "measured (step 1 shows it)",
        ),
        (
            CpuShortage("some", 8, 0.7),
            "so in at least 70 % of the capture a task waited while one of the 8 CPUs ran none, as where tasks are "
            "bound to certain CPUs, or a quota stops them; which CPUs the service may use was not measured (step 1 "
            "shows it)",
        ),
    ],
)
def test_whether_all_cpus_were_short(shortage: CpuShortage, said: str) -> None:
    assert cpu_shortage(shortage, writer()) == said


def test_whose_weight_stands_against_the_services() -> None:
    own = CgroupRecord(id=1, path="/dg/svc", cpu_weight=100)
    batch, other = CgroupRecord(id=2, path="/dg/batch", cpu_weight=1000), "/dg/other"
    assert cpu_weights(CpuWeights("cpu.weight", (CpuCompetitor(own, batch, "/dg/batch/w", 1.0),)), writer()) == (
        "where they want the same CPUs, batch.service (/dg/batch) has cpu.weight 1,000 against the 100 of /dg/svc"
    )
    two = (CpuCompetitor(own, None, other, 1.0), CpuCompetitor(own, batch, "/dg/batch", 0.5))
    assert cpu_weights(CpuWeights("cpu.shares", two), writer()) == (
        "where they want the same CPUs, what /dg/other weighs (not read) stands against cpu.shares 100 of /dg/svc and "
        "batch.service (/dg/batch) has cpu.shares 1,000 against the 100 of /dg/svc"
    )
    assert cpu_weights(CpuWeights("cpu.weight", ()), writer()) == (
        "whose weight stands against the service's was not measured"
    )
