"""Whom the service waits for on its sockets and pipes, and whether an answer is late (pure).

Unix sockets and pipes are known by inodes: the other end of a socket has the inode that ss(8) shows as its peer, and a
pipe has one inode at both ends. Sources: ss(8), lsof(8) (+E), proc_pid_fd(5), nsenter(1), strace(1).
"""

from __future__ import annotations

from collections.abc import Sequence

from diagnose.analysis.facts import Facts
from diagnose.capture.base import Process
from diagnose.escape import visible
from diagnose.recommend.steps.shell import who_lives_in
from diagnose.report.model import Step
from diagnose.rules.evaluate import Fired

MOST_SHOWN = 3
"""Processes for which the commands are written out."""
_BOTH_ENDS = (
    'ss -xtunpH | awk \'{ unix = $1 ~ /^u_/; own = unix ? $6 : $5 "=" $6; other[own] = unix ? $8 : $6 "=" $5; '
    'to[own] = unix ? "inode " $8 : $6; i = index($0, "users:"); who[own] = i ? substr($0, i) : "" } '
    'END { for (s in who) if (who[s] ~ /pid=(%s),/) print who[s], "->", to[s], who[other[s]] }\''
)
"""Sockets of processes, each with its peer's inode or address, and the process there where it is on this host."""
_PIPES = (
    "find /proc/[0-9]*/fd -lname 'pipe:*' -printf '%%l %%M %%p\\n' 2>/dev/null | "
    "grep -F \"$(readlink %s | grep '^pipe:'; echo none)\" | "
    'while read -r pipe mode fd; do printf "%%s " "$pipe" "$mode" "$fd"; cat "${fd%%%%/fd/*}/comm"; done | sort'
)
"""The pipes of processes at all their ends: r reads there, w writes."""


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
    whose, listed = _named(windows.capture.service.processes), ",".join(map(str, pids))
    return [
        Step(
            says="see the other ends and who holds them: of sockets by ss, of pipes by their inode, of both by lsof "
            f"where that is there ({whose}). Of a peer on another host there is its address alone.",
            commands=[
                f"nsenter -t {pids[0]} -n {_BOTH_ENDS % '|'.join(map(str, pids))}",
                _PIPES % " ".join(f"/proc/{pid}/fd/*" for pid in pids),
                f"lsof -w -nP +E -a -p {listed} | grep -E 'FIFO|unix|IPv'   # package lsof",
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
