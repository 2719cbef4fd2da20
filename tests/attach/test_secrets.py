"""No form of a token is ever printed: not echoed by a server, not in a traceback."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnose.attach import material
from diagnose.attach.secrets import MASK, Secrets
from diagnose.cli import _streams, main
from diagnose.errors import CannotPostError
from tests.attach.conftest import Poster
from tests.helpers.ticket_servers import COMMENTS, TOKEN, Answer, Fault, GitHubServer, JiraServer

BASIC = "ops@example.com:t0ken/with+signs=="
PRINTABLE = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=6, max_size=40)


def forms(secret: str) -> list[str]:
    encoded = base64.b64encode(secret.encode()).decode()
    return [
        secret,
        quote(secret, safe=""),
        json.dumps(secret)[1:-1],
        encoded,
        encoded.rstrip("="),
        secret.encode().hex(),
    ]


@given(secret=PRINTABLE, before=st.text(max_size=10), after=st.text(max_size=10))
def test_no_form_of_a_secret_is_left(secret: str, before: str, after: str) -> None:
    for form in forms(secret):
        assert MASK in Secrets([secret]).hidden(f"{before} {form} {after}")
        assert form not in Secrets([secret]).hidden(f" {form} ")


def test_the_token_of_basic_credentials_is_a_secret_by_itself() -> None:
    assert Secrets([BASIC]).hidden(f"bad token {BASIC.partition(':')[2]}!") == f"bad token {MASK}!"
    assert Secrets([]).hidden("as it is") == "as it is"


@pytest.mark.parametrize("form", forms(TOKEN))
@pytest.mark.parametrize("status", [403, 502])
def test_a_token_in_a_reason_phrase_is_masked(github: GitHubServer, poster: Poster, form: str, status: int) -> None:
    refusal = Answer(status, "no", reason=f"no to {form}")
    github.faults = [Fault("GET", ending, refusal, times=99) for ending in COMMENTS]
    with pytest.raises(CannotPostError) as caught:
        poster(github)
    assert form not in f"{caught.value}{poster.said}"
    assert MASK in str(caught.value)


def test_basic_credentials_are_masked_as_they_go_over_the_wire(jira: JiraServer, poster: Poster) -> None:
    encoded = base64.b64encode(BASIC.encode()).decode()
    jira.faults = [Fault("GET", "comment", Answer(403, {"message": f"Basic {encoded} refused, {BASIC}"}), times=9)]
    with pytest.raises(CannotPostError) as caught:
        poster(jira, BASIC)
    assert encoded not in str(caught.value)
    assert "t0ken" not in str(caught.value)


def test_a_traceback_shows_none(
    poster: Poster, github: GitHubServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_: Path) -> None:
        print(f"printed {TOKEN}")
        raise RuntimeError(f"what it knew: {TOKEN} {base64.b64encode(TOKEN.encode()).decode()}")

    loaded = material.load
    monkeypatch.setattr("diagnose.attach.attach", lambda *_, **__: broken(poster.folder))
    monkeypatch.setenv("DIAGNOSE_DEBUG", "1")
    monkeypatch.setenv("DIAGNOSE_TOKEN", TOKEN)
    with pytest.raises(SystemExit):
        main(["attach", github.ticket, str(poster.folder)])
    said = capsys.readouterr()
    assert loaded(poster.folder)
    assert "Traceback" in said.err
    assert TOKEN not in said.err + said.out
    assert f"printed {MASK}" in said.out
    assert not isinstance(sys.stderr, _streams._Masked)
