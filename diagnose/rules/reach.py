"""Conditions that can never hold, or always do, with the thresholds as they are: found by `lint` (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from diagnose.analysis.facts import FACTS
from diagnose.rules.check_conditions import located, references
from diagnose.rules.conditions import All, Compare, Condition, ForEach, OverTime
from diagnose.rules.document import Place, Problem
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


def unreachable(rule: Rule, values: Mapping[str, float]) -> list[Problem]:
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


def _contradictions(bounds: list[_Bound]) -> Iterator[Problem]:
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


def beyond_reach(rule: Rule, values: Mapping[str, float]) -> Iterator[tuple[Place, str, str]]:
    """Yield the thresholds above all that a fact can be: where one is used first, its name, and what is wrong."""
    told: set[str] = set()
    for place, condition in located(rule):
        for key, ref, _ in references(condition):
            most, value = _most(condition, key), values.get(ref[1:], 0.0)
            if most is not None and value > most and ref not in told:
                told.add(ref)
                about = f"`{_fact(condition)}`" if isinstance(condition, Compare | OverTime) else f"`{key}`"
                meant = f"; did you mean {value / 100:g} ({value:g} %)?" if value <= 100 * most else ""
                yield (*place, key), ref[1:], f"{value:g} is never reached: {about} is at most {most:g}{meant}"


def _fact(condition: Compare | OverTime) -> str:
    return condition.fact if isinstance(condition, Compare) else condition.series


_MOST = dict.fromkeys(("slow_weight_at_least", "p_at_most", "correlation_at_least", "delta_at_least"), 1.0)
"""Shares, chances and correlations that no fact stands for."""


def _most(condition: Condition, key: str) -> float | None:
    """Return the greatest value that what is compared can have; None: there is no such value."""
    if isinstance(condition, Compare):
        spec = FACTS.get(condition.fact)
        return spec.most if spec and spec.kind == "number" and not condition.per else None
    if isinstance(condition, OverTime):
        if key != "than" and condition.take == "share_of_windows_above":
            return 1.0
        spec = FACTS.get(condition.series)
        summed = key != "than" and condition.take in ("total", "windows_above")
        return None if spec is None or summed else spec.most
    return _MOST.get(key)
