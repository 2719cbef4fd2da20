"""A job whose own memory still grows when the capture ends: what it held is not what it needs."""

from __future__ import annotations

from typing import Any

import pytest

from diagnose.capture.model import Capture
from diagnose.recommend.change import Change
from diagnose.recommend.growing import Outgrows
from diagnose.recommend.reasons import TooLittle
from diagnose.recommend.ways import MoreRoom
from tests.helpers.recommend_situations import BATCH, GIB, PATHS, advice, why_none
from tests.helpers.small_capture import MIB, SVC, small_capture


def growing(anon_mib: list[int], version: int = 2, usage_mib: int = 900) -> Capture:
    """Return a capture in which the batch job evicts the service; 1 GiB is shared, and the service uses 300 MiB."""
    count = len(anon_mib)
    samples: dict[tuple[int, str], Any] = {
        (10, "usage_bytes"): [1200 * MIB] * (count + 1),
        (SVC, "usage_bytes"): [300 * MIB] * (count + 1),
        (BATCH, "usage_bytes"): [usage_mib * MIB] * (count + 1),
        (BATCH, "anon_bytes"): [value * MIB for value in [anon_mib[0], *anon_mib]],
    }
    return small_capture(
        cgroups=PATHS,
        windows=count,
        evictions=[(0, BATCH, SVC, "memcg-reclaim", 9000)],
        samples=samples,
        settings={10: {"memory.limit_in_bytes" if version == 1 else "memory.max": GIB}},
        host={"meminfo.MemAvailable_bytes": [12 * GIB] * (count + 1)},
        cgroup_version=version,
    )


def contained(capture: Capture) -> list[Change]:
    return advice(capture, "contain-neighbour")


RAMP = [50 * step for step in range(1, 9)]
"""400 MiB at the end, 300 before the last quarter: 800 after as long again, and 709 MiB are left for it."""


@pytest.mark.parametrize("version", [1, 2])
def test_a_job_that_would_outgrow_its_limit_gets_none(version: int) -> None:
    (change,) = contained(growing(RAMP, version))
    assert (change.value_bytes, change.commands) == (None, ())
    assert why_none(change) == Outgrows(100 * MIB, in_seconds=2, now_bytes=400 * MIB, limit_bytes=709 * MIB)
    assert change.ways[0] == "measure-once-grown"


@pytest.mark.parametrize(
    "anon_mib",
    [
        [10 * step for step in range(1, 9)],
        [400] * 8,
        [1, 1, 400, 1, 1, 400, 1, 400],
        [1, 1, 1, 400, 400, 400, 400, 400],
        RAMP[:7],
    ],
    ids=["slowly enough", "steady", "bursts of one height", "begun in the capture", "too short to tell"],
)
def test_one_that_does_not_gets_it(anon_mib: list[int]) -> None:
    changes = contained(growing(anon_mib))
    assert [c.setting for c in changes if c.value_bytes] == ["memory.high", "memory.max"]


def test_a_floor_that_still_rises_is_no_limit_beside_more_room_either() -> None:
    """Left for it is less than its floor of 750 MiB, which it would outgrow."""
    (change,) = contained(growing([75 * step for step in range(1, 9)]))
    assert (change.value_bytes, change.commands) == (None, ())
    why = why_none(change)
    assert isinstance(why, TooLittle)
    assert (why.left_bytes, why.floors_bytes) == (709 * MIB, 750 * MIB)
    assert [path for path, _ in why.growing] == ["/dg/batch"]
    assert not any(isinstance(way, MoreRoom) for way in change.ways)
