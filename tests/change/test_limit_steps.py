"""Lowering a limit: never a large step, never past the target, always there in the end."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from diagnose.cgroups.settings import LIMIT_SETTINGS
from diagnose.change.limit_steps import MAX_STEPS, MIN_STEP_BYTES, STEP_SHARE, steps

MIB = 1 << 20
SIZES = st.integers(0, 2**45)


@given(st.sampled_from(LIMIT_SETTINGS), st.none() | SIZES, SIZES, SIZES)
def test_steps(setting: str, current: int | None, target: int, usage: int) -> None:
    values = steps(setting, current, target, usage)
    assert values[-1] == target
    assert len(values) <= MAX_STEPS
    assert values == sorted(values, reverse=True)
    start = min(usage, usage if current is None else current)
    if len(values) < MAX_STEPS:
        for value, following in zip([start, *values], values, strict=False):
            assert value - following <= max(MIN_STEP_BYTES, value * STEP_SHARE) + 65536 or following >= start


def test_what_takes_nothing_away_is_one_step() -> None:
    assert steps("memory.low", 0, 100 * MIB, 50 * MIB) == [100 * MIB]
    assert steps("memory.high", 10 * MIB, 100 * MIB, 50 * MIB) == [100 * MIB]
    assert steps("memory.max", None, 100 * MIB, 50 * MIB) == [100 * MIB]
    assert steps("memory.soft_limit_in_bytes", None, MIB, 50 * MIB) == [MIB]
