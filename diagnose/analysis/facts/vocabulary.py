"""The vocabulary: every fact has a name, a unit, a kind, a scope and the probe it comes from (pure).

A fact that was not measured is None, never 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeVar

import numpy as np

from diagnose.analysis.inflow import own_turnover
from diagnose.analysis.neighbours import Neighbour
from diagnose.analysis.neighbours import neighbours as candidates
from diagnose.analysis.series import Series, total
from diagnose.analysis.windows import Counts, Windows

__all__ = ["FACTS", "FactSpec", "Facts", "Kind", "Scope", "fact", "neighbour_fact", "total"]

Kind = Literal["number", "series", "histogram", "text"]
Scope = Literal["service", "neighbour", "host"]


@dataclass(frozen=True)
class FactSpec:
    """A word of the vocabulary.

    `kind`: a float, a series of one value a window, a histogram of BINS counts, or ("text") a frozen dataclass, which
    only summaries name, in the words of `report/wording/facts.py`. `compute` takes the facts, and of a neighbour's fact
    the neighbour's path beside them.
    """

    name: str
    unit: str
    kind: Kind
    scope: Scope
    probe: str
    help: str
    compute: Callable[..., Any]
    over_one: bool = False
    """Of a ratio: it may be more than 1, since what is divided is no part of what it is divided by."""
    shown: bool = False
    """Its number is in the report (`measurements.figures`), for the part of its instrument, reports/instrument-*."""

    @property
    def most(self) -> float | None:
        """The greatest value that a measurement can give; None: there is no such value."""
        return 1.0 if self.unit == "ratio" and not self.over_one else None


MissingCode = Literal["probe-not-attached", "no-limit-set", "no-quota-of-its-own", "no-value", "not-in-test"]
"""Why a fact has no value: its probe did not attach, or only in part, and says why; the service has no memory limit; it
has no cpu.stat of its own; the probe ran, and its readings give none; or the test of a rule leaves it out."""


@dataclass(frozen=True)
class Missing:
    """Why a fact has no value. `reason`: what its probe says of itself, where that is why."""

    code: MissingCode
    fact: str
    probe: str
    reason: str | None = None


FACTS: dict[str, FactSpec] = {}


T = TypeVar("T")
OfFacts = TypeVar("OfFacts", bound=Callable[["Facts"], Any])
OfNeighbour = TypeVar("OfNeighbour", bound=Callable[["Facts", str], Any])


def fact(
    name: str,
    unit: str,
    kind: Kind,
    probe: str,
    scope: Literal["service", "host"] = "service",
    *,
    over_one: bool = False,
    shown: bool = False,
) -> Callable[[OfFacts], OfFacts]:
    """Register the function that computes a fact of the service or the host; its docstring is the fact's help."""

    def register(compute: OfFacts) -> OfFacts:
        FACTS[name] = FactSpec(name, unit, kind, scope, probe, _help(compute), compute, over_one, shown)
        return compute

    return register


def neighbour_fact(
    name: str, unit: str, kind: Kind, probe: str, *, over_one: bool = False
) -> Callable[[OfNeighbour], OfNeighbour]:
    """Register the function that computes a fact of one neighbour, of the facts and the neighbour's path."""

    def register(compute: OfNeighbour) -> OfNeighbour:
        FACTS[name] = FactSpec(name, unit, kind, "neighbour", probe, _help(compute), compute, over_one)
        return compute

    return register


def _help(compute: Callable[..., Any]) -> str:
    """Return the first paragraph of a docstring as a phrase: on one line, without a capital and a full stop.

    A word in capitals keeps them ("CPUs").
    """
    phrase = " ".join((compute.__doc__ or "").partition("\n\n")[0].split()).removesuffix(".")
    return phrase if phrase[1:2].isupper() else phrase[:1].lower() + phrase[1:]


def _no_more_than(value: Any, most: float | None) -> Any:
    """Return a fact, its numbers cut to the most that it can be: all is no more than all.

    Two counters of the same events may differ (`capture/sums.py` says by how much).
    """
    if value is None or most is None:
        return value
    return np.minimum(value, most) if isinstance(value, np.ndarray) else min(value, most)


class Facts:
    """The facts of one capture, computed when asked for and then kept. Implements `evaluate.FactSource`."""

    def __init__(self, windows: Windows) -> None:
        self.windows = windows
        self.by_path: dict[str, Neighbour] = {n.path: n for n in candidates(windows)}
        self.neighbours: Sequence[str] = list(self.by_path)
        """The candidates by the path they are named by, the most suspicious first."""
        self.measured_reads = windows.probe_attached("reads")
        self.measured_misses = windows.measured_misses
        self._kept: dict[tuple[str, str | None], Any] = {}
        self._once: dict[Callable[[Facts], Any], Any] = {}

    @cached_property
    def brought_in(self) -> dict[int, Series]:
        """What each cgroup that is not the service's brought into memory, in pages a window (see `inflow.py`)."""
        return own_turnover(self.windows)

    def ids(self, neighbour: str) -> frozenset[int]:
        """Return the cgroups below a neighbour's path."""
        return self.by_path[neighbour].ids

    def once(self, compute: Callable[[Facts], T]) -> T:
        """Return what a function makes of these facts, computed the first time that it is asked for."""
        if compute not in self._once:
            self._once[compute] = compute(self)
        result: T = self._once[compute]
        return result

    def value(self, name: str, neighbour: str | None = None) -> Any:
        """Return a fact as it was computed, or None if it was not measured: a fact of no neighbour, say."""
        of_neighbour = FACTS[name].scope == "neighbour"
        if of_neighbour and neighbour is None:
            return None
        key = (name, neighbour if of_neighbour else None)
        if key not in self._kept:
            found = FACTS[name].compute(self, neighbour) if of_neighbour else FACTS[name].compute(self)
            self._kept[key] = _no_more_than(found, FACTS[name].most)
        return self._kept[key]

    def number(self, name: str, neighbour: str | None = None) -> float | None:
        """Return a number, or the total of a series; None if it was not measured."""
        value = self.value(name, neighbour)
        if value is None or FACTS[name].kind == "number":
            return None if value is None else float(value)
        return float(np.nansum(value)) if not np.isnan(value).all() else None

    def series(self, name: str, neighbour: str | None = None) -> Series | None:
        """Return one value a window, NaN where it is missing; None if it was not measured."""
        value: Series | None = self.value(name, neighbour)
        return value

    def histogram(self, name: str) -> Counts | None:
        """Return counts by latency bin; None if they were not measured."""
        value: Counts | None = self.value(name)
        return value

    def figures(self) -> dict[str, float | None]:
        """Return the numbers that the report shows of the instruments that this capture had; None: not measured."""
        had = {record.probe for record in self.windows.capture.probes}
        return {name: self.number(name) for name, spec in FACTS.items() if spec.shown and spec.probe in had}

    def missing(self, name: str) -> Missing:
        """Return why a fact has no value; of one that has, what would be the reason if it had none."""
        probe = FACTS[name].probe
        record = next((p for p in self.windows.capture.probes if p.probe == probe), None)
        if record is not None and (not record.attached or record.missing) and record.reason:
            return Missing("probe-not-attached", name, probe, record.reason)
        if name.startswith("limit."):
            return Missing("no-limit-set", name, probe)
        if name.startswith("cpu."):
            return Missing("no-quota-of-its-own", name, probe)
        return Missing("no-value", name, probe)
