"""In a guest: diagnose, apply, verify, roll back, and SIGKILL at ten random moments, each judged against the truth."""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from diagnose.apply import load_record
from diagnose.capture import load
from diagnose.cgroups import Hierarchy
from diagnose.lab import Lab, running
from diagnose.models import Report
from tests.accuracy.live import outcome
from tests.kernels import commands, scenario
from tests.kernels.result import Check, Result

DURATION_SECONDS = 24
SETTLE_SECONDS = 8.0
"""After a change the service reads back, once, what it had lost."""
KILLS = 10
LONGEST_APPLY = 20.0


class Story:
    """One run on one kernel; what it finds goes into `result`, files into `folder`."""

    def __init__(self, result: Result, folder: Path) -> None:
        self.result, self.folder = result, folder
        self.hierarchy = Hierarchy.discover()
        self.report_file = folder / "before" / "report.json"

    def tell(self) -> None:
        """Run all of it in one scenario."""
        begin = time.monotonic()
        with running(scenario.of_this_host(), DURATION_SECONDS, say) as lab:
            self.result.seconds["set-up"] = round(time.monotonic() - begin, 1)
            before = self._settings(lab)
            with self._timed("diagnose"):
                self._diagnose(lab)
            for step in (self._apply, self._verify, self._roll_back):
                with self._timed(step.__name__.strip("_").replace("_", " ")):
                    step()
            self._check("every memory setting is what it was, to the byte", self._settings(lab) == before, "compared")
            with self._timed("SIGKILL"):
                self._kill(lab, before)

    # ---------------------------------------------------------------- diagnose

    def _diagnose(self, lab: Lab) -> None:
        self._run(
            "latency", "--service", lab.service, "--duration", DURATION_SECONDS, "--output", self.report_file.parent
        )
        truth = lab.truth()
        say(f"the workloads: {truth}")
        report = Report.model_validate_json(self.report_file.read_text())
        capture, _ = load(self.report_file.with_name("capture.json.gz"))
        judged = outcome(lab.scenario, report)
        self.result.probes = list(capture.probes)
        self.result.verdict = f"{judged.verdict}, {judged.confidence}: {', '.join(judged.named)}"
        self.result.verdict_right = judged.right
        self._evictions(report, lab)
        self._recommendations(report, lab)
        markdown = self.report_file.with_name("report.md").read_text()
        wanted = ["# ", judged.verdict, "an estimate, not a measurement", "memory.low", "memory.high"]
        absent = [words for words in wanted if words not in markdown]
        self._check("the report says all of it", not absent, f"{len(markdown)} characters, absent: {absent}")

    def _evictions(self, report: Report, lab: Lab) -> None:
        m = report.measurements["evictions"]
        kswapd = m["of_service_by_pages"]["kswapd"]
        parts = {row["cgroup"]: row["share"] for row in m["kswapd_apportioned"] or []}
        share = parts.get(lab.culprit or "", 0.0)
        others = [c for c in parts if c not in (lab.culprit, lab.service) and parts[c] > share]
        found = f"kswapd evicted {kswapd:,} of the {m['of_service_pages']:,} pages that the service lost"
        self._check("kswapd evicts the service", kswapd > 0, found)
        self._check(
            "most of what kswapd evicted is laid to the batch job",
            share >= 0.5 and not others,
            ", ".join(f"{name.removeprefix(lab.parent)} {part:.0%}" for name, part in parts.items()),
        )

    def _recommendations(self, report: Report, lab: Lab) -> None:
        made = {(r.cgroup.removeprefix(lab.parent), r.setting): r.value_bytes for r in report.recommendations}
        wanted = {("/service", "memory.low"), ("/batch", "memory.high"), ("/batch", "memory.max"), ("", "memory.low")}
        right = made.keys() == wanted and all(made.values())
        listed = [f"{setting} of {name or 'the parent'} {(v or 0) >> 20} MiB" for (name, setting), v in made.items()]
        self._check("contain and protect: a value each", right, ", ".join(listed) or "none")

    # ---------------------------------------------------------------- apply, verify, roll back

    def _apply(self) -> None:
        done = self._run("apply", self.report_file, "--yes", "--pause", "0.3")
        steps = len(re.findall(r"step \d+ of", done.said))
        self._check("apply", done.code == 0, f"exit {done.code}, {steps} steps")
        time.sleep(SETTLE_SECONDS)

    def _verify(self) -> None:
        (record,) = self.report_file.parent.glob("change-*.json")
        done = self._run("verify", record)
        verdict = re.search(r"verdict: (.*)", done.said)
        said = verdict[1] if verdict else done.said[-300:]
        self._check("verify says fixed", done.code == 0 and said.startswith("fixed: p99 "), said)

    def _roll_back(self) -> None:
        (record,) = self.report_file.parent.glob("change-*.json")
        done = self._run("rollback", record)
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
            done = self._run("rollback", record)
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
        self.result.checks.append(Check(what=what, right=right, found=found))
        say(f"{'right' if right else 'WRONG'}: {what}: {found}")

    @contextmanager
    def _timed(self, step: str) -> Iterator[None]:
        begin = time.monotonic()
        yield
        self.result.seconds[step] = round(time.monotonic() - begin, 1)
        say(json.dumps({step: self.result.seconds[step]}))


def say(text: str) -> None:
    print(text, flush=True)
