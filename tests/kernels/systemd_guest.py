"""A guest with systemd as init: real units, a slice, a scope and a template instance, named by `systemd_inside.py`."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from tests.kernels.boot import boot
from tests.kernels.guest import ENVIRONMENT, RESULTS_TTY, disk_image, told
from tests.kernels.result import Found

TIMEOUT_SECONDS = 420
START = """#!/bin/sh
exec /lib/systemd/systemd
"""
SERVICE = f"""[Unit]
Description=Names of units
After=basic.target dbus.service
[Service]
Type=oneshot
Environment={ENVIRONMENT}
WorkingDirectory=/mnt/checkout
ExecStart=/usr/bin/python3 -m tests.kernels.systemd_inside
StandardOutput=file:{RESULTS_TTY}
StandardError=file:/dev/ttyS1
ExecStopPost=/usr/bin/systemctl poweroff --force
"""
TARGET = """[Unit]
AllowIsolate=yes
Requires=basic.target names.service
"""
UNITS = {"etc/systemd/system/names.service": SERVICE, "etc/systemd/system/default.target": TARGET}


def run(kernel: Path, root: Path, keep: Path) -> Found:
    """Boot a kernel image with systemd as init and return what was found; its logs go to `keep`."""
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="diagnose-test-", dir="/var/tmp") as folder:
        disk = Path(folder) / "disk.img"
        disk_image(disk, START, UNITS)
        ended = boot(
            kernel, root, disk, keep, TIMEOUT_SECONDS,
            lambda line: print(f"[systemd {time.monotonic() - begin:4.0f} s] {line}", flush=True),
        )  # fmt: skip
    return told(Found(kernel=kernel.name.removeprefix("vmlinuz-")), ended)
