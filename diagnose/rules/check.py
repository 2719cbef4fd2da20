"""What the shape of a rule cannot say: that facts exist, units agree, and the accused can be named (pure)."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator

from diagnose.analysis import facts
from diagnose.rules import notation, wording
from diagnose.rules.conditions import (
    CORRELATIONAL,
    All,
    AnyOf,
    Bounded,
    Condition,
    ForEach,
    MovesTogether,
    Not,
    OnOffIn,
    OverTime,
    TwoModesIn,
    fact_uses,
    facts_of,
    walk,
)
from diagnose.rules.document import Place
from diagnose.rules.schema import Mechanism, Rule, RuleTest

Problem = tuple[Place, str]


def did_you_mean(word: str, known: Collection[str]) -> str:
    """Return "; did you mean `x`?" for the nearest known word, or nothing."""
    near = difflib.get_close_matches(word[:100], list(known), n=1, cutoff=0.5)
    return f"; did you mean `{near[0]}`?" if near else ""


def problems(rule: Rule) -> list[Problem]:
    """Return every reason why a rule of the right shape must not be used, with its place in the file."""
    return [
        problem for check in (_facts, _binding, _parameters, _mechanisms, _templates, _tests) for problem in check(rule)
    ]


# ---------------------------------------------------------------- places


def _located(rule: Rule) -> Iterator[tuple[Place, Condition]]:
    yield from _within(rule.when, ("when",))
    for name, mechanism in rule.mechanisms.items():
        yield from _within(mechanism.is_, ("mechanisms", name, "is"))


def _within(condition: Condition, place: Place) -> Iterator[tuple[Place, Condition]]:
    yield place, condition
    if isinstance(condition, (All, ForEach, AnyOf)):
        key = "any" if isinstance(condition, AnyOf) else "all"
        parts = condition.any if isinstance(condition, AnyOf) else condition.all
        for i, part in enumerate(parts):
            yield from _within(part, (*place, key, i))
    elif isinstance(condition, Not):
        yield from _within(condition.not_, (*place, "not"))
    elif isinstance(condition, MovesTogether) and condition.among:
        yield (*place, "among"), condition.among


def _uses(condition: Condition) -> list[tuple[Place, str, str]]:
    # `among` is a condition with a place of its own.
    return [(key, name, kind) for key, name, kind in fact_uses(condition) if key[0] != "among"]


# ---------------------------------------------------------------- checks


def _facts(rule: Rule) -> Iterator[Problem]:
    for place, condition in _located(rule):
        for key, name, kind in _uses(condition):
            yield from _fact((*place, *key), name, kind)
    if rule.then.culprits:
        yield from _fact(("then", "culprits", "share"), rule.then.culprits.share, "number")
    if rule.accounts_for:
        yield from _accounted(rule.accounts_for.share)


def _fact(place: Place, name: str, kind: str) -> Iterator[Problem]:
    spec = facts.FACTS.get(name)
    if spec is None:
        yield place, f"`{name}` is not a fact{did_you_mean(name, facts.FACTS)}"
    elif spec.kind != kind and (spec.kind, kind) != ("series", "number"):
        yield place, f"`{name}` is a {spec.kind}, a {kind} is needed here"


def _accounted(share: str) -> Iterator[Problem]:
    place = ("accounts_for", "share")
    yield from _fact(place, share, "number")
    if share in facts.FACTS and (facts.FACTS[share].unit != "ratio" or is_neighbours(share)):
        yield place, f"`{share}` is no share of the service's; name a fact of the service whose unit is ratio"


def _binding(rule: Rule) -> Iterator[Problem]:
    bindings = [place for place, c in _located(rule) if isinstance(c, ForEach)]
    for place in bindings:
        if place[0] != "when" or {"any", "not"} & set(place):
            yield place, "`for_each` belongs into `when`, alone or under `all`: elsewhere it is unclear who is accused"
    if len(bindings) > 1:
        yield bindings[1], "a second `for_each`; put all conditions on the neighbour into one"
    inside = bindings[0] if bindings else None
    for place, condition in _located(rule):
        bound = inside is not None and (place[: len(inside)] == inside or place[0] == "mechanisms")
        for key, name, _ in _uses(condition):
            if is_neighbours(name) and not bound:
                yield (*place, *key), f"`{name}` is a fact of a neighbour; use it under `for_each: neighbour`"
    yield from _accused(rule)


def _accused(rule: Rule) -> Iterator[Problem]:
    culprits = rule.then.culprits
    if culprits and not rule.binds_neighbours:
        yield ("then", "culprits"), "nobody is bound; add `for_each: neighbour` to `when`, or remove this"
    if culprits is None and rule.binds_neighbours:
        yield ("then",), "`for_each` finds culprits; add `culprits` with their `share` and `cause`"
    if culprits and culprits.share in facts.FACTS and facts.FACTS[culprits.share].unit != "ratio":
        yield ("then", "culprits", "share"), f"`{culprits.share}` is no share; its unit must be ratio"


def is_neighbours(name: str) -> bool:
    """Say whether a fact exists and is one of a neighbour."""
    return name in facts.FACTS and facts.FACTS[name].scope == "neighbour"


def looks_at_neighbour(mechanism: Mechanism) -> bool:
    """Say whether a mechanism uses any fact of the neighbour that is accused."""
    return any(is_neighbours(name) for name in facts_of(mechanism.is_))


def _parameters(rule: Rule) -> Iterator[Problem]:
    used: set[str] = set()
    for place, condition in _located(rule):
        for key, ref, unit in references(condition):
            name = ref[1:]
            used.add(name)
            parameter = rule.parameters.get(name)
            if parameter is None:
                yield (*place, key), f"{ref} is not declared under `parameters`{did_you_mean(name, rule.parameters)}"
            elif unit and parameter.unit != unit:
                yield (*place, key), f"{ref} is in {parameter.unit}, not in {unit}; declare it with `unit: {unit}`"
    for name in rule.parameters:
        if name not in used:
            yield ("parameters", name), "no condition uses it; remove it, or write `$" + name + "` where it belongs"


def references(condition: Condition) -> list[tuple[str, str, str]]:
    """Return (key, $parameter, unit it must have) of one condition; the unit is empty where the fact is unknown."""
    if isinstance(condition, Bounded):
        found = [(*condition.bound, wording.unit_of(condition))]
        if isinstance(condition, OverTime) and condition.than:
            found.append(("than", condition.than, wording.fact_unit(condition.series)))
        return found
    wanted: dict[str, str] = {}
    if isinstance(condition, TwoModesIn):
        wanted = {"slow_weight_at_least": "ratio", "times_slower_at_least": "times", "slow_latency_at_least": "s"}
    elif isinstance(condition, MovesTogether):
        wanted = {"p_at_most": "probability", "correlation_at_least": "correlation"}
    elif isinstance(condition, OnOffIn):
        wanted = {"cycles_at_least": "cycles", "delta_at_least": "delta"}
    return [(key, ref, unit) for key, unit in wanted.items() if (ref := getattr(condition, key))]


def _mechanisms(rule: Rule) -> Iterator[Problem]:
    if rule.explains_if is not None and rule.explains_if not in rule.mechanisms:
        name = rule.explains_if
        yield ("explains_if",), f"`{name}` is not a mechanism of this rule{did_you_mean(name, rule.mechanisms)}"
    for name, mechanism in rule.mechanisms.items():
        correlates = any(isinstance(c, CORRELATIONAL) for c in walk(mechanism.is_))
        if mechanism.kind == "direct" and correlates:
            yield ("mechanisms", name, "kind"), "moves_together and on_off are correlations; write `kind: correlation`"
    if rule.then.verdict == "finding" and not rule.mechanisms:
        yield ("mechanisms",), "missing; a finding rests on at least one named mechanism"
    elif rule.binds_neighbours and not any(map(looks_at_neighbour, rule.mechanisms.values())):
        yield ("mechanisms",), "none looks at the neighbour that the rule accuses; add one that does"


def _templates(rule: Rule) -> Iterator[Problem]:
    templates: list[tuple[Place, str]] = [(("then", "summary"), rule.then.summary)]
    if rule.then.culprits:
        templates.append((("then", "culprits", "cause"), rule.then.culprits.cause))
    if rule.then.who:
        templates.append((("then", "who"), rule.then.who))
    if advice := rule.then.advice:
        templates += [(("then", "advice", "do"), advice.do), (("then", "advice", "risk"), advice.risk)]
    templates += [(("mechanisms", name, "says"), m.says) for name, m in rule.mechanisms.items() if m.says]
    templates += [(("mechanisms", name, "asks"), m.asks) for name, m in rule.mechanisms.items() if m.asks]
    for place, text in templates:
        try:
            words = wording.placeholders(text)
        except ValueError as error:
            yield place, str(error)
            continue
        for word in words:
            if problem := _placeholder(word, rule):
                yield place, f"{{{word}}}: {problem}"
        if place[-1] == "summary" and not any(w.split(":")[0] in facts.FACTS for w in words):
            yield place, "states no measured number; name at least one {fact}"


def _placeholder(word: str, rule: Rule) -> str | None:
    if word.startswith("$"):
        return None if word[1:] in rule.parameters else f"no such parameter{did_you_mean(word[1:], rule.parameters)}"
    if word in wording.CULPRITS:
        return None if rule.binds_neighbours else "nobody is bound by `for_each`"
    name, _, statistic = word.partition(":")
    spec = facts.FACTS.get(name)
    if spec is None:
        return f"`{name}` is neither a fact nor a $parameter{did_you_mean(name, facts.FACTS)}"
    if spec.scope == "neighbour" and not rule.binds_neighbours:
        return f"`{name}` is a fact of a neighbour, and nobody is bound by `for_each`"
    allowed = wording.STATISTICS.get(spec.kind, ())
    if (statistic and statistic not in allowed) or (spec.kind == "histogram" and not statistic):
        return f"of a {spec.kind} one can say {', '.join(f'{name}:{s}' for s in allowed) or name}"
    return None


def _tests(rule: Rule) -> Iterator[Problem]:
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
            elif problem := unreadable(spec.kind, value):
                yield (*where, name), problem


def _belongs(scope: str) -> str:
    return "under `neighbours`, under the neighbour's path" if scope == "neighbour" else "under `facts`"


def unreadable(kind: str, value: str | int | float | None) -> str | None:
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
            return f"`{value[:40]}` is not a number; leave the fact out if it was not measured"
    except ValueError as error:
        return str(error)
    return None
