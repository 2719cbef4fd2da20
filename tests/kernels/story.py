"""In a guest: diagnose, apply, verify, roll back, and SIGKILL at ten random moments, each judged against the truth."""

from __future__ import annotations

import json
import random
import re
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from diagnose.capture.file import load
from diagnose.cgroups import Hierarchy, read_memory
from diagnose.change.record import load_record
from diagnose.lab import Lab, pace, running
from diagnose.report.model import Report
from tests.accuracy import without_bpf
from tests.accuracy.live import outcome
from tests.kernels import commands, scenario
from tests.kernels.judge import in_words, judged, verified
from tests.kernels.result import Check, Result

DURATION_SECONDS, LONGEST_SECONDS = 60, 120
"""Three rounds of the service through its file and more, so that a machine half as fast as usual sees two: of what was
read less than twice, what it needs is known too roughly for a limit that is near to what there is."""
USUAL_PACE = 1.0
"""Of full speed, that of an emulated guest with a CPU to itself: a slower one measures longer, for as many reads."""
SETTLE_SECONDS, GROWTH, LONGEST_SETTLE_SECONDS = 6.0, 1.02, 150.0
"""After a change the service reads back, once, what it had lost: until its cache grows by less than this meanwhile."""
KILLS = 10
LONGEST_APPLY = 5.0
"""Seconds into an apply until which it is killed: by then it has come half-way down."""


