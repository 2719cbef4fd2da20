"""Which steps a finding gets: those of its rule, then those against other causes; which of them state their risk."""

from __future__ import annotations

from diagnose.analysis.facts import Facts
from diagnose.analysis.windows import Windows
from diagnose.capture.model import Capture
from diagnose.capture.surroundings import DamonScheme
from diagnose.recommend.steps import LessReclaimed, Step, steps_for
from diagnose.recommend.steps.damon import GentlerScheme
from tests.helpers.fired import fired
from tests.helpers.small_capture import SVC
from tests.helpers.step_scene import captured

SCHEME = DamonScheme(kdamond=0, context=0, scheme=0, action="pageout", min_age=6, aggregation_us=5_000_000)


def reclaimed() -> Capture:
    """Return a capture in which DAMON took half of the pages that the service lost."""
    return captured(damon=[SCHEME], evictions=[(0, 20, SVC, "memcg-reclaim", 50), (0, 1, SVC, "proactive", 50)])


def found(*kinds: str, accounts_for: str | None = None, gives_advice: bool = False) -> list[Step]:
    finding = fired(steps=kinds, accounts_for=accounts_for, gives_advice=gives_advice)
    return steps_for(finding, Facts(Windows(reclaimed())))


def test_a_rule_s_own_step_states_its_risk_unless_the_rule_s_advice_does() -> None:
    (bare,) = found("gentler-reclaim")
    assert isinstance(bare.risk, LessReclaimed)
    (advised,) = found("gentler-reclaim", gives_advice=True)
    assert advised.risk is None


def test_another_cause_beside_the_finding_s_adds_its_step_with_its_risk() -> None:
    assert found() == []
    (further,) = found(accounts_for="evictions.pressure_share", gives_advice=True)
    assert isinstance(further, GentlerScheme)
    assert isinstance(further.risk, LessReclaimed)


def test_no_step_comes_twice() -> None:
    assert len(found("gentler-reclaim", accounts_for="evictions.pressure_share")) == 1
    assert found(accounts_for="evictions.proactive_share") == [], "a finding about reclaim has it among its own"
