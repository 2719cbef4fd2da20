"""Reads through io_uring: bpf/uring.c.

Yields rows of the kind "io_uring" in the tables of the reads probe, whose slots it shares; no bytes and no pages.
"""

from __future__ import annotations

from typing import Any

from diagnose.measure.bpf.attachment import Attachment
from diagnose.measure.probes.base import Probe
from diagnose.measure.probes.run import Ending


class UringProbe(Probe):
    """Latency of the service's reads through io_uring."""

    name = "io-uring"
    attachments = (
        Attachment("raw", "io_uring_complete", "on_uring_complete", arguments=("", "void|io_kiocb")),
        Attachment(
            "raw",
            "io_uring_submit_req",
            "on_uring_submit",
            arguments=("io_kiocb",),
            # Its name before 6.4.
            stand_ins=(Attachment("raw", "io_uring_submit_sqe", "on_uring_submit", arguments=("io_kiocb",)),),
        ),
    )
    fills = ()

    def ended(self, ending: Ending) -> dict[str, Any]:
        return {}
