"""What stands around a service: sysfs (devices, DAMON), sysctls, and what `diagnose doctor` looks at."""

from __future__ import annotations

import tempfile
from pathlib import Path
from random import Random

from diagnose import doctor
from diagnose.capture import file as captures
from diagnose.errors import DiagnoseError
from diagnose.measure.bpf.attachment import Attachment
from diagnose.measure.bpf.compat import LOOKUP
from diagnose.measure.probes.devices import block_devices
from diagnose.measure.probes.tunables import damon_schemes, host_settings
from tests.fuzz.messages import in_lines
from tests.fuzz.mutations import odd_name, spoilt_bytes
from tests.helpers.btf_blob import Blob
from tests.helpers.cgroup_trees import PRESSURE, Host
from tests.helpers.example_report import example_capture

DAMON = "sys/kernel/mm/damon/admin/kdamonds/0"
SYSFS = {
    "sys/block/loop0/size": b"8\n",
    "sys/block/loop0/dev": b"7:0\n",
    "sys/block/loop0/queue/rotational": b"1\n",
    "sys/block/loop0/loop/backing_file": b"/srv/image\n",
    "sys/class/bdi/7:0/strict_limit": b"1\n",
    "sys/class/bdi/7:0/max_bytes": b"8388608\n",
    "sys/block/dm-0/size": b"8\n",
    "sys/block/dm-0/dev": b"252:0\n",
    "sys/block/dm-0/slaves/vda/size": b"8\n",
    f"{DAMON}/state": b"on\n",
    f"{DAMON}/contexts/0/monitoring_attrs/intervals/aggr_us": b"5000000\n",
    f"{DAMON}/contexts/0/schemes/0/action": b"pageout\n",
    f"{DAMON}/contexts/0/schemes/0/access_pattern/age/min": b"6\n",
    f"{DAMON}/contexts/0/schemes/0/quotas/bytes": b"2147483648\n",
    f"{DAMON}/contexts/0/schemes/0/quotas/reset_interval_ms": b"1000\n",
    "sys/module/damon_reclaim/parameters/enabled": b"Y\n",
    "sys/module/damon_reclaim/parameters/min_age": b"120000000\n",
    "sys/kernel/mm/lru_gen/enabled": b"0x0007\n",
    "sys/kernel/btf/vmlinux": Blob().bytes(),
    "proc/sys/vm/dirty_ratio": b"20\n",
    "proc/sys/vm/dirty_bytes": b"0\n",
    "proc/vmstat": b"nr_dirty 3\nnr_dirty_threshold 4096\n",
}
LOOKED_AT = {
    "proc/self/status": b"Name:\tx\nUid:\t0\t0\t0\t0\nCapEff:\t000001ffffffffff\nSeccomp:\t0\n",
    "proc/self/io": b"read_bytes: 0\n",
    "proc/filesystems": b"nodev\ttracefs\n",
    "proc/kallsyms": b"ffffffff81000000 T _text\n",
    "proc/meminfo": b"MemTotal: 1 kB\nMemAvailable:    4194304 kB\n",
    "proc/pressure/memory": PRESSURE.format(1, 2).encode(),
    "proc/sys/kernel/unprivileged_bpf_disabled": b"2\n",
    "proc/sys/kernel/perf_event_paranoid": b"2\n",
    "sys/kernel/security/lockdown": b"none [integrity] confidentiality\n",
    "sys/kernel/btf/vmlinux": b"x" * 4096,
}
INSTRUMENTS = {"reads": [Attachment("tracepoint", "syscalls:sys_enter_read", "enter_read"), LOOKUP]}


def sysfs_files(random: Random) -> None:
    """Devices, schemes and settings, into a capture that can be read again."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        _lay(random, root, SYSFS)
        folder = root / random.choice(("sys/block/dm-0/slaves/vda", "sys/block/loop0", DAMON, f"{DAMON}/contexts/0"))
        if folder.is_dir():
            folder.rename(folder.parent / odd_name(random, folder.name))
        capture = example_capture(windows=2, requested=2)
        found = {"devices": block_devices(root), "damon": damon_schemes(root)}
        about = capture.host.model_copy(update={"settings": host_settings(root)})
        whole = capture.model_copy(update={**found, "host": about})
        assert captures.parse(captures.to_bytes(whole), "capture.json.gz") == whole


def doctor_files(random: Random) -> None:
    """Everything that `diagnose doctor` reads."""
    with tempfile.TemporaryDirectory() as name:
        host = Host(Path(name), random.choice(("v1", "v2")))
        _lay(random, host.root, {**LOOKED_AT, "proc/self/mounts": (host.proc / "self/mounts").read_bytes()})
        errno = random.choice((None, 0, 1, 38, 999))
        looking = doctor.Host(host.root, lambda: Path("/bcc"), lambda: errno, lambda: errno, INSTRUMENTS)
        try:
            found = doctor.checks(looking)
            assert all(line.isprintable() for line in doctor.as_text(found).split("\n")), doctor.as_text(found)
            doctor.as_json(found)
        except DiagnoseError as error:
            in_lines(error)


def _lay(random: Random, root: Path, files: dict[str, bytes]) -> None:
    """Write the files, some of them spoilt, some not at all."""
    spoilt = random.sample(sorted(files), random.randint(1, 4))
    for path, content in files.items():
        kind = random.randrange(8) if path in spoilt else 7
        if kind > 0:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(content if kind == 7 else b"" if kind == 1 else spoilt_bytes(random, content))
