"""A report folder to post, somebody who posts it, and ticket systems to post it to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from diagnose import attach as attaching
from diagnose.attach import material, tickets
from diagnose.capture import file as captures
from diagnose.report.formats.json_text import render_json
from diagnose.report.formats.markdown import render_markdown
from tests.helpers.example_report import example_capture, example_report
from tests.helpers.ticket_servers import TOKEN, GitHubServer, GitLabServer, JiraServer, Server, serving

SERVERS = [GitHubServer, GitLabServer, JiraServer]


class Poster:
    """What stands around `attach`: a report folder, and a memory of what was said and waited for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: list[str] = []
        self.waited: list[float] = []

    def __call__(self, server: Server, token: str = TOKEN) -> list[attaching.Posted]:
        ticket = tickets.parse(server.ticket)
        return attaching.attach(ticket, material.load(self.folder), token, self.said.append, self.waited.append)


@pytest.fixture
def poster(tmp_path: Path) -> Poster:
    report = example_report()
    (tmp_path / "report.md").write_text(render_markdown(report))
    (tmp_path / "report.json").write_text(render_json(report))
    (tmp_path / "capture.json.gz").write_bytes(captures.to_bytes(example_capture(windows=20, requested=20)))
    return Poster(tmp_path)


@pytest.fixture(params=SERVERS, ids=lambda kind: kind.__name__)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with serving(request.param()) as running:
        yield running


@pytest.fixture
def github() -> Iterator[GitHubServer]:
    server = GitHubServer()
    with serving(server):
        yield server


@pytest.fixture
def gitlab() -> Iterator[GitLabServer]:
    server = GitLabServer()
    with serving(server):
        yield server


@pytest.fixture
def jira() -> Iterator[JiraServer]:
    server = JiraServer()
    with serving(server):
        yield server
