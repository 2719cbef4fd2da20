"""Rounds of the soak, kept in a file of lines and shown as a table."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from tests.helpers.checks import Check

MOST_ENDS = 3


@dataclass(frozen=True)
class Round:
    """One trouble, gone through once."""

    trouble: str
    load: str
    seconds: float
    ends: tuple[str, ...]
    checks: tuple[Check, ...]
    faults: tuple[str, ...]

    @property
    def wrong(self) -> list[str]:
        return [*self.faults, *(str(check) for check in self.checks if not check.holds)]


def add(file: Path, done: Round) -> None:
    with file.open("a") as lines:
        lines.write(json.dumps(asdict(done)) + "\n")


def read(file: Path) -> list[Round]:
    """Return the rounds of a file, none if there is none yet."""
    if not file.exists():
        return []
    return [_round(json.loads(line)) for line in file.read_text().splitlines()]


def _round(fields: dict[str, object]) -> Round:
    made = Round(**fields)  # type: ignore[arg-type]
    checks = tuple(Check(**check) for check in made.checks)  # type: ignore[arg-type]
    return replace(made, checks=checks, ends=tuple(made.ends), faults=tuple(made.faults))


def rows(rounds: list[Round], titles: dict[str, str]) -> list[str]:
    """Return the Markdown table, a row a trouble."""
    lines = [
        "| Trouble | Rounds | How hard | How it ended | Figures that agree | Furthest apart | Wrong |",
        "|---|---:|---|---|---:|---|---:|",
    ]
    for name, title in titles.items():
        mine = [one for one in rounds if one.trouble == name]
        if mine:
            lines.append(_row(title, mine))
    return lines


def _row(title: str, mine: list[Round]) -> str:
    checks = [check for one in mine for check in one.checks]
    furthest = max(checks, key=_apart, default=None)
    cells = (
        title,
        str(len(mine)),
        mine[-1].load,
        _ends([end for one in mine for end in one.ends]),
        f"{sum(check.holds for check in checks)}/{len(checks)}",
        _shown(furthest) if furthest is not None and furthest.difference else "–",
        str(sum(len(one.wrong) for one in mine)),
    )
    return f"| {' | '.join(cell.replace('|', ' ') for cell in cells)} |"


def _ends(ends: list[str]) -> str:
    """Return how often it ended how; of the lines that say why, what they say of the case alone is left out."""
    common = Counter(end.partition(":")[0] for end in ends)
    return ", ".join(f"{count} × {end}" for end, count in common.most_common(MOST_ENDS)) or "–"


def _apart(check: Check) -> float:
    return abs(check.difference) / max(abs(check.theirs), 1.0)


def _shown(check: Check) -> str:
    return f"{check.what}: " + (f"{_apart(check):.2%}" if check.theirs else f"{check.difference:.1f}")


def wrong(rounds: list[Round]) -> list[str]:
    """Return what went wrong, as Markdown; nothing if nothing did."""
    lines = [f"- {one.trouble}: {fault}" for one in rounds for fault in one.wrong]
    return ["", "What went wrong:", "", *lines] if lines else []
