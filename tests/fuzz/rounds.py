"""Examples in rounds, by hypothesis, which shrinks the one that fails."""

from __future__ import annotations

from random import Random

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.fuzz.guard import guarded
from tests.fuzz.targets import Target


def round_of(target: Target, examples: int, number: int) -> None:
    """Run a number of examples, the same ones for the same `number`; raises what the smallest failing one raises."""

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @seed(number)
    @given(st.randoms(use_true_random=False))
    def one(random: Random) -> None:
        with guarded():
            target(random)

    one()
