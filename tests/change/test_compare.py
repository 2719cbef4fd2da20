"""The verdict on a change: four words, and the cases in which there is none."""

from __future__ import annotations

import json

import pytest
from markdown_it import MarkdownIt
from pydantic import ValidationError

from diagnose.change.compare import Comparison, compare
from diagnose.change.model import Change, ChangedHost, ChangedService, ChangeRecord, Neighbour, Side
from diagnose.change.side import side_of
from diagnose.change.verify import judge
from diagnose.change.verify_text import as_json, as_markdown, sentence
from diagnose.errors import CannotMeasureError
from diagnose.report.digest import digest
from tests.helpers.example_report import example_capture, example_report

RULE = "page-cache-noisy-neighbour"


def side(share: float, reads: int = 10_000, inserted: int | None = 50_000, windows: int = 60) -> Side:
    """Return a side whose slow reads come in the first four of every seven windows."""
    slow = [round(reads * share * 7 / 4) * (1 + w % 3) // 2 if w % 7 < 4 else 0 for w in range(windows)]
    return Side(
        start="2026-03-08T02:59:30Z",
        seconds=float(windows),
        windows=windows,
        points=windows,
        slow_threshold_seconds=0.0001,
        file_reads=reads * windows,
        slow_reads=sum(slow),
        p50_seconds=2e-6,
        p90_seconds=3e-6,
        p99_seconds=0.001 if share > 0.01 else 5e-6,
        p999_seconds=0.002,
        hit_ratio=1 - share,
        evicted_by_others_pages=sum(slow),
        file_reads_series=[reads] * windows,
        slow_reads_series=slow,
        p99_seconds_series=[0.001 if s else 5e-6 for s in slow],
        neighbours=[Neighbour(cgroup="/dg/batch", inserted_pages=inserted)],
    )


def record(
    before: Side | None, name: str = "svc", cgroup: str = "/dg/batch", known: str = "nightly-batch"
) -> ChangeRecord:
    change = Change(
        cgroup=cgroup, cgroup_id=12, setting="memory.high", manager="files", before_bytes=None, before_text="max\n",
        after_bytes=1 << 28, steps_bytes=[1 << 28], because="it evicts", name=known,
    )  # fmt: skip
    return ChangeRecord(
        tool_version="0.1.0",
        created="2026-03-08T03:10:00Z",
        state="applied",
        persistent=False,
        host=ChangedHost(hostname="db1", boot_id="b", cgroup_version=2),
        service=ChangedService(name=name, cgroup="/dg/svc", cgroup_id=11),
        report="sha256:0",
        rule=RULE,
        changes=[change],
        window_seconds=1.0,
        before=before,
    )


@pytest.mark.parametrize(
    ("before", "after", "fires", "verdict"),
    [
        (0.02, 0.0005, False, "fixed"),
        (0.02, 0.0005, True, "better"),
        (0.02, 0.0005, None, "better"),
        (0.02, 0.010, False, "better"),
        (0.02, 0.02, True, "no change"),
        (0.02, 0.0195, True, "no change"),
        (0.004, 0.03, True, "worse"),
        (0.0, 0.02, None, "worse"),
        (0.0, 0.0, False, "no change"),
    ],
)
def test_the_four_words(before: float, after: float, fires: bool | None, verdict: str) -> None:
    assert compare(side(before), side(after), RULE, fires).verdict == verdict


def test_what_makes_no_symptom_any_more_is_fixed_if_the_rule_is_silent() -> None:
    less = side(0.02), side(0.006)
    assert compare(*less, RULE, False, healthy=False).verdict == "better"
    assert compare(*less, RULE, False, healthy=True).verdict == "fixed"
    assert compare(*less, RULE, True, healthy=True).verdict == "better"
    assert compare(side(0.02), side(0.0199), RULE, False, healthy=True).verdict == "no change"


def test_who_still_evicts_is_said() -> None:
    after = side(0.0005).model_copy(update={"evicted_by_pages": {"neighbours": 0, "proactive": 1116, "self": 4}})
    text = markdown(compare(side(0.02), after, RULE, False))
    assert "1,120 pages of it evicted (1,116 by proactive reclaim, 4 by the service itself) in 60 s" in text
    assert "| its pages evicted by proactive reclaim, a second | unknown | 18.6 |" in text
    assert "What is left" not in markdown(compare(side(0.02), side(0.0005), RULE, False))


def test_one_slow_read_after_none_is_not_worse() -> None:
    after = side(0.0)
    after = after.model_copy(update={"slow_reads_series": [1, *after.slow_reads_series[1:]], "slow_reads": 1})
    assert compare(side(0.0), after, None, None).verdict == "no change"


@pytest.mark.parametrize(
    ("after", "match"),
    [
        (side(0.0, reads=1), "only 60 file reads after"),
        (side(0.0, reads=2000), "0.2 times as often"),
        (side(0.0, reads=50_000), "5 times as often"),
        (side(0.0, inserted=100), "/dg/batch was hardly at work"),
        (side(0.0, windows=6), "too few windows"),
    ],
)
def test_what_is_not_alike_is_not_compared(after: Side, match: str) -> None:
    with pytest.raises(CannotMeasureError, match=match):
        compare(side(0.02), after, RULE, False)


def test_the_load_and_the_interval_are_stated() -> None:
    comparison = compare(side(0.02), side(0.0005, reads=9000), RULE, False)
    text = sentence(comparison)
    assert text.startswith("fixed: p99 1 ms → 5 µs; slow reads 2.")
    assert "95 % interval −" in text
    assert "10 % fewer reads a second" in text


def test_a_report_gives_a_side_and_the_same_capture_changes_nothing() -> None:
    capture = example_capture()
    before = side_of(example_report(capture), ["/dg/batch"])
    assert before is not None
    assert before.neighbours[0].inserted_pages == 40 * 20_000
    comparison = judge(record(before), before, example_report(capture), capture)
    assert comparison.verdict == "no change"
    assert comparison.slow_share.value == 0
    assert comparison.load_ratio == 1
    assert comparison.rule_still_fires is True


def test_a_service_that_is_protected_is_no_neighbour_of_its_own() -> None:
    """It brings in far less once its pages stay: that is the effect, and no sign of idleness."""
    side = side_of(example_report(), ["/dg/batch", "/dg/svc", "/dg", "/dg/svc/worker"])
    assert side is not None
    assert [n.cgroup for n in side.neighbours] == ["/dg/batch"]


@pytest.mark.parametrize("measurements", [{}, {"read_latency": None}, {"read_latency": {"series": 3}, "capture": []}])
def test_a_report_without_reads_has_no_side(measurements: dict[str, object]) -> None:
    assert side_of(example_report(measurements=measurements), []) is None


def markdown(comparison: Comparison, **names: str) -> str:
    return as_markdown(comparison, record(comparison.before, **names), "change-20260308T031000Z.json")


def test_the_ticket() -> None:
    comparison = compare(side(0.02), side(0.0005), RULE, False, notes=("Stopped early: 5 of 6 windows were measured.",))
    text = markdown(comparison)
    for line in (
        "# After the change: fixed",
        "**p99 of file reads: 1 ms → 5 µs.**",
        "- In `nightly-batch` (`/dg/batch`), `memory.high`: no limit → **256 MiB (268,435,456 bytes)**",
        "| p99 of file reads | 1 ms | 5 µs |",
        "Rule `page-cache-noisy-neighbour` afterwards: does not fire.",
        "Stopped early: 5 of 6 windows were measured.",
        "diagnose rollback -- change-20260308T031000Z.json",
    ):
        assert line in text
    document = json.loads(as_json(comparison, record(comparison.before)))
    assert document["verdict"] == "fixed"
    assert document["digest"] == digest(document)


@pytest.mark.parametrize("name", ["a|b\n# x", "<script>", "`` ` ```", "[x](http://e)"])
def test_no_name_breaks_the_ticket(name: str) -> None:
    before = side(0.02).model_copy(update={"neighbours": [Neighbour(cgroup=name, inserted_pages=50_000)]})
    text = markdown(compare(before, before, RULE, False), name=name, cgroup=name, known=name)
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    plain = (
        MarkdownIt("commonmark")
        .enable("table")
        .parse(markdown(compare(side(0.02), side(0.02), RULE, False), name="n", cgroup="n", known="n"))
    )
    assert [(t.type, t.tag) for t in tokens] == [(t.type, t.tag) for t in plain]


@pytest.mark.parametrize(
    "changes",
    [
        {"points": 61},
        {"file_reads_series": []},
        {"p99_seconds_series": [0.001]},
        {"slow_threshold_seconds": 1e308},
        {"seconds": 1e308},
        {"windows": 10**400},
        {"p50_seconds": 1e300},
    ],
)
def test_a_side_that_no_capture_has_is_no_side(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Side.model_validate(side(0.02).model_dump() | changes)
