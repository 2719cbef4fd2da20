"""Every format of a recorded report, compared byte for byte; `python -m tests.golden` writes them anew."""

from __future__ import annotations

import pytest

from diagnose.report.formats import FORMATS
from tests.golden.__main__ import EXAMPLE, GOLDEN, example, path_of, rendered


@pytest.mark.parametrize("golden", GOLDEN)
def test_golden(golden: str) -> None:
    assert rendered(golden) == path_of(golden).read_text("utf-8")


def test_golden_example() -> None:
    assert example() == EXAMPLE.read_text("utf-8")


def test_there_is_one_of_every_format() -> None:
    assert {golden.split()[0] for golden in GOLDEN} == set(FORMATS)
    assert len({path_of(golden) for golden in GOLDEN}) == len(GOLDEN)
