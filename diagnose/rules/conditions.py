"""The conditions a rule is made of: typed, over facts, with thresholds that are named parameters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, model_validator


class Part(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, populate_by_name=True, defer_build=True
    )


def _printable(value: Any) -> Any:
    if isinstance(value, str) and not all(c.isprintable() or c == "\n" for c in value):
        raise ValueError("control characters are not accepted; remove them")
    return value


def _by_name(value: Any) -> Any:
    if isinstance(value, str) and re.fullmatch(_NAME, value):
        raise ValueError(f"write ${value} to name the parameter")
    if isinstance(value, int | float) or (isinstance(value, str) and not value.startswith("$")):
        amount = str(value)[:40]
        raise ValueError(f"thresholds go by name: declare {amount} under `parameters` and write $name here")
    return value


_NAME = r"[a-z][a-z0-9_]{0,63}"


Name = Annotated[str, Field(pattern=rf"^{_NAME}$")]
RuleId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,63}$")]
FactName = Annotated[str, Field(max_length=100, json_schema_extra={"format": "fact"})]
Line = Annotated[str, BeforeValidator(_printable), Field(min_length=1, max_length=300)]
Prose = Annotated[str, BeforeValidator(_printable), Field(min_length=1, max_length=4096)]
Ref = Annotated[str, BeforeValidator(_by_name), Field(pattern=rf"^\${_NAME}$")]
"""A threshold: `$name` of a declared parameter."""

BOUNDS = ("above", "at_least", "below", "at_most")


class Bounded(Part):
    """One of the four comparisons with a parameter."""

    above: Ref | None = None
    at_least: Ref | None = None
    below: Ref | None = None
    at_most: Ref | None = None

    @model_validator(mode="after")
    def _one_bound(self) -> Bounded:
        if sum(getattr(self, name) is not None for name in BOUNDS) != 1:
            raise ValueError(f"give exactly one of {', '.join(BOUNDS)}")
        return self

    @property
    def bound(self) -> tuple[str, str]:
        """Return the comparison and the parameter: ("at_least", "$slow_share")."""
        return next((name, ref) for name in BOUNDS if (ref := getattr(self, name)) is not None)


class All(Part):
    """True when every condition is."""

    all: Annotated[list[Condition], Field(min_length=1, max_length=64)]


class AnyOf(Part):
    """True when at least one condition is."""

    any: Annotated[list[Condition], Field(min_length=1, max_length=64)]


class Not(Part):
    """True when the condition is false."""

    not_: Condition = Field(alias="not")


class ForEach(Part):
    """True when at least one neighbour meets all conditions; those that do are the culprits."""

    for_each: Literal["neighbour"]
    all: Annotated[list[Condition], Field(min_length=1, max_length=64)]


class Compare(Bounded):
    """A number (of a series: its total) against a threshold; with `per`, divided by another number first."""

    fact: FactName
    per: FactName | None = None


Take = Literal["total", "mean", "median", "min", "max", "windows_above", "share_of_windows_above"]


class OverTime(Bounded):
    """A statistic of a series against a threshold. `than`: from where a window counts, for the windows_above ones."""

    series: FactName
    take: Take
    than: Ref | None = None

    @model_validator(mode="after")
    def _than_where_needed(self) -> OverTime:
        if (self.than is not None) != self.take.endswith("windows_above"):
            raise ValueError("`than` goes with windows_above and share_of_windows_above, and with nothing else")
        return self


class TwoModesIn(Part):
    """Two populations in a latency histogram, the slow one of at least this weight (and distance, and latency)."""

    two_modes: FactName
    slow_weight_at_least: Ref
    times_slower_at_least: Ref | None = None
    slow_latency_at_least: Ref | None = None


class CauseAndEffect(Part):
    cause: FactName
    effect: FactName


class MovesTogether(Part):
    """Two series rise and fall together, the cause first; p-values are corrected over all neighbours in `among`."""

    moves_together: CauseAndEffect
    p_at_most: Ref
    correlation_at_least: Ref
    among: Compare | None = None


class ActivityAndEffect(Part):
    activity: FactName
    effect: FactName


class OnOffIn(Part):
    """The effect is greater while the activity is on, over several cycles."""

    on_off: ActivityAndEffect
    cycles_at_least: Ref
    delta_at_least: Ref


class SharedCondition(Part):
    """True when the condition of that name in `shared.yaml` is; its thresholds come with it."""

    shared: Name


# `for_each` before `all`, which it contains; a condition is known by its first key of these.
KINDS: dict[str, type[Part]] = {
    "for_each": ForEach,
    "all": All,
    "any": AnyOf,
    "not": Not,
    "fact": Compare,
    "series": OverTime,
    "two_modes": TwoModesIn,
    "moves_together": MovesTogether,
    "on_off": OnOffIn,
    "shared": SharedCondition,
}


def _kind(value: Any) -> str | None:
    if isinstance(value, dict):
        return next((f"condition:{key}" for key in KINDS if key in value), None)
    return next((f"condition:{key}" for key, kind in KINDS.items() if type(value) is kind), None)


Condition = Annotated[
    Annotated[ForEach, Tag("condition:for_each")]
    | Annotated[All, Tag("condition:all")]
    | Annotated[AnyOf, Tag("condition:any")]
    | Annotated[Not, Tag("condition:not")]
    | Annotated[Compare, Tag("condition:fact")]
    | Annotated[OverTime, Tag("condition:series")]
    | Annotated[TwoModesIn, Tag("condition:two_modes")]
    | Annotated[MovesTogether, Tag("condition:moves_together")]
    | Annotated[OnOffIn, Tag("condition:on_off")]
    | Annotated[SharedCondition, Tag("condition:shared")],
    Discriminator(
        _kind,
        custom_error_type="condition",
        custom_error_message=f"a condition starts with one of {', '.join(KINDS)}",
    ),
]

Leaf = Compare | OverTime | TwoModesIn | MovesTogether | OnOffIn
CORRELATIONAL = (MovesTogether, OnOffIn)


def walk(condition: Condition) -> Iterator[Condition]:
    """Yield a condition and all within it, outermost first."""
    yield condition
    for child in children(condition):
        yield from walk(child)


def children(condition: Condition) -> list[Condition]:
    """Return the conditions directly within one."""
    if isinstance(condition, (All, ForEach)):
        return condition.all
    if isinstance(condition, AnyOf):
        return condition.any
    return [condition.not_] if isinstance(condition, Not) else []


def facts_of(condition: Condition, *, divisors: bool = True) -> list[str]:
    """Return the names of all facts a condition speaks of, each once; without `divisors`, none after `per`."""
    uses = [use for part in walk(condition) for use in fact_uses(part)]
    return list(dict.fromkeys(name for key, name, _ in uses if divisors or key[-1] != "per"))


Use = tuple[tuple[str, ...], str, str]
"""Where in a condition, which fact, and of what kind it must be."""


def fact_uses(part: Part) -> list[Use]:
    """Return (key, fact, kind wanted) of one condition, without those within it."""
    if isinstance(part, Compare):
        names = {"fact": part.fact, "per": part.per}
        return [((key,), name, "number") for key, name in names.items() if name]
    if isinstance(part, OverTime):
        return [(("series",), part.series, "series")]
    if isinstance(part, TwoModesIn):
        return [(("two_modes",), part.two_modes, "histogram")]
    if isinstance(part, MovesTogether):
        pair = part.moves_together
        uses: list[Use] = [
            (("moves_together", "cause"), pair.cause, "series"),
            (("moves_together", "effect"), pair.effect, "series"),
        ]
        among = fact_uses(part.among) if part.among else []
        return uses + [(("among", *key), name, kind) for key, name, kind in among]
    if isinstance(part, OnOffIn):
        bursts = part.on_off
        return [(("on_off", "activity"), bursts.activity, "series"), (("on_off", "effect"), bursts.effect, "series")]
    return []
