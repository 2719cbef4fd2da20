"""What is recommended for a capture, by the shipped rules, as values."""

from __future__ import annotations

from diagnose import rules
from diagnose.analysis.facts import Facts
from diagnose.analysis.windows import Windows
from diagnose.capture.model import Capture
from diagnose.recommend import recommend
from diagnose.recommend.change import Change
from diagnose.rules.evaluate import evaluate


def changes_in(capture: Capture) -> list[Change]:
    """Return the changes that a report on the capture recommends."""
    windows, loaded = Windows(capture), rules.load_rules()
    facts = Facts(windows)
    found = evaluate(loaded.without_bpf(), facts, at_most="medium") if windows.without_bpf else evaluate(loaded, facts)
    return recommend(list(found.findings), facts)
