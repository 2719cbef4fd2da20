"""How long a server asks to wait before the next request (pure but for the clock)."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

PAUSE_WITHOUT_WORD_SECONDS = 60.0
"""GitHub: wait at least a minute where a rate limit does not say how long (docs, "Rate limits for the REST API")."""
_LONGEST_TOLD_SECONDS = 366 * 86_400.0


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


def until(seconds: float) -> str:
    """Return the time until which a server asks to wait, in words."""
    if seconds > _LONGEST_TOLD_SECONDS:
        return "for years"
    return f"before {datetime.fromtimestamp(time.time() + seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
