"""A guest: a disk image with this checkout and what it imports, and one boot of a kernel that runs it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tests.kernels.result import Result

CHECKOUT = Path(__file__).parents[2]
PARTS = ("bpf", "diagnose", "reports", "rules", "tests", "pyproject.toml", "README.md")
NOT_NEEDED = ("mypy*", "*mypyc*", "ruff*", "pip*", "setuptools*", "virtme*", "*.pth")
DISK_BYTES = 4 << 30
MEMORY_MIB = 1000
TIMEOUT_SECONDS = 1200
MOUNT = "/tmp/disk"
RUN = f"""
mkdir -p {MOUNT} && mount /dev/vda {MOUNT} && cd {MOUNT}/checkout || exit 99
export PYTHONPATH={MOUNT}/checkout:{MOUNT}/checkout/tests:{MOUNT}/site TMPDIR={MOUNT} PYTHONDONTWRITEBYTECODE=1
echo "booted in $(cut -d ' ' -f 1 /proc/uptime) s"
"$@"
"""


def disk_image(path: Path) -> None:
    """Make an ext4 image that holds the checkout and its Python packages, compiled; the rest of it is free."""
    with tempfile.TemporaryDirectory(prefix="diagnose-test-", dir=path.parent) as folder:
        stage = Path(folder)
        for part in PARTS:
            _copy(CHECKOUT / part, stage / "checkout" / part)
        _copy(Path(sysconfig.get_path("purelib")), stage / "site", NOT_NEEDED)
        subprocess.run([sys.executable, "-m", "compileall", "-q", str(stage)], check=False, stdout=subprocess.DEVNULL)
        with path.open("wb") as file:
            file.truncate(DISK_BYTES)
        make = shutil.which("mkfs.ext4", path=f"{os.environ['PATH']}:/usr/sbin:/sbin") or "mkfs.ext4"
        subprocess.run([make, "-q", "-F", "-d", str(stage), str(path)], check=True)


def _copy(source: Path, target: Path, but: Sequence[str] = ()) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns(*but))
    else:
        shutil.copy(source, target)


def run(kernel: Path, image: Path, folder: Path, *more: str) -> Result | None:
    """Boot a kernel image, run `inside.py` in it, with `more` arguments; its result, None if it did not get that far.

    Emulated (TCG) unless DIAGNOSE_GUEST_KVM=1: not every machine that has /dev/kvm can run these guests by it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "run.sh"
    script.write_text(RUN)
    inside = [
        "bash",
        str(script),
        str(Path(sys.executable).resolve()),
        "-m",
        "tests.kernels.inside",
        str(folder),
        *more,
    ]
    vng = Path(sysconfig.get_path("scripts")) / "vng"
    command = [
        *(str(vng), "-r", str(kernel), "--force-9p", f"--rwdir={folder}", "--memory", f"{MEMORY_MIB}M", "--cpus", "2"),
        *([] if os.environ.get("DIAGNOSE_GUEST_KVM") == "1" else ["--disable-kvm"]),
        *("--disk", str(image), "--", " ".join(inside)),
    ]
    environment = {**os.environ, "PATH": f"{vng.parent}:{os.environ['PATH']}:/usr/sbin:/sbin"}
    begin = time.monotonic()
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        errors="replace", env=environment, start_new_session=True,
    ) as guest, (folder / "guest.log").open("w") as log:  # fmt: skip
        assert guest.stdout is not None
        deadline = threading.Timer(TIMEOUT_SECONDS, os.killpg, (guest.pid, signal.SIGKILL))
        deadline.start()
        try:
            for line in guest.stdout:
                log.write(line)
                print(f"[{time.monotonic() - begin:4.0f} s] {line}", end="", flush=True)
        finally:
            deadline.cancel()
            with suppress(ProcessLookupError):  # gone, as it should be
                os.killpg(guest.pid, signal.SIGTERM)
    written = folder / "result.json"
    if not written.is_file():
        return None
    result = Result.model_validate_json(written.read_text())
    result.seconds["boot to end"] = round(time.monotonic() - begin, 1)
    return result
