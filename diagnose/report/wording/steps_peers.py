"""Steps about those whom the service waits for, in words (pure)."""

from __future__ import annotations

from diagnose.escape import visible
from diagnose.recommend.steps.peers import FindPeers, FindProcesses, TimePeerReads
from diagnose.report.wording.step_text import NewText, StepText


def find_processes(step: FindProcesses, new_text: NewText) -> StepText:
    """Write that no process is known."""
    return StepText("see which processes the service has.")


def find_peers(step: FindPeers, new_text: NewText) -> StepText:
    """Write how the other ends are found, and whose process ids the commands have."""
    shown = ", ".join(f"{process.pid} {visible(process.comm)}" for process in step.processes)
    of_all = f" of {step.processes_in_all}" if step.processes_in_all > len(step.processes) else ""
    return StepText(
        "see the other ends and who holds them: of sockets by ss, of pipes by their inode, of both by lsof where that "
        f"is there (the service's processes at the start of the capture: {shown}{of_all}). Of a peer on another host "
        "there is its address alone."
    )


def time_peer_reads(step: TimePeerReads, new_text: NewText) -> StepText:
    """Write how a late answer differs from the wait for the next request."""
    return StepText(
        "see how long each read of them takes and what was sent before it: a read after a request of the service is a "
        "late answer, one that follows nothing is the wait for the next request (strace slows the process while it "
        "runs; Ctrl-C ends it)."
    )
