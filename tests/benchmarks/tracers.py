"""What may watch the reads while they are timed: nothing, empty programs, bpftrace as people use it, the battery."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import replace

from diagnose.cgroups import Hierarchy
from diagnose.cgroups.service import Service
from diagnose.errors import CannotMeasureError
from diagnose.measure.battery import Battery
from diagnose.measure.bpf.compiler import Compiling
from diagnose.measure.bpf.module import Module
from diagnose.measure.bpf.tracefs import ensure
from diagnose.measure.probes import PROBES
from diagnose.measure.schedule import Plan

Tracer = Callable[[], AbstractContextManager[object]]

ONE_LINER = """
tracepoint:syscalls:sys_enter_read { @start[tid] = nsecs; }
tracepoint:syscalls:sys_exit_read /@start[tid]/ { @us = hist((nsecs - @start[tid]) / 1000); delete(@start[tid]); }
"""
"""The distribution of read latency of everybody: the first of the three instruments that people start by hand."""

_ALL_READS = ", ".join(f"tracepoint:syscalls:sys_enter_{c}" for c in ("read", "pread64", "readv", "preadv", "preadv2"))
THREE_SCRIPTS = (
    f"""
    {_ALL_READS} {{ @start[tid] = nsecs; }}
    {_ALL_READS.replace("enter", "exit")} /@start[tid]/ {{
        @us[cgroup] = lhist((nsecs - @start[tid]) / 1000, 0, 2000, 20); @reads[cgroup] = count(); delete(@start[tid]);
    }}
    interval:s:1 {{ print(@us); clear(@us); clear(@reads); }}
    """,
    """
    tracepoint:block:block_rq_issue { @issued[args->dev, args->sector] = nsecs; }
    tracepoint:block:block_rq_complete /@issued[args->dev, args->sector]/ {
        @us[args->dev] = hist((nsecs - @issued[args->dev, args->sector]) / 1000);
        delete(@issued[args->dev, args->sector]);
    }
    interval:s:1 { print(@us); clear(@us); }
    """,
    """
    tracepoint:filemap:mm_filemap_get_pages { @looked_up[cgroup] = sum(args->last_index - args->index + 1); }
    tracepoint:filemap:mm_filemap_add_to_page_cache { @inserted[cgroup] = count(); }
    tracepoint:filemap:mm_filemap_delete_from_page_cache { @removed[cgroup, comm] = count(); }
    tracepoint:writeback:writeback_dirty_folio { @dirtied[cgroup] = count(); }
    interval:s:1 { print(@looked_up); print(@inserted); print(@removed);
                   clear(@looked_up); clear(@inserted); clear(@removed); }
    """,
)
"""As near as bpftrace comes to what the battery does: reads, block I/O, page cache and who removes pages, by cgroup."""

EMPTY = "int raw(void *ctx) { return 0; }\nint traced(void *ctx) { return 0; }"


@contextmanager
def empty_programs() -> Iterator[None]:
    """Attach programs that do nothing at every point where the battery attaches one: the floor of any such tool."""
    program = Module(Compiling(EMPTY, []).result())
    try:
        for point in (a for probe in PROBES for a in probe.attachments):
            failure = program.attach(replace(point, function="raw" if point.kind == "raw" else "traced"))
            if failure is not None:
                raise CannotMeasureError(f"{point.event}: {failure}")
        yield
    finally:
        program.detach()


@contextmanager
def bpftrace(*scripts: str) -> Iterator[None]:
    """Run bpftrace, one process a script, once all of them have attached."""
    if shutil.which("bpftrace") is None:
        raise CannotMeasureError("bpftrace is missing: apt-get install bpftrace")
    with ExitStack() as ends:
        for script in scripts:
            ends.enter_context(_running(script))
        yield


@contextmanager
def _running(script: str) -> Iterator[None]:
    child = subprocess.Popen(
        ["bpftrace", "-e", f'{script} BEGIN {{ printf("attached\\n"); }}'],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert child.stdout is not None
    try:
        lines = list(itertools.takewhile(lambda line: "attached" not in line, child.stdout))
        if child.poll() is not None:
            raise CannotMeasureError(f"bpftrace does not run here: {' '.join(lines)[-300:].strip()}")
        reader = threading.Thread(target=child.stdout.read, daemon=True)
        reader.start()
        time.sleep(0.3)
        yield
    finally:
        child.terminate()
        child.wait()


@contextmanager
def battery(hierarchy: Hierarchy, cgroup: str) -> Iterator[list[int]]:
    """Run the whole battery on a cgroup, draining it every second as `diagnose latency` does.

    Yields a list to which the events are added, in the end, that were seen and not counted.
    """
    service = Service(cgroup, cgroup, hierarchy.id_of(cgroup), ())
    running = Battery(service, hierarchy, Plan(windows=10_000, window_seconds=1.0))
    ended = threading.Event()
    lost: list[int] = []

    def run() -> None:
        lost.append(sum(running.run(ended.wait, lambda _: None).lost.values()))

    thread = threading.Thread(target=run)
    thread.start()
    try:
        time.sleep(0.3)
        yield lost
    finally:
        ended.set()
        thread.join()
        running.close()
        running.closing.join()


def tracers(hierarchy: Hierarchy, observed: str, other: str) -> dict[str, Tracer]:
    """Return what is compared, by name; the reads come from the cgroup `observed`."""
    ensure()  # here, so that bpftrace has it too
    return {
        "nothing": nullcontext,
        "empty programs": empty_programs,
        "bpftrace one-liner": lambda: bpftrace(ONE_LINER),
        "bpftrace, three scripts": lambda: bpftrace(*THREE_SCRIPTS),
        "battery, observed": lambda: battery(hierarchy, observed),
        "battery, another cgroup": lambda: battery(hierarchy, other),
    }
