"""The scenarios in which a neighbour pushes the service's pages out of the cache.

The sizes of `noisy-neighbour` follow from how the kernel protects a cache. Pages that are read twice become active,
and reclaim leaves active file pages alone while the inactive ones of the limited subtree outnumber them
(`inactive_is_low` and `prepare_scan_control` in mm/vmscan.c, classic LRU): a hot file of less than half the limit
loses pages once and then survives any stream. So it takes seven tenths here: it fits when it is alone, and loses pages
in every burst. Every block is read about once a second: what a burst took is back at once when it ends, and a host's
proactive reclaim (DAMON), which takes what looks idle, finds little.
"""

from __future__ import annotations

from diagnose.lab.workloads import DATA_SET, MIB, PARENT_LIMIT, SMALL_FILE, Scenario, Workload, service, stream

NOISY = "page-cache-noisy-neighbour"

NOISY_NEIGHBOURS = (
    Scenario(
        "noisy-neighbour",
        "A batch job streams a large data set in bursts and pushes the service's hot file out of the cache.",
        NOISY,
        "batch",
        PARENT_LIMIT,
        (service(), stream(mib_per_second=800)),
    ),
    Scenario(
        "noisy-neighbour-steady",
        "A batch job reads records at a constant rate: nothing moves together with anything, the evictions are direct.",
        NOISY,
        "batch",
        PARENT_LIMIT,
        (service(), stream(mib_per_second=250, steady=True, records=True)),
    ),
    Scenario(
        "noisy-neighbour-writes",
        "A batch job writes a large file through the page cache.",
        NOISY,
        "batch",
        PARENT_LIMIT,
        (
            service(),
            Workload(
                "batch",
                "write_file",
                {"bytes": DATA_SET, "bytes_per_second": 300 * MIB, "write_bytes": 64 << 10},
                DATA_SET,
            ),
        ),
    ),
    Scenario(
        "noisy-neighbour-maps",
        "A batch job maps its data set and touches every page: page faults instead of reads.",
        NOISY,
        "batch",
        PARENT_LIMIT,
        (
            service(),
            Workload("batch", "map_file", {"bytes": DATA_SET, "bytes_per_second": 800 * MIB}, DATA_SET),
        ),
    ),
    Scenario(
        "noisy-neighbour-spread",
        "A batch job of three workers, each in a cgroup of its own below the job's: the job is to be named.",
        NOISY,
        "batch",
        PARENT_LIMIT,
        (
            service(),
            *(stream(f"batch/worker-{n}", mib_per_second=130, size=DATA_SET // 2) for n in (1, 2, 3)),
        ),
    ),
    Scenario(
        "two-noisy-neighbours",
        "Two jobs stream, one about twice as fast as the other: both are named, the worse first.",
        NOISY,
        "batch",
        PARENT_LIMIT,
        (
            service(),
            stream(mib_per_second=260, size=DATA_SET // 2, steady=True, records=True),
            stream("backup", mib_per_second=130, size=DATA_SET // 2, steady=True, records=True),
        ),
        accomplices=("backup",),
    ),
    Scenario(
        "innocent-bystander",
        "A batch job streams; in the same seconds another job computes and re-reads a small file of its own.",
        NOISY,
        "batch",
        PARENT_LIMIT + SMALL_FILE,
        (service(), stream(), Workload("bystander", "compute", {"bytes": SMALL_FILE}, SMALL_FILE)),
    ),
    Scenario(
        "innocent-direct-io",
        "A batch job streams; in the same seconds another job reads past the page cache, which evicts nothing.",
        NOISY,
        "batch",
        PARENT_LIMIT,
        (
            service(),
            stream(),
            Workload(
                "bystander",
                "direct_io",
                {"bytes": DATA_SET // 2, "threads": 1, "bytes_per_second": 60 * MIB},
                DATA_SET // 2,
            ),
        ),
    ),
)
