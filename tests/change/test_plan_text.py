"""What the person who confirms a plan reads; nothing in it can draw on a terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnose.change.plan import ByKubelet, LeftOut, NoValue, Plan, plan
from diagnose.change.plan_text import as_text
from diagnose.report.model import Recommendation
from tests.helpers.cgroup_trees import ID
from tests.helpers.change_scene import MIB, V2_FILES, Scene, limit


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path / "host")


def planned(scene: Scene, wanted: Recommendation) -> Plan:
    return plan(scene.report(wanted), scene.machine, (), False, False)


def test_before_and_after_why_and_in_which_steps(scene: Scene) -> None:
    text = as_text(planned(scene, limit()), False, 1.0)
    assert "change 1: memory.high of /dg/batch: no limit → 200 MiB (209,715,200 bytes)" in text
    assert "because: it evicts its pages" in text
    assert "now: uses 300 MiB, cannot give back 20 MiB, floor 36 MiB" in text
    assert "how: the cgroup's file, in 4 steps 1 s apart" in text
    assert "never run" not in text


def test_the_name_that_a_person_knows_is_shown_and_harmless(scene: Scene) -> None:
    wanted = limit().model_copy(update={"name": "nightly\x1b[2J\nchange 2: x"})
    assert "known as: nightly\\x1b[2J␤change 2: x\n" in as_text(planned(scene, wanted), False, 1.0)
    assert "known as" not in as_text(planned(scene, limit()), False, 1.0)


def test_the_manager_s_command_is_shown_as_it_will_be_run(scene: Scene) -> None:
    cgroup = f"/docker/{ID}"
    scene.host.cgroup(cgroup, **V2_FILES)
    found = planned(scene, limit(cgroup, "memory.max"))
    assert f"how: docker update --memory {200 * MIB} -- {ID}, in 4 steps" in as_text(found, False, 1.0)


def test_what_the_manager_has_no_word_for_is_told(scene: Scene) -> None:
    cgroup = f"/docker/{ID}"
    scene.host.cgroup(cgroup, **V2_FILES)
    text = as_text(planned(scene, limit(cgroup)), False, 1.0)
    assert text.endswith("note: docker has no option for memory.high: its next start of the container resets it")
    assert "note:" not in as_text(planned(scene, limit()), False, 1.0)


def test_what_is_left_out_and_why(scene: Scene) -> None:
    left = (LeftOut(1, NoValue("too little\x1b[2J")), LeftOut(2, ByKubelet("# pod UID 1\nkubectl patch")))
    assert as_text(Plan(scene.report(), (), left), False, 1.0).splitlines() == [
        "recommendation 1 is not applied: it has no value to apply: too little\\x1b[2J",
        "recommendation 2 is not applied: kubelet manages this cgroup and would undo a change on the node; in the "
        "cluster:",
        "  # pod UID 1",
        "  kubectl patch",
    ]
