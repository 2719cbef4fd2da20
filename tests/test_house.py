"""The house stays simple: few rooms, no circle, what is measured goes from left to right, words at the end."""

from __future__ import annotations

import ast

import pytest

from tests.helpers.imports import PACKAGE, circles, imports, modules, room, rooms

FLOW = ("cgroups", "capture", "measure", "analysis", "rules", "recommend", "report")
"""From left to right; a room may import itself and what stands left of it."""
ABOVE = {"capture.redact": ("measure",)}
"""Redaction is no part of the flow: it asks the instruments which words they declare."""
MOST_ROOMS, MOST_FOLDERS, MOST_MODULES, MOST_LINES = 30, 12, 8, 300


def test_there_are_few_rooms() -> None:
    assert len(rooms()) <= MOST_ROOMS
    assert len([p for p in PACKAGE.iterdir() if (p / "__init__.py").exists()]) <= MOST_FOLDERS
    assert len([p for p in PACKAGE.glob("*.py") if p.name != "__init__.py"]) <= MOST_MODULES


def test_no_room_and_no_file_is_in_a_circle() -> None:
    assert circles(rooms()) == []
    assert circles(imports()) == []


@pytest.mark.parametrize("place", range(len(FLOW)), ids=FLOW)
def test_nothing_runs_back_up(place: int) -> None:
    right_of = set(FLOW[place + 1 :])
    for name, others in rooms().items():
        if name.split(".")[0] == FLOW[place]:
            back = {other.split(".")[0] for other in others} & right_of
            assert back <= set(ABOVE.get(name, ())), name


def test_the_core_imports_no_words() -> None:
    core = {"cgroups", "capture", "measure", "analysis", "rules", "recommend"}
    for module, imported in imports().items():
        if room(module).split(".")[0] in core:
            assert not {one for one in imported if one.startswith("diagnose.report")}, module


def test_files_fit_and_functions_have_names() -> None:
    for name, path in modules().items():
        source = path.read_text()
        assert len(source.splitlines()) <= MOST_LINES, name
        tree = ast.parse(source)
        assert "_" not in {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}, name
