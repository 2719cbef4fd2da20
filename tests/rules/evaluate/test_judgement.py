"""One rule against the facts: how sure it may be of itself, whom it blames, and what it has checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from diagnose.rules import LoadedRule, Rule, load_rules
from diagnose.rules.document import Document
from diagnose.rules.evaluate import Judgement, confidence, judge
from diagnose.rules.evaluate.testing import TestFacts
from diagnose.rules.schema import RuleTest
from tests.helpers.judged import NOISY
from tests.helpers.made_rules import rule


def judged(definition: dict[str, Any], facts: dict[str, Any], neighbours: dict[str, Any] | None = None) -> Judgement:
    """Return what a rule comes to, with its parameters at their defaults."""
    made = Rule.model_validate({"id": "r", "title": "t", "why": "w", **definition})
    values = {name: parameter.default for name, parameter in made.parameters.items()}
    expected = {"outcome": "fires"}
    test = RuleTest.model_validate({"name": "t", "facts": facts, "neighbours": neighbours or {}, "expect": expected})
    return judge(LoadedRule(made, Document(Path("r.yaml"), {}, {}), values, {}), TestFacts(test))


# ---------------------------------------------------------------- confidence


@pytest.mark.parametrize(
    ("held", "level"),
    [
        (("evictions", "refaults"), "high"),
        (("evictions", "refaults", "inflow", "timing"), "high"),
        (("evictions",), "medium"),
        (("evictions", "timing"), "medium"),
        (("inflow", "timing"), "medium"),
        (("refaults", "timing"), "medium"),
        (("timing",), "low"),
        (("inflow",), "low"),
        (("refaults",), "low"),
    ],
)
def test_confidence_of_an_accusation(held: tuple[str, ...], level: str) -> None:
    assert confidence(load_rules().get("page-cache-noisy-neighbour").rule, held) == level


def test_two_mechanisms_of_one_instrument_are_one(tmp_path: Path) -> None:
    text = rule("a", mechanisms=2).replace("evictions.by_self_share", "reads.missed_share")
    (tmp_path / "a.yaml").write_text(text)
    assert confidence(load_rules([tmp_path]).get("a").rule, ("m0", "m1")) == "medium"


def test_correlation_alone_never_makes_it_high(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(rule("a", mechanisms=2).replace('"direct"', '"correlation"'))
    assert confidence(load_rules([tmp_path]).get("a").rule, ("m0", "m1")) == "medium"


# ---------------------------------------------------------------- what was checked, and who is to blame

RATIO = {"unit": "ratio", "default": 0.3, "help": "h"}
SHARE = "neighbour.eviction_share"
ACCUSES: dict[str, Any] = {
    "parameters": {"least": RATIO, "as_much": RATIO, "most": {**RATIO, "default": 0.9}},
    "when": {"for_each": "neighbour", "all": [{"fact": SHARE, "at_least": "$least"}]},
    "mechanisms": {
        "seen": {"kind": "direct", "is": {"fact": "neighbour.blamed_share", "at_least": "$least"}},
        "again": {"kind": "direct", "is": {"fact": SHARE, "at_least": "$as_much"}},
        "slow": {"kind": "direct", "is": {"fact": "reads.slow_share", "at_most": "$most"}},
    },
    "then": {"verdict": "finding", "summary": "{reads.slow}", "culprits": {"share": SHARE, "cause": "c"}},
}
TWO = {
    "/small": {SHARE: 0.4, "neighbour.blamed_share": 0.5},
    "/large": {SHARE: 0.6, "neighbour.blamed_share": 0.1},
    "/innocent": {SHARE: 0.0, "neighbour.blamed_share": 0.9},
}


def test_culprits_come_by_share_and_mechanisms_look_at_the_first() -> None:
    judgement = judged(ACCUSES, {"reads.slow_share": 0.5}, TWO)
    assert [(one.cgroup, one.share) for one in judgement.culprits] == [("/large", 0.6), ("/small", 0.4)]
    assert judgement.mechanisms == ("again", "slow")
    assert judgement.of_others == (("/small", "seen"), ("/small", "again"))


def test_what_a_mechanism_asks_again_is_kept_once_whatever_its_parameter_is_called() -> None:
    judgement = judged(ACCUSES, {"reads.slow_share": 0.5}, TWO)
    kept = [(c.mechanism, c.neighbour, c.holds) for c in judgement.checked]
    assert kept == [
        (None, "/small", True),
        ("seen", "/large", False),
        ("again", "/large", True),
        ("slow", None, True),
    ]


def test_a_condition_of_several_is_not_repeated_beside_a_mechanism_that_asks_it_alone() -> None:
    slow, missed = ({"fact": f"reads.{name}_share", "above": "$least"} for name in ("slow", "missed"))
    once = {
        "parameters": {"least": RATIO},
        "when": {"any": [slow, missed]},
        "mechanisms": {"slow": {"kind": "direct", "is": slow}},
        "then": {"verdict": "finding", "summary": "{reads.slow}"},
    }
    checked = judged(once, {"reads.slow_share": 0.5, "reads.missed_share": 0.5}).checked
    assert [(c.mechanism, c.within) for c in checked] == [(None, ("any",)), ("slow", ())]


def test_who_did_it_takes_a_mechanism_that_looks_at_the_neighbour() -> None:
    blind = {name: {**values, "neighbour.blamed_share": 0.1} for name, values in TWO.items()}
    mechanisms = {name: ACCUSES["mechanisms"][name] for name in ("seen", "slow")}
    judgement = judged({**ACCUSES, "mechanisms": mechanisms}, {"reads.slow_share": 0.5}, blind)
    assert (judgement.fires, judgement.mechanisms, judgement.confidence) == (False, ("slow",), None)
    assert {c.mechanism for c in judgement.reasons} == {"seen"}


def test_where_when_does_not_hold_no_mechanism_is_asked() -> None:
    judgement = judged(ACCUSES, {"reads.slow_share": 0.5}, {"/a": {SHARE: 0.1}})
    assert (judgement.fires, judgement.culprits, judgement.mechanisms) == (False, (), ())
    assert [(c.mechanism, c.measured) for c in judgement.checked] == [(None, 0.1)]


def test_unknown_mechanisms_leave_the_rule_unknown_and_are_what_is_missing() -> None:
    mechanisms = {"seen": ACCUSES["mechanisms"]["seen"]}
    judgement = judged({**ACCUSES, "mechanisms": mechanisms}, {}, {"/a": {SHARE: 0.5}})
    assert judgement.fires is None
    assert [(c.mechanism, c.outcome) for c in judgement.reasons] == [("seen", "unknown")]


def test_the_part_that_a_rule_accounts_for_is_a_number_of_its_own() -> None:
    loaded = load_rules().get("page-cache-noisy-neighbour")
    whole = NOISY.model_copy(update={"facts": {**NOISY.facts, "evictions.pressure_share": 0.7}})
    assert judge(loaded, TestFacts(whole)).part == 0.7
