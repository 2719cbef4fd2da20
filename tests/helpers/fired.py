"""A finding as evaluation returns it, for tests of what is recommended for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from diagnose.rules import LoadedRule, Rule
from diagnose.rules.document import Document
from diagnose.rules.evaluate import Accused, Fired, Judgement


def fired(
    culprits: Mapping[str, float | None] | None = None,
    recommend: Sequence[str] = (),
    steps: Sequence[str] = (),
    accounts_for: str | None = None,
    gives_advice: bool = False,
) -> Fired:
    """Return a finding with high confidence. `culprits`: share by path; `accounts_for`: the fact that weighs it."""
    then: dict[str, object] = {"verdict": "finding", "summary": "s", "recommend": list(recommend), "steps": list(steps)}
    if gives_advice:
        then["advice"] = {"do": "Do it.", "risk": "Some."}
    rule = Rule.model_validate(
        {
            "id": "a-rule",
            "title": "title",
            "why": "for a test",
            "accounts_for": {"share": accounts_for, "of": "evicted pages"} if accounts_for else None,
            "when": {"fact": "reads.slow", "above": "$least"},
            "then": then,
        }
    )
    accused = tuple(Accused(path, share) for path, share in (culprits or {}).items())
    loaded = LoadedRule(rule, Document(Path("a-rule.yaml"), {}, {}), {}, {})
    return Fired(Judgement(loaded, True, "high", (), (), accused))
