"""Read latency of the service: bpf/reads.c.

Yields `Reads` (counts by window, kind and latency bin), `ReadTotals` (counts, ns, bytes, pages by window and kind),
`ReadDelays` (ns waited for a CPU and spent in reclaim, by window, kind and octave of latency) and `ReadFile` rows
(device, inode, path, how often and how long the service waited).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from diagnose.capture.base import ReadKind
from diagnose.capture.hit_ratio import LookUps, ratio_of
from diagnose.capture.model import ProbeRecord
from diagnose.capture.reasons import Reason
from diagnose.capture.tables import ReadDelays, ReadFile, Reads, ReadTotals
from diagnose.cgroups.mounts import unescape
from diagnose.cgroups.paths import PATH_MAX
from diagnose.cgroups.spelling import printable
from diagnose.histogram import BINS, BINS_PER_OCTAVE
from diagnose.measure.bpf.attachment import Attachment
from diagnose.measure.bpf.maps import text
from diagnose.measure.bpf.module import Module
from diagnose.measure.probes.base import Pages, Probe
from diagnose.measure.probes.run import Ending, Run

KINDS: tuple[ReadKind, ...] = get_args(ReadKind)
_FILES = [KINDS.index(kind) for kind in ("hit", "missed", "direct", "io_uring")]
_BUFFERED = [KINDS.index(kind) for kind in ("hit", "missed")]
SLOTS = 16
OCTAVES = BINS // BINS_PER_OCTAVE
NAMES, NAME_BYTES = 8, 48
_SLOT = np.dtype(
    [("tag", "u8")]
    + [(n, "u8", len(KINDS)) for n in ("count", "total_ns", "total_bytes", "looked_up_pages", "missed_pages")]
    + [("bins", "u8", len(KINDS) * BINS)]
    + [(n, "u8", len(KINDS) * OCTAVES) for n in ("runqueue_ns", "reclaim_ns")]
)
_FILE_KEY = np.dtype([("inode", "u8"), ("device", "u4"), ("pad", "u4")])
_FILE = np.dtype(
    [
        ("slow_reads", "u8"),
        ("missed_reads", "u8"),
        ("total_ns", "u8"),
        ("depth", "u8"),
        ("names", f"S{NAME_BYTES}", NAMES),
    ]
)
_CALLS = {
    "read": ("fd", "buf", "count"),
    "pread64": ("fd", "buf", "count", "pos"),
    "readv": ("fd", "vec", "vlen"),
    "preadv": ("fd", "vec", "vlen", "pos_l"),
    "preadv2": ("fd", "vec", "vlen", "pos_l"),
}
"""The read calls, and of their arguments those that are read."""
_ENTER = {"preadv2": "enter_preadv"}
"""preadv2 has preadv's arguments, and flags behind them."""
MAX_FILES = 200


