"""What runs in a guest: the story, look-ups by tracepoint and kprobe, and the live tests that are marked for guests.

`python -m tests.kernels.inside FOLDER [record] [brief | sizes]`: logs go to FOLDER, what the kernel says of itself to
FOLDER/recorded, the result, after every check, to the guest's third serial port. The steps go on after one that failed.
With `sizes` nothing but the recommended limits is tried, for ACCURACY.md.
"""

from __future__ import annotations

import faulthandler
import importlib
import os
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from diagnose.analysis.windows import Windows
from diagnose.capture import file as captures
from diagnose.capture.model import Capture
from diagnose.cgroups import Hierarchy
from diagnose.lab import running
from diagnose.measure import build
from diagnose.recommend.read_in_all import times_read
from tests.accuracy import sizing, sizing_table
from tests.accuracy.trial import Trial
from tests.helpers import live
from tests.kernels import commands, guest, scenario
from tests.kernels.lookups import compare
from tests.kernels.record import record
from tests.kernels.result import Check, Result
from tests.kernels.story import Story, say

TESTS = Path(__file__).parents[1]
LIVE = ("measure/probes/*_live.py", "cgroups/test_live_cgroups.py", "change/test_live_apply.py")
"""Where tests are marked `guest`; all of them, to be looked through, would take an emulated machine long."""
WINDOW_SECONDS = 2.0
"""Nothing is drained while a test's workers act, and the kernel keeps 16 windows: emulated, they have to be longer."""


class _Counted:
    """Counts the outcomes of a pytest run; every test begins with free memory, or kswapd would evict for it too."""

    def __init__(self) -> None:
        self.passed: list[str] = []
        self.others: list[str] = []

    def pytest_runtest_setup(self) -> None:
        Path("/proc/sys/vm/drop_caches").write_text("1")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed:
            self.passed.append(report.nodeid)
        elif not report.passed:
            self.others.append(f"{report.nodeid}: {report.outcome}")


def live_tests() -> list[Check]:
    """Run the tests marked `guest`."""
    os.environ["DIAGNOSE_REQUIRE_KERNEL"] = "1"
    os.chdir(TESTS.parent)
    live.WINDOW_SECONDS = WINDOW_SECONDS
    counted = _Counted()
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    files = sorted(str(file) for pattern in LIVE for file in TESTS.glob(pattern))
    pytest.main(["-v", "-m", "guest", "-p", "no:cacheprovider", "--durations=0", *files], plugins=[counted])
    found = "; ".join(counted.others) or f"{len(counted.passed)} passed"
    return [Check(what="live tests", right=bool(counted.passed) and not counted.others, found=found)]


def _step(result: Result, name: str, step: Callable[[], list[Check]]) -> None:
    begin = time.monotonic()
    try:
        result.checks += step()
    except (Exception, SystemExit) as error:
        traceback.print_exc()
        result.checks.append(Check(what=name, right=False, found=f"{type(error).__name__}: {error}"))
    result.seconds[name] = round(time.monotonic() - begin, 1)
    say(f"{name}: {result.seconds[name]} s")


def _briefly(step: Callable[[], list[Check]]) -> Callable[[], list[Check]]:
    """Do without the longest loops: an emulated machine verifies them for 20 s each time, and the story has them."""

    def brief() -> list[Check]:
        whole, build.FOLIO_PAGES = build.FOLIO_PAGES, build.FOLIO_PAGES[-1:]
        try:
            return step()
        finally:
            build.FOLIO_PAGES = whole

    return brief


def main() -> int:
    faulthandler.enable()
    folder = Path(sys.argv[1])
    asked = sys.argv[2:]
    if "record" in asked:
        record(folder / "recorded")
    for module in commands.PRELOADED:
        importlib.import_module(module)
    result = Result(kernel=os.uname().release, cgroup_version=Hierarchy.discover().version)

    def save() -> None:
        with Path(guest.RESULTS_TTY).open("w") as file:
            file.write(result.model_dump_json() + "\n")

    def told() -> list[Check]:
        # On the guest's own disk: what a network file system makes of locks and fsync is another story.
        with tempfile.TemporaryDirectory(prefix="diagnose-test-") as place:
            try:
                story = Story(result, Path(place), save)
                story.tell_briefly() if "brief" in asked else story.tell()
            finally:
                shutil.copytree(place, folder / "story", dirs_exist_ok=True)
        return []

    def keep(capture: Capture, what: str) -> None:
        windows = Windows(capture)
        missed, read = (int(windows.read_count(kinds).sum()) for kinds in (("missed",), ("hit", "missed")))
        say(f"{what}: {missed} of {read} reads missed; each page was read {times_read(windows) or 0:.1f} times")
        (folder / f"{what}.capture.json.gz").write_bytes(captures.to_bytes(capture))

    def sizes() -> list[Check]:
        seconds, settle_seconds = (
            by[result.cgroup_version] for by in (scenario.SIZING_SECONDS, scenario.SETTLE_SECONDS)
        )
        with running(scenario.to_size(result.cgroup_version), seconds, say) as lab:
            os.nice(-10)  # the one CPU is busy, and building the programs would take minutes
            result.sized = sizing.try_limits(Trial(lab, keep, seconds, settle_seconds, say), emulated=True)
        return [Check(what="limits", right=result.sized.holds, found=sizing_table.line(result.sized))]

    whole = (("look-ups", _briefly(compare)), ("story", told), ("live tests", _briefly(live_tests)))
    alone = {"brief": (("story", told),), "sizes": (("sizes", _briefly(sizes)),)}
    for name, step in next((steps for word, steps in alone.items() if word in asked), whole):
        _step(result, name, step)
        save()
    result.finished = True
    save()
    return 0 if result.right else 1


if __name__ == "__main__":
    sys.exit(main())
