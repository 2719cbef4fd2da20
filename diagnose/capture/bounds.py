"""What a capture holds at most (no imports: the build of the programs begins before anything heavy is loaded).

Each is several times what the battery can produce on the largest hosts known, and is there for strangers' files.
"""

MAX_WINDOWS = 100_000
MAX_PROCESSES = 32_768
"""Of the service; of more the battery keeps so many."""
MAX_CGROUPS = 100_000
"""Those read at the start (`MAX_FIRST_READ`), and those that moved cache in any window."""
MAX_FOLDERS = 4_000_000
"""In all their paths together: 40 each, or 1,500 each of some that somebody nested as deep as the kernel lets him."""
MAX_PROBES = 256
MAX_REASONS = 64
"""Why one instrument measured nothing."""
MAX_NAMES = 512
"""In one of these reasons."""
MAX_COLUMNS = 65_536
"""Of readings; without BPF seven a disk."""
MAX_FILES = 2_048
"""As the map `files` holds."""
MAX_DROPPERS = 2_048
"""The map `droppers` holds 512."""
MAX_EXAMPLES = 64
MAX_DEVICES = 4_096
"""Different ones that had requests; what /sys/block has is listed up to 256."""
MAX_BELOW = 1_024
"""Devices that one is made of."""
MAX_SCHEMES = 128
"""Of DAMON."""
MAX_SETTINGS = 512
"""Of a host or a cgroup; also reasons for which events were lost."""

MAX_WORD, MAX_COMM, MAX_DEVICE, MAX_NAME, MAX_TEXT = 512, 256, 256, 4_096, 4_096
"""Characters. A task's name has 16 bytes (64 of kernel threads), four characters each where it cannot be printed."""
MAX_PATH = 8 * MAX_TEXT
"""PATH_MAX is 4,096 bytes, and a byte that cannot be seen is spelled in four characters; under pseudonyms each part
of a path is longer ("a", "cgroup-100")."""

MAX_ROWS = {
    "reads": 7 * 288, "read_totals": 7, "read_delays": 7 * 36, "blame.reads": 8_192, "block_requests": 16_384,
    "block_latency": 32_768, "cache": 16_384, "evictions": 16_384, "stalls": 8_192, "cgroup_samples": 1_024,
    "host_samples": 1,
}  # fmt: skip
"""In a window: what the maps in `bpf/` hold, and what is read of files. Twice that is accepted, a map being emptied a
moment after its window; and one window more, for the readings at the start."""
