"""What every ticket system must be able to do, and the one for a ticket."""

from __future__ import annotations

from typing import Any, Protocol

from diagnose.attach.material import Material
from diagnose.attach.tickets import Ticket
from diagnose.attach.web import Say, Web


class Tracker(Protocol):
    """One ticket, reached through a `Web`."""

    def texts(self) -> dict[str, str]:
        """Return all comments of the ticket, by their address."""

    def comments(self, material: Material, say: Say) -> list[str]:
        """Return the comments to post, in order; uploads pictures first, where the system takes any."""

    def post(self, text: str) -> str:
        """Post one comment and return its address; raises UnclearError where nobody knows whether it is there."""


class TrackerType(Protocol):
    """How a system is reached: what a request carries, and what it would answer (for a dry run)."""

    def __call__(self, ticket: Ticket, web: Web) -> Tracker: ...

    def headers(self, token: str) -> dict[str, str]:
        """Return what shows who asks."""

    def would_answer(self, method: str, path: str) -> Any:
        """Return the JSON of an answer to a request that is not sent."""
