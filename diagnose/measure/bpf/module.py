"""The programs in the kernel: the battery as one module, its programs attached one by one, its maps by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from diagnose.capture.model import ProbeRecord
from diagnose.capture.reasons import Reason
from diagnose.measure.bpf.attachment import Attachment
from diagnose.measure.bpf.compiler import Compiled, quiet
from diagnose.measure.bpf.maps import Table
from diagnose.measure.bpf.source import battery

MOST_SAID = 500
"""Characters of what the kernel or bcc says of one program; the verifier's log may go on for pages."""


class Module:
    """Compiled programs, attached one by one. Everything it loads belongs to this process and goes with it."""

    def __init__(
        self,
        programs: Compiled,
        misfit: Callable[[Attachment], str | None] = lambda _: None,
        chosen: Callable[[Attachment], Attachment] = lambda attachment: attachment,
    ) -> None:
        """`misfit` says why a program would misread this kernel; such a one is not attached.

        `chosen` says what to attach: the attachment itself, or what stands in for it on this kernel.
        """
        self.chosen, self._misfit, self._bpf, self._lib = chosen, misfit, programs.bpf, programs.lib
        self._tables: dict[str, Table] = {}

    def attach(self, attachment: Attachment) -> str | None:
        """Load and attach one program; returns None, or why it could not be (one line)."""
        if (reason := self._misfit(attachment)) is not None:
            return reason
        event, function = attachment.event.encode(), attachment.function.encode()
        with quiet() as lines:
            try:
                if attachment.kind == "tracepoint":
                    self._bpf.attach_tracepoint(tp=event, fn_name=function)
                elif attachment.kind == "raw":
                    self._bpf.attach_raw_tracepoint(tp=event, fn_name=function)
                else:
                    self._bpf.attach_kprobe(event=event, fn_name=function)
            except Exception as error:  # bcc raises bare Exception for everything
                reason = str(error)
        if reason is None:
            return None
        return " ".join([reason, *lines[:1]]).replace("b'", "'")

    def detach(self) -> None:
        """Detach and unload everything now rather than at exit."""
        self._bpf.cleanup()

    def lost(self) -> dict[str, int]:
        """Return how many events went uncounted, by the reasons that the programs declare; those of 0 left out."""
        counts = self.table("lost").array().tolist()
        return {reason: count for reason, count in zip(battery().loses, counts, strict=True) if count}

    def table(self, name: str) -> Table:
        if name not in self._tables:
            self._tables[name] = Table.of(self._lib, self._bpf.module, name)
        return self._tables[name]


def attach_probe(module: Module, probe: str, attachments: Sequence[Attachment]) -> ProbeRecord:
    """Attach what can be attached, or its stand-ins; say what could not, and which columns are missing for it."""
    failed = [(a, reason) for a in map(module.chosen, attachments) if (reason := module.attach(a)) is not None]
    if not failed:
        return ProbeRecord(probe=probe, attached=True)
    events: dict[str, list[str]] = {}
    for attachment, why in failed:
        events.setdefault(why.replace(attachment.function, "…"), []).append(attachment.event)
    reasons = [Reason(code="not-attached", names=names, message=why[:MOST_SAID]) for why, names in events.items()]
    essential = len(failed) == len(attachments) or any(not a.provides for a, _ in failed)
    missing = [] if essential else [column for a, _ in failed for column in a.provides]
    return ProbeRecord.because(probe, not essential, *reasons, how_to_enable="see: diagnose doctor", missing=missing)
