"""The exceptions of this package; `cli` turns each into one line on standard error and an exit code.

A message says what was tried, on what, and what to do now.
"""


class DiagnoseError(Exception):
    """Something a user can act on. Never shown with a traceback."""

    exit_code = 2


class UsageError(DiagnoseError):
    """Bad input: an unknown or ambiguous service, a bad rule, capture or option (exit 2)."""

    exit_code = 2


class CannotMeasureError(DiagnoseError):
    """The host refuses the measurement: no root, no bcc, no BTF, no BPF (exit 3)."""

    exit_code = 3


class CannotPostError(DiagnoseError):
    """A ticket system refuses the report, or cannot be reached (exit 3)."""

    exit_code = 3
