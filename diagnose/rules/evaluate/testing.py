"""The tests that rules carry: facts in a compact notation, and the outcome they must have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diagnose.analysis import facts
from diagnose.errors import UsageError
from diagnose.rules import notation
from diagnose.rules.lint import loaded_with_shipped, of_folder
from diagnose.rules.loading import SHOWN_PROBLEMS, LoadedRule
from diagnose.rules.schema import RuleTest


@dataclass(frozen=True)
class TestOutcome:
    """How a rule's test went; `message` says what differed, and where the test is."""

    __test__ = False  # not a test itself, whatever pytest makes of the name

    rule: str
    test: str
    passed: bool
    message: str


class TestFacts:
    """The facts of a rule's test, as a `FactSource`; what the test leaves out was not measured."""

    __test__ = False

    def __init__(self, test: RuleTest) -> None:
        self._service = test.facts
        self._neighbours = {path: values for path, values in test.neighbours.items() if values is not None}
        self.neighbours: Sequence[str] = tuple(self._neighbours)

    def value(self, name: str, neighbour: str | None = None) -> str | int | float | None:
        """Return a fact as the test gives it: a number, or its notation; of kind "text" the words for a summary."""
        return (self._service if neighbour is None else self._neighbours.get(neighbour, {})).get(name)

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
        value = self.value(name, None)
        return None if value is None else notation.histogram_counts(str(value))

    def missing_reason(self, name: str) -> str:
        return f"{name} is not given in this test"


def run_tests(folder: Path) -> list[TestOutcome]:
    """Run the tests of every rule of a folder; raises UsageError when it has none, or a file of it is no valid rule."""
    collections, faults = loaded_with_shipped(folder)
    if faults:
        raise UsageError("\n".join(faults[:SHOWN_PROBLEMS]))
    loaded = [rule for part, collection in collections for rule in of_folder(collection, part)]
    return [_run(rule, test, i) for rule in loaded for i, test in enumerate(rule.rule.complete_tests())]


def _run(loaded: LoadedRule, test: RuleTest, index: int) -> TestOutcome:
    from diagnose.rules.evaluate import judge  # evaluate knows rules; rules know it only here

    judgement = judge(loaded, TestFacts(test))
    got = {True: "fires", False: "quiet", None: "unknown"}[judgement.fires]
    expect = test.expect
    differences = []
    if got != expect.outcome:
        why = "; ".join(judgement.says or judgement.missing)
        differences.append(f"outcome is {got}, expected {expect.outcome} ({why})")
    if expect.confidence and judgement.confidence != expect.confidence:
        held = ", ".join(judgement.mechanisms) or "none"
        differences.append(f"confidence is {judgement.confidence}, expected {expect.confidence} (holding: {held})")
    if expect.culprits is not None and list(judgement.culprits) != expect.culprits:
        differences.append(f"culprits are {list(judgement.culprits)}, expected {expect.culprits}")
    message = loaded.document.describe(("tests", index), f"{test.name}: {'; '.join(differences) or 'passed'}")
    return TestOutcome(loaded.id, test.name, not differences, message)
