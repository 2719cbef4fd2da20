"""Which process dropped the page cache: the kernel's log, who lives there, timers, and the next time (pure)."""

from __future__ import annotations

from dataclasses import dataclass

from diagnose.analysis.facts import Facts
from diagnose.recommend.steps.shell import who_lives_in
from diagnose.recommend.steps.step import Step
from diagnose.rules.evaluate import Fired

_TRACES = {
    "drop-caches": (
        'bpftrace -e \'tracepoint:syscalls:sys_enter_openat /str(args->filename) == "/proc/sys/vm/drop_caches"/ '
        '{ time("%H:%M:%S "); printf("%s pid %d uid %d\\n", comm, pid, uid); }\''
    ),
    "invalidate": (
        "bpftrace -e 'tracepoint:syscalls:sys_enter_fadvise64 /args->advice == 4/ "
        '{ time("%H:%M:%S "); printf("%s pid %d fd %d\\n", comm, pid, args->fd); }\''
    ),
}


@dataclass(frozen=True, kw_only=True)
class FindDropper(Step):
    """Find the process: who is in its cgroup now, what the kernel logged, what runs by the clock."""


@dataclass(frozen=True, kw_only=True)
class TraceDropper(Step):
    """Trace it the next time."""


def find_dropper(fired: Fired, facts: Facts) -> list[Step]:
    """Return how to find the process behind a name, now and the next time it drops pages."""
    windows = facts.windows
    dropped = {d.cause: d for d in sorted(windows.capture.droppers, key=lambda d: d.pages) if d.cause in _TRACES}
    causes = list(dropped) or ["drop-caches"]
    paths = dict.fromkeys(p for d in dropped.values() if (p := windows.paths.get(d.cgroup)) is not None and p != "/")
    now = [who_lives_in(path, windows) for path in paths]
    if "drop-caches" in causes:
        now += [
            "dmesg --ctime | grep drop_caches   # the kernel logs name and pid, unless 4 was written too",
            "grep -rs drop_caches /etc/cron* /var/spool/cron /etc/systemd /usr/local/bin /usr/local/sbin",
            "systemctl list-timers --all",
        ]
    return [FindDropper(commands=tuple(now)), TraceDropper(commands=tuple(_TRACES[cause] for cause in causes))]
