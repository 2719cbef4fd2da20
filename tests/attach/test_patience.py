"""Rate limits are waited for if that is reasonable; redirects do not carry the token away."""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest

from diagnose.errors import CannotPostError
from tests.attach.conftest import Poster
from tests.helpers.ticket_servers import COMMENTS, Answer, Fault, GitHubServer, Server, serving

# ---------------------------------------------------------------- slow down


def test_a_rate_limit_is_waited_for(server: Server, poster: Poster) -> None:
    server.faults = [
        Fault("POST", ending, Answer(429, {"message": "slow"}, {"Retry-After": "7"})) for ending in COMMENTS
    ]
    poster(server)
    assert poster.waited == [7.0]
    assert len(server.comments) == 1
    assert "asks to slow down; going on in 7 s" in poster.said[-1]


def test_a_rate_limit_with_a_date_is_waited_for(github: GitHubServer, poster: Poster) -> None:
    date = formatdate(time.time() + 40, usegmt=True)
    github.faults = [Fault("GET", "comments", Answer(429, {}, {"Retry-After": date}))]
    poster(github)
    assert 0 < poster.waited[0] <= 40


def test_github_s_limit_comes_as_403_with_the_time_of_its_reset(github: GitHubServer, poster: Poster) -> None:
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time()) + 30)}
    github.faults = [Fault("POST", "comments", Answer(403, {"message": "API rate limit exceeded"}, headers))]
    poster(github)
    assert 0 < poster.waited[0] <= 31
    assert len(github.comments) == 1


def test_github_s_secondary_limit_without_headers_takes_a_minute(github: GitHubServer, poster: Poster) -> None:
    said = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}
    github.faults = [Fault("POST", "comments", Answer(403, said))]
    poster(github)
    assert poster.waited == [60.0]
    assert len(github.comments) == 1


def test_a_limit_that_lasts_long_is_not_sat_out(github: GitHubServer, poster: Poster) -> None:
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time()) + 3000)}
    github.faults = [Fault("GET", "comments", Answer(403, {"message": "API rate limit exceeded"}, headers), times=9)]
    with pytest.raises(CannotPostError, match=r"takes no more requests before 20.* UTC"):
        poster(github)
    assert poster.waited == []


def test_a_limit_that_never_ends_is_given_up_on(server: Server, poster: Poster) -> None:
    answer = Answer(429, {}, {"Retry-After": "1"})
    server.faults = [Fault("GET", ending, answer, times=99) for ending in COMMENTS]
    with pytest.raises(CannotPostError, match="still asks to slow down"):
        poster(server)


# ---------------------------------------------------------------- the token stays here


def test_a_redirect_to_another_host_gets_no_token(server: Server, poster: Poster) -> None:
    with serving(GitHubServer()) as other:
        target = f"{other.origin}/somewhere"
        for method in ("GET", "POST"):
            for status in (301, 302, 307, 308):
                server.faults = [Fault(method, end, Answer(status, {}, {"Location": target})) for end in COMMENTS]
                with pytest.raises(CannotPostError, match="does not get the token"):
                    poster(server)
        assert other.requests == []
    assert server.comments == []


def test_a_redirect_on_the_same_host_is_followed(github: GitHubServer, poster: Poster) -> None:
    there = {"Location": f"{github.path}?per_page=100&page=1"}
    github.faults = [
        Fault("GET", "comments", Answer(301, {}, there)),
        Fault("POST", "comments", Answer(307, {}, there)),
    ]
    poster(github)
    assert len(github.comments) == 1
    github.faults = [Fault("GET", "comments", Answer(301, {}, there), times=9)]
    with pytest.raises(CannotPostError, match="in a circle"):
        poster(github)


def test_a_moved_ticket_is_not_posted_to_as_if_it_were_read(github: GitHubServer, poster: Poster) -> None:
    github.faults = [
        Fault("POST", "comments", Answer(301, {}, {"Location": "/api/v3/repositories/1/issues/12/comments"}))
    ]
    with pytest.raises(CannotPostError, match="has moved"):
        poster(github)
    github.faults = [Fault("GET", "comments", Answer(302, {}, {"Location": "http://127.0.0.1:x/"}), times=9)]
    with pytest.raises(CannotPostError, match="redirects to what is no address"):
        poster(github)


def test_a_next_page_on_another_host_gets_no_token(github: GitHubServer, poster: Poster) -> None:
    with serving(GitHubServer()) as other:
        link = {"Link": f'<{other.origin}/api/v3/x>; rel="next"'}
        github.faults = [Fault("GET", "comments", Answer(200, [], link))]
        with pytest.raises(CannotPostError, match="is another host, which does not get the token"):
            poster(github)
        assert other.requests == []
