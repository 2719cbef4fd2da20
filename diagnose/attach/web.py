"""Requests to a ticket system that hold a token: to one host, over TLS, with patience.

What is repeated: reading, after any failure that may pass; writing, only where the server asked to slow down and so
did nothing. Any other failed writing is unclear: it is the caller who looks whether it took effect (`posting.py`).
Redirects are followed on the same host alone, since a token would go along.
"""

from __future__ import annotations

import json
import os
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from diagnose import __version__
from diagnose.attach.bounds import Deadline, content_of
from diagnose.attach.secrets import Secrets
from diagnose.attach.tickets import Ticket
from diagnose.errors import CannotPostError
from diagnose.escape import shortened

ATTEMPTS = 5
LONGEST_PAUSE_SECONDS = 120.0
"""What a server may ask to wait; a person would rather come back than watch a longer one."""
PAUSE_WITHOUT_WORD_SECONDS = 60.0
"""GitHub: wait at least a minute where a rate limit does not say how long (docs, "Rate limits for the REST API")."""
MAX_REDIRECTS = 3
TIMEOUT = httpx.Timeout(30.0, connect=10.0, write=60.0)
REQUEST_SECONDS = 300.0
"""For one request, from the first byte sent to the last one read: a server may also answer a byte a second."""
MAX_ANSWER_BYTES = 128 * 2**20
"""A page of a hundred comments of the longest kind (GitLab's) takes that much, unpacked."""
_OF_THE_WIRE = (b"content-encoding", b"content-length", b"transfer-encoding")
"""What a body looked like before it was read."""
_LONGEST_TOLD_SECONDS = 366 * 86_400.0
_ENVIRONMENT = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy", "SSL_CERT_FILE",
                "SSL_CERT_DIR")  # fmt: skip
_REASONS: dict[type[httpx.HTTPError], str] = {
    httpx.ConnectTimeout: "it does not answer",
    httpx.TimeoutException: "it takes too long to answer",
    httpx.ProxyError: "the proxy refuses",
    httpx.UnsupportedProtocol: "it is reached by neither http nor https",
    httpx.ProtocolError: "it broke off, or does not speak HTTP",
    httpx.NetworkError: "it broke off",
    httpx.DecodingError: "its answer is damaged",
}
_PASSING = (500, 502, 503, 504)

Wait = Callable[[float], None]
Say = Callable[[str], None]


class UnclearError(CannotPostError):
    """A writing request failed in such a way that nobody knows whether the server carried it out."""


