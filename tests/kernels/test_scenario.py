"""What limits are tried in: on each version of cgroups a neighbour, and nothing but what the guest has."""

from __future__ import annotations

from diagnose.lab import SCENARIOS
from tests.kernels import scenario


def test_on_v1_it_is_the_labs_own_scenario_with_a_limit_that_is_shared() -> None:
    tried = scenario.to_size(1)
    assert tried == SCENARIOS["noisy-neighbour"]
    assert tried.parent_limit_bytes is not None


def test_on_v2_nobody_has_a_limit() -> None:
    tried = scenario.to_size(2)
    assert (tried.name, tried.parent_limit_bytes) == ("flooded-host", None)
    assert all(workload.limit_bytes is None for workload in tried.workloads)
