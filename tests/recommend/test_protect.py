"""memory.low: what is asked for, and where it is there already."""

from __future__ import annotations

import pytest

from tests.helpers.recommend_situations import GIB, advice, situation
from tests.helpers.small_capture import MIB, SVC


@pytest.mark.parametrize(
    ("low_mib", "max_mib", "wanted_mib"),
    [(0, 400, 300), (200, 400, 300), (200, 250, 250), (250, 250, None), (280, 250, None), (300, None, None)],
)
def test_protection_is_raised_up_to_the_cgroups_own_limit_and_never_lowered(
    low_mib: int, max_mib: int | None, wanted_mib: int | None
) -> None:
    own = {"memory.low": low_mib * MIB, "memory.max": None if max_mib is None else max_mib * MIB}
    changes = advice(situation(settings={10: {"memory.max": GIB}, SVC: own}), "protect-service")
    assert [c.value_bytes for c in changes] == ([] if wanted_mib is None else [wanted_mib * MIB])


def test_a_cgroup_that_is_protected_whole_is_left_as_it_is() -> None:
    """As by MemoryLow=infinity: a value in bytes would protect less."""
    settings = {10: {"memory.max": GIB}, SVC: {"memory.low": None}}
    assert advice(situation(settings=settings), "protect-service") == []


def test_no_more_is_protected_than_there_is() -> None:
    """What a service needs is an upper bound, and may be more than it can have."""
    large = situation(service_mib=2000, shared_mib=1024)
    (change,) = advice(large, "protect-service")
    assert change.value_bytes == GIB
    everywhere = advice(situation(service_mib=20_000, shared_mib=None), "protect-service")
    assert {c.value_bytes for c in everywhere} == {16 * GIB}, "the host's"
    outside = advice(large, "protect-service", culprits={"/dg/batch": 0.5, "/elsewhere": 0.5})
    assert {c.value_bytes for c in outside} == {GIB}, "also against who does not lie below that limit"
