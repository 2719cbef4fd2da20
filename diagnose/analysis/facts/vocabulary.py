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

__all__ = ["FACTS", "FactSpec", "Facts", "Kind", "Scope", "fact", "total"]

Kind = Literal["number", "series", "histogram", "text"]
Scope = Literal["service", "neighbour", "host"]


@dataclass(frozen=True)
class FactSpec:
    """A word of the vocabulary: a float, a series of one value a window, a histogram of BINS counts, or a text."""

    name: str
    unit: str
    kind: Kind
    scope: Scope
    probe: str
    help: str
    compute: Compute


FACTS: dict[str, FactSpec] = {}


Compute = Callable[["Facts", str | None], Any]
T = TypeVar("T")


def fact(
    name: str, unit: str, kind: Kind, probe: str, help: str, scope: Scope = "service"
) -> Callable[[Compute], Compute]:
    """Register the function that computes a fact from the facts' windows (and the neighbour's path)."""

    def register(compute: Compute) -> Compute:
        FACTS[name] = FactSpec(name, unit, kind, scope, probe, help, compute)
        return compute

    return register


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
        """What each cgroup that is not the service's brought into memory, in pages a window (see `turnover.py`)."""
        return own_turnover(self.windows)

    def ids(self, neighbour: str | None) -> frozenset[int]:
        return self.by_path[neighbour].ids if neighbour is not None else self.windows.service_ids

    def once(self, compute: Callable[[Facts], T]) -> T:
        """Return what a function makes of these facts, computed the first time that it is asked for."""
        if compute not in self._once:
            self._once[compute] = compute(self)
        result: T = self._once[compute]
        return result

    def value(self, name: str, neighbour: str | None = None) -> Any:
        """Return a fact as it was computed: a float, an array, or None if it was not measured."""
        key = (name, neighbour)
        if key not in self._kept:
            self._kept[key] = FACTS[name].compute(self, neighbour)
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

    def text(self, name: str, neighbour: str | None = None) -> str | None:
        """Return words, for a summary."""
        value: str | None = self.value(name, neighbour)
        return value

    def missing_reason(self, name: str) -> str:
        """Say why a fact is missing."""
        probe = FACTS[name].probe
        record = next((p for p in self.windows.capture.probes if p.probe == probe), None)
        if record is not None and (not record.attached or record.missing) and record.reason:
            return f"probe {probe}: {record.reason}"
        if name.startswith("limit."):
            return "no memory limit of the service's own is set"
        if name.startswith("cpu."):
            return "the service has no cpu.stat to itself, so no CPU quota of its own; one above it was not read"
        return f"probe {probe} ran, but its readings give no value for: {FACTS[name].help}"
