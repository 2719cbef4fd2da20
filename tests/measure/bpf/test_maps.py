"""What of the maps needs no kernel: sizes that match the C, counting CPUs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from diagnose.measure.bpf import maps


def test_sizes_that_do_not_match_the_c_are_caught_before_anything_is_read() -> None:
    table = maps.Table(lib=None, name="evictions", fd=-1, key_bytes=24, leaf_bytes=8, max_entries=1)
    with pytest.raises(AssertionError, match=r"map evictions: C has 24\+8 bytes, Python 8\+8"):
        table.read(np.dtype([("id", "u8")]), np.dtype([("pages", "u8")]))


@pytest.mark.parametrize(("text", "count"), [("0", 1), ("0-1\n", 2), ("0-3,8", 5), ("0-3,8-11\n", 8), ("5", 1)])
def test_possible_cpus_are_counted(text: str, count: int, tmp_path: Path) -> None:
    file = tmp_path / "possible"
    file.write_text(text)
    assert maps._possible_cpus(file) == count
