"""A command replaces its own section of a page and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.sections import Page


@pytest.fixture
def page(tmp_path: Path) -> Page:
    return Page(tmp_path / "PAGE.md", "# Head\n", ("one", "two"))


def test_a_section_is_replaced_and_the_other_stays(page: Page) -> None:
    page.write("two", "second")
    page.write("one", "first")
    page.write("two", "second anew")
    assert page.path.read_text() == (
        "# Head\n\n<!-- one -->\nfirst\n<!-- end of one -->\n\n<!-- two -->\nsecond anew\n<!-- end of two -->\n"
    )


def test_a_section_that_the_page_does_not_have_is_refused(page: Page) -> None:
    with pytest.raises(ValueError, match="no section 'three'; it has: one, two"):
        page.write("three", "")
    assert not page.path.exists()
