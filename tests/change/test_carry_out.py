"""All or nothing, the record first, and hands off when somebody is harmed."""

from __future__ import annotations

import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from diagnose.change import harm, record
from diagnose.change.carry_out import Outcome, carry_out
from diagnose.change.machine import Answer
from diagnose.change.plan import plan
from diagnose.change.record import load_record
from diagnose.change.rollback import rollback
from diagnose.errors import CannotMeasureError, UsageError
from tests.helpers.cgroup_trees import ID
from tests.helpers.change_scene import MIB, V2_FILES, Scene, limit


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path / "host")


def carried_out(scene: Scene, folder: Path, *wanted, report=None) -> Outcome:
    found = plan(report or scene.report(*wanted), scene.machine, (), False, False)
    return carry_out(found, folder, scene.machine, lambda text: None, pause_seconds=0.01)


def test_both_or_none(scene: Scene, tmp_path: Path) -> None:
    outcome = carried_out(scene, tmp_path, limit(), limit("/dg/svc", "memory.low", 0, 64 * MIB))
    assert outcome.why is None
    assert scene.file("/dg/batch", "memory.high").read_text() == str(200 * MIB)
    assert scene.file("/dg/svc", "memory.low").read_text() == str(64 * MIB)
    assert load_record(outcome.record_path).state == "applied"


def test_a_failure_half_way_restores_what_was_set(scene: Scene, tmp_path: Path) -> None:
    container = f"/docker/{ID}"
    scene.host.cgroup(container, **V2_FILES)
    scene.answer = lambda command: Answer(False, "Error: \x1b[31mno such container")
    before = scene.snapshot()
    outcome = carried_out(scene, tmp_path, limit(), limit(container, "memory.max", None, 290 * MIB))
    assert "docker refused memory.max" in str(outcome.why)
    assert "\x1b" not in str(outcome.why)
    assert outcome.restored
    assert scene.snapshot() == before
    assert load_record(outcome.record_path).state == "restored"


def test_the_record_is_there_before_the_first_write(scene: Scene, tmp_path: Path) -> None:
    seen: list[tuple[str, str]] = []

    def look() -> bool:
        (path,) = tmp_path.glob("change-*.json")
        document = json.loads(path.read_text())
        seen.append((document["state"], document["changes"][0]["before_text"]))
        return False

    scene.on_wait = look
    carried_out(scene, tmp_path, limit())
    assert set(seen) == {("applying", "max\n")}
    assert not list(tmp_path.glob(".*.partial"))


def test_two_settings_of_one_cgroup(scene: Scene, tmp_path: Path) -> None:
    before = scene.snapshot()
    outcome = carried_out(scene, tmp_path, limit(), limit(setting="memory.max", value=290 * MIB))
    assert outcome.why is None
    assert scene.file("/dg/batch", "memory.max").read_text() == str(290 * MIB)
    rollback(load_record(outcome.record_path), outcome.record_path, scene.machine, False, lambda text: None)
    assert scene.snapshot() == before


def test_a_reader_that_goes_away_does_not_keep_it_from_restoring(scene: Scene, tmp_path: Path) -> None:
    def gone(_text: str) -> None:
        raise BrokenPipeError

    found = plan(scene.report(limit()), scene.machine, (), False, False)
    scene.on_wait = lambda: True
    outcome = carry_out(found, tmp_path, scene.machine, gone, pause_seconds=0.01)
    assert outcome.restored
    assert scene.file("/dg/batch", "memory.high").read_text() == "max\n"


