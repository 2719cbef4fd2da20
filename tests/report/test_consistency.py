"""What in a report could lead to a wrong action or contradicts itself, looked for in every recorded report."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from diagnose import units
from diagnose.lab import RECORDED
from tests.report.test_wording import EACH, TRACED, first_screen, markdown_of, measured, report_of


@EACH
def test_the_way_in_steps_is_shown_and_how_long_a_change_lasts(recording: Path) -> None:
    report, text = report_of(recording), markdown_of(recording)
    changes = [change for change in report.recommendations if change.value_bytes is not None]
    assert bool(changes) == ("\ndiagnose apply report.json\n" in text)
    for change in changes:
        assert change.lasts
        assert change.lasts in text
        assert "lowers it in steps" not in change.risk or "diagnose apply report.json lowers it in steps" in change.risk


@EACH
def test_no_advice_denies_a_value_that_is_recommended(recording: Path) -> None:
    report = report_of(recording)
    if any(change.value_bytes is not None for change in report.recommendations):
        for finding in report.findings:
            assert finding.advice is None or "cannot be computed" not in finding.advice.do, finding.rule


@TRACED
def test_what_else_took_a_noticeable_part_is_named_on_the_first_screen(recording: Path) -> None:
    report, numbers = report_of(recording), measured(recording)
    if not any(r.value_bytes is not None for r in report.recommendations) or not numbers["blame"]["by"]:
        return
    waited = [row["total_seconds"] for row in numbers["blame"]["by"] if row["cause"] == "proactive"]
    lost = numbers["evictions"]["of_service_by_pages"]["proactive"] / numbers["evictions"]["of_service_pages"]
    if max(lost, sum(waited) / numbers["blame"]["total_seconds"]) >= 0.05 and report.verdict.rule != "swap-thrash":
        assert f"proactive reclaim removed {units.percent(lost)}" in first_screen(recording)


@EACH
def test_a_row_that_fails_or_is_unknown_says_why(recording: Path) -> None:
    for finding in report_of(recording).findings:
        for row in finding.evidence:
            assert row.holds is not None or row.missing, row.condition
            if row.holds is False and "Cliff's delta" in row.condition and isinstance(row.measured, float):
                assert isinstance(row.threshold, float)
                assert row.measured < row.threshold, row


@EACH
def test_no_finding_accounts_for_next_to_nothing(recording: Path) -> None:
    shares = re.findall(r"\(accounts for ([\d.]+) % of the", report_of(recording).verdict.summary)
    assert all(float(share) >= 1 for share in shares)


@EACH
def test_cpus_that_add_up_to_more_than_there_are_are_explained(recording: Path) -> None:
    for finding in report_of(recording).findings:
        used = re.search(r"most CPU time was used by (.*?); the service itself used ([\d.]+)", finding.who or "")
        if used:
            others = [float(n) for n in re.findall(r"\(([\d.]+) of [\d.]+ CPUs?\)", used[1])]
            cpus = float(re.findall(r"of ([\d.]+) CPU", used[1])[0])
            assert (sum(others) + float(used[2]) > cpus) == ("more CPUs than there are" in (finding.who or ""))


SLIPS = (
    "none need be one", "; and would", "contained too: Under", "saw nothing to tell", "Of 0 slow reads", "so far;",
    "The other 1 ", "The other 0 ", "at least one (", "which is slow by itself", "nobody else was seen below it but",
)  # fmt: skip


@EACH
@pytest.mark.parametrize("slip", SLIPS)
def test_broken_sentences_are_gone(recording: Path, slip: str) -> None:
    assert slip not in markdown_of(recording)


@pytest.mark.parametrize(
    ("scenario", "said"),
    [
        (
            "idle-pages",
            "DAMON, not an agent that writes to memory.reclaim: of [\\d,]+ pages that it took",
        ),
        ("caches-dropped", "first [\\d.]+ s after the beginning, in 1 of 10 windows"),
        (
            "slow-device",
            r"a limit of the service's own holds it to 40 reads/s on vda .blkio.throttle.read_iops_dev",
        ),
        ("crowded-cpu", r"the service itself used [\d.]+"),
    ],
)
def test_who_and_when_as_far_as_the_numbers_tell(scenario: str, said: str) -> None:
    assert re.search(said, first_screen(RECORDED / f"{scenario}.capture.json.gz"))


@TRACED
def test_the_table_of_room_and_the_curve_agree(recording: Path) -> None:
    room = (measured(recording)["blame"] or {}).get("room")
    if not room:
        return
    assert room["curve"], "a curve without a point"
    for row in room["avoided"]:
        for point in room["curve"]:
            if units.size(point["more_bytes"]) == units.size(row["more_bytes"]):
                assert point["share"] >= row["share"], (row, point)
            assert point["more_bytes"] >= row["more_bytes"] or point["share"] < row["share"], (row, point)


def test_what_accounts_for_next_to_nothing_is_ruled_out_with_its_share() -> None:
    report = report_of(RECORDED / "reclaim-stall.capture.json.gz")
    assert "cold-reads" not in {finding.rule for finding in report.findings}
    (ruled,) = [r for r in report.ruled_out if r.rule == "cold-reads"]
    assert ruled.why.startswith("its conditions hold, but it accounts for 0 % of the time of the slow reads")


@TRACED
def test_the_share_of_time_in_slow_reads_is_one_figure_throughout(recording: Path) -> None:
    summary = report_of(recording).verdict.summary
    said = re.search(r"were slow \([^)]*\) and took ([\d.]+) % of the time in reads", summary)
    slow = measured(recording)["read_latency"]["modes"][1]["time_share"]
    assert said is None or f"{said[1]} %" == units.percent(slow)
