"""The lines of the arithmetic."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnose.analysis.limits import Limit
from diagnose.recommend.arithmetic import (
    ActiveCache,
    HitRatio,
    Left,
    LiesOutside,
    LimitNow,
    Line,
    PartAboveFloors,
    Peak,
    Protected,
    Reserve,
    StaysApart,
    SwapBelow,
    TimesHigh,
    WholeMib,
)
from diagnose.recommend.floor import Dirty, Floor
from diagnose.recommend.need import ByCurve, CacheWanted, CameBack, SwappedBack, UsedAtPeak
from diagnose.recommend.read_in_all import ReadInAll
from diagnose.recommend.room import CacheKept, HeldBelow, HeldOnHost, Room, Spare
from diagnose.report.wording.limits_arithmetic import line
from diagnose.report.wording.writer import Names

MIB, GIB = 1 << 20, 1 << 30
HIGH = Limit("/svc", 5, "memory.high", 100 * MIB)
READ = ReadInAll(80 * MIB, 2 * MIB, mapped_bytes=MIB, shared_bytes=8 * MIB)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Room(16 * GIB, None), "the host's memory, which they share, is 16 GiB"),
        (Room(100 * MIB, HIGH), "memory.high of /svc, which they share, is 100 MiB"),
        (HeldBelow("/dg", 5 * MIB), "others below /dg held up to 5 MiB"),
        (
            HeldOnHost(2 * GIB, 7 * GIB, ("/svc", "/b")),
            "the rest of the host held up to 2 GiB that could not be reclaimed (memory less MemAvailable, less 7 GiB "
            "anonymous and shared memory of /svc and /b)",
        ),
        (
            CacheKept(GIB, "/svc"),
            "and 1 GiB of its page cache never became less, while pages of /svc were evicted: no room for others",
        ),
        (Reserve((300 * MIB, 0)), "in reserve, 5 % of 300 MiB: 15 MiB"),
        (Reserve((300 * MIB, 100 * MIB)), "in reserve, 5 % of 300 MiB + 100 MiB: 20 MiB"),
        (Left(("/b",), GIB, (300 * MIB, 0, 15 * MIB)), "left for /b: 1,024.0 - 300.0 - 15.0 = 709.0 MiB"),
        (Left(("/a", "/b"), GIB, (2 * GIB,)), "left for /a and /b: nothing"),
        (WholeMib(709 * MIB), "in whole MiB: 709 MiB"),
        (WholeMib(709 * MIB, 9 * MIB), "in whole MiB: 709 MiB, 9 MiB more"),
        (
            PartAboveFloors("/b", 100 * MIB, 0.4, 60 * MIB),
            "each keeps its floor; of the 100 MiB above the floors /b gets 40 % (the larger its share of the "
            "evictions, the less), in whole MiB 60 MiB in all",
        ),
        (Peak("/b", 900 * MIB), "/b used 900 MiB at its peak"),
        (
            ActiveCache("/b", 400 * MIB, 750 * MIB, shares_memory=True, fits=False),
            "of its own cache /b had up to 400 MiB in active use (active_file), with its anonymous and shared memory "
            "750 MiB, which does not fit",
        ),
        (
            ActiveCache("/b", 400 * MIB, 450 * MIB, shares_memory=False, fits=True),
            "of its own cache /b had up to 400 MiB in active use (active_file), with its anonymous memory 450 MiB, "
            "which fits",
        ),
        (LimitNow(HIGH), "memory.high of /svc is 100 MiB"),
        (LimitNow(HIGH, 90 * MIB), "memory.high of /svc is 100 MiB, and 90 MiB were used"),
        (
            SwapBelow(None),
            "of what belongs below it unknown lay in swap at its peak, which is the least that it lacks",
        ),
        (LiesOutside("/svc/a", 9 * MIB), "of that at least 9 MiB lay outside /svc/a"),
        (Spare(2 * GIB, None), "the host has room for 2 GiB more"),
        (HitRatio(0.9, 0.98), "with that its hit ratio is to be 98 %, after 90 % in this capture"),
        (
            StaysApart(HIGH, 110 * MIB, 315 * MIB, 325 * MIB),
            "110 MiB less 100 MiB of memory.high are kept between the two; with 315 MiB that is 325 MiB",
        ),
        (TimesHigh(1.25, 100 * MIB, 125 * MIB), "1.25 x memory.high of 100 MiB, in whole MiB: 125 MiB"),
        (Protected(300 * MIB), "in whole MiB, and not above its own limit or all there is: 300 MiB"),
    ],
)
def test_lines(value: Line, text: str) -> None:
    assert line(value, Names({}).writer()) == text


@pytest.mark.parametrize(
    ("dirty", "listed"),
    [
        (None, "(anonymous 50 MiB, shared memory 14 MiB); with 16 MiB headroom"),
        (Dirty(6 * MIB, 6 * MIB, 0.0), "shared memory 14 MiB, dirty and under writeback 6 MiB); with"),
        (
            Dirty(60 * MIB, 6 * MIB, 54 * MIB),
            "dirty and under writeback 6 MiB, the rest of 60 MiB after 1 s at the 54 MiB/s that was written for it "
            "(median)); with 17.5 MiB headroom (a quarter, and no less than 16 MiB) its floor is 87.5 MiB",
        ),
    ],
)
def test_a_floor_lists_what_cannot_be_given_back(dirty: Dirty | None, listed: str) -> None:
    held = {"anon_bytes": 50 * MIB, "shmem_bytes": 14 * MIB}
    text = line(Floor("/b", held, dirty), Names({}).writer())
    assert text.startswith("/b cannot give back ")
    assert listed in text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (UsedAtPeak("/svc", 5 * MIB, at_least=False), "/svc used 5 MiB at its peak: it needs as much"),
        (
            UsedAtPeak("/svc", 5 * MIB, at_least=True),
            "/svc used 5 MiB at its peak: it needs at least as much; how much of what it lost it wants again was not "
            "measured",
        ),
        (
            CacheWanted("/svc", CameBack(90 * MIB, 32_768_000, at_most=False), 5 * MIB, None),
            "/svc: its cache was 90 MiB at its lowest; 31.2 MiB of different pages came back; with 5 MiB of other "
            "memory it needs 126 MiB",
        ),
        (
            CacheWanted("/svc", CameBack(90 * MIB, 32_768_000, at_most=True), 0, 1.5),
            "/svc: its cache was 90 MiB at its lowest; at most 31.2 MiB of different pages came back; with 0 B of "
            "other memory it needs 121 MiB. It read each of its pages 1.5 times on average, so that it may want more "
            "than it read: a longer capture tells",
        ),
        (
            CacheWanted("/svc", CameBack(90 * MIB, GIB, at_most=True, read=READ), 0, None),
            "/svc: its cache was 90 MiB at its lowest; of what came back it wants no more than it used: it read 80 MiB "
            "of different pages (by a sample of one in 64; two standard errors, 2 MiB, are added) and held 8 MiB of "
            "shared memory: 90 MiB in all; with 0 B of other memory it needs 180 MiB",
        ),
        (
            CacheWanted("/svc", ByCurve(95 * MIB, 2 * MIB, 0.96, 8000), 5 * MIB, None),
            "/svc: its cache was 95 MiB (median), and 96 % of 8,000 refaults would have stayed with 2 MiB more; with 5 "
            "MiB of other memory it needs 102 MiB",
        ),
        (
            SwappedBack(100 * MIB, 50 * MIB, 155 * MIB),
            "it fetched 100 MiB of its own memory back from swap, of which at most 50 MiB lay there at once: with that "
            "it needs 155 MiB",
        ),
        (
            SwappedBack(100 * MIB, None, 105 * MIB),
            "it fetched 100 MiB of its own memory back from swap; how much lay there was not measured: a lower bound",
        ),
    ],
)
def test_what_the_service_needs(value: Line, text: str) -> None:
    assert line(value, Names({}).writer()) == text


@given(st.integers(0, 1 << 45), st.lists(st.integers(0, 1 << 43), min_size=1, max_size=3))
def test_what_is_left_adds_up_as_printed(capacity: int, taken: list[int]) -> None:
    written = line(Left(("/b",), capacity, tuple(taken)), Names({}).writer()).removeprefix("left for /b: ")
    if written != "nothing":
        sums, left = written.removesuffix(" MiB").replace(",", "").split(" = ")
        first, *others = (round(float(size) * 10) for size in sums.split(" - "))
        assert first - sum(others) == round(float(left) * 10)


def test_what_is_mapped_is_told_instead_of_the_shared_memory_in_it() -> None:
    read = ReadInAll(80 * MIB, 0, mapped_bytes=9 * MIB, shared_bytes=8 * MIB)
    text = line(CacheWanted("/svc", read, 0, None), Names({}).writer())
    assert "and mapped 9 MiB: 89 MiB in all" in text
