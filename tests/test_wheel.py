"""The wheel carries its data and works away from the checkout."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.helpers.paths import CHECKOUT


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command without this environment's Python settings; fail with its output."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={"PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel with the build backend that is installed: no network."""
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, CHECKOUT, cwd=out)
    (built,) = out.glob("*.whl")
    return built


def test_wheel_carries_rules_bpf_and_templates(wheel: Path) -> None:
    packed = set(zipfile.ZipFile(wheel).namelist())
    kinds = {"rules": "**/*.*", "bpf": "**/*.[ch]", "reports": "*.*"}
    for folder, pattern in kinds.items():
        wanted = {f"diagnose/_data/{path.relative_to(CHECKOUT)}" for path in (CHECKOUT / folder).glob(pattern)}
        assert wanted, f"the checkout has no {folder}/{pattern}"
        assert wanted <= packed


def test_wheel_carries_every_module(wheel: Path) -> None:
    packed = set(zipfile.ZipFile(wheel).namelist())
    assert {str(path.relative_to(CHECKOUT)) for path in (CHECKOUT / "diagnose").rglob("*.py")} <= packed
    assert "diagnose/py.typed" in packed


def test_wheel_carries_our_man_pages_and_completions_and_the_licences_and_nothing_else(wheel: Path) -> None:
    packed = zipfile.ZipFile(wheel).namelist()
    (shared, metadata) = ("diagnose-0.1.0.data/data/", "diagnose-0.1.0.dist-info/")
    outside = {name for name in packed if not name.startswith(("diagnose/", metadata))}
    share = {f"{shared}{path.relative_to(CHECKOUT)}" for path in (CHECKOUT / "share").rglob("*") if path.is_file()}
    assert outside == share
    assert all(path.name.startswith("diagnose") for path in (CHECKOUT / "share" / "man").rglob("*.1"))
    assert {f"{metadata}licenses/LICENSE", f"{metadata}licenses/bpf/COPYING"} <= set(packed)


@pytest.mark.parametrize("path", sorted((CHECKOUT / "bpf").rglob("*.[ch]")), ids=lambda path: path.name)
def test_every_bpf_file_says_its_licence(path: Path) -> None:
    assert path.read_text().startswith("/* SPDX-License-Identifier: GPL-2.0-only */\n")


def test_installed_wheel_finds_its_rules_and_brings_man_pages_and_completions(wheel: Path, tmp_path: Path) -> None:
    venv, elsewhere = tmp_path / "venv", tmp_path / "elsewhere"
    elsewhere.mkdir()
    run(sys.executable, "-m", "venv", venv, cwd=tmp_path)
    python = venv / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", wheel, cwd=elsewhere)
    # The dependencies are borrowed from the environment that runs the tests, so that neither network nor minutes are
    # needed. A .pth adds that folder to sys.path without processing the .pth files in it, so its editable install of
    # diagnose stays out and the package can only come from the wheel: the next line makes sure.
    (site,) = venv.glob("lib/python*/site-packages")
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    origin = run(python, "-I", "-c", "import diagnose; print(diagnose.__file__)", cwd=elsewhere)
    assert Path(origin.strip()).is_relative_to(venv)
    listed = run(venv / "bin" / "diagnose", "rules", "list", cwd=elsewhere)
    rules = {rule.stem for rule in (CHECKOUT / "rules").glob("*.yaml")} - {"shared"}
    assert rules == {line.split()[0] for line in listed.splitlines()}
    for file in (CHECKOUT / "share").rglob("*"):
        installed = venv / "share" / file.relative_to(CHECKOUT / "share")
        assert file.is_dir() or installed.read_bytes() == file.read_bytes()
