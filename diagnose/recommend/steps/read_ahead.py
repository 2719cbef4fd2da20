"""Read what is needed before it is needed, into the cache of the service's own cgroup (pure)."""

from __future__ import annotations

import shlex

from diagnose import units
from diagnose.evaluate import Fired
from diagnose.facts import Facts
from diagnose.models import Step

MOST_FILES = 3


def read_ahead(fired: Fired, facts: Facts) -> list[Step]:
    """Return the commands that read the files which most missed reads waited for, and those that drop them again."""
    capture = facts.windows.capture
    files = sorted((f for f in capture.files if f.path and f.missed_reads), key=lambda f: -f.missed_reads)
    paths = [f.path for f in files[:MOST_FILES] if f.path]
    procs = f"{capture.cgroup_mount.rstrip('/')}{capture.service.cgroup}/cgroup.procs"
    named = paths or ["FILE"]
    missed = facts.number("cache.missed")
    size = "" if missed is None else f" ({units.size(missed * capture.host.page_bytes)} were absent so far)"
    inside = 'echo $$ > "$1"; shift; exec cat -- "$@" > /dev/null'
    return [
        Step(
            says="read the files once before they are needed, from within the service's cgroup, so that the pages are "
            f"charged to it{size}{'' if paths else '; which files it were is not in this capture'}.",
            commands=[
                *(f"ls -lh -- {shlex.quote(path)}" for path in named),
                f"sh -c {shlex.quote(inside)} sh {shlex.quote(procs)} {' '.join(map(shlex.quote, named))}",
            ],
            undo=[f"dd if={shlex.quote(path)} iflag=nocache count=0 status=none" for path in named],
        )
    ]
