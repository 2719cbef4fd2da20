"""What a condition comes to, and what it is evaluated against (pure)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from diagnose.analysis import facts as vocabulary
from diagnose.analysis.statistics import Together
from diagnose.report.model import Evidence
from diagnose.rules.evaluate.source import FactSource, Truth


@dataclass(frozen=True)
class Result:
    """What a condition came to.

    `says`: sentences with numbers that explain the outcome, whichever it is; `missing`: why it is unknown;
    `bound`: the neighbours that meet a `for_each`.
    """

    truth: Truth
    evidence: tuple[Evidence, ...] = ()
    says: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    bound: tuple[str, ...] = ()


@dataclass(frozen=True)
class Context:
    """The facts, the thresholds of the rule at hand, the bound neighbour, and correlations computed once for all."""

    facts: FactSource
    values: Mapping[str, float]
    neighbour: str | None = None
    families: dict[int, dict[str | None, Together]] = field(default_factory=dict)

    def of(self, neighbour: str | None) -> Context:
        return Context(self.facts, self.values, neighbour, self.families)

    def whose(self, name: str) -> str | None:
        """Return the neighbour that a fact is asked of, None for facts of the service and the host."""
        spec = vocabulary.FACTS.get(name)
        return self.neighbour if spec and spec.scope == "neighbour" else None

    def number(self, name: str) -> float | None:
        value = self.facts.number(name, self.whose(name))
        return None if value is None or not math.isfinite(value) else float(value)

    def threshold(self, ref: str) -> float:
        return self.values[ref[1:]]

    def about(self, names: list[str]) -> str:
        """Return "/batch: " where a sentence speaks of the bound neighbour."""
        return f"{self.neighbour}: " if self.neighbour and any(self.whose(n) for n in names) else ""


def unknown(sentence: str, threshold: float | str | None, unit: str | None, missing: str) -> Result:
    evidence = Evidence(condition=sentence, holds=None, measured=None, threshold=threshold, unit=unit, missing=missing)
    return Result(None, (evidence,), (), (missing,))
