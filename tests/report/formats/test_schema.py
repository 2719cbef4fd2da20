"""reports/report.schema.json is what the code says, and every recorded report is valid by it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from diagnose import pipeline, rules
from diagnose.capture import file as captures
from diagnose.lab import RECORDED
from diagnose.report.formats.json_text import render_json
from diagnose.report.formats.schema import page
from diagnose.resources import folder

PUBLISHED = folder("reports") / "report.schema.json"
VALIDATOR = Draft202012Validator(json.loads(PUBLISHED.read_text("utf-8")))
RECORDINGS = sorted(RECORDED.glob("*.capture.json.gz"))


def test_the_file_is_current() -> None:
    assert PUBLISHED.read_text("utf-8") == page(), "run: make reference"
    Draft202012Validator.check_schema(VALIDATOR.schema)


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.name.partition(".")[0])
def test_every_recorded_report_is_valid(recording: Path) -> None:
    capture, packed = captures.load(recording)
    document = json.loads(render_json(pipeline.analyse(capture, rules.load_rules(), packed)))
    VALIDATOR.validate(document)
    assert list(document)[:4] == ["schema", "service", "capture", "verdict"]


@pytest.mark.parametrize(
    ("key", "value"),
    [("schema", "diagnose.report/2"), ("verdict", {}), ("findings", None), ("more", 1), ("measurements", {"x": {}})],
)
def test_what_is_no_report_is_refused(key: str, value: object) -> None:
    capture, packed = captures.load(RECORDINGS[0])
    document = json.loads(render_json(pipeline.analyse(capture, rules.load_rules(), packed)))
    assert not VALIDATOR.is_valid({**document, key: value})
