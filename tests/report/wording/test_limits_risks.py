"""What a change may cost, and what can be done where no value is safe."""

from __future__ import annotations

import pytest

from diagnose.analysis.limits import Limit
from diagnose.recommend.risks import (
    CacheServes,
    DirtyAboveLimit,
    GetsLess,
    HardlyReuses,
    LessForOthers,
    LimitsInMoreRoom,
    MayUseUpTo,
    ReadAgain,
    RefillsWithoutLimit,
    Risk,
    WayBack,
)
from diagnose.recommend.room import Room, Spare
from diagnose.recommend.ways import ByAQuarter, GiveFirst, MoreRoom, ReadUncached, StepByStep, Way
from diagnose.report.wording.limits_risks import risk
from diagnose.report.wording.limits_ways import way
from diagnose.report.wording.writer import Names

MIB, GIB = 1 << 20, 1 << 30
SHARED = Limit("/dg", 5, "memory.max", GIB)
HOST = Spare(2 * GIB, None)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (GetsLess("/b", 709 * MIB, 900 * MIB), "/b gets 709 MiB instead of up to 900 MiB."),
        (
            CacheServes(5000, 0.4),
            "Of 5,000 pages that it read 40 % were in the cache already: at worst those come from the device, too; how "
            "many cannot be computed.",
        ),
        (
            HardlyReuses(5000, 4990, None, None),
            "For 5,000 pages that it read it brought 4,990 pages into the cache, read-ahead included (where that came "
            "in time the read is no miss): next to nothing had been there before: its cache is of next to no use to "
            "it, so a smaller one should hardly slow it (not measured).",
        ),
        (
            ReadAgain(0),
            "In this capture it read no page again after its eviction; with less room that may become more, and how "
            "much slower it gets cannot be computed.",
        ),
        (
            ReadAgain(1),
            "In this capture it read 1 page again after its eviction; with less room that may become more, and how "
            "much slower it gets cannot be computed.",
        ),
        (DirtyAboveLimit(5 * MIB), "It held up to 5 MiB of dirty pages: its writes will wait for the device."),
        (RefillsWithoutLimit(("/a", "/b")), "Room that is added without a limit for /a and /b fills again."),
        (
            LimitsInMoreRoom(MIB, HOST, ("/a", "/b")),
            "1 MiB less for others, of 2 GiB that the host has to give. /a and /b may use what it cannot give back "
            "now, with headroom: what outgrows that is swapped, or killed where it cannot be. Run elsewhere, it takes "
            "the room of others there.",
        ),
        (LessForOthers(MIB, HOST), "1 MiB less for others: the host has room for 2 GiB more."),
        (
            LessForOthers(MIB, HOST, put_off=True),
            "1 MiB less for others, of 2 GiB that the host has to give; where the service grows on, the reclaim is "
            "only put off.",
        ),
        (
            MayUseUpTo("memory.high", MIB),
            "Where memory.high does not hold what is below it, it may use up to 1 MiB.",
        ),
        (
            WayBack("memory.max"),
            "The way back makes the kernel reclaim at once what is used above it by then, and kills processes below it "
            "where it cannot.",
        ),
    ],
)
def test_risks(value: Risk, text: str) -> None:
    assert risk(value, Names({}).writer()) == text


def test_cache_in_active_use_that_does_not_fit_is_no_cache_of_hardly_any_use() -> None:
    text = risk(HardlyReuses(5000, 4990, 30, 400 * MIB), Names({}).writer())
    assert "before, and 30 pages came back after their eviction. Yet the kernel had up to 400 MiB" in text
    assert "does not fit below the limit" in text
    assert "hardly slow it" not in text


LIMITS = (("/a", 20 * MIB), ("/b", 30 * MIB))
TOGETHER = ", and together with that limit /a to 20 MiB and /b to 30 MiB: without the limit the new room fills again"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (MoreRoom(Room(16 * GIB, None), 5 * MIB, Spare(None, None), LIMITS), f"give the host 5 MiB more{TOGETHER}"),
        (
            MoreRoom(Room(GIB, SHARED), GIB, HOST, LIMITS),
            f"raise memory.max of /dg from 1 GiB to 2 GiB, 1 GiB more out of the host, which has room "
            f"for 2 GiB{TOGETHER}",
        ),
        (
            MoreRoom(Room(GIB, SHARED), GIB, Spare(None, None), LIMITS),
            "raise memory.max of /dg from 1 GiB to 2 GiB, 1 GiB more out of the host, how much it has to give was not "
            f"measured{TOGETHER}",
        ),
        (ByAQuarter(GIB), "raise it by a quarter, to 1 GiB (1,073,741,824 bytes), and measure again"),
        (StepByStep(300 * MIB), "raise it step by step, from 300 MiB on, until nothing is swapped in"),
        (
            GiveFirst(Spare(MIB, SHARED), 5 * MIB, 6 * MIB),
            "give memory.max of /dg 5 MiB more, and then this limit the 6 MiB more",
        ),
        (
            ReadUncached(("/b",)),
            "have /b read with O_DIRECT, or drop pages once they are read (POSIX_FADV_DONTNEED)",
        ),
        ("measure-once-grown", "measure again, for longer, or once the job holds all that it needs"),
    ],
)
def test_ways(value: Way, text: str) -> None:
    assert way(value, Names({}).writer()) == text
