"""The JSON Schema of `report.json`: `python -m diagnose.report.formats.schema` (pure)."""

from __future__ import annotations

import json
from typing import Any

from diagnose.report.model import REPORT_SCHEMA, Report


def schema() -> dict[str, Any]:
    """Return the schema (draft 2020-12) of what `render_json` writes."""
    found = Report.model_json_schema(by_alias=True, mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found, "title": REPORT_SCHEMA}


def page() -> str:
    return json.dumps(schema(), indent=2) + "\n"


if __name__ == "__main__":
    print(page(), end="")
