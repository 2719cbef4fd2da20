"""A run of `diagnose` as a user would start it: a process, its exit code, and what it says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from diagnose.cli import main


def exit_code(*arguments: object) -> int:
    """Run a command in this process, where standard input is no terminal, as pytest has it."""
    with pytest.raises(SystemExit) as ended:
        main([str(a) for a in arguments])
    assert isinstance(ended.value.code, int)
    return ended.value.code


class Run:
    """What a run of `diagnose` came to."""

    def __init__(self, folder: Path, *arguments: str, **options: object) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "diagnose.cli", *arguments],
            cwd=folder,
            capture_output=True,
            timeout=120,
            check=False,
            **options,  # type: ignore[call-overload]
        )
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr.decode()

    def refused(self, code: int = 2) -> str:
        """Return the one line on standard error; nothing else may have been said."""
        assert (self.code, self.out) == (code, b""), (self.code, self.out[:200], self.err)
        assert self.err.endswith("\n")
        (line,) = self.err.splitlines()
        assert line.startswith("diagnose: ")
        assert line.isprintable()
        assert "internal error" not in line
        return line
