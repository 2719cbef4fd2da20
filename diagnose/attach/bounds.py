"""How much of an answer is read, and for how long: what a server sends decides neither.

Answers are unpacked here rather than by the client, which unpacks whole blocks, and as many layers as a server names:
5 kB of gzip in gzip become gigabytes.
"""

from __future__ import annotations

import socket
import threading
import zlib
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import httpx

from diagnose.errors import CannotPostError

_BLOCK = 1 << 16
_GZIP = 16 + zlib.MAX_WBITS


class Deadline:
    """Ends a request after so many seconds, wherever it stands: its connection is shut down under it.

    The client's own timeouts are for each read, and one byte a second never meets them. `passed` says that it was this.
    """

    def __init__(self, seconds: float, request: httpx.Request) -> None:
        self.seconds, self.passed = seconds, False
        self._socket: socket.socket | None = None
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True
        # The client tells of each connection that it makes; it keeps none, so that this is the one in use.
        request.extensions = {**request.extensions, "trace": self._noted}

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        if self.passed and isinstance(error, httpx.HTTPError):
            raise httpx.ReadTimeout(f"no whole answer within {self.seconds:g} s") from error

    def _noted(self, event: str, info: dict[str, Any]) -> None:
        if event.endswith(("connect_tcp.complete", "start_tls.complete")) and info.get("return_value") is not None:
            self._socket = info["return_value"].get_extra_info("socket") or self._socket

    def _end(self) -> None:
        self.passed = True
        if self._socket is not None:
            with suppress(OSError):  # closed meanwhile: the request is over
                self._socket.shutdown(socket.SHUT_RDWR)


def content_of(response: httpx.Response, most: int) -> bytes:
    """Return the content of an answer, unpacked; raises CannotPostError beyond `most` bytes."""
    if response.is_stream_consumed:  # made in this process: a dry run
        return response.content
    unpack = _unpacker(response)
    content = bytearray()
    for packed in response.iter_raw(_BLOCK):
        while packed:
            if unpack is None:
                content += packed
                packed = b""
            else:
                content += _unpacked(unpack, packed, response)
                packed = unpack.unconsumed_tail
            if len(content) > most:
                host = response.request.url.host
                raise CannotPostError(f"{host} answers with more than any ticket holds ({most >> 20} MiB)")
    return bytes(content)


def _unpacker(response: httpx.Response) -> Any:
    """Return what unpacks an answer, None where nothing has to; gzip is all that was asked for."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding in ("", "identity"):
        return None
    if encoding == "gzip":
        return zlib.decompressobj(_GZIP)
    host = response.request.url.host
    raise CannotPostError(f"{host} packs its answer in a way that was not asked for; is there a proxy in between?")


def _unpacked(unpack: Any, packed: bytes, response: httpx.Response) -> bytes:
    try:
        part: bytes = unpack.decompress(packed, _BLOCK)
    except zlib.error as error:
        raise httpx.DecodingError("the answer is damaged", request=response.request) from error
    return part
