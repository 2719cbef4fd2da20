"""Memory in words: limits and who shares them, the host's room, the pages that came back."""

from __future__ import annotations

import pytest

from diagnose.analysis.facts.cache import CameBack
from diagnose.analysis.facts.limit import LimitHits, LimitUser, LimitUsers, OwnLimit
from diagnose.analysis.facts.pressure import HostRoom
from diagnose.analysis.limits import Limit
from diagnose.report.wording.facts_memory import (
    came_back,
    host_room,
    limit_hit_most,
    limit_users,
    own_limit,
    shared_limit,
)
from diagnose.report.wording.writer import Names, Writer
from tests.helpers.small_capture import MIB

DG = Limit("/dg", 10, "memory.max", 96 * MIB)


def writer() -> Writer:
    return Names({"/dg": "dg.slice"}).writer()


def test_the_services_own_limit() -> None:
    assert own_limit(OwnLimit(DG, False, ()), writer()) == "memory.max of dg.slice (/dg) (96 MiB)"
    part = "memory.max of dg.slice (/dg) (96 MiB), which holds for that part of the service alone"
    assert own_limit(OwnLimit(DG, True, ()), writer()) == part
    assert own_limit(OwnLimit(DG, True, ("/a", "/b")), writer()) == f"{part}; those of /a and /b were hit, too"
    assert own_limit(OwnLimit(DG, True, ("/a", "/b", "/c", "/d", "/e")), writer()) == (
        f"{part}; those of /a and /b and /c and 2 more were hit, too"
    )


def test_the_limit_that_was_hit_most() -> None:
    assert limit_hit_most(LimitHits(DG, 5, None), writer()) == "memory.max of dg.slice (/dg) (96 MiB), hit 5 times"
    assert limit_hit_most(LimitHits(DG, 1, None), writer()) == "memory.max of dg.slice (/dg) (96 MiB), hit 1 time"
    assert limit_hit_most(LimitHits(None, None, None), writer()) == (
        "the host's memory, since no memory limit on, in or around the service was seen to be hit"
    )


def test_who_shares_a_limit() -> None:
    two = (LimitUser("/dg/batch", 50 * MIB), LimitUser("/dg", MIB))
    assert limit_users(LimitUsers(DG, two), writer()) == (
        "also below it: /dg/batch (up to 50 MiB), dg.slice (/dg) (up to 1 MiB)"
    )
    assert limit_users(LimitUsers(DG, ()), writer()) == "nobody else was seen below it"
    assert limit_users(LimitUsers(None, ()), writer()) == "everybody on the host shares it"


@pytest.mark.parametrize(
    ("hits", "peak", "said"),
    [
        (0, 90 * MIB, ", of which up to 90 MiB were used, was not hit"),
        (1, None, ", was hit 1 time"),
        (None, None, ", was hit an unknown number of times"),
    ],
)
def test_the_limit_around_the_service(hits: float | None, peak: float | None, said: str) -> None:
    around = "the limit around it, memory.max of dg.slice (/dg) (96 MiB)"
    assert shared_limit(LimitHits(DG, hits, peak), writer()) == around + said


def test_without_a_limit_around_it_the_service_shares_the_host() -> None:
    assert shared_limit(LimitHits(None, None, None), writer()) == (
        "no memory limit lies around it, so what it shares is the host's memory"
    )


def test_the_room_of_the_host() -> None:
    assert host_room(HostRoom(512 * MIB, 1024 * MIB), writer()) == "the host had 512 MiB of 1 GiB available"
    assert host_room(HostRoom(None, 1024 * MIB), writer()) == (
        "how much memory the host has to give was not measured (free -m shows it)"
    )


@pytest.mark.parametrize(
    ("back", "said"),
    [
        (CameBack(1, None, False, None), "1 page again after its eviction"),
        (CameBack(50, 0, True, 50), "50 pages again after their eviction"),
        (
            CameBack(50, 20, False, 60),
            "50 pages again after their eviction (20 of them evicted before the capture began)",
        ),
        (
            CameBack(50, 50, True, 60),
            "50 pages again after their eviction (all of them evicted before the capture began, or forgotten since)",
        ),
        (
            CameBack(50, 20, False, 49),
            "50 pages again after their eviction (20 of them evicted before the capture began; by the kernel's count, "
            "which comes up to 2 s late: 49 pages entered its cache in the capture)",
        ),
    ],
)
def test_the_pages_that_came_back(back: CameBack, said: str) -> None:
    assert came_back(back, writer()) == said
