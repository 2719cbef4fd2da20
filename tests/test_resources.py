"""The shipped files are found beside the package, and never in the folder that the user stands in."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnose import resources


@pytest.mark.parametrize("file", ["rules/healthy.yaml", "bpf/common.h", "reports/report.md.j2"])
def test_the_folders_are_there(file: str) -> None:
    name, content = file.split("/")
    assert (resources.folder(name) / content).is_file()
    assert resources.folder(name).is_absolute()


def test_the_current_folder_does_not_decide_what_root_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = resources.folder("bpf")
    (tmp_path / "bpf").mkdir()
    (tmp_path / "_data" / "bpf").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert resources.folder("bpf") == expected


def test_an_installed_copy_prefers_its_own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "diagnose"
    for folder in (package / "_data" / "bpf", tmp_path / "bpf", tmp_path / "rules"):
        folder.mkdir(parents=True)
    monkeypatch.setattr(resources, "_PACKAGE", package)
    assert resources.folder("bpf") == package / "_data" / "bpf"
    assert resources.folder("rules") == tmp_path / "rules"


def test_an_installation_that_lacks_a_folder_is_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path / "diagnose")
    with pytest.raises(FileNotFoundError, match="reinstall the package"):
        resources.folder("rules")
