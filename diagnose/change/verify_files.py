"""The files of a verification, beside the change record; existing ones are never overwritten."""

from __future__ import annotations

import os
from pathlib import Path

from diagnose.capture import file as captures
from diagnose.change import verify_text
from diagnose.change.model import ChangeRecord
from diagnose.change.verify import Verified
from diagnose.report import output

NAMES = ("verify{}.md", "verify{}.json", "verify{}.capture.json.gz")


def write(record: Path, written: ChangeRecord, verified: Verified) -> Path:
    """Write verify.md, verify.json and the capture behind them; return the path of the first.

    Where they exist already, the new ones are numbered. Raises UsageError where nothing takes them.
    """
    folder, number = record.parent, 1
    while any(os.path.lexists(folder / name) for name in _names(number)):
        number += 1
    contents = (
        verify_text.as_markdown(verified.comparison, written, record.name).encode(),
        verify_text.as_json(verified.comparison, written).encode(),
        captures.to_bytes(verified.capture),
    )
    names = _names(number)
    return output.write(folder, dict(zip(names, contents, strict=True))).folder / names[0]


def _names(number: int) -> list[str]:
    return [name.format("" if number == 1 else f"-{number}") for name in NAMES]
