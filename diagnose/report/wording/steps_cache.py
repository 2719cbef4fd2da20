"""Steps about the page cache in words: read ahead, find who dropped it (pure)."""

from __future__ import annotations

from diagnose import units
from diagnose.recommend.steps.dropped import FindDropper, TraceDropper
from diagnose.recommend.steps.read_ahead import ReadAhead
from diagnose.report.wording.step_text import NewText, StepText


def read_ahead(step: ReadAhead, new_text: NewText) -> StepText:
    """Write what to read before it is needed, and why there is nothing to undo."""
    absent = "" if step.absent_bytes is None else f" ({units.size(step.absent_bytes)} were absent so far)"
    unknown = "" if step.files_known else "; which files it were is not in this capture"
    return StepText(
        "read the files once before they are needed, from within the service's cgroup, so that the pages are charged "
        f"to it{absent}{unknown}.{_when(step)}{_by_inode(step)} There is nothing to undo: what was read ahead are "
        "copies that the kernel gives up when it needs the room."
    )


def _when(step: ReadAhead) -> str:
    if step.cache_bytes is None:
        return ""
    return (
        f" At the end of the capture its cache held {units.size(step.cache_bytes)}: what is there by then need not be "
        "read ahead, so this is for the next time that it is gone, after a boot for instance."
    )


def _by_inode(step: ReadAhead) -> str:
    if not step.by_inode:
        return ""
    files = ", ".join(f"{file.path} (inode {file.inode} of device {file.device})" for file in step.by_inode)
    return f" Not the whole path is in this capture of {files}, so the commands find it by its inode."


def find_dropper(step: FindDropper, new_text: NewText) -> StepText:
    """Write where the process leaves traces."""
    return StepText("find the process: who is in its cgroup now, what the kernel logged, what runs by the clock.")


def trace_dropper(step: TraceDropper, new_text: NewText) -> StepText:
    """Write how to see the process the next time."""
    return StepText("or catch it the next time (bpftrace prints name and pid; Ctrl-C ends it).")
