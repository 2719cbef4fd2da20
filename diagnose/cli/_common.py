"""What the commands share: the root command, exit codes, options, one line on standard error."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from diagnose import __version__

if TYPE_CHECKING:
    from diagnose.redact import Redaction

EXIT_NO_FINDING, EXIT_FINDING, EXIT_USAGE, EXIT_CANNOT_MEASURE = 0, 1, 2, 3

_HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
rules_option = click.option(
    "--rules",
    "rule_folders",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder with rules of your own; repeatable. A rule of the same id replaces the shipped one.",
)
output_option = click.option(
    "--output",
    metavar="DIR|-",
    help="Folder for report.md, report.json and capture.json.gz; existing files are never overwritten. "
    "'-' prints the Markdown alone. [default: diagnose-<service>-<UTC time>]",
)

redact_option = click.option(
    "--redact",
    is_flag=True,
    help="For sharing outside: pseudonyms for cgroups, units, containers, pods, processes, files and the host, in the "
    "report and in the capture. Numbers stay. apply refuses such a report. Texts of rules of your own stay too.",
)
redact_key_option = click.option(
    "--redact-key",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="With --redact: take pseudonyms from this secret key (16 bytes or more), so that they are the same in every "
    "capture redacted with it. [default: numbered anew in each capture]",
)


@click.group(context_settings=_HELP)
@click.version_option(__version__, prog_name="diagnose")
def cli() -> None:
    """Say why a Linux service's reads are slow, who evicts its page cache, and which cgroup limit would help.

    Exit: 0 measured, no finding; 1 findings; 2 bad usage, unknown service, bad rules or files; 3 could not measure.
    """


def redaction(redact: bool, key_file: Path | None) -> Redaction | None:
    """Return what --redact does to a capture; None without it. Raises UsageError for a key that is none."""
    from diagnose.errors import UsageError
    from diagnose.redact import read_key
    from diagnose.redact import redact as redacted

    if not redact and key_file is not None:
        raise UsageError("--redact-key says how --redact chooses pseudonyms; give both")
    if not redact:
        return None
    key = None if key_file is None else read_key(key_file)
    return lambda capture: redacted(capture, key)


def say(text: str) -> None:
    click.echo(f"diagnose: {text}", err=True)
