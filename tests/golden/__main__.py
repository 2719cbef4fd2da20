"""Writes the golden files anew: `python -m tests.golden`. The diff is reviewed like code."""

from __future__ import annotations

from pathlib import Path

from diagnose import capture as captures
from diagnose import pipeline, rules
from diagnose.demonstration import REPLAYS
from diagnose.formats import FORMATS

FOLDER = Path(__file__).parent
GOLDEN = {
    **dict.fromkeys(FORMATS, "noisy-neighbour"),
    "markdown healthy": "healthy",
    "markdown swapping": "swap-thrash",
}
"""What each golden file shows: the format (the first word), and the recorded scenario."""


def path_of(golden: str) -> Path:
    return FOLDER / f"{GOLDEN[golden]}.{FORMATS[golden.split()[0]].file}"


def rendered(golden: str) -> str:
    """Return a report as `diagnose report --no-charts` writes it: how pictures are drawn changes with matplotlib."""
    capture, packed = captures.load(REPLAYS / f"{GOLDEN[golden]}.capture.json.gz")
    return FORMATS[golden.split()[0]].render(pipeline.analyse(capture, rules.load_rules(), packed), ())


if __name__ == "__main__":
    for name in GOLDEN:
        path_of(name).write_text(rendered(name), "utf-8")
