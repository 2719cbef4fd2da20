"""What root loads, runs, follows and leaves behind does not depend on what other users can prepare."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

import diagnose
from diagnose.cgroups import commands
from diagnose.change.reports import load_report
from diagnose.errors import UsageError
from diagnose.lab import RECORDED
from diagnose.lab.processes import started
from diagnose.lab.workloads import Workload
from diagnose.measure.bpf import compiler
from diagnose.report import output
from diagnose.report.safe_paths import foreign_link

NOBODY = 65534
AS_THE_SCRIPT_DOES = [sys.executable, "-P", "-c", "from diagnose.cli import main; main()"]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make what belongs to others")
EVIL = "open({marker!r}, 'a').write(__name__)\n"


@pytest.fixture
def trap(tmp_path: Path) -> tuple[Path, Path]:
    """Return a folder with modules and data that somebody prepared, and the marker that running them would leave."""
    folder, marker = tmp_path / "trap", tmp_path / "ran"
    folder.mkdir()
    for name in ("bcc.py", "json.py", "yaml.py", "numpy.py", "sitecustomize.py", "diagnose/__init__.py"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(EVIL.format(marker=str(marker)))
    for name in ("rules", "reports", "bpf", ".diagnose/rules", "diagnose/rules"):
        (folder / name).mkdir(parents=True)
        (folder / name / "healthy.yaml").write_text("no rule")
        (folder / name / "report.md.j2").write_text("no report")
    (folder / "matplotlibrc").write_text("font.size: 40\ntext.usetex: True\nbackend: module://bcc\n")
    return folder, marker


def report(where: Path, output_folder: Path, **environment: str) -> dict[str, bytes]:
    capture = RECORDED / "healthy.capture.json.gz"
    clean = {k: v for k, v in os.environ.items() if k != "MPLCONFIGDIR"}
    done = subprocess.run(
        [*AS_THE_SCRIPT_DOES, "report", str(capture), "--output", str(output_folder)],
        cwd=where, env={**clean, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    assert "Traceback" not in done.stderr
    return {str(p.relative_to(output_folder)): p.read_bytes() for p in output_folder.rglob("*") if p.is_file()}


def test_the_current_folder_and_the_environment_do_not_change_a_report(trap: tuple[Path, Path], tmp_path: Path) -> None:
    folder, marker = trap
    place = str(folder)
    hostile = {"HOME": place, "XDG_CONFIG_HOME": place, "XDG_DATA_HOME": place, "MPLCONFIGDIR": place, "CPATH": place,
               "MATPLOTLIBRC": place, "BCC_KERNEL_SOURCE": place, "DIAGNOSE_RULES": place}  # fmt: skip
    empty = tmp_path / "empty"
    empty.mkdir()
    assert report(folder, tmp_path / "one", **hostile) == report(empty, tmp_path / "two")
    assert not marker.exists()


def test_no_installed_package_has_its_code_run_on_reports(tmp_path: Path) -> None:
    packages, marker = tmp_path / "packages", tmp_path / "ran"
    entry_points = packages / "evil-1.dist-info" / "entry_points.txt"
    entry_points.parent.mkdir(parents=True)
    entry_points.write_text("[pydantic]\nevil = evil:plugin\n")
    (packages / "evil.py").write_text(EVIL.format(marker=str(marker)))
    search = os.pathsep.join((str(packages), str(Path(diagnose.__file__).parents[1])))
    report(tmp_path, tmp_path / "report", PYTHONPATH=search, PYDANTIC_DISABLE_PLUGINS="others")
    assert not marker.exists()


def test_a_workload_loads_no_module_of_the_current_folder(
    trap: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, marker = trap
    monkeypatch.chdir(folder)
    with started(Workload("svc", "no-such-program", {}), [], tmp_path, {}) as worker:
        end = time.monotonic() + 60
        while worker.process.poll() is None and time.monotonic() < end:
            time.sleep(0.01)
        assert worker.process.returncode not in (None, 0)
    assert not marker.exists()


def test_headers_come_from_the_package_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("BCC_KERNEL_SOURCE", "BCC_SYMFS", "BCC_LINUX_VERSION_CODE", "CPATH", "C_INCLUDE_PATH"):
        monkeypatch.setenv(name, str(tmp_path))
    compiler._own_environment()
    assert str(tmp_path) not in os.environ.values()
    assert (Path(os.environ["BCC_KERNEL_SOURCE"]) / "README.md").is_file()


@as_root
def test_root_runs_no_program_that_path_leads_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("docker", "systemctl", "true"):
        (tmp_path / name).write_text("#!/bin/sh\necho trapped\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert commands.run(["true"], 10.0) == commands.Ended(True, "", "")
    assert "trapped" not in commands.run(["docker", "--version"], 10.0).output


@pytest.mark.parametrize(
    ("umask", "folders", "files"), [(0, 0o755, 0o644), (0o022, 0o755, 0o644), (0o077, 0o700, 0o600)]
)
def test_others_can_never_write_to_a_report(umask: int, folders: int, files: int, tmp_path: Path) -> None:
    before = os.umask(umask)
    try:
        output.write(tmp_path / "a/b", {"report.md": b"x", "charts/c.svg": b"y"})
    finally:
        os.umask(before)
    for path in (tmp_path / "a").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (folders if path.is_dir() else files), path
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == folders


@as_root
def test_what_a_user_writes_is_his(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, NOBODY, NOBODY)
    for folder in tmp_path.parents:
        if not folder.stat().st_mode & stat.S_IXOTH:
            folder.chmod(folder.stat().st_mode | stat.S_IXOTH)
    tmp_path.chmod(0o755)
    script = (
        "from pathlib import Path; from diagnose.report import output\n"
        "output.write(Path('mine/r'), {'report.md': b'x'})"
    )
    command = [
        "setpriv",
        "--reuid",
        str(NOBODY),
        "--regid",
        str(NOBODY),
        "--clear-groups",
        sys.executable,
        "-c",
        script,
    ]
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False)
    if "Permission denied" in done.stderr and not (home / "mine").exists():
        pytest.skip("nobody may not run this Python")
    assert done.returncode == 0, done.stderr
    for path in (home / "mine", home / "mine/r", home / "mine/r/report.md"):
        assert (path.stat().st_uid, path.stat().st_mode & 0o022) == (NOBODY, 0), path


@pytest.fixture
def everybodys(tmp_path: Path) -> Path:
    """Return a folder like /tmp, with the link "planted" of another user to the folder "target" beside it."""
    (tmp_path / "target").mkdir()
    folder = tmp_path / "everybodys"
    folder.mkdir()
    folder.chmod(0o1777)
    (folder / "planted").symlink_to(tmp_path / "target")
    os.lchown(folder / "planted", NOBODY, NOBODY)
    return folder


@as_root
@pytest.mark.parametrize("where", ["planted", "planted/below", "own/../planted", "by-way/below"])
def test_a_report_does_not_go_where_somebody_elses_link_leads(where: str, everybodys: Path) -> None:
    (everybodys / "own").mkdir()
    (everybodys / "by-way").symlink_to("planted")  # root's own link, to one that is not
    with pytest.raises(UsageError, match="is a link that somebody else put there"):
        output.check(everybodys / where, ["report.md"])
    written = output.write(everybodys / where, {"report.md": b"x"})  # it was put there after check()
    try:
        assert "somebody else has put a link there" in (written.instead or "")
        assert stat.S_IMODE(written.folder.stat().st_mode) == 0o700
        assert not list((everybodys.parent / "target").iterdir())
    finally:
        shutil.rmtree(written.folder)


@as_root
def test_links_that_can_be_trusted_are_followed(everybodys: Path) -> None:
    (everybodys / "mine").symlink_to(everybodys.parent / "target")
    assert foreign_link(everybodys / "mine" / "below") is None
    private = everybodys.parent / "private"
    private.mkdir(0o755)
    (private / "theirs").symlink_to(everybodys.parent / "target")
    os.lchown(private / "theirs", NOBODY, NOBODY)  # nobody but root can have put it there
    assert foreign_link(private / "theirs") is None


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    assert foreign_link(tmp_path / "a/c") is None


@as_root
def test_apply_takes_no_report_that_anybody_may_have_written(everybodys: Path) -> None:
    file = everybodys.parent / "target" / "report.json"
    file.write_text("{}")
    with pytest.raises(UsageError, match="may have been written by anybody"):
        load_report(everybodys / "planted" / "report.json")
    file.chmod(0o666)
    with pytest.raises(UsageError, match="may have been written by anybody"):
        load_report(file)
    file.chmod(0o644)
    with pytest.raises(UsageError, match="is no report of this version"):
        load_report(file)
