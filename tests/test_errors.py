"""What a message quotes of files and of the system gives a terminal no orders."""

from __future__ import annotations

import pytest

from diagnose.errors import CannotMeasureError, CannotPostError, DiagnoseError, UsageError


@pytest.mark.parametrize("kind", [DiagnoseError, UsageError, CannotMeasureError, CannotPostError])
def test_a_message_is_lines_of_what_can_be_seen(kind: type[DiagnoseError]) -> None:
    assert str(kind("first \x1b[31m\r\nsecond \u202e\udcff, wörtlich")) == (
        "first \\x1b[31m␍\nsecond \\u202e\\udcff, wörtlich"
    )
