"""Ticket systems on this host: real HTTP servers that answer, page, limit and fail as GitHub, GitLab and Jira do."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

COMMENTS = ("comments", "notes", "comment")
"""The ends of the paths that comments are posted to."""
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
TOKEN = "s3cret-t0ken"  # noqa: S105 - of these servers alone


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, list[str]]
    headers: Any
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def upload(self) -> tuple[str, bytes]:
        """Return the name and content of the one file of a multipart body."""
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        (part,) = BytesParser(policy=HTTP).parsebytes(head + self.body).iter_parts()
        assert part.get_param("name", header="content-disposition") == "file"
        return part.get_filename(), part.get_payload(decode=True)


@dataclass
class Answer:
    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    reason: str | None = None


@dataclass
class Fault:
    """What goes wrong with the next `times` requests of a method whose path ends so.

    `carried_out`: the server does what it was asked before it fails; `dropped`: it closes the connection instead of
    answering.
    """

    method: str
    ending: str
    answer: Answer = field(default_factory=lambda: Answer(502, "<html>Bad gateway</html>"))
    times: int = 1
    after: int = 0
    """How many such requests go well first."""
    carried_out: bool = False
    dropped: bool = False


class Server:
    """A ticket system with one ticket. `issue` is its path in a browser."""

    issue = ""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.comments: list[str] = []
        self.files: dict[str, bytes] = {}
        self.faults: list[Fault] = []
        self.origin = ""

    @property
    def ticket(self) -> str:
        return f"{self.origin}{self.issue}"

    def sent(self, method: str, ending: str = "") -> list[Request]:
        return [r for r in self.requests if r.method == method and r.path.endswith(ending)]

    def handle(self, request: Request) -> Answer | None:
        """Answer one request; None closes the connection."""
        self.requests.append(request)
        fault = next((f for f in self.faults if f.method == request.method and request.path.endswith(f.ending)), None)
        if fault is None or fault.after > 0:
            if fault is not None:
                fault.after -= 1
            return self.answer(request)
        fault.times -= 1
        if fault.times == 0:
            self.faults.remove(fault)
        if fault.carried_out:
            self.answer(request)
        return None if fault.dropped else fault.answer

    def answer(self, request: Request) -> Answer:
        raise NotImplementedError


class GitHubServer(Server):
    issue = "/o/r/issues/12"
    path = "/api/v3/repos/o/r/issues/12/comments"
    limit = 65_536

    def answer(self, request: Request) -> Answer:
        if request.headers["Authorization"] != f"Bearer {TOKEN}":
            return Answer(401, {"message": "Bad credentials", "documentation_url": "https://docs.github.com/rest"})
        if request.path != self.path:
            return Answer(404, {"message": "Not Found"})
        if request.method == "GET":
            return self._page(int(request.query["per_page"][0]), int(request.query.get("page", ["1"])[0]))
        text = request.json["body"]
        if len(text) > self.limit:
            problem = {"resource": "IssueComment", "code": "unprocessable", "field": "data"}
            problem["message"] = "Body is too long (maximum is 65536 characters)"
            return Answer(422, {"message": "Validation Failed", "errors": [problem]})
        self.comments.append(text)
        return Answer(201, self._comment(len(self.comments)))

    def _page(self, size: int, page: int) -> Answer:
        numbers = range(1, len(self.comments) + 1)[(page - 1) * size : page * size]
        following = f"{self.origin}{self.path}?per_page={size}&page={page + 1}"
        more = (
            {"Link": f'<{following}>; rel="next", <{following}>; rel="last"'}
            if page * size < len(self.comments)
            else {}
        )
        return Answer(200, [self._comment(n) for n in numbers], more)

    def _comment(self, number: int) -> dict[str, Any]:
        return {"id": number, "html_url": f"{self.ticket}#issuecomment-{number}", "body": self.comments[number - 1]}


class GitLabServer(Server):
    issue = "/group/sub/project/-/issues/3"
    path = "/api/v4/projects/group%2Fsub%2Fproject"
    max_upload = 200_000

    def answer(self, request: Request) -> Answer:
        if request.headers["PRIVATE-TOKEN"] != TOKEN:
            return Answer(401, {"message": "401 Unauthorized"})
        if request.path == f"{self.path}/uploads" and request.method == "POST":
            return self._upload(*request.upload())
        if request.path != f"{self.path}/issues/3/notes":
            return Answer(404, {"message": "404 Project Not Found"})
        if request.method == "POST":
            self.comments.append(request.json["body"])
            return Answer(201, self._note(len(self.comments)))
        size, page = int(request.query["per_page"][0]), int(request.query["page"][0])
        newest_first = range(len(self.comments), 0, -1)
        return Answer(200, [self._note(n) for n in newest_first[(page - 1) * size : page * size]])

    def _upload(self, name: str, content: bytes) -> Answer:
        if len(content) > self.max_upload:
            return Answer(413, "<html>Request Entity Too Large</html>")
        url = f"/uploads/{len(self.files):032x}/{name}"
        self.files[url] = content
        return Answer(
            201, {"alt": name, "url": url, "full_path": f"/-/project/1{url}", "markdown": f"![{name}]({url})"}
        )

    def _note(self, number: int) -> dict[str, Any]:
        return {"id": number, "body": self.comments[number - 1], "system": False}


class JiraServer(Server):
    issue = "/jira/browse/ABC-12"
    path = "/jira/rest/api/2/issue/ABC-12"
    limit = 32_767
    authorization = f"Bearer {TOKEN}"
    can_attach = True

    def answer(self, request: Request) -> Answer:
        if request.headers["Authorization"] != self.authorization:
            return Answer(401, {"errorMessages": ["You do not have the permission to see the specified issue."]})
        if request.path == f"{self.path}/attachments":
            return self._attach(request)
        if request.path == self.path and request.query.get("fields") == ["attachment"]:
            return Answer(200, {"key": "ABC-12", "fields": {"attachment": [{"filename": n} for n in self.files]}})
        if request.path != f"{self.path}/comment":
            return Answer(404, {"errorMessages": ["Issue Does Not Exist"], "errors": {}})
        if request.method == "GET":
            return self._page(int(request.query["startAt"][0]), min(50, int(request.query["maxResults"][0])))
        text = request.json["body"]
        if len(text) > self.limit:
            said = "The entered text is too long. It exceeds the allowed limit of 32,767 characters."
            return Answer(400, {"errorMessages": [], "errors": {"comment": said}})
        self.comments.append(text)
        return Answer(201, self._comment(len(self.comments)))

    def _page(self, start: int, size: int) -> Answer:
        numbers = range(1, len(self.comments) + 1)[start : start + size]
        page = {"startAt": start, "maxResults": size, "total": len(self.comments)}
        return Answer(200, {**page, "comments": [self._comment(n) for n in numbers]})

    def _attach(self, request: Request) -> Answer:
        if request.headers["X-Atlassian-Token"] != "no-check":
            return Answer(403, "XSRF check failed")
        if not self.can_attach:
            return Answer(403, {"errorMessages": ["You do not have permission to create attachments for this issue."]})
        name, content = request.upload()
        self.files[name] = content
        return Answer(200, [{"filename": name, "size": len(content)}])

    def _comment(self, number: int) -> dict[str, Any]:
        return {"id": str(number), "body": self.comments[number - 1]}


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    """Run a server on a free port of this host."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _respond(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answer = server.handle(Request(self.command, parts.path, parse_qs(parts.query), self.headers, body))
            if answer is None:
                self.close_connection = True
                return
            content = _content(answer.body)
            self.send_response(answer.status, answer.reason)
            kind = "text/html" if isinstance(answer.body, str) else "application/json"
            for name, value in {"Content-Type": kind, "Content-Length": str(len(content)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _respond  # noqa: N815 - the names that http.server looks for

        def log_message(self, *_: object) -> None:
            """The requests are kept by the server."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        server.origin = f"http://127.0.0.1:{listening.server_port}"
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            listening.shutdown()
            thread.join()


def _content(body: Any) -> bytes:
    """Return what goes over the wire: bytes as they are, a text, or anything else as JSON."""
    if isinstance(body, bytes):
        return body
    return (body if isinstance(body, str) else json.dumps(body)).encode()


def shown_pictures(text: str) -> list[str]:
    """Return the addresses of the pictures in a Markdown comment."""
    return [unquote(source) for source in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", text)]


def posts(server: Server) -> int:
    """Return how many comments a server was asked to take."""
    return sum(len(server.sent("POST", ending)) for ending in COMMENTS)
