"""Why a limit is set, or why none is safe."""

from __future__ import annotations

import pytest

from diagnose.analysis.limits import Limit
from diagnose.recommend.growing import Outgrows
from diagnose.recommend.reasons import (
    BelowIsSwapped,
    Contains,
    Lacking,
    LimitedAlready,
    MakesWay,
    NoSafeLimit,
    NotMeasured,
    OwnReclaim,
    PartsAtLimits,
    Protects,
    Reason,
    RoundsByGenerations,
    SharedTooSmall,
    TooLittle,
    UsesLess,
    Why,
)
from diagnose.recommend.room import Spare
from diagnose.report.wording.limits_reasons import reason, why
from diagnose.report.wording.writer import Names, Writer

MIB = 1 << 20
TOP = Limit("/top", 5, "memory.max", 1024 * MIB)
GROWS = Outgrows(100 * MIB, in_seconds=2, now_bytes=400 * MIB, limit_bytes=709 * MIB)


def writer() -> Writer:
    return Names({}).writer()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (
            Contains("/b", "/svc", 12_000, 3000, 3, None),
            "/b evicted 12,000 pages of /svc in 3 s (an estimate for 3,000 pages of those, which kswapd removed); "
            "below this limit it reclaims its own pages first and leaves the service room for what it needs.",
        ),
        (Protects("/svc", ancestor=True), "protection of /svc is bounded by its ancestors': this one needs as much."),
        (
            Protects("/svc", ancestor=False),
            "memory.low keeps these pages from being reclaimed while others have anything to give.",
        ),
        (OwnReclaim("/svc", swaps=False), "/svc reclaims its own pages at its limit and then needs them again."),
        (
            OwnReclaim("/svc", swaps=True),
            "/svc reclaims its own pages at its limit and then needs them again: of its files, and of its own memory, "
            "which it swaps.",
        ),
        (
            SharedTooSmall("/svc", 64 * MIB),
            "/svc needs more than others leave it of the 64 MiB that they share there.",
        ),
        (
            BelowIsSwapped(64 * MIB),
            "what is below it needs more than 64 MiB: the rest went to swap, and each page that is read has to push "
            "one out first.",
        ),
        (
            MakesWay("/svc", "memory.max", 110 * MIB, "memory.high"),
            "memory.max of /svc, 110 MiB, would be the lower limit then; it stays as far above "
            "memory.high as it is now.",
        ),
        (
            NoSafeLimit(("/a", "/b", "/c"), "nothing-swapped"),
            "No safe limit for /a and /b and /c: nothing of it lay in swap, so how much more it needs is not known.",
        ),
    ],
)
def test_reasons(value: Reason, text: str) -> None:
    assert reason(value, writer()) == text


def test_what_makes_reclaim_pass_over_a_protection_is_named_with_its_setting() -> None:
    written = reason(Contains("/b", "/svc", 1, 0, 3, RoundsByGenerations(7)), writer())
    assert "(lru_gen.enabled is 0x7 here)" in written
    assert written.endswith("but not twice in a row. This is all.")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (NotMeasured(), "its memory was not measured, so no limit can be worked out"),
        (NotMeasured(("/a", "/b")), "the memory of /a and /b was not measured, so no limit can be worked out"),
        (
            UsesLess(709 * MIB, 200 * MIB, cache_must_go=False),
            "it never used more than 200 MiB, which already fits into the 709 MiB left for it",
        ),
        (
            LimitedAlready(709 * MIB, "memory.high", 600 * MIB, cache_must_go=True),
            "its memory.high is 600 MiB, which already fits into the 709 MiB left for it once others have given up "
            "their cache",
        ),
        (
            GROWS,
            "its own memory was still growing when the capture ended, by 100 MiB in the last 2 s to 400 MiB; at that "
            "pace it outgrows 709 MiB before as long again as the capture has passed",
        ),
        (TooLittle(("/b",), 709 * MIB, 750 * MIB), "what is left for it, 709 MiB, is below its floor of 750 MiB"),
        (
            TooLittle(("/a", "/b"), -5, 750 * MIB),
            "what is left for /a and /b, nothing, is below their floors together, 750 MiB",
        ),
        (
            PartsAtLimits(("/a", "/b", "/c", "/d", "/e")),
            "what is in /a and /b and /c and 2 more hit a limit of its own, too, and which of them lacks how much was "
            "not measured",
        ),
        (Lacking(5 * MIB, Spare(MIB, None)), "5 MiB more is wanted, and the host has room for 1 MiB"),
        (Lacking(5 * MIB, Spare(MIB, TOP)), "5 MiB more is wanted, and memory.max of /top has room for 1 MiB"),
        (
            Lacking(5 * MIB, Spare(None, TOP)),
            "5 MiB more is wanted, and how much memory.max of /top has to spare was not measured",
        ),
    ],
)
def test_why_no_value_is_safe(value: Why, text: str) -> None:
    assert why(value, writer()) == text


def test_a_floor_that_still_rises_is_told_after_the_floors() -> None:
    written = why(TooLittle(("/b",), 709 * MIB, 750 * MIB, (("/b", GROWS),)), writer())
    assert written.startswith(
        "what is left for it, 709 MiB, is below its floor of 750 MiB; of /b, its own memory was still"
    )
