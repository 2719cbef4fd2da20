"""The sample of the different pages that a service reads, on the running kernel: every page of a read, and no more."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.helpers.live import Bench, bench

pytestmark = pytest.mark.kernel


@pytest.fixture
def here() -> Iterator[Bench]:
    with bench() as made:
        yield made


def test_reads_of_a_few_pages_are_sampled_in_full(here: Bench) -> None:
    """7 pages are not four quarters of one page each. A sample: 250 of 16,000 quarters, 6 % of standard error."""
    pages = 28_000
    here.file("wide", pages)
    code = f"""
import random
fd, blocks = opened("wide"), list(range({pages // 7}))
random.Random(1).shuffle(blocks)
go()
for block in blocks:
    os.pread(fd, 7 * PAGE, block * 7 * PAGE)
done()
"""
    blame = here.measured(here.top, here.worker(here.top, code)).blame
    assert blame is not None
    assert blame.touched_pages == pytest.approx(pages, rel=0.3)


def test_what_is_asked_for_beyond_the_end_of_a_file_is_not_read(here: Bench) -> None:
    code = """
for i in range(600):
    with open(path(f"small-{i}"), "wb") as file:
        file.write(b"x")
go()
for i in range(600):
    with open(path(f"small-{i}"), "rb", buffering=0) as file:
        file.read(32 * PAGE)
done()
"""
    blame = here.measured(here.top, here.worker(here.top, code)).blame
    assert blame is not None
    assert blame.touched_pages is not None
    assert blame.touched_pages <= 4 * 600, "one page each, by a sample of one in 64; asked for were 32"
