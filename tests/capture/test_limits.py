"""How much of each a capture may hold: more than that is refused in a line, and what the battery makes is not."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from diagnose.capture import bounds
from diagnose.capture import file as captures
from diagnose.capture.base import at_most, few_words
from diagnose.capture.consistency import impossible
from diagnose.capture.model import Capture
from diagnose.capture.tables import Bins, BlockRequests, Evictions, Samples, Stalls
from diagnose.errors import UsageError
from diagnose.lab import RECORDED
from diagnose.measure.probes import blame, cgroups, devices, polled_cgroups, reads, tunables
from tests.helpers.example_report import example_capture
from tests.helpers.paths import CHECKOUT

ALL_RECORDED = [*RECORDED.glob("*.json.gz"), *(CHECKOUT / "tests" / "recorded_without_bpf").glob("*.json.gz")]


def refused(**changes: Any) -> str:
    document = json.loads(gzip.decompress(captures.to_bytes(example_capture(windows=30, requested=30))))
    for place, value in changes.items():
        node = document
        *folders, last = place.split("__")
        for folder in folders:
            node = node[folder]
        node[last] = value
    with pytest.raises(UsageError) as caught:
        captures.parse(gzip.compress(json.dumps(document).encode(), 1), "x.gz")
    return str(caught.value)


def probe(**fields: Any) -> dict[str, Any]:
    return {"probe": "x", "attached": False, **fields}


TOO_MANY: dict[str, tuple[int, dict[str, Any]]] = {
    "service.processes": (bounds.MAX_PROCESSES, {"service__processes": [{"pid": 1, "comm": "x"}]}),
    "cgroups": (bounds.MAX_CGROUPS, {"cgroups": [{"id": 1, "path": "/"}]}),
    "probes": (bounds.MAX_PROBES, {"probes": [probe()]}),
    "files": (bounds.MAX_FILES, {"files": [{}]}),
    "droppers": (bounds.MAX_DROPPERS, {"droppers": [{}]}),
    "devices": (bounds.MAX_DEVICES, {"devices": [{"name": "vda", "number": "1:2"}]}),
    "damon": (bounds.MAX_SCHEMES, {"damon": [{}]}),
}


@pytest.mark.parametrize("field", TOO_MANY)
def test_a_longer_list_than_the_battery_can_make_is_refused(field: str) -> None:
    most, changes = TOO_MANY[field]
    message = refused(**{place: value * (most + 1) for place, value in changes.items()})
    assert f"{field}: must have at most {most:,} entries; it has {most + 1:,}" in message


def test_longer_lists_inside_are_refused() -> None:
    for field, most in (("missing", bounds.MAX_NAMES), ("why", bounds.MAX_REASONS)):
        assert f"at most {most:,} entries" in refused(probes=[probe(**{field: [""] * (most + 1)})])
    assert f"at most {bounds.MAX_SETTINGS:,}" in refused(lost={f"k{i}": 1 for i in range(bounds.MAX_SETTINGS + 1)})
    names = {f"k{i}": 1 for i in range(bounds.MAX_SETTINGS + 1)}
    assert f"at most {bounds.MAX_SETTINGS:,}" in refused(host__settings=names)


def test_longer_texts_are_refused() -> None:
    for most, changes in (
        (bounds.MAX_COMM, {"service__processes": [{"pid": 1, "comm": "x" * (bounds.MAX_COMM + 1)}]}),
        (bounds.MAX_PATH, {"service__cgroup": "/" + "x" * bounds.MAX_PATH}),
        (bounds.MAX_WORD, {"tool_version": "x" * (bounds.MAX_WORD + 1)}),
        (bounds.MAX_NAME, {"host__hostname": "x" * (bounds.MAX_NAME + 1)}),
        (bounds.MAX_TEXT, {"probes": [probe(reason="x" * (bounds.MAX_TEXT + 1))]}),
    ):
        assert f"must have at most {most} characters" in refused(**changes)


def test_more_devices_than_any_host_uses_are_refused() -> None:
    with pytest.raises(ValueError, match="at most 2 different entries; it has 3"):
        few_words(2).func(["a", "b", "a", "c"])  # type: ignore[call-arg]
    rows = bounds.MAX_DEVICES + 1
    columns = {name: [1] * rows for name in ("window", "cgroup", "requests", "bytes", "queue_ns", "service_ns")}
    with pytest.raises(ValidationError, match=f"{rows:,}"):
        BlockRequests(device=[f"d{i}" for i in range(rows)], op=["read"] * rows, **columns)


def test_more_rows_than_the_maps_hold_are_refused() -> None:
    rows = 2 * bounds.MAX_ROWS["stalls"] * 31 + 1
    table = Stalls(
        window=[0] * rows, cgroup=[1] * rows, kind=["dirty-throttle"] * rows, stalls=[1] * rows, total_ns=[1] * rows
    )
    capture = example_capture(windows=30, requested=30)
    (problem,) = impossible(capture.model_copy(update={"stalls": table}))
    assert problem.startswith(f"stalls: {rows:,} rows in 30 windows")
    samples = Samples(window=[0] * 63, values={})
    (problem,) = impossible(capture.model_copy(update={"host_samples": samples}))
    assert problem.startswith("host_samples: 63 rows")


@pytest.mark.parametrize("step", [1, 50, 10_000])
def test_more_cgroups_than_any_host_makes_are_refused(step: int) -> None:
    rows = bounds.MAX_CGROUPS + 1
    capture = example_capture(windows=30, requested=30)
    zeros: list[int] = [0] * rows

    def evictions(ids: list[int]) -> Capture:
        table = Evictions(window=zeros, evictor=ids, victim=zeros, cause=["kswapd"] * rows, pages=zeros)
        return capture.model_copy(update={"evictions": table})

    (problem,) = impossible(evictions([i * step for i in range(rows)]))
    assert problem.startswith(f"Evictions.evictor: {rows:,} different cgroups")
    assert list(impossible(evictions([1, *(i * step for i in range(1, rows - 1)), step]))) == []


def test_after_the_first_fault_of_a_list_no_others_are_looked_for() -> None:
    with pytest.raises(ValidationError) as caught:
        Bins(bin=["x"] * 1000, count=["x"] * 1000)
    assert caught.value.error_count() == 2
    with pytest.raises(ValueError, match="at most 3"):
        at_most(3).func([1, 2, 3, 4])  # type: ignore[call-arg]


def test_the_battery_makes_less_than_is_accepted() -> None:
    assert blame.MAX_EXAMPLES <= bounds.MAX_EXAMPLES
    assert reads.MAX_FILES <= bounds.MAX_FILES
    assert devices.MOST <= bounds.MAX_DEVICES
    assert tunables.MOST_SCHEMES <= bounds.MAX_SCHEMES
    assert 2 * max(cgroups.MAX_FIRST_READ, cgroups.MAX_WATCHED, polled_cgroups.MAX_POLLED) <= bounds.MAX_CGROUPS
    assert bounds.MAX_ROWS["cgroup_samples"] > cgroups.MAX_FIRST_READ


@pytest.mark.parametrize("path", ALL_RECORDED, ids=lambda path: f"{path.parent.name}-{path.name.partition('.')[0]}")
def test_what_was_recorded_loads(path: Path) -> None:
    capture, _ = captures.load(path)
    assert list(impossible(capture)) == []
