"""`diagnose attach` as a user meets it: exit codes, what is printed, and that the token is not."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from diagnose.capture import file as captures
from tests.helpers.example_report import example_capture
from tests.helpers.run_cli import Run
from tests.helpers.ticket_servers import TOKEN, Answer, Fault, GitHubServer, GitLabServer, JiraServer, Server, serving

PUBLIC = "https://github.com/o/r/issues/12"


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a capture and its report, made once; a test gets a copy (`folder`)."""
    made = tmp_path_factory.mktemp("reported")
    (made / "c.gz").write_bytes(captures.to_bytes(example_capture(windows=60, requested=60)))
    assert Run(made, "report", "c.gz", "--output", "out").code == 1
    return made


@pytest.fixture
def folder(reported: Path, tmp_path: Path) -> Path:
    shutil.copytree(reported, tmp_path, dirs_exist_ok=True)
    return tmp_path / "out"


@pytest.fixture
def github() -> Iterator[GitHubServer]:
    server = GitHubServer()
    with serving(server):
        yield server


def run(folder: Path, *arguments: str, **variables: str) -> Run:
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_TOKEN")}
    return Run(folder.parent, "attach", *arguments, env={**kept, **variables})


def test_it_says_where_the_report_is(folder: Path, github: GitHubServer) -> None:
    done = run(folder, github.ticket, "out", DIAGNOSE_TOKEN=TOKEN)
    assert (done.code, done.out.decode()) == (0, f"posted: {github.ticket}#issuecomment-1\n")
    assert "not redacted" in done.err
    again = run(folder, github.ticket, "out", GITHUB_TOKEN=TOKEN)
    assert (again.code, again.out.decode()) == (0, f"there already: {github.ticket}#issuecomment-1\n")
    assert len(github.comments) == 1


def test_a_redacted_report_needs_no_warning(folder: Path, github: GitHubServer) -> None:
    assert Run(folder.parent, "report", "c.gz", "--redact", "--output", "shared").code == 1
    done = run(folder, github.ticket, "shared", DIAGNOSE_TOKEN=TOKEN)
    assert done.code == 0
    assert "not redacted" not in done.err
    assert "Redacted for sharing" in github.comments[0]
    assert "/dg/" not in github.comments[0]


def test_the_token_is_taken_from_a_file(folder: Path, github: GitHubServer) -> None:
    (folder.parent / "token").write_text(f"{TOKEN}\n")
    done = run(folder, github.ticket, "out", "--token-file", "token", GITHUB_TOKEN="another")  # noqa: S106 - of nobody
    assert done.code == 0, done.err


@pytest.mark.parametrize("kind", [GitHubServer, GitLabServer, JiraServer])
def test_a_dry_run_shows_the_requests_and_sends_nothing(folder: Path, kind: type[Server]) -> None:
    (folder / "report.md").write_text((folder / "report.md").read_text() + "\n![Reads](reads.png)\n")
    (folder / "reads.png").write_bytes(b"\x89PNG")
    with serving(kind()) as server:
        done = run(folder, server.ticket, "out", "--dry-run", DIAGNOSE_TOKEN=TOKEN)
        assert server.requests == []
    out = done.out.decode()
    assert done.code == 0
    assert "nothing was sent; the token was found" in done.err
    assert out.startswith(f"GET {server.origin}")
    assert f"\nPOST {server.origin}" in out
    assert "****" in out
    assert re.search(r' bytes, beginning with\n  \{"body": ?"', out)
    assert TOKEN not in out + done.err
    uploads = {GitHubServer: 0, GitLabServer: 1, JiraServer: 1}[kind]  # type: ignore[index]
    assert len(re.findall(r'filename="[^"]*reads\.png"', out)) == uploads


def test_a_dry_run_needs_no_token_and_says_so(folder: Path) -> None:
    done = run(folder, PUBLIC, "out", "--dry-run")
    assert done.code == 0
    assert "POST https://api.github.com/repos/o/r/issues/12/comments\n" in done.out.decode()
    assert "set GITHUB_TOKEN or DIAGNOSE_TOKEN" in done.err


@pytest.mark.parametrize(
    ("ticket", "where", "why"),
    [
        ("https://example.com/", "out", "no ticket of GitHub, GitLab or Jira"),
        ("http://github.com/o/r/issues/1", "out", "not sent over http"),
        (PUBLIC, "none", "is no folder"),
        (PUBLIC, ".", "holds no report.md"),
    ],
)
def test_what_cannot_be_meant_is_refused(folder: Path, ticket: str, where: str, why: str) -> None:
    assert why in run(folder, ticket, where, DIAGNOSE_TOKEN=TOKEN).refused()


def test_without_a_token_nothing_is_sent(folder: Path, github: GitHubServer) -> None:
    done = run(folder, github.ticket, "out")
    assert done.code == 2
    assert done.err.splitlines()[-1].startswith("diagnose: no token: set GITHUB_TOKEN or DIAGNOSE_TOKEN")
    assert github.requests == []


def test_what_a_system_refuses_is_one_line_and_exit_3(folder: Path, github: GitHubServer) -> None:
    github.faults = [Fault("GET", "comments", Answer(404, {"message": f"Not Found for {TOKEN}"}))]
    done = run(folder, github.ticket, "out", DIAGNOSE_TOKEN=TOKEN)
    assert done.code == 3
    assert done.out == b""
    assert "knows no such ticket" in done.err.splitlines()[-1]
    assert TOKEN not in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(("name", "value"), [("ALL_PROXY", "socks5://127.0.0.1:1"), ("SSL_CERT_FILE", "report.md")])
def test_a_proxy_or_certificate_that_cannot_be_used_is_one_line(folder: Path, name: str, value: str) -> None:
    (folder.parent / "report.md").write_text("no certificate")
    done = run(folder, PUBLIC, "out", DIAGNOSE_TOKEN=TOKEN, **{name: value})
    assert done.code == 3
    assert "that the environment names cannot be used" in done.err.splitlines()[-1]


def test_the_token_is_no_option() -> None:
    from diagnose.cli.attach import attach

    assert [p.name for p in attach.params if "token" in (p.name or "")] == ["token_file"]
