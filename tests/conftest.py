"""Kernel-marked tests run where they can, say why where they cannot, and may not skip where they must.

DIAGNOSE_REQUIRE_KERNEL=1 turns a skipped kernel test into a failure: CI sets it where the host grants BPF programs.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Generator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from tests.helpers.change_box import Box

# A runner may have been started in the background or by nohup: what is ignored there is inherited here, and these
# tests are about what the signals of a terminal do.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGTERM, signal.SIG_DFL)
signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGHUP, signal.SIGTERM})

# How long an example takes says how busy the machine is.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")

REQUIRED = os.environ.get("DIAGNOSE_REQUIRE_KERNEL", "0") == "1"


@pytest.fixture(autouse=True)
def _signals_as_before() -> Generator[None]:
    """Undo what a command does that is run in this process: as it ends it lets Ctrl-C kill it."""
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


KEPT = Path("/var/lib/diagnose")
"""Where the digests of reports and records are kept, also where a test measures or applies for real."""


@pytest.fixture(scope="session", autouse=True)
def _nothing_kept_as_before() -> Generator[None]:
    """Remove what live tests had kept there; what was there before stays."""
    before = set(KEPT.rglob("*"))
    yield
    for made in sorted(set(KEPT.rglob("*")) - before, reverse=True):
        with suppress(OSError):  # another worker's tests may be at it as well
            made.rmdir() if made.is_dir() else made.unlink()
    if not before:
        with suppress(OSError):
            KEPT.rmdir()


@pytest.fixture(autouse=True)
def _environment_as_before() -> Generator[None]:
    """Give every test the environment back: a command that runs in this process keeps of root's what it heeds."""
    before = dict(os.environ)
    yield
    for name in set(os.environ) - set(before):
        del os.environ[name]
    os.environ.update(before)


@pytest.fixture
def box(tmp_path: Path) -> Generator[Box]:
    """Yield cgroups of our own whose limits are changed, for tests against the running kernel."""
    from tests.helpers.change_box import Box

    made = Box(tmp_path)
    try:
        yield made
    finally:
        made.remove()


@cache
def why_not() -> str | None:
    """Return why kernel tests cannot run on this host, None if they can."""
    if os.geteuid() != 0:
        return "needs root"
    from diagnose import doctor

    stopping = doctor.blocking(doctor.checks())
    if stopping:
        return "; ".join(f"{check.name}: {check.detail}" for check in stopping)
    from diagnose.cgroups import Hierarchy

    mount = Hierarchy.discover().mount
    return None if os.access(mount, os.W_OK) else f"{mount} is read-only"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip kernel tests, with the reason, where they cannot run."""
    marked = [item for item in items if item.get_closest_marker("kernel")]
    reason = why_not() if marked else None
    for item in marked if reason else []:
        item.add_marker(pytest.mark.skip(reason=f"kernel: {reason}"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Make a skipped kernel test a failed one where kernel tests are required."""
    report = yield
    if REQUIRED and report.skipped and not hasattr(report, "wasxfail") and item.get_closest_marker("kernel"):
        report.outcome = "failed"
        report.longrepr = f"skipped although DIAGNOSE_REQUIRE_KERNEL=1: {report.longrepr}"
    return report
