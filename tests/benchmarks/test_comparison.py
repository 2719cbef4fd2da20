"""README's figures are those of BENCHMARKS.md."""

from __future__ import annotations

import pytest

from tests.benchmarks.comparison import BEGIN, README, table, with_table
from tests.helpers.sections import BENCHMARKS


def test_readme_has_the_figures_that_were_measured() -> None:
    page = README.read_text()
    assert page.count(BEGIN) == 1
    assert page == with_table(page, BENCHMARKS.path.read_text()), "make reference brings README.md up to date"


def test_a_page_without_the_rows_is_no_source() -> None:
    with pytest.raises(ValueError, match="battery, observed"):
        table("### Cost to who is watched: reads of cached pages\n\n| nothing | 1 | 1, 2 | +0 | – |\n")