class ReadsProbe(Probe):
    """Latency of read calls of the service."""

    name = "reads"
    # The end first: a read seen only at its end is ignored, one seen only at its beginning would linger.
    attachments = tuple(
        attachment
        for call, fields in _CALLS.items()
        for attachment in (
            Attachment("tracepoint", f"syscalls:sys_exit_{call}", "exit_any", (f"reads.{call}",), ("ret",)),
            Attachment(
                "tracepoint",
                f"syscalls:sys_enter_{call}",
                _ENTER.get(call, f"enter_{call}"),
                (f"reads.{call}",),
                fields,
            ),
        )
    )
    fills = ("reads", "read_totals", "read_delays", "files")

    def __init__(self) -> None:
        self._windows: list[tuple[int, NDArray[Any]]] = []
        self._next = 0
        self._so_far = np.zeros((), _SLOT)
        self._told_apart = True

    def attach(self, module: Module) -> ProbeRecord:
        """Attach both sides of each call; without any call of which both are there, nothing is measured."""
        record = super().attach(module)
        missing = list(dict.fromkeys(record.missing))
        whole = record.attached and len(missing) < len(_CALLS)
        return record.model_copy(update={"attached": whole, "missing": missing if whole else []})

    def settled(self, own: ProbeRecord, others: Sequence[ProbeRecord]) -> ProbeRecord:
        """Say in its record that hits and misses look alike where the page-cache probe did not attach."""
        self._told_apart = any(r.probe == "page-cache" and r.attached for r in others)
        if self._told_apart or not own.attached:
            return own
        return ProbeRecord.because(
            self.name,
            True,
            Reason(code="misses-alike"),
            how_to_enable="see: diagnose doctor",
            missing=["read_totals.missed_pages"],
        )

    def drain(self, module: Module, finished: int) -> Pages:
        """Take over the windows before `finished` and empty their slots, so that the kernel may use them again."""
        slots = module.table("read_slots")
        for window in range(max(self._next, finished - SLOTS), finished):
            cpus = slots.per_cpu(window % SLOTS, _SLOT)
            self._take(cpus)
            slots.update(window % SLOTS, np.zeros_like(cpus))
        self._next = max(self._next, finished)
        return {}

    def _take(self, cpus: NDArray[Any]) -> None:
        """Add the CPUs' slots up by the window they were written for, which after a pause is not the one sought."""
        for tag in np.unique(cpus["tag"]):
            if tag:
                mine = cpus[cpus["tag"] == tag]
                total = np.zeros((), _SLOT)
                for field in _SLOT.names or ():
                    total[field] = mine[field].sum(axis=0)
                self._windows.append((int(tag) - 1, total))
                for field in ("bins", "count", "looked_up_pages", "missed_pages"):
                    self._so_far[field] += total[field]

    def progress(self, run: Run) -> dict[str, Any]:
        count = self._windows[-1][1]["count"] if self._windows else np.zeros(len(KINDS), "u8")
        last, so_far = self._hit_ratios()
        return {
            "reads": int(count[_FILES].sum()),
            "missed": int(count[KINDS.index("missed")]),
            "hit_ratio": last,
            "hit_ratio_so_far": so_far,
            "octaves": self._octaves(),
        }

    def _hit_ratios(self) -> tuple[float | None, float | None]:
        """Return the service's hit ratio, in pages, in the last window taken over and so far; None: unknown.

        As the report gives it, but not compared with the tracepoint of look-ups.
        """
        so_far = self._look_ups(self._so_far)
        if not self._told_apart or so_far.hit_ratio is None:
            return None, None
        last = self._look_ups(self._windows[-1][1] if self._windows else self._so_far)
        return ratio_of(last.looked_up_pages, last.missed_pages), so_far.hit_ratio

    @staticmethod
    def _look_ups(slot: Any) -> LookUps:
        looked_up, missed = (int(slot[f][_BUFFERED].sum()) for f in ("looked_up_pages", "missed_pages"))
        return LookUps(looked_up, missed, missed_reads=int(slot["count"][KINDS.index("missed")]))

    def _octaves(self) -> dict[str, list[int]]:
        """Return the file reads so far by kind and octave of latency; all are "reads" where misses look like hits."""
        by_kind = self._so_far["bins"].reshape(len(KINDS), OCTAVES, BINS_PER_OCTAVE).sum(axis=2)
        if not self._told_apart:
            return {"reads": by_kind[_FILES].sum(axis=0).tolist()}
        return {KINDS[kind]: by_kind[kind].tolist() for kind in _FILES}

    def ended(self, ending: Ending) -> dict[str, Any]:
        return {
            "reads": self._reads(ending.windows),
            "read_totals": self._totals(ending.windows),
            "read_delays": self._delays(ending.windows),
            "files": _files(ending.module, ending.run.pids_now()),
        }

    def _reads(self, windows: int) -> Reads:
        window, kind, bins, count = [], [], [], []
        for w, slot in self._windows:
            for cell in np.flatnonzero(slot["bins"]) if w < windows else ():
                window.append(w)
                kind.append(KINDS[cell // BINS])
                bins.append(int(cell % BINS))
                count.append(int(slot["bins"][cell]))
        return Reads(window=window, kind=kind, bin=bins, count=count)

    def _totals(self, windows: int) -> ReadTotals:
        rows = [(w, k, s) for w, s in self._windows if w < windows for k in range(len(KINDS)) if s["count"][k]]

        def column(field: str) -> list[int]:
            return [int(slot[field][kind]) for _, kind, slot in rows]

        return ReadTotals(
            window=[w for w, _, _ in rows],
            kind=[KINDS[k] for _, k, _ in rows],
            count=column("count"),
            total_ns=column("total_ns"),
            total_bytes=column("total_bytes"),
            looked_up_pages=column("looked_up_pages"),
            missed_pages=column("missed_pages"),
        )

    def _delays(self, windows: int) -> ReadDelays:
        rows = [
            (w, int(cell), slot)
            for w, slot in self._windows
            if w < windows
            for cell in np.flatnonzero(slot["runqueue_ns"] + slot["reclaim_ns"])
        ]
        return ReadDelays(
            window=[w for w, _, _ in rows],
            kind=[KINDS[cell // OCTAVES] for _, cell, _ in rows],
            octave=[cell % OCTAVES for _, cell, _ in rows],
            runqueue_ns=[int(slot["runqueue_ns"][cell]) for _, cell, slot in rows],
            reclaim_ns=[int(slot["reclaim_ns"][cell]) for _, cell, slot in rows],
        )


def _files(module: Module, pids: list[int]) -> list[ReadFile]:
    """Return the files most waited for, the longest wait first."""
    keys, rows = module.table("files").read(_FILE_KEY, _FILE)
    mounts = _mount_points(pids)
    order = sorted(range(len(keys)), key=lambda i: (-int(rows[i]["total_ns"]), int(keys[i]["inode"])))
    return [
        ReadFile(
            device=device_name(int(keys[i]["device"])),
            inode=int(keys[i]["inode"]),
            path=_path(rows[i], mounts.get(device_name(int(keys[i]["device"])))),
            slow_reads=int(rows[i]["slow_reads"]),
            missed_reads=int(rows[i]["missed_reads"]),
            total_ns=int(rows[i]["total_ns"]),
        )
        for i in order[:MAX_FILES]
    ]


def device_name(number: int) -> str:
    """Return "major:minor" of the kernel's own device number (20 bits of minor)."""
    return f"{number >> 20}:{number & 0xFFFFF}"


def _path(row: Any, mount: tuple[str, str] | None) -> str | None:
    """Join the names that the kernel noted, below the mount point; "…/" where more stands above them."""
    names = [text(n) for n in reversed(row["names"][: int(row["depth"])])]
    if not names:
        return None
    if int(row["depth"]) >= NAMES:
        return "…/" + "/".join(names)
    inside = "/" + "/".join(names)
    if mount is None:
        return inside
    root, point = mount
    if root != "/" and inside.startswith(root + "/"):
        inside = inside[len(root) :]
    if len(point) + len(inside) >= PATH_MAX:  # mountinfo shows deeper ones than anybody can name
        return "…" + inside
    return inside if point == "/" else point + inside


def _mount_points(pids: list[int], proc: Path = Path("/proc")) -> dict[str, tuple[str, str]]:
    """Return device -> (root within the file system, mount point) as the service sees them (proc(5), mountinfo)."""
    for pid in [*pids[:8], "self"]:
        try:
            lines = os.fsdecode((proc / str(pid) / "mountinfo").read_bytes()).split("\n")
        except OSError:
            continue  # that process has ended; another one's view will do
        # Whoever mounts chooses the names: only "\n" ends a line, only " " a field, whatever else they hold.
        fields = [line.split(" ") for line in lines]
        # The first mount of a device is the one nearest to its whole tree; later ones are bind mounts of parts.
        return {f[2]: (printable(unescape(f[3])), printable(unescape(f[4]))) for f in reversed(fields) if len(f) > 4}
    return {}
