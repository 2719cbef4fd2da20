"""A guest with systemd as init: real units, a slice, a scope and a template instance, named by `systemd_inside.py`.

`python -m tests.kernels.systemd_guest KERNEL`: prints what was found; exit 1 if a name was not told rightly. Debian
with systemd and python3 is put together by mmdebstrap (`apt-get install mmdebstrap qemu-system-x86`, a network), and is
the guest's initramfs: no disk, no modules, nothing of this machine but its package sources.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import stat
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

CHECKOUT = Path(__file__).parents[2]
PACKAGES = ("systemd", "systemd-sysv", "dbus", "python3")
NEEDED = (
    *(
        "annotated_types",
        "cgroupspy",
        "click",
        "jinja2",
        "markupsafe",
        "numpy",
        "numpy.libs",
        "pydantic",
        "pydantic_core",
    ),
    *("typing_extensions.py", "typing_inspection", "yaml"),
)
"""Of the Python packages, what naming imports."""
NOT_NEEDED = ("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/zoneinfo", "var/cache", "var/lib/apt")
MEMORY_MIB = 1500
TIMEOUT_SECONDS = 420
UNIT = """[Unit]
Description=Names of units
After=basic.target dbus.service
[Service]
Type=oneshot
Environment=PYTHONPATH=/checkout:/site PYTHONDONTWRITEBYTECODE=1
ExecStart=/usr/bin/python3 -m tests.kernels.systemd_inside
StandardOutput=file:/dev/ttyS1
StandardError=journal+console
ExecStopPost=/usr/bin/systemctl poweroff --force
[Install]
WantedBy=multi-user.target
"""


def tree(folder: Path) -> None:
    """Put a root file system together in `folder`, which must not exist."""
    command = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(PACKAGES)}", "bookworm", str(folder)]
    sources = Path("/etc/apt/sources.list.d/debian.sources")
    subprocess.run([*command, *([str(sources)] if sources.exists() else [])], check=True)
    for name in NOT_NEEDED:
        shutil.rmtree(folder / name, ignore_errors=True)
    for part in ("diagnose", "tests/kernels/systemd_inside.py"):
        _copy(CHECKOUT / part, folder / "checkout" / part)
    for name in NEEDED:
        _copy(Path(sysconfig.get_path("purelib")) / name, folder / "site" / name)
    (folder / "etc/machine-id").write_text("0123456789abcdef" * 2 + "\n")  # else it is a first boot, which may ask
    unit = folder / "etc/systemd/system/names.service"
    unit.write_text(UNIT)
    wants = folder / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir(parents=True, exist_ok=True)
    (wants / unit.name).symlink_to(f"../{unit.name}")
    for getty in ("getty@tty1.service", "serial-getty@ttyS0.service"):
        (unit.parent / getty).symlink_to("/dev/null")
    (folder / "init").symlink_to("lib/systemd/systemd")
    packages = [str(folder / part) for part in ("checkout", "site")]
    subprocess.run([sys.executable, "-m", "compileall", "-q", *packages], check=False, stdout=subprocess.DEVNULL)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)


def initramfs(root: Path, file: BinaryIO) -> None:
    """Write `root` as a cpio archive, format newc (Documentation/driver-api/early-userspace/buffer-format.rst)."""
    for number, path in enumerate(_below(root), 1):
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            data = os.fsencode(path.readlink())
        else:
            data = path.read_bytes() if stat.S_ISREG(status.st_mode) else b""
        _entry(file, number, path.relative_to(root).as_posix(), status, data)
    _entry(file, 0, "TRAILER!!!", None, b"")


def _below(root: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(root):
        for name in sorted((*folders, *files)):
            yield Path(folder) / name


def _entry(file: BinaryIO, inode: int, name: str, status: os.stat_result | None, data: bytes) -> None:
    mode, uid, gid = (status.st_mode, status.st_uid, status.st_gid) if status else (0, 0, 0)
    device = (os.major(status.st_rdev), os.minor(status.st_rdev)) if status else (0, 0)
    text = name.encode(errors="surrogateescape") + b"\0"
    fields = (inode, mode, uid, gid, 1, 0, len(data), 0, 0, *device, len(text), 0)
    header = b"070701" + b"".join(b"%08X" % field for field in fields) + text
    for part in (header, data):
        file.write(part + b"\0" * (-len(part) % 4))


def boot(kernel: Path, archive: Path, folder: Path) -> list[dict[str, object]]:
    """Boot the guest (emulated) and return what it found; raises RuntimeError, with its last words, if it did not."""
    console, result = folder / "console.log", folder / "result.json"
    command = [
        "qemu-system-x86_64",
        "-accel",
        "tcg,thread=multi",
        "-smp",
        "2",
        "-m",
        str(MEMORY_MIB),
        "-display",
        "none",
    ]
    command += ["-no-reboot", "-nodefaults", "-cpu", "max", "-kernel", str(kernel), "-initrd", str(archive)]
    command += ["-serial", f"file:{console}", "-serial", f"file:{result}", "-append"]
    words = "console=ttyS0 rdinit=/init systemd.unified_cgroup_hierarchy=1 quiet systemd.show_status=1 panic=-1"
    try:
        subprocess.run([*command, words], check=True, timeout=TIMEOUT_SECONDS)
        found: list[dict[str, object]] = json.loads(result.read_text())
    except (subprocess.SubprocessError, ValueError, OSError) as error:
        last = console.read_text(errors="replace")[-3000:] if console.exists() else "nothing"
        raise RuntimeError(f"the guest left no result ({error}); its console: {last}") from error
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.kernels.systemd_guest", description=__doc__)
    parser.add_argument("kernel", type=Path, metavar="KERNEL", help="a kernel image, vmlinuz-…")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="diagnose-test-", dir="/var/tmp") as name:
        folder = Path(name)
        tree(folder / "tree")
        with (folder / "archive").open("wb") as file:
            initramfs(folder / "tree", file)
        found = boot(options.kernel, folder / "archive", folder)
    for check in found:
        print("right" if check["right"] else "WRONG", f"{check['what']}: {check['found']}")
    return 0 if found and all(check["right"] for check in found) else 1


if __name__ == "__main__":
    sys.exit(main())
