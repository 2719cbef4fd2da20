"""Captures with a marker in every string, found without the code under test: by what the JSON model lets pass."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from pydantic import ValidationError

from diagnose.capture.model import Capture
from tests.helpers.paths import RECORDED

MARKER = "zqxwj"
"""In no word of this program, no kernel name, no hexadecimal number; too long to be in a picture by chance."""
CAPTURES = sorted(RECORDED.glob("*.capture.json.gz"))

Plant = Callable[[str, str], str]
"""(place, string) → the string to put there; a place is ".cgroups[].path", of a key ".lost{}"."""


def document(capture: Capture) -> dict[str, Any]:
    plain: dict[str, Any] = capture.model_dump(mode="json", by_alias=True)
    return plain


def planted(capture: Capture, plant: Plant) -> Capture:
    """Return the capture with every string that is free to be anything replaced."""
    fixed = fixed_places()

    def go(value: Any, place: str) -> Any:
        if isinstance(value, str):
            return value if place in fixed else plant(place, value)
        if isinstance(value, list):
            return [go(item, f"{place}[]") for item in value]
        if isinstance(value, dict) and place in DICTIONARIES:
            return {plant(f"{place}{{}}", key): go(item, f"{place}{{}}") for key, item in value.items()}
        if isinstance(value, dict):
            return {key: go(item, f"{place}.{key}") for key, item in value.items()}
        return value

    return Capture.model_validate(go(document(capture), ""))


DICTIONARIES = (".lost", ".cgroups[].settings", ".cgroup_samples.values", ".host_samples.values")


@cache
def fixed_places() -> frozenset[str]:
    """Return the places that refuse a marker: they take one of a few words only."""
    fixed: set[str] = set()
    for path in CAPTURES:
        whole = json.loads(gzip.decompress(path.read_bytes()))
        for place, put in _strings(whole, ""):
            if place in fixed:
                continue
            before = put(MARKER)
            if not _accepted(whole):
                fixed.add(place)
            put(before)
    return frozenset(fixed)


def _accepted(whole: Any) -> bool:
    try:
        Capture.model_validate(whole)
    except ValidationError:
        return False
    return True


def _strings(value: Any, place: str, seen: set[str] | None = None) -> Iterator[tuple[str, Callable[[str], str]]]:
    """Yield each place that holds a string, once, with what puts another one there and returns the old one."""
    seen = set() if seen is None else seen
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        inner = f"{place}[]" if isinstance(value, list) else f"{place}.{key}"
        if isinstance(item, str) and inner not in seen:
            seen.add(inner)

            def put(text: str, key: Any = key) -> str:
                before: str = value[key]
                value[key] = text
                return before

            yield inner, put
        else:
            yield from _strings(item, inner, seen)
