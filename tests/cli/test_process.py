"""A command decides for its process what libraries and the garbage collector do; an import decides for nobody."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from diagnose.lab import RECORDED

IMPORT_ALL = """
import atexit, gc, importlib, json, os, pkgutil
asked = []
atexit.register = lambda function, *rest: asked.append(function) or function
before = dict(os.environ), gc.get_threshold(), gc.isenabled()
import diagnose
for file in pkgutil.walk_packages(diagnose.__path__, "diagnose."):
    if not file.name.endswith("__main__"):
        importlib.import_module(file.name)
import sys
print(json.dumps({
    "same": before == (dict(os.environ), gc.get_threshold(), gc.isenabled()),
    "frozen": gc.get_freeze_count(),
    "at_exit": [f.__qualname__ for f in asked if (f.__module__ or "").startswith(("diagnose", "gc"))],
    "imported": sorted(name for name in sys.modules if name in ("numpy", "pydantic", "diagnose.cli.latency")),
}))
"""


def python(code: str, *arguments: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, **environment},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout


def test_importing_all_of_the_library_changes_neither_the_environment_nor_the_garbage_collector() -> None:
    found = json.loads(python(IMPORT_ALL))
    assert found == {
        "same": True,
        "frozen": 0,
        "at_exit": [],
        "imported": ["diagnose.cli.latency", "numpy", "pydantic"],
    }


def test_the_commands_are_imported_without_what_looks_at_the_environment() -> None:
    assert python("import sys, diagnose.cli; print({'numpy', 'pydantic'} & set(sys.modules))") == "set()\n"


def test_a_command_has_no_threads_of_numpy_and_no_plugins_of_pydantic_whatever_the_environment_says() -> None:
    code = """
import os, sys
from diagnose import cli
try:
    cli.main(["report", sys.argv[1], "--output", "-", "--format", "json"])
except SystemExit:
    print("\\n", len(os.listdir("/proc/self/task")), "numpy" in sys.modules, os.environ["PYDANTIC_DISABLE_PLUGINS"])
"""
    capture = str(RECORDED / "healthy.capture.json.gz")
    printed = python(code, capture, OPENBLAS_NUM_THREADS="2", PYDANTIC_DISABLE_PLUGINS="others")
    assert printed.splitlines()[-1].split() == ["1", "True", "__all__"]


def test_what_a_command_imports_is_not_searched_for_garbage_time_and_again() -> None:
    # Of what is to be done at the end the first registered is the last done.
    code = """
import atexit, gc
atexit.register(lambda: print(gc.get_threshold()[0], gc.get_freeze_count()))
from diagnose import cli
cli.main(["rules", "list"])
"""
    threshold, frozen = map(int, python(code).splitlines()[-1].split())
    assert threshold == 10_000
    assert frozen > 10_000
