"""Capture files: the same bytes every time, and one clear line for whatever is damaged, foreign or hostile."""

from __future__ import annotations

import gzip
import json
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnose.capture import file as captures
from diagnose.capture.model import Capture
from diagnose.errors import UsageError
from diagnose.histogram import BINS
from tests.helpers.example_report import example_capture

Json = dict[str, Any]
HUGE = 2**63 - 1
CAPTURE = example_capture(windows=30, requested=30)
PACKED = captures.to_bytes(CAPTURE)


def fresh() -> Json:
    """Return the example as plain JSON, to be spoilt."""
    document: Json = json.loads(gzip.decompress(PACKED))
    return document


def packed(document: Any) -> bytes:
    return gzip.compress(document if isinstance(document, bytes) else json.dumps(document).encode(), 1)


def refused(content: bytes) -> str:
    """Return the message with which a file of this content is refused."""
    with pytest.raises(UsageError) as caught:
        captures.parse(content, "x.gz")
    message = str(caught.value)
    assert message.startswith("x.gz ")
    assert message.isprintable()
    assert len(message) < 600
    return message


def in_one_line(content: bytes) -> Capture | None:
    """Return the capture, None if it is refused; any other exception, or more than a line, fails the test."""
    try:
        return captures.parse(content, "x.gz")
    except UsageError as error:
        message = str(error)
    assert message.isprintable()
    return None


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "capture.json.gz"
    path.write_bytes(PACKED)
    assert captures.load(path) == (CAPTURE, PACKED)


def test_the_same_capture_gives_the_same_bytes() -> None:
    assert captures.to_bytes(captures.parse(PACKED, "x")) == PACKED


def test_the_header_holds_neither_time_nor_name() -> None:
    assert PACKED[:10] == b"\x1f\x8b\x08\x00\0\0\0\0" + PACKED[8:10]


@pytest.mark.parametrize("share", [i / 40 for i in range(40)] + [0.999])
def test_a_file_that_is_cut_short_is_refused(share: float) -> None:
    assert "cut short" in refused(PACKED[: int(len(PACKED) * share)])


def test_every_one_of_the_last_bytes_is_needed() -> None:
    for missing in range(1, 24):
        assert "cut short" in refused(PACKED[:-missing])


@given(st.integers(0, len(PACKED) - 1), st.integers(1, 255))
def test_a_changed_byte_is_refused_or_harmless(place: int, change: int) -> None:
    spoilt = bytearray(PACKED)
    spoilt[place] ^= change
    assert in_one_line(bytes(spoilt)) in (CAPTURE, None)


@given(st.binary(max_size=300))
def test_any_other_bytes_are_refused(content: bytes) -> None:
    refused(content)
    refused(packed(content))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"1",
        b'"text"',
        b"\xff\xfe",
        b'{"schema": "diagnose.capture/1"',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"9" * 100_000,
        b'{"schema": "diagnose.capture/1", "windows": ' + b"9" * 10_000 + b"}",
        b"\0" * 1000,
    ],
    ids=lambda content: content[:20].decode("latin-1"),
)
def test_gzip_of_something_else_is_refused(content: bytes) -> None:
    refused(packed(content))


def test_other_compressions_are_refused() -> None:
    assert "not gzip" in refused(zlib.compress(gzip.decompress(PACKED)))


def test_a_compression_bomb_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(captures, "MAX_BYTES", 4 << 20)
    assert "unpacks to more than 4 MiB" in refused(packed(b" " * (16 << 20)))


