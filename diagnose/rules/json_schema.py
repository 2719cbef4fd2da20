"""The JSON Schema of rule files, for editors: `python -m diagnose.rules.json_schema > rules/rule.schema.json` (pure).

`make reference` writes it; a test keeps it current. It knows the facts; what it cannot say, `diagnose rules lint` does.
"""

from __future__ import annotations

import json
from typing import Any

from diagnose.analysis.facts import FACTS
from diagnose.rules.schema import Override, Rule, SharedFile

_KINDS = {"NumberFact": ("number", "series"), "SeriesFact": ("series",), "HistogramFact": ("histogram",)}
"""Of which kinds a fact may be, by what the schema calls it."""
_NAMED_BY = {
    **dict.fromkeys(("fact", "per", "share"), "NumberFact"),
    **dict.fromkeys(("series", "cause", "effect", "activity"), "SeriesFact"),
    "two_modes": "HistogramFact",
}
"""Which of these a key names."""


def schema() -> dict[str, Any]:
    """Return the schema (draft 2020-12) of a rule, of an override, and of `shared.yaml`: told apart by their keys."""
    definitions: dict[str, Any] = {
        name: {"enum": sorted(spec.name for spec in FACTS.values() if spec.kind in kinds)}
        for name, kinds in _KINDS.items()
    }
    for model in (Rule, Override, SharedFile):
        found = model.model_json_schema(by_alias=True, ref_template="#/$defs/{model}")
        definitions |= found.pop("$defs", {}) | {model.__name__: found}
    for definition in definitions.values():
        _name_facts(definition)
    _name_facts_of_tests(definitions["RuleTest"]["properties"])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "a rule of diagnose",
        "if": {"required": ["overrides"]},
        "then": {"$ref": "#/$defs/Override"},
        "else": {
            "if": {"not": {"anyOf": [{"required": [key]} for key in ("id", "title", "when", "then")]}},
            "then": {"$ref": "#/$defs/SharedFile"},
            "else": {"$ref": "#/$defs/Rule"},
        },
        "$defs": dict(sorted(definitions.items())),
    }


def _name_facts(definition: dict[str, Any]) -> None:
    """Say which facts there are, wherever a definition has one."""
    for key, shape in definition.get("properties", {}).items():
        for part in (shape, *shape.get("anyOf", ())):
            if part.get("format") == "fact":
                part.clear()
                part["$ref"] = f"#/$defs/{_NAMED_BY[key]}"


def _name_facts_of_tests(properties: dict[str, Any]) -> None:
    properties["facts"]["propertyNames"] = {"enum": _of_scopes("service", "host")}
    for shape in properties["neighbours"]["additionalProperties"]["anyOf"]:
        if shape.get("type") == "object":
            shape["propertyNames"] = {"enum": _of_scopes("neighbour")}


def _of_scopes(*scopes: str) -> list[str]:
    return sorted(spec.name for spec in FACTS.values() if spec.scope in scopes)


def page() -> str:
    """Return rules/rule.schema.json."""
    return json.dumps(schema(), indent=1) + "\n"


if __name__ == "__main__":
    print(page(), end="")
