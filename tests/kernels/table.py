"""Results in words: the matrix, and what was checked on each kernel (pure)."""

from __future__ import annotations

from collections.abc import Sequence

from diagnose.capture.model import ProbeRecord
from tests.kernels.result import Found, Result

HEAD = """\
# Which kernels it works on

Written by `make test-kernels`. Nothing here is typed in by hand.

Each kernel runs the noisy neighbour and has to get the right verdict with the right culprit: Debian's kernels in guests
(emulated, cgroup v2) in the story's pure form, where nobody has a limit, the batch job floods the host's cache and
kswapd evicts; the kernel of the machine that ran the command with the lab's limits. Without BPF (`--no-bpf`) a verdict
is right, too, if it is *inconclusive*. The service goes through its file in 17 s (`tests/kernels/scenario.py`): what is
read again sooner than the flood replaces the rest of the cache is spared, by the generations of 6.12 (MGLRU) most of
all; then nothing is wrong, and nothing is found.
"""


NAMES = """\
## Names of units, with systemd as init (Linux {kernel}, cgroup v2)

What `--service` takes for a unit, a slice, a scope and an instance of a template, the cgroup that it means, and how
`diagnose services` lists it.
"""


def page(results: Sequence[Result], names: Found | None = None) -> str:
    """Return the whole page."""
    sections = [f"## Linux {short(r.kernel)}, cgroup v{r.cgroup_version}\n\n{_checks(r)}" for r in results if r.checks]
    if names is not None:
        sections.append(f"{NAMES.format(kernel=short(names.kernel))}\n{_checks(names)}")
    return "\n".join([HEAD, matrix(results), *sections])


def short(kernel: str) -> str:
    """Return the version of a release: what follows it names a distribution's build, or a machine's."""
    return kernel.partition("-")[0].partition("+")[0]


def matrix(results: Sequence[Result]) -> str:
    """Return the table: a kernel a line, a probe a column; then notes on what came about in another way."""
    names = list(dict.fromkeys(p.probe for r in results for p in r.probes))
    lines = [
        _row(["Kernel", "cgroup", *names, "Verdict", "Right", "Without BPF", "Right"]),
        _row(["---"] * (len(names) + 6)),
    ]
    notes: list[str] = []
    for result in results:
        fared = {p.probe: p for p in result.probes}
        cells = [_cell(fared.get(name), notes) for name in names]
        verdicts = [
            *(result.verdict, _holds(result.verdict_right)),
            *(result.without_bpf, _holds(result.without_bpf_right)),
        ]
        lines.append(_row([short(result.kernel), f"v{result.cgroup_version}", *cells, *verdicts]))
    numbered = [f"{number}. {note}" for number, note in enumerate(notes, 1)]
    return "\n".join([*lines, "", *numbered, *([""] if numbered else [])])


def _cell(record: ProbeRecord | None, notes: list[str]) -> str:
    if record is None:
        return "–"
    fared = "attached" if record.attached and not record.missing else "in part" if record.attached else "**no**"
    note = "; ".join(filter(None, [", ".join(f"without {m}" for m in record.missing), record.reason]))
    if not note:
        return fared
    if note not in notes:
        notes.append(note)
    return f"{fared} ({notes.index(note) + 1})"


def _checks(result: Found) -> str:
    rows = [_row([c.what, c.found, _holds(c.right)]) for c in result.checks]
    return "\n".join([_row(["Check", "Found", "Holds"]), _row(["---"] * 3), *rows, ""])


def _holds(right: bool) -> str:
    return "yes" if right else "**no**"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', ' ').replace(chr(10), ' ') for cell in cells)} |"
