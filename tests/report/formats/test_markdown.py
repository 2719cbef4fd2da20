"""The report: golden text, hostile names, and what it says when there is little or nothing to say."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from diagnose import escape
from diagnose.capture.model import Capture, CgroupRecord, ProbeRecord
from diagnose.capture.tables import Cache, CgroupSamples, Evictions, Samples
from diagnose.report.charts.files import FILES
from diagnose.report.charts.which import which
from diagnose.report.formats.json_text import render_json
from diagnose.report.formats.markdown import render_markdown
from diagnose.report.formats.reproduce import reproduce
from diagnose.report.measurements.build import measure
from diagnose.report.measurements.frame import MAX_POINTS, TOP
from diagnose.report.measurements.model import Measurements
from diagnose.report.model import Report, Verdict
from tests.helpers.example_report import NAMES, example_capture, example_report

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
HOSTILE = (
    "a|b <script>alert(1)</script>",
    "x\n# heading\n- item\n\n```\n<b>",
    "`` ` ``` `",
    "[click](javascript:alert(1)) ![i](http://e) <http://e>",
    "\x1b[31mred\x07 \u202egnp.exe\u2066 \u200b",
    *("# lead", "- lead", "1. lead", "> lead", "+ lead", "=== ", "    code", "~~~", "***bold*** __b__ ~~s~~"),
    *("trailing\\", "back\\|slash|", "`a|b`", "\\", "|", "", " ", "&lt;&amp;&#124;", "$x$ @you #1"),
    "名前" * 300,
    "\ud7ff\ufeff\U000e0041",
)
INLINE_SPECIALS = st.text(st.sampled_from("`|\\<>[]()!*_~#-+=.1&\n\r\t \x1b\u202eaü$:/"), max_size=30)


def flat(tokens: list[Token]) -> list[Token]:
    return [inner for token in tokens for inner in (token, *flat(token.children or []))]


def blocks(text: str) -> list[tuple[str, str]]:
    """Return the structure of a Markdown text: its blocks with their tags, and how many commands it shows."""
    return [(t.type, t.tag) for t in PARSER.parse(text)]


def assert_harmless(text: str) -> None:
    """Assert that nothing is active but links to our own pictures, and that all can be seen."""
    tokens = flat(PARSER.parse(text))
    assert not [t for t in tokens if "html" in t.type or t.type.startswith(("em_", "s_", "strike"))]
    assert {t.attrs["href"] for t in tokens if t.type == "link_open"} <= set(FILES)
    assert {t.attrs["src"] for t in tokens if t.type == "image"} <= set(FILES)
    assert all(c in "\n" or escape.visible(c) == c for c in text)


def hostile_report(name: str) -> Report:
    names = dict.fromkeys(NAMES, name)
    capture = example_capture(windows=25, requested=25, names={k: v for k, v in names.items() if k != "text"})
    return example_report(capture, names=names)


def test_the_pictures_fit_any_ticket() -> None:
    fenced = [
        t.content for t in PARSER.parse(render_markdown(example_report())) if t.type == "fence" and t.info == "text"
    ]
    assert len(fenced) == 2
    assert max(len(line) for content in fenced for line in content.split("\n")) <= 100


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_breaks_the_report(name: str) -> None:
    report = hostile_report(name)
    text = render_markdown(report, which(report))
    assert_harmless(text)
    plain = blocks(render_markdown(hostile_report("n"), which(hostile_report("n"))))
    assert set(blocks(text)) == set(plain)
    change = report.recommendations[0]
    shown = [*change.commands, *change.undo, *reproduce(report)]
    notes = sum(escape.visible(command) != command for command in shown)  # a sentence below each, 3 tokens
    assert len(blocks(text)) == len(plain) + 3 * notes


@settings(max_examples=300, deadline=None)
@given(st.one_of(INLINE_SPECIALS, st.text(max_size=60)))
def test_a_name_stays_inside_its_place(name: str) -> None:
    for place in ("{prose}", "# {prose}\n\n{code}", "- {prose}: {code}", "**{prose}** and {code}."):
        template = place.replace("{prose}", "{0}").replace("{code}", "{1}")
        text = template.format(escape.prose(f"x {name}"), escape.code(name))
        assert_harmless(text)
        assert blocks(text) == blocks(template.format("x", "`x`"))
    row = "| A | B | C |\n|---|---|---|\n| {} | {} | end |\n"
    tokens = PARSER.parse(row.format(escape.prose(name), escape.cell(name)))
    assert [(t.type, t.tag) for t in tokens] == blocks(row.format("x", "x"))
    assert [t.content for t in tokens if t.type == "inline"][-1] == "end"
    assert_harmless(row.format(escape.prose(name), escape.cell(name)))


@settings(max_examples=300, deadline=None)
@given(st.one_of(INLINE_SPECIALS, st.text(max_size=60)))
def test_the_text_for_a_picture_holds_any_name(name: str) -> None:
    text = f"{escape.image(f'read by {name}', *FILES[:2])}\n\nafter\n"
    tokens = PARSER.parse(text)
    assert blocks(text) == blocks("x\n\nafter\n")
    assert [t.type for t in tokens[1].children or []] == ["link_open", "image", "link_close"]
    assert_harmless(text)


@settings(max_examples=300, deadline=None)
@given(st.one_of(INLINE_SPECIALS, st.text(max_size=60)))
def test_a_paragraph_may_begin_with_a_name(name: str) -> None:
    text = f"before\n\n{escape.prose(name) or 'x'}\n\nafter\n"
    assert blocks(text) == blocks("before\n\nx\n\nafter\n")
    assert_harmless(text)


@given(st.one_of(INLINE_SPECIALS, st.text(max_size=60)))
def test_a_fence_holds_its_content(text: str) -> None:
    tokens = PARSER.parse(f"{escape.fence(text)}\n\nafter\n")
    assert [t.type for t in tokens] == ["fence", "paragraph_open", "inline", "paragraph_close"]
    assert tokens[0].content == "\n".join(map(escape.visible, text.split("\n"))) + "\n"


@given(st.text(max_size=400))
def test_a_name_can_be_read_back_from_its_code_span(name: str) -> None:
    shown = [t for t in flat(PARSER.parse(str(escape.code(name)))) if t.type == "code_inline"]
    assert (
        not name.strip()
        or not escape.visible(name).strip()
        or shown[0].content.strip() == escape.shortened(name).strip()
    )


def test_what_cannot_be_seen_is_spelled_out() -> None:
    assert escape.visible("a\nb\x1b[0m\u202ec\u00a0") == "a␤b\\x1b[0m\\u202ec\\xa0"
    assert str(escape.cell("a|b")) == "`a\\|b`"
    assert "javascript" in str(escape.prose("[x](javascript:0)"))


def test_rendering_is_repeatable_and_json_holds_the_whole_report() -> None:
    report = example_report()
    text = render_json(report)
    assert render_json(Report.model_validate_json(text)) == text
    assert render_markdown(Report.model_validate_json(text)) == render_markdown(report)
    assert text.endswith("}\n")
    keys = list(json.loads(text))
    assert keys[0] == "schema"
    assert keys[1:4] == ["service", "capture", "verdict"]


def quiet(status: Any, capture: Capture, **changes: Any) -> str:
    verdict = Verdict(status=status, rule=None, confidence="medium", summary="Nothing stands out.")
    none: dict[str, Any] = {"findings": [], "ruled_out": [], "unknown": [], "not_measured": [], "recommendations": []}
    text = render_markdown(example_report(capture, verdict=verdict, **{**none, **changes}))
    assert_harmless(text)
    assert "None" not in text
    return text


def test_a_healthy_report_has_no_empty_section() -> None:
    text = quiet("healthy", example_capture(windows=15, requested=15))
    assert "**Healthy: no finding**" in text
    assert "no change is suggested." in text
    assert "diagnose apply" not in text
    tokens = PARSER.parse(text)
    following = [tokens[i + 1].type for i, t in enumerate(tokens[:-1]) if t.type == "heading_close"]
    assert "heading_open" not in following


def test_nothing_measured_is_said_as_such() -> None:
    empty = CgroupSamples(), Samples()
    probes = [ProbeRecord(probe="reads", attached=False, reason="no BTF")]
    capture = example_capture(
        windows=0, requested=120, probes=probes, cgroups=[], cgroup_samples=empty[0], host_samples=empty[1]
    )
    numbers = measure(capture)
    assert [numbers.read_latency, numbers.block_latency, numbers.evictions, numbers.cgroups] == [None] * 4
    text = quiet("inconclusive", capture)
    for line in ("**Inconclusive**", "Reads were not measured.", "Evictions were not measured.", "No cgroup was read.",
                 "Not one whole window was measured.", "Stopped after 0 of 120 s"):  # fmt: skip
        assert line in text


def test_attached_but_silent_is_zero_and_not_unknown() -> None:
    silent = example_capture(windows=0, requested=120)
    assert measure(silent).read_latency is None  # not one window was watched
    capture = silent.model_copy(update={"windows": 5})
    numbers = measure(capture)
    assert numbers.read_latency is not None
    assert numbers.evictions is not None
    assert numbers.read_latency.file_reads == 0
    assert numbers.evictions.total_pages == 0
    text = quiet("inconclusive", capture)
    assert "The service made no read calls during the capture." in text
    assert "No block request completed during the capture." in text


def test_measurements_missing_from_a_report_are_left_out() -> None:
    assert "Reads were not measured." in render_markdown(example_report(measurements={}))


def test_an_interrupted_capture_says_so() -> None:
    assert "**Stopped after 20 of 120 s**" in quiet("healthy", example_capture(windows=20, requested=120))


def test_losses_are_on_the_first_screen_and_in_their_section() -> None:
    text = quiet("healthy", example_capture(lost={"evictions: map full": 1234}))
    assert text.index("Lost: 1,234 events") < text.index("## Over time")
    assert "- `evictions: map full`: 1,234 events not counted." in text


def test_the_numbers() -> None:
    numbers: Any = measure(example_capture(), 0.0002)
    reads, cache, evictions = numbers.read_latency, numbers.page_cache, numbers.evictions
    assert reads.slow_reads == sum(mode.missed for mode in reads.modes) == sum(reads.series.slow_reads)
    assert cache.service.hit_ratio == pytest.approx(1 - 3760 / 349_480, rel=1e-5)
    assert sum(evictions.by_cause_pages.values()) == evictions.total_pages
    assert evictions.of_service_pages == 40 * (400 + 10 + 1 + 1) + 440
    assert sum(evictions.of_service_by_pages.values()) == evictions.of_service_pages + 40
    assert evictions.matrix[0].evictor == "/dg/batch"
    assert sum(part.pages for part in evictions.kswapd_apportioned) == 400
    assert numbers.pressure.host_counters == {"pgscan_direct": 360}
    assert numbers.cgroups.list[0].is_service
    assert numbers.blame is None
    assert Measurements.model_validate_json(numbers.model_dump_json()) == numbers, "floats are rounded once"


def test_a_culprit_with_workers_is_drawn_as_one() -> None:
    capture = example_capture(windows=4, requested=4)
    workers = [CgroupRecord(id=50, path="/dg/batch/w1"), CgroupRecord(id=51, path="/dg/batch/w2")]
    pages = {"inserted": [100, 23], "looked_up": None, "missed": None, "dirtied": None}
    cache = Cache(window=[1, 1], cgroup=[50, 51], **pages)
    text = render_markdown(
        example_report(capture.model_copy(update={"cgroups": [*capture.cgroups, *workers], "cache": cache}))
    )
    panel = text[text.index("brought into the cache by nightly-batch (pages; each window)") :]
    assert panel.split("\n")[1].startswith("  123 |")


def test_an_absurd_hit_ratio_is_refused() -> None:
    capture = example_capture()
    absurd = capture.read_totals.model_copy(update={"missed_pages": [0] * len(capture.read_totals.window)})
    capture = capture.model_copy(update={"read_totals": absurd})
    cache = measure(capture).page_cache
    assert cache is not None
    assert cache.service is not None
    assert (cache.service.hit_ratio, cache.service.hit_ratio_refused) == (None, "no-page-missed")
    assert "two counters disagree: 3760 reads missed, yet no page did" in quiet("healthy", capture)


def test_a_long_capture_on_a_large_host_is_merged_and_quick() -> None:
    windows, cgroups = 3600, 300
    n = windows * cgroups
    window, ids = [i // cgroups for i in range(n)], [100 + i % cgroups for i in range(n)]
    many = {
        "cache": Cache(window=window, cgroup=ids, looked_up=None, missed=None, inserted=[3] * n, dirtied=None),
        "evictions": Evictions(window=window, evictor=ids, victim=[11] * n, cause=["memcg-reclaim"] * n, pages=[1] * n),
    }
    capture = example_capture(windows=3, requested=3).model_copy(
        update={"windows": windows, "requested_windows": windows, **many}
    )
    begin = time.perf_counter()
    numbers: Any = measure(capture)
    assert time.perf_counter() - begin < 15
    assert numbers.capture.points == MAX_POINTS
    assert numbers.capture.windows_per_point == 6
    assert len(numbers.evictions.series.of_service_by_others_pages) == MAX_POINTS
    assert sum(numbers.evictions.series.of_service_by_others_pages) == n
    assert len(numbers.evictions.matrix) == TOP
    assert numbers.evictions.matrix_omitted_rows == cgroups - TOP
    assert numbers.page_cache.cgroups[0].looked_up_pages is None
    assert "Each value stands for 6 windows" in quiet("healthy", capture)
