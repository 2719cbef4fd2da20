"""How often are statistics and rules right where the truth is known because it was drawn? Seeded, no kernel.

Three questions: does the test of shape see two modes where there are two, and only there; does anything accuse one of
many innocent neighbours whose series drift as real ones do; is a bursty aggressor among them found. The last two are
put to the rule as it ships, in its hardest case: kswapd did the evicting, so that who did it must be inferred.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diagnose.analysis.facts import FACTS, Missing
from diagnose.analysis.statistics import holm, moves_together
from diagnose.analysis.statistics.accuracy import ONE_MODE, TWO_MODES, autoregressive, two_modes_rate
from diagnose.rules import load_rules
from diagnose.rules.evaluate import judge
from diagnose.rules.notation import histogram_counts

Floats = NDArray[np.float64]

RULE = "page-cache-noisy-neighbour"
WINDOWS = (60, 120, 300)
INNOCENT = 20
PHI = 0.9
AGGRESSOR = "/batch"
CYCLE = 30
"""Windows from burst to burst; every other half is quiet."""


@dataclass(frozen=True)
class Row:
    """A line of the table: what was tried, what is demanded, what came out, and whether that will do."""

    case: str
    demanded: str
    rate: float
    holds: bool

    def __str__(self) -> str:
        return f"| {self.case} | {self.demanded} | {self.rate:.1%} | {'yes' if self.holds else '**no**'} |"


class Simulated:
    """The facts of a made-up capture (`evaluate.FactSource`): slow reads that missed, and neighbours' inflow."""

    def __init__(self, slow: Floats, inflow: dict[str, Floats]) -> None:
        self._slow = slow
        self._inflow = inflow
        self._everything = float(sum(series.sum() for series in inflow.values()))
        self._histogram = histogram_counts("200000@1.3us~0.15 4000@900us~0.3")
        self.neighbours: Sequence[str] = sorted(inflow, key=lambda n: -inflow[n].sum())

    def number(self, name: str, neighbour: str | None = None) -> float | None:
        if neighbour is not None:
            return self._of_neighbour(name, neighbour)
        slow = float(self._slow.sum())
        return {
            "reads.file_count": 50 * slow,
            "reads.slow_share": 0.02,
            "reads.slow": slow,
            "reads.slow_time_share": 0.9,
            "reads.slow_missed_share": 0.97,
            "evictions.of_service": 1.2 * slow,
            "cache.refaults": 1.1 * slow,
            "evictions.by_neighbours_share": 1.0,
        }.get(name)

    def _of_neighbour(self, name: str, neighbour: str) -> float | None:
        """kswapd's evictions are laid to neighbours by inflow: its part is the same in everything."""
        part = float(self._inflow[neighbour].sum()) / self._everything
        return {
            "neighbour.eviction_share": part,
            "neighbour.inserted_share": part,
            "neighbour.inserted_share_of_others": part,
            "neighbour.apportioned_share": 1.0,
            "neighbour.inserted": float(self._inflow[neighbour].sum()),
            "neighbour.evicted_of_service": 1.2 * part * float(self._slow.sum()),
        }.get(name)

    def series(self, name: str, neighbour: str | None = None) -> Floats | None:
        if name == "neighbour.inserted" and neighbour is not None:
            return self._inflow[neighbour]
        return self._slow if name == "reads.slow" else None

    def histogram(self, name: str) -> NDArray[np.int64] | None:
        return self._histogram if name == "reads.file_latency" else None

    def value(self, name: str, neighbour: str | None = None) -> None:
        """No sentence is written of a simulation."""

    def missing(self, name: str) -> Missing:
        return Missing("not-in-test", name, FACTS[name].probe)


def drifting(rng: np.random.Generator, windows: int, level: float) -> Floats:
    """Return counts that drift about a level, as traffic does."""
    return np.round(level * np.exp(0.6 * autoregressive(rng, windows, PHI) * np.sqrt(1 - PHI**2)))


def innocents(rng: np.random.Generator, windows: int, unequal: float = 0.0) -> dict[str, Floats]:
    """Return the neighbours' inflow; `unequal` is the spread of their sizes (0: all alike, 1: some a fifth of all)."""
    sizes = 500 * np.exp(unequal * rng.standard_normal(INNOCENT))
    return {f"/innocent-{n}": drifting(rng, windows, float(size)) for n, size in enumerate(sizes)}


