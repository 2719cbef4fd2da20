"""The scenarios as data: who runs what under which limit, and what a diagnosis should say about it."""

from __future__ import annotations

from diagnose.lab.noisy_neighbours import NOISY_NEIGHBOURS
from diagnose.lab.workloads import (
    BUSY_FILE,
    DATA_SET,
    HOT_FILE,
    MIB,
    PARENT_LIMIT,
    QUIET,
    SMALL_FILE,
    Scenario,
    Workload,
    reads,
    service,
    stream,
)

ONE_CPU = 0
"""What is to crowd a CPU crowds this one, and leaves the host the others."""

_MEMORY = (
    Scenario(
        "neighbour-memory",
        "A batch job takes memory of its own in bursts: no file of it enters the cache, and the service's pages go.",
        "neighbour-memory-pressure",
        "batch",
        PARENT_LIMIT,
        (service(), Workload("batch", "allocate", {"bytes": 144 * MIB})),
    ),
    Scenario(
        "own-limit",
        "The service's own memory limit is half of the file that it reads; the batch job is innocent.",
        "own-limit-too-small",
        None,
        PARENT_LIMIT,
        (service(limit_bytes=HOT_FILE // 2), QUIET),
    ),
    Scenario(
        "too-little-memory",
        "The service reads more than fits into the memory it shares with a small, quiet batch job.",
        "working-set-exceeds-memory",
        None,
        HOT_FILE * 3 // 4,
        (service(), QUIET),
    ),
    Scenario(
        "idle-pages",
        "The service reads its file slowly, and the host's proactive reclaim (DAMON) takes what looks idle.",
        "proactive-reclaim",
        None,
        PARENT_LIMIT,
        (reads("point_reads", 96 * MIB, 600), QUIET),
    ),
    Scenario(
        "caches-dropped",
        "Somebody writes to /proc/sys/vm/drop_caches. It costs the whole host its cache, once.",
        "caches-dropped",
        None,
        PARENT_LIMIT,
        (service(), Workload("batch", "drop_caches", {"times": 1})),
    ),
    Scenario(
        "cold-reads",
        "The service reads data that was never in the cache.",
        "cold-reads",
        None,
        PARENT_LIMIT,
        (reads("cold_reads", 768 * MIB, 1200), QUIET),
    ),
    Scenario(
        "reclaim-stall",
        "The service takes more memory than there is: its reads have to swap some out before they get a page.",
        "direct-reclaim-stall",
        None,
        96 * MIB,
        (
            Workload(
                "service",
                "reads_while_growing",
                {"bytes": DATA_SET, "reads_per_second": 100, "block_bytes": MIB // 2, "grow_bytes": 320 * MIB},
                DATA_SET,
            ),
        ),
        swap_bytes=512 * MIB,
    ),
    Scenario(
        "swap-thrash",
        "The service's own memory is larger than its limit, so that reads have to fetch their buffers from swap.",
        "swap-thrash",
        None,
        PARENT_LIMIT,
        (
            Workload(
                "service",
                "swapping_reads",
                {"bytes": 2 * MIB, "buffer_bytes": 144 * MIB, "reads_per_second": 2000},
                2 * MIB,
                96 * MIB,
            ),
        ),
        swap_bytes=384 * MIB,
    ),
)

_WAITS = (
    Scenario(
        "contended-device",
        "The service reads past the page cache while another job keeps the device busy with large direct reads.",
        "block-device-contention",
        "batch",
        PARENT_LIMIT,
        (
            reads("direct_reads", 128 * MIB, 500),
            Workload("batch", "direct_io", {"bytes": DATA_SET, "threads": 16}, DATA_SET),
        ),
    ),
    Scenario(
        "slow-device",
        "The service alone reads from a device that takes tens of milliseconds for every read.",
        "block-device-slow",
        None,
        PARENT_LIMIT,
        (
            Workload(
                "service",
                "slow_disk_reads",
                {"bytes": 32 * MIB, "disk_bytes": 96 * MIB},
                96 * MIB,
                device_iops=40,
            ),
            QUIET,
        ),
    ),
    Scenario(
        "dirty-pages",
        "The service writes more than its device takes, and is paused until dirty pages have been written back.",
        "dirty-writeback-stall",
        None,
        PARENT_LIMIT,
        (
            Workload(
                "service",
                "dirty_writes",
                {"bytes": MIB // 4, "disk_bytes": 192 * MIB, "dirty_bytes": 8 * MIB},
                192 * MIB,
            ),
        ),
    ),
    Scenario(
        "cpu-quota",
        "The service's CPU quota is a third of what it needs.",
        "cpu-throttled",
        None,
        PARENT_LIMIT,
        (
            Workload(
                "service",
                "large_reads",
                {"bytes": SMALL_FILE, "chunk_bytes": MIB, "cpu": -1},
                SMALL_FILE,
                cpus=0.2,
            ),
        ),
    ),
    Scenario(
        "crowded-cpu",
        "A job of ten times the CPU weight crowds the service's CPU; every read is a hit and waits for its turn.",
        "cpu-contention",
        None,
        PARENT_LIMIT,
        (
            Workload(
                "service", "large_reads", {"bytes": SMALL_FILE, "chunk_bytes": 4 * MIB, "cpu": ONE_CPU}, SMALL_FILE
            ),
            Workload("batch", "spin", {"processes": 4, "cpu": ONE_CPU}, cpu_weight=1000),
        ),
    ),
    Scenario(
        "slow-peers",
        "The service waits for a socket and a pipe; its reads of files are fast.",
        "reads-wait-on-peer",
        None,
        PARENT_LIMIT,
        (Workload("service", "peer_reads", {"bytes": MIB}, MIB), QUIET),
    ),
)

_FINE = (
    Scenario(
        "healthy",
        "The same service beside a batch job that computes and re-reads a small file: everything fits.",
        "healthy",
        None,
        PARENT_LIMIT,
        (service(file_bytes=BUSY_FILE), QUIET),
    ),
    Scenario(
        "healthy-busy",
        "A service whose file fits easily, beside a job that streams: pages are evicted, but not those of the service.",
        "healthy",
        None,
        PARENT_LIMIT,
        (service(file_bytes=BUSY_FILE), stream(mib_per_second=150)),
    ),
    Scenario(
        "replaced-files",
        "The service replaces or rewrites its file every second: pages go because their file goes or is emptied.",
        "healthy",
        None,
        PARENT_LIMIT,
        (reads("replace_files", 8 * MIB, 8_000), QUIET),
    ),
)

SCENARIOS: dict[str, Scenario] = {s.name: s for s in (*NOISY_NEIGHBOURS, *_MEMORY, *_WAITS, *_FINE)}
