"""Against the running kernel: files of another user and edited ones, given to root."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from diagnose.change.machine import Machine
from diagnose.report.digest import sealed
from tests.helpers.change_box import MIB, Box, run

pytestmark = pytest.mark.kernel

NOBODY = 65534
AS_NOBODY = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups", sys.executable, "-c"]
COPY = "import sys; open(sys.argv[1], 'w').write(sys.stdin.read())"


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """Return a folder of another user, in one where everybody may write."""
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    made = shared / "theirs"
    made.mkdir(mode=0o755)
    os.chown(made, NOBODY, NOBODY)
    return made


def written_by_nobody(path: Path, document: dict[str, Any]) -> Path:
    """Have the other user write a file, with the digest that anybody can compute."""
    text = json.dumps(sealed(document))
    # From within the folder: the way there is root's alone, and other runs of pytest shut it again
    subprocess.run([*AS_NOBODY, COPY, path.name], input=text, text=True, check=True, cwd=path.parent)
    assert path.stat().st_uid == NOBODY
    return path


def test_a_report_of_another_user(box: Box, theirs: Path) -> None:
    document = json.loads(box.report(box.limit(64 * MIB)).read_text())
    report = written_by_nobody(theirs / "report.json", document)
    before = box.state()
    for options in (["--yes"], ["--trust-file"], []):
        done = run("apply", report, *options)
        assert (done.returncode, box.state()) == (2, before)
        assert "no limit → 64 MiB (67,108,864 bytes)" in done.stdout
    assert f"{theirs} belongs to uid {NOBODY}" in done.stderr
    assert sorted(theirs.iterdir()) == [report]
    assert run("apply", report, "--trust-file", "--yes").returncode == 0
    (record,) = theirs.glob("change-*.json")
    assert record.stat().st_uid == 0
    copy = written_by_nobody(theirs / "copy.json", json.loads(record.read_text()))
    assert run("rollback", copy, "--yes").returncode == 2
    assert box.state() != before
    assert run("rollback", record).returncode == 0, "root's own file, and its digest is kept"
    assert box.state() == before


def test_what_root_measures_is_known_wherever_it_lies(box: Box, theirs: Path) -> None:
    box.fill(box.service, 1)
    folder = theirs / "report"
    assert run("latency", "--service", box.service, "--no-bpf", "--duration", "1", "--output", folder).returncode == 0
    document = json.loads((folder / "report.json").read_text())
    reports = Machine.this(lambda _seconds: False).reports
    assert reports.knows(document["digest"])
    assert reports.knows(sealed({**document, "findings": None})["digest"]) is False


def test_a_record_that_another_user_edited(box: Box, theirs: Path) -> None:
    """It gives another limit back than there was, and one past the floor, under the words "no limit"."""
    box.fill(box.batch, 4, anonymous_mib=30)
    before = box.state()
    assert run("apply", box.report(box.limit(64 * MIB)), "--yes").returncode == 0
    (record,) = box.folder.glob("change-*.json")
    applied, good = box.state(), json.loads(record.read_text())
    for number, fields in enumerate(
        (
            {"before_bytes": 8 * MIB, "before_text": f"{8 * MIB}\n"},
            {"before_text": f"{8 * MIB}\n"},
            {"before_bytes": 8 * MIB},
        )
    ):
        document = {**good, "changes": [{**good["changes"][0], **fields}]}
        edited = written_by_nobody(theirs / f"change-{number}.json", document)
        for options in ([], ["--yes"], ["--yes", "--force"], ["--yes", "--trust-file"]):
            assert (run("rollback", edited, *options).returncode, box.state()) == (2, applied), (fields, options)
        record.write_bytes(edited.read_bytes())  # root's own file now, and root's own folder
        for options in ([], ["--yes"], ["--yes", "--force"]):
            assert (run("rollback", record, *options).returncode, box.state()) == (2, applied), (fields, options)
        assert run("verify", record, "--duration", "1").returncode == 2
    record.write_text(json.dumps(good))
    assert run("rollback", record).returncode == 0
    assert box.state() == before
