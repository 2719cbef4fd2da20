"""Against the running kernel: every guard, the steps, all or nothing, and SIGKILL at random moments."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from diagnose.change.record import load_record
from tests.helpers.change_box import DIAGNOSE, MIB, Box, run
from tests.helpers.change_scene import limit

pytestmark = pytest.mark.kernel

GROW = """
echo $$ > "$1/cgroup.procs"
echo 1000 > /proc/self/oom_score_adj
exec "$2" -c "held = [bytearray(1 << 20) for _ in range(200)]"
"""


def refused(box: Box, report: Path, match: str, *options: str) -> None:
    before = box.state()
    done = run("apply", report, "--yes", *options)
    assert done.returncode == 2, done.stderr
    assert match in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert box.state() == before


@pytest.mark.guest
def test_apply_in_steps_and_roll_back_to_the_byte(box: Box) -> None:
    box.fill(box.batch, 64)
    before = box.state()
    report = box.report(box.limit(44 * MIB))
    done = run("apply", report, "--yes", "--pause", "0.1")
    assert done.returncode == 0, done.stderr
    assert "step 2 of" in done.stderr
    assert box.file("/batch", box.setting).read_text() == f"{44 * MIB}\n"
    (record,) = box.folder.glob("change-*.json")
    assert load_record(record).state == "applied"
    back = run("rollback", record)
    assert back.returncode == 0
    assert "as before the change" in back.stdout
    assert box.state() == before


def test_it_asks_and_takes_silence_for_no(box: Box) -> None:
    report = box.report(box.limit(64 * MIB))
    before = box.state()
    done = run("apply", report)
    assert (done.returncode, "no terminal to ask on" in done.stderr) == (2, True)
    dry = run("apply", report, "--dry-run")
    assert dry.returncode == 0
    assert "no limit → 64 MiB (67,108,864 bytes)" in dry.stdout
    assert box.state() == before
    assert not list(box.folder.glob("change-*"))


def test_the_value_changed_since(box: Box) -> None:
    report = box.report(box.limit(64 * MIB))
    box.file("/batch", box.setting).write_text(str(100 * MIB))
    refused(box, report, "somebody changed it since")


def test_a_new_cgroup_of_the_same_name(box: Box) -> None:
    report = box.report(box.limit(64 * MIB))
    box.file("/batch", "").rmdir()
    box.make("/batch")
    refused(box, report, "removed and recreated")


def test_a_cgroup_that_is_gone(box: Box) -> None:
    report = box.report(box.limit(64 * MIB))
    box.file("/batch", "").rmdir()
    refused(box, report, "No such file")
    box.make("/batch")


def test_the_floor_is_measured_at_that_moment(box: Box) -> None:
    report = box.report(box.limit(48 * MIB))
    box.fill(box.batch, 4, anonymous_mib=60)
    refused(box, report, "below the floor")


@pytest.mark.guest
def test_a_forced_limit_below_what_can_be_given_back_is_restored(box: Box) -> None:
    box.fill(box.batch, 4, anonymous_mib=60)
    before = box.state()
    done = run("apply", box.report(box.limit(20 * MIB)), "--yes", "--force", "--pause", "0.1")
    assert done.returncode == 1, done.stderr
    assert "everything was restored" in done.stderr
    assert box.state() == before
    assert box.children[0].poll() is None, "the job was killed"


@pytest.mark.guest
def test_an_oom_kill_on_the_way_restores(box: Box) -> None:
    """The job grows while its limit comes down: the kernel kills in it, and the limit goes away again."""
    box.fill(box.batch, 64)
    before = box.state()
    report = box.report(box.limit(44 * MIB))
    child = subprocess.Popen(
        [*DIAGNOSE, "apply", str(report), "--yes"], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert child.stderr is not None
    assert any("step 2 of" in line for line in child.stderr)
    grow = subprocess.run(
        ["sh", "-c", GROW, "sh", str(box.hierarchy.directory(box.batch)), sys.executable], check=False, timeout=60
    )
    said = child.stderr.read()
    assert child.wait(60) == 1, said
    assert grow.returncode == -signal.SIGKILL
    assert "1 OOM kill(s) in" in said
    assert "everything was restored" in said
    assert box.state() == before


def test_another_boot(box: Box) -> None:
    refused(box, box.report(box.limit(64 * MIB), boot_id="another"), "before this host was last booted")


def test_an_edited_and_a_truncated_report(box: Box) -> None:
    report = box.report(box.limit(64 * MIB))
    whole = report.read_text()
    report.write_text(whole.replace(str(64 * MIB), str(63 * MIB)))
    refused(box, report, "was edited or damaged")
    report.write_text(whole[: len(whole) // 2])
    refused(box, report, "cut short")


def test_a_path_outside(box: Box) -> None:
    for cgroup in ("/../../../tmp", f"{box.top}/../..", "/"):
        refused(box, box.report(limit(cgroup, box.setting)), "cgroup")


def test_without_root_it_is_one_line(box: Box) -> None:
    def become_nobody() -> None:
        os.setgid(65534)
        os.setuid(65534)

    report = box.report(box.limit(64 * MIB))
    box.folder.chmod(0o755)
    code = "import sys; from diagnose.cli import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", code, "apply", str(report), "--yes"]
    done = subprocess.run(command, preexec_fn=become_nobody, capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 3, done.stderr
    assert done.stderr == "diagnose: changing a cgroup needs root; run it with sudo\n"


def test_two_at_once_are_kept_apart(box: Box) -> None:
    box.fill(box.batch, 64)
    report = box.report(box.limit(44 * MIB))
    first = subprocess.Popen([*DIAGNOSE, "apply", str(report), "--yes", "--pause", "1"], stdin=subprocess.DEVNULL)
    deadline = time.monotonic() + 20
    while not list(box.folder.glob("change-*.json")) and time.monotonic() < deadline:
        time.sleep(0.02)
    (record,) = box.folder.glob("change-*.json")
    assert "is being changed by another diagnose" in run("rollback", record).stderr
    first.send_signal(signal.SIGTERM)
    assert first.wait(30) == 1, "SIGTERM stops and restores"
    assert load_record(record).state == "restored"


def test_sigkill_at_ten_random_moments(box: Box) -> None:
    box.fill(box.batch, 64)
    box.fill(box.service, 16)
    box.file("/svc", box.setting).write_text(str(100 * MIB))
    before = box.state()
    report = box.report(box.limit(44 * MIB), limit(box.service, box.setting, 100 * MIB, 90 * MIB))
    begin = time.monotonic()
    assert run("apply", report, "--yes", "--pause", "0.15").returncode == 0
    whole = time.monotonic() - begin
    undone(box, before)
    seed = random.randrange(2**32)
    print(f"seed {seed}, a whole apply takes {whole:.2f} s")
    moments = random.Random(seed)
    states = []
    for _ in range(10):
        box.read_again()
        child = subprocess.Popen(
            [*DIAGNOSE, "apply", str(report), "--yes", "--pause", "0.15"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(moments.uniform(0.3, whole))
        child.kill()
        child.wait()
        states.append(undone(box, before))
    print(f"states found after SIGKILL: {states}")
    assert "applying, changed" in states, "not one of ten came half-way"


def test_sigkill_at_ten_random_moments_of_the_way_back(box: Box) -> None:
    """A limit that was raised comes down again in steps, and is brought to the byte however far it had come."""
    box.file("/batch", box.setting).write_text(str(44 * MIB))
    box.fill(box.batch, 80)
    before = box.state()
    report = box.report(box.limit(100 * MIB, 44 * MIB))
    seed = random.randrange(2**32)
    moments, whole, found = random.Random(seed), 0.0, []
    for number in range(11):
        assert run("apply", report, "--yes", "--pause", "0.05").returncode == 0
        box.read_again()
        (record,) = box.folder.glob("change-*.json")
        begin = time.monotonic()
        if number == 0:
            assert run("rollback", record).returncode == 0
            whole = time.monotonic() - begin
            print(f"seed {seed}, a whole rollback takes {whole:.2f} s")
        else:
            child = subprocess.Popen(
                [*DIAGNOSE, "rollback", str(record)],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            time.sleep(moments.uniform(0.3, whole))
            child.kill()
            child.wait()
            found.append((load_record(record).state, int(box.file("/batch", box.setting).read_text()) >> 20))
        undone(box, before)
    print(f"states and MiB found after SIGKILL: {found}")
    assert any(state == "rolling-back" and 44 < mib < 100 for state, mib in found), "not one of ten came half-way"


def undone(box: Box, before: dict[str, bytes]) -> str:
    """Roll back by the newest record, if one was written; all settings must be the original ones."""
    records = sorted(box.folder.glob("change-*.json"))
    changed = "" if box.state() == before else ", changed"
    state = load_record(records[0]).state + changed if records else "no record"
    for record in records:
        done = run("rollback", record)
        assert done.returncode == 0, done.stderr
        record.unlink()
    assert box.state() == before
    return state
