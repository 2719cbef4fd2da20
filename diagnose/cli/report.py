"""`diagnose report`: the report of a capture, offline."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from diagnose.cli._common import EXITS_OF_A_REPORT, REPORT_FILES, cli, delivery_options, rules_in_force, rules_option
from diagnose.cli._delivery import deliver

if TYPE_CHECKING:
    from diagnose.report.formats.delivery import Delivery


@cli.command(
    exits={**EXITS_OF_A_REPORT, 0: "no finding", 3: "not used: nothing is measured"},
    examples=[
        ("Again, on a laptop", "diagnose report capture.json.gz"),
        ("With rules of your own, on standard output", "diagnose report capture.json.gz --rules my-rules --output -"),
    ],
    files=REPORT_FILES,
)
@click.argument("capture_file", metavar="CAPTURE", type=click.Path(path_type=Path))
@delivery_options
@rules_option
def report(capture_file: Path, wanted: Delivery, rule_folders: tuple[Path, ...]) -> int:
    """Make the report of a capture again, offline.

    Needs no root and no kernel: a capture holds everything that was measured, and the same capture and rules give the
    same bytes as the live run gave. CAPTURE is a capture.json.gz.
    """
    from diagnose import pipeline
    from diagnose.capture import file as captures

    wanted.check()
    loaded = rules_in_force(rule_folders)
    capture, packed = captures.load(capture_file, wanted.redacting)
    return deliver(pipeline.analyse(capture, loaded, packed), capture, packed, wanted)
