"""The token: from a file or the environment, checked, and never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnose.attach.tokens import find_token, missing
from diagnose.errors import UsageError


def test_a_file_comes_first_then_our_own_variable_then_the_system_s(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-file\n")
    everything = {"DIAGNOSE_TOKEN": "ours", "GITHUB_TOKEN": "theirs", "GITLAB_TOKEN": "another"}
    assert find_token("github", tmp_path / "token", everything) == "from-file"
    assert find_token("github", None, everything) == "ours"
    assert find_token("github", None, {"GITHUB_TOKEN": "theirs", "JIRA_TOKEN": "x"}) == "theirs"
    assert find_token("jira", None, {"JIRA_TOKEN": "me@example.com:t"}) == "me@example.com:t"
    assert find_token("gitlab", None, {"GITHUB_TOKEN": "theirs"}) is None
    assert find_token("github", None, {"DIAGNOSE_TOKEN": "", "GITHUB_TOKEN": " "}) is None
    assert "GITLAB_TOKEN" in str(missing("gitlab"))


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"zqx zqx", b"zqx\nX-Header: y", b"zqx\x00", b"\xffzqx", b"zqx" * 4000]
)
def test_what_no_token_can_be_is_refused_without_showing_it(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "token").write_bytes(content)
    with pytest.raises(UsageError, match="holds no token") as refused:
        find_token("github", tmp_path / "token", {"DIAGNOSE_TOKEN": "x"})
    assert "zqx" not in str(refused.value)


def test_a_token_file_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read the token file"):
        find_token("github", tmp_path / "none", {"GITHUB_TOKEN": "x"})