def test_a_disk_that_fills_up_at_the_end_restores(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(record, "update", full)
    outcome = carried_out(scene, tmp_path, limit())
    assert "No space left" in str(outcome.why)
    assert (outcome.restored, outcome.noted) == (True, False)
    assert scene.file("/dg/batch", "memory.high").read_text() == "max\n"


def test_a_value_that_no_report_has(scene: Scene, tmp_path: Path) -> None:
    report = scene.report(limit())
    long = report.model_copy(update={"verdict": report.verdict.model_copy(update={"rule": "x" * 5000})})
    before = scene.snapshot()
    with pytest.raises(UsageError, match="no report has"):
        carried_out(scene, tmp_path, report=long)
    assert scene.snapshot() == before


def test_without_a_record_nothing_is_changed(scene: Scene, tmp_path: Path) -> None:
    before = scene.snapshot()
    with pytest.raises(CannotMeasureError, match="nothing was changed"):
        carried_out(scene, tmp_path / "gone", limit())
    assert scene.snapshot() == before


@pytest.mark.parametrize("victim", ["/dg/batch", "/dg/svc"])
def test_an_oom_kill_stops_and_restores(scene: Scene, tmp_path: Path, victim: str) -> None:
    events = scene.file(victim, "memory.events")

    def kill() -> bool:
        events.write_text("low 0\nhigh 0\nmax 0\noom 1\noom_kill 1\n")
        return False

    scene.on_wait = kill
    outcome = carried_out(scene, tmp_path, limit())
    assert outcome.why == f"1 OOM kill(s) in '{victim}'"
    assert scene.file("/dg/batch", "memory.high").read_text().strip() == "max"


def test_an_oom_kill_in_a_child_counts_on_v1(tmp_path: Path) -> None:
    scene = Scene(tmp_path / "host", "v1")
    worker = scene.host.cgroup("/dg/batch/worker", memory__oom_control="under_oom 0\noom_kill 0\n")

    def kill() -> bool:
        (worker / "memory.oom_control").write_text("under_oom 0\noom_kill 2\n")
        return False

    scene.on_wait = kill
    outcome = carried_out(scene, tmp_path, limit(setting="memory.limit_in_bytes"))
    assert outcome.why == "2 OOM kill(s) in '/dg/batch'"
    assert scene.file("/dg/batch", "memory.limit_in_bytes").read_text().strip() == "9223372036854771712"


def test_pressure_beyond_the_bound_stops_and_restores(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(harm, "PRESSURE_SECONDS", 0.005)
    file, total = scene.file("/dg/svc", "memory.pressure"), [0]

    def stall() -> bool:
        total[0] += 1_000_000  # a second of stall in each millisecond: more than any bound
        file.write_text(f"some avg10=0 total={total[0]}\nfull avg10=0.00 avg60=3.00 avg300=0.00 total={total[0]}\n")
        return False

    scene.on_wait = stall
    outcome = carried_out(scene, tmp_path, limit())
    assert "memory pressure: '/dg/svc' stood still for memory" in str(outcome.why)
    assert scene.file("/dg/batch", "memory.high").read_text().strip() == "max"


def test_a_signal_stops_and_restores(scene: Scene, tmp_path: Path) -> None:
    scene.on_wait = lambda: True
    outcome = carried_out(scene, tmp_path, limit())
    assert outcome.why == "stopped by a signal"
    assert outcome.restored
    assert scene.file("/dg/batch", "memory.high").read_text().strip() == "max"


def test_what_changed_during_the_review_is_not_overwritten(scene: Scene, tmp_path: Path) -> None:
    found = plan(scene.report(limit()), scene.machine, (), False, False)
    scene.file("/dg/batch", "memory.high").write_text("4096\n")
    with pytest.raises(UsageError, match="changed while it was reviewed"):
        carry_out(found, tmp_path, scene.machine, lambda text: None)
    assert not list(tmp_path.glob("change-*"))


def test_a_value_that_somebody_sets_meanwhile_stays(scene: Scene, tmp_path: Path) -> None:
    file, other = scene.file("/dg/batch", "memory.high"), scene.file("/dg/svc", "memory.low")

    def set_by_somebody() -> bool:
        file.write_text("123456\n")
        return False

    scene.on_wait = set_by_somebody
    outcome = carried_out(scene, tmp_path, limit("/dg/svc", "memory.low", 0, 64 * MIB), limit())
    assert (file.read_text(), other.read_text()) == ("123456\n", "0\n")
    assert outcome.restored
    assert outcome.stays == (outcome.why,)
    assert "is 121 KiB (123,456 bytes) now: somebody else set it meanwhile" in str(outcome.why)
    assert load_record(outcome.record_path).state == "restored"


def test_a_value_that_somebody_sets_stays_also_when_something_else_stops_it(scene: Scene, tmp_path: Path) -> None:
    file, events = scene.file("/dg/svc", "memory.low"), scene.file("/dg/batch", "memory.events")

    def at_the_second_change() -> bool:
        if scene.file("/dg/batch", "memory.high").read_text() != "max\n":
            file.write_text("123456\n")
            events.write_text("low 0\nhigh 0\nmax 0\noom 1\noom_kill 1\n")
        return False

    scene.on_wait = at_the_second_change
    outcome = carried_out(scene, tmp_path, limit("/dg/svc", "memory.low", 0, 64 * MIB), limit())
    assert outcome.why == "1 OOM kill(s) in '/dg/batch'"
    assert len(outcome.stays) == 1
    assert (scene.file("/dg/batch", "memory.high").read_text(), file.read_text()) == ("max\n", "123456\n")


def test_a_cgroup_that_ends_meanwhile_takes_its_setting_along(scene: Scene, tmp_path: Path) -> None:
    directory = scene.host.memory / "dg/batch"

    def ends() -> bool:
        if directory.exists():
            for file in directory.iterdir():
                file.unlink()
            directory.rmdir()
        return False

    scene.on_wait = ends
    outcome = carried_out(scene, tmp_path, limit("/dg/svc", "memory.low", 0, 64 * MIB), limit())
    assert outcome.restored
    assert scene.file("/dg/svc", "memory.low").read_text() == "0\n"


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """Have the kernel refuse to write more into a file: what a full disk does, without filling one."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_what_could_not_be_written_whole_leaves_nothing(scene: Scene, tmp_path: Path) -> None:
    folder = tmp_path / "records"
    folder.mkdir()
    with pytest.raises(CannotMeasureError, match="nothing was changed"), no_file_larger_than(512):
        carried_out(scene, folder, limit())
    assert list(folder.iterdir()) == []
    path = carried_out(scene, folder, limit()).record_path
    whole = path.read_bytes()
    with pytest.raises(OSError, match="File too large"), no_file_larger_than(512):
        record.update(path, load_record(path), "rolled-back")
    assert [(p, p.read_bytes()) for p in folder.iterdir()] == [(path, whole)]


def test_a_record_that_could_not_be_replaced_is_the_one_that_is_kept(scene: Scene, tmp_path: Path) -> None:
    path = carried_out(scene, tmp_path, limit()).record_path
    written, kept = load_record(path), scene.machine.kept
    with pytest.raises(OSError, match="File too large"), no_file_larger_than(512):
        record.update(path, written, "rolling-back", None, kept)
    digests = [file.name for file in (kept.folder / kept.boot).iterdir()]
    assert digests == [str(written.digest).removeprefix("sha256:")]


def test_systemd_is_told_in_steps_and_told_back(scene: Scene, tmp_path: Path) -> None:
    cgroup = "/system.slice/nightly.service"
    directory = scene.host.cgroup(cgroup, **V2_FILES)
    (scene.host.root / "run/systemd/system").mkdir(parents=True)

    def systemctl(command: list[str]) -> Answer:
        if command[1] == "show":
            return Answer(True, f"ControlGroup={cgroup}\nMemoryHigh=infinity")
        value = command[-1].partition("=")[2]
        (directory / "memory.high").write_text("max\n" if value == "infinity" else f"{value}\n")
        return Answer(True, "")

    scene.answer = systemctl
    outcome = carried_out(scene, tmp_path, limit(cgroup))
    assert outcome.why is None
    values = [int(c[-1].partition("=")[2]) for c in scene.commands if c[1] == "set-property"]
    assert values == outcome.record.changes[0].steps_bytes
    rollback(load_record(outcome.record_path), outcome.record_path, scene.machine, False, lambda text: None)
    assert scene.commands[-1] == [
        "systemctl",
        "set-property",
        "--runtime",
        "--",
        "nightly.service",
        "MemoryHigh=infinity",
    ]
    assert (directory / "memory.high").read_text() == "max\n"


def test_a_value_that_does_not_stick_is_noticed(scene: Scene, tmp_path: Path) -> None:
    container = f"/docker/{ID}"
    scene.host.cgroup(container, **V2_FILES)
    scene.answer = lambda command: Answer(True, "")  # says yes and does nothing
    outcome = carried_out(scene, tmp_path, limit(container, "memory.max", None, 290 * MIB))
    assert "reads 'max' after" in str(outcome.why)
