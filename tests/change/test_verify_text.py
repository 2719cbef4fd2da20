"""A comparison in words: a line for the terminal, a ticket, and the same figures as data."""

from __future__ import annotations

import json

import pytest
from markdown_it import MarkdownIt

from diagnose.change.compare import Comparison, ServiceRecreated, StoppedEarly, compare
from diagnose.change.model import Neighbour
from diagnose.change.verify_text import as_json, as_markdown, note_text, sentence
from diagnose.report.digest import digest
from tests.helpers.change_record import RULE, change_record, figures


def markdown(comparison: Comparison, **names: str) -> str:
    return as_markdown(comparison, change_record(comparison.before, **names), "change-20260308T031000Z.json")


def test_the_ticket() -> None:
    comparison = compare(figures(0.02), figures(0.0005), RULE, False, notes=(StoppedEarly(5, 6),))
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
    document = json.loads(as_json(comparison, change_record(comparison.before)))
    assert document["verdict"] == "fixed"
    assert document["digest"] == digest(document)
    assert document["notes"] == ["Stopped early: 5 of 6 windows were measured."]


def test_a_service_that_was_restarted_began_with_no_cache() -> None:
    assert note_text(ServiceRecreated()).endswith("it was restarted, and began with no cache.")


@pytest.mark.parametrize("name", ["a|b\n# x", "<script>", "`` ` ```", "[x](http://e)"])
def test_no_name_breaks_the_ticket(name: str) -> None:
    before = figures(0.02).model_copy(update={"neighbours": [Neighbour(cgroup=name, inserted_pages=50_000)]})
    text = markdown(compare(before, before, RULE, False), name=name, cgroup=name, known=name)
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    plain = (
        MarkdownIt("commonmark")
        .enable("table")
        .parse(markdown(compare(figures(0.02), figures(0.02), RULE, False), name="n", cgroup="n", known="n"))
    )
    assert [(t.type, t.tag) for t in tokens] == [(t.type, t.tag) for t in plain]


def test_who_still_evicts_is_said() -> None:
    after = figures(0.0005).model_copy(update={"evicted_by_pages": {"neighbours": 0, "proactive": 1116, "self": 4}})
    text = markdown(compare(figures(0.02), after, RULE, False))
    assert "1,120 pages of it evicted (1,116 by proactive reclaim, 4 by the service itself) in 60 s" in text
    assert "| its pages evicted by proactive reclaim, a second | unknown | 18.6 |" in text
    assert "What is left" not in markdown(compare(figures(0.02), figures(0.0005), RULE, False))


def test_the_load_and_the_interval_are_stated() -> None:
    comparison = compare(figures(0.02), figures(0.0005, reads=9000), RULE, False)
    text = sentence(comparison)
    assert text.startswith("fixed: p99 1 ms → 5 µs; slow reads 2.")
    assert "95 % interval −" in text
    assert "10 % fewer reads a second" in text
