"""A report as JSON, for programs (pure)."""

from __future__ import annotations

import json
from typing import Any

from diagnose.report.digest import sealed
from diagnose.report.model import Report


def render_json(report: Report) -> str:
    """Return `report.json`: keys in the order of the model, `schema` first, plain ASCII, the digest last.

    Series are on one line each."""
    return _json(sealed(report.model_dump(mode="json", by_alias=True)), "") + "\n"


def _json(value: Any, indent: str) -> str:
    """Return indented JSON whose lists of plain values stay on one line."""
    inner = f"{indent}  "
    if isinstance(value, dict) and value:
        items = [f"{inner}{json.dumps(str(key))}: {_json(v, inner)}" for key, v in value.items()]
        return "{\n" + ",\n".join(items) + f"\n{indent}}}"
    if isinstance(value, list) and any(isinstance(v, dict | list) for v in value):
        return "[\n" + ",\n".join(f"{inner}{_json(v, inner)}" for v in value) + f"\n{indent}]"
    return json.dumps(value, allow_nan=False)
