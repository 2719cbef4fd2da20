"""Lint, and the tests that rules carry: facts in a compact notation, and the outcome they must have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from diagnose import resources
from diagnose.analysis import facts
from diagnose.errors import UsageError
from diagnose.rules import notation
from diagnose.rules.check import Problem
from diagnose.rules.evaluate.judgement import Judgement, judge
from diagnose.rules.loading import WITHOUT_BPF, LoadedRule, interpret, override_faults, rule_files
from diagnose.rules.reach import unreachable
from diagnose.rules.schema import Override, Rule, RuleTest
from diagnose.rules.yaml_files import read

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


def lint(folder: Path) -> list[str]:
    """Return everything wrong with the rules of a folder, one message each, with file, line and key."""
    return [message for part in _parts(folder) for message in _lint(part)]


def _parts(folder: Path) -> list[Path]:
    """Return a folder of rules, and the one within it for hosts that refuse BPF."""
    inner = folder / WITHOUT_BPF
    return [folder, inner] if inner.is_dir() else [folder]


def _lint(folder: Path) -> list[str]:
    messages: list[str] = []
    shipped = _load(resources.folder("rules") / (WITHOUT_BPF if folder.name == WITHOUT_BPF else ""), [])
    own = _load(folder, messages)
    known = shipped | own
    for path in rule_files(folder):
        if path.suffix != ".yaml":
            messages.append(f"{path}:1: name it {path.stem}.yaml; that is how rule files end")
            continue
        try:
            document = read(path)
        except UsageError:
            continue  # _load has reported it
        result, faults = interpret(document)
        if isinstance(result, Override):
            messages += [document.describe(*fault) for fault in override_faults(result, known)]
        elif isinstance(result, Rule) and not faults:
            messages += [document.describe(*found) for found in _shortcomings(result)]
    return messages


def _shortcomings(rule: Rule) -> list[Problem]:
    """Return what `lint` asks for beyond: tests of each outcome, reasons, references, conditions within reach."""
    found: list[Problem] = []
    outcomes = {test.expect.outcome for test in rule.tests}
    wanted = {"fires": "in which it fires", "quiet": "in which it stays quiet", "unknown": "with data missing"}
    for outcome, what in wanted.items():
        if outcome not in outcomes:
            found.append((("tests",), f"no test {what} (`outcome: {outcome}`); add one"))
    for name, parameter in rule.parameters.items():
        if len(parameter.help.split()) < 5:
            found.append((("parameters", name, "help"), "does not justify the threshold; say why this value"))
    found += unreachable(rule, {name: parameter.default for name, parameter in rule.parameters.items()})
    if not rule.references:
        found.append((("references",), "missing; cite where the thresholds and the mechanism come from"))
    return found


def _load(folder: Path, messages: list[str]) -> dict[str, LoadedRule]:
    """Load the rules of a folder that can be loaded, and report the others."""
    loaded: dict[str, LoadedRule] = {}
    for path in rule_files(folder):
        try:
            document = read(path)
        except UsageError as error:
            messages.append(str(error))
            continue
        result, faults = interpret(document)
        messages += [document.describe(*fault) for fault in faults]
        if isinstance(result, Rule) and not faults:
            values = {name: parameter.default for name, parameter in result.parameters.items()}
            loaded[result.id] = LoadedRule(result, document, values, {})
    return loaded


def run_tests(folder: Path) -> list[TestOutcome]:
    """Run the tests of every rule of a folder; raises UsageError when a file of it is no valid rule."""
    messages: list[str] = []
    loaded = [rule for part in _parts(folder) for rule in _load(part, messages).values()]
    if messages:
        raise UsageError("\n".join(messages[:20]))
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
