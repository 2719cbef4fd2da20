"""The exceptions of this package; `cli` turns each into one line on standard error and an exit code.

A message says what was tried, on what, and what to do now.
"""

from __future__ import annotations

from diagnose.escape import visible_lines


class DiagnoseError(Exception):
    """Something a user can act on. Never shown with a traceback.

    Whatever its message quotes of files and of the system, it is lines of what can be seen: a terminal takes orders.
    """

    exit_code = 2

    def __str__(self) -> str:
        return visible_lines(super().__str__())


class UsageError(DiagnoseError):
    """Bad input: an unknown or ambiguous service, a bad rule, capture or option (exit 2)."""

    exit_code = 2


class CannotMeasureError(DiagnoseError):
    """The host refuses the measurement: no root, no bcc, no BTF, no BPF (exit 3)."""

    exit_code = 3


class CannotPostError(DiagnoseError):
    """A ticket system refuses the report, or cannot be reached (exit 3)."""

    exit_code = 3
