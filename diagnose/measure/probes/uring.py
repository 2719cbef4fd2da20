"""Reads through io_uring: bpf/uring.c.

Yields rows of the kind "io_uring" in the tables of the reads probe, whose slots it shares; no bytes and no pages.
"""

from __future__ import annotations

from diagnose.capture.model import ProbeRecord
from diagnose.measure.bpf.attachment import Attachment
from diagnose.measure.bpf.module import Module


class UringProbe:
    """Latency of the service's reads through io_uring."""

    name = "io-uring"
    attachments = (
        Attachment("raw", "io_uring_complete", "on_uring_complete", arguments=("", "void|io_kiocb")),
        Attachment("raw", "io_uring_submit_req", "on_uring_submit", arguments=("io_kiocb",)),
    )
    older = Attachment("raw", "io_uring_submit_sqe", "on_uring_submit", arguments=("io_kiocb",))
    """What io_uring_submit_req was called before 6.4."""

    def attach(self, module: Module) -> ProbeRecord:
        complete, submit = self.attachments
        reasons = [r for r in (module.attach(complete), module.attach(submit)) if r is not None]
        if len(reasons) == 1 and module.attach(self.older) is None:
            reasons = []
        if not reasons:
            return ProbeRecord(probe=self.name, attached=True)
        return ProbeRecord(
            probe=self.name, attached=False, reason="; ".join(reasons), how_to_enable="see: diagnose doctor"
        )
