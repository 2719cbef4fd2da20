"""Debian's Chromium, driven by playwright; where either is missing, these tests say so.

DIAGNOSE_REQUIRE_BROWSER=1 (`make test-browser`) makes that a failure.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest


def _unavailable(why: str) -> None:
    if os.environ.get("DIAGNOSE_REQUIRE_BROWSER") == "1":
        pytest.fail(why)
    pytest.skip(f"{why}; make test-browser installs it")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Yield a running browser."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _unavailable("playwright is not installed")
    executable = shutil.which("chromium")
    if executable is None:
        _unavailable("there is no chromium")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield running
        running.close()
