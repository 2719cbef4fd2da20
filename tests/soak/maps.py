"""The maps in the kernel are bounded: what they cannot hold is counted, and the report says so."""

from __future__ import annotations

import signal
import time

from diagnose.cgroups import is_within
from tests.helpers.checks import Check
from tests.helpers.live import MIB, reads_by_kind
from tests.helpers.tool import Tool
from tests.soak.ending import Ending
from tests.soak.figures import begun
from tests.soak.scene import Scene

FILES, FILES_IN_MAP = 4000, 2048
THREADS, PROCESSES = 2750, 8
STACKS = 2048 * MIB
"""What the service may have for that many threads, or processes."""
CGROUPS, WINDOW_SECONDS, PAUSE_SECONDS = 250, 0.1, 10.0

_MANY_FILES = """
for n in range({files}):
    fd = os.open(path("many-%d" % n), os.O_CREAT | os.O_RDWR, 0o600)
    os.pwrite(fd, bytes(PAGE), 0)
    os.close(fd)
os.sync()
go()
for n in range({files}):
    fd = os.open(path("many-%d" % n), os.O_RDONLY)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    os.pread(fd, PAGE, 0)
    os.close(fd)
done({{"reads": {files}, "bytes": {files} * PAGE}})
"""
_WAITING = """
threading.stack_size(64 << 10)
end, start = os.pipe()
def wait():
    os.read(end, 1)
threads = [threading.Thread(target=wait) for _ in range({threads})]
go()
for thread in threads:
    thread.start()
time.sleep(4)
os.write(start, bytes({threads}))
for thread in threads:
    thread.join()
done({{"waits": {threads}}})
"""
_EVERYWHERE = """
fd = opened("data")
go()
pids, count = [], 0
for n in range({cgroups}):
    made = os.path.dirname(directory) + "/n-%d" % n
    os.mkdir(made)
    out, into = os.pipe()
    pid = os.fork()
    if not pid:
        os.write(os.open(made + "/cgroup.procs", os.O_WRONLY), b"0")
        until, mine = time.monotonic() + {seconds}, 0
        while time.monotonic() < until:
            os.pread(fd, PAGE, n * PAGE)
            os.posix_fadvise(fd, n * PAGE, PAGE, os.POSIX_FADV_DONTNEED)
            mine += 1
            time.sleep({pause})
        os.write(into, b"%d" % mine)
        os._exit(0)
    pids.append((pid, out, made))
    os.close(into)
for pid, out, made in pids:
    os.waitpid(pid, 0)
    count += int(os.read(out, 20))
    os.rmdir(made)
done({{"reads": count, "bytes": count * PAGE}})
"""


def files(scene: Scene, seconds: float) -> str:
    """More files waited for than their map holds (2,048)."""
    ending = scene.measured([scene.here.worker(scene.main, _MANY_FILES.format(files=FILES))])
    lost_of(scene, ending, "files_map_full", at_least=FILES - FILES_IN_MAP - 64)
    return f"{FILES:,} files"


def waiting(scene: Scene, seconds: float) -> str:
    """More reads under way at once than their maps hold (16,384 and 4,096)."""
    scene.limit(STACKS)
    code = _WAITING.format(threads=THREADS)
    workers = [scene.here.worker(scene.main, code) for _ in range(PROCESSES)]
    ending = scene.measured(workers)
    lost = lost_of(scene, ending, "inflight_map_full", at_least=1)
    if ending.capture is not None:
        pipes = reads_by_kind(ending.capture).get("pipe", 0)
        slack, all_of_them = begun(workers, lost), THREADS * PROCESSES
        scene.checks.append(Check("reads of pipes", pipes, all_of_them, "the workload", slack=slack, lost=lost))
    return f"{THREADS * PROCESSES:,} reads at once"


def cgroups(scene: Scene, seconds: float) -> str:
    """More cgroups times windows than their map holds (16,384), while the tool is stopped and drains nothing."""

    def stopped(tool: Tool) -> None:
        time.sleep(3)
        tool.process.send_signal(signal.SIGSTOP)
        time.sleep(PAUSE_SECONDS)
        tool.process.send_signal(signal.SIGCONT)

    scene.limit(STACKS)
    seconds = PAUSE_SECONDS + 6
    code = _EVERYWHERE.format(cgroups=CGROUPS, seconds=seconds, pause=WINDOW_SECONDS)
    worker = scene.here.worker(scene.main, code)
    ending = scene.measured([worker], stopped, window=WINDOW_SECONDS)
    lost = lost_of(scene, ending, "cache_map_full", at_least=1)
    if ending.capture is not None and ending.capture.cache.looked_up is not None:
        table = ending.capture.cache
        ours = {c.id for c in ending.capture.cgroups if is_within(c.path, scene.here.top)}
        rows = zip(table.cgroup, table.inserted, table.looked_up or [], strict=True)
        seen = sum(inserted + looked_up for cgroup, inserted, looked_up in rows if cgroup in ours)
        # Each read looks one page up, and inserts it.
        count, what = 2 * worker.result["reads"], "pages looked up and inserted"
        scene.checks.append(Check(what, seen, count, "the workload", 0.001, 64, lost, also_of_others=True))
    return f"{CGROUPS} cgroups in windows of {WINDOW_SECONDS} s, none drained for {PAUSE_SECONDS:.0f} s"


def lost_of(scene: Scene, ending: Ending, reason: str, at_least: int) -> int:
    """Return how much was lost for a reason; less than had to be is a fault, and so is a report that is silent."""
    if ending.capture is None:
        return 0
    lost = ending.capture.lost.get(reason, 0)
    if lost < at_least:
        scene.faults.append(f"{reason}: {lost} lost, where {at_least} had to be")
    if f"{lost:,}" not in (ending.folder / "report.md").read_text():
        scene.faults.append(f"{reason}: the report does not say that {lost:,} were lost")
    return lost
