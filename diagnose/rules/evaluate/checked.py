"""A condition that was judged: what was measured against which threshold, and how it stands in its rule (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from diagnose.analysis.facts import Missing
from diagnose.analysis.statistics import ModeFailure, OnOff, Together, TwoModes
from diagnose.rules.conditions import ForEach, Leaf
from diagnose.rules.evaluate.source import Truth, not_

# ---------------------------------------------------------------- what was measured, where a number does not say it


@dataclass(frozen=True)
class OneMode:
    """A histogram is not of two populations. `failure`: the demand that its best division did not meet."""

    failure: ModeFailure


@dataclass(frozen=True)
class NeverChanged:
    """A series that changed in no window, or always alike, moves with nothing."""

    series: str


@dataclass(frozen=True)
class NoBursts:
    """The activity does not come in bursts, so that there is nothing to compare."""


@dataclass(frozen=True)
class NoNeighbours:
    """There is no neighbour of which anything could be asked."""


Measured = float | NoNeighbours | TwoModes | OneMode | Together | NeverChanged | OnOff | NoBursts

# ---------------------------------------------------------------- why there is no answer, or none to rely on


@dataclass(frozen=True)
class DividedByZero:
    """Of a quotient the divisor is 0."""

    fact: str


@dataclass(frozen=True)
class FewKnownWindows:
    """A statistic over a series that was measured in `known` of `windows` windows only."""

    series: str
    known: int
    windows: int


@dataclass(frozen=True)
class FewSamples:
    """A histogram of so few samples that its shape says nothing."""

    histogram: str
    samples: int
    needed: int


@dataclass(frozen=True)
class ManyGaps:
    """Two series lack too many windows for a correlation."""


@dataclass(frozen=True)
class FewCommonWindows:
    """Two series are known together in `known` windows; more than `needed` would be needed."""

    one: str
    other: str
    known: int
    needed: int


@dataclass(frozen=True)
class FewWindowsOnOrOff:
    """So few windows in bursts, or outside them, that they were not compared."""

    on: int
    off: int
    needed: int


@dataclass(frozen=True)
class FewCycles:
    """Bursts were compared over fewer cycles than the rule asks for."""

    cycles: int
    needed: float


TooLittle = FewCommonWindows | FewWindowsOnOrOff | FewCycles
"""More windows might have met the condition."""

Lacking = Missing | DividedByZero | FewKnownWindows | FewSamples | ManyGaps | TooLittle

"""Why a condition could not be judged, or not so that one may rely on it."""

Outcome = Literal["yes", "failed", "unknown", "too little data"]

Group = Literal["any", "all", "not"]
"""One of several of which one is enough; one of several that only together are enough; the contrary."""


@dataclass(frozen=True)
class Checked:
    """One condition of a rule, judged against the facts.

    `condition`: no group; a `for_each` stands here only where there is no neighbour to ask it of.
    `neighbour`: the cgroup that it was asked of; None where it asks nothing of a neighbour.
    `met`: of the condition itself; `holds` is what it came to in its rule, where "not" may stand before it.
    `measured`: a number in `unit`, or what says more than a number; None: not measured, or not to be compared.
    `threshold`: in the same unit; of two demands the first.
    `missing`: why there is no answer, or (too little data) none to rely on.
    `mechanism`: the one of the rule that it belongs to; None: it belongs to `when`.
    `within`: the groups around it that change what it means, outermost first.
    """

    condition: Leaf | ForEach
    neighbour: str | None
    met: Truth
    measured: Measured | None
    threshold: float | None
    unit: str | None
    missing: Lacking | None = None
    mechanism: str | None = None
    within: tuple[Group, ...] = ()

    @property
    def holds(self) -> Truth:
        """What the condition came to in its rule."""
        return not_(self.met) if self.within.count("not") % 2 else self.met

    @property
    def outcome(self) -> Outcome:
        """What the condition came to in its rule, what more windows might have met apart from what failed."""
        if self.holds:
            return "yes"
        if isinstance(self.missing, TooLittle):
            return "too little data"
        return "unknown" if self.holds is None else "failed"
