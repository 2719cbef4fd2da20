"""Block requests: how many, how large, how long, by fio and by the kernel's own statistics of a device of our own."""

from __future__ import annotations

from diagnose.histogram import percentile
from tests.helpers.checks import Check
from tests.instruments.measuring import A_BIN, FIO, column, laid_out, latencies

SUBMIT_NS = 40_000
"""What a direct read spends outside its request: file system, submission, and the scheduler of a busy machine."""
END_NS = 20_000
"""The kernel's own clock stops once the end of the request has been told to whoever waits for it, ours before."""

_DISK = "go()\ndone(fio('--filename=data', '--direct=1', '--number_ios=3000'))\n"
_OWN_DEVICE = """
from pathlib import Path
from diagnose.lab.disks import mounted
with mounted(Path(here), "loop", 96 << 20) as disk:
    with open(disk.mount / "data", "wb") as file:
        file.write(os.urandom(64 << 20))
        os.fsync(file.fileno())
    name = os.path.basename(os.path.realpath("/sys/dev/block/" + disk.number))
    go()
    before = block_stat(disk.number)
    fio("--filename=" + str(disk.mount / "data"), "--direct=1", "--number_ios=1000")
    done([name, [now - then for now, then in zip(block_stat(disk.number), before)]])
"""


def disk() -> list[Check]:
    """Direct reads of the real disk, each of which is one request."""
    with laid_out() as here:
        worker = here.worker(here.top, FIO + _DISK)
        capture = here.measured(here.top, worker)
        own = here.id_of(here.top)
    b, theirs = capture.block_latency, worker.result
    rows = [
        (bin_, n)
        for op, stage, mine, bin_, n in zip(b.op, b.stage, b.own, b.bin, b.count, strict=True)
        if (op, stage, mine) == ("read", "service", 1)
    ]
    histogram = latencies([bin_ for bin_, _ in rows], [n for _, n in rows])
    # The p99 is not compared: where CPUs are busy, the slowest reads of fio are those whose thread waited for one after
    # its request was done.
    served = (percentile(histogram, 0.5) or 0.0) / 1e3
    requests = column(capture.block_requests, "requests", cgroup=own, op="read")
    return [
        # The file system's own blocks, and fio's files, are read as well.
        Check("block requests of the service", requests, theirs["reads"], "fio", 0.05),
        Check("block requests, served, p50, µs", served, theirs["p50"] / 1e3, "fio", A_BIN, SUBMIT_NS / 1e3),
    ]


def own_device() -> list[Check]:
    """A loop device that nobody else uses: the kernel's own statistics of it."""
    with laid_out() as here:
        worker = here.worker(here.top, FIO + _OWN_DEVICE)
        capture = here.measured(here.top, worker)
        worker.end()
    name, (requests, sizes, milliseconds) = worker.result
    table, wanted, measure = capture.block_requests, {"device": name, "op": "read"}, "/sys/block/loop*/stat"
    count = column(table, "requests", **wanted)
    whole_ns = column(table, "queue_ns", **wanted) + column(table, "service_ns", **wanted)
    mean, kernels = whole_ns / max(count, 1) / 1e3, milliseconds * 1e3 / max(requests, 1)
    return [
        Check("block requests", count, requests, measure),
        Check("block bytes", column(table, "bytes", **wanted), sizes, measure),
        Check("block requests, queued and served, mean, µs", mean, kernels, measure, slack=END_NS / 1e3),
    ]
