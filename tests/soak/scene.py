"""Where a trouble takes place: a service at its limit, `diagnose` beside it, and what must not be left of either."""

from __future__ import annotations

import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.helpers.checks import Check
from tests.helpers.live import MIB, PAGE, Bench, Worker, bench
from tests.helpers.tool import Tool, latency
from tests.soak import counters, figures
from tests.soak.ending import Ending
from tests.soak.left import MARK, Before

LIMIT, DATA = 32 * MIB, 64 * MIB
"""The service's memory, and the file it reads: half of its reads miss, and as many pages are evicted."""
SETTLE_SECONDS = 0.4


class Scene:
    """One trouble's cgroups, folders and processes; what is wrong with a round is added to `faults`."""

    def __init__(self, here: Bench, folder: Path) -> None:
        self.here, self.folder = here, folder
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.service = here.make("/svc")
        self.limit(LIMIT)
        if here.hierarchy.version == 2:
            (here.directory(self.service) / "cgroup.subtree_control").write_text("+memory")
        self.main = here.make("/svc/main")
        self.before = Before(here.here)
        self.faults: list[str] = []
        self.checks: list[Check] = []
        self.ends: list[str] = []
        self._tools = 0

    def limit(self, limit_bytes: int) -> None:
        """Limit the service's memory."""
        file = "memory.max" if self.here.hierarchy.version == 2 else "memory.limit_in_bytes"
        (self.here.directory(self.service) / file).write_text(str(limit_bytes))

    def new_output(self) -> Path:
        """Return a folder that is not there yet."""
        self._tools += 1
        return self.folder / f"report-{self._tools}"

    def tool(self, output: Path, *more: str, before: tuple[str, ...] = (), temporary: Path | None = None) -> Tool:
        """Start a capture of the service that goes on until it is ended."""
        environment = {"TMPDIR": str(temporary or self.temporary), MARK: self.before.mark, "DIAGNOSE_DEBUG": "1"}
        arguments = latency(self.service, "--no-charts", "--progress", "none", "--output", str(output))
        if "--duration" not in more:
            arguments += ("--duration", "600")
        return Tool(self.folder, *arguments, *more, before=before, environment=environment)

    def end(self, tool: Tool, output: Path, how: signal.Signals | None = signal.SIGINT, judged: bool = True) -> Ending:
        """End a capture, and judge how it ended."""
        if how is not None:
            tool.process.send_signal(how)
        ending = Ending.of(tool, output)
        self.ends.append(ending.said)
        if judged:
            self.faults += ending.faults()
        return ending

    def measured(
        self,
        workers: Sequence[Worker],
        meanwhile: Callable[[Tool], None] = lambda tool: None,
        *more: str,
        window: float = 0.5,
    ) -> Ending:
        """Measure workers that all work at once, `meanwhile` something else happens; checks all figures there are."""
        output = self.new_output()
        with self.tool(output, "--window", str(window), *more) as tool:
            tool.begun()
            start = counters.read(self.here, workers)
            for worker in workers:
                worker.begin()
            meanwhile(tool)
            for worker in workers:
                worker.finish()
            end = counters.read(self.here, workers)
            time.sleep(2 * window + SETTLE_SECONDS)
            ending = self.end(tool, output)
        if ending.capture is not None:
            self.checks += figures.checks(ending.capture, self.here, workers, start, end)
        return ending

    def close(self) -> None:
        """Look for what is left of everything that was started."""
        for _ in range(3):  # where hundreds of cgroups are being freed, the last ones stay busy for a while
            self.here.end()
            if not self.here.directory(self.here.top).exists():
                break
        self.faults += self.before.left(self.temporary)


@contextmanager
def scene() -> Iterator[Scene]:
    """Yield a scene and leave nothing of it behind; what `diagnose` leaves behind is a fault of the scene."""
    folder = Path(tempfile.mkdtemp(prefix="diagnose-soak-"))
    try:
        with bench(2 * DATA) as here:
            here.file("data", DATA // PAGE)
            made = Scene(here, folder)
            yield made
            made.close()
    finally:
        shutil.rmtree(folder)


READING = """
import random
fd = opened("data")
pages = os.fstat(fd).st_size // PAGE
counts = [0] * {threads}
def work(mine):
    choose = random.Random(mine).randrange
    until = time.monotonic() + {seconds}
    while time.monotonic() < until:
        for _ in range({burst}):
            os.pread(fd, PAGE, choose(pages) * PAGE)
        counts[mine] += {burst}
        time.sleep({pause})
threading.stack_size(128 << 10)
threads = [threading.Thread(target=work, args=(n,)) for n in range({threads})]
go()
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
done({{"reads": sum(counts), "bytes": sum(counts) * PAGE}})
"""


def reader(scene: Scene, seconds: float, threads: int = 2, burst: int = 20, pause: float = 0.02) -> Worker:
    """Return a process of the service that reads pages at random, and counts them."""
    code = READING.format(seconds=seconds, threads=threads, burst=burst, pause=pause)
    return scene.here.worker(scene.main, code)
