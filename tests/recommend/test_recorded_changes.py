"""What is recommended for every recorded capture holds together: room comes with limits, costs are not denied."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from diagnose.capture import file as captures
from diagnose.lab import RECORDED
from diagnose.recommend.arithmetic import ActiveCache
from diagnose.recommend.change import Change
from diagnose.recommend.effects import Predicted, RaisedOwn
from diagnose.recommend.need import SwappedBack
from diagnose.recommend.reasons import NoSafeLimit
from diagnose.recommend.risks import CacheServes, HardlyReuses
from diagnose.recommend.ways import MoreRoom
from tests.helpers.changes import changes_in
from tests.helpers.paths import WITHOUT_BPF
from tests.helpers.recommend_situations import only

RECORDINGS = [*sorted(RECORDED.glob("*.gz")), *sorted(WITHOUT_BPF.glob("*.gz"))]


@cache
def changes_of(recording: Path) -> list[Change]:
    return changes_in(captures.load(recording)[0])


def changes() -> Iterator[Change]:
    for recording in RECORDINGS:
        yield from changes_of(recording)


def valued() -> list[Change]:
    """Return the changes that have a value."""
    return [change for change in changes() if change.value_bytes is not None]


def test_active_cache_that_does_not_fit_below_a_limit_is_in_its_risk() -> None:
    tight = [c for c in changes() if any(isinstance(v, ActiveCache) and not v.fits for v in c.arithmetic)]
    assert tight
    for change in tight:
        assert any(
            isinstance(risk, CacheServes) or (isinstance(risk, HardlyReuses) and risk.active_bytes is not None)
            for risk in change.risks
        ), change


def test_every_change_with_a_value_can_be_made_taken_back_and_ends_some_time() -> None:
    assert valued()
    for change in valued():
        assert change.commands
        assert change.undo
        assert change.lasts is not None


def test_more_room_is_never_advised_without_the_limits_that_keep_it() -> None:
    advised = [(change, way) for change in changes() for way in change.ways if isinstance(way, MoreRoom)]
    assert advised
    for change, way in advised:
        assert isinstance(change.reason, NoSafeLimit)
        assert tuple(path for path, _ in way.limits) == change.reason.cgroups


def test_what_stays_slow_is_judged_by_the_rule_where_nothing_else_than_files_was_waited_for() -> None:
    effects = [change.effect for change in valued()]
    judged = [e for e in effects if isinstance(e, Predicted | RaisedOwn)]
    assert {e.trouble_share for e in judged if not (isinstance(e, RaisedOwn) and e.swaps)} == {0.002}
    assert {e.trouble_share for e in judged if isinstance(e, RaisedOwn) and e.swaps} <= {None}


def test_memory_in_swap_is_in_the_size_that_is_to_end_swapping() -> None:
    (change,) = changes_of(RECORDED / "swap-thrash.capture.json.gz")
    held = only(SwappedBack, change.arithmetic).held_bytes
    assert held is not None
    assert change.value_bytes is not None
    assert change.current_bytes is not None
    assert change.value_bytes >= change.current_bytes + held
    assert isinstance(change.effect, RaisedOwn)
    assert change.effect.prediction is not None
    assert change.effect.prediction.latency is not None
    assert change.effect.prediction.latency.slow_hits


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.name.partition(".")[0])
def test_no_setting_is_changed_twice(recording: Path) -> None:
    settings = [(change.cgroup, change.setting) for change in changes_of(recording)]
    assert len(set(settings)) == len(settings)
