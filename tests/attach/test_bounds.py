"""What a server sends decides neither how much memory an answer takes nor how long it is waited for."""

from __future__ import annotations

import gzip
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from diagnose.attach import web
from diagnose.attach.tickets import parse
from diagnose.attach.web import UnclearError, Web
from diagnose.errors import CannotPostError
from tests.attach.conftest import Poster
from tests.helpers.ticket_servers import COMMENTS, Answer, Fault, GitHubServer

ZEROS = b"\0" * (64 << 20)


def answering(server: GitHubServer, body: bytes, encoding: str) -> GitHubServer:
    packed = Answer(200, body, {"Content-Encoding": encoding})
    server.faults = [Fault("GET", ending, packed, times=99) for ending in COMMENTS]
    return server


def test_an_answer_that_unpacks_without_an_end_is_left(
    github: GitHubServer, poster: Poster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "MAX_ANSWER_BYTES", 1 << 20)
    bomb = gzip.compress(ZEROS)
    assert len(bomb) < 70_000
    tracemalloc.start()
    try:
        with pytest.raises(CannotPostError, match="more than any ticket holds"):
            poster(answering(github, bomb, "gzip"))
        assert tracemalloc.get_traced_memory()[1] < len(ZEROS) // 2
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("encoding", ["gzip, gzip", "deflate", "br", "gzip,identity", "x"])
def test_what_was_not_asked_for_is_not_unpacked(github: GitHubServer, poster: Poster, encoding: str) -> None:
    with pytest.raises(CannotPostError, match="not asked for"):
        poster(answering(github, gzip.compress(gzip.compress(ZEROS)), encoding))


def test_a_packed_answer_is_read(github: GitHubServer, poster: Poster) -> None:
    github.faults = [Fault("GET", "comments", Answer(200, gzip.compress(b"[]"), {"Content-Encoding": "GZIP"}))]
    poster(github)
    assert len(github.comments) == 1


def test_a_damaged_packed_answer_is_no_traceback(github: GitHubServer, poster: Poster) -> None:
    with pytest.raises(CannotPostError, match="damaged"):
        poster(answering(github, b"\x1f\x8b nothing", "gzip"))


@contextmanager
def dripping(send: Callable[[socket.socket, threading.Event], None]) -> Iterator[str]:
    """A server that answers as `send` does, until it is told to stop."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while not over.is_set():
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    try:
                        connection.recv(65_536)
                        send(connection, over)
                    except OSError:
                        continue

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/o/r/issues/12"
        finally:
            over.set()
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def slow_body(connection: socket.socket, over: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while not over.wait(0.05):
        connection.sendall(b" ")


def slow_headers(connection: socket.socket, over: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while not over.wait(0.05):
        connection.sendall(b"x")


@pytest.mark.parametrize("send", [slow_body, slow_headers])
def test_an_answer_in_drops_is_not_waited_for(
    send: Callable[[socket.socket, threading.Event], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "REQUEST_SECONDS", 0.5)
    with dripping(send) as ticket:
        client = Web(parse(ticket), {}, "token", lambda _: None, lambda _: None)
        try:
            begin = time.monotonic()
            with pytest.raises(UnclearError, match="takes too long"):
                client.post("/x")
            assert time.monotonic() - begin < 20  # it would go on for hours: no measure of speed
        finally:
            client.close()
