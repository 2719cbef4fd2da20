"""A report as `apply` reads it: whole, unedited, and one clear line on what is wrong with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from diagnose import pipeline, rules
from diagnose.capture import file as captures
from diagnose.change.figures import figures_of
from diagnose.change.reports import load_report
from diagnose.errors import UsageError
from diagnose.lab import RECORDED
from diagnose.report.digest import sealed
from diagnose.report.formats.json_text import render_json
from diagnose.report.formats.markdown import render_markdown
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


NEWER = (
    "read_latency.misses_told_apart",
    "read_latency.major_faults",
    "read_latency.map",
    "read_latency.modes.*.io_uring",
    "read_latency.histogram.io_uring",
    "read_latency.files.*.missed_share",
    "read_latency.files.*.time_share",
    "cgroups.list.*.io_read_bytes",
    "cgroups.list.*.io_written_bytes",
    "cgroups.list.*.name",
    "cgroups.list.*.series.refault_file_pages",
    "blame.time_share",
    "blame.ages",
    "blame.room.curve",
    "blame.cross_check.least_seen",
    "disks",
    "names",
    "capture.redacted",
    "capture.without_bpf",
)
"""Keys that the first reports did not have."""


def test_a_report_of_the_first_version_has_the_figures_of_todays(tmp_path: Path) -> None:
    report = pipeline.analyse(captures.load(RECORDED / "noisy-neighbour.capture.json.gz")[0], rules.load_rules())
    document = json.loads(render_json(report))
    for key in NEWER:
        _remove(document["measurements"], key.split("."))
    old = load_report(_saved(document, tmp_path))
    assert figures_of(old, ["/diagnose-demo-1/batch"]) == figures_of(report, ["/diagnose-demo-1/batch"])
    assert render_markdown(old), "and it can still be shown"


def test_what_a_later_version_adds_to_the_measurements_is_no_obstacle(scene: Scene, tmp_path: Path) -> None:
    report = scene.report(limit())
    document = json.loads(render_json(report))
    document["measurements"]["later"] = {"x": 1}
    document["measurements"]["read_latency"]["later"] = 2
    assert load_report(_saved(document, tmp_path)).measurements == report.measurements


def test_a_hit_ratio_that_was_refused_in_words_is_refused_without_a_code(scene: Scene, tmp_path: Path) -> None:
    document = json.loads(render_json(scene.report(limit())))
    document["measurements"]["page_cache"]["service"]["hit_ratio_refused"] = "5 reads missed, yet no page did"
    cache = load_report(_saved(document, tmp_path)).measurements.page_cache
    assert cache is not None
    assert cache.service is not None
    assert cache.service.hit_ratio_refused == "unexplained"


def _remove(node: Any, key: list[str]) -> None:
    """Remove a key of a JSON document, "*" standing for every entry of a list, where what it is in is there."""
    if key[0] == "*":
        for entry in node:
            _remove(entry, key[1:])
    elif len(key) == 1:
        del node[key[0]]
    elif key[0] in node:
        _remove(node[key[0]], key[1:])


def _saved(document: dict[str, Any], folder: Path) -> Path:
    path = folder / "report.json"
    path.write_text(json.dumps(sealed(document)))
    return path