def bursts(rng: np.random.Generator, windows: int) -> NDArray[np.bool_]:
    """Return in which windows the aggressor is at work, beginning anywhere in a cycle."""
    return (np.arange(windows) + rng.integers(CYCLE)) % CYCLE >= CYCLE // 2


def accused(slow: Floats, inflow: dict[str, Floats]) -> tuple[str, ...]:
    """Return whom the shipped rule accuses."""
    judgement = judge(_RULES.get(RULE), Simulated(slow, inflow))
    return tuple(one.cgroup for one in judgement.culprits) if judgement.fires else ()


_RULES = load_rules()


def false_accusation_rate(windows: int, runs: int, unequal: float = 0.0) -> float:
    """Return the share of captures in which the rule accuses anybody, all being innocent."""
    rng = np.random.default_rng(windows)
    named = (accused(drifting(rng, windows, 50), innocents(rng, windows, unequal)) for _ in range(runs))
    return sum(map(bool, named)) / runs


def false_screen_rate(windows: int, runs: int) -> float:
    """Return the share of captures in which the correlation alone, corrected by Holm, points at an innocent."""
    rng = np.random.default_rng(1000 + windows)
    threshold = _RULES.get(RULE).values["correlation"]
    pointed = 0
    for _ in range(runs):
        slow = drifting(rng, windows, 50)
        found = [r for s in innocents(rng, windows).values() if (r := moves_together(s, slow)) is not None]
        chances = holm([r.p_value for r in found])
        pointed += any(p <= 0.05 and r.correlation >= threshold for p, r in zip(chances, found, strict=True))
    return pointed / runs


def bursty_rates(windows: int, runs: int) -> tuple[float, float]:
    """Return the share of captures in which the aggressor is named first, and in which an innocent is named at all."""
    rng = np.random.default_rng(2000 + windows)
    right = wrong = 0
    for _ in range(runs):
        active = bursts(rng, windows)
        inflow = innocents(rng, windows)
        inflow[AGGRESSOR] = np.where(active, drifting(rng, windows, 20_000), drifting(rng, windows, 200))
        slow = drifting(rng, windows, 20) + np.where(active, drifting(rng, windows, 60), 0.0)
        named = accused(slow, inflow)
        right += named[:1] == (AGGRESSOR,)
        wrong += any(name != AGGRESSOR for name in named)
    return right / runs, wrong / runs


def rows(runs: int) -> list[Row]:
    """Return the whole table; `runs` captures or samples a cell."""
    table: list[Row] = []
    for name, draw in ONE_MODE.items():
        rate = two_modes_rate(draw, runs)
        table.append(Row(f"two modes seen in one: {name}", "at most 2 %", rate, rate <= 0.02))
    for name, draw in TWO_MODES.items():
        rate = two_modes_rate(draw, runs)
        table.append(Row(f"two modes seen: {name}", "at least 95 %", rate, rate >= 0.95))
    for windows in WINDOWS:
        what = f"{windows} windows, {INNOCENT} innocent neighbours, φ {PHI}"
        rate = false_accusation_rate(windows, runs)
        table.append(Row(f"an innocent accused by the rule: {what}", "at most 5 %", rate, rate <= 0.05))
        rate = false_accusation_rate(windows, runs, unequal=1.0)
        table.append(Row(f"the same, of unequal sizes: {what}", "at most 5 %", rate, rate <= 0.05))
        rate = false_screen_rate(windows, runs)
        table.append(Row(f"an innocent pointed at by correlation alone: {what}", "at most 5 %", rate, rate <= 0.05))
    for windows in WINDOWS:
        found, wrong = bursty_rates(windows, runs)
        demanded = "at least 90 %" if windows == 120 else "reported"
        what = f"{windows} windows, {windows // CYCLE} cycles, {INNOCENT} innocents"
        table.append(Row(f"a bursty aggressor named first: {what}", demanded, found, windows != 120 or found >= 0.9))
        table.append(Row(f"an innocent named beside it: {what}", "at most 5 %", wrong, wrong <= 0.05))
    return table
