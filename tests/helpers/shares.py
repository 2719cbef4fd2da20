"""Every share of a whole that a report states, in its data and in its words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from diagnose.report.model import Report

_PERCENT = re.compile(r"(\d[\d,]*(?:\.\d+)?)\s%")


def shares(report: Report) -> Iterator[tuple[str, float]]:
    """Yield the place and value of every field of report.json that is a share or a ratio of a part to its whole."""
    yield from _fields(report.model_dump(mode="json"), "")


def percentages(text: str) -> Iterator[float]:
    """Yield every percentage in a text."""
    yield from (float(found.replace(",", "")) for found in _PERCENT.findall(text))


def _fields(node: Any, place: str) -> Iterator[tuple[str, float]]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key.endswith(("share", "ratio")):
                yield from _values(value, f"{place}.{key}")
            yield from _fields(value, f"{place}.{key}")
    elif isinstance(node, list):
        for value in node:
            yield from _fields(value, f"{place}[]")


def _values(value: Any, place: str) -> Iterator[tuple[str, float]]:
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, int | float):
            yield place, one
