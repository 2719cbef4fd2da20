"""What a reader stumbles over, looked for in every recorded report: who is it, what to do, do the numbers agree."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from diagnose import pipeline, rules, units
from diagnose.analysis.facts import FACTS
from diagnose.capture import file as captures
from diagnose.cli._summary import summary
from diagnose.lab import RECORDED
from diagnose.report.formats.json_text import render_json
from diagnose.report.formats.markdown import render_markdown
from diagnose.report.model import Report
from tests.helpers.paths import WITHOUT_BPF

RECORDINGS = [*sorted(RECORDED.glob("*.gz")), *sorted(WITHOUT_BPF.glob("*.gz"))]


def _name(recording: Path) -> str:
    return recording.name.partition(".")[0] + ("-without-bpf" if recording.parent == WITHOUT_BPF else "")


EACH = pytest.mark.parametrize("recording", RECORDINGS, ids=_name)
TRACED = pytest.mark.parametrize("recording", [r for r in RECORDINGS if r.parent == RECORDED], ids=_name)

UNITS = {spec.unit for spec in FACTS.values()}
COUNTED = sorted({"conditions"} | {unit for unit in UNITS if unit.endswith("s") and unit not in ("s", "ns")})
MANY, ONE = "|".join(COUNTED), "|".join(map(units.singular, COUNTED))
SAID_OF = "(?:missed |slow |further |different |whole )?"
ONE_OF_MANY = re.compile(rf"(?<![\d.,])1 {SAID_OF}({MANY})\b")
"""A plural after 1: "1 pages", "1 further conditions"."""
WRONG_VERB = re.compile(
    rf"(?<![\d.,])1 ({SAID_OF}({ONE}) (were|are|do|have)|do|are|hold)\b"
    rf"|(?<![\d.,])(?!1 )\d[\d,.]* {SAID_OF}({MANY}) (was|is|does|has)\b"
)
NEEDS_A_FIGURE = re.compile(r"\d")


@cache
def report_of(recording: Path) -> Report:
    return pipeline.analyse(captures.load(recording)[0], rules.load_rules())


@cache
def markdown_of(recording: Path) -> str:
    return render_markdown(report_of(recording))


def first_screen(recording: Path) -> str:
    return markdown_of(recording).partition("## Over time")[0]


def measured(recording: Path) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(render_json(report_of(recording)))["measurements"]
    return parsed


@EACH
def test_nouns_and_verbs_go_with_their_numbers(recording: Path) -> None:
    for line in markdown_of(recording).splitlines():
        assert not ONE_OF_MANY.search(line), line
        assert not WRONG_VERB.search(line), line


@pytest.mark.parametrize(
    "slip",
    ["1 pages", "Of 1 missed reads", "1 further conditions", "1 page were read", "1 are unknown", "2 reads was"],
)
def test_the_slips_looked_for_are_found(slip: str) -> None:
    assert ONE_OF_MANY.search(slip) or WRONG_VERB.search(slip)


@EACH
def test_the_first_screen_says_what_who_how_sure_what_to_do_and_what_could_go_wrong(recording: Path) -> None:
    text = first_screen(recording)
    for part in ("- **What:** ", "- **Who:** ", "- **How sure:** ", "- **What to do", "  - Risk: "):
        assert part in text, part
    if report_of(recording).verdict.status == "finding":
        assert units.UNKNOWN not in text.partition("**How sure:**")[0]
    assert text.count("**What to do") <= text.count("  - Risk: ")


@EACH
def test_every_finding_says_whose_doing_it_is_and_advises_with_a_figure(recording: Path) -> None:
    for finding in report_of(recording).findings:
        assert bool(finding.culprits) != bool(finding.who), "culprits, or whose doing it is in words"
        assert finding.advice is not None
        assert NEEDS_A_FIGURE.search(finding.advice.do + finding.advice.risk), finding.advice
        assert units.UNKNOWN not in f"{finding.advice.do} {finding.advice.risk} {finding.who}"


def test_every_shipped_rule_says_whose_doing_it_is_and_what_to_do() -> None:
    for loaded in (*rules.load_rules(), *rules.load_rules().without_bpf()):
        then = loaded.rule.then
        assert then.culprits or then.who, loaded.id
        assert then.advice, loaded.id


@EACH
def test_the_terminal_says_the_same(recording: Path) -> None:
    report = report_of(recording)
    said = summary(report, Path("report.md"), None, None)
    assert report.verdict.summary in said
    for finding in report.findings[:1]:
        assert all(culprit.cgroup in said for culprit in finding.culprits)
    for text in (report.verdict.who, *(r.reason for r in report.recommendations[:2] if r.value_bytes is None)):
        assert text is None or text in said
    if not report.recommendations and report.verdict.advice is not None:
        assert report.verdict.advice.do in said
        assert report.verdict.advice.risk in said


@TRACED
def test_slow_is_one_threshold_throughout(recording: Path) -> None:
    reads = measured(recording)["read_latency"]
    threshold = units.duration(reads["slow_threshold_seconds"])
    text = markdown_of(recording)
    for said in re.findall(r"(?<=reads at )[\d.]+ [nµm]?s(?= or more\))", text):
        assert said == threshold
    for said in re.findall(r"(?<=slow: from )[\d.]+ [nµm]?s(?= on)", text):
        assert said == threshold


@TRACED
def test_files_have_shares_of_what_was_missed_and_no_counts_of_another_population(recording: Path) -> None:
    numbers = measured(recording)["read_latency"]
    for key in ("missed_share", "time_share"):
        shares = [f[key] for f in numbers["files"] if f[key] is not None]
        assert sum(shares) <= 1 + 1e-6, key
    _, _, section = markdown_of(recording).partition("### Files that the reads waited for")
    rows = [line for line in section.partition("##")[0].splitlines() if line.startswith("| `")]
    assert bool(rows) == bool(numbers["files"])
    assert all(re.fullmatch(r"\| .* \| ([\d.]+ %|–) \| ([\d.]+ %|–) \|", row) for row in rows), rows


@TRACED
def test_more_pages_came_back_than_went_only_where_that_is_explained(recording: Path) -> None:
    numbers, report = measured(recording), report_of(recording)
    lost, blame = numbers["evictions"]["of_service_pages"], numbers["blame"]
    back, before = blame["cross_check"]["kernel_pages"], blame["evicted_before_capture_pages"]
    assert blame["cross_check"]["seen_pages"] <= lost + numbers["evictions"]["of_service_by_pages"]["truncated"]
    if f"{units.pages(back)} again" in report.verdict.summary:
        assert ("of them evicted before the capture began" in report.verdict.summary) == bool(before)
        traffic, service = numbers["page_cache"]["cgroups"], report.service.cgroup
        entered = sum(row["inserted_pages"] for row in traffic if row["cgroup"] == service)
        assert ("comes up to 2 s late" in report.verdict.summary) == (back > entered)
    if not blame["not_evicted_during_capture_reads"]:
        assert not before, "every read waited for a page evicted during the capture"


@TRACED
def test_no_age_is_absurd_and_no_percentage_beyond_reading(recording: Path) -> None:
    text = markdown_of(recording)
    assert not re.search(r"\b0 s to \d|(?<![\d.])1 ns\b", text)
    assert not re.search(r"\d,\d{3} %", text)


@TRACED
def test_a_high_verdict_is_not_taken_back_further_down(recording: Path) -> None:
    check = measured(recording)["blame"]["cross_check"]["verdict"]
    assert "doubtful" not in check, "of what the kernel cannot count nothing is doubtful"
    assert "distrust" not in markdown_of(recording)


def test_the_services_own_part_in_the_evictions_is_told() -> None:
    recording = RECORDED / "neighbour-memory.capture.json.gz"
    evictions, report = measured(recording)["evictions"], report_of(recording)
    own = evictions["of_service_by_pages"]["self"] / evictions["of_service_pages"]
    for share in (report.findings[0].culprits[0].share, own):
        assert units.percent(share) in report.verdict.summary


@pytest.mark.parametrize(
    ("scenario", "named"),
    [
        ("contended-device", r"less of vda, .* the [\d,]+ requests/s that it made"),
        ("slow-device", r"Raise the I/O limit that was reached.* holds it to \d+ reads/s on vda"),
        ("slow-device", r"Who:\*\* the service itself, at an I/O limit of its own"),
        ("slow-device", r"Risk: .* from others: on vda they made [\d,]+ of [\d,]+ requests"),
        ("crowded-cpu", r"in at least [\d.]+ % of the capture a task waited while one of the 2 CPUs ran none"),
        ("crowded-cpu", r"1: see which CPUs the service and /diagnose-demo-1/batch may use"),
        ("crowded-cpu", r"2: raise cpu\.shares of /diagnose-demo-1/service from .* of /diagnose-demo-1/batch"),
        ("cpu-quota", r"all CPU time used came to [\d.]+ of 2 CPUs\. .*tells nothing of others"),
        ("caches-dropped", r"Who else:\*\* proactive reclaim, [\d.]+ %"),
        ("dirty-pages", r"Gain: at most the \d+ pauses, [\d.]+ s in all"),
        ("slow-peers", r"795 of sockets took .* and 795 of pipes took"),
        ("cold-reads", r"the commands find it by its inode"),
        ("reclaim-stall", r"Risk: .* The way back makes the kernel reclaim at once .* refuses it \(EBUSY\)"),
        ("dirty-pages", r"what stops it is how much may be dirty: loop\d+ may hold"),
        ("dirty-pages", r"to another device: the pauses took [\d.]+ % of the capture"),
        ("reclaim-stall", r"memory\.\w+ of /diagnose-demo-1 \(96 MiB\), hit [\d,]+ times"),
        ("cpu-quota", r"(about [\d.]+ CPUs more would have|would have used at most about [\d.]+ CPUs)"),
        ("crowded-cpu", r"\*\*Who:\*\* .*(most CPU time was used by /|who was not measured: .* shows it)"),
        ("too-little-memory", r"memory\.\w+ of /diagnose-demo-1 \(156 MiB\), .* was hit [\d,]+ times"),
    ],
)
def test_devices_limits_quotas_and_users_are_named(scenario: str, named: str) -> None:
    assert re.search(named, first_screen(RECORDED / f"{scenario}.capture.json.gz"))


def test_where_all_reads_waited_no_second_population_is_claimed() -> None:
    recording = RECORDED / "cold-reads.capture.json.gz"
    assert measured(recording)["read_latency"]["slow_threshold_basis"] == "waiting"
    assert "tenfold" not in render_markdown(report_of(recording))


def test_an_upper_bound_of_different_pages_is_called_one() -> None:
    capture = captures.load(RECORDED / "noisy-neighbour.capture.json.gz")[0]
    assert capture.blame is not None
    forgetful = capture.model_copy(update={"blame": capture.blame.model_copy(update={"remembered_pages": 1000})})
    exact, bound = (render_markdown(pipeline.analyse(c, rules.load_rules())) for c in (capture, forgetful))
    assert re.search(r"that came back \([\d,]+ of them different ones\)", exact)
    assert re.search(r"that came back \(at most [\d,]+ of them different ones\)", bound)