def test_a_device_without_an_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(captures, "MAX_PACKED_BYTES", 1 << 20)
    with pytest.raises(UsageError, match="larger than any capture"):
        captures.load(Path("/dev/zero"))


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none", tmp_path / ("x" * 300), tmp_path / "a\nb\x1b[31m"):
        with pytest.raises(UsageError, match="cannot read the capture") as caught:
            captures.load(path)
        assert str(caught.value).isprintable()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_of_somebody_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "c"
    path.touch(0o000)
    with pytest.raises(UsageError, match="Permission denied"):
        captures.load(path)


def test_another_schema_is_named() -> None:
    for schema in ("diagnose.capture/2", "diagnose.report/1", None, 7):
        assert "not a capture of this version (diagnose.capture/1)" in refused(packed({**fresh(), "schema": schema}))


def test_a_report_is_not_a_capture() -> None:
    refused(packed({"schema": "diagnose.report/1", "verdict": {}}))


def column(table: str, name: str, value: Any) -> Callable[[Json], Any]:
    """Return what sets every cell of a column to `value`."""

    def spoil(document: Json) -> None:
        cells = document[table].get("values", document[table])
        cells[name] = [value] * len(cells[name])

    return spoil


def setting(*keys: Any, value: Any) -> Callable[[Json], Any]:
    def spoil(document: Json) -> None:
        place: Any = document
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = value

    return spoil


SPOILT = {
    "an unknown key": setting("surprise", value=1),
    "a key with a newline": setting("a\nb\x1b[31m", value=1),
    "a key longer than any": setting("9" * 5000, value=1),
    "an unknown key inside": setting("host", "surprise", value=1),
    "a negative count": column("reads", "count", -1),
    "a count past 64 bits": column("reads", "count", 2**64),
    "a count of very many digits": column("reads", "count", 10**400),
    "a fraction of a read": column("reads", "count", 1.5),
    "text for a number": column("reads", "count", "many"),
    "a list for a number": setting("windows", value=[1]),
    "counts that add up past 64 bits": column("reads", "count", HUGE),
    "pages that add up past 64 bits": column("evictions", "pages", HUGE),
    "a bin past the last": column("reads", "bin", BINS),
    "a negative bin": column("reads", "bin", -1),
    "an unknown kind": column("reads", "kind", "astral"),
    "an unknown cause": column("evictions", "cause", "magic"),
    "a row past the end": column("reads", "window", 30),
    "a reading past the end": column("cgroup_samples", "usage_bytes", 2**70),
    "a reading of a window past the end": setting("cgroup_samples", "window", 5, value=30),
    "a host reading of a window past the end": setting("host_samples", "window", 5, value=99_999),
    "a reading long before the start": setting("host_samples", "window", 0, value=-2),
    "columns of unequal length": setting("reads", "count", value=[1]),
    "samples of unequal length": setting("host_samples", "values", "x", value=[1]),
    "cgroups of unequal length": setting("cgroup_samples", "cgroup", value=[1]),
    "no windows, but rows": setting("windows", value=0),
    "more windows than any": setting("windows", value=10**9),
    "a window of no length": setting("window_seconds", value=0),
    "a window of infinite length": setting("window_seconds", value=float("inf")),
    "a window that is no number": setting("window_seconds", value=float("nan")),
    "a cgroup version to come": setting("cgroup_version", value=3),
    "a page of no size": setting("host", "page_bytes", value=0),
    "a name longer than any": setting("host", "hostname", value="x" * 5000),
    "a cgroup twice": lambda document: document["cgroups"].append(document["cgroups"][0]),
    "a cgroup outside the hierarchy": setting("cgroups", 2, "path", value="/../../etc"),
    "a relative cgroup": setting("cgroups", 2, "path", value="dg"),
    "a cgroup without a path": setting("cgroups", 2, "path", value=""),
    "a doubled slash": setting("cgroups", 2, "path", value="//dg"),
    "a service outside the hierarchy": setting("service", "cgroup", value="/dg/.."),
    "a process number of 0": setting("service", "processes", 0, "pid", value=0),
    "a missing table": lambda document: document.pop("reads"),
    "a table that is null": setting("reads", value=None),
    "a column of nulls": column("reads", "count", None),
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT.keys())
def test_what_no_host_can_have_measured_is_refused(spoil: Callable[[Json], Any]) -> None:
    document = fresh()
    spoil(document)
    refused(packed(document))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(fresh())), json_values)
def test_any_value_in_any_place_is_taken_or_refused_in_one_line(key: str, value: Any) -> None:
    in_one_line(packed({**fresh(), key: value}))


def test_an_empty_capture_is_a_capture() -> None:
    from tests.helpers.small_capture import small_capture

    empty = small_capture(windows=0)
    assert captures.parse(captures.to_bytes(empty), "x") == empty
