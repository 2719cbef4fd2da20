"""Small captures cost little: a short round of the search for costly ones, and those that were found before."""

from __future__ import annotations

import gzip
import json
import time
from pathlib import Path
from typing import Any

import pytest

from diagnose.capture import bounds
from diagnose.capture import file as captures
from tests.fuzz import costs
from tests.helpers.example_report import example_capture

Json = dict[str, Any]


def small() -> Json:
    document: Json = json.loads(gzip.decompress(captures.to_bytes(example_capture(windows=30, requested=30))))
    return document


def cost(document: Json, redacted: bool) -> tuple[costs.Cost, str | None]:
    text = json.dumps(document, separators=(",", ":")).encode()
    found = costs.measured(gzip.compress(text, 1), redacted)
    return found, found.too_much(len(text))


def deep_paths() -> Json:
    """2,600 cgroups, each 1,500 folders deep: as many as are accepted."""
    document = small()
    document["cgroups"] += [{"id": 1000 + i, "path": f"{'/a' * 1500}/{i}"} for i in range(2600)]
    return document


def long_reasons() -> Json:
    """Reasons with thousands of places at which a path may begin, and many paths."""
    document = small()
    document["cgroups"] += [{"id": 1000 + i, "path": f"/{i}{'/a' * 300}"} for i in range(1000)]
    document["probes"] = [
        {"probe": f"p{i}", "attached": False, "reason": "/a" * 2000, "how_to_enable": "/a" * 2000} for i in range(200)
    ]
    return document


def many_devices() -> Json:
    """As many devices as there can be, each with a request of its own."""
    document, many = small(), bounds.MAX_DEVICES
    rows = {"window": [0], "op": ["read"], "cgroup": [1], "requests": [1], "bytes": [1], "queue_ns": [1]}
    document["block_requests"] = {name: cell * many for name, cell in (rows | {"service_ns": [1]}).items()}
    document["block_requests"]["device"] = [f"d{i}" for i in range(many)]
    timed = {"window": [0], "op": ["read"], "stage": ["service"], "own": [0], "bin": [9], "count": [1]}
    document["block_latency"] = {name: cell * many for name, cell in timed.items()}
    document["block_latency"]["device"] = document["block_requests"]["device"]
    return document


def many_processes() -> Json:
    document = small()
    document["service"]["processes"] = [
        {"pid": 1 + i, "comm": "\\" * bounds.MAX_COMM} for i in range(bounds.MAX_PROCESSES)
    ]
    return document


def long_capture() -> Json:
    return small() | {"windows": bounds.MAX_WINDOWS, "requested_windows": bounds.MAX_WINDOWS}


@pytest.mark.parametrize("redacted", [False, True], ids=["", "redacted"])
@pytest.mark.parametrize("made", [deep_paths, long_reasons, many_devices, many_processes, long_capture])
def test_captures_that_are_full_of_one_thing_cost_no_more_than_is_promised(made: Any, redacted: bool) -> None:
    found, too_much = cost(made(), redacted)
    assert (too_much, found.refused) == (None, None)


def test_more_folders_than_any_host_has_are_refused_at_little_cost() -> None:
    document = small()
    document["cgroups"] += [{"id": 1000 + i, "path": f"{'/a' * 1500}/{i}"} for i in range(5000)]
    found, too_much = cost(document, True)
    assert too_much is None
    assert "folders in their paths" in (found.refused or "")


def test_a_small_file_with_a_hundred_million_cells_is_refused_at_little_cost() -> None:
    document = small()
    document["windows"] = document["requested_windows"] = bounds.MAX_WINDOWS
    document["cache"] = {
        "window": "@",
        "cgroup": "@",
        "looked_up": None,
        "missed": None,
        "inserted": "@",
        "dirtied": None,
    }
    zeros = b"[" + b"0," * 33_000_000 + b"0]"
    text = json.dumps(document, separators=(",", ":")).encode().replace(b'"@"', zeros)
    packed = gzip.compress(text, 6)
    assert len(packed) < 500_000
    found = costs.measured(packed, False)
    assert found.too_much(len(packed)) is None
    assert "a column with more values" in (found.refused or "")


def test_a_capture_full_of_keys_that_nobody_knows_is_refused_at_little_cost() -> None:
    document = small()
    document["host"] |= {f"key{i}": i for i in range(400_000)}
    found, too_much = cost(document, False)
    assert too_much is None
    assert f"{len(document['host']):,} keys" in (found.refused or "")


def test_what_costs_too_much_is_told_with_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(costs, "SIZES", (1 << 18,))
    assert costs.search(0, time.monotonic() + 2, tmp_path)[1] == []
    monkeypatch.setattr(costs, "OWN_MIB", 1.0)
    tried, found = costs.search(0, time.monotonic() + 1, tmp_path)
    assert tried == len(found) == len(list(tmp_path.iterdir())) > 0
    assert "diagnose report" in found[0]


def test_a_short_round_finds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(costs, "SIZES", (1 << 18, 1 << 20, 1 << 22))
    for number in range(25):
        packed, size, redacted = costs.example(number)
        found = costs.measured(packed, redacted)
        assert found.too_much(size) is None, number
