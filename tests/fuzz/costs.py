"""What an input costs: captures grown at a few places, each judged by the time, memory and report that it takes.

The fuzzer beside this one looks for crashes. This one looks for a small file that costs much: it chooses lists,
mappings and strings of a capture, also those that are empty there, and lets them grow until the file has the size
wanted; then the whole way from the file to the report is gone in a process of its own.
"""

from __future__ import annotations

import gzip
import json
import os
import resource
import signal
import time
import traceback
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

from diagnose import pipeline
from diagnose.capture import file as captures
from diagnose.capture.redact import redact
from diagnose.errors import DiagnoseError
from diagnose.report.formats.delivery import contents, delivery
from diagnose.rules import RuleSet, load_rules
from tests.fuzz.growing import grown
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
