"""The verdict's summary, what was ruled out and what could not be judged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from diagnose.report.model import Verdict
from diagnose.report.wording.verdict import ruled_out, unknown, verdict
from diagnose.report.wording.writer import Names
from diagnose.rules import load_rules
from diagnose.rules.evaluate import evaluate
from diagnose.rules.evaluate.testing import TestFacts
from diagnose.rules.schema import RuleTest
from tests.helpers.judged import (
    COMPLETE,
    HEALTHY,
    NOISY,
    NOTHING,
    QUIET,
    SLOW_WITHOUT_EVICTIONS,
    changed,
    judged,
    two_causes,
)
from tests.helpers.made_rules import rule

NAMELESS = Names({})


def stated(test: RuleTest, facts: dict[str, object]) -> Verdict:
    return verdict(judged(test, facts), changed(test, facts), NAMELESS)


def test_a_finding_is_summed_up_with_its_numbers() -> None:
    found = stated(NOISY, COMPLETE)
    assert (found.status, found.rule, found.confidence) == ("finding", "page-cache-noisy-neighbour", "high")
    assert "94 %" in found.summary
    assert "{" not in found.summary
    assert "Also found" not in found.summary


def test_a_healthy_service_is_called_so_with_the_number_of_reads() -> None:
    found = stated(HEALTHY, QUIET)
    assert (found.status, found.rule) == ("healthy", "healthy")
    assert "200,000 reads" in found.summary


def test_an_inconclusive_verdict_says_why_it_is_not_healthy_and_what_was_measured() -> None:
    found = stated(NOISY, SLOW_WITHOUT_EVICTIONS)
    assert (found.status, found.rule, found.confidence, found.known_by) == ("inconclusive", None, "low", [])
    assert found.summary.startswith("No rule explains what was measured. The service cannot be called healthy: ")
    assert "share of file reads that were slow (1 %) is not below 0.2 %" in found.summary
    assert "reads of regular files by the service: 240,000 reads" in found.summary


def test_too_few_reads_are_counted() -> None:
    found = stated(HEALTHY, {**COMPLETE, "reads.file_count": 42, "reads.file_latency": "42@1us"})
    assert "(42 reads) are below 100 reads" in found.summary


def test_where_nothing_was_measured_nothing_is_claimed() -> None:
    found = verdict(evaluate(load_rules(), TestFacts(NOTHING)), TestFacts(NOTHING), NAMELESS)
    assert found.summary.startswith(
        "Nothing that a verdict could rest on was measured. Whether the service is healthy is unknown: "
        "reads.file_count is not given in this test;"
    )
    assert "Not decided for want of measurements: " in found.summary


@pytest.mark.parametrize(
    ("pressure", "proactive", "said"),
    [
        (0.36, 0.64, "page-cache-noisy-neighbour (accounts for 36 % of the evicted pages, against 64 %)"),
        (0.6, 0.4, "proactive-reclaim (accounts for 40 % of the evicted pages, against 60 %)"),
    ],
)
def test_the_summary_says_how_much_each_accounts_for(pressure: float, proactive: float, said: str) -> None:
    facts = two_causes(pressure, proactive)
    assert verdict(evaluate(load_rules(), facts), facts, NAMELESS).summary.endswith(f" Also found: {said}.")


def test_the_summary_says_why_each_other_finding_comes_later(tmp_path: Path) -> None:
    texts = [rule("a", explains=("b",)), rule("b", mechanisms=2), rule("c"), rule("d", rank=900)]
    texts[2] = texts[2].replace('"direct"', '"correlation"')
    for text in texts:
        (tmp_path / f"{json.loads(text)['id']}.yaml").write_text(text)
    own = [loaded for loaded in load_rules([tmp_path]) if loaded.rule.why == "for a test"]
    shares = {"reads.slow_share": 0.5, "evictions.by_self_share": 0.5}
    facts = TestFacts(RuleTest.model_validate({"name": "t", "facts": shares, "expect": {"outcome": "fires"}}))
    assert verdict(evaluate(own, facts), facts, NAMELESS).summary == (
        "a 50 % Also found: b (part of the same trouble), d (of equal confidence, and the less specific explanation) "
        "and c (low confidence)."
    )


def test_what_is_ruled_out_says_why_with_its_number() -> None:
    why = {out.rule: out.why for out in ruled_out(judged(NOISY, COMPLETE), NAMELESS)}
    assert (
        "share of the service's evicted pages that its own reclaim removed (3 %) is below" in why["own-limit-too-small"]
    )
    assert "(0 %) is below" in why["proactive-reclaim"]


def test_what_accounts_for_hardly_anything_is_ruled_out_by_its_part() -> None:
    out = ruled_out(evaluate(load_rules(), two_causes(0.009, 0.991)), NAMELESS)
    assert out[-1].rule == "page-cache-noisy-neighbour"
    assert out[-1].why == ("its conditions hold, but it accounts for 0.9 % of the evicted pages, against 99.1 %")


def test_what_could_not_be_judged_says_what_is_missing() -> None:
    missing = {row.rule: row.missing for row in unknown(evaluate(load_rules(), TestFacts(NOTHING)), NAMELESS)}
    assert len(missing) == len(load_rules()) - 1
    assert missing["proactive-reclaim"].startswith("reads.file_count is not given in this test; ")
