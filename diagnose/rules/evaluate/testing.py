"""Lint, and the tests that rules carry: facts in a compact notation, and the outcome they must have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from diagnose.analysis import facts
from diagnose.errors import UsageError
from diagnose.rules import notation
from diagnose.rules.evaluate.judgement import Judgement, judge
from diagnose.rules.lint import loaded_with_shipped, of_folder
from diagnose.rules.loading import SHOWN_PROBLEMS, LoadedRule
from diagnose.rules.schema import RuleTest

Difference = Literal["outcome", "confidence", "culprits"]


@dataclass(frozen=True)
class TestOutcome:
    """How a rule's test went: the test, its place in the rule, what the rule came to, and what is not as expected."""

    __test__ = False  # not a test itself, whatever pytest makes of the name

    case: RuleTest
    index: int
    judgement: Judgement
    differs: tuple[Difference, ...]

    @property
    def rule(self) -> str:
        return self.judgement.loaded.id

    @property
    def test(self) -> str:
        return self.case.name

    @property
    def passed(self) -> bool:
        return not self.differs


class TestFacts:
    """The facts of a rule's test, as a `FactSource`; what the test leaves out was not measured."""

    __test__ = False

    def __init__(self, test: RuleTest) -> None:
        self._service = test.facts
        self._neighbours = {path: values for path, values in test.neighbours.items() if values is not None}
        self.neighbours: Sequence[str] = tuple(self._neighbours)

    def number(self, name: str, neighbour: str | None = None) -> float | None:
        value = self.value(name, neighbour)
        if value is None:
            return None
        if facts.FACTS[name].kind != "series":
            return float(value)
        windows = notation.series(str(value))
        return None if np.isnan(windows).all() else float(np.nansum(windows))

    def series(self, name: str, neighbour: str | None = None) -> NDArray[np.float64] | None:
        value = self.value(name, neighbour)
        return None if value is None else notation.series(str(value))

    def histogram(self, name: str) -> NDArray[np.int64] | None:
        value = self.value(name)
        return None if value is None else notation.histogram_counts(str(value))

    def value(self, name: str, neighbour: str | None = None) -> str | int | float | None:
        """Return a fact as the test gives it: a number, or its notation; of kind "text" the words for a summary."""
        return (self._service if neighbour is None else self._neighbours.get(neighbour, {})).get(name)

    def missing(self, name: str) -> facts.Missing:
        return facts.Missing("not-in-test", name, facts.FACTS[name].probe)


def run_tests(folder: Path) -> list[TestOutcome]:
    """Run the tests of every rule of a folder; raises UsageError when it has none, or a file of it is no valid rule."""
    collections, faults = loaded_with_shipped(folder)
    if faults:
        raise UsageError("\n".join(faults[:SHOWN_PROBLEMS]))
    loaded = [rule for part, collection in collections for rule in of_folder(collection, part)]
    return [_run(rule, test, i) for rule in loaded for i, test in enumerate(rule.rule.complete_tests())]


def _run(loaded: LoadedRule, test: RuleTest, index: int) -> TestOutcome:
    judgement, expect = judge(loaded, TestFacts(test)), test.expect
    culprits = [one.cgroup for one in judgement.culprits]
    differs: dict[Difference, bool] = {
        "outcome": outcome_of(judgement) != expect.outcome,
        "confidence": expect.confidence is not None and judgement.confidence != expect.confidence,
        "culprits": expect.culprits is not None and culprits != expect.culprits,
    }
    return TestOutcome(test, index, judgement, tuple(what for what, unlike in differs.items() if unlike))


def outcome_of(judgement: Judgement) -> str:
    """Return what a rule came to in the words of its tests."""
    return {True: "fires", False: "quiet", None: "unknown"}[judgement.fires]
