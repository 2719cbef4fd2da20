"""`diagnose services`: what --service may name here."""

from __future__ import annotations

import click

from diagnose.cli._common import EXIT_NO_FINDING, cli, say, tell_visible
from diagnose.cli._completions import services as service_names


@cli.command(
    exits={0: "done", 2: "bad usage", 3: "there is no memory controller to read"},
    examples=[
        ("Everything, the largest page cache first", "diagnose services"),
        ("What is called like this", "diagnose services checkout"),
    ],
)
@click.argument("text", required=False, default="", shell_complete=service_names)
def services(text: str) -> int:
    """List what --service may name here.

    One line a service: name, cgroup, memory, page cache, processes; the largest page cache first. TEXT narrows the
    list down to names and paths that contain it, in upper or lower case.
    """
    from diagnose import units
    from diagnose.cgroups import Hierarchy
    from diagnose.cgroups.service import list_services
    from diagnose.escape import visible

    listed = list_services(Hierarchy.discover(), text)
    if not listed:
        say("nothing here looks like that; without TEXT all are listed" if text else "there is no cgroup below /")
    rows = [("NAME", "CGROUP", "MEMORY", "CACHE", "PROCESSES")]
    rows += [
        (visible(s.name), visible(s.cgroup), units.size(s.usage_bytes), units.size(s.file_bytes), str(s.processes))
        for s in listed
    ]
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    for row in rows:
        tell_visible("  ".join([*(cell.ljust(w) for cell, w in zip(row, widths, strict=False)), row[4]]).rstrip())
    return EXIT_NO_FINDING
