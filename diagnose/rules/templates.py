"""The one kind of template that a rule may use: {fact}, {fact:statistic}, {$parameter}, {culprit} (pure)."""

from __future__ import annotations

import re
from collections.abc import Callable

STATISTICS = {
    "series": ("total", "mean", "median", "min", "max"),
    "histogram": ("fast_latency", "slow_latency", "slow_weight", "antimode", "times_slower", "p50", "p99"),
}
"""What may follow the colon after a fact, by the fact's kind."""

CULPRITS = ("culprit", "culprits")
"""The words that stand for the neighbour that is blamed most, and for all that are blamed."""

_PLACEHOLDER = re.compile(r"\{([^{}]{0,200})\}")


def placeholders(template: str) -> list[str]:
    """Return the words in braces; raises ValueError for a brace that belongs to none."""
    if "{" in (rest := _PLACEHOLDER.sub("", template)) or "}" in rest:
        raise ValueError("a single brace; braces enclose the name of a fact or of a $parameter, and nothing else")
    return _PLACEHOLDER.findall(template)


def render(template: str, value: Callable[[str], str]) -> str:
    """Return the template as one paragraph, every {word} replaced by value(word), in order; values are no templates."""
    return _PLACEHOLDER.sub(lambda match: value(match[1]), " ".join(template.split()))
