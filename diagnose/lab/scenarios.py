"""The scenarios as data: who runs what under which limit, and what a diagnosis should say about it.

The sizes of `noisy-neighbour` follow from how the kernel protects a cache. Pages that are read twice become active,
and reclaim leaves active file pages alone while the inactive ones of the limited subtree outnumber them
(`inactive_is_low` and `prepare_scan_control` in mm/vmscan.c, classic LRU): a hot file of less than half the limit
loses pages once and then survives any stream. So it takes seven tenths here: it fits when it is alone, and loses pages
in every burst. Every block is read about once a second: what a burst took is back at once when it ends, and a host's
proactive reclaim (DAMON), which takes what looks idle, finds little.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

MIB = 1 << 20


@dataclass(frozen=True)
class Actor:
    """One process in a cgroup of its own under the parent; a role "batch/one" lies in the job's cgroup "batch".

    `options` go to the program as they are; `file_bytes` is the disk space that it will write. `limit_bytes` is a
    hard limit of its own cgroup (None: only the parent's), `cpus` a CPU quota, `cpu_weight` what cpu.weight is (100: as
    others), `device_iops` a throttle on its reads of the disk below.
    """

    role: str
    program: str
    options: Mapping[str, float]
    file_bytes: int = 0
    limit_bytes: int | None = None
    cpus: float | None = None
    cpu_weight: int | None = None
    device_iops: int | None = None


@dataclass(frozen=True)
class Scenario:
    """What to set up, and the truth about it.

    `expected` is a rule id, "healthy" or "inconclusive"; `culprit` a role (or the job above some) or None;
    `accomplices` are further ones that may be named, and nobody else may. `swap_bytes`: swap for the host meanwhile.
    """

    name: str
    sets_up: str
    """One sentence."""
    expected: str
    culprit: str | None
    parent_limit_bytes: int | None
    actors: tuple[Actor, ...] = field(default=())
    accomplices: tuple[str, ...] = ()
    swap_bytes: int = 0

    @property
    def file_bytes(self) -> int:
        """Disk space that the scenario needs, in bytes."""
        return sum(actor.file_bytes for actor in self.actors) + self.swap_bytes


PARENT_LIMIT = 288 * MIB
HOT_FILE = 208 * MIB
DATA_SET = 768 * MIB
SMALL_FILE = 16 * MIB
BUSY_FILE = 4 * MIB
"""Read all over every few milliseconds, so that proactive reclaim (DAMON samples every 5 ms) finds none of it idle."""
NOISY = "page-cache-noisy-neighbour"
ONE_CPU = 0
"""What is to crowd a CPU crowds this one, and leaves the host the others."""


def _service(limit_bytes: int | None = None, file_bytes: int = HOT_FILE) -> Actor:
    """Return the observed service: 16 KiB reads (a database page) all over a hot file, 16,000 a second."""
    options = {"bytes": file_bytes, "reads_per_second": 16_000}
    return Actor("service", "point_reads", options, file_bytes, limit_bytes)


def _stream(role: str = "batch", mib_per_second: int = 400, size: int = DATA_SET, **flags: bool) -> Actor:
    """Return a job that streams; flags: `steady` (without quiet phases), `records` (without read-ahead)."""
    switches = {name: float(on) for name, on in flags.items()}
    return Actor(role, "stream", {"bytes": size, "bytes_per_second": mib_per_second * MIB, **switches}, size)


def _reads(program: str, size: int, per_second: float) -> Actor:
    return Actor("service", program, {"bytes": size, "reads_per_second": per_second}, size)


_QUIET = Actor("batch", "compute", {"bytes": SMALL_FILE}, SMALL_FILE)

_NOISY = (
    Scenario(
        "noisy-neighbour",
        "A batch job streams a large data set in bursts and pushes the service's hot file out of the cache.",
        NOISY,
        "batch",
        PARENT_LIMIT,
        (_service(), _stream(mib_per_second=800)),
    ),
    Scenario(
        "noisy-neighbour-steady",
        "A batch job reads records at a constant rate: nothing moves together with anything, the evictions are direct.",
        NOISY,
        "batch",
        PARENT_LIMIT,
        (_service(), _stream(mib_per_second=250, steady=True, records=True)),
    ),
    Scenario(
        "noisy-neighbour-writes",
        "A batch job writes a large file through the page cache.",
        NOISY,
        "batch",
        PARENT_LIMIT,
        (
            _service(),
            Actor(
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
            _service(),
            Actor("batch", "map_file", {"bytes": DATA_SET, "bytes_per_second": 800 * MIB}, DATA_SET),
        ),
    ),
    Scenario(
        "noisy-neighbour-spread",
        "A batch job of three workers, each in a cgroup of its own below the job's: the job is to be named.",
        NOISY,
        "batch",
        PARENT_LIMIT,
        (
            _service(),
            *(_stream(f"batch/worker-{n}", mib_per_second=130, size=DATA_SET // 2) for n in (1, 2, 3)),
        ),
    ),
    Scenario(
        "two-noisy-neighbours",
        "Two jobs stream, one about twice as fast as the other: both are named, the worse first.",
        NOISY,
        "batch",
        PARENT_LIMIT,
        (
            _service(),
            _stream(mib_per_second=260, size=DATA_SET // 2, steady=True, records=True),
            _stream("backup", mib_per_second=130, size=DATA_SET // 2, steady=True, records=True),
        ),
        accomplices=("backup",),
    ),
    Scenario(
        "innocent-bystander",
        "A batch job streams; in the same seconds another job computes and re-reads a small file of its own.",
        NOISY,
        "batch",
        PARENT_LIMIT + SMALL_FILE,
        (_service(), _stream(), Actor("bystander", "compute", {"bytes": SMALL_FILE}, SMALL_FILE)),
    ),
    Scenario(
        "innocent-direct-io",
        "A batch job streams; in the same seconds another job reads past the page cache, which evicts nothing.",
        NOISY,
        "batch",
        PARENT_LIMIT,
        (
            _service(),
            _stream(),
            Actor(
                "bystander",
                "direct_io",
                {"bytes": DATA_SET // 2, "threads": 1, "bytes_per_second": 60 * MIB},
                DATA_SET // 2,
            ),
        ),
    ),
)

_MEMORY = (
    Scenario(
        "neighbour-memory",
        "A batch job takes memory of its own in bursts: no file of it enters the cache, and the service's pages go.",
        "neighbour-memory-pressure",
        "batch",
        PARENT_LIMIT,
        (_service(), Actor("batch", "allocate", {"bytes": 144 * MIB})),
    ),
    Scenario(
        "own-limit",
        "The service's own memory limit is half of the file that it reads; the batch job is innocent.",
        "own-limit-too-small",
        None,
        PARENT_LIMIT,
        (_service(limit_bytes=HOT_FILE // 2), _QUIET),
    ),
    Scenario(
        "too-little-memory",
        "The service reads more than fits into the memory it shares with a small, quiet batch job.",
        "working-set-exceeds-memory",
        None,
        HOT_FILE * 3 // 4,
        (_service(), _QUIET),
    ),
    Scenario(
        "idle-pages",
        "The service reads its file slowly, and the host's proactive reclaim (DAMON) takes what looks idle.",
        "proactive-reclaim",
        None,
        PARENT_LIMIT,
        (_reads("point_reads", 96 * MIB, 600), _QUIET),
    ),
    Scenario(
        "caches-dropped",
        "Somebody writes to /proc/sys/vm/drop_caches. It costs the whole host its cache, once.",
        "caches-dropped",
        None,
        PARENT_LIMIT,
        (_service(), Actor("batch", "drop_caches", {"times": 1})),
    ),
    Scenario(
        "cold-reads",
        "The service reads data that was never in the cache.",
        "cold-reads",
        None,
        PARENT_LIMIT,
        (_reads("cold_reads", 768 * MIB, 1200), _QUIET),
    ),
    Scenario(
        "reclaim-stall",
        "The service takes more memory than there is: its reads have to swap some out before they get a page.",
        "direct-reclaim-stall",
        None,
        96 * MIB,
        (
            Actor(
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
            Actor(
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
            _reads("direct_reads", 128 * MIB, 500),
            Actor("batch", "direct_io", {"bytes": DATA_SET, "threads": 16}, DATA_SET),
        ),
    ),
    Scenario(
        "slow-device",
        "The service alone reads from a device that takes tens of milliseconds for every read.",
        "block-device-slow",
        None,
        PARENT_LIMIT,
        (
            Actor(
                "service",
                "slow_disk_reads",
                {"bytes": 32 * MIB, "disk_bytes": 96 * MIB},
                96 * MIB,
                device_iops=40,
            ),
            _QUIET,
        ),
    ),
    Scenario(
        "dirty-pages",
        "The service writes more than its device takes, and is paused until dirty pages have been written back.",
        "dirty-writeback-stall",
        None,
        PARENT_LIMIT,
        (
            Actor(
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
            Actor(
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
            Actor("service", "large_reads", {"bytes": SMALL_FILE, "chunk_bytes": 4 * MIB, "cpu": ONE_CPU}, SMALL_FILE),
            Actor("batch", "spin", {"processes": 4, "cpu": ONE_CPU}, cpu_weight=1000),
        ),
    ),
    Scenario(
        "slow-peers",
        "The service waits for a socket and a pipe; its reads of files are fast.",
        "reads-wait-on-peer",
        None,
        PARENT_LIMIT,
        (Actor("service", "peer_reads", {"bytes": MIB}, MIB), _QUIET),
    ),
)

_FINE = (
    Scenario(
        "healthy",
        "The same service beside a batch job that computes and re-reads a small file: everything fits.",
        "healthy",
        None,
        PARENT_LIMIT,
        (_service(file_bytes=BUSY_FILE), _QUIET),
    ),
    Scenario(
        "healthy-busy",
        "A service whose file fits easily, beside a job that streams: pages are evicted, but not those of the service.",
        "healthy",
        None,
        PARENT_LIMIT,
        (_service(file_bytes=BUSY_FILE), _stream(mib_per_second=150)),
    ),
    Scenario(
        "replaced-files",
        "The service replaces or rewrites its file every second: pages go because their file goes or is emptied.",
        "healthy",
        None,
        PARENT_LIMIT,
        (_reads("replace_files", 8 * MIB, 8_000), _QUIET),
    ),
)

SCENARIOS: dict[str, Scenario] = {s.name: s for s in (*_NOISY, *_MEMORY, *_WAITS, *_FINE)}
