"""Reads through io_uring, on the running kernel: counted once each, as what they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.live import bench, reads_by_kind

pytestmark = [pytest.mark.kernel, pytest.mark.guest]

READS = 40
DISABLED = Path("/proc/sys/kernel/io_uring_disabled")
CODE = f"""
import struct
SETUP, ENTER, GETEVENTS, OP_READ, SQES = 425, 426, 1, 22, 0x10000000  # linux/io_uring.h
params = bytearray(120)
ring = libc.syscall(SETUP, 64, (ctypes.c_char * 120).from_buffer(params))
assert ring >= 0, os.strerror(ctypes.get_errno())
entries, *_ = struct.unpack_from("<10I", params)
_, tail_at, mask_at, _, _, _, array_at, _ = struct.unpack_from("<8I", params, 40)
queue = mmap.mmap(ring, array_at + 4 * entries, flags=mmap.MAP_SHARED | mmap.MAP_POPULATE)
requests = mmap.mmap(ring, 64 * entries, flags=mmap.MAP_SHARED | mmap.MAP_POPULATE, offset=SQES)
mask, = struct.unpack_from("<I", queue, mask_at)
fd = opened("data")
page = mmap.mmap(-1, PAGE)
address = ctypes.addressof(ctypes.c_char.from_buffer(page))
go()
for i in range({READS}):
    tail, = struct.unpack_from("<I", queue, tail_at)
    request = struct.pack("<BBHiQQIIQ24x", OP_READ, 0, 0, fd, i * PAGE, address, PAGE, 0, i)
    requests[64 * (tail & mask) : 64 * (tail & mask) + 64] = request
    struct.pack_into("<I", queue, array_at + 4 * (tail & mask), tail & mask)
    struct.pack_into("<I", queue, tail_at, tail + 1)
    assert libc.syscall(ENTER, ring, 1, 1, GETEVENTS, None, 0) == 1, os.strerror(ctypes.get_errno())
done(len(page[:].strip(b"\\0")) > 0)
"""


@pytest.mark.skipif(DISABLED.exists() and DISABLED.read_text().strip() == "2", reason="kernel.io_uring_disabled = 2")
def test_reads_through_a_ring_are_counted_once() -> None:
    with bench() as here:
        here.file("data", READS)
        worker = here.worker(here.top, CODE)
        capture = here.measured(here.top, worker)
        assert worker.result == 1, "the ring read nothing"
        assert reads_by_kind(capture) == {"io_uring": READS}