class RefusedError(CannotPostError):
    """The server answered and said no; `status` is the HTTP status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Web:
    """A client for one ticket system. `wait` sleeps, `say` tells the person what is waited for."""

    def __init__(
        self, ticket: Ticket, headers: dict[str, str], token: str, wait: Wait, say: Say,
        transport: httpx.BaseTransport | None = None,
    ) -> None:  # fmt: skip
        self._api, self._secrets, self._wait, self._say = ticket.api, Secrets([token]), wait, say
        try:
            self._client = httpx.Client(
                headers={
                    "User-Agent": f"diagnose/{__version__}",
                    "Accept": "application/json",
                    "Accept-Encoding": "gzip",
                    **headers,
                },
                timeout=TIMEOUT,
                limits=httpx.Limits(max_keepalive_connections=0),  # see Deadline
                follow_redirects=False,
                transport=transport,
                trust_env=not ticket.local,  # a proxy has no business between two programs of one host
            )
        except (ImportError, ValueError, OSError, httpx.InvalidURL) as error:
            named = " and ".join(name for name in _ENVIRONMENT if os.environ.get(name))
            raise CannotPostError(
                f"the proxy or certificates that the environment names cannot be used; check {named or 'them'}"
            ) from error

    def close(self) -> None:
        self._client.close()

    def get(self, path: str, **parameters: str | int) -> httpx.Response:
        """Return the answer to a reading request; `path` may be a whole address on the same host (a next page)."""
        request = self._request("GET", path, params=parameters or None)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._answer(request)
            except UnclearError as error:
                if attempt == ATTEMPTS:
                    raise
                self.pause(attempt, str(error))
        raise AssertionError("the last attempt returns or raises")

    def post(
        self, path: str, json: Any = None, files: Any = None, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """Return the answer to a writing request; raises UnclearError where it may have been carried out or not."""
        return self._answer(self._request("POST", path, json=json, files=files, headers=headers))

    def pause(self, attempt: int, why: str) -> None:
        """Wait before the next attempt, twice as long each time."""
        seconds = float(2 ** (attempt - 1))
        self._say(f"{why}; trying again in {seconds:g} s")
        self._wait(seconds)

    def between(self) -> None:
        """Wait between two writing requests, as GitHub asks for (docs, "Best practices for using the REST API")."""
        self._wait(1.0)

    def _request(self, method: str, path: str, **content: Any) -> httpx.Request:
        try:
            return self._client.build_request(
                method, path if path.startswith("http") else f"{self._api}{path}", **content
            )
        except httpx.InvalidURL as error:  # the server has named it
            raise CannotPostError(f"{shortened(path)} is no address") from error

    def _answer(self, request: httpx.Request) -> httpx.Response:
        """Send, waiting as long as the server asks to slow down; raises UnclearError or RefusedError."""
        for _ in range(ATTEMPTS):
            response = self._redirected(request)
            seconds = asked_to_wait(response, time.time())
            if seconds is None or response.status_code in _PASSING:
                return self._good(request, response)
            if seconds > LONGEST_PAUSE_SECONDS:
                raise CannotPostError(
                    f"{request.url.host} takes no more requests {_until(seconds)} (rate limit); try again then, "
                    "nothing is posted twice"
                )
            self._say(f"{request.url.host} asks to slow down; going on in {seconds:.0f} s")
            self._wait(seconds)
        raise CannotPostError(f"{request.url.host} still asks to slow down after {ATTEMPTS} attempts; try again later")

    def _redirected(self, request: httpx.Request) -> httpx.Response:
        origin = _origin(request.url)
        for _ in range(MAX_REDIRECTS + 1):
            response = self._send(request)
            if not response.has_redirect_location:
                return response
            target = request.url.join(response.headers["location"])  # httpx has refused one that is no address
            if _origin(target) != origin:
                raise CannotPostError(
                    f"{request.url.host} redirects to {shortened(target.host)}, which does not get the token; "
                    "give the ticket's address there"
                )
            if request.method != "GET" and response.status_code not in (307, 308):
                raise CannotPostError(f"the ticket has moved to {_page(target)}; give its present address")
            request = self._client.build_request(
                request.method,
                target,
                headers=_own(request),
                content=None if request.method == "GET" else request.read(),
            )
        raise CannotPostError(f"{request.url.host} redirects in a circle; check the ticket's address")

    def _send(self, request: httpx.Request) -> httpx.Response:
        if _origin(request.url) != _origin(httpx.URL(self._api)):
            raise CannotPostError(f"{shortened(request.url.host)} is another host, which does not get the token")
        try:
            with Deadline(REQUEST_SECONDS, request):
                return _whole(self._client.send(request, stream=True))
        except httpx.InvalidURL as error:
            raise CannotPostError(f"{request.url.host} redirects to what is no address") from error
        except httpx.HTTPError as error:
            if any(isinstance(cause, httpx.InvalidURL) for cause in _causes(error)):
                raise CannotPostError(f"{request.url.host} redirects to what is no address") from error
            why = reason(error)
            if any(isinstance(cause, ssl.SSLError) for cause in _causes(error)):
                raise CannotPostError(f"{request.url.host} is not who it says it is, or not trusted ({why})") from error
            raise UnclearError(f"the connection to {request.url.host} failed ({why})") from error

    def _good(self, request: httpx.Request, response: httpx.Response) -> httpx.Response:
        status = response.status_code
        if status in _PASSING:
            raise UnclearError(self._hidden(f"{request.url.host} answers {status} {response.reason_phrase}"))
        if response.is_success:
            return response
        raise RefusedError(f"{request.url.host} {_meaning(status)}: {self._hidden(_message(response))}", status)

    def _hidden(self, text: str) -> str:
        """Return what a server or library said, on one line, without the token."""
        return shortened(self._secrets.hidden(text), 300)


def reason(error: httpx.HTTPError) -> str:
    """Return why a request failed: the system's word for it, or ours; a library's are others in another version."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return cause.verify_message
        if isinstance(cause, ssl.SSLError):
            return "no TLS connection"
        if isinstance(cause, socket.gaierror):
            return "its name is not known here"
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
    return next((words for kind, words in _REASONS.items() if isinstance(error, kind)), type(error).__name__)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what it was made of, the outermost first."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def asked_to_wait(response: httpx.Response, now: float) -> float | None:
    """Return the seconds that a server asks to wait, None if it does not; `now` is in seconds since the epoch.

    429, and GitHub's 403 (also for its secondary limits, which say so in words alone); GitLab names its headers
    RateLimit-*, GitHub X-RateLimit-*, both with the time of the reset in seconds since the epoch.
    """
    headers = response.headers
    limited = headers.get("x-ratelimit-remaining", headers.get("ratelimit-remaining")) == "0"
    if response.status_code == 403 and not (
        limited or "retry-after" in headers or b"rate limit" in response.content.lower()
    ):
        return None
    if response.status_code not in (403, 429):
        return None
    after, reset = headers.get("retry-after"), headers.get("x-ratelimit-reset", headers.get("ratelimit-reset"))
    if after is not None and (seconds := _seconds(after, now)) is not None:
        return seconds
    if limited and reset is not None and reset.isascii() and reset.isdigit():
        return max(0.0, float(reset) - now)
    return PAUSE_WITHOUT_WORD_SECONDS


