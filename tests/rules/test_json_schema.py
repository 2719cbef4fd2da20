"""rules/rule.schema.json is what the code says; every shipped rule and every example is valid by it, as lint agrees."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from diagnose import resources
from diagnose.analysis.facts import FACTS
from diagnose.rules.json_schema import page
from diagnose.rules.yaml_files import parse
from tests.helpers.own_rules import ACCUSING, INHERITING, RULE, changed

FOLDER = resources.folder("rules")
VALIDATOR = Draft202012Validator(json.loads((FOLDER / "rule.schema.json").read_text()))
SHIPPED = sorted(FOLDER.rglob("*.yaml"))


def data(text: str) -> Any:
    return parse(text.encode(), Path("x.yaml")).data


def test_the_file_is_current() -> None:
    assert (FOLDER / "rule.schema.json").read_text() == page(), "run: make reference"
    Draft202012Validator.check_schema(VALIDATOR.schema)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: str(path.relative_to(FOLDER)))
def test_every_shipped_file_is_valid(path: Path) -> None:
    VALIDATOR.validate(data(path.read_text()))
    VALIDATOR.validate(yaml.safe_load(path.read_text()))  # as an editor reads it


@pytest.mark.parametrize(
    "text",
    [
        RULE,
        INHERITING,
        ACCUSING,
        changed("default: 0.1", "default: 10 %"),
        changed("{reads.missed_share: 0.5}", "{reads.missed_share: 50 %, reads.slow: 1+2x5, reads.p99: null}"),
        "overrides: healthy\nparameters: {slow_share: 0.1 %, p99: 0.5}",
        "parameters: {x: {unit: s, default: 5 ms, help: a reason}}",
        "conditions: {x: {shared: y}}",
    ],
)
def test_what_lint_takes_is_valid(text: str) -> None:
    VALIDATOR.validate(data(text))


@pytest.mark.parametrize(
    "text",
    [
        changed("when: {fact: reads.missed_share", "when: {fact: reads.mised_share"),
        changed("above: $most}\nmech", "above: 0.1}\nmech"),
        changed("above: $most}\nmech", "less_than: $most}\nmech"),
        changed("title:", "titel:"),
        changed("why: for the test\n", ""),
        changed("default: 0.1", "default: much"),
        changed("verdict: finding", "verdict: found"),
        changed("{reads.missed_share: 0.5}", "{neighbour.eviction_share: 0.5}"),
        ACCUSING.replace("share: neighbour.eviction_share", "share: reads.file_latency"),
        ACCUSING + "tests: [{name: x, neighbours: {/a: {reads.slow: 1}}, expect: {outcome: fires}}]",
        "overrides: healthy\nparameters: {}",
        "overrides: healthy\nparameters: {slow_share: yes please}",
        "overrides: healthy\nwhen: {}\nparameters: {slow_share: 1}",
        "conditions: {x: {fact: reads.slow}, y: {}}",
        "id: x",
    ],
)
def test_what_lint_refuses_is_marked(text: str) -> None:
    assert not VALIDATOR.is_valid(data(text))


def test_it_offers_every_fact_by_its_kind() -> None:
    offered = VALIDATOR.schema["$defs"]
    kinds = {"NumberFact": {"number", "series"}, "SeriesFact": {"series"}, "HistogramFact": {"histogram"}}
    for name, wanted in kinds.items():
        assert {FACTS[fact].kind for fact in offered[name]["enum"]} == wanted
        assert set(offered[name]["enum"]) == {fact for fact, spec in FACTS.items() if spec.kind in wanted}
