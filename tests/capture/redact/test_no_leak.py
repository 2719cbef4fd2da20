"""No name gets through: markers are planted in every string of real and of made captures and searched in all files."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from diagnose.capture import file as captures
from diagnose.capture.model import Capture, ProbeRecord
from diagnose.capture.redact import redact
from diagnose.cli import main
from diagnose.pipeline import analyse
from diagnose.report.formats import FORMATS
from diagnose.report.formats.json_text import render_json
from diagnose.report.formats.markdown import render_markdown
from diagnose.rules import load_rules
from tests.helpers.example_report import example_capture
from tests.helpers.planted_names import CAPTURES, MARKER, planted

RULES = load_rules()
WITH_CHARTS = ("noisy-neighbour.", "caches-dropped.")
"""Drawing takes seconds, and the charts of all captures are drawn by the same code."""


def everywhere(place: str, text: str) -> str:
    """A marker in each part of each string, the form of paths kept."""
    return "/".join(f"{part}{MARKER}" if part else "" for part in text.split("/"))


def in_names(place: str, text: str) -> str:
    """A marker in each name; what the analysis goes by (keys, probes' names) stays, so that the report is full."""
    return text if place.endswith(("}", ".probe", ".missing[]", ".start")) else everywhere(place, text)


def files(folder: Path) -> dict[str, bytes]:
    """Return what a reader can get out of the files, and their names."""
    contents = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {n: gzip.decompress(c) if n.endswith(".gz") else c for n, c in contents.items()}


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return int(str(ended.value.code))


@pytest.mark.parametrize("plant", [everywhere, in_names])
@pytest.mark.parametrize("path", CAPTURES, ids=lambda p: p.name.split(".")[0])
def test_no_name_of_a_recorded_capture_is_in_any_file(
    path: Path, plant: object, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    marked = planted(captures.load(path)[0], plant)  # type: ignore[arg-type]
    source = tmp_path / "capture.json.gz"
    source.write_bytes(captures.to_bytes(marked))
    options = ["--format", ",".join(FORMATS), *([] if path.name.startswith(WITH_CHARTS) else ["--no-charts"])]
    assert run("report", str(source), *options, "--output", str(tmp_path / "plain")) in (0, 1)
    assert sum(MARKER.encode() in content for content in files(tmp_path / "plain").values()) >= 6, "nothing planted"
    capfd.readouterr()

    assert run("report", str(source), *options, "--redact", "--output", str(tmp_path / "shared")) in (0, 1)
    written = files(tmp_path / "shared")
    assert len(written) >= 7
    assert [name for name, content in written.items() if MARKER.encode() in content.lower()] == []
    assert MARKER not in "".join(written).lower()
    said = capfd.readouterr()
    assert MARKER not in (said.out + said.err).replace(str(tmp_path), "").lower()


FORMS = (
    "{}", "{}.service", "{}.slice", "a-{}.slice", "user@{}.service", "user-{}.slice", "session-{}.scope", "docker/{}",
    "docker-{}.scope", "/docker/{}", "/system.slice/{}", "/{}/{}", "ns/{}", "{}/pod", "kubepods-{}.slice", "/a/b/{}",
    "{}-pod01234567-89ab-cdef-0123-456789abcdef", "kubepods-{}-pod0123456789abcdef0123456789abcdef.slice",
    "kswapd0{}", "kworker/u8:1-{}", "kworker/u8:1+{}\n", "kdamond.0 {}", "254:0{}", "vda{}", "nvme0n1{}", "loop{}",
    "6.1.0-{}", "6.1.0-13-amd64-{}", "6.1{}+", "comm:{}", "pid:1{}", "pid:{}", "/sys/fs/cgroup/{}", "/sys/{}",
    "cannot open '/home/{}/x': Permission denied", "Permission denied: {}", "failed\t{}", "no such file:{}:",
    "2026-11-22T15:20:00Z{}", "{}.high", "memory.{}", "vmstat.{}", "…/{}/x", "{} (deleted)", "0.1.0+{}", "a\\x{}",
)  # fmt: skip


def marked_strings() -> st.SearchStrategy[str]:
    around = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
    marker = st.sampled_from([MARKER, MARKER.upper(), MARKER.title()])
    inside = st.builds(lambda a, m, b: f"{a}{m}{b}", around, marker, around)
    return st.builds(lambda form, text: form.replace("{}", text), st.sampled_from(FORMS), inside)


def as_path(text: str) -> str:
    """Return the text as captures have cgroup paths: absolute, no empty part, none that leads up."""
    return "/" + "/".join(part for part in text.split("/") if part not in ("", ".", ".."))


def base() -> Capture:
    probes = [ProbeRecord(probe="io-uring", attached=False, reason="x", how_to_enable="y", missing=["z"])]
    capture, _ = captures.load(next(p for p in CAPTURES if p.name.startswith("caches-dropped")))
    return capture.model_copy(update={"probes": [*capture.probes, *probes]})


@pytest.mark.parametrize("capture", [base(), example_capture(windows=20, requested=20)], ids=["recorded", "example"])
@settings(max_examples=20, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate])
@given(data=st.data())
def test_no_string_of_a_made_capture_is_in_any_output(capture: Capture, data: st.DataObject) -> None:
    drawn: dict[str, list[str]] = {}

    def plant(place: str, text: str) -> str:
        """One string a place and old string, as names recur; a place's keys stay different from each other."""
        known = drawn.setdefault(f"{place} {text}", [])
        if not known:
            drawn_text = data.draw(marked_strings(), label=place) + (str(len(drawn)) if place.endswith("}") else "")
            known.append(drawn_text if place not in (".service.cgroup", ".cgroups[].path") else as_path(drawn_text))
        return known[0]

    key = data.draw(st.none() | st.binary(min_size=16, max_size=32))
    made = captures.parse(captures.to_bytes(planted(capture, plant)), "made")
    redacted = redact(made, key)
    report = analyse(redacted, RULES)
    for output in (render_markdown(report), render_json(report), gzip.decompress(captures.to_bytes(redacted)).decode()):
        assert MARKER not in output.lower()
