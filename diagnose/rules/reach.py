"""Conditions that can never hold, or always do, with the thresholds as they are: found by `lint` (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from diagnose.rules.conditions import All, Compare, Condition, ForEach
from diagnose.rules.document import Place
from diagnose.rules.schema import Rule

LOWER = ("above", "at_least")
STRICT = ("above", "below")


@dataclass(frozen=True)
class _Bound:
    """A comparison that has to hold together with others: where it is, what it is about, which way, how far."""

    place: Place
    about: tuple[str, str | None]
    kind: str
    value: float

    def excludes(self, other: _Bound) -> bool:
        """Whether no value is within both."""
        if (self.kind in LOWER) == (other.kind in LOWER):
            return False
        low, high = (self, other) if self.kind in LOWER else (other, self)
        return low.value > high.value or (low.value == high.value and (low.kind in STRICT or high.kind in STRICT))


def unreachable(rule: Rule, values: Mapping[str, float]) -> list[tuple[Place, str]]:
    """Return each comparison that contradicts an earlier one, or that no measurement can fail or meet."""
    when = list(_together(rule.when, ("when",), values))
    found = list(_contradictions(when))
    for name, mechanism in rule.mechanisms.items():
        both = when + list(_together(mechanism.is_, ("mechanisms", name, "is"), values))
        found += [problem for problem in _contradictions(both) if problem[0][0] == "mechanisms"]
    return found


def _together(condition: Condition, place: Place, values: Mapping[str, float]) -> Iterator[_Bound]:
    """Yield the comparisons that must all hold; what stands under `any` or `not` need not."""
    if isinstance(condition, (All, ForEach)):
        for i, part in enumerate(condition.all):
            yield from _together(part, (*place, "all", i), values)
    elif isinstance(condition, Compare):
        kind, ref = condition.bound
        if ref[1:] in values:
            yield _Bound((*place, kind), (condition.fact, condition.per), kind, values[ref[1:]])


def _contradictions(bounds: list[_Bound]) -> Iterator[tuple[Place, str]]:
    for i, bound in enumerate(bounds):
        fact = bound.about[0]
        # No fact is negative: they are counts, times, sizes and shares.
        if bound.kind in LOWER and (bound.value < 0 or (bound.value == 0 and bound.kind == "at_least")):
            yield bound.place, f"`{fact}` is never negative, so this always holds; remove it, or raise the threshold"
        elif bound.value < 0 or (bound.value == 0 and bound.kind == "below"):
            yield bound.place, f"`{fact}` is never negative, so this can never hold; raise the threshold"
        for earlier in bounds[:i]:
            if earlier.about == bound.about and earlier.excludes(bound):
                where = ".".join(map(str, earlier.place))
                yield bound.place, f"can never hold together with {where} on `{fact}`; change one of the thresholds"
