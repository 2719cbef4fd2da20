"""What an instrument is. It declares what it attaches, what feeds it, what it gives to the capture, how it drains.

Everything else follows from that: the battery attaches, drains and ends every instrument of `probes.PROBES`, `diagnose
doctor` looks for its tracepoints, and where it cannot attach, or BPF is refused, its record says so in the report.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

from diagnose.capture.model import ProbeRecord
from diagnose.capture.reasons import Reason
from diagnose.measure.bpf.attachment import Attachment
from diagnose.measure.bpf.module import Module, attach_probe
from diagnose.measure.probes.run import Ending, Run

Pages = Mapping[int, int]
"""By cgroup id."""


class Probe:
    """An instrument of one capture; every method but `ended` may stay as it is here."""

    name: ClassVar[str]
    """As captures, `diagnose doctor` and "Not measured" call it."""
    attachments: ClassVar[tuple[Attachment, ...]] = ()
    """Its programs, in the order in which they are attached; none: it is fed by others, or reads files."""
    fed_by: ClassVar[tuple[str, ...]] = ()
    """The instruments without which it measures nothing."""
    fills: ClassVar[tuple[str, ...]]
    """The fields of the capture that `ended` returns."""
    loops: ClassVar[bool] = False
    """Older kernels' verifiers refuse its long loops: it attaches first, and again with shorter ones."""
    needs_bpf: ClassVar[bool] = True
    """False: where BPF is refused, files give what it gives (`polling.py`)."""

    @classmethod
    def of(cls, run: Run) -> Self:
        """Return the instrument of a capture."""
        return cls()

    def attach(self, module: Module) -> ProbeRecord:
        """Attach the programs, and say how that went."""
        return attach_probe(module, self.name, self.attachments)

    def settled(self, own: ProbeRecord, others: Sequence[ProbeRecord]) -> ProbeRecord:
        """Return its record once those of all are known: without what feeds it nothing is measured."""
        missing = [record.probe for record in others if record.probe in self.fed_by and not record.attached]
        if not missing:
            return own
        why = Reason(code="fed-by", names=missing)
        return ProbeRecord.because(self.name, False, why, how_to_enable="see: diagnose doctor")

    def begin(self) -> None:
        """Read files once, as the state before window 0."""

    def drain(self, module: Module, finished: int) -> Pages:
        """Take the windows before `finished` over from the kernel; return the pages that each cgroup moved in them."""
        return {}

    def read(self, window: int, moved: Pages) -> None:
        """Read files, as of the end of `window`. `moved`: the pages that all instruments saw cgroups move in it."""

    def progress(self, run: Run) -> dict[str, Any]:
        """Return the fields of `Progress` that it knows, after a window."""
        return {}

    def end(self, window: int) -> None:
        """Read files for the last time, as of the end of `window`."""

    def ended(self, ending: Ending) -> dict[str, Any]:
        """Return the fields of the capture that it `fills`."""
        raise NotImplementedError
