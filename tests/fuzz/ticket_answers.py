"""`diagnose attach`: the folder to post, the token, the ticket's address, and whatever the ticket system answers."""

from __future__ import annotations

import gzip
import json
import os
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import httpx

from diagnose.attach import material, tickets, tokens
from diagnose.attach.github import GitHub
from diagnose.attach.gitlab import GitLab
from diagnose.attach.jira import Jira
from diagnose.attach.posting import post
from diagnose.attach.web import Web
from diagnose.capture.redact import read_key
from diagnose.errors import DiagnoseError
from diagnose.report.formats.json_text import render_json
from diagnose.report.formats.markdown import render_markdown
from tests.fuzz.messages import in_lines
from tests.fuzz.mutations import NUMBERS, WORDS, json_text, odd_name, spoilt_bytes, spoilt_json
from tests.helpers.example_report import example_report

SECRET = b"what is outside of the report's folder"
SYSTEMS = {
    "https://github.com/o/r/issues/12": GitHub,
    "https://gitlab.example/g/p/-/issues/3": GitLab,
    "https://jira.example/browse/ABC-12": Jira,
}
COMMENT = {"id": 7, "html_url": "https://github.com/o/r/issues/12#1", "body": "hello", "url": "/uploads/a/b.png"}
ANSWERS: tuple[Any, ...] = (
    COMMENT,
    [COMMENT] * 3,
    {"comments": [COMMENT], "total": 1, "fields": {"attachment": [{"filename": "a.png"}]}},
    {"message": "no", "errors": ["no"]},
)
STATUSES = (200, 200, 200, 201, 204, 301, 307, 400, 403, 404, 429, 500, 503, 999)
HEADERS = {
    "content-type": ("application/json", "text/html; charset=hex", "application/json; charset=utf-7", "x"),
    "content-encoding": ("gzip", "deflate", "identity", "x"),
    "link": ('<https://api.github.com/x?page=2>; rel="next"', '<https://elsewhere/>; rel="next"', "<", ";;=,"),
    "location": ("/x", "https://elsewhere.example/", "http://[", "//", "data:x"),
    "retry-after": (
        "5",
        "Mon, 01 Jan 0001 00:00:00 +2359",
        "Fri, 31 Dec 9999 23:59:59 -2359",
        "9" * 400,
        "99999999999",
    ),
    "x-ratelimit-remaining": ("0",),
    "x-ratelimit-reset": ("0", "9" * 30, "9" * 400),
}
PICTURE = b"\x89PNG\r\n\x1a\n"


class Answering(httpx.BaseTransport):
    """Stands where the network would be, and answers anything."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        random = self._random
        if random.random() < 0.05:
            raise httpx.ReadError("connection reset\nby \x1b peer")
        headers = [(name, _header(random, name)) for name in random.sample(sorted(HEADERS), random.randrange(4))]
        return httpx.Response(random.choice(STATUSES), headers=headers, stream=Body(_body(random)))


class Body(httpx.SyncByteStream):
    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        yield from self._chunks


def _header(random: Random, name: str) -> bytes:
    value = random.choice((*HEADERS[name], *WORDS, *map(str, NUMBERS[:-1])))
    kept = value.replace("\r", "").replace("\n", "").replace("\0", "")  # a client takes no others off the wire
    return kept.encode("utf-8", "surrogatepass")


def _body(random: Random) -> Iterator[bytes]:
    if random.randrange(300) == 137:  # random() is 0 far too often: hypothesis likes it
        while True:
            yield b"[" * 2**20
    content = json_text(random, spoilt_json(random, json.loads(json.dumps(random.choice(ANSWERS)))))
    yield gzip.compress(content) if random.random() < 0.2 else content


def ticket_answers(random: Random) -> None:
    """Post a report to a ticket of a system that answers as none does."""
    url = random.choice(sorted(SYSTEMS))
    ticket = tickets.parse(url)
    pictures = (material.Picture("latency.png", PICTURE),)
    report = material.Material(_markdown(), None, pictures, "a" * 64, redacted=False)
    said: list[str] = []
    web = Web(ticket, SYSTEMS[url].headers("s3cret"), "s3cret", lambda _: None, said.append, Answering(random))
    try:
        posted = post(SYSTEMS[url](ticket, web), web, report, said.append)
        assert posted
    except DiagnoseError as error:
        in_lines(error)
        said.append(str(error))
    finally:
        web.close()
    assert not any("s3cret" in line for line in said), said


@cache
def _markdown() -> str:
    return render_markdown(example_report())


@cache
def _json() -> bytes:
    return render_json(example_report()).encode()


def report_folders(random: Random) -> None:
    """What `attach` takes from a folder: the files, and nothing that lies elsewhere; and the files of secrets."""
    with tempfile.TemporaryDirectory() as name:
        folder, outside = Path(name) / "report", Path(name) / "outside"
        (folder / "charts").mkdir(parents=True)
        outside.write_bytes(SECRET)
        usual = {
            "report.md": _markdown().encode(),
            "report.json": _json(),
            "report.jira.txt": b"h1. A\n",
            "capture.json.gz": b"x",
            f"charts/{odd_name(random, 'latency.png')}": PICTURE,
            "a.png": PICTURE,
        }
        for path, content in usual.items():
            _put(random, folder / path, content, outside)
        (Path(name) / "secret").write_bytes(spoilt_bytes(random, b"s3cret-t0ken-of-32-bytes\n"))
        for take in (_taken, _secrets):
            try:
                take(folder if take is _taken else Path(name) / "secret")
            except DiagnoseError as error:
                in_lines(error)
        try:
            tickets.parse(
                spoilt_bytes(random, random.choice(sorted(SYSTEMS)).encode()).decode(errors="surrogateescape")
            )
        except DiagnoseError as error:
            in_lines(error)


def _taken(folder: Path) -> None:
    found = material.load(folder)
    taken = [found.markdown.encode(), (found.jira or "").encode(), *(p.content for p in found.pictures)]
    assert SECRET not in taken


def _secrets(file: Path) -> None:
    token = tokens.find_token("github", file, {})
    assert token is not None
    assert token.isprintable()
    read_key(file)


def _put(random: Random, path: Path, content: bytes, outside: Path) -> None:
    kind = random.randrange(12)
    if kind == 0:
        path.symlink_to(outside)
    elif kind == 1:
        path.symlink_to(random.choice(("/dev/zero", path.name, "/nowhere")))
    elif kind == 2:
        os.mkfifo(path)
    elif kind == 3:
        path.mkdir()
    elif kind == 4:
        path.write_bytes(spoilt_bytes(random, content))
    elif kind > 5:
        path.write_bytes(content)
