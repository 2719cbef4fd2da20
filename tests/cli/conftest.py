"""Commands run in this process, as root, on a host made of files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from diagnose.change.machine import Machine
from tests.helpers.change_scene import Scene


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    made = Scene(tmp_path / "host")
    monkeypatch.setattr(Machine, "this", lambda wait: made.machine)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return made
