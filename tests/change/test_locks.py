"""Two changes of one cgroup are kept apart, and nobody but root can do so."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from diagnose.change.locks import locked
from diagnose.errors import UsageError

NOBODY = 65534


def test_a_second_change_of_a_cgroup_is_refused_and_one_of_another_is_not(tmp_path: Path) -> None:
    folder = tmp_path / "run/diagnose"
    with locked(folder, 7, "/dg/svc"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        with pytest.raises(UsageError, match="another diagnose"), locked(folder, 7, "/dg/svc"):
            pass
        with locked(folder, 8, "/dg/batch"):
            assert len(list(folder.iterdir())) == 2
    assert not folder.exists()


def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    folder = tmp_path / "diagnose"
    folder.mkdir(mode=0o700)
    program = "import fcntl, os, sys; d = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT); fcntl.flock(d, fcntl.LOCK_EX)"
    subprocess.run([sys.executable, "-c", program, str(folder / "7.lock")], check=True)
    with locked(folder, 7, "/dg/svc"):
        assert (folder / "7.lock").exists()
    assert not folder.exists()


@pytest.mark.parametrize("mode", [0o755, 0o777, 0o701])
def test_a_folder_that_others_can_enter_is_refused(tmp_path: Path, mode: int) -> None:
    (tmp_path / "diagnose").mkdir()
    (tmp_path / "diagnose").chmod(mode)
    with pytest.raises(UsageError, match="alone"), locked(tmp_path / "diagnose", 7, "/dg/svc"):
        pass


def test_a_link_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (tmp_path / "diagnose").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="alone"), locked(tmp_path / "diagnose", 7, "/dg/svc"):
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_cannot_keep_a_change_out(tmp_path: Path) -> None:
    for folder in (tmp_path, *tmp_path.parents):
        if not folder.stat().st_mode & stat.S_IXOTH:
            folder.chmod(folder.stat().st_mode | stat.S_IXOTH)
    with locked(tmp_path / "diagnose", 7, "/dg/svc"):
        attack = f"import fcntl, os; fcntl.flock(os.open({str(tmp_path / 'diagnose/7.lock')!r}, os.O_RDONLY), 2)"
        as_nobody = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"]
        command = [*as_nobody, "/usr/bin/python3", "-c", attack]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert "PermissionError" in done.stderr
