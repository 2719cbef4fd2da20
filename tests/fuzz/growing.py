"""Captures that grow: recorded ones with lists, mappings, tables and texts as long as a file of some size can hold."""

from __future__ import annotations

import copy
import gzip
import json
from collections.abc import Callable, Iterator
from functools import cache
from random import Random
from typing import Any

from diagnose.capture import bounds
from diagnose.lab import RECORDED

MOST = {
    "cgroups": bounds.MAX_CGROUPS, "processes": bounds.MAX_PROCESSES, "probes": bounds.MAX_PROBES,
    "why": bounds.MAX_REASONS, "names": bounds.MAX_NAMES, "missing": bounds.MAX_NAMES, "files": bounds.MAX_FILES,
    "droppers": bounds.MAX_DROPPERS, "examples": bounds.MAX_EXAMPLES, "devices": bounds.MAX_DEVICES,
    "below": bounds.MAX_BELOW, "damon": bounds.MAX_SCHEMES, "values": bounds.MAX_COLUMNS,
}  # fmt: skip
NAMES = ("noisy-neighbour", "swap-thrash", "contended-device")


@cache
def _recorded(name: str) -> str:
    return gzip.decompress((RECORDED / f"{name}.capture.json.gz").read_bytes()).decode()


def grown(random: Random, size: int) -> bytes:
    """Return the JSON of a recorded capture, grown at one to three places to about `size` bytes."""
    document = json.loads(_recorded(random.choice(NAMES)))
    document["probes"].append(_like("probes"))
    if random.random() < 0.5:
        _long_capture(random, document)
    kinds: dict[Place, list[Place]] = {}
    for place in _places(document, ()):  # the same field of other elements is the same kind of place
        kinds.setdefault(tuple(key for key in place if isinstance(key, str)), []).append(place)
    chosen = [random.choice(kinds[kind]) for kind in random.sample(list(kinds), random.randint(1, 3))]
    for place in chosen:
        _grow(random, document, place, size // len(chosen))
    return json.dumps(document, separators=(",", ":")).encode()


def _long_capture(random: Random, document: dict[str, Any]) -> None:
    document["windows"] = document["requested_windows"] = random.choice((3_600, 100_000))


Place = tuple[str | int, ...]


def _places(node: Any, place: Place) -> Iterator[Place]:
    """Yield where a document can grow: every mapping, list and string."""
    if isinstance(node, list | str) or (isinstance(node, dict) and (_is_table(node) or _is_open(place))):
        yield place
    if isinstance(node, dict) and not _is_table(node):
        for key, value in node.items():
            yield from _places(value, (*place, key))
    elif isinstance(node, dict) and "values" in node:
        yield (*place, "values")
    elif isinstance(node, list) and node and isinstance(node[0], dict | str):
        yield from _places(node[-1], (*place, len(node) - 1))


def _is_open(place: Place) -> bool:
    """Tell whether a mapping may have any keys; those of the others are known."""
    return bool(place) and place[-1] in ("settings", "mounts", "beside", "io_limits", "lost", "rbps", "values")


def _at(document: Any, place: Place) -> Any:
    for key in place:
        document = document[key]
    return document


def _like(name: str) -> Any:
    """Return an element for a list of objects, which recorded captures have without some of its fields."""
    return {
        "probes": {
            "probe": "x",
            "attached": False,
            "reason": "x",
            "missing": ["cache.looked_up"],
            "why": [{"code": "not-attached", "cgroup": "/x", "names": ["x"], "message": "x"}],
        },
        "below": "vda",
        "missing": "cache.missed",
        "droppers": {"cgroup": 1, "cause": "drop-caches", "comm": "x", "pages": 1},
        "damon": {"kdamond": 0, "context": 0, "scheme": 0, "action": "pageout"},
    }.get(name, "x")


def _grow(random: Random, document: Any, place: Place, size: int) -> None:
    node = _at(document, place)
    if isinstance(node, str):
        if place:
            _at(document, place[:-1])[place[-1]] = _long_text(random, random.choice((200, 4000)))
    elif isinstance(node, list):
        _grow_list(random, node, str(place[-1]), size)
    elif _is_table(node):
        _grow_table(random, document, node, size)
    else:
        _grow_mapping(random, node, str(place[-1]) if place else "", size)


def _is_table(node: dict[str, Any]) -> bool:
    return isinstance(node.get("window", node.get("bin")), list)


def _grow_list(random: Random, node: list[Any], name: str, size: int) -> None:
    """Repeat the elements, each with another id; now and then with longer texts."""
    text = _long_text(random, random.choice((0, 30, 200, 1000, 4000)))
    models = node[-20:] or [_like(name)]
    grown_by = 0
    for number in range(_entries(random, name, size) - len(node)):
        element = _another(copy.deepcopy(random.choice(models)), number, text)
        node.append(element)
        grown_by += len(json.dumps(element)) + 1
        if grown_by > size:
            return


def _another(element: Any, number: int, text: str) -> Any:
    """Return an element that differs from all others."""
    if isinstance(element, str):
        return f"{element}{text}{number}"[:4096]
    if not isinstance(element, dict):
        return element
    for key, value in element.items():
        if key in ("id", "inode", "pid", "tid"):
            element[key] = 10_000_000 + number
        elif isinstance(value, str) and key in ("path", "name", "comm", "message", "reason", "device", "probe"):
            element[key] = f"{text}/{value}{number}"[:4096]
        elif key == "why":
            element[key] = [_another(value[0], number, text)]
    return element


def _entries(random: Random, name: str, size: int) -> int:
    """Return how many entries a list or mapping gets at most: as many as are accepted, or now and then more."""
    return size if random.random() < 0.1 else MOST.get(name, bounds.MAX_SETTINGS)


def _grow_mapping(random: Random, node: dict[str, Any], name: str, size: int) -> None:
    values = [v for v in node.values() if not isinstance(v, str)] or [1]
    text, grown_by = _long_text(random, random.choice((0, 0, 300))), 0
    for number in range(_entries(random, name, size) - len(node)):
        value = random.choice(values)
        node[f"{text}key{number}"] = value
        grown_by += len(json.dumps(value)) + 16 + len(text)
        if grown_by > size:
            return


def _grow_table(random: Random, document: dict[str, Any], node: dict[str, Any], size: int) -> None:
    """Repeat the rows, in other windows, of other cgroups and devices, or as they are."""
    columns = {k: v for k, v in node.items() if isinstance(v, list)}
    columns |= {("values", k): v for k, v in node.get("values", {}).items()}  # type: ignore[misc]
    rows = len(next(iter(columns.values())))
    times = max(1, size // max(1, len(json.dumps(node)))) if rows else size // 40
    if not rows:
        return
    spread = {name: random.random() < 0.6 for name in ("window", "cgroup", "evictor", "victim", "device")}
    small = random.random() < 0.3
    for name, column in columns.items():
        column *= times
        if name == "window" and spread["window"]:
            column[:] = [max(-1 if "values" in node else 0, i % document["windows"]) for i in range(len(column))]
        elif name in spread and spread[str(name)]:
            kinds = random.choice((100, 5000, len(column)))
            column[:] = [f"d{i % kinds}" if name == "device" else 1 + i % kinds for i in range(len(column))]
        elif small and isinstance(column[0], int) and name not in ("bin", "own", "octave"):
            column[:] = [0] * len(column)


def _long_text(random: Random, length: int) -> str:
    part: Callable[[int], str] = random.choice((
        lambda _: "/a", lambda _: "x", lambda n: f"/{n}", lambda _: "\\", lambda _: "`", lambda _: "é", lambda _: "<",
        lambda _: "/machine.slice", lambda _: " in ", lambda _: "-", lambda _: "\u202e",
    ))  # fmt: skip
    text = ""
    while len(text) < length:
        text += part(len(text))
    return text
