"""A host whose files in /proc and in its cgroups say something else than the kernel ever does."""

from __future__ import annotations

import tempfile
import time
from functools import cache
from pathlib import Path
from random import Random

from diagnose import pipeline
from diagnose.capture import file as captures
from diagnose.capture.model import CgroupRecord
from diagnose.cgroups import Hierarchy, read_memory, read_settings
from diagnose.cgroups.service import Service, resolve
from diagnose.errors import DiagnoseError
from diagnose.measure.probes.cgroups import CgroupsProbe
from diagnose.measure.probes.host import HostProbe
from diagnose.measure.probes.polled_cgroups import PolledCgroups
from diagnose.measure.probes.run import Run
from diagnose.measure.schedule import Plan
from diagnose.report.formats.markdown import render_markdown
from diagnose.rules import RuleSet, load_rules
from tests.fuzz.messages import in_lines
from tests.fuzz.mutations import spoilt_bytes
from tests.helpers.cgroup_trees import PRESSURE, V1_STAT, V2_STAT, Host

PROC = {
    "vmstat": "nr_dirty 475\npgpgin 551320789\npgsteal_file 117848464\nworkingset_refault_file 3\n",
    "meminfo": "MemTotal: 24 kB\nMemFree:  23302600 kB\nMemAvailable:  24052226 kB\nCached:  681532 kB\nSlab: 1 kB\n",
    "pressure/cpu": PRESSURE.format(417943033, 0),
    "pressure/io": PRESSURE.format(1, 2),
    "pressure/memory": PRESSURE.format(3, 4),
    "diskstats": " 254 0 vda 5 0 42 7 1 0 8 2 0 9 11 0 0 0 0 0 0\n 254 1 vda1 5 0 42 7 1 0 8 2 0 9 11 0 0 0 0 0 0\n",
    "uptime": "12345.67 54321.00\n",
    "sys/vm/dirty_ratio": "20\n",
    "7/io": "rchar: 1\nwchar: 2\nread_bytes: 4096\nwrite_bytes: 8192\ncancelled_write_bytes: 0\n",
    "7/stat": "7 (a (b) c) S 1 7 7 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 1 0 1234 1 1 18446744073709551615\n",
}
FILES = {
    "v2": {"memory.stat": V2_STAT, "memory.current": "335544320\n", "memory.high": "max\n", "memory.max": "max\n",
           "memory.min": "0\n", "memory.low": "0\n", "memory.events": "low 0\nhigh 0\nmax 3\noom 0\noom_kill 0\n",
           "memory.pressure": PRESSURE.format(1, 2), "cpu.stat": "usage_usec 5\nnr_periods 0\n"},
    "v1": {"memory.stat": V1_STAT, "memory.usage_in_bytes": "335544320\n", "memory.failcnt": "0\n",
           "memory.limit_in_bytes": "9223372036854771712\n", "memory.soft_limit_in_bytes": "9223372036854771712\n",
           "memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n"},
}  # fmt: skip
FILES["hybrid"] = FILES["v1"]


def host_files(random: Random) -> None:
    """Find a service on the host and read everything that is read without BPF, twice; at times measure it, too."""
    with tempfile.TemporaryDirectory() as name:
        kind = random.choice(sorted(FILES))
        host = Host(Path(name), kind)
        host.process(7, "svc", "/dg/svc")
        host.cgroup("/dg/batch")
        (host.root / "sys/block/vda").mkdir(parents=True)
        for file, text in PROC.items():
            host.write(f"proc/{file}", text)
        for cgroup in ("dg", "dg/svc", "dg/batch"):
            for file, text in FILES[kind].items():
                (host.memory / cgroup / file).write_text(text)
        _spoil(random, host)
        try:
            _read(random, host)
        except DiagnoseError as error:
            in_lines(error)


def _spoil(random: Random, host: Host) -> None:
    files = sorted(p for p in host.root.rglob("*") if p.is_file())
    for path in random.sample(files, random.randint(1, 4)):
        kind = random.randrange(8)
        if kind == 0:
            path.unlink()
        elif kind == 1:
            path.write_bytes(b"")
        else:
            path.write_bytes(spoilt_bytes(random, path.read_bytes()))


def _read(random: Random, host: Host) -> None:
    hierarchy = Hierarchy.discover(host.root)
    service = resolve(random.choice(("/dg/svc", "svc", "pid:7", "comm:svc", "dg")), hierarchy, lambda _: None)
    Run(service, hierarchy).pids_now()
    everywhere = HostProbe(host.proc, disks=True)
    everywhere.attach()
    polled = PolledCgroups(hierarchy, service.cgroup)
    for window in (-1, 0):
        everywhere.read(window)
        polled.poll(window)
    everywhere.samples(1)
    polled.samples(1)
    seldom = CgroupsProbe(hierarchy, service.cgroup)
    seldom.begin()
    seldom.read(0, {})
    seldom.end(0)
    seldom.samples(1)
    seldom.records(set())
    if random.randrange(20) == 7:  # it takes as long as ten others
        _measured(service, hierarchy)
    for _, cgroup in hierarchy.walk():
        read_memory(hierarchy, cgroup)
        CgroupRecord(id=1, path=cgroup, settings=read_settings(hierarchy, cgroup))


def _measured(service: Service, hierarchy: Hierarchy) -> None:
    """Measure one window: what comes of it is a capture, and a report."""
    capture = pipeline.record(service, hierarchy, Plan(1, 0.1), _sleep, lambda _: None, "unused")
    packed = captures.to_bytes(capture)
    render_markdown(pipeline.analyse(captures.parse(packed, "capture.json.gz"), _rules(), packed))


def _sleep(seconds: float) -> bool:
    time.sleep(seconds)
    return False


@cache
def _rules() -> RuleSet:
    return load_rules()
