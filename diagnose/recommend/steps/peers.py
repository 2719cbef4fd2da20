"""Whom the service waits for on its sockets and pipes, and whether an answer is late (pure)."""

from __future__ import annotations

from collections.abc import Sequence

from diagnose.escape import visible
from diagnose.evaluate import Fired
from diagnose.facts import Facts
from diagnose.models import Process, Step
from diagnose.recommend.steps.shell import who_lives_in

MOST_SHOWN = 3
"""Processes for which the commands are written out."""


def find_peers(fired: Fired, facts: Facts) -> list[Step]:
    """Return how to see the other ends, and how long each read of them takes."""
    windows = facts.windows
    pids = [process.pid for process in windows.capture.service.processes[:MOST_SHOWN]]
    if not pids:
        return [
            Step(
                says="see which processes the service has.",
                commands=[who_lives_in(windows.capture.service.cgroup, windows)],
            )
        ]
    whose = _named(windows.capture.service.processes)
    which = "|".join(f"pid={pid}," for pid in pids)
    return [
        Step(
            says=f"see the other ends: sockets with their peers, and pipes ({whose}).",
            commands=[
                f"nsenter -t {pids[0]} -n ss -xtunp | grep -E '{which}'",
                *(f"ls -l /proc/{pid}/fd | grep -E 'pipe|socket'" for pid in pids),
            ],
        ),
        Step(
            says="see how long each read of them takes and what was sent before it: a read after a request of the "
            "service is a late answer, one that follows nothing is the wait for the next request (strace slows the "
            "process while it runs; Ctrl-C ends it).",
            commands=[
                f"strace -f -tt -T -yy -e trace=read,recvfrom,recvmsg,write,sendto,sendmsg -p {pid}" for pid in pids
            ],
        ),
    ]


def _named(processes: Sequence[Process]) -> str:
    """Say whose process ids the commands have."""
    shown = ", ".join(f"{process.pid} {visible(process.comm)}" for process in processes[:MOST_SHOWN])
    of_all = f" of {len(processes)}" if len(processes) > MOST_SHOWN else ""
    return f"the service's processes at the start of the capture: {shown}{of_all}"
