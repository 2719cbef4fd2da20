"""What may be swapped beside a limit, and the command of docker and podman that leaves it as it is."""

from __future__ import annotations

import pytest

from diagnose.cgroups import container_update, swap_beside

MIB = 1 << 20
V2, V1, MEMSW = "memory.max", "memory.limit_in_bytes", "memory.memsw.limit_in_bytes"


@pytest.mark.parametrize(
    ("settings", "setting", "swap"),
    [
        ({V2: 64 * MIB, "memory.swap.max": 32 * MIB}, V2, 32 * MIB),
        ({V2: 64 * MIB, "memory.swap.max": 0}, V2, 0),
        ({V2: None, "memory.swap.max": None}, V2, -1),
        ({V2: 64 * MIB}, V2, None),
        ({V1: 64 * MIB, MEMSW: 128 * MIB}, V1, 64 * MIB),
        ({V1: 64 * MIB, MEMSW: 64 * MIB}, V1, 0),
        ({V1: None, MEMSW: None}, V1, -1),
        ({V1: 64 * MIB, MEMSW: None}, V1, -1),
        ({MEMSW: 64 * MIB}, V1, None),
        ({V1: 64 * MIB}, V1, None),
        ({"memory.high": 64 * MIB, "memory.swap.max": 0}, "memory.high", None),
    ],
)
def test_what_may_be_swapped_on_top_of_a_limit(settings: dict[str, int | None], setting: str, swap: int | None) -> None:
    assert swap_beside(settings, setting) == swap


@pytest.mark.parametrize(
    ("swap", "words"), [(None, []), (-1, ["--memory-swap", "-1"]), (0, ["--memory-swap", "100"]),
                        (7, ["--memory-swap", "107"])],
)  # fmt: skip
def test_memory_swap_is_memory_and_swap_together(swap: int | None, words: list[str]) -> None:
    assert container_update("docker", "web", 100, swap) == ["docker", "update", "--memory", "100", *words, "--", "web"]
