"""One rule against the facts: does it fire, how sure is that, who is to blame (pure)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from diagnose import histogram, units
from diagnose.analysis import facts as vocabulary
from diagnose.analysis.statistics import two_modes
from diagnose.report.model import Advice, Confidence, Culprit, Evidence, Finding, Known
from diagnose.report.wording.facts import fact_words
from diagnose.report.wording.writer import Names
from diagnose.rules import wording
from diagnose.rules.check_conditions import looks_at_neighbour
from diagnose.rules.conditions import facts_of
from diagnose.rules.evaluate.conditions import ENOUGH, evaluate_condition
from diagnose.rules.evaluate.result import Context, Result
from diagnose.rules.evaluate.shapes import TOO_LITTLE
from diagnose.rules.evaluate.source import FactSource, Truth, any_of
from diagnose.rules.loading import LoadedRule
from diagnose.rules.schema import Mechanism, Rule


@dataclass(frozen=True)
class Judgement:
    """What a rule came to. `culprits` are ordered by share; `mechanisms` are those that hold."""

    loaded: LoadedRule
    fires: Truth
    confidence: Confidence | None
    evidence: tuple[Evidence, ...]
    says: tuple[str, ...]
    missing: tuple[str, ...]
    culprits: tuple[str, ...]
    mechanisms: tuple[str, ...]
    part: float | None = None
    """The share of the whole that the rule says it accounts for; None: it says nothing, or that was not measured."""


def judge(loaded: LoadedRule, facts: FactSource) -> Judgement:
    """Evaluate a rule: it fires when `when` is true and, where it names mechanisms, at least one of them holds.

    A rule that accuses a neighbour needs a mechanism that looks at the neighbour: the others show what happened, and
    not who did it.
    """
    rule = loaded.rule
    context = Context(facts, loaded.values)
    when = evaluate_condition(rule.when, context)
    if not when.truth:
        return Judgement(loaded, when.truth, None, when.evidence, when.says, when.missing, (), ())
    culprits = tuple(sorted(dict.fromkeys(when.bound), key=lambda n: -(_share(rule, context.of(n)) or 0.0)))
    # Mechanisms that look at a neighbour look at the one that is blamed most.
    accused = context.of(culprits[0] if culprits else None)
    results = {name: evaluate_condition(m.is_, accused) for name, m in rule.mechanisms.items()}
    deciding = [
        r for name, r in results.items() if not rule.binds_neighbours or looks_at_neighbour(rule.mechanisms[name])
    ]
    fires = any_of([r.truth for r in deciding]) if results else when.truth
    held = tuple(name for name, r in results.items() if r.truth)
    says, missing = _reasons(fires, when, deciding)
    restated = {e.condition for r in results.values() for e in r.evidence}
    evidence = tuple(e for e in when.evidence if e.condition.removeprefix(ENOUGH) not in restated)
    evidence += tuple(_named(e, name) for name, r in results.items() for e in r.evidence)
    sure = confidence(rule, held) if fires else None
    part = context.number(rule.accounts_for.share) if rule.accounts_for else None
    return Judgement(loaded, fires, sure, evidence, says, missing, culprits, held, part)


def _reasons(fires: Truth, when: Result, mechanisms: list[Result]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if fires:
        return when.says + tuple(s for m in mechanisms if m.truth for s in m.says), ()
    if fires is None:
        return (), tuple(dict.fromkeys(text for m in mechanisms for text in m.missing))
    return tuple(s for m in mechanisms for s in m.says), ()


def _named(evidence: Evidence, mechanism: str) -> Evidence:
    return evidence.model_copy(update={"condition": f"{_prefix(mechanism)}{evidence.condition}"})


def _prefix(mechanism: str) -> str:
    return f"mechanism {mechanism}: "


def _share(rule: Rule, context: Context) -> float | None:
    return context.number(rule.then.culprits.share) if rule.then.culprits else None


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


# ---------------------------------------------------------------- words


def finding(judgement: Judgement, facts: FactSource) -> Finding:
    """Return a firing rule as the report states it."""
    rule = judgement.loaded.rule
    context = Context(facts, judgement.loaded.values)
    return Finding(
        rule=rule.id,
        title=rule.title,
        confidence=judgement.confidence or "low",
        culprits=[_culprit(rule, name, context) for name in judgement.culprits],
        summary=summary(judgement, facts),
        evidence=list(judgement.evidence),
        known_by=known_by(judgement, facts),
        unconfirmed=unconfirmed(judgement, facts),
        who=who(judgement, facts),
        advice=advice(judgement, facts),
    )


def who(judgement: Judgement, facts: FactSource) -> str | None:
    """Return whose doing it is in the rule's words; None: it has none, or accuses neighbours."""
    given = judgement.loaded.rule.then.who
    return None if given is None else _filled(given, judgement, facts)


def advice(judgement: Judgement, facts: FactSource) -> Advice | None:
    """Return what to do beyond memory limits and what could go wrong; None: the rule says nothing."""
    given = judgement.loaded.rule.then.advice
    if given is None:
        return None
    return Advice(do=_filled(given.do, judgement, facts), risk=_filled(given.risk, judgement, facts))


def unconfirmed(judgement: Judgement, facts: FactSource) -> list[str]:
    """Return the mechanisms that do not hold: what each asks, and whether it failed, or too little is known."""
    said = []
    for name, mechanism in judgement.loaded.rule.mechanisms.items():
        if name not in judgement.mechanisms:
            asked = _filled(mechanism.asks, judgement, facts) if mechanism.asks else name.replace("_", " ")
            said.append(f"{asked} ({_outcome(judgement, name)})")
    return said


