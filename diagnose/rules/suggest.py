"""What somebody meant by a word that is not known here: by its meaning first, then by its letters (pure)."""

from __future__ import annotations

from collections.abc import Collection

_MEANINGS = {
    "above": "> gt greater greater_than higher_than larger_than more_than over exceeds",
    "at_least": ">= => ge gte min minimum atleast no_less_than not_below not_less_than greater_or_equal",
    "below": "< lt less less_than fewer_than lower_than smaller_than under",
    "at_most": "<= =< le lte max maximum atmost no_more_than not_above not_more_than up_to less_or_equal",
    "all": "and every",
    "any": "or either one_of",
    "not": "none no unless",
    "fact": "metric measure measurement name",
    "per": "by over divided_by",
    "id": "name rule",
    "why": "description about reason rationale because",
    "help": "description about reason rationale because why",
    "default": "value threshold is",
    "parameters": "thresholds params",
    "when": "condition conditions if is fires_if",
    "is": "condition conditions when if",
    "summary": "message text description",
    "do": "action what advice",
    "share": "part of",
    "cause": "reason why because",
    "expect": "expected then outcome",
    "neighbours": "neighbors others",
    "facts": "given values",
    "references": "refs sources links",
}
"""The words of rules, and those from elsewhere that mean the same."""
_WORDS = {key: words.split() for key, words in _MEANINGS.items()}


def nearest(word: str, known: Collection[str]) -> str | None:
    """Return the known word with the nearest letters, None where none is near."""
    # Here, not above: most rule files have no fault.
    import difflib

    near = difflib.get_close_matches(word[:100], list(known), n=1, cutoff=0.5)
    return near[0] if near else None


def did_you_mean(word: str, known: Collection[str]) -> str:
    """Return "; did you mean `x`?" for the nearest known word, or nothing."""
    near = nearest(word, known)
    return f"; did you mean `{near}`?" if near else ""


def key_meant(word: str, keys: Collection[str]) -> str | None:
    """Return which of the keys a word stands for: "below" for "less_than"; None where nothing is near."""
    plain = word.lower().strip().replace("-", "_").replace(" ", "_")
    if plain in keys:
        return plain
    return next((key for key in keys if plain in _WORDS.get(key, ())), None) or nearest(word, keys)
