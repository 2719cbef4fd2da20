"""A rule that fires, as the report states it."""

from __future__ import annotations

from typing import Any

from diagnose.report.model import Culprit, Finding, Known
from diagnose.report.wording.findings import finding
from diagnose.report.wording.writer import Names
from diagnose.rules import load_rules
from diagnose.rules.evaluate import evaluate
from diagnose.rules.evaluate.testing import TestFacts
from diagnose.rules.schema import RuleTest
from tests.helpers.judged import COMPLETE, NOISY, changed
from tests.helpers.own_rules import RULE

NAMES = Names({"/batch": "nightly", "/backup": "backup"})
BATCH: dict[str, Any] = dict(NOISY.neighbours["/batch"] or {})


def stated(**neighbours: dict[str, Any]) -> Finding:
    """Return the first finding on the noisy neighbour, with other numbers of some neighbours, by name."""
    numbers = {f"/{name}": {**BATCH, **values} for name, values in neighbours.items()}
    facts = changed(NOISY.model_copy(update={"neighbours": {"/batch": BATCH, **numbers}}), COMPLETE)
    (first, *_) = evaluate(load_rules(), facts).findings
    return finding(first, first, facts, NAMES, [], [])


def test_a_culprit_has_its_share_its_name_and_what_it_did() -> None:
    (culprit,) = stated(batch={"neighbour.evicted_told": "9,024 pages"}).culprits
    assert culprit == Culprit(
        cgroup="/batch",
        share=0.94,
        cause="of the pages that the service lost its reclaim removed this share (9,024 pages), while it added 324,000 "
        "pages of its own to the page cache",
        name="nightly",
    )


def test_each_text_names_a_cgroup_in_full_once() -> None:
    found = stated()
    for text in (found.known_by[0].says, *(known.says for known in found.known_by if known.mechanism == "blame")):
        assert text.count("nightly (/batch)") == 1
        assert "/batch" not in text.replace("nightly (/batch)", "")


def test_where_the_culprits_are_known_already_the_name_stands_alone() -> None:
    found = stated()
    rows = [row.condition for row in found.evidence if "nightly" in row.condition]
    assert rows
    assert found.advice is not None
    assert not [text for text in (*rows, *found.unconfirmed, found.advice.do) if "(/batch)" in text]


def test_direct_mechanisms_come_first_and_those_of_further_culprits_follow_where_they_name_them() -> None:
    found = stated(batch={"neighbour.eviction_share": 0.5}, backup={"neighbour.eviction_share": 0.4})
    assert [known.direct for known in found.known_by] == sorted((k.direct for k in found.known_by), reverse=True)
    of_backup = [known.mechanism for known in found.known_by if known.says.startswith("the kernel saw backup")]
    assert of_backup == ["evictions"]
    assert [k.mechanism for k in found.known_by].count("refaults") == 1, "it says nothing of the culprit"


def test_what_does_not_hold_is_asked_with_what_came_of_it() -> None:
    found = stated(batch={"neighbour.blamed_share": 0.05, "neighbour.inserted_share_of_others": None})
    assert (
        "whether the missed reads waited for exactly the pages that nightly had evicted (failed: 5 % measured, 20 % is "
        "the threshold)"
    ) in found.unconfirmed
    assert (
        "whether nightly added most of what others than the service added to the page cache (unknown: "
        "neighbour.inserted_share_of_others is not given in this test)"
    ) in found.unconfirmed


def test_a_mechanism_without_a_sentence_of_its_own_is_written_by_its_conditions(tmp_path: Any) -> None:
    (tmp_path / "too-many-misses.yaml").write_text(RULE)
    test = RuleTest.model_validate({"name": "t", "facts": {"reads.missed_share": 0.5}, "expect": {"outcome": "fires"}})
    (first,) = evaluate([load_rules([tmp_path]).get("too-many-misses")], TestFacts(test)).findings
    found = finding(first, first, TestFacts(test), NAMES, [], [])
    said = "share of file reads that missed the page cache is above 10 % (50 %)"
    assert found.known_by == [Known(mechanism="misses", direct=True, says=said)]
    assert [row.mechanism for row in found.evidence] == ["misses"]
    assert (found.who, found.advice, found.unconfirmed, found.consequence_of) == (None, None, [], None)
    assert found.summary == "50 % of the reads missed, more than 10 %"
