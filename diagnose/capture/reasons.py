"""Why an instrument measured nothing, or not all: a code, and what it is about in fields that declare what they name.

`ProbeRecord.reason` is the sentence for people. Redaction rewrites the fields and writes the sentence again, so that no
name in it survives; what a library said, and what captures without these fields say, is left out as a whole.
"""

from typing import Annotated, Literal

from diagnose.capture.base import ONE_FAULT, Count, Model, at_most
from diagnose.capture.bounds import MAX_NAMES
from diagnose.capture.strings import CgroupPath, Message, Word

WITHHELD = "(redacted)"

ReasonCode = Literal[
    "bpf-refused", "bpf-switched-off", "cgroups-not-read", "fed-by", "io-unreadable", "kprobe-instead", "misses-alike",
    "needs-bpf", "no-pressure", "not-attached", "service-removed",
]  # fmt: skip
REMEDIES = frozenset(
    (
        "boot with psi=1 (kernel built with CONFIG_PSI=y)", "leave out --no-bpf", "measure again, while it runs",
        "run diagnose as root", "see: diagnose doctor",
    )
)  # fmt: skip
"""What enables an instrument, where it is the same on every host."""


class Reason(Model):
    """One reason. Which fields it has depends on the code."""

    code: ReasonCode
    cgroup: CgroupPath | None = None
    names: Annotated[list[Word], ONE_FAULT, at_most(MAX_NAMES)] = []
    """Tracepoints, functions of the kernel, or other instruments."""
    count: Count | None = None
    message: Message | None = None
    """What the kernel or a library said."""


_SENTENCES: dict[ReasonCode, str] = {
    "bpf-refused": "{message}",
    "bpf-switched-off": "it was switched off with --no-bpf",
    "cgroups-not-read": "of all cgroups the {count} with most memory are read in every window",
    "fed-by": "it is fed by probes that did not attach: {names}",
    "io-unreadable": "/proc/<pid>/io of some processes could not be read",
    "kprobe-instead": "look-ups by a kprobe on {names[0]}: this kernel has no tracepoint {names[1]}",
    "misses-alike": "hits and misses cannot be told apart without the page-cache probe",
    "needs-bpf": "needs BPF",
    "no-pressure": "this kernel keeps no pressure stall information (/proc/pressure is absent)",
    "not-attached": "{names}: {message}",
    "service-removed": "the cgroup {cgroup} was removed during the capture (restarted?); a new one of the same name "
    "was not measured",
}  # fmt: skip


class _Names(list[str]):
    def __format__(self, spec: str) -> str:
        return ", ".join(self)


def sentence(reasons: list[Reason]) -> str | None:
    """Return the reasons in one line; None where there is none."""
    return "; ".join(map(_sentence, reasons)) or None


def _sentence(reason: Reason) -> str:
    return _SENTENCES[reason.code].format(
        cgroup=reason.cgroup, names=_Names(reason.names), count=reason.count, message=reason.message
    )
