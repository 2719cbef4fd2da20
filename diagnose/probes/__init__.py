"""The instruments, one file each: docstring, what it yields, attach, read."""

from diagnose.probes.blame import BlameProbe
from diagnose.probes.block import BlockProbe
from diagnose.probes.cgroups import CgroupsProbe
from diagnose.probes.evictions import EvictionsProbe
from diagnose.probes.host import HostProbe
from diagnose.probes.page_cache import PageCacheProbe
from diagnose.probes.reads import ReadsProbe
from diagnose.probes.stalls import StallsProbe
from diagnose.probes.uring import UringProbe
from diagnose.programs.fit import LOOKUP, LOOKUP_FUNCTIONS

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
