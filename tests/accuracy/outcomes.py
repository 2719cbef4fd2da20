"""Outcomes of live scenarios in a file, so that a run of half an hour can be interrupted and continued.

One JSON object a line; the first names the state of the code, because runs of different states make no table together.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from diagnose.errors import UsageError
from tests.accuracy.live import Outcome
from tests.helpers.paths import CHECKOUT

PARTS = ("bpf", "diagnose", "rules", "tests/accuracy")


def state() -> str:
    """Return a hash of everything that a verdict depends on."""
    files = (
        p for part in PARTS for p in (CHECKOUT / part).rglob("*") if p.suffix in (".c", ".h", ".py", ".txt", ".yaml")
    )
    total = hashlib.sha256()
    for path in sorted(files):
        total.update(str(path.relative_to(CHECKOUT)).encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


def read(file: Path) -> list[Outcome]:
    """Return what was measured so far; UsageError if that was with other code. A file that is not there is begun."""
    if not file.exists():
        file.write_text(json.dumps({"state": state()}) + "\n")
        return []
    head, *lines = file.read_text().splitlines()
    if json.loads(head) != {"state": state()}:
        raise UsageError(f"{file}: measured with another state of the code; name a new file")
    return [Outcome(**{k: tuple(v) if isinstance(v, list) else v for k, v in json.loads(s).items()}) for s in lines]


def add(file: Path, outcome: Outcome) -> None:
    """Add one outcome to a file that `read` has begun."""
    with file.open("a") as out:
        out.write(json.dumps(asdict(outcome)) + "\n")
