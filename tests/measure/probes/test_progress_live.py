"""What the screen is told while a capture goes on is what the capture says in the end."""

from __future__ import annotations

import pytest

from diagnose.cli.progress import Progress
from diagnose.report.measurements.build import measure
from tests.helpers.live import MIB, PAGE, bench

pytestmark = pytest.mark.kernel


def test_the_last_progress_agrees_with_the_capture() -> None:
    seen: list[Progress] = []
    with bench() as here:
        service = here.make("/svc", limit_bytes=16 * MIB)
        here.file("data", 64 * MIB // PAGE)
        code = """
fd = os.open(path("data"), os.O_RDONLY)
go()
while os.read(fd, 1 << 16):
    pass
done()
"""
        capture = here.measured(service, here.worker(service, code), on_window=seen.append)
    last, measured = seen[-1], measure(capture)
    reads, page_cache = measured.read_latency, measured.page_cache and measured.page_cache.service
    assert reads is not None
    assert page_cache is not None
    assert [p.window for p in seen] == sorted({p.window for p in seen})
    assert last.window == capture.windows
    assert sum(map(sum, last.octaves.values())) == reads.file_reads > 0
    assert sum(last.octaves["missed"]) == page_cache.missed_reads
    assert last.hit_ratio_so_far == pytest.approx(page_cache.hit_ratio, abs=1e-6)  # the report rounds
    assert last.evicted is not None
    assert last.evicted.most_by == service
    assert 0 < last.evicted.most_pages <= last.evicted.pages
    own = {c.id for c in capture.cgroups if c.path == service}
    rows = zip(capture.evictions.victim, capture.evictions.cause, capture.evictions.pages, strict=True)
    assert last.evicted.pages == sum(pages for victim, cause, pages in rows if victim in own and cause != "truncate")
