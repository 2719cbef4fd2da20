"""The instruments, one file each: docstring, what it yields, attach, read."""

from diagnose.measure.bpf.compat import LOOKUP, LOOKUP_FUNCTIONS
from diagnose.measure.probes.blame import BlameProbe
from diagnose.measure.probes.block import BlockProbe
from diagnose.measure.probes.cgroups import CgroupsProbe
from diagnose.measure.probes.evictions import EvictionsProbe
from diagnose.measure.probes.host import HostProbe
from diagnose.measure.probes.page_cache import PageCacheProbe
from diagnose.measure.probes.reads import ReadsProbe
from diagnose.measure.probes.stalls import StallsProbe
from diagnose.measure.probes.uring import UringProbe

__all__ = [
    "TRACEPOINTS",
    "BlameProbe",
    "BlockProbe",
    "CgroupsProbe",
    "EvictionsProbe",
    "HostProbe",
    "PageCacheProbe",
    "ReadsProbe",
    "StallsProbe",
    "UringProbe",
]

_STAND_INS = {
    LOOKUP.event: [f"kprobe:{function.event}" for function in LOOKUP_FUNCTIONS],
    UringProbe.attachments[1].event: [UringProbe.older.event],
}
TRACEPOINTS: dict[str, list[str]] = {
    probe.name: ["|".join([a.event, *_STAND_INS.get(a.event, [])]) for a in probe.attachments]
    for probe in (ReadsProbe, UringProbe, BlockProbe, PageCacheProbe, EvictionsProbe, StallsProbe, CgroupsProbe)
}
"""The tracepoints of each probe: "category:name", raw ones by name alone, after "|" what stands in for them."""
