"""Pages of measurements that commands write section by section: each replaces its own, the others stay as they are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.helpers.paths import CHECKOUT


@dataclass(frozen=True)
class Page:
    """A page of the repository; `sections` in their order."""

    path: Path
    head: str
    sections: tuple[str, ...]

    def write(self, section: str, text: str) -> None:
        """Put a section into the page, the others staying as they are; raises ValueError for one it does not have."""
        if section not in self.sections:
            raise ValueError(f"{self.path.name} has no section {section!r}; it has: {', '.join(self.sections)}")
        old = self.path.read_text() if self.path.exists() else ""
        parts = [self.head]
        for name in self.sections:
            begin, end = f"<!-- {name} -->\n", f"\n<!-- end of {name} -->\n"
            kept = old.partition(begin)[2].partition(end)[0]
            parts.append(f"{begin}{text if name == section else kept}{end}")
        self.path.write_text("\n".join(parts))


BENCHMARKS = Page(
    CHECKOUT / "BENCHMARKS.md",
    """\
# Fast, light, unbreakable?

Written by `make bench` and `make soak`. Nothing here is typed in by hand. Ratios within a table hold; the figures are
those of one machine.
""",
    ("costs", "instruments", "soak"),
)
