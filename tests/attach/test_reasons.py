"""Why a request failed is said in the system's words or ours, not in those of a version of httpx."""

from __future__ import annotations

import errno
import os
import socket
import ssl

import httpx
import pytest

from diagnose.attach.web import reason

EXPIRED = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] and more")
EXPIRED.verify_message = "certificate has expired"


@pytest.mark.parametrize(
    ("error", "cause", "said"),
    [
        (httpx.ConnectError("[Errno 111]"), ConnectionRefusedError(111, "Connection refused"), "Connection refused"),
        (httpx.ConnectError("x"), OSError(errno.EHOSTUNREACH, os.strerror(errno.EHOSTUNREACH)), "No route to host"),
        (httpx.ConnectError("x"), socket.gaierror(-2, "Name or service not known"), "its name is not known here"),
        (httpx.ConnectError("x"), EXPIRED, "certificate has expired"),
        (httpx.ConnectError("x"), ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER]"), "no TLS connection"),
        (httpx.ConnectTimeout("timed out"), TimeoutError("timed out"), "it does not answer"),
        (httpx.ReadTimeout("timed out"), None, "it takes too long to answer"),
        (httpx.ProxyError("407"), None, "the proxy refuses"),
        (httpx.RemoteProtocolError("illegal status line"), None, "it broke off, or does not speak HTTP"),
        (httpx.ReadError(""), None, "it broke off"),
        (httpx.DecodingError("zlib"), None, "its answer is damaged"),
        (httpx.TooManyRedirects("x"), None, "TooManyRedirects"),
    ],
)
def test_the_reason_is_said_in_plain_words(error: httpx.HTTPError, cause: BaseException | None, said: str) -> None:
    error.__cause__ = cause
    assert reason(error) == said
