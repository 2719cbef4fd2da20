"""Writes `share/` out of the commands: man pages and completion scripts, as `python -m diagnose.cli.reference share`.

`make reference` runs it, the wheel carries the folder, and a test fails while it is not what the commands say.
"""

from __future__ import annotations

import sys
from pathlib import Path

from diagnose.cli import cli, shells
from diagnose.cli._common import COMPLETE_VARIABLE, PROGRAM
from diagnose.cli._manual import Manual
from diagnose.cli.manpages import pages

_SCRIPTS = {
    shells.Bash: f"bash-completion/completions/{PROGRAM}",
    shells.Zsh: f"zsh/site-functions/_{PROGRAM}",
    shells.Fish: f"fish/vendor_completions.d/{PROGRAM}.fish",
}
"""Where each shell looks below a prefix's share/ without being told."""


def files(root: Manual) -> dict[str, str]:
    """Return what belongs into share/, by path below it."""
    manual = {f"man/man1/{name}": text for name, text in pages(root).items()}
    return manual | {path: shells.script(shell, COMPLETE_VARIABLE) for shell, path in _SCRIPTS.items()}


def write(folder: Path, root: Manual) -> None:
    """Write all files below `folder`, and remove those of commands that are gone."""
    wanted = files(root)
    for path in folder.rglob("*"):
        if path.is_file() and str(path.relative_to(folder)) not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


if __name__ == "__main__":
    if not isinstance(cli, Manual) or len(sys.argv) != 2:
        sys.exit("usage: python -m diagnose.cli.reference DIR")
    write(Path(sys.argv[1]), cli)
