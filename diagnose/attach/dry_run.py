"""`--dry-run`: every request is shown instead of sent. The token is masked, nothing is connected to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

from diagnose.escape import shortened

_SECRET = ("authorization", "private-token")
_LEFT_OUT = ("accept-encoding", "connection", "host", "user-agent")
_START = 300


class Shown(httpx.BaseTransport):
    """Stands where the network would be; `answer` is what the system would say to a method and a path."""

    def __init__(self, show: Callable[[str], None], answer: Callable[[str, str], Any]) -> None:
        self._show, self._answer = show, answer

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        body = request.read()
        self._show(described(request, body))
        return httpx.Response(200, json=self._answer(request.method, request.url.path))


def described(request: httpx.Request, body: bytes) -> str:
    """Return a request as lines: method and address, headers, the body's size and how it begins."""
    lines = [f"{request.method} {request.url}"]
    for name, value in request.headers.items():
        if name.lower() not in _LEFT_OUT:
            lines.append(f"  {name}: {_masked(value) if name.lower() in _SECRET else shortened(value, 200)}")
    if body:
        lines += [f"  body: {len(body):,} bytes, beginning with", f"  {_start(body)}"]
    return "\n".join(lines)


def _masked(value: str) -> str:
    scheme, space, _ = value.partition(" ")
    return f"{scheme} ****" if space else "****"


def _start(body: bytes) -> str:
    return shortened(body[:_START].decode(errors="replace"), _START + 50)
