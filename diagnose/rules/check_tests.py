"""The tests of a rule checked: their facts exist, belong where they stand, and can be read (pure)."""

from __future__ import annotations

from collections.abc import Iterator

from diagnose.analysis import facts
from diagnose.rules import amounts, notation
from diagnose.rules.document import Place, Problem
from diagnose.rules.schema import Rule, RuleTest
from diagnose.rules.suggest import did_you_mean


def test_problems(rule: Rule) -> Iterator[Problem]:
    """Yield what is wrong with the tests of a rule."""
    earlier: set[str] = set()
    for i, test in enumerate(rule.tests):
        if test.name in earlier:
            yield ("tests", i, "name"), "an earlier test has this name; find another"
        if test.like is not None and test.like not in earlier:
            yield ("tests", i, "like"), f"no earlier test has this name{did_you_mean(test.like, earlier)}"
        earlier.add(test.name)
        yield from _test(test, ("tests", i))
    for i, test in enumerate(rule.complete_tests()):
        lengths = sorted(_lengths(test))
        if len(lengths) > 1:
            yield ("tests", i), f"its series have {' and '.join(map(str, lengths))} windows; make them equally long"


def _lengths(test: RuleTest) -> set[int]:
    lengths = set()
    for values in (test.facts, *(v for v in test.neighbours.values() if v)):
        for name, value in values.items():
            series = name in facts.FACTS and facts.FACTS[name].kind == "series"
            if series and value is not None and not unreadable("series", value):
                lengths.add(len(notation.series(str(value))))
    return lengths


def _test(test: RuleTest, place: Place) -> Iterator[Problem]:
    groups = [((*place, "facts"), test.facts, False)]
    groups += [((*place, "neighbours", path), values or {}, True) for path, values in test.neighbours.items()]
    for where, values, of_neighbour in groups:
        for name, value in values.items():
            spec = facts.FACTS.get(name)
            if spec is None:
                yield (*where, name), f"`{name}` is not a fact{did_you_mean(name, facts.FACTS)}"
            elif (spec.scope == "neighbour") != of_neighbour:
                yield (*where, name), f"`{name}` is a fact of the {spec.scope}; put it " + _belongs(spec.scope)
            elif problem := unreadable(spec.kind, value, spec.unit):
                yield (*where, name), problem


def _belongs(scope: str) -> str:
    return "under `neighbours`, under the neighbour's path" if scope == "neighbour" else "under `facts`"


def unreadable(kind: str, value: str | int | float | None, unit: str = "") -> str | None:
    """Return why a test's value cannot be read as a fact of this kind, or None."""
    if value is None:
        return None
    try:
        if kind == "histogram":
            notation.histogram_counts(str(value))
        elif kind == "series":
            notation.series(str(value))
        elif kind == "text":
            return None if isinstance(value, str) else f"{value} is no text; write words"
        elif isinstance(value, str):
            amounts.amount(value, unit)
    except ValueError as error:
        return str(error)
    return None
