"""Reads through io_uring: reads of files like others, in every figure that adds reads up."""

from __future__ import annotations

import re

from diagnose.histogram import bin_of
from diagnose.pipeline import analyse
from diagnose.report.formats.markdown import render_markdown
from diagnose.rules.loading import load_rules
from tests.helpers.small_capture import small_capture

READS = [(0, "hit", bin_of(2_000), 900), (0, "missed", bin_of(3_000_000), 60), (1, "io_uring", bin_of(4_000_000), 40)]


def rows_of(text: str, head: str) -> list[list[str]]:
    """Return the cells of a table's rows, by the beginning of its head."""
    lines = text[text.index(head) :].splitlines()
    table = [line for line in lines[: lines.index("")] if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


def markdown(reads: list[tuple[int, str, int, int]]) -> str:
    return render_markdown(analyse(small_capture(reads=reads), load_rules()))


def test_the_parts_of_a_mode_add_up_to_its_reads() -> None:
    head, _, *modes = rows_of(markdown(READS), "| Mode |")
    assert head[-1] == "io_uring"
    for _, reads, _, _, _, *parts in modes:
        assert sum(int(part.replace(",", "")) for part in parts) == int(reads.replace(",", ""))
    assert sum(int(row[-1]) for row in modes) == 40


def test_the_picture_shows_them() -> None:
    text = markdown(READS)
    picture = text[text.index("Reads by latency, in reads:") :].split("```")[1]
    assert re.search(r"hit +missed +io_uring", picture)


def test_without_them_there_is_no_column_of_zeros() -> None:
    text = markdown(READS[:2])
    assert "io_uring" not in text[text.index("| Mode |") :].split("\n\n")[0]
