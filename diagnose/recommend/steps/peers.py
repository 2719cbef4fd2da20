"""Whom the service waits for on its sockets and pipes, and whether an answer is late (pure).

Unix sockets and pipes are known by inodes: the other end of a socket has the inode that ss(8) shows as its peer, and a
pipe has one inode at both ends. Sources: ss(8), lsof(8) (+E), proc_pid_fd(5), nsenter(1), strace(1).
"""

from __future__ import annotations

from dataclasses import dataclass

from diagnose.analysis.facts import Facts
from diagnose.capture.base import Process
from diagnose.recommend.steps.shell import who_lives_in
from diagnose.recommend.steps.step import Step
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


@dataclass(frozen=True, kw_only=True)
class FindProcesses(Step):
    """See which processes the service has: the capture knows none."""


@dataclass(frozen=True, kw_only=True)
class FindPeers(Step):
    """See the other ends of the service's sockets and pipes, and who holds them."""

    processes: tuple[Process, ...]
    """Those that the commands name, as they were at the start of the capture."""
    processes_in_all: int


@dataclass(frozen=True, kw_only=True)
class TimePeerReads(Step):
    """See how long each read of the peers takes, and what was sent before it."""


def find_peers(fired: Fired, facts: Facts) -> list[Step]:
    """Return how to see the other ends, and how long each read of them takes."""
    service = facts.windows.capture.service
    shown = tuple(service.processes[:MOST_SHOWN])
    if not shown:
        return [FindProcesses(commands=(who_lives_in(service.cgroup, facts.windows),))]
    pids = [str(process.pid) for process in shown]
    return [
        FindPeers(
            processes=shown,
            processes_in_all=len(service.processes),
            commands=(
                f"nsenter -t {pids[0]} -n {_BOTH_ENDS % '|'.join(pids)}",
                _PIPES % " ".join(f"/proc/{pid}/fd/*" for pid in pids),
                f"lsof -w -nP +E -a -p {','.join(pids)} | grep -E 'FIFO|unix|IPv'   # package lsof",
            ),
        ),
        TimePeerReads(
            commands=tuple(
                f"strace -f -tt -T -yy -e trace=read,recvfrom,recvmsg,write,sendto,sendmsg -p {pid}" for pid in pids
            )
        ),
    ]
