"""The quickest rounds of the soak, on the running kernel: nothing wrong, nothing left."""

from __future__ import annotations

import pytest

from tests.soak.__main__ import TROUBLES
from tests.soak.scene import scene

pytestmark = pytest.mark.kernel

SECONDS = 1.5


@pytest.mark.parametrize("trouble", ["cgroups", "changing-files"])
def test_a_round_leaves_nothing_and_its_figures_agree(trouble: str) -> None:
    with scene() as here:
        TROUBLES[trouble](here, SECONDS)
    assert here.faults == []
    assert [str(check) for check in here.checks if not check.holds] == []
    assert len(here.checks) >= 6
