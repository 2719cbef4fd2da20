"""What the commands share: the root command, exit codes, options, one line on standard error."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

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
Command = Callable[..., int]


def delivery_options(command: Command) -> Command:
    """Give a command --output, --format, --no-charts and --redact, which it receives as one Delivery, `wanted`."""

    @click.option(
        "--output",
        metavar="DIR|-",
        help="Folder for the report, its charts and capture.json.gz; existing files are never overwritten. "
        "'-' prints one format alone. [default: diagnose-<service>-<UTC time>]",
    )
    @click.option(
        "--format",
        "formats",
        multiple=True,
        metavar="NAME[,NAME]",
        help="markdown, html, jira, text, json or openmetrics; repeatable. [default: markdown,json]",
    )
    @click.option("--no-charts", is_flag=True, help="Draw no SVG and PNG files; saves about two seconds.")
    @click.option(
        "--redact",
        is_flag=True,
        help="For sharing outside: pseudonyms for cgroups, units, containers, pods, processes, files and the host, in "
        "the report and in the capture. Numbers stay, and texts of rules of your own. apply refuses such a report.",
    )
    @click.option(
        "--redact-key",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="With --redact: take pseudonyms from this secret key (16 bytes or more), so that they are the same in "
        "every capture redacted with it. [default: numbered anew in each capture]",
    )
    @wraps(command)
    def with_delivery(
        *args: Any, output: str | None, formats: tuple[str, ...], no_charts: bool,
        redact: bool, redact_key: Path | None, **rest: Any,
    ) -> int:  # fmt: skip
        from diagnose.delivery import delivery
        from diagnose.redact import redaction

        wanted = delivery(output, formats, not no_charts, redaction(redact, redact_key))
        return command(*args, wanted=wanted, **rest)

    return with_delivery


@click.group(context_settings=_HELP)
@click.version_option(__version__, prog_name="diagnose")
def cli() -> None:
    """Say why a Linux service's reads are slow, who evicts its page cache, and which cgroup limit would help.

    Exit: 0 measured, no finding; 1 findings; 2 bad usage, unknown service, bad rules or files; 3 could not measure.
    """


def say(text: str) -> None:
    click.echo(f"diagnose: {text}", err=True)
