"""When a change is stopped: OOM kills, pressure beyond the bound, a signal."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnose.change.harm import Harm, HarmWatch, Killed, Stalled, Stopped
from diagnose.change.wording import harm_text
from tests.helpers.change_scene import Scene


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path / "host")


class Clock:
    """A second passes at each look."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        self.seconds += 1.0
        return self.seconds


def watching(scene: Scene) -> HarmWatch:
    return HarmWatch(scene.machine, "/dg/batch", ("/dg/svc",), Clock())


def test_nobody_is_harmed_where_nothing_happens(scene: Scene) -> None:
    assert watching(scene).pause(3.0) is None


def test_a_kill_is_told_with_its_cgroup(scene: Scene) -> None:
    watch = watching(scene)
    scene.file("/dg/svc", "memory.events").write_text("oom_kill 2\n")
    assert watch.pause(3.0) == Killed("/dg/svc", 2)


def test_pressure_counts_beyond_what_is_usual(scene: Scene) -> None:
    watch = watching(scene)

    def stall() -> bool:
        scene.file("/dg/svc", "memory.pressure").write_text("full avg10=0.00 avg60=0.00 total=10000000\n")
        return False

    scene.on_wait = stall
    found = watch.pause(3.0)
    assert isinstance(found, Stalled)
    assert (found.cgroup, found.usual_share) == ("/dg/svc", 0.0)
    assert found.share >= 0.4


def test_a_signal_stops(scene: Scene) -> None:
    watch = watching(scene)
    scene.on_wait = lambda: True
    assert watch.pause(3.0) == Stopped()


@pytest.mark.parametrize(
    ("harm", "text"),
    [
        (Killed("/dg/svc", 2), "2 OOM kill(s) in '/dg/svc'"),
        (
            Stalled(None, 0.5, 0.03),
            "memory pressure: 'the host' stood still for memory 50 % of the time (before: 3 %; bound: 40 %)",
        ),
        (Stopped(), "stopped by a signal"),
    ],
)
def test_harm_in_words(harm: Harm, text: str) -> None:
    assert harm_text(harm) == text
