"""What fuzzing found: answers that no ticket system gives end in one line, and nothing is posted on their word."""

from __future__ import annotations

from typing import Any

import pytest

from diagnose.attach import web
from diagnose.errors import CannotPostError
from tests.attach.conftest import Poster
from tests.helpers.ticket_servers import COMMENTS, Answer, Fault, GitHubServer, JiraServer, Server


def answering(server: Server, answer: Answer, method: str = "GET") -> Server:
    server.faults = [Fault(method, ending, answer, times=99) for ending in COMMENTS]
    return server


@pytest.mark.parametrize("body", ["", "<html>", "[" * 100_000, "7", "null", '"x"', "[7]", '{"comments": 7}'])
def test_comments_that_are_none(server: Server, poster: Poster, body: Any) -> None:
    with pytest.raises(CannotPostError, match="answers with no"):
        poster(answering(server, Answer(200, body)))
    assert server.comments == []


@pytest.mark.parametrize("body", ["[]", "null", "[" * 100_000])
def test_a_posted_comment_that_has_no_address(server: Server, poster: Poster, body: str) -> None:
    with pytest.raises(CannotPostError, match="answers with no"):
        poster(answering(server, Answer(201, body), "POST"))


@pytest.mark.parametrize("page", [{"total": "many"}, {"total": 10**400}, {"total": None}, {"comments": None}, {}])
def test_a_page_of_jira_that_does_not_say_how_many(jira: JiraServer, poster: Poster, page: dict[str, Any]) -> None:
    jira.faults = [Fault("GET", "comment", Answer(200, page))]
    poster(jira)
    assert len(jira.comments) == 1


@pytest.mark.parametrize("after", ["9" * 30, "9" * 400, "99999999999", "Fri, 31 Dec 9999 23:59:59 -2359"])
def test_a_limit_that_lasts_for_ever(github: GitHubServer, poster: Poster, after: str) -> None:
    with pytest.raises(CannotPostError, match="takes no more requests for years"):
        poster(answering(github, Answer(429, {}, {"Retry-After": after})))


def test_a_character_set_that_is_none(github: GitHubServer, poster: Poster) -> None:
    refused = Answer(403, "no", {"Content-Type": "text/html; charset=hex"})
    with pytest.raises(CannotPostError, match="does not allow it"):
        poster(answering(github, refused))


@pytest.mark.parametrize("target", ["https:x", "http://[", "x:" + "y" * 70_000])
def test_a_redirect_to_what_is_no_address(github: GitHubServer, poster: Poster, target: str) -> None:
    with pytest.raises(CannotPostError) as caught:
        poster(answering(github, Answer(301, {}, {"Location": target})))
    assert len(str(caught.value)) < 500


def test_an_answer_without_an_end_is_not_waited_for(
    github: GitHubServer, poster: Poster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "MAX_ANSWER_BYTES", 100_000)
    with pytest.raises(CannotPostError, match="more than any ticket holds"):
        poster(answering(github, Answer(200, "[" * 300_000)))
