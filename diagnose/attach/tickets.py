"""A ticket's URL, as a browser shows it: which system, where its REST interface is, and the issue in it (pure)."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, urlsplit

from diagnose.cgroups.paths import shown
from diagnose.errors import UsageError

System = Literal["github", "gitlab", "jira"]

_GITLAB = re.compile(
    r"/(?P<project>[\w.~%-]+(?:/[\w.~%-]+)+?)/-/(?P<what>issues|work_items|merge_requests)/(?P<number>\d+)/?"
)
_GITHUB = re.compile(r"/(?P<owner>[\w.-]+)/(?P<repository>[\w.-]+)/(?:issues|pull)/(?P<number>\d+)/?")
_JIRA = re.compile(r"(?P<base>(?:/[\w.~-]+)*)/browse/(?P<key>[A-Z][A-Z0-9_]*-\d+)/?")
_FORMS = (
    "https://github.com/OWNER/REPOSITORY/issues/12, https://gitlab.example/GROUP/PROJECT/-/issues/3 or "
    "https://jira.example/browse/ABC-12"
)


@dataclass(frozen=True)
class Ticket:
    system: System
    url: str
    """Without query and fragment."""
    api: str
    """Of the REST interface: "https://api.github.com"."""
    issue: str
    """The issue's path below `api`: "/repos/o/r/issues/12"."""
    local: bool
    """On this host, where http:// will do."""


def parse(text: str) -> Ticket:
    """Return the ticket; raises UsageError for an address that is none, or that a token must not be sent to."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise UsageError(f"{shown(text)} is no address of a ticket, host or port; give one like {_FORMS}") from error
    if not text.isascii() or not text.isprintable() or " " in text or parts.scheme not in ("http", "https") or not host:
        raise UsageError(f"{shown(text)} is no address of a ticket; give one like {_FORMS}")
    if parts.username is not None or parts.password is not None:
        raise UsageError("the ticket's address holds a user name or password; leave it out and use a token")
    if parts.scheme == "http" and not _is_local(host):
        raise UsageError(f"{shown(text)}: a token is not sent over http://, where anybody can read it; use https://")
    name = f"[{host}]" if ":" in host else host
    origin = f"{parts.scheme}://{name}" + (f":{port}" if port is not None else "")
    return _ticket(origin, host, parts.path, text)


def _ticket(origin: str, host: str, path: str, text: str) -> Ticket:
    local, url = _is_local(host), f"{origin}{path.rstrip('/')}"
    if found := _GITLAB.fullmatch(path):
        what = "merge_requests" if found["what"] == "merge_requests" else "issues"
        project = quote(found["project"], safe="%")
        return Ticket("gitlab", url, f"{origin}/api/v4", f"/projects/{project}/{what}/{found['number']}", local)
    if found := _JIRA.fullmatch(path):
        return Ticket("jira", url, f"{origin}{found['base']}/rest/api/2", f"/issue/{found['key']}", local)
    if found := _GITHUB.fullmatch(path):
        issue = f"/repos/{found['owner']}/{found['repository']}/issues/{found['number']}"
        return Ticket("github", url, _github_api(origin, host), issue, local)
    raise UsageError(f"{shown(text)} is no ticket of GitHub, GitLab or Jira; give its address, like {_FORMS}")


def _github_api(origin: str, host: str) -> str:
    """github.com and its data-residency hosts have an api. host; a GitHub Enterprise Server has it below /api/v3."""
    if host in ("github.com", "www.github.com"):
        return "https://api.github.com"
    return f"https://api.{host}" if host.endswith(".ghe.com") else f"{origin}/api/v3"


def _is_local(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
