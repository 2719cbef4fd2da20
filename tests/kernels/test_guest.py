"""What is made of a guest's end: one that died must not pass for one that found nothing wrong."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
from pathlib import Path
from typing import Literal

import pytest

from tests.kernels import boot, guest, initramfs
from tests.kernels.boot import Ended
from tests.kernels.guest import told
from tests.kernels.result import Check, Found

WHOLE = Found(kernel="6.12.1", checks=[Check(what="rollback", right=True, found="exit 0")], finished=True)
HALF = WHOLE.model_copy(update={"finished": False})
PANIC = "[  71.2] Kernel panic - not syncing: Attempted to kill init!"


def ended(found: Found | None, trouble: str = "", console: tuple[str, ...] = ()) -> Ended:
    return Ended(found.model_dump_json() if found else "", trouble, 71.5, console)


def test_a_guest_that_got_to_its_end_is_what_it_says() -> None:
    found = told(Found(kernel="6.12.1"), ended(WHOLE))
    assert found.right
    assert found.checks == WHOLE.checks
    assert found.seconds == {"boot to end": 71.5}


def test_a_guest_that_died_half_way_is_wrong_with_the_last_words_of_its_kernel() -> None:
    found = told(Found(kernel="6.12.1"), ended(HALF, console=("[  70.0] oom_reaper: reaped", PANIC)))
    assert not found.right
    assert found.checks[0].right
    assert found.checks[-1].found == (
        f"it shut down before its last step; the last that its kernel said: [  70.0] oom_reaper: reaped / {PANIC}"
    )


def test_a_guest_that_said_nothing_at_all_is_wrong() -> None:
    found = told(Found(kernel="6.12.1"), ended(None, "stopped after 420 s"))
    assert not found.right
    assert [c.found for c in found.checks] == ["stopped after 420 s; the last that its kernel said: nothing"]


def test_the_end_of_qemu_is_told() -> None:
    assert boot.trouble(0) == ""
    assert boot.trouble(1) == "qemu ended with code 1"
    assert boot.trouble(-signal.SIGKILL) == "qemu was ended by SIGKILL"


def test_the_last_words_are_the_last_lines_that_are_not_empty(tmp_path: Path) -> None:
    console = tmp_path / "console.log"
    assert boot.last_lines(console) == ()
    console.write_bytes(b"one\r\n\r\ntwo \xff\r\nthree\r\n\r\n")
    assert boot.last_lines(console, 2) == ("two \ufffd", "three")


@pytest.mark.parametrize(("text", "result"), [("", ""), ("{1}\r\n{2}\r\n", "{2}"), ("{1}\r\n{2", "{1}")])
def test_a_result_that_was_being_written_is_none(tmp_path: Path, text: str, result: str) -> None:
    (tmp_path / boot.RESULTS).write_bytes(text.encode())
    assert boot.last_result(tmp_path) == result


def test_an_entry_of_the_initramfs_is_padded_to_words_and_says_its_sizes() -> None:
    entry = initramfs.entry("init", stat.S_IFREG | 0o755, b"#!/bin/sh")
    assert entry[:6] == b"070701"
    assert len(entry) % 4 == 0
    fields = [int(entry[6 + 8 * i : 14 + 8 * i], 16) for i in range(13)]
    assert (fields[1], fields[6], fields[11]) == (0o100755, len("#!/bin/sh"), len("init\0"))
    assert entry[110:115] == b"init\0"
    assert entry[116:125] == b"#!/bin/sh"


def test_modules_are_in_the_order_in_which_they_load() -> None:
    """Of the kernels that `make test-kernels` has unpacked."""
    found = sorted(Path(__file__).parents[2].glob(".guests/*/boot/vmlinuz-*"))
    if not found or not os.access("/sbin/modprobe", os.X_OK):
        pytest.skip("no kernels here: make test-kernels unpacks them")
    for kernel in found:
        names = [file.name.partition(".")[0] for file in initramfs.modules(kernel)]
        assert names.index("jbd2") < names.index("ext4")
        assert "virtio_blk" in names


@pytest.mark.parametrize(
    ("config", "v1", "v2"),
    [
        ("CONFIG_MEMCG=y\nCONFIG_MEMCG_KMEM=y\n", True, True),
        ("CONFIG_MEMCG=y\nCONFIG_MEMCG_V1=y\n", True, True),
        ("CONFIG_MEMCG=y\n# CONFIG_MEMCG_V1 is not set\n", False, True),
        ("# CONFIG_MEMCG is not set\n", False, False),
    ],
)
def test_a_kernel_says_itself_for_which_version_it_has_the_memory_controller(config: str, v1: bool, v2: bool) -> None:
    assert (guest.has_memory(config, 1), guest.has_memory(config, 2)) == (v1, v2)


@pytest.mark.parametrize(
    ("version", "mounted"), [(1, "mount -t cgroup -o $controller"), (2, "mount -t cgroup2 cgroup2 /sys/fs/cgroup\n")]
)
def test_the_first_program_of_a_guest_mounts_the_cgroups_asked_for(version: Literal[1, 2], mounted: str) -> None:
    text = guest.start_text(version, "sizes")
    assert mounted in text
    assert "tests.kernels.inside /mnt/kept sizes\n" in text
    assert subprocess.run(["bash", "-n"], input=text, text=True, check=False).returncode == 0
