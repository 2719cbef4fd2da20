"""The probe that CONTRIBUTING.md shows is one: its files declare what is read, its part of the report says numbers."""

from __future__ import annotations

import ast
import re
import shutil
from pathlib import Path

import pytest
from jinja2 import DictLoader

from diagnose.measure.bpf.source import battery, joined
from diagnose.report.formats import environment
from diagnose.report.measurements.model import Measurements
from diagnose.resources import folder

PAGE = Path(__file__).parents[2] / "CONTRIBUTING.md"


def shown(language: str) -> list[str]:
    """Return the code that the recipe shows in a language, without the indentation of the list."""
    recipe = PAGE.read_text().partition("## Add a probe\n")[2].partition("\n## ")[0]
    blocks = re.findall(rf"^   ```{language}\n(.*?)^   ```$", recipe, re.MULTILINE | re.DOTALL)
    return [re.sub(r"^   ", "", block, flags=re.MULTILINE) for block in blocks]


def test_what_the_program_declares_is_read(tmp_path: Path) -> None:
    (program,) = shown("c")
    shutil.copytree(folder("bpf"), tmp_path, dirs_exist_ok=True)
    (tmp_path / "page_faults.c").write_text(program)
    found = joined(tmp_path)
    assert set(found.loses) - set(battery().loses) == {"page_faults_map_full"}
    assert program.partition("\n")[2] in found.text


def test_the_python_attaches_what_the_program_has_and_fills_the_table_of_that_name() -> None:
    probe, table, fact = shown("python")
    for code in (probe, table, f"{fact}    ..."):
        ast.parse(code)
    (program,) = shown("c")
    (function,) = re.findall(r'"(on_\w+)"', probe)
    assert re.search(rf"^int {function}\(", program, re.MULTILINE)
    (name,) = re.findall(r"^class (\w+)\(Table\)", table, re.MULTILINE)
    assert f"{name}(" in probe
    assert re.findall(r'name = "(.+)"', probe) == re.findall(r'"series", "(.+?)"', fact) == ["page-faults"]


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        ({"faults.mapped": 1204.0}, "in 1,204 page faults."),
        ({"faults.mapped": None}, "Page faults were not measured."),
        ({}, ""),
    ],
)
def test_the_part_of_the_report_says_the_figures(figures: dict[str, float | None], said: str) -> None:
    (part,) = shown("jinja")
    made = environment.environment.__wrapped__()
    made.loader = DictLoader({"part": part})
    assert made.get_template("part").render(m=Measurements(figures=figures)).strip().endswith(said)
