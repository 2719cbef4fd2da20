"""A rule that fires, as the report states it (pure)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from diagnose import units
from diagnose.report.model import Besides, Culprit, Finding, Known, Step
from diagnose.report.wording.evidence import came_to, condition, evidence, measured
from diagnose.report.wording.templates import Filler, advice, who
from diagnose.report.wording.writer import Names, Writer
from diagnose.rules.evaluate import Accused, FactSource, Fired, Judgement


def finding(
    fired: Fired, first: Fired, facts: FactSource, names: Names, besides: Sequence[Besides], steps: Sequence[Step]
) -> Finding:
    """Return a finding; `first`: the primary one, `besides`, `steps`: what `recommend` has to say about it."""
    judgement = fired.judgement
    filler = Filler.of(judgement, facts)
    culprits = [_culprit(one, filler, names) for one in judgement.culprits]

    def writer() -> Writer:
        return names.writer(mentioned=[one.cgroup for one in culprits])

    return Finding(
        rule=fired.rule,
        title=judgement.rule.title,
        confidence=fired.confidence,
        culprits=culprits,
        summary=filler.fill(judgement.rule.then.summary, names.writer()),
        evidence=[evidence(checked, judgement.loaded.values, writer()) for checked in judgement.checked],
        known_by=known_by(filler, names),
        who=who(filler, writer()),
        advice=advice(filler, writer(), writer()),
        unconfirmed=_unconfirmed(filler, writer),
        consequence_of=first.rule if fired.relation == "explains" else None,
        besides=list(besides),
        steps=list(steps),
    )


def _culprit(accused: Accused, filler: Filler, names: Names) -> Culprit:
    path, said = accused.cgroup, filler.judgement.rule.then.culprits
    cause = filler.only(path).fill(said.cause, names.writer([path])) if said else None
    return Culprit(cgroup=path, share=accused.share, cause=cause, name=names.known.get(path))


def known_by(filler: Filler, names: Names) -> list[Known]:
    """Return the mechanisms that hold in a reader's words, the direct ones first."""
    judgement = filler.judgement
    held = [_known(name, filler, names) for name in judgement.mechanisms]
    for culprit, name in judgement.of_others:
        # Only a sentence that names the culprit says something new of a further one.
        if "{culprit}" in (judgement.rule.mechanisms[name].says or ""):
            held.append(_known(name, filler.only(culprit), names))
    return sorted(held, key=lambda known: not known.direct)


def _known(mechanism: str, filler: Filler, names: Names) -> Known:
    stated = filler.judgement.rule.mechanisms[mechanism]
    said = (
        filler.fill(stated.says, names.writer()) if stated.says else _held(filler.judgement, mechanism, names.writer())
    )
    return Known(mechanism=mechanism, direct=stated.kind == "direct", says=said)


def _held(judgement: Judgement, mechanism: str, writer: Writer) -> str:
    """Return the conditions of a mechanism that hold, with what was measured."""
    return "; ".join(
        f"{condition(c, judgement.loaded.values, writer, alternative=False)} ({units.quantity(measured(c), c.unit)})"
        for c in judgement.checked
        if c.mechanism == mechanism and c.holds
    )


def _unconfirmed(filler: Filler, writer: Callable[[], Writer]) -> list[str]:
    """Return the mechanisms that do not hold: what each asks, and what came of it."""
    judgement = filler.judgement
    lines = []
    for name, mechanism in judgement.rule.mechanisms.items():
        if name not in judgement.mechanisms:
            line = writer()
            asked = filler.fill(mechanism.asks, line) if mechanism.asks else name.replace("_", " ")
            lines.append(f"{asked} ({_outcome(judgement, name, line)})")
    return lines


def _outcome(judgement: Judgement, mechanism: str, writer: Writer) -> str:
    """Say what each of the mechanism's conditions came to that does not hold: one may have failed, one lack data."""
    failed = [c for c in judgement.checked if c.mechanism == mechanism and not c.holds]
    return "; ".join(dict.fromkeys(came_to(c, judgement.loaded.values, writer) for c in failed)) or "failed"
