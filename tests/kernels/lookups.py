"""Look-ups of pages as the tracepoint sees them, as the kprobe that stands in for it does, and as they really were."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from diagnose.capture.model import Capture
from diagnose.cgroups.service import Service
from diagnose.measure.battery import Battery
from diagnose.measure.bpf.btf import Btf
from diagnose.measure.bpf.compat import LOOKUP
from diagnose.measure.build import Building
from diagnose.measure.schedule import Plan
from tests.helpers.live import Bench, bench, cache_of
from tests.kernels.result import Check

TOLERANCE = 0.02
PAGES = 2048
LOOKED_UP = PAGES // 2 * 2 + PAGES * 2 + 150
"""What the workload below asks for: a half twice, all twice, a file of three pages fifty times."""
WORKLOAD = f"""
alone, whole, small = opened("alone"), os.open(path("whole"), os.O_RDONLY), os.open(path("small"), os.O_RDONLY)
go()
for again in (1, 2):
    for i in range(0, {PAGES}, 2):
        os.pread(alone, PAGE, i * PAGE)
while os.read(whole, 1 << 16):
    pass
os.lseek(whole, 0, 0)
while os.read(whole, 1 << 20):
    pass
for i in range(50):
    os.pread(small, 1 << 17, 0)
done()
"""


class WithoutTracepoint(Btf):
    """This kernel, as if it had no tracepoint for look-ups."""

    def tracepoint_arguments(self, tracepoint: str) -> list[str] | None:
        return None if tracepoint == LOOKUP.event else super().tracepoint_arguments(tracepoint)


def compare() -> list[Check]:
    """Measure one workload by both ways at once, where this kernel has both; the kprobe alone where not."""
    with bench() as here:
        for name, pages in (("alone", PAGES), ("whole", PAGES), ("small", 3)):
            here.file(name, pages)
        counts = {name: _counted(capture, here) for name, capture in _measured(here).items()}
    return _judged(counts)


def _measured(here: Bench) -> dict[str, Capture]:
    blob = Path("/sys/kernel/btf/vmlinux").read_bytes()
    ways: dict[str, Btf] = {"kprobe": WithoutTracepoint(blob)}
    if Btf(blob).tracepoint_arguments(LOOKUP.event) is not None:
        ways["tracepoint"] = Btf(blob)
    service = Service(here.top, here.top, here.id_of(here.top), ())
    plan = Plan(windows=600, window_seconds=1.0)
    built = {name: Building(service, here.hierarchy, plan, btf) for name, btf in ways.items()}
    batteries = {name: Battery(service, here.hierarchy, plan, building) for name, building in built.items()}
    captures: dict[str, Capture] = {}
    over = threading.Event()

    def run(name: str) -> None:
        captures[name] = batteries[name].run(over.wait, lambda _: None)

    threads = [threading.Thread(target=run, args=(name,)) for name in batteries]
    worker = here.worker(here.top, WORKLOAD)
    for thread in threads:
        thread.start()
    time.sleep(1.0)  # both have begun, and the workload's end comes well before that of the last whole window
    worker.act()
    time.sleep(2.2)
    over.set()
    for thread in threads:
        thread.join()
    for battery in batteries.values():
        battery.close()
    return captures


def _counted(capture: Capture, here: Bench) -> tuple[int, int]:
    own = here.id_of(here.top)
    return cache_of(capture, own, "looked_up"), cache_of(capture, own, "missed")


def _judged(counts: dict[str, tuple[int, int]]) -> list[Check]:
    checks = [
        Check(
            what=f"pages looked up, by {name}",
            right=abs(looked_up - LOOKED_UP) <= TOLERANCE * LOOKED_UP,
            found=f"{looked_up:,} of {LOOKED_UP:,} that the workload asked for; {missed:,} missed",
        )
        for name, (looked_up, missed) in counts.items()
    ]
    if len(counts) == 2:
        (up, missed), (up_too, missed_too) = counts["tracepoint"], counts["kprobe"]
        checks.append(
            Check(
                what="kprobe against tracepoint, where there are both",
                right=abs(up - up_too) <= TOLERANCE * up and abs(missed - missed_too) <= TOLERANCE * max(missed, 1),
                found=f"looked up {up_too - up:+,} pages ({up_too / max(up, 1) - 1:+.2%}), "
                f"missed {missed_too - missed:+,} ({missed_too / max(missed, 1) - 1:+.2%})",
            )
        )
    return checks
