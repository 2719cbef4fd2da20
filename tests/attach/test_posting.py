"""Posting to GitHub, GitLab and Jira, played by real servers on this host: once, whole, whatever fails."""

from __future__ import annotations

import socket

import pytest

from diagnose import attach as attaching
from diagnose.attach import material, tickets
from diagnose.attach.web import ATTEMPTS
from diagnose.capture import file as captures
from diagnose.errors import CannotPostError
from tests.attach.conftest import Poster
from tests.helpers.example_report import example_capture
from tests.helpers.ticket_servers import COMMENTS, TOKEN, Answer, Fault, GitHubServer, Server, posts

# ---------------------------------------------------------------- once, and whole


def test_the_report_is_posted_with_its_address(server: Server, poster: Poster) -> None:
    (posted,) = poster(server)
    (comment,) = server.comments
    assert not posted.before
    assert posted.address.startswith(server.ticket)
    for words in ("Read latency of", "What to do", "Definitions", material.load(poster.folder).identity):
        assert words in comment
    assert poster.waited == []


def test_a_second_time_nothing_is_posted(server: Server, poster: Poster) -> None:
    first = poster(server)
    again = poster(server)
    assert [p.address for p in again] == [p.address for p in first]
    assert all(p.before for p in again)
    assert (len(server.comments), posts(server)) == (1, 1)


def test_it_is_found_among_many_comments(server: Server, poster: Poster) -> None:
    poster(server)
    server.comments = [*(f"before {n}" for n in range(150)), *server.comments, *(f"after {n}" for n in range(150))]
    assert poster(server)[0].before
    assert len(server.comments) == 301


def test_another_capture_is_another_report(server: Server, poster: Poster) -> None:
    poster(server)
    (poster.folder / "capture.json.gz").write_bytes(captures.to_bytes(example_capture(windows=21, requested=21)))
    assert not poster(server)[0].before
    assert len(server.comments) == 2


# ---------------------------------------------------------------- failures


@pytest.mark.parametrize("dropped", [False, True])
@pytest.mark.parametrize("carried_out", [False, True])
def test_a_post_that_fails_half_way_is_there_once(
    server: Server, poster: Poster, carried_out: bool, dropped: bool
) -> None:
    server.faults = [Fault("POST", ending, carried_out=carried_out, dropped=dropped) for ending in COMMENTS]
    (posted,) = poster(server)
    assert len(server.comments) == 1
    assert posts(server) == (1 if carried_out else 2)
    assert posted.address.startswith(server.ticket)
    assert poster.waited == [1.0]
    assert "trying again in 1 s" in poster.said[-1]


def test_reading_is_repeated_with_growing_pauses(server: Server, poster: Poster) -> None:
    server.faults = [Fault("GET", ending, Answer(503, "busy"), times=3) for ending in COMMENTS]
    poster(server)
    assert poster.waited == [1.0, 2.0, 4.0]
    assert len(server.comments) == 1


def test_a_system_that_stays_broken_is_given_up_on(server: Server, poster: Poster) -> None:
    server.faults = [Fault("POST", ending, Answer(500, "broken"), times=99) for ending in COMMENTS]
    with pytest.raises(CannotPostError, match="answers 500") as failed:
        poster(server)
    assert failed.value.exit_code == 3
    assert posts(server) == ATTEMPTS
    assert server.comments == []


def test_where_nobody_listens_it_gives_up(poster: Poster) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = GitHubServer()
    server.origin = f"http://127.0.0.1:{port}"
    with pytest.raises(CannotPostError, match=r"connection to 127\.0\.0\.1 failed"):
        poster(server)
    assert len(poster.waited) == ATTEMPTS - 1


def test_a_server_without_tls_behind_https_is_not_trusted_with_anything(github: GitHubServer, poster: Poster) -> None:
    ticket = tickets.parse(github.ticket.replace("http://", "https://"))
    with pytest.raises(CannotPostError, match=r"127\.0\.0\.1"):
        attaching.attach(ticket, material.load(poster.folder), TOKEN, poster.said.append, poster.waited.append)
    assert github.requests == []


@pytest.mark.parametrize(("token", "why"), [("wrong", "does not accept the token")])
def test_a_wrong_token_is_said_so_and_not_shown(server: Server, poster: Poster, token: str, why: str) -> None:
    with pytest.raises(CannotPostError, match=why) as failed:
        poster(server, token)
    assert len(server.requests) == 1
    assert "wrong" not in str(failed.value)


def test_what_a_server_says_is_shown_without_the_token(github: GitHubServer, poster: Poster) -> None:
    said = f"token {TOKEN} lacks\n\x1b[31m the scope"
    github.faults = [Fault("POST", "comments", Answer(403, {"message": said}))]
    with pytest.raises(CannotPostError, match="does not allow it") as failed:
        poster(github)
    assert TOKEN not in str(failed.value)
    assert str(failed.value).isprintable()
    assert "lacks" in str(failed.value)


def test_a_login_page_is_no_answer(server: Server, poster: Poster) -> None:
    server.faults = [Fault("GET", ending, Answer(200, "<html>please log in</html>")) for ending in COMMENTS]
    with pytest.raises(CannotPostError, match="no JSON"):
        poster(server)
    assert posts(server) == 0


def test_a_missing_ticket_is_said_so(server: Server, poster: Poster) -> None:
    server.issue = server.issue.replace("12", "99").replace("3", "99")
    with pytest.raises(CannotPostError, match="knows no such ticket"):
        poster(server)
