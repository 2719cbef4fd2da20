"""Quota, weight and CPUs in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from diagnose.recommend.steps.weight import Competitor, RaiseWeight
from diagnose.recommend.steps.which_cpus import FindIdleCpus
from diagnose.report.wording.steps_cpu import find_idle_cpus, raise_quota, raise_weight
from diagnose.report.wording.writer import Names
from tests.report.wording.test_steps import QUOTA

NAMES = Names({"/dg/batch": "batch"})
WEIGHT = RaiseWeight(
    cgroup="/dg/svc",
    setting="cpu.weight",
    from_weight=100,
    to_weight=1000,
    holds_service=False,
    against=None,
    commands=(),
)


def test_an_average_says_nothing_of_single_periods() -> None:
    text = raise_quota(QUOTA, NAMES.writer)
    assert "from 20,000 µs (0.2 CPUs) to 70,000 µs (0.7 CPUs) in every 100,000 µs" in text.says
    assert "in bursts, it is still held back in them" in text.says
    assert text.arithmetic == (
        "it used 0.2 CPUs on average, and was throttled for 2 s, added up over the CPUs, which is 0.5 CPUs: together "
        "0.7 CPUs at most, in whole hundredths 0.7",
    )
    above = raise_quota(replace(QUOTA, basis="quota"), NAMES.writer)
    assert above.arithmetic[0].startswith("the quota is 0.2 CPUs, and was throttled for 2 s")


@pytest.mark.parametrize(
    ("against", "said"),
    [
        (None, "."),
        (
            Competitor("/dg/batch", 1.0, "/dg/batch", 1000, has_cpu_cgroup=True),
            ", against the 1,000 of batch (/dg/batch), which used 1 CPU.",
        ),
        (
            Competitor("/dg/batch", 1.5, "/dg", 1000, has_cpu_cgroup=True),
            ", against the 1,000 of /dg, which holds batch (/dg/batch), which used 1.5 CPUs.",
        ),
        (
            Competitor("/dg/batch", 1.5, None, None, has_cpu_cgroup=True),
            ": at that level it competes with batch (/dg/batch), which used 1.5 CPUs and whose weight was not read.",
        ),
        (
            Competitor("/dg/batch", 1.5, None, None, has_cpu_cgroup=False),
            ": at that level it competes with batch (/dg/batch), which used 1.5 CPUs and whose processes have no cpu "
            "cgroup of their own.",
        ),
    ],
)
def test_whose_weight_stands_against_the_new_one(against: Competitor | None, said: str) -> None:
    text = raise_weight(replace(WEIGHT, against=against), NAMES.writer)
    assert text.says == f"raise cpu.weight of /dg/svc from 100 to 1,000{said}"


def test_the_arithmetic_of_a_weight() -> None:
    beside = Competitor("/dg/batch", 1.0, "/dg/batch", 1000, has_cpu_cgroup=True)
    assert raise_weight(replace(WEIGHT, against=beside), NAMES.writer).arithmetic == (
        "cpu.weight of /dg/svc is 100",
        "that of batch (/dg/batch) beside it is 1,000",
        "1,000 is as much as its neighbour has: of CPUs that both want, weights are the shares",
    )
    twice = raise_weight(replace(WEIGHT, to_weight=200, against=replace(beside, weight=50)), NAMES.writer)
    assert twice.arithmetic[-1].startswith("200 is twice what it is")
    alone = raise_weight(replace(WEIGHT, to_weight=200, holds_service=True), NAMES.writer)
    assert alone.arithmetic[1] == "twice that is 200; weights of those beside it are not in this capture"
    assert "/dg/svc is what holds the service at that level" in alone.arithmetic[2]


def test_it_is_told_how_long_a_cpu_was_idle_while_somebody_waited() -> None:
    step = FindIdleCpus(competitors=("/dg/batch",), host_cpus=8, idle_share=0.875, managed_by="systemd", commands=())
    says = find_idle_cpus(step, NAMES.writer).says
    assert "which CPUs the service and batch (/dg/batch) may use" in says
    assert "In at least 87.5 % of the capture a task waited while a CPU ran none" in says
    assert "fewer than the 8 CPUs of the host" in says
    assert "of its unit say so" in says
    assert "a task waited" not in find_idle_cpus(replace(step, idle_share=None), NAMES.writer).says
