"""What is set on this host and bears on the page cache: limits of dirty memory, DAMON's schemes, generations.

`host_settings` yields the kernel's numbers by the kernel's names ("vm.dirty_ratio", "damon_reclaim.min_age");
`damon_schemes` yields `DamonScheme`. Read once; what this kernel lacks, or hides, is left out.
Sources: Documentation/admin-guide/sysctl/vm.rst, admin-guide/mm/{damon/reclaim,damon/usage,multigen_lru}.rst.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from diagnose.capture.surroundings import DamonScheme
from diagnose.cgroups.files import keyed, number, read
from diagnose.errors import CannotMeasureError
from diagnose.measure.bpf.btf import Btf

DIRTY = (
    "dirty_background_bytes",
    "dirty_background_ratio",
    "dirty_bytes",
    "dirty_expire_centisecs",
    "dirty_ratio",
)
THRESHOLDS = ("nr_dirty_background_threshold", "nr_dirty_threshold")
"""In pages: what the settings come to, of the memory that may be dirty at all (/proc/vmstat)."""
TAKING = ("pageout", "cold")
"""Actions of schemes that take pages, or make them the next to go."""
DAMON_RECLAIM = ("min_age", "quota_sz", "quota_reset_interval_ms")
"""min_age in µs."""
MOST_SCHEMES = 64
BTF = Path("sys/kernel/btf/vmlinux")
ROUNDS = "lru_gen.rounds_of_cgroups"
"""1 where reclaim by generations, if on, goes round the cgroups: struct lru_gen_folio has their place (since 6.3).

In its rounds it passes over a cgroup below memory.low once, and takes from it in the next (shrink_one in mm/vmscan.c).
"""


def names() -> Iterator[str]:
    """Yield what the settings may be called."""
    yield from (f"vm.{name}" for name in DIRTY)
    yield from (f"vmstat.{name}" for name in THRESHOLDS)
    yield from (f"damon_reclaim.{name}" for name in DAMON_RECLAIM)
    yield from ("lru_gen.enabled", ROUNDS)


def host_settings(root: Path = Path("/")) -> dict[str, int]:
    """Return the settings that can be read, by name."""
    vmstat = keyed(read(root / "proc", "vmstat"))
    found: dict[str, int | None] = {f"vm.{name}": number(read(root / "proc/sys/vm", name)) for name in DIRTY}
    found |= {f"vmstat.{name}": vmstat.get(name) for name in THRESHOLDS}
    module = root / "sys/module/damon_reclaim/parameters"
    if read(module, "enabled").strip() == "Y":
        found |= {f"damon_reclaim.{name}": number(read(module, name)) for name in DAMON_RECLAIM}
    found["lru_gen.enabled"] = _hexadecimal(read(root / "sys/kernel/mm/lru_gen", "enabled"))
    with suppress(CannotMeasureError):  # without BTF nothing tells
        found[ROUNDS] = int(Btf.of_kernel(root / BTF).offset("lru_gen_folio", "seg") is not None)
    return {name: value for name, value in found.items() if value is not None}


def _hexadecimal(text: str) -> int | None:
    return int(text, 16) if re.fullmatch(r"0x[0-9a-fA-F]{1,8}\s*", text) else None


def damon_schemes(root: Path = Path("/")) -> list[DamonScheme]:
    """Return the schemes that take memory and run, those of DAMON's sysfs interface."""
    return list(islice(_schemes(root / "sys/kernel/mm/damon/admin/kdamonds"), MOST_SCHEMES))


def _schemes(kdamonds: Path) -> Iterator[DamonScheme]:
    for kdamond, thread in _numbered(kdamonds):
        if read(thread, "state").strip() != "on":
            continue
        for context, directory in _numbered(thread / "contexts"):
            for scheme, at in _numbered(directory / "schemes"):
                action = read(at, "action").strip()
                if action not in TAKING:
                    continue
                yield DamonScheme(
                    kdamond=kdamond,
                    context=context,
                    scheme=scheme,
                    action=action,
                    min_age=number(read(at, "access_pattern/age/min")),
                    aggregation_us=number(read(directory, "monitoring_attrs/intervals/aggr_us")),
                    quota_bytes=number(read(at, "quotas/bytes")),
                    quota_interval_ms=number(read(at, "quotas/reset_interval_ms")),
                )


def _numbered(directory: Path) -> list[tuple[int, Path]]:
    """Return the sub-directories that are named by a number, in its order."""
    try:
        found = [(value, entry) for entry in directory.iterdir() if (value := number(entry.name)) is not None]
    except OSError:
        return []
    return sorted(found)
