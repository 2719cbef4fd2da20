"""Devices as sysfs shows them: numbers, what lies below, and nothing made up for what is missing."""

from __future__ import annotations

import os
from pathlib import Path

from diagnose.capture.surroundings import BlockDevice
from diagnose.measure.probes.devices import block_devices


def sysfs(root: Path, name: str, **files: str) -> Path:
    directory = root / "sys/block" / name
    for path, text in files.items():
        file = directory / path.replace("__", "/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return directory


def test_a_loop_device_lies_on_the_disk_that_holds_its_file(tmp_path):
    disk = sysfs(tmp_path, "vda", size="100\n", dev="254:0\n", queue__rotational="1\n")
    (tmp_path / "srv").mkdir()
    (tmp_path / "srv/image").write_text("")
    held = os.stat(tmp_path / "srv/image").st_dev  # noqa: PTH116
    numbers = tmp_path / "sys/dev/block"
    numbers.mkdir(parents=True)
    (numbers / f"{os.major(held)}:{os.minor(held)}").symlink_to(disk)
    sysfs(tmp_path, "loop0", size="8\n", dev="7:0\n", loop__backing_file="/srv/image\n")
    sysfs(tmp_path, "loop1", size="0\n", dev="7:1\n")
    limited = tmp_path / "sys/class/bdi/7:0"
    limited.mkdir(parents=True)
    (limited / "strict_limit").write_text("1\n")
    (limited / "max_bytes").write_text("8388608\n")
    assert block_devices(tmp_path) == [
        BlockDevice(name="loop0", number="7:0", backing_file="/srv/image", max_dirty_bytes=8388608, below=["vda"]),
        BlockDevice(name="vda", number="254:0", rotational=True),
    ]


def test_a_mapped_device_is_made_of_its_slaves_and_a_deleted_file_lies_nowhere(tmp_path):
    sysfs(tmp_path, "dm-0", size="8\n", dev="252:0\n", slaves__vdb="", slaves__vdc="")
    sysfs(tmp_path, "loop0", size="8\n", dev="7:0\n", loop__backing_file="/gone (deleted)\n")
    assert [device.below for device in block_devices(tmp_path)] == [["vdb", "vdc"], []]


def test_of_a_partition_it_is_the_whole_disk_that_lies_below(tmp_path):
    """Limits of cgroups and counts of requests are those of whole devices: "sda2" would be found nowhere."""
    disk = sysfs(tmp_path, "sda", size="100\n", dev="8:0\n", sda2__partition="2\n")
    mapped = sysfs(tmp_path, "dm-0", size="8\n", dev="252:0\n")
    (mapped / "slaves").mkdir()
    (mapped / "slaves/sda2").symlink_to(disk / "sda2")
    assert {device.name: device.below for device in block_devices(tmp_path)} == {"dm-0": ["sda"], "sda": []}


def test_without_sysfs_there_are_no_devices(tmp_path):
    assert block_devices(tmp_path) == []
