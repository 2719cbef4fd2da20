"""What evaluation asks of the facts, and arithmetic with true, false and unknown (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from diagnose.analysis.facts import Missing

Truth = bool | None
"""None: unknown, because an input was not measured."""


class FactSource(Protocol):
    """The values of the facts of one capture. None: not measured, which is never 0."""

    neighbours: Sequence[str]
    """Paths of the cgroups that may be to blame."""

    def number(self, name: str, neighbour: str | None = None) -> float | None:
        """Return a number; of a series its total over the windows that were measured."""

    def series(self, name: str, neighbour: str | None = None) -> NDArray[np.float64] | None:
        """Return one value a window, shape (windows,); NaN is a missing window."""

    def histogram(self, name: str) -> NDArray[np.int64] | None:
        """Return counts in the bins of `diagnose.histogram`, shape (BINS,)."""

    def value(self, name: str, neighbour: str | None = None) -> Any:
        """Return a fact as it is: of kind "text" a value that only summaries name; no condition depends on it."""

    def missing(self, name: str) -> Missing:
        """Return why a fact was not measured."""


def all_of(truths: Iterable[Truth]) -> Truth:
    """Kleene's "and": false if any is false, else unknown if any is unknown, else true."""
    values = list(truths)
    if any(v is False for v in values):
        return False
    return None if any(v is None for v in values) else True


def any_of(truths: Iterable[Truth]) -> Truth:
    """Kleene's "or": true if any is true, else unknown if any is unknown, else false."""
    return not_(all_of(not_(v) for v in truths))


def not_(truth: Truth) -> Truth:
    """Kleene's "not": unknown stays unknown."""
    return None if truth is None else not truth
