"""Where a report goes: its files and its summary, or one format on standard output."""

from __future__ import annotations

import json
import os
import shutil
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from diagnose.cli._common import EXIT_FINDING, EXIT_NO_FINDING, PROGRAM, say, tell, tell_bytes, word
from diagnose.errors import DiagnoseError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diagnose.capture.model import Capture
    from diagnose.report.charts.drawing import Chart
    from diagnose.report.formats.delivery import Delivery
    from diagnose.report.model import Report


def deliver(report: Report, capture: Capture, packed: bytes, wanted: Delivery, measured: bool = False) -> int:
    """Print or write the report, say the verdict, and return the exit code. `measured`: on this host, just now."""
    from diagnose.cli._summary import summary
    from diagnose.report import output as outputs
    from diagnose.report.formats import FORMATS
    from diagnose.report.formats.delivery import contents, printed

    if wanted.to_stdout:
        tell_bytes(printed(report, wanted, _draw))
    else:
        folder = outputs.folder_for(wanted.folder, capture)
        files = contents(report, packed, wanted, _draw)
        written = outputs.write(folder, files)
        if measured:
            _keep_digest(files.get(FORMATS["json"].file))
        if written.instead:
            say(f"warning: {written.instead}; it is in {written.folder} instead")
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        data = written.folder / FORMATS["json"].file if "json" in wanted.formats else None
        try:
            tell(summary(report, written.folder / FORMATS[wanted.formats[0]].file, data, width))
        except OSError as error:  # a full disk, a closed pipe: the report is there, and that is what was asked for
            say(f"warning: the summary could not be printed ({error.strerror}); the report is in {written.folder}")
    return EXIT_FINDING if report.findings else EXIT_NO_FINDING


def _keep_digest(document: bytes | None) -> None:
    """Keep a report's digest where root alone can write, so that `apply` knows it as root's own wherever it lies."""
    if document is None or os.geteuid() != 0:
        return
    from diagnose.change.machine import Machine
    from diagnose.report.digest import KEY

    with suppress(OSError, DiagnoseError):  # where nothing can be kept, `apply` goes by owner and mode
        Machine.this(lambda _seconds: False).reports.keep(json.loads(document)[KEY])


@contextmanager
def kept(packed: bytes, capture: Capture, wanted: Delivery) -> Iterator[None]:
    """Write the capture alone where its report fails for a reason that nobody foresaw: measured is measured."""
    from diagnose.report import output as outputs
    from diagnose.report.formats.delivery import CAPTURE

    try:
        yield
    except (DiagnoseError, BrokenPipeError):  # it could not be written anywhere; or nobody reads any more
        raise
    except Exception:
        written = outputs.write(outputs.folder_for(wanted.folder, capture), {CAPTURE: packed})
        again = f"{PROGRAM} report {word(written.folder / CAPTURE)}"
        say(f"the report failed, what was measured is kept; read again by: {again}")
        raise


def _draw(report: Report) -> Sequence[Chart]:
    """Return the charts; a measurement is worth more than they are, so a failure to draw costs a warning."""
    from diagnose.report.charts.drawing import draw

    try:
        return draw(report)
    except Exception as error:
        say(f"warning: no charts ({type(error).__name__}: {error}); the report has them as text")
        return ()
