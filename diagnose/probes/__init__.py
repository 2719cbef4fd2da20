"""The instruments, one file each: docstring, what it yields, attach, read.

`_bpf.py` is the only importer of bcc; `_btf.py` and `_flags.py` fit the programs to the running kernel.
"""

from diagnose.probes.blame import BlameProbe
from diagnose.probes.block import BlockProbe
from diagnose.probes.cgroups import CgroupsProbe
from diagnose.probes.evictions import EvictionsProbe
from diagnose.probes.host import HostProbe
from diagnose.probes.page_cache import PageCacheProbe
from diagnose.probes.reads import ReadsProbe
from diagnose.probes.stalls import StallsProbe
from diagnose.probes.uring import UringProbe

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

TRACEPOINTS: dict[str, list[str]] = {
    probe.name: [a.event for a in probe.attachments]
    for probe in (ReadsProbe, UringProbe, BlockProbe, PageCacheProbe, EvictionsProbe, StallsProbe, CgroupsProbe)
}
"""The tracepoints of each probe: "category:name", raw tracepoints by name alone."""
