"""Limits of the service's own, and shared ones, that are raised."""

from __future__ import annotations

import math

from diagnose.capture.model import Capture
from diagnose.recommend.effects import RaisedOwn
from diagnose.recommend.reasons import Lacking, OwnReclaim
from diagnose.recommend.ways import ByAQuarter, GiveFirst, StepByStep
from tests.helpers.recommend_situations import GIB, PATHS, advice, limit_on, lines, only, situation, why_none
from tests.helpers.small_capture import MIB, SVC, small_capture


def own(limit_mib: int, available: int | None = 12 * GIB) -> Capture:
    return small_capture(
        windows=2,
        samples={(SVC, "usage_bytes"): [300 * MIB] * 3, (SVC, "refault_file_pages"): [0, 25_600, 25_600]},
        settings={SVC: {"memory.max": limit_mib * MIB}},
        host={} if available is None else {"meminfo.MemAvailable_bytes": [available] * 3},
    )


def test_without_room_on_the_host_no_limit_is_raised() -> None:
    for available in (None, 0, MIB):
        changes = advice(own(100, available), "raise-own-limit")
        assert [c.value_bytes for c in changes] == [None]
        assert changes[0].commands == ()


def test_a_raised_limit_is_higher_than_the_one_in_force() -> None:
    for change in advice(own(100), "raise-own-limit"):
        assert change.value_bytes is None or change.value_bytes > 100 * MIB
        assert change.current_bytes == 100 * MIB


def test_what_it_used_is_no_proof_that_its_limit_suffices() -> None:
    (change,) = advice(own(400), "raise-own-limit")
    assert why_none(change) == "wants-not-measured"
    assert change.ways[0] == "quarters"


def swapping(held_mib: int | None) -> Capture:
    """Return a service that uses its 300 MiB, and fetches 200 MiB of its own memory back from swap."""
    held = None if held_mib is None else held_mib * MIB
    return small_capture(
        windows=2,
        samples={
            (SVC, "usage_bytes"): [300 * MIB] * 3,
            (SVC, "refault_anon_pages"): [0, 25_600, 51_200],
            (SVC, "swap_bytes"): [held] * 3,
        },
        settings={SVC: {"memory.max": 300 * MIB}},
        host={"meminfo.MemAvailable_bytes": [12 * GIB] * 3},
    )


def test_a_limit_that_makes_the_service_swap_is_raised_by_what_lay_in_swap() -> None:
    (change,) = advice(swapping(held_mib=80), "raise-own-limit")
    assert change.value_bytes == math.ceil(380 * 1.05) * MIB
    assert change.reason == OwnReclaim("/dg/svc", swaps=True)
    assert change.effect == RaisedOwn(prediction=None, trouble_share=None, swaps=True)


def test_the_limit_that_was_hit_most_is_raised_by_what_lay_in_swap_below_it() -> None:
    samples = {
        (10, "usage_bytes"): [1024 * MIB] * 4, (10, "swap_bytes"): [0, 100 * MIB, 200 * MIB, 200 * MIB],
        (10, "limit_hits"): [0, 5, 9, 12],
    }  # fmt: skip
    base = {"cgroups": PATHS, "windows": 3, "settings": {10: {"memory.max": 1024 * MIB}}, "cgroup_version": 2}
    host = {"meminfo.MemAvailable_bytes": [GIB] * 4}
    (change,) = advice(small_capture(**base, samples=samples, host=host), "raise-hit-limit")
    assert change.value_bytes == math.ceil(1224 * 1.05) * MIB
    assert [c.line for c in change.undo] == [f"echo {1024 * MIB} > /sys/fs/cgroup/dg/memory.max"]
    dry = {key: column for key, column in samples.items() if key[1] != "swap_bytes"}
    (tried,) = advice(small_capture(**base, samples=dry, host=host), "raise-hit-limit")
    assert why_none(tried) == "nothing-swapped"
    assert tried.ways[0] == ByAQuarter(1280 * MIB)
    assert lines(tried) == [f"echo {1280 * MIB} > /sys/fs/cgroup/dg/memory.max"]
    (unknown,) = advice(small_capture(**base, samples=samples), "raise-hit-limit")
    assert (unknown.value_bytes, unknown.commands) == (None, ())


def test_where_nobody_measured_what_lay_in_swap_no_value_is_given_but_where_to_begin() -> None:
    (change,) = advice(swapping(held_mib=None), "raise-own-limit")
    assert why_none(change) == "swap-not-measured"
    assert change.ways[0] == StepByStep(300 * MIB)
    assert change.commands == ()


def test_without_an_own_limit_there_is_none_to_raise() -> None:
    assert advice(small_capture(), "raise-own-limit") == []


def test_a_shared_limit_is_raised_to_what_all_below_it_need() -> None:
    crowded = situation(batch_mib=200, service_mib=900, shared_mib=1024)
    change = limit_on(advice(crowded, "raise-shared-limit"), "/dg", "memory.max")
    assert change.current_bytes == 1024 * MIB
    assert change.value_bytes is not None
    assert 1.05 * 1100 * MIB <= change.value_bytes <= 1.05 * 1100 * MIB + 2 * MIB, "both, and the reserve"


def test_a_shared_limit_is_not_raised_beyond_the_host_which_would_have_to_be_given_what_is_lacking() -> None:
    crowded = situation(batch_mib=200, service_mib=900, available=8 * MIB)
    (change,) = advice(crowded, "raise-shared-limit")
    why, first = why_none(change), only(GiveFirst, change.ways)
    assert isinstance(why, Lacking)
    assert why.spare.bytes == int(8 * MIB * 0.95)
    assert first.spare.limit is None
    assert first.more_bytes == why.more_bytes
    assert 0 <= first.lacking_bytes - (why.more_bytes - why.spare.bytes) < MIB
    assert 100 * MIB < first.lacking_bytes < 200 * MIB


def test_the_services_own_limit_is_no_shared_one() -> None:
    assert advice(own(100), "raise-shared-limit") == []
    assert advice(small_capture(), "raise-shared-limit") == []


def test_a_shared_limit_that_was_not_hit_is_not_what_the_service_lacks() -> None:
    """As that of kubepods.slice, with pods that hold nearly all of it, on a host that was full before."""
    crowded = situation(batch_mib=200, service_mib=900, shared_mib=1024)
    samples = crowded.cgroup_samples
    hits = {"limit_hits": [0 if c == 10 else None for c in samples.cgroup]}
    unhit = samples.model_copy(update={"values": {**samples.values, **hits}})
    assert advice(crowded.model_copy(update={"cgroup_samples": unhit}), "raise-shared-limit") == []
