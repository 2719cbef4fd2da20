"""Post a report to the ticket it is about: GitHub, GitLab or Jira, through their REST interfaces.

`attach` is the whole of it. What it needs from outside (the token, the clock's patience, somebody to tell) comes in
as arguments; the network is `web.py` alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from diagnose.attach.dry_run import Shown
from diagnose.attach.github import GitHub
from diagnose.attach.gitlab import GitLab
from diagnose.attach.jira import Jira
from diagnose.attach.material import Material
from diagnose.attach.posting import Posted, post
from diagnose.attach.tickets import System, Ticket
from diagnose.attach.trackers import TrackerType
from diagnose.attach.web import Say, Wait, Web

__all__ = ["Posted", "attach", "show"]

_TRACKERS: dict[System, TrackerType] = {"github": GitHub, "gitlab": GitLab, "jira": Jira}


def attach(ticket: Ticket, material: Material, token: str, say: Say, wait: Wait = time.sleep) -> list[Posted]:
    """Post the report and return where it is; raises CannotPostError. What is there already is not posted again."""
    kind = _TRACKERS[ticket.system]
    web = Web(ticket, kind.headers(token), token, wait, say)
    try:
        return post(kind(ticket, web), web, material, say)
    finally:
        web.close()


def show(ticket: Ticket, material: Material, token: str | None, say: Say, out: Callable[[str], None]) -> None:
    """Print the requests that `attach` would send, to a ticket that has no comments yet; sends nothing."""
    kind, secret = _TRACKERS[ticket.system], token or "none"
    web = Web(ticket, kind.headers(secret), secret, lambda _: None, say, Shown(out, kind.would_answer))
    try:
        post(kind(ticket, web), web, material, say)
    finally:
        web.close()
