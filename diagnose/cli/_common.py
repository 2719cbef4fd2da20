"""What the commands share: the root command, exit codes, options, one line on standard error."""

from __future__ import annotations

from pathlib import Path

import click

from diagnose import __version__

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
no_bpf_option = click.option(
    "--no-bpf",
    is_flag=True,
    help="Load nothing into the kernel: cgroup files and counters alone, no read is timed, confidence medium at most.",
)
output_option = click.option(
    "--output",
    metavar="DIR|-",
    help="Folder for report.md, report.json and capture.json.gz; existing files are never overwritten. "
    "'-' prints the Markdown alone. [default: diagnose-<service>-<UTC time>]",
)


@click.group(context_settings=_HELP)
@click.version_option(__version__, prog_name="diagnose")
def cli() -> None:
    """Say why a Linux service's reads are slow, who evicts its page cache, and which cgroup limit would help.

    Exit: 0 measured, no finding; 1 findings; 2 bad usage, unknown service, bad rules or files; 3 could not measure.
    """


def say(text: str) -> None:
    click.echo(f"diagnose: {text}", err=True)
