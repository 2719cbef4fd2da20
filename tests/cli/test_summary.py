"""The last words on the terminal: everything for a decision, on one screen, whatever was found."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from diagnose import pipeline, rules
from diagnose.capture import file as captures
from diagnose.cli._summary import summary
from diagnose.escape import columns
from diagnose.report.model import Culprit, Report
from tests.helpers.example_report import example_report
from tests.helpers.paths import RECORDED

CAPTURES = sorted(RECORDED.glob("*.capture.json.gz"))
FOLDER = Path("diagnose-demo-12345-service-20261122T165351Z")


@cache
def report_of(path: Path) -> Report:
    return pipeline.analyse(captures.load(path)[0], rules.load_rules())


def said(report: Report, folder: Path, width: int | None) -> str:
    return summary(report, folder / "report.md", folder / "report.json", width)


def fits(report: Report, width: int = 80) -> list[str]:
    """Return the lines, which fit a screen with its prompt; commands and paths are never cut."""
    lines = said(report, FOLDER, width).split("\n")
    for line in lines:
        assert columns(line) <= width or line.startswith(("next: ", "report: ", "verdict: ", "how sure: ")), line
    return lines


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name.split(".")[0])
def test_every_scenario_fits_one_screen(path: Path) -> None:
    report = report_of(path)
    lines = fits(report)
    assert len(lines) <= 23
    verdict = report.verdict
    assert lines[0].startswith(f"verdict: {verdict.rule if verdict.status == 'finding' else verdict.status}")
    for word in ("how sure: ", "report: ", "next: "):
        assert any(line.startswith(word) for line in lines)
    fits(report, 50)


def test_the_most_there_can_be_fits_one_screen() -> None:
    report = example_report()
    (finding,), (change,) = report.findings, report.recommendations
    culprits = [Culprit(cgroup=f"/{i}{'x' * 300}", share=0.1, cause="word " * 100) for i in range(9)]
    changes = [change.model_copy(update={"cgroup": f"/{i}{'x' * 300}", "reason": "word " * 100}) for i in range(9)]
    no_value = [change.model_copy(update={"value_bytes": None, "reason": "word " * 100})] * 9
    for recommendations in (changes, no_value):
        crowded = report.model_copy(
            update={
                "verdict": report.verdict.model_copy(update={"summary": "word " * 500}),
                "findings": [finding.model_copy(update={"culprits": culprits})],
                "recommendations": recommendations,
            }
        )
        assert len(fits(crowded)) <= 23


def test_it_answers_what_who_how_sure_what_to_do_and_what_it_costs() -> None:
    text = said(example_report(), Path("r"), None)
    assert text.splitlines() == [
        "verdict: page-cache-noisy-neighbour, high confidence",
        "  nightly-batch (/dg/batch) evicts the page cache of the service. nightly-batch (/dg/batch) pushed the page "
        "cache of svc out: it evicted 16,440 of its pages.",
        "who: nightly-batch (/dg/batch) (97.2 %): memcg-reclaim",
        "how sure: high: the kernel saw nightly-batch (/dg/batch) evict 16,440 pages of svc; nightly-batch (/dg/batch) "
        "added 99 % of all pages",
        "change 1: memory.high of nightly-batch (/dg/batch): no limit → 512 MiB (536,870,912 bytes)",
        "  effect: the service keeps its cache",
        "  risk: nightly-batch is throttled when it needs more anonymous memory",
        "report: r/report.md",
        "next: diagnose apply r/report.json --dry-run  # looks, changes nothing",
        "next: diagnose rules show page-cache-noisy-neighbour  # what this verdict rests on",
    ]


def test_a_number_stays_with_its_unit() -> None:
    report = example_report()
    report = report.model_copy(update={"verdict": report.verdict.model_copy(update={"summary": "12.5 % " * 60})})
    for width in range(40, 100):
        assert not any(line.strip().startswith("%") for line in said(report, FOLDER, width).split("\n"))


def test_a_folder_that_needs_quotes_gets_them() -> None:
    text = said(example_report(), Path("my reports"), None)
    assert "next: diagnose apply 'my reports/report.json' --dry-run" in text


def test_names_cannot_draw_on_the_terminal() -> None:
    hostile = example_report(names={"batch": "/x\x1b[2J\nverdict: healthy"})
    text = said(hostile, Path("r"), 80)
    assert "\x1b" not in text
    assert sum(line.startswith("verdict:") for line in text.splitlines()) == 1


def test_without_data_nothing_can_be_applied() -> None:
    assert "diagnose apply" not in summary(example_report(), Path("report.html"), None, None)
