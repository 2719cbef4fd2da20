"""`diagnose demo`: known scenarios, a replay where nothing can be measured, and nothing run by mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnose.capture import file as captures
from diagnose.capture.model import Capture
from diagnose.capture.redact import redact
from diagnose.cli import demonstration
from diagnose.errors import CannotMeasureError, UsageError
from diagnose.lab import SCENARIOS
from diagnose.report.formats.delivery import Delivery, delivery
from diagnose.report.model import Report
from tests.helpers.example_report import example_capture

WANTED = delivery("there", ())


class Spy:
    """Stands in for what measures, delivers and speaks."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.delivered: list[tuple[Report, Capture, bytes, Delivery]] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    def deliver(self, report: Report, capture: Capture, packed: bytes, wanted: Delivery) -> int:
        self.delivered.append((report, capture, packed, wanted))
        return 1

    def measure(self, *_: object) -> int:
        raise AssertionError("nothing may be measured here")

    def run(self, scenario: str, duration: float = 30.0, wanted: Delivery = WANTED) -> int:
        return demonstration.run(scenario, duration, wanted, self.measure, self.deliver, self.say)


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def cannot() -> None:
        raise CannotMeasureError("measuring needs root")

    monkeypatch.setattr(demonstration, "require_privileges", cannot)


def test_every_scenario_is_listed_with_what_to_expect() -> None:
    lines = demonstration.listing().splitlines()
    assert [line.split()[0] for line in lines] == list(SCENARIOS)
    for line, scenario in zip(lines, SCENARIOS.values(), strict=True):
        assert line.endswith(f"Expected: {scenario.expected}.")


def test_a_scenario_expects_a_rule_that_exists_or_health() -> None:
    from diagnose.rules import load_rules

    known = {rule.id for rule in load_rules()} | {"healthy"}
    assert {scenario.expected for scenario in SCENARIOS.values()} <= known


def test_an_unknown_scenario_is_refused_with_the_list() -> None:
    with pytest.raises(UsageError, match=r"no scenario 'nonsense'; there are: .*noisy-neighbour"):
        Spy().run("nonsense")


def test_a_time_that_cannot_be_measured_is_refused_before_anything_is_set_up() -> None:
    for duration in (0.0, -1.0, float("nan"), 1e9):
        with pytest.raises(UsageError, match="--duration"):
            Spy().run("noisy-neighbour", duration)


@pytest.mark.usefixtures("refused")
def test_where_nothing_can_be_measured_a_recording_is_shown_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = captures.to_bytes(example_capture(windows=60))
    (tmp_path / "noisy-neighbour.capture.json.gz").write_bytes(packed)
    monkeypatch.setattr(demonstration, "RECORDED", tmp_path)
    spy = Spy()
    assert spy.run("noisy-neighbour") == 3
    assert any("cannot measure here: measuring needs root" in text for text in spy.said)
    assert any(text.startswith("REPLAY: ") for text in spy.said)
    ((report, _, delivered, output),) = spy.delivered
    assert (delivered, output) == (packed, WANTED)
    assert report.verdict.status == "finding"


@pytest.mark.usefixtures("refused")
def test_without_a_recording_it_says_why_it_cannot_measure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demonstration, "RECORDED", tmp_path)
    spy = Spy()
    with pytest.raises(CannotMeasureError, match="measuring needs root"):
        spy.run("noisy-neighbour")
    assert spy.delivered == []


@pytest.mark.parametrize("recording", sorted(demonstration.RECORDED.glob("*.capture.json.gz")), ids=lambda p: p.name)
def test_a_shipped_recording_is_of_a_scenario_and_gets_the_verdict_it_is_to_get(recording: Path) -> None:
    from diagnose import pipeline, rules

    scenario = SCENARIOS[recording.name.removesuffix(".capture.json.gz")]
    report = pipeline.analyse(captures.load(recording)[0], rules.load_rules())
    assert (report.verdict.rule or report.verdict.status) in (scenario.expected, "healthy")


@pytest.mark.usefixtures("refused")
def test_a_replay_can_be_redacted() -> None:
    spy = Spy()
    spy.run("noisy-neighbour", wanted=delivery("there", (), redacting=redact))
    ((report, capture, packed, _),) = spy.delivered
    assert capture.redacted
    assert captures.parse(packed, "x") == capture
    assert report.service.cgroup == capture.service.cgroup == "/cgroup-1/cgroup-2"
