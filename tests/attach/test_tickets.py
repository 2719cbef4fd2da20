"""Which addresses are tickets, where their REST interface is, and which must never see a token."""

from __future__ import annotations

import pytest

from diagnose.attach.tickets import parse
from diagnose.errors import UsageError

GITLAB = "https://gitlab.com/api/v4"


@pytest.mark.parametrize(
    ("url", "system", "api", "issue"),
    [
        ("https://github.com/o/r/issues/12", "github", "https://api.github.com", "/repos/o/r/issues/12"),
        ("https://github.com/o/r.js/pull/7/", "github", "https://api.github.com", "/repos/o/r.js/issues/7"),
        ("https://www.github.com/o/r/issues/1#issue-3", "github", "https://api.github.com", "/repos/o/r/issues/1"),
        ("https://acme.ghe.com/o/r/issues/1", "github", "https://api.acme.ghe.com", "/repos/o/r/issues/1"),
        ("https://git.example/o/r/issues/1?x=y", "github", "https://git.example/api/v3", "/repos/o/r/issues/1"),
        ("https://git.example/g/p/-/issues/3", "gitlab", "https://git.example/api/v4", "/projects/g%2Fp/issues/3"),
        ("https://gitlab.com/g/s/t/p/-/work_items/3", "gitlab", GITLAB, "/projects/g%2Fs%2Ft%2Fp/issues/3"),
        ("https://gitlab.com/g/p/-/merge_requests/9", "gitlab", GITLAB, "/projects/g%2Fp/merge_requests/9"),
        ("https://jira.example/browse/ABC-12", "jira", "https://jira.example/rest/api/2", "/issue/ABC-12"),
        ("https://a.test:8443/jira/browse/A2_B-1", "jira", "https://a.test:8443/jira/rest/api/2", "/issue/A2_B-1"),
        ("http://localhost:80/browse/A-1", "jira", "http://localhost:80/rest/api/2", "/issue/A-1"),
        ("http://[::1]:5000/browse/A-1", "jira", "http://[::1]:5000/rest/api/2", "/issue/A-1"),
        ("http://127.0.0.5/o/r/issues/1", "github", "http://127.0.0.5/api/v3", "/repos/o/r/issues/1"),
    ],
)  # fmt: skip
def test_a_ticket_is_known_by_its_address(url: str, system: str, api: str, issue: str) -> None:
    ticket = parse(url)
    assert (ticket.system, ticket.api, ticket.issue) == (system, api, issue)
    assert ticket.local == url.startswith("http://")
    assert not set(ticket.url) & set("?#")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://github.com/o/r/issues/12", "not sent over http"),
        ("http://localhost.evil.example/o/r/issues/12", "not sent over http"),
        ("http://127.0.0.1.evil.example/o/r/issues/1", "not sent over http"),
        ("https://user:secret@github.com/o/r/issues/12", "user name or password"),
        ("https://token@github.com/o/r/issues/12", "user name or password"),
        ("ftp://github.com/o/r/issues/12", "no address of a ticket"),
        ("github.com/o/r/issues/12", "no address of a ticket"),
        ("", "no address of a ticket"),
        ("https:///o/r/issues/1", "no address of a ticket"),
        ("https://[::1/o/r/issues/1", "no address of a ticket"),
        ("https://github.com:x/o/r/issues/1", "no address of a ticket"),
        ("https://github.com/o/r/issues/1\nHost: x", "no address of a ticket"),
        ("https://gith\u00fcb.com/o/r/issues/1", "no address of a ticket"),
        ("https://github.com/o/r", "no ticket of GitHub, GitLab or Jira"),
        ("https://github.com/o/r/issues/new", "no ticket of GitHub, GitLab or Jira"),
        ("https://github.com/o/../r/issues/1", "no ticket of GitHub, GitLab or Jira"),
        ("https://gitlab.com/-/issues/1", "no ticket of GitHub, GitLab or Jira"),
        ("https://jira.example/browse/abc-12", "no ticket of GitHub, GitLab or Jira"),
        ("https://jira.example/browse/ABC-12/../../x", "no ticket of GitHub, GitLab or Jira"),
    ],
)
def test_what_is_no_ticket_is_refused_in_one_line(url: str, why: str) -> None:
    with pytest.raises(UsageError, match=why) as refused:
        parse(url)
    assert str(refused.value).isprintable()
    assert "secret" not in str(refused.value)