def _seconds(after: str, now: float) -> float | None:
    """Return the seconds of Retry-After: a number, or a date (RFC 9110, 10.2.3)."""
    if after.isascii() and after.isdigit():
        return float(after)
    try:
        return max(0.0, parsedate_to_datetime(after).timestamp() - now)
    except ValueError:
        return None


def _until(seconds: float) -> str:
    """Return the time until which a server asks to wait, in words."""
    if seconds > _LONGEST_TOLD_SECONDS:
        return "for years"
    return f"before {datetime.fromtimestamp(time.time() + seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _whole(response: httpx.Response) -> httpx.Response:
    """Return an answer with its content, unpacked to `MAX_ANSWER_BYTES` and no further; raises CannotPostError."""
    try:
        content = content_of(response, MAX_ANSWER_BYTES)
    finally:
        response.close()
    headers = [(name, value) for name, value in response.headers.raw if name.lower() not in _OF_THE_WIRE]
    return httpx.Response(
        response.status_code,
        headers=headers,
        content=content,
        request=response.request,
        extensions=response.extensions,
    )


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port or {"http": 80, "https": 443}.get(url.scheme)


def _own(request: httpx.Request) -> dict[str, str]:
    """Return the headers to repeat after a redirect; the client adds its own and counts the body."""
    return {
        k: v for k, v in request.headers.items() if k.lower() not in ("host", "content-length", "transfer-encoding")
    }


def _page(url: httpx.URL) -> str:
    return shortened(str(url).partition("?")[0], 200)


def _meaning(status: int) -> str:
    if status == 401:
        return "does not accept the token (401)"
    if status == 403:
        return "does not allow it with this token (403)"
    if status == 404:
        return "knows no such ticket, or the token may not see it (404)"
    return f"refuses it ({status})"


def _message(response: httpx.Response) -> str:
    """Return what the server says is wrong; each system has keys of its own for it."""
    try:
        document = json.loads(response.content)
    except (ValueError, RecursionError):
        return response.reason_phrase
    if not isinstance(document, dict):
        return response.reason_phrase
    said = [document.get(key) for key in ("message", "error", "errorMessages", "errors")]
    return "; ".join(str(words) for words in said if words) or response.reason_phrase