def _outcome(judgement: Judgement, mechanism: str) -> str:
    """Say what each of the mechanism's conditions came to that does not hold: one may have failed, one lack data."""
    rows = [e for e in judgement.evidence if e.condition.startswith(_prefix(mechanism)) and not e.holds]
    return "; ".join(dict.fromkeys(map(_came_to, rows))) or "failed"


def _came_to(row: Evidence) -> str:
    if row.holds is False and row.missing:
        return f"too little data: {units.quantity(row.measured, row.unit)}"
    if row.holds is None:
        _, too_little, why = (row.missing or "").partition(TOO_LITTLE)
        return f"{too_little}{why}" if too_little else f"unknown: {row.missing}"
    if row.threshold is None:
        return "failed"
    values = (units.quantity(value, row.unit) for value in (row.measured, row.threshold))
    return "failed: {} measured, {} is the threshold".format(*values)


def known_by(judgement: Judgement, facts: FactSource) -> list[Known]:
    """Return the mechanisms that hold in a reader's words, the direct ones first."""
    of = judgement.loaded.rule.mechanisms
    held = [
        Known(mechanism=name, direct=of[name].kind == "direct", says=_says(judgement, name, facts))
        for name in judgement.mechanisms
    ]
    held += [known for culprit in judgement.culprits[1:] for known in _against(culprit, judgement, facts)]
    return sorted(held, key=lambda known: not known.direct)


def _against(culprit: str, judgement: Judgement, facts: FactSource) -> list[Known]:
    """Return the mechanisms that look at a neighbour and hold for a further culprit, too."""
    context = Context(facts, judgement.loaded.values, culprit)
    held = []
    for name, mechanism in judgement.loaded.rule.mechanisms.items():
        if not mechanism.says or "{culprit}" not in mechanism.says or not looks_at_neighbour(mechanism):
            continue
        if evaluate_condition(mechanism.is_, context).truth:
            says = _filled(mechanism.says, replace(judgement, culprits=(culprit,)), facts)
            held.append(Known(mechanism=name, direct=mechanism.kind == "direct", says=says))
    return held


def _says(judgement: Judgement, mechanism: str, facts: FactSource) -> str:
    """Return the mechanism's sentence; of one without, the conditions that hold, with what was measured."""
    if template := judgement.loaded.rule.mechanisms[mechanism].says:
        return _filled(template, judgement, facts)
    start = _prefix(mechanism)
    rows = [e for e in judgement.evidence if e.holds and e.condition.startswith(start)]
    said = [(e.condition.removeprefix(start).removeprefix(ENOUGH), units.quantity(e.measured, e.unit)) for e in rows]
    return "; ".join(f"{condition} ({measured})" for condition, measured in said)


def _culprit(rule: Rule, name: str, context: Context) -> Culprit:
    within = context.of(name)
    cause = rule.then.culprits.cause if rule.then.culprits else None
    text = wording.render(cause, lambda word: _word(word, rule, within, (name,))) if cause else None
    return Culprit(cgroup=name, share=_share(rule, within), cause=text)


def summary(judgement: Judgement, facts: FactSource) -> str:
    """Return the rule's summary with its numbers filled in."""
    return _filled(judgement.loaded.rule.then.summary, judgement, facts)


def _filled(template: str, judgement: Judgement, facts: FactSource) -> str:
    """Return a template of the rule with its numbers; neighbour facts are those of the main culprit."""
    rule, culprits = judgement.loaded.rule, judgement.culprits
    context = Context(facts, judgement.loaded.values, culprits[0] if culprits else None)
    return wording.render(template, lambda word: _word(word, rule, context, culprits))


def _word(word: str, rule: Rule, context: Context, culprits: tuple[str, ...]) -> str:
    """Return the text of one placeholder of a template."""
    if word.startswith("$"):
        return wording.quantity(context.values[word[1:]], rule.parameters[word[1:]].unit)
    if word in wording.CULPRITS:
        return wording.enumeration(culprits if word == "culprits" else culprits[:1])
    name, _, statistic = word.partition(":")
    spec = vocabulary.FACTS[name]
    if spec.kind == "text":
        return fact_words(context.facts, name, context.whose(name), Names({}).writer(), context.values) or units.UNKNOWN
    if spec.kind == "histogram":
        return _of_histogram(name, statistic, context)
    if spec.kind == "series" and statistic and statistic != "total":
        windows = context.facts.series(name, context.whose(name))
        known = windows[np.isfinite(windows)] if windows is not None else np.array([])
        value = float(getattr(np, statistic)(known)) if known.size else None
    else:
        value = context.number(name)
    return units.quantity(value, spec.unit)


def _of_histogram(name: str, statistic: str, context: Context) -> str:
    counts = context.facts.histogram(name)
    if counts is None:
        return units.UNKNOWN
    if statistic in ("p50", "p99"):
        return units.duration_ns(histogram.percentile(counts, int(statistic[1:]) / 100))
    split = two_modes(counts).best
    if split is None:
        return units.UNKNOWN
    if statistic == "slow_weight":
        return units.percent(split.slow.weight)
    if statistic == "times_slower":
        return f"{units.number(split.times_slower)} times"
    fast, slow = split.fast.latency_ns, split.slow.latency_ns
    return units.duration_ns({"fast_latency": fast, "slow_latency": slow, "antimode": split.antimode_ns}[statistic])
