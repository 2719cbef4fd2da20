"""Root's environment is what `diagnose` heeds: whatever else somebody put there reaches no library and no program."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from diagnose.cli._process import ROOTS_HOME, roots_alone
from diagnose.resources import SYSTEM_PATH

NOBODY = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make what belongs to others")

SETTLED = """
import json, os
from diagnose.cli import _process
refused = _process.settle()
print(json.dumps([dict(os.environ), refused, _process.settle()]))
"""
HOSTILE = (
    "OPENSSL_CONF", "SSLKEYLOGFILE", "GCONV_PATH", "LOCPATH", "NLSPATH", "FONTCONFIG_FILE", "XDG_DATA_HOME",
    "XDG_CONFIG_HOME", "MPLBACKEND", "MPLCONFIGDIR", "MATPLOTLIBRC", "CONTAINERS_CONF", "DOCKER_CONFIG", "DOCKER_HOST",
    "CONTAINER_HOST", "SYSTEMD_PAGER", "PAGER", "DBUS_SYSTEM_BUS_ADDRESS", "MKE2FS_CONFIG", "BASH_ENV", "ENV", "CPATH",
    "LD_PRELOAD_OF_TOMORROW", "LC_MESSAGES", "LANGUAGE", "TZDIR",
)  # fmt: skip


def settled(user: int = 0, **environment: str) -> tuple[dict[str, str], list[str], list[str]]:
    """Return the environment that libraries and programs see, and what was refused, at first and again."""
    known = {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", SETTLED], env={**known, **environment}, capture_output=True, text=True, check=True,
        user=user,
    )  # fmt: skip
    left, refused, again = json.loads(done.stdout)
    return {name: value for name, value in left.items() if name not in known}, refused, again


@as_root
def test_nothing_of_a_hostile_environment_is_left(tmp_path: Path) -> None:
    left, refused, again = settled(**dict.fromkeys(HOSTILE, str(tmp_path)), PATH=str(tmp_path), TERM="xterm")
    assert left == {
        "PATH": SYSTEM_PATH, "HOME": ROOTS_HOME, "LC_ALL": "C.UTF-8", "TERM": "xterm", "OPENBLAS_NUM_THREADS": "1",
        "PYDANTIC_DISABLE_PLUGINS": "__all__",
    }  # fmt: skip
    assert (refused, again) == ([], [])


@as_root
def test_what_a_command_heeds_stays() -> None:
    heeded = {
        "DIAGNOSE_TOKEN": "t", "GITHUB_TOKEN": "g", "NO_COLOR": "1", "COLUMNS": "100", "https_proxy": "http://p:1",
        "_DIAGNOSE_COMPLETE": "bash_complete", "COMP_WORDS": "diagnose", "TZ": "UTC", "TMPDIR": "/tmp",
    }  # fmt: skip
    left, refused, _ = settled(**heeded)
    assert {name: left[name] for name in heeded} == heeded
    assert refused == []


@as_root
@pytest.mark.parametrize("name", ["HOME", "TMPDIR", "TEMP", "TMP", "SSL_CERT_DIR", "KUBECONFIG"])
def test_a_folder_counts_only_where_root_alone_can_write(name: str, tmp_path: Path) -> None:
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    mine.mkdir()
    (theirs / "below").mkdir(parents=True)
    os.chown(theirs, NOBODY, NOBODY)
    assert settled(**{name: str(mine)})[0][name] == str(mine)
    for foreign in (theirs, theirs / "below", tmp_path / "none", Path("mine")):
        left, refused, again = settled(**{name: str(foreign)})
        assert left.get(name) == (ROOTS_HOME if name == "HOME" else None), foreign
        assert refused == ([name] if name in ("TMPDIR", "TEMP", "TMP") else [])
        assert again == []


@as_root
def test_links_and_modes_are_looked_at_on_the_whole_way(tmp_path: Path) -> None:
    target, group, shared = tmp_path / "target", tmp_path / "group", tmp_path / "shared"
    for folder in (target, group, shared):
        folder.mkdir(mode=0o755)
    group.chmod(0o775)
    shared.chmod(0o1777)
    for link in ("planted", "own"):
        (shared / link).symlink_to(target)
    os.lchown(shared / "planted", NOBODY, NOBODY)
    (tmp_path / "way").symlink_to(group)
    told = {str(path): roots_alone(str(path)) for path in (target, shared, shared / "own")}
    assert set(told.values()) == {True}, told
    told = {str(path): roots_alone(str(path)) for path in (group, tmp_path / "way", shared / "planted")}
    assert set(told.values()) == {False}, told
    (shared / "file").touch(0o666)
    (shared / "file").chmod(0o1666)
    assert not roots_alone(str(shared / "file"))


@as_root
def test_another_user_keeps_his_own_but_for_the_locale(tmp_path: Path) -> None:
    chosen = {"HOME": str(tmp_path), "DOCKER_HOST": "unix:///run/user/1/docker.sock", "PATH": os.environ["PATH"]}
    left, refused, _ = settled(NOBODY, **chosen, LC_ALL="de_DE.UTF-8", LANGUAGE="de")
    assert {name: left[name] for name in chosen} == chosen
    assert (left["LC_ALL"], left.get("LANGUAGE"), refused) == ("C.UTF-8", None, [])
