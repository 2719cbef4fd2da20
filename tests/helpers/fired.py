"""A finding as evaluation returns it, for tests of what is recommended for it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from diagnose.rules import LoadedRule, Rule
from diagnose.rules.document import Document
from diagnose.rules.evaluate import Accused, Fired, Judgement


def fired(
    culprits: Mapping[str, float | None] | None = None,
    recommend: tuple[str, ...] = (),
    mechanisms: tuple[str, ...] = (),
    thresholds: Mapping[str, float] | None = None,
) -> Fired:
    """Return a finding with high confidence. `culprits`: share by path; `thresholds`: the rule's parameters by name."""
    rule = Rule.model_validate(
        {
            "id": "a-rule",
            "title": "title",
            "why": "for a test",
            "when": {"fact": "reads.slow", "above": "$least"},
            "then": {"verdict": "finding", "summary": "{reads.slow}", "recommend": list(recommend)},
        }
    )
    loaded = LoadedRule(rule, Document(Path("a-rule.yaml"), {}, {}), dict(thresholds or {}), {})
    accused = tuple(Accused(path, share) for path, share in (culprits or {}).items())
    return Fired(Judgement(loaded, True, "high", (), (), accused, mechanisms))
