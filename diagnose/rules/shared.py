"""What rules share: thresholds and conditions, said once in `shared.yaml` and written out in each rule (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from diagnose.rules.check_conditions import located, references
from diagnose.rules.conditions import All, AnyOf, Condition, ForEach, Not, SharedCondition
from diagnose.rules.document import Problem
from diagnose.rules.schema import Parameter, Rule, SharedFile
from diagnose.rules.suggest import did_you_mean

SHARED_FILE = "shared.yaml"
SHARED = "shared"
"""What a file overrides that gives shared thresholds another value."""


@dataclass(frozen=True)
class Shared:
    """The shared thresholds by name, with their values as they apply here, and the shared conditions by name."""

    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    conditions: Mapping[str, Condition] = field(default_factory=dict)
    values: Mapping[str, float] = field(default_factory=dict)
    declared: Mapping[str, Path] = field(default_factory=dict)
    """The file that declares each threshold."""
    changed: Mapping[str, Path] = field(default_factory=dict)
    """Thresholds whose value an override changed, and its file."""

    def joined(self, file: SharedFile, path: Path) -> Shared:
        """Return these and those of a further file, which take the place of earlier ones of the same name."""
        return Shared(
            {**self.parameters, **file.parameters},
            {**self.conditions, **file.conditions},
            {**self.values, **{name: parameter.default for name, parameter in file.parameters.items()}},
            {**self.declared, **dict.fromkeys(file.parameters, path)},
            {name: where for name, where in self.changed.items() if name not in file.parameters},
        )

    def overridden(self, values: Mapping[str, float], path: Path) -> Shared:
        """Return these with other values for some thresholds."""
        changed = {**self.changed, **dict.fromkeys(values, path)}
        return replace(self, values={**self.values, **values}, changed=changed)


def unknown_conditions(rule: Rule, shared: Shared) -> list[Problem]:
    """Return the shared conditions that a rule names and nobody has."""
    return [
        ((*place, "shared"), f"no shared condition is called `{part.shared}`" + _hint(part.shared, shared))
        for place, part in located(rule)
        if isinstance(part, SharedCondition) and part.shared not in shared.conditions
    ]


def _hint(name: str, shared: Shared) -> str:
    if shared.conditions:
        return did_you_mean(name, shared.conditions) or f"; there are {', '.join(shared.conditions)}"
    return f"; {SHARED_FILE} declares none"


def written_out(rule: Rule, shared: Shared) -> Rule:
    """Return a rule with its shared conditions in their places, and the shared thresholds that it uses declared.

    A threshold that the rule declares itself stays its own, also in a shared condition.
    """
    mechanisms = {
        name: mechanism.model_copy(update={"is_": _written_out(mechanism.is_, shared)})
        for name, mechanism in rule.mechanisms.items()
    }
    complete = rule.model_copy(update={"when": _written_out(rule.when, shared), "mechanisms": mechanisms})
    used = dict.fromkeys(ref[1:] for _, condition in located(complete) for _, ref, _ in references(condition))
    inherited = {name: shared.parameters[name] for name in used if name in shared.parameters}
    return complete.model_copy(update={"parameters": {**inherited, **rule.parameters}})


def _written_out(condition: Condition, shared: Shared) -> Condition:
    if isinstance(condition, SharedCondition):
        return shared.conditions[condition.shared]
    if isinstance(condition, All | ForEach):
        return condition.model_copy(update={"all": [_written_out(part, shared) for part in condition.all]})
    if isinstance(condition, AnyOf):
        return condition.model_copy(update={"any": [_written_out(part, shared) for part in condition.any]})
    if isinstance(condition, Not):
        return condition.model_copy(update={"not_": _written_out(condition.not_, shared)})
    return condition
