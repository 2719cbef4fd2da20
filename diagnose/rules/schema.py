"""The shape of a rule. A rule is data: typed conditions over facts, thresholds by name, no code and no arithmetic.

What the shape cannot say (does the fact exist, do the units agree) is checked in `check.py`.
"""

import math
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema, field_validator

from diagnose.rules import amounts
from diagnose.rules.conditions import Condition, FactName, ForEach, Line, Name, Part, Prose, RuleId, facts_of, walk

_AMOUNT = WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string", "pattern": amounts.PATTERN}]})


class Parameter(Part):
    """A threshold: what it is, in what unit, and why this default."""

    unit: Annotated[Line, Field(max_length=40)]
    default: Annotated[float, _AMOUNT]
    """In the unit; a file may also say `95 %`, `1 GiB` or `250 ms`."""
    help: Prose

    @field_validator("default", mode="before")
    @classmethod
    def _in_the_unit(cls, value: Any, info: ValidationInfo) -> Any:
        unit = info.data.get("unit")
        return amounts.amount(value, unit) if isinstance(value, str) and unit else value


class Mechanism(Part):
    """One way to know. `direct`: the chain itself was measured; `correlation`: things happened at the same time."""

    kind: Literal["direct", "correlation"]
    asks: Line | None = None
    """The question that it answers, "whether …", for a reader who is told that it does not hold."""
    says: Line | None = None
    """What a reader is told where it holds, a template like the summary; without it, its conditions speak."""
    is_: Condition = Field(alias="is")


class Culprits(Part):
    """What the report says of each neighbour that `for_each` bound."""

    share: FactName
    cause: Line


class AdviceText(Part):
    """What to do where no limit can be recommended, and what could go wrong; templates like the summary."""

    do: Prose
    risk: Prose


Recommend = Literal["contain-neighbour", "protect-service", "raise-hit-limit", "raise-own-limit", "raise-shared-limit"]


StepKind = Literal[
    "dirty-limits", "find-dropper", "find-peers", "gentler-reclaim", "look-at-device", "raise-cpu-quota",
    "raise-cpu-weight", "read-ahead", "throttle-neighbour", "which-cpus",
]  # fmt: skip
"""What to do by hand: see `diagnose/recommend/steps/`."""


class Then(Part):
    verdict: Literal["finding", "healthy"]
    summary: Prose
    culprits: Culprits | None = None
    who: Prose | None = None
    """Whose doing it is where no neighbour is accused (the service itself, nobody, not measured); a template."""
    advice: AdviceText | None = None
    recommend: list[Recommend] = Field(default_factory=list, max_length=8)
    steps: list[StepKind] = Field(default_factory=list, max_length=8)


class AccountsFor(Part):
    """How much of what is to be explained a rule explains: what findings about the same whole are weighed by."""

    share: FactName
    of: Literal["evicted pages", "time of the slow reads"]


def _noted(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, str | int | float | None):
        raise ValueError("give a number, a series as in `0x10 5x9`, text, or null where it was not measured")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("must be a finite number")
    return value


Notation = Annotated[str | int | float | None, BeforeValidator(_noted)]
"""A fact's value in a test: a number, a series or a histogram in the notation of `notation.py`; null: not measured."""


class Expect(Part):
    outcome: Literal["fires", "quiet", "unknown"]
    confidence: Literal["high", "medium", "low"] | None = None
    culprits: list[Line] | None = None


class RuleTest(Part):
    """Facts and the outcome they must have. A fact that is left out was not measured.

    `like` names an earlier test of the rule whose facts hold here too, unless given anew; null takes one away.
    """

    name: Line
    like: Line | None = None
    facts: dict[str, Notation] = Field(default_factory=dict, max_length=200)
    neighbours: dict[Line, dict[str, Notation] | None] = Field(default_factory=dict, max_length=64)
    expect: Expect

    def on_top_of(self, base: Self) -> Self:
        """Return this test with the facts of `base` where it has none of its own."""
        neighbours = {
            path: None if own is None else {**(base.neighbours.get(path) or {}), **own}
            for path, own in {**{path: {} for path in base.neighbours}, **self.neighbours}.items()
        }
        return self.model_copy(update={"facts": {**base.facts, **self.facts}, "neighbours": neighbours})


class Rule(Part):
    """A file in `rules/`."""

    id: RuleId
    title: Line
    why: Prose
    rank: Annotated[int, Field(ge=0, le=1000)] = 500
    """Among findings of equal confidence the lower rank comes first."""
    explains: list[RuleId] = Field(default_factory=list, max_length=32)
    """Findings that are consequences of this one: they come after it whatever their confidence."""
    explains_if: Name | None = None
    """The mechanism that must be confirmed for `explains` to hold; None: it always does."""
    accounts_for: AccountsFor | None = None
    """Of two findings that account for parts of the same whole the one with the larger part comes first."""
    parameters: dict[Name, Parameter] = Field(default_factory=dict, max_length=64)
    when: Condition
    mechanisms: dict[Name, Mechanism] = Field(default_factory=dict, max_length=16)
    then: Then
    references: list[Line] = Field(default_factory=list, max_length=32)
    tests: list[RuleTest] = Field(default_factory=list, max_length=64)

    def conditions(self) -> list[Condition]:
        """Return `when` and the mechanisms' conditions."""
        return [self.when, *(m.is_ for m in self.mechanisms.values())]

    def facts(self) -> list[str]:
        """Return every fact that decides the rule, each once."""
        return list(dict.fromkeys(name for c in self.conditions() for name in facts_of(c)))

    def complete_tests(self) -> list[RuleTest]:
        """Return the tests with the facts that `like` refers to; a reference to no earlier test is left out."""
        complete: dict[str, RuleTest] = {}
        for test in self.tests:
            base = complete.get(test.like or "")
            complete[test.name] = test.on_top_of(base) if base else test
        return list(complete.values())

    @property
    def binds_neighbours(self) -> bool:
        return any(isinstance(c, ForEach) for c in walk(self.when))


class SharedFile(Part):
    """`shared.yaml`: thresholds and conditions that the rules of a folder, and of later ones, need not repeat."""

    parameters: dict[Name, Parameter] = Field(default_factory=dict, max_length=64)
    conditions: dict[Name, Condition] = Field(default_factory=dict, max_length=32)


def _changed(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("must be a number, or an amount such as `95 %`, `1 GiB` or `250 ms`")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("must be a finite number")
    return value


Amount = Annotated[float | str, BeforeValidator(_changed), _AMOUNT]


class Override(Part):
    """A file that changes thresholds of another rule, or those that rules share, and nothing else."""

    overrides: RuleId
    """The id of the rule; `shared`: the thresholds of `shared.yaml`, for all rules that use them."""
    parameters: Annotated[dict[Name, Amount], Field(min_length=1, max_length=64)]
