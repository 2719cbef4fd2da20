"""Conditions checked: facts exist, thresholds are declared in the right unit, the accused can be named (pure)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from diagnose.analysis import facts
from diagnose.rules import amounts
from diagnose.rules.conditions import (
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
)
from diagnose.rules.document import Place, Problem
from diagnose.rules.schema import Mechanism, Parameter, Rule
from diagnose.rules.suggest import did_you_mean
from diagnose.rules.units import fact_unit, unit_of

Located = tuple[Place, Condition]


def is_neighbours(name: str) -> bool:
    """Say whether a fact exists and is one of a neighbour."""
    return name in facts.FACTS and facts.FACTS[name].scope == "neighbour"


def looks_at_neighbour(mechanism: Mechanism) -> bool:
    """Say whether a mechanism uses any fact of the neighbour that is accused."""
    return any(is_neighbours(name) for name in facts_of(mechanism.is_))


# ---------------------------------------------------------------- places


def located(rule: Rule) -> Iterator[Located]:
    """Yield every condition of a rule with its place, outermost first."""
    yield from within(rule.when, ("when",))
    for name, mechanism in rule.mechanisms.items():
        yield from within(mechanism.is_, ("mechanisms", name, "is"))


def within(condition: Condition, place: Place) -> Iterator[Located]:
    """Yield a condition and those within it with their places, outermost first."""
    yield place, condition
    if isinstance(condition, (All, ForEach, AnyOf)):
        key = "any" if isinstance(condition, AnyOf) else "all"
        parts = condition.any if isinstance(condition, AnyOf) else condition.all
        for i, part in enumerate(parts):
            yield from within(part, (*place, key, i))
    elif isinstance(condition, Not):
        yield from within(condition.not_, (*place, "not"))
    elif isinstance(condition, MovesTogether) and condition.among:
        yield (*place, "among"), condition.among


def _uses(condition: Condition) -> list[tuple[Place, str, str]]:
    # `among` is a condition with a place of its own.
    return [(key, name, kind) for key, name, kind in fact_uses(condition) if key[0] != "among"]


# ---------------------------------------------------------------- facts


def fact_problems(conditions: Iterable[Located]) -> Iterator[Problem]:
    """Yield the facts that do not exist, or are of another kind than the condition needs."""
    for place, condition in conditions:
        for key, name, kind in _uses(condition):
            yield from fact_problem((*place, *key), name, kind)


def fact_problem(place: Place, name: str, kind: str) -> Iterator[Problem]:
    """Yield why a fact cannot stand where one of this kind is needed."""
    spec = facts.FACTS.get(name)
    if spec is None:
        yield place, f"`{name}` is not a fact{did_you_mean(name, facts.FACTS)}"
    elif spec.kind != kind and (spec.kind, kind) != ("series", "number"):
        yield place, f"`{name}` is a {spec.kind}, a {kind} is needed here"


def share_problems(rule: Rule) -> Iterator[Problem]:
    """Yield why the facts that findings are weighed by, and culprits ordered by, cannot be."""
    if rule.then.culprits:
        yield from fact_problem(("then", "culprits", "share"), rule.then.culprits.share, "number")
    if rule.accounts_for:
        share, place = rule.accounts_for.share, ("accounts_for", "share")
        yield from fact_problem(place, share, "number")
        if share in facts.FACTS and (facts.FACTS[share].unit != "ratio" or is_neighbours(share)):
            yield place, f"`{share}` is no share of the service's; name a fact of the service whose unit is ratio"


# ---------------------------------------------------------------- neighbours


def neighbour_problems(rule: Rule) -> Iterator[Problem]:
    """Yield where it is unclear which neighbour is meant, and what is missing where one is accused."""
    conditions = list(located(rule))
    bindings = [place for place, c in conditions if isinstance(c, ForEach)]
    for place in bindings:
        if place[0] != "when" or {"any", "not"} & set(place):
            yield place, "`for_each` belongs into `when`, alone or under `all`: elsewhere it is unclear who is accused"
    if len(bindings) > 1:
        yield bindings[1], "a second `for_each`; put all conditions on the neighbour into one"
    unbound = list(_unbound(conditions, bindings[0] if bindings else None))
    if bindings:
        yield from unbound
    else:
        yield from unbound[:1]  # what makes the first one right makes the others right
    if bindings or not unbound:
        yield from _accused(rule)


def _unbound(conditions: Iterable[Located], binding: Place | None) -> Iterator[Problem]:
    for place, condition in conditions:
        bound = binding is not None and (place[: len(binding)] == binding or place[0] == "mechanisms")
        for key, name, _ in _uses(condition):
            if is_neighbours(name) and not bound:
                yield (*place, *key), f"`{name}` is a fact of a neighbour; use it under `for_each: neighbour`"


def _accused(rule: Rule) -> Iterator[Problem]:
    culprits = rule.then.culprits
    if culprits and not rule.binds_neighbours:
        yield ("then", "culprits"), "nobody is bound; add `for_each: neighbour` to `when`, or remove this"
    if culprits is None and rule.binds_neighbours:
        like = 'culprits: {share: neighbour.eviction_share, cause: "what it did"}'
        yield ("then",), f"`for_each` finds culprits; add `{like}`"
    if culprits and culprits.share in facts.FACTS and facts.FACTS[culprits.share].unit != "ratio":
        yield ("then", "culprits", "share"), f"`{culprits.share}` is no share; its unit must be ratio"


# ---------------------------------------------------------------- thresholds


def threshold_problems(
    conditions: Iterable[Located], parameters: Mapping[str, Parameter], shared: Collection[str] = ()
) -> Iterator[Problem]:
    """Yield the thresholds that are not declared, or in another unit than what they are compared with.

    `shared`: further names, of shared thresholds that were not asked for.
    """
    told: set[tuple[str, str]] = set()
    for place, condition in conditions:
        for key, ref, unit in references(condition):
            parameter = parameters.get(ref[1:])
            if (ref, unit) in told:
                continue
            told.add((ref, unit))
            if parameter is None:
                hint = did_you_mean(ref[1:], [*parameters, *shared])
                yield (*place, key), f"{ref} is neither declared under `parameters` nor shared{hint}"
            elif unit and parameter.unit != unit:
                yield (
                    (*place, key),
                    f"{ref} is in {parameter.unit}, not in {unit}; declare it with {_declared(parameter, unit)}",
                )


def _declared(parameter: Parameter, unit: str) -> str:
    wanted = f"`unit: {unit}`"
    if amounts.unit_of(parameter.unit) == unit:
        return f"{wanted} and write the default as in `{amounts.example(unit)}`"
    return wanted


def unused_problems(rule: Rule) -> Iterator[Problem]:
    """Yield the thresholds that no condition of a rule uses."""
    used = {ref[1:] for _, condition in located(rule) for _, ref, _ in references(condition)}
    for name in rule.parameters:
        if name not in used:
            yield ("parameters", name), "no condition uses it; remove it, or write `$" + name + "` where it belongs"


def references(condition: Condition) -> list[tuple[str, str, str]]:
    """Return (key, $parameter, unit it must have) of one condition; the unit is empty where the fact is unknown."""
    if isinstance(condition, Bounded):
        found = [(*condition.bound, unit_of(condition))]
        if isinstance(condition, OverTime) and condition.than:
            found.append(("than", condition.than, fact_unit(condition.series)))
        return found
    wanted: dict[str, str] = {}
    if isinstance(condition, TwoModesIn):
        wanted = {"slow_weight_at_least": "ratio", "times_slower_at_least": "times", "slow_latency_at_least": "s"}
    elif isinstance(condition, MovesTogether):
        wanted = {"p_at_most": "probability", "correlation_at_least": "correlation"}
    elif isinstance(condition, OnOffIn):
        wanted = {"cycles_at_least": "cycles", "delta_at_least": "delta"}
    return [(key, ref, unit) for key, unit in wanted.items() if (ref := getattr(condition, key))]
