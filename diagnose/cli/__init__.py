"""The commands: parse, call the pipeline, print, choose the exit code. Imports are inside, so that --help is instant.

Exit: 0 measured, no finding; 1 findings; 2 usage, unknown service, bad rules or files; 3 could not measure.
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Sequence

import click

from diagnose.cli import (
    _process,
    _streams,
    apply,
    attach,
    demo,
    doctor,
    latency,
    report,
    rollback,
    rules,
    services,
    verify,
)
from diagnose.cli._common import (
    COMPLETE_VARIABLE,
    EXIT_CANNOT_MEASURE,
    EXIT_NO_FINDING,
    EXIT_USAGE,
    PROGRAM,
    cli,
    complain,
    say,
    show_click_error,
)
from diagnose.errors import DiagnoseError
from diagnose.escape import visible_lines
from diagnose.measure.stopping import raised
from diagnose.resources import ENOUGH_OPEN_FILES

__all__ = [
    "apply",
    "attach",
    "cli",
    "demo",
    "doctor",
    "latency",
    "main",
    "report",
    "rollback",
    "rules",
    "services",
    "verify",
]


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point: run a command; every foreseeable failure is one line on standard error."""
    try:
        code = _exit_code(arguments)
    finally:
        _streams.unmask()
    _process.leave()
    sys.exit(code)


def _prepare() -> None:
    refused = _process.settle()
    _streams.prepare()
    for name in refused:
        say(f"{name} does not count: others than root can write there")


def _exit_code(arguments: Sequence[str] | None) -> int:
    _prepare()
    if COMPLETE_VARIABLE in os.environ:
        from diagnose.cli import shells

        shells.register()
    try:
        with raised(lambda _: KeyboardInterrupt()):
            result = cli.main(
                args=list(arguments) if arguments is not None else None,
                prog_name=PROGRAM,
                complete_var=COMPLETE_VARIABLE,
                standalone_mode=False,
            )
    except click.ClickException as error:
        show_click_error(error)
        return EXIT_USAGE
    except DiagnoseError as error:
        complain(visible_lines(f"diagnose: {error}"))
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        say("stopped; there is no report")
        return EXIT_CANNOT_MEASURE
    except MemoryError:
        say("not enough memory; give it more (ulimit -v, the limit of its cgroup), or measure for a shorter --duration")
        return EXIT_CANNOT_MEASURE
    except BrokenPipeError:
        # The reader has gone (| head). Nothing more can be said to it, nor at exit when Python flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_NO_FINDING
    except Exception as error:
        return _unforeseen(error)
    return result if isinstance(result, int) else EXIT_NO_FINDING


def _unforeseen(error: Exception) -> int:
    """Say what nobody caught, and return the exit code: what the host ran out of, or a bug."""
    number = error.errno if isinstance(error, OSError) else None
    if isinstance(error, OSError) and number in _streams.CANNOT_TAKE_MORE:
        say(f"what was to be printed could not be written ({error.strerror}); free some space, or print elsewhere")
        return EXIT_USAGE
    if number in (errno.EMFILE, errno.ENFILE):
        say(f"too many open files; raise the limit (ulimit -n {ENOUGH_OPEN_FILES}), or close some on this host")
        return EXIT_CANNOT_MEASURE
    if os.environ.get("DIAGNOSE_DEBUG"):
        complain(visible_lines(traceback.format_exc().removesuffix("\n")))
    say(f"internal error: {type(error).__name__}: {error}; this is a bug, DIAGNOSE_DEBUG=1 shows where")
    return EXIT_CANNOT_MEASURE
