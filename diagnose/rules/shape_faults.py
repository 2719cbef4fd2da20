"""What is wrong with the shape of a rule, and what to write instead (pure)."""

from __future__ import annotations

import re
from typing import Annotated, Any, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from diagnose.analysis import facts
from diagnose.capture.faults import sentence
from diagnose.rules.conditions import KINDS, Part
from diagnose.rules.document import Document, Place, Problem, shown
from diagnose.rules.suggest import did_you_mean, key_meant

_TAG = "condition:"
_MAPPING = "must be a mapping, `key: value` a line"
_WORDS = {
    "dict_type": _MAPPING,
    "list_type": "must be a list: `[a, b]`, or `- a` a line",
    "missing": "missing; add it",
    "model_attributes_type": _MAPPING,
    "model_type": _MAPPING,
    "string_type": "must be text; put it in quotes",
}
"""Where a rule's author can be told more than what `capture/faults.py` says of any file."""
_CONDITION = f"a condition starts with one of {', '.join(KINDS)}"


def shape_problems(document: Document, model: type[Part], error: ValidationError) -> list[Problem]:
    """Return what is wrong with a document that is no `model`, one problem a fault."""
    found: list[Problem] = []
    meant: set[Place] = set()
    details = error.errors(include_url=False, include_input=False)
    # Unknown keys first: one that was misspelt is not missing as well.
    for fault in sorted(details, key=lambda fault: fault["type"] != "extra_forbidden"):
        place = _place(fault["loc"])
        if fault["type"] == "extra_forbidden":
            keys = _keys(model, fault["loc"][:-1])
            word = key_meant(str(place[-1]), keys)
            found.append((place, _not_a_key(str(place[-1]), word, keys)))
            meant |= {(*place[:-1], word)} if word else set()
        elif fault["type"] != "missing" or place not in meant:
            is_key = fault["loc"][-1:] == ("[key]",)
            found.append((place, _sentence(fault, place[-1] if is_key else document.value(place))))
    return found


def _place(location: tuple[int | str, ...]) -> Place:
    # The tags of the union of conditions, and pydantic's word for a mapping's key, are no keys of the file.
    return tuple(p for p in location if not str(p).startswith(_TAG) and p != "[key]")


def _not_a_key(key: str, meant: str | None, keys: list[str]) -> str:
    said = f"`{shown(key)}` is not a key here"
    return f"{said}; did you mean `{meant}`?" if meant else f"{said}; there are {', '.join(keys)}"


def _sentence(fault: ErrorDetails, value: Any) -> str:
    """Return what is wrong, without the place; `value` is what the file has there."""
    kind, context = fault["type"], fault.get("ctx", {})
    if kind == "condition":
        return _no_condition(value)
    if kind == "literal_error":
        return _no_choice(value, re.findall(r"'([^']*)'", str(context["expected"])))
    if kind == "string_pattern_mismatch":
        return _no_name(value, str(context["pattern"]))
    if kind.endswith(("too_short", "too_long")):
        return _no_length(value, context)
    return _WORDS.get(kind) or sentence(fault)


def _no_condition(value: Any) -> str:
    """Say how conditions are written, from what stands where one is expected."""
    if isinstance(value, str):
        return "a condition is no text; write it as in `{fact: reads.slow_share, above: $name}`"
    if isinstance(value, list):
        return "a list is no condition; put it under `all:` or `any:`"
    keys = [str(key) for key in value] if isinstance(value, dict) else []
    if fact := next((key for key in keys if key in facts.FACTS), None):
        return f"{_CONDITION}; write `{{fact: {fact}, above: $name}}`"
    meant = next((key for key in (key_meant(key, list(KINDS)) for key in keys) if key), None)
    return _CONDITION + (f"; did you mean `{meant}`?" if meant else "")


def _no_choice(value: Any, choices: list[str]) -> str:
    hint = did_you_mean(value, choices) if isinstance(value, str) and len(choices) > 1 else ""
    quoted = [f"`{choice}`" for choice in choices]
    return f"must be {' or '.join(quoted)}{hint}" if len(quoted) < 3 else f"must be one of {', '.join(quoted)}{hint}"


def _no_length(value: Any, context: dict[str, Any]) -> str:
    if "min_length" in context:  # 1 in every place
        return "must not be empty"
    return f"must have at most {context['max_length']} {'characters' if isinstance(value, str) else 'entries'}"


def _no_name(value: Any, pattern: str) -> str:
    joint = "-" if "-]" in pattern else "_"
    named = "hyphens" if joint == "-" else "underscores"
    like = re.sub(r"[^a-z0-9]+", joint, str(value).lower()).strip(joint).lstrip("0123456789" + joint)[:40]
    dollar, what = ("$", "`$` and small letters") if pattern.startswith("^\\$") else ("", "small letters")
    hint = f": `{dollar}{like}`" if like and isinstance(value, str) else ""
    return f"must be {what}, digits and {named}, a letter first{hint}"


# ---------------------------------------------------------------- keys


def _keys(model: type[Part], location: tuple[int | str, ...]) -> list[str]:
    """Return the keys that may stand at a place of a model, in its order; the place has the tags of conditions."""
    current: Any = model
    for step in location:
        if isinstance(step, str) and step.startswith(_TAG):
            current = KINDS[step.removeprefix(_TAG)]
        else:
            current = _within(_plain(current), step)
    part = _plain(current)
    if not (isinstance(part, type) and issubclass(part, Part)):
        return []
    return [field.alias or name for name, field in part.model_fields.items()]


def _within(shape: Any, step: int | str) -> Any:
    """Return the annotation of what a key or an index leads to."""
    if isinstance(shape, type) and issubclass(shape, Part):
        named = {field.alias or name: field.annotation for name, field in shape.model_fields.items()}
        return named.get(str(step))
    arguments = get_args(shape)
    return arguments[-1] if arguments else None


def _plain(annotation: Any) -> Any:
    """Return an annotation without `Annotated` and `| None`."""
    if get_origin(annotation) is Annotated:
        return _plain(get_args(annotation)[0])
    choices = [choice for choice in get_args(annotation) if choice is not type(None)]
    if len(choices) == 1 and len(get_args(annotation)) == 2:
        return _plain(choices[0])
    return annotation
