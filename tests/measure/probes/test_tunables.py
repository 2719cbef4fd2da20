"""Dirty limits and DAMON's schemes, as far as this kernel shows them."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnose.capture.surroundings import DamonScheme
from diagnose.measure.probes.tunables import damon_schemes, host_settings


def put(root: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def test_settings_that_can_be_read_and_no_others(tmp_path):
    put(tmp_path, {
        "proc/sys/vm/dirty_ratio": "20\n",
        "proc/vmstat": "nr_dirty 3\nnr_dirty_threshold 4096\n",
        "sys/module/damon_reclaim/parameters/enabled": "Y\n",
        "sys/module/damon_reclaim/parameters/min_age": "120000000\n",
    })  # fmt: skip
    assert host_settings(tmp_path) == {
        "vm.dirty_ratio": 20, "vmstat.nr_dirty_threshold": 4096, "damon_reclaim.min_age": 120_000_000,
    }  # fmt: skip
    (tmp_path / "sys/module/damon_reclaim/parameters/enabled").write_text("N\n")
    assert "damon_reclaim.min_age" not in host_settings(tmp_path)


def test_an_action_that_no_kernel_knows_is_no_scheme(tmp_path):
    at = "sys/kernel/mm/damon/admin/kdamonds/0/"
    put(tmp_path, {at + "state": "on\n", at + "contexts/0/schemes/0/action": "pageout" * 1000})
    assert damon_schemes(tmp_path) == []


@pytest.mark.parametrize(
    ("text", "found"), [("0x0007\n", 7), ("0x0000\n", 0), ("y\n", None), ("", None), ("0x\n", None)]
)
def test_generations_are_told_by_their_bits(tmp_path, text, found):
    put(tmp_path, {"sys/kernel/mm/lru_gen/enabled": text})
    assert host_settings(tmp_path).get("lru_gen.enabled") == found


def test_schemes_that_run_and_take_memory(tmp_path):
    at = "sys/kernel/mm/damon/admin/kdamonds/{}/"
    scheme = at + "contexts/0/schemes/{}/"
    put(tmp_path, {
        at.format(0) + "state": "on\n",
        at.format(0) + "contexts/0/monitoring_attrs/intervals/aggr_us": "5000000\n",
        scheme.format(0, 0) + "action": "pageout\n",
        scheme.format(0, 0) + "access_pattern/age/min": "6\n",
        scheme.format(0, 0) + "quotas/bytes": "2147483648\n",
        scheme.format(0, 1) + "action": "stat\n",
        at.format(1) + "state": "off\n",
        scheme.format(1, 0) + "action": "pageout\n",
    })  # fmt: skip
    assert damon_schemes(tmp_path) == [
        DamonScheme(
            kdamond=0, context=0, scheme=0, action="pageout", min_age=6, aggregation_us=5_000_000,
            quota_bytes=2_147_483_648,
        )
    ]  # fmt: skip
    assert damon_schemes(tmp_path / "nowhere") == []
