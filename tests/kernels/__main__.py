"""`make test-kernels`: the kernel matrix, printed and written to KERNELS.md; `python -m tests.kernels --help`.

Exit 1 if a verdict is not the right one, a probe did not attach, or a check does not hold.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

from tests.kernels import boot, guest, host, systemd_guest, table
from tests.kernels.result import Result

PAGE = guest.CHECKOUT / "KERNELS.md"


def kernel_images(folder: Path) -> list[Path]:
    """Return the kernels that were unpacked, the oldest first."""
    found = [image for image in folder.glob("*/boot/vmlinuz-*") if image.is_file()]
    return sorted(found, key=lambda image: [int(n) for n in table.short(image.name[len("vmlinuz-") :]).split(".")])


def in_guests(
    images: list[Path], root: Path, keep: Path, jobs: int, *more: str, version: Literal[1, 2] = 2
) -> list[Result]:
    """Boot each kernel, with a fresh disk, so many at a time."""

    def run(image: Path) -> Result:
        return guest.run(image, root, keep / image.name.removeprefix("vmlinuz-"), *more, version=version)

    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(run, images))


def end_guests_with_us() -> None:
    """Have SIGINT and SIGTERM end the guests too, so that their disks are removed and nothing goes on."""

    def end(number: int, _: object) -> None:
        for qemu in boot.running:
            qemu.terminate()
        sys.exit(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.kernels", description=__doc__)
    parser.add_argument("kernels", type=Path, metavar="DIR", help="kernels and a root file system (.ci/guest-packages)")
    parser.add_argument("--only", metavar="TEXT", help="only kernels with this in their name; prints, writes no page")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the guests' logs, captures and reports here")
    parser.add_argument(
        "--record",
        action="store_true",
        help="into --keep also what the detection asks the kernels (tests/measure/bpf/recorded)",
    )
    parser.add_argument(
        "--jobs",
        type=int,
        default=min(2, os.cpu_count() or 1),
        metavar="N",
        help="guests at a time, a CPU each (default: two, with one CPU one)",
    )
    parser.add_argument("--brief", action="store_true", help="the guests' verdicts alone; prints, writes no page")
    options = parser.parse_args()
    partly = options.only is not None or options.brief
    asked = [word for word in ("record", "brief") if getattr(options, word)]
    images = [i for i in kernel_images(options.kernels) if options.only is None or options.only in i.name]
    if not images:
        parser.error(f"no kernel in {options.kernels}")
    end_guests_with_us()
    root, names = options.kernels / guest.ROOT_IMAGE, None
    with tempfile.TemporaryDirectory(prefix="diagnose-test-", dir="/var/tmp") as folder:
        keep = (options.keep or Path(folder)).resolve()
        results = in_guests(images, root, keep, options.jobs, *asked)
        if not partly:
            names = systemd_guest.run(images[-1], root, keep / "systemd")
    if not partly and (own := host.run()) is not None:
        results.append(own)
    found = [*results, *([names] if names else [])]
    print(table.page(results, names))
    for one in found:
        print(f"{one.kernel}: {one.seconds}", file=sys.stderr)
    # The page is always one whole run: a kernel run anew, by itself, must not improve an older table.
    if not partly:
        PAGE.write_text(table.page(results, names))
    return 0 if all(one.right for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
