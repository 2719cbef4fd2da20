"""A report as `apply` reads it: whole, unedited, and one clear line on what is wrong with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from diagnose.change.reports import load_report
from diagnose.errors import UsageError
from diagnose.report.digest import sealed
from tests.helpers.change_scene import MIB, Scene, limit, written


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path / "host")


def test_a_whole_report_is_read_back(scene: Scene, tmp_path: Path) -> None:
    report = scene.report(limit())
    loaded = load_report(written(report, tmp_path))
    assert loaded.digest
    assert loaded.recommendations == report.recommendations


@pytest.mark.parametrize("cut", [1, 100, 5000])
def test_a_truncated_report_is_refused(scene: Scene, tmp_path: Path, cut: int) -> None:
    path = written(scene.report(limit()), tmp_path)
    path.write_bytes(path.read_bytes()[:-cut] if cut > 1 else b"")
    with pytest.raises(UsageError, match="cut short or damaged"):
        load_report(path)


def test_an_edited_report_is_refused(scene: Scene, tmp_path: Path) -> None:
    path = written(scene.report(limit()), tmp_path)
    path.write_text(path.read_text().replace(str(200 * MIB), str(100 * MIB)))
    with pytest.raises(UsageError, match="was edited or damaged after it was made"):
        load_report(path)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("[]", "no JSON object"),
        ("{}", "no report of this version"),
        ('{"schema": "diagnose.report/1"}', "has no digest"),
        ('{"schema": "diagnose.report/1", "x": NaN}', "NaN is no number"),
        ("[" * 100_000, "nested too deeply"),
        ('{"schema": "diagnose.report/1", "digest": "x", "n": ' + "9" * 5000 + "}", "no report"),
        (json.dumps(sealed({"schema": "diagnose.report/1"})), "not a valid report: service"),
    ],
)
def test_what_is_no_report_is_one_clear_line(tmp_path: Path, text: str, match: str) -> None:
    path = tmp_path / "report.json"
    path.write_text(text)
    with pytest.raises(UsageError, match=match) as error:
        load_report(path)
    assert "\n" not in str(error.value)


def test_a_report_that_is_not_there_or_a_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "none.json", tmp_path, Path("/dev/zero")):
        with pytest.raises(UsageError, match="no such file"):
            load_report(path)
