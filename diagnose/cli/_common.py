"""What the commands share: the root command, exit codes, options, one line on standard error."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from diagnose import __version__
from diagnose.cli._completions import folders, formats
from diagnose.cli._manual import ManualGroup
from diagnose.escape import Visible, visible, visible_lines

PROGRAM = "diagnose"
COMPLETE_VARIABLE = "_DIAGNOSE_COMPLETE"
"""Set by the completion scripts (shells.py), which ask this program what may come next."""

if TYPE_CHECKING:
    from diagnose.capture.redact import Redaction
    from diagnose.rules import RuleSet

EXIT_NO_FINDING, EXIT_FINDING, EXIT_USAGE, EXIT_CANNOT_MEASURE = 0, 1, 2, 3
EXITS_OF_A_REPORT = {
    0: "measured, no finding",
    1: "findings",
    2: "bad usage, unknown service, bad rules or files; nothing was written",
    3: "could not measure",
}
REPORT_FILES = (
    ("report.md", "the report, for people and tickets"),
    ("report.json", "the same as data (diagnose.report/1); diagnose apply takes it"),
    ("charts/", "its pictures, as SVG and PNG"),
    ("capture.json.gz", "everything that was measured; diagnose report makes the report from it again"),
)

_HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
rules_option = click.option(
    "--rules",
    "rule_folders",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    shell_complete=folders,
    help="Folder with rules of your own; repeatable. A rule of the same id replaces the shipped one.",
)
no_bpf_option = click.option(
    "--no-bpf",
    is_flag=True,
    help="Load nothing into the kernel: cgroup files and counters alone, no read is timed, confidence medium at most.",
)
progress_option = click.option(
    "--progress",
    type=click.Choice(["auto", "live", "plain", "none"]),
    default="auto",
    show_default=True,
    envvar="DIAGNOSE_PROGRESS",
    show_envvar=True,
    help="What is said while measuring, on standard error: a live view, a plain line every 10 seconds (for logs and "
    "screen readers), or nothing. auto: live on a terminal that can draw, else plain.",
)

Command = Callable[..., int]


def delivery_options(command: Command) -> Command:
    """Give a command --output, --format, --no-charts and --redact, which it receives as one Delivery, `wanted`."""

    @click.option(
        "--output",
        metavar="DIR|-",
        shell_complete=folders,
        help="Folder for the report, its charts and capture.json.gz; existing files are never overwritten. "
        "'-' prints one format alone. [default: diagnose-<service>-<UTC time>]",
    )
    @click.option(
        "--format",
        "formats",
        multiple=True,
        metavar="NAME[,NAME]",
        shell_complete=formats,
        help="markdown, html, jira, text, json or openmetrics; repeatable. [default: markdown,json]",
    )
    @click.option("--no-charts", is_flag=True, help="Draw no SVG and PNG files; saves about a second of CPU time.")
    @click.option(
        "--redact",
        is_flag=True,
        help="For sharing outside: pseudonyms for cgroups, units, containers, pods, processes, files and the host, in "
        "the report and the capture. Numbers stay, and texts of rules of your own. apply refuses such a report.",
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
        *args: Any,
        output: str | None,
        formats: tuple[str, ...],
        no_charts: bool,
        redact: bool,
        redact_key: Path | None,
        **rest: Any,
    ) -> int:
        from diagnose.report.formats.delivery import delivery

        wanted = delivery(output, formats, not no_charts, _redaction(redact, redact_key))
        return command(*args, wanted=wanted, **rest)

    return with_delivery


@click.group(
    name=PROGRAM,
    cls=ManualGroup,
    context_settings=_HELP,
    exits=EXITS_OF_A_REPORT,
    examples=[
        ("Find out what the service is called here", "diagnose services checkout"),
        ("Measure it for two minutes", "sudo diagnose latency --service checkout --duration 120"),
        ("See it work on a scenario with a known answer", "sudo diagnose demo"),
    ],
    environment=[
        ("DIAGNOSE_PROGRESS", "live, plain or none: the default of --progress; plain suits screen readers"),
        ("NO_COLOR", "if set, nothing is coloured (no-color.org)"),
        ("TERM", "dumb: no live view, plain lines instead"),
        ("TMPDIR", "where a report goes whose folder is full or read-only; root's counts if no other can write there"),
        ("DIAGNOSE_DEBUG", "if set, an internal error is shown with its traceback"),
    ],
)
@click.version_option(__version__, prog_name=PROGRAM)
def cli() -> None:
    """Say why a Linux service's reads are slow.

    diagnose attaches to the live kernel for two minutes and measures side by side how long a service's reads take,
    what the block device does, and who evicts whose pages from the page cache. Its report names the cgroup that is to
    blame, the evidence and how sure it is, and the memory limit in bytes that would help. Nothing is changed unless
    diagnose apply is told to.
    """


def _redaction(redact: bool, key_file: Path | None) -> Redaction | None:
    """Return what --redact does to a capture; None without it. Raises UsageError for a key that is none."""
    if not redact and key_file is None:
        return None
    from diagnose.capture.redact import redaction

    return redaction(redact, key_file)


def rules_in_force(folders: tuple[Path, ...]) -> RuleSet:
    """Load the shipped rules, the host's and those of the folders; says on standard error what was left out."""
    from diagnose.rules import load_rules

    rules = load_rules(folders)
    for note in rules.notes:
        say(note)
    return rules


def say(text: str) -> None:
    """Print one line on standard error, whatever is named in it."""
    complain(visible(f"diagnose: {text}"))


def complain(text: Visible) -> None:
    """Print lines on standard error; where nobody reads them any more (hang-up, closed pipe), work goes on."""
    with suppress(OSError):
        click.echo(text, err=True)


def tell(text: Visible) -> None:
    """Print lines on standard output."""
    click.echo(text)


def tell_visible(text: str) -> None:
    """Print lines on standard output that hold what others named."""
    tell(visible_lines(text))


def tell_bytes(content: bytes) -> None:
    """Write a rendered report to standard output: the same bytes whatever the encoding of the terminal."""
    click.echo(content, nl=False)


def show_click_error(error: click.ClickException) -> None:
    """Print how a command was misused, which quotes what was typed."""
    lines = io.StringIO()
    error.show(lines)
    complain(visible_lines(lines.getvalue().removesuffix("\n")))


def asked(question: str) -> bool:
    """Ask on the terminal; raises click.Abort at the end of its input."""
    return click.confirm(visible(question), err=True)


def word(path: Path) -> str:
    """Return a path as a word to paste into a shell: one word, and no option, whatever is in its name."""
    from diagnose.cgroups.spelling import printable, quoted

    text = str(path)
    return quoted(printable(f"./{text}" if text.startswith("-") else text))
