"""`diagnose demo`: known scenarios, a replay where nothing can be measured, and nothing run by mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnose import lab
from diagnose.capture import file as captures
from diagnose.capture.model import Capture
from diagnose.capture.redact import redact
from diagnose.cli import demo
from diagnose.errors import CannotMeasureError, UsageError
from diagnose.lab import SCENARIOS
from diagnose.measure import privileges
from diagnose.report.formats.delivery import Delivery, delivery
from diagnose.report.model import Report
from tests.helpers.example_report import example_capture

WANTED = delivery("there", ())


Delivered = list[tuple[Report, Capture, bytes, Delivery]]


@pytest.fixture
def delivered(monkeypatch: pytest.MonkeyPatch) -> Delivered:
    """Return what is delivered; nothing may be measured."""
    taken: Delivered = []

    def deliver(report: Report, capture: Capture, packed: bytes, wanted: Delivery) -> int:
        taken.append((report, capture, packed, wanted))
        return 1

    def measure(*_: object) -> int:
        raise AssertionError("nothing may be measured here")

    monkeypatch.setattr(demo, "deliver", deliver)
    monkeypatch.setattr(demo, "measure_and_report", measure)
    return taken


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def cannot() -> None:
        raise CannotMeasureError("measuring needs root")

    monkeypatch.setattr(privileges, "require_privileges", cannot)


def test_every_scenario_is_listed_with_what_to_expect() -> None:
    lines = demo.listing().splitlines()
    assert [line.split()[0] for line in lines] == list(SCENARIOS)
    for line, scenario in zip(lines, SCENARIOS.values(), strict=True):
        assert line.endswith(f"Expected: {scenario.expected}.")


def test_a_scenario_expects_a_rule_that_exists_or_health() -> None:
    from diagnose.rules import load_rules

    known = {rule.id for rule in load_rules()} | {"healthy"}
    assert {scenario.expected for scenario in SCENARIOS.values()} <= known


def test_an_unknown_scenario_is_refused_with_the_list() -> None:
    with pytest.raises(UsageError, match=r"no scenario 'nonsense'; there are: .*noisy-neighbour"):
        demo.run("nonsense", 30.0, WANTED)


def test_a_time_that_cannot_be_measured_is_refused_before_anything_is_set_up() -> None:
    for duration in (0.0, -1.0, float("nan"), 1e9):
        with pytest.raises(UsageError, match="--duration"):
            demo.run("noisy-neighbour", duration, WANTED)


@pytest.mark.usefixtures("refused")
def test_where_nothing_can_be_measured_a_recording_is_shown_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, delivered: Delivered, capsys: pytest.CaptureFixture[str]
) -> None:
    packed = captures.to_bytes(example_capture(windows=60))
    (tmp_path / "noisy-neighbour.capture.json.gz").write_bytes(packed)
    monkeypatch.setattr(lab, "RECORDED", tmp_path)
    assert demo.run("noisy-neighbour", 30.0, WANTED) == 3
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "diagnose: cannot measure here: measuring needs root"
    assert said[1].startswith("diagnose: REPLAY: ")
    ((report, _, replayed, output),) = delivered
    assert (replayed, output) == (packed, WANTED)
    assert report.verdict.status == "finding"


@pytest.mark.usefixtures("refused")
def test_without_a_recording_it_says_why_it_cannot_measure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, delivered: Delivered
) -> None:
    monkeypatch.setattr(lab, "RECORDED", tmp_path)
    with pytest.raises(CannotMeasureError, match="measuring needs root"):
        demo.run("noisy-neighbour", 30.0, WANTED)
    assert delivered == []


@pytest.mark.parametrize("recording", sorted(lab.RECORDED.glob("*.capture.json.gz")), ids=lambda p: p.name)
def test_a_shipped_recording_is_of_a_scenario_and_gets_the_verdict_it_is_to_get(recording: Path) -> None:
    from diagnose import pipeline, rules

    scenario = SCENARIOS[recording.name.removesuffix(".capture.json.gz")]
    report = pipeline.analyse(captures.load(recording)[0], rules.load_rules())
    assert (report.verdict.rule or report.verdict.status) in (scenario.expected, "healthy")


@pytest.mark.usefixtures("refused")
def test_a_replay_can_be_redacted(delivered: Delivered) -> None:
    demo.run("noisy-neighbour", 30.0, delivery("there", (), redacting=redact))
    ((report, capture, packed, _),) = delivered
    assert capture.redacted
    assert captures.parse(packed, "x") == capture
    assert report.service.cgroup == capture.service.cgroup == "/cgroup-1/cgroup-2"
