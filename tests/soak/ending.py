"""How `diagnose` ended: with a report that holds, or with one line that says why there is none."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from pathlib import Path

from diagnose import pipeline, rules
from diagnose.capture import file as captures
from diagnose.capture.model import Capture
from diagnose.errors import UsageError
from diagnose.report.formats import FORMATS
from tests.helpers.tool import FINISHED, Tool

REFUSED = (2, 3)
FINISH_SECONDS = 120
REPORT_FILES = {"report.md", "report.json", "capture.json.gz"}


@dataclass(frozen=True)
class Ending:
    """Exit status (negative: the signal that killed it), what it printed, and where its report is."""

    code: int
    out: str
    err: str
    folder: Path
    capture: Capture | None

    @classmethod
    def of(cls, tool: Tool, output: Path) -> Ending:
        """Wait for the end of a tool that writes to `output`, or where it says that it wrote instead."""
        code, out, err = tool.finished(FINISH_SECONDS)
        folder = output
        for line in err.splitlines():
            if "; it is in " in line:
                folder = Path(line.partition("; it is in ")[2].removesuffix(" instead"))
        capture = None
        if code in FINISHED and (folder / "capture.json.gz").is_file():
            capture, _ = captures.load(folder / "capture.json.gz")
        return cls(code, out, err, folder, capture)

    @property
    def said(self) -> str:
        """The end in a word: the exit status and, if there is no report, why."""
        if self.code < 0:
            return f"killed by {signal.Signals(-self.code).name}"
        lines = self.lines()
        return f"exit {self.code}" + (f": {lines[-1]}" if self.code not in FINISHED and lines else "")

    def lines(self) -> list[str]:
        """Return what was said beside the announcement of the measurement."""
        # After ^C a terminal's cursor is within a line: click begins a new one.
        kept = [line for line in self.err.splitlines() if line and not line.startswith("diagnose: measuring /")]
        return [line for line in kept if not line.startswith("diagnose: stopped after ")]

    def faults(self) -> list[str]:
        """Return what is wrong with this end; nothing: it is a whole and correct report, one line, or a kill."""
        if "Traceback" in self.err or "internal error" in self.err:
            return [f"{self.said}: {self.err.strip()[-600:]}"]
        if self.code in FINISHED:
            return self._report_faults()
        if self.code in REFUSED:
            one = len(self.lines()) == 1 and self.lines()[0].startswith("diagnose: ")
            return [] if one else [f"exit {self.code} with {len(self.lines())} lines: {self.err.strip()[-600:]}"]
        return []

    def _report_faults(self) -> list[str]:
        if not self.folder.is_dir():
            return [f"{self.said}, and no report in {self.folder.name}"]
        there = {path.name for path in self.folder.iterdir()}
        if not there >= REPORT_FILES:
            return [f"{self.said}, and of the report only {', '.join(sorted(there)) or 'nothing'}"]
        try:
            capture, packed = captures.load(self.folder / "capture.json.gz")
        except UsageError as error:
            return [f"the capture does not load: {error}"]
        again = pipeline.analyse(capture, rules.load_rules(), packed)
        same = FORMATS["json"].render(again, ()).encode() == (self.folder / "report.json").read_bytes()
        return [] if same else ["made again from its capture, the report is another one"]
