"""What is written of a report, and where: formats, with charts or without, a folder or standard output."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from diagnose.errors import UsageError
from diagnose.escape import visible
from diagnose.report import output
from diagnose.report.charts.files import FILES
from diagnose.report.formats import DEFAULT, FORMATS

if TYPE_CHECKING:
    from diagnose.capture.redact import Redaction
    from diagnose.report.charts.drawing import Chart
    from diagnose.report.model import Report

CAPTURE = "capture.json.gz"


@dataclass(frozen=True)
class Delivery:
    """`folder`: None for the default one; `formats`: names of FORMATS, each once."""

    folder: Path | None
    formats: tuple[str, ...]
    to_stdout: bool = False
    with_charts: bool = True
    redacting: Redaction | None = None
    """What is done to the capture before a report is made of it."""

    def check(self) -> None:
        """Refuse early, before anything is measured: raises UsageError if the files cannot go where they shall."""
        if self.folder is not None and not self.to_stdout:
            output.check(self.folder, self.files())

    def files(self) -> tuple[str, ...]:
        """Return all files that there may be."""
        return (*(FORMATS[name].file for name in self.formats), CAPTURE, *(FILES if self.with_charts else ()))

    def draws(self) -> bool:
        """Tell whether charts are wanted at all: by a folder, or by a page that holds them itself."""
        return self.with_charts and (not self.to_stdout or "html" in self.formats)


def delivery(
    where: str | None, formats: Iterable[str], with_charts: bool = True, redacting: Redaction | None = None
) -> Delivery:
    """Return what `--output`, `--format` and `--no-charts` ask for; raises UsageError.

    `formats`: as given, each perhaps several, separated by commas.
    """
    words = [word.strip().lower() for text in formats for word in text.split(",")]
    for word in words:
        if word not in FORMATS:
            near = get_close_matches(word, FORMATS, 1)
            hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(FORMATS)}"
            raise UsageError(f"no format '{visible(word)}'; {hint}")
    if where != "-":
        chosen = tuple(dict.fromkeys(words)) or DEFAULT
        return Delivery(None if where is None else Path(where), chosen, False, with_charts, redacting)
    if len(set(words)) > 1:
        raise UsageError("--output - prints one format; name one --format, or a folder")
    return Delivery(None, tuple(words[:1]) or DEFAULT[:1], True, with_charts, redacting)


def printed(report: Report, wanted: Delivery, draw: Callable[[Report], Sequence[Chart]]) -> bytes:
    """Return what goes to standard output; nothing lies beside it, so it links to no picture."""
    form = FORMATS[wanted.formats[0]]
    drawn = draw(report) if wanted.draws() and not form.links else ()
    return form.render(report, drawn).encode()


def contents(
    report: Report, packed: bytes, wanted: Delivery, draw: Callable[[Report], Sequence[Chart]]
) -> dict[str, bytes]:
    """Return what goes into the folder, by file name: the report in each format, the capture, the charts."""
    drawn = draw(report) if wanted.draws() else ()
    files = {form.file: form.render(report, drawn).encode() for form in map(FORMATS.__getitem__, wanted.formats)}
    files[CAPTURE] = packed
    for chart in drawn:
        files |= {chart.picture.svg: chart.svg, chart.picture.png: chart.png}
    return files
