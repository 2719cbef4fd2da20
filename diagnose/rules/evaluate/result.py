"""What a condition comes to, and what it is evaluated against (pure)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from diagnose.analysis import facts as vocabulary
from diagnose.analysis.statistics import Together
from diagnose.rules.evaluate.checked import Checked
from diagnose.rules.evaluate.source import FactSource, Truth


@dataclass(frozen=True)
class Result:
    """What a condition came to.

    `checked`: what there is to show; `reasons`: those that explain the outcome, whichever it is (where it is unknown:
    what is missing); `bound`: the neighbours that meet a `for_each`.
    """

    truth: Truth
    checked: tuple[Checked, ...]
    reasons: tuple[Checked, ...]
    bound: tuple[str, ...] = ()

    @classmethod
    def of(cls, checked: Checked) -> Result:
        """Return what a condition that is no group came to."""
        return cls(checked.met, (checked,), (checked,))


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

    def asked(self, *names: str) -> str | None:
        """Return the bound neighbour where any of these facts is one of a neighbour."""
        return next((neighbour for name in names if (neighbour := self.whose(name))), None)
