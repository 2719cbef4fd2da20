"""What a guest boots from: a busybox and the modules of one kernel that its disks need, as a cpio archive."""

from __future__ import annotations

import gzip
import lzma
import shutil
import stat
import subprocess
from pathlib import Path

MODULES = ("virtio_pci", "virtio_blk", "ext4")
INIT = """#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev /root
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc && mount -t sysfs sysfs /sys && mount -t devtmpfs devtmpfs /dev
for module in /modules/*; do insmod "$module" || echo "not loaded: $module"; done
ifconfig lo up
mount -t ext4 /dev/vda /root && mount -t ext4 /dev/vdb /root/mnt && cp -a /root/mnt/over/. /root/
for place in proc sys dev; do mount --move "/$place" "/root/$place"; done
exec switch_root /root /mnt/start
"""


def archive(kernel: Path) -> bytes:
    """Return the initramfs for the kernel image DIR/boot/vmlinuz-RELEASE, with modules of DIR/lib/modules/RELEASE."""
    busybox = shutil.which("busybox")
    if busybox is None:
        raise FileNotFoundError("busybox (apt-get install busybox-static)")
    parts = [
        entry("bin", stat.S_IFDIR | 0o755, b""),
        entry("bin/busybox", stat.S_IFREG | 0o755, Path(busybox).read_bytes()),
        entry("init", stat.S_IFREG | 0o755, INIT.encode()),
        entry("modules", stat.S_IFDIR | 0o755, b""),
    ]
    for number, file in enumerate(modules(kernel)):
        name = f"modules/{number:02}-{file.name.partition('.')[0]}.ko"
        parts.append(entry(name, stat.S_IFREG | 0o644, _plain(file)))
    return gzip.compress(b"".join([*parts, entry("TRAILER!!!", 0, b"")]), compresslevel=1)


def modules(kernel: Path) -> list[Path]:
    """Return the files of the modules, and of what they need, in the order in which they load; built in: none."""
    release = kernel.name.removeprefix("vmlinuz-")
    found: dict[Path, None] = {}
    for name in MODULES:
        command = ["/sbin/modprobe", "-d", str(kernel.parents[1]), "-S", release, "--show-depends", name]
        for line in subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines():
            if line.startswith("insmod "):
                found[Path(line.split()[1])] = None
    return list(found)


def _plain(module: Path) -> bytes:
    return lzma.decompress(module.read_bytes()) if module.suffix == ".xz" else module.read_bytes()


def entry(name: str, mode: int, data: bytes) -> bytes:
    """Return one entry in format newc (Documentation/driver-api/early-userspace/buffer-format.rst)."""
    text = name.encode() + b"\0"
    fields = (0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(text), 0)
    header = b"070701" + b"".join(b"%08X" % field for field in fields) + text
    return b"".join(part + b"\0" * (-len(part) % 4) for part in (header, data))