class Story:
    """One run on one kernel; what it finds goes into `result`, files into `folder`."""

    def __init__(self, result: Result, folder: Path, save: Callable[[], object]) -> None:
        """`save`: called after every check, so that a guest that is stopped has said what it found."""
        self.result, self.folder, self.save = result, folder, save
        self.hierarchy = Hierarchy.discover()
        self.report_file = folder / "before" / "report.json"
        self.duration = duration(pace.share_of_full_speed(pace.reads_per_second()))

    def tell(self) -> None:
        """Run all of it in one scenario."""
        begin = time.monotonic()
        with running(scenario.of_this_host(), self.duration, say) as lab:
            self.result.seconds["set-up"] = round(time.monotonic() - begin, 1)
            before = self._settings(lab)
            self._step("diagnose", lambda: self._diagnose(lab))
            self._step("without BPF", lambda: self._without_bpf(lab))
            self._step("apply", self._apply)
            self._step("settle", lambda: self._settle(lab))
            self._step("verify", self._verify)
            self._step("rollback", self._roll_back)
            same = self._settings(lab) == before
            self._check("every memory setting is what it was, to the byte", same, f"{len(before)} files")
            self._step("SIGKILL", lambda: self._kill(lab, before))

    def tell_briefly(self) -> None:
        """Measure and judge, with BPF and without; nothing is changed."""
        with running(scenario.of_this_host(), self.duration, say) as lab:
            self._step("diagnose", lambda: self._diagnose(lab))
            self._step("without BPF", lambda: self._without_bpf(lab))

    def _diagnose(self, lab: Lab) -> None:
        self._run("latency", "--service", lab.service, "--duration", self.duration, "--output", self.report_file.parent)
        say(f"the workloads: {lab.truth()}")
        report = Report.model_validate_json(self.report_file.read_text())
        capture, _ = load(self.report_file.with_name("capture.json.gz"))
        found = outcome(lab.scenario, report)
        self.result.probes = list(capture.probes)
        self.result.verdict = in_words(found)
        self.result.verdict_right = found.right
        for check in judged(report, self.report_file.with_name("report.md").read_text()):
            self._note(check)

    def _without_bpf(self, lab: Lab) -> None:
        place = self.folder / "without-bpf"
        self._run("latency", "--no-bpf", "--service", lab.service, "--duration", self.duration, "--output", place)
        found = outcome(lab.scenario, Report.model_validate_json((place / "report.json").read_text()))
        self.result.without_bpf = in_words(found)
        self.result.without_bpf_right = without_bpf.kind(found) in ("right", "inconclusive")
        self.save()

    # ---------------------------------------------------------------- apply, verify, roll back

    def _apply(self) -> None:
        done = self._run("apply", self.report_file, "--yes", "--pause", "0.3")
        steps = len(re.findall(r"step \d+ of", done.said))
        self._check("apply", done.code == 0, f"exit {done.code}, {steps} steps")

    def _settle(self, lab: Lab) -> None:
        cached, until = 0, time.monotonic() + LONGEST_SETTLE_SECONDS
        while time.monotonic() < until:
            time.sleep(SETTLE_SECONDS)
            before, cached = cached, read_memory(self.hierarchy, lab.service)["file_bytes"] or 0
            if cached < before * GROWTH:
                break
        say(f"the service has {cached >> 20} MiB of cache")

    def _verify(self) -> None:
        (record,) = self.report_file.parent.glob("change-*.json")
        done = self._run("verify", record)
        verdict = re.search(r"verdict: (.*)", done.said)
        said = verdict[1] if verdict else (done.said.strip().splitlines() or ["nothing"])[-1]
        self._note(verified(json.loads((record.parent / "verify.json").read_text()), said))

    def _roll_back(self) -> None:
        (record,) = self.report_file.parent.glob("change-*.json")
        done = self._run("rollback", record, "--yes")
        self._check("rollback", done.code == 0 and "as it was before" in done.said, f"exit {done.code}")
        record.unlink()

    # ---------------------------------------------------------------- SIGKILL

    def _kill(self, lab: Lab, before: dict[str, bytes]) -> None:
        whole = self._run("apply", self.report_file, "--yes", "--pause", "0.1")
        self._undone(lab, before)
        seed = random.randrange(2**32)
        moments, states = random.Random(seed), []
        say(f"a whole apply takes {whole.seconds:.1f} s; seed {seed}")
        for _ in range(KILLS):
            moment = moments.uniform(0.0, min(whole.seconds, LONGEST_APPLY))
            commands.run(
                "apply", self.report_file, "--yes", "--pause", "0.1", kill_after=moment, log=self.folder / "killed.log"
            )
            states.append(self._undone(lab, before))
        found = ", ".join(f"{states.count(s)} × {s}" for s in dict.fromkeys(states))
        self._check(
            f"SIGKILL at {KILLS} random moments of apply: rolled back to the byte",
            all("not restored" not in s for s in states) and any("changed" in s for s in states),
            found,
        )

    def _undone(self, lab: Lab, before: dict[str, bytes]) -> str:
        """Roll back by the record, if there is one; returns how things stood after the kill, and if they do after."""
        changed = "" if self._settings(lab) == before else ", changed"
        records = sorted(self.report_file.parent.glob("change-*.json"))
        state = load_record(records[0]).state + changed if records else f"no record{changed}"
        for record in records:
            done = self._run("rollback", record, "--yes")
            state += "" if done.code == 0 else f", rollback exit {done.code}"
            record.unlink()
        return state if self._settings(lab) == before else f"{state}, not restored"

    # ---------------------------------------------------------------- little helpers

    def _settings(self, lab: Lab) -> dict[str, bytes]:
        """Return every memory setting in the scenario's cgroups, to the byte."""
        names = ("memory.low", "memory.min", "memory.high", "memory.max", "memory.swap.max", "memory.oom.group")
        places = [self.hierarchy.directory(path) for _, path in self.hierarchy.walk(lab.parent)]
        return {str(p / name): (p / name).read_bytes() for p in places for name in names if (p / name).exists()}

    def _run(self, *arguments: object) -> commands.Done:
        done = commands.run(*arguments, log=self.folder / "command.log")
        say(f"$ diagnose {' '.join(map(str, arguments))}\n{done.said}[exit {done.code}, {done.seconds:.1f} s]")
        return done

    def _check(self, what: str, right: bool, found: str) -> None:
        self._note(Check(what=what, right=right, found=found))

    def _note(self, check: Check) -> None:
        self.result.checks.append(check)
        self.save()
        say(f"{'right' if check.right else 'WRONG'}: {check.what}: {check.found}")

    def _step(self, name: str, step: Callable[[], None]) -> None:
        """Run a step and note how long it took; one that fails is a check that does not hold, and the next begins."""
        begin = time.monotonic()
        try:
            step()
        except Exception as error:
            traceback.print_exc()
            self._check(name, False, f"{type(error).__name__}: {error}")
        self.result.seconds[name] = round(time.monotonic() - begin, 1)
        say(f"{name}: {self.result.seconds[name]} s")


def duration(share: float) -> int:
    """Return how long to measure where the workloads run at this share of their usual rates, in seconds."""
    return round(min(LONGEST_SECONDS, DURATION_SECONDS * max(1.0, USUAL_PACE / share)))


def say(text: str) -> None:
    print(text, flush=True)
