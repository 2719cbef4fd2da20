"""Templates checked: what stands in braces can be filled in (pure)."""

from __future__ import annotations

from collections.abc import Iterator

from diagnose.analysis import facts
from diagnose.rules.check_conditions import is_neighbours
from diagnose.rules.document import Place, Problem
from diagnose.rules.schema import Rule
from diagnose.rules.suggest import did_you_mean
from diagnose.rules.templates import CULPRITS, STATISTICS, placeholders


def template_problems(rule: Rule) -> Iterator[Problem]:
    """Yield what cannot be filled in of a rule's summary, culprits, advice and mechanisms."""
    for place, text in _templates(rule):
        try:
            words = placeholders(text)
        except ValueError as error:
            yield place, str(error)
            continue
        problems = {word: problem for word in words if (problem := _placeholder(word, rule))}
        yield from ((place, f"{{{word}}}: {problem}") for word, problem in problems.items())
        if place[-1] == "summary" and not problems and not any(w.split(":")[0] in facts.FACTS for w in words):
            yield place, "states no measured number; name at least one {fact}"


def _templates(rule: Rule) -> Iterator[tuple[Place, str]]:
    then = rule.then
    yield ("then", "summary"), then.summary
    if then.culprits:
        yield ("then", "culprits", "cause"), then.culprits.cause
    if then.who:
        yield ("then", "who"), then.who
    if then.advice:
        yield ("then", "advice", "do"), then.advice.do
        yield ("then", "advice", "risk"), then.advice.risk
    for name, mechanism in rule.mechanisms.items():
        if mechanism.says:
            yield ("mechanisms", name, "says"), mechanism.says
        if mechanism.asks:
            yield ("mechanisms", name, "asks"), mechanism.asks


def _placeholder(word: str, rule: Rule) -> str | None:
    """Return why a word in braces cannot be filled in; None: it can."""
    if word.startswith("$"):
        hint = did_you_mean(word[1:], rule.parameters)
        return None if word[1:] in rule.parameters else f"no condition of this rule uses such a parameter{hint}"
    # A rule that asks about neighbours and binds none is told so once, where it asks.
    bound = rule.binds_neighbours or any(map(is_neighbours, rule.facts()))
    if word in CULPRITS:
        return None if bound else "nobody is bound by `for_each`"
    name, _, statistic = word.partition(":")
    spec = facts.FACTS.get(name)
    if spec is None:
        return f"`{name}` is neither a fact nor a $parameter{did_you_mean(name, facts.FACTS)}"
    if spec.scope == "neighbour" and not bound:
        return f"`{name}` is a fact of a neighbour, and nobody is bound by `for_each`"
    allowed = STATISTICS.get(spec.kind, ())
    if (statistic and statistic not in allowed) or (spec.kind == "histogram" and not statistic):
        return f"of a {spec.kind} one can say {', '.join(f'{name}:{s}' for s in allowed) or name}"
    return None
