"""What an input costs: captures grown at a few places, each judged by the time, memory and report that it takes.

The fuzzer beside this one looks for crashes. This one looks for a small file that costs much: it chooses lists,
mappings and strings of a capture, also those that are empty there, and lets them grow until the file has the size
wanted; then the whole way from the file to the report is gone in a process of its own.
"""

from __future__ import annotations

import copy
import gzip
import json
import os
import resource
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from diagnose import pipeline
from diagnose.capture import bounds
from diagnose.capture import file as captures
from diagnose.capture.redact import redact
from diagnose.errors import DiagnoseError
from diagnose.lab import RECORDED
from diagnose.report.formats.delivery import contents, delivery
from diagnose.rules import RuleSet, load_rules
from tests.fuzz.messages import in_lines

LARGEST = 32 << 20
MOST_SECONDS, MOST_MIB, MOST_REPORT_MIB = 60.0, 400.0, 20.0
"""What no capture of up to LARGEST bytes of JSON may exceed: CPU seconds, peak memory, the report."""
OWN_SECONDS = 4.0
"""Of that, what any capture may take; the rest is in proportion to its size."""
OWN_MIB = 280.0
FRESH_MIB = 60.0
"""What a process of `diagnose report` has before it reads the capture."""
SIZES = (1 << 18, 1 << 20, 1 << 22, 1 << 24, LARGEST - (1 << 20))
MOST = {
    "cgroups": bounds.MAX_CGROUPS, "processes": bounds.MAX_PROCESSES, "probes": bounds.MAX_PROBES,
    "why": bounds.MAX_REASONS, "names": bounds.MAX_NAMES, "missing": bounds.MAX_NAMES, "files": bounds.MAX_FILES,
    "droppers": bounds.MAX_DROPPERS, "examples": bounds.MAX_EXAMPLES, "devices": bounds.MAX_DEVICES,
    "below": bounds.MAX_BELOW, "damon": bounds.MAX_SCHEMES, "values": bounds.MAX_COLUMNS,
}  # fmt: skip
NAMES = ("noisy-neighbour", "swap-thrash", "contended-device")


@dataclass(frozen=True)
class Cost:
    """What one capture took: CPU seconds, peak memory, bytes of report; `refused`: why it was not accepted."""

    seconds: float
    mib: float
    report_mib: float
    refused: str | None = None

    def too_much(self, size: int) -> str | None:
        """Return what is more than a capture of `size` bytes of JSON may cost; None: nothing."""
        share = min(1.0, size / LARGEST)
        allowed = {
            "seconds": OWN_SECONDS + (MOST_SECONDS - OWN_SECONDS) * share,
            "mib": OWN_MIB + (MOST_MIB - OWN_MIB) * share,
            "report_mib": MOST_REPORT_MIB,
        }
        over = [f"{getattr(self, name):.1f} {name} of {most:.1f}" for name, most in allowed.items()
                if getattr(self, name) > most]  # fmt: skip
        return ", ".join(over) or None


@cache
def _rules() -> RuleSet:
    return load_rules()


@cache
def _recorded(name: str) -> str:
    return gzip.decompress((RECORDED / f"{name}.capture.json.gz").read_bytes()).decode()


def measured(packed: bytes, redacted: bool) -> Cost:
    """Go from a capture's file to its report, in a process of its own, and return what that took."""
    _rules()
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        os.close(reading)
        _report(packed, redacted, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        said = answer.read()
    _, status = os.waitpid(child, 0)
    if not said:  # killed by its limits: as costly as that
        return Cost(MOST_SECONDS * 2, MOST_MIB * 4, 0.0, f"killed: {status}")
    return Cost(**json.loads(said))


def _report(packed: bytes, redacted: bool, answer: int) -> None:
    """Do it, and end this process."""
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    seconds = int(MOST_SECONDS * 1.5)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (2 << 30, resource.RLIM_INFINITY))
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = _peak_mib() - FRESH_MIB
    began, refused, length = time.process_time(), None, 0
    try:
        try:
            capture = captures.parse(packed, "capture.json.gz")
            if redacted:
                capture = redact(capture)
                packed = captures.to_bytes(capture)
            report = pipeline.analyse(capture, _rules(), packed)
            files = contents(report, packed, delivery(None, ["markdown,json,html"], with_charts=False), lambda _: ())
            length = sum(len(content) for name, content in files.items() if not name.startswith("capture"))
        except DiagnoseError as error:
            in_lines(error)
            refused = str(error)
        cost = Cost(time.process_time() - began, _peak_mib() - before, length / 2**20, refused)
        os.write(answer, json.dumps(cost.__dict__).encode())
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def _peak_mib() -> float:
    return next(int(line.split()[1]) / 1024 for line in Path("/proc/self/status").read_text().split("\n")
                if line.startswith("VmHWM"))  # fmt: skip


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


def example(number: int) -> tuple[bytes, int, bool]:
    """Return the capture of a number (its file), the size of its JSON, and whether it is redacted."""
    random = Random(number)
    size = random.choice(SIZES)
    text = grown(random, size)
    return gzip.compress(text, 1), len(text), random.random() < 0.5


def search(first: int, until: float, where: Path) -> tuple[int, list[str]]:
    """Try captures from a number on until a time; returns how many, and of those that cost too much a line each.

    Their files are left in `where`, so that they can be seen again.
    """
    found, number = [], first
    while time.monotonic() < until:
        packed, size, redacted = example(number)
        if over := measured(packed, redacted).too_much(size):
            kept = where / f"costly-{number}.capture.json.gz"
            kept.write_bytes(packed)
            again = f"diagnose report {kept}{' --redact' if redacted else ''} --output -"
            found.append(f"{size / 2**20:.1f} MiB of JSON, {len(packed)} bytes: {over}; again: {again}")
            print(f"costs: {found[-1]}", flush=True)
        number += 1
    return number - first, found
