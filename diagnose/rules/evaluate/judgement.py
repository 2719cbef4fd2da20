"""One rule against the facts: does it fire, how sure is that, who is to blame (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, Literal

from diagnose.analysis import facts as vocabulary
from diagnose.rules.check_conditions import looks_at_neighbour
from diagnose.rules.conditions import Part, facts_of
from diagnose.rules.evaluate.checked import Checked
from diagnose.rules.evaluate.conditions import evaluate_condition
from diagnose.rules.evaluate.result import Context, Result
from diagnose.rules.evaluate.source import FactSource, Truth, any_of
from diagnose.rules.loading import LoadedRule
from diagnose.rules.schema import Mechanism, Rule

Confidence = Literal["high", "medium", "low"]


@dataclass(frozen=True)
class Accused:
    """A neighbour that is to blame. `share`: of what the rule blames it for, 0 to 1; None: not measured."""

    cgroup: str
    share: float | None


@dataclass(frozen=True)
class Judgement:
    """What a rule came to.

    `checked`: its conditions, those of `when` first, without those that a mechanism asks again.
    `reasons`: those that explain the outcome; where it is unknown, what is missing.
    `culprits`: the largest share first. `mechanisms`: those that hold, looking at the first culprit where they look
    at a neighbour; `of_others`: further culprits, each with a mechanism that looks at neighbours and holds for it.
    `part`: the share of the whole that the rule says it accounts for; None: it says nothing, or that was not measured.
    """

    loaded: LoadedRule
    fires: Truth
    confidence: Confidence | None
    checked: tuple[Checked, ...]
    reasons: tuple[Checked, ...]
    culprits: tuple[Accused, ...] = ()
    mechanisms: tuple[str, ...] = ()
    of_others: tuple[tuple[str, str], ...] = ()
    part: float | None = None

    @property
    def rule(self) -> Rule:
        return self.loaded.rule


def judge(loaded: LoadedRule, facts: FactSource) -> Judgement:
    """Evaluate a rule: it fires when `when` is true and, where it names mechanisms, at least one of them holds.

    A rule that accuses a neighbour needs a mechanism that looks at the neighbour: the others show what happened, and
    not who did it.
    """
    rule = loaded.rule
    context = Context(facts, loaded.values)
    when = evaluate_condition(rule.when, context)
    if not when.truth:
        return Judgement(loaded, when.truth, None, when.checked, when.reasons)
    culprits = _accused(rule, when.bound, context)
    # Mechanisms that look at a neighbour look at the one that is blamed most.
    main = context.of(culprits[0].cgroup if culprits else None)
    results = {name: _of_mechanism(name, evaluate_condition(m.is_, main)) for name, m in rule.mechanisms.items()}
    deciding = [
        r for name, r in results.items() if not rule.binds_neighbours or looks_at_neighbour(rule.mechanisms[name])
    ]
    fires = any_of([r.truth for r in deciding]) if results else when.truth
    held = tuple(name for name, r in results.items() if r.truth)
    return Judgement(
        loaded,
        fires,
        confidence(rule, held) if fires else None,
        _each_once(when.checked, [c for r in results.values() for c in r.checked], loaded.values),
        _reasons(fires, when, deciding),
        culprits,
        held,
        tuple(_of_others(rule, culprits[1:], context)) if fires else (),
        context.number(rule.accounts_for.share) if rule.accounts_for else None,
    )


def _accused(rule: Rule, bound: Iterable[str], context: Context) -> tuple[Accused, ...]:
    share = rule.then.culprits.share if rule.then.culprits else None
    accused = [Accused(name, context.of(name).number(share) if share else None) for name in dict.fromkeys(bound)]
    return tuple(sorted(accused, key=lambda one: -(one.share or 0.0)))


def _of_mechanism(name: str, result: Result) -> Result:
    """Return a result with the mechanism noted on all that was checked for it."""

    def noted(checked: tuple[Checked, ...]) -> tuple[Checked, ...]:
        return tuple(replace(c, mechanism=name) for c in checked)

    return replace(result, checked=noted(result.checked), reasons=noted(result.reasons))


def _of_others(rule: Rule, culprits: Iterable[Accused], context: Context) -> Iterable[tuple[str, str]]:
    for one in culprits:
        for name, mechanism in rule.mechanisms.items():
            if looks_at_neighbour(mechanism) and evaluate_condition(mechanism.is_, context.of(one.cgroup)).truth:
                yield one.cgroup, name


def _reasons(fires: Truth, when: Result, mechanisms: list[Result]) -> tuple[Checked, ...]:
    """Return what explains an outcome that the mechanisms decided: those that came to the same."""
    decided = [m for m in mechanisms if m.truth is fires]
    return tuple(c for part in ([when, *decided] if fires else decided) for c in part.reasons)


# ---------------------------------------------------------------- conditions that are asked twice


def _each_once(when: Iterable[Checked], mechanisms: list[Checked], values: Mapping[str, float]) -> tuple[Checked, ...]:
    """Return what was checked, without what stands in `when` and in a mechanism, too.

    A condition that is one of several in `when` says in a mechanism what it says alone.
    """
    again = [_asks(c, c.within, values) for c in mechanisms]
    kept = [c for c in when if _asks(c, c.within[1:] if c.within[:1] == ("any",) else c.within, values) not in again]
    return (*kept, *mechanisms)


def _asks(checked: Checked, within: tuple[str, ...], values: Mapping[str, float]) -> object:
    """Return what a condition asks: equal for two that differ in the names of their parameters only."""
    return type(checked.condition), checked.neighbour, within, _resolved(checked.condition, values)


def _resolved(part: Part, values: Mapping[str, float]) -> Any:
    def resolve(value: Any) -> Any:
        if isinstance(value, Part):
            return _resolved(value, values)
        return values[value[1:]] if isinstance(value, str) and value.startswith("$") else value

    return {name: resolve(value) for name, value in part}


# ---------------------------------------------------------------- confidence


def confidence(rule: Rule, held: tuple[str, ...]) -> Confidence:
    """Return how sure a firing rule may be of itself, given the mechanisms that hold; no rule can raise this.

    High: two direct mechanisms that share no probe, so that no single instrument's fault makes both. Medium: one, or
    two correlations. Low: a correlation alone. Where a neighbour is accused, high needs a direct mechanism that looks
    at the neighbour, and anything above low one that looks at it at all.
    """
    mechanisms = [rule.mechanisms[name] for name in held]
    direct = [m for m in mechanisms if m.kind == "direct"]
    accuses = rule.binds_neighbours
    if _independent(direct) and (not accuses or any(map(looks_at_neighbour, direct))):
        return "high"
    if (direct or len(mechanisms) >= 2) and (not accuses or any(map(looks_at_neighbour, mechanisms))):
        return "medium"
    return "low"


def _independent(mechanisms: list[Mechanism]) -> bool:
    """Say whether two of them draw on different probes altogether. What a value is divided by only scales it."""
    probes = [{vocabulary.FACTS[name].probe for name in facts_of(m.is_, divisors=False)} for m in mechanisms]
    return any(not a & b for a, b in combinations(probes, 2))
