"""Jira, Cloud and Data Center: comments in wiki markup and attachments (REST API 2, which both have).

Attachments carry the capture's hash in their names, so that one that is there already is not attached again.
"""

from __future__ import annotations

import base64
import re
from typing import Any

from diagnose.attach.answers import Record, listed, record
from diagnose.attach.comments import JIRA_LIMIT, jira_comments, preformatted_for_jira, with_jira_pictures
from diagnose.attach.material import Material, Picture
from diagnose.attach.tickets import Ticket
from diagnose.attach.web import RefusedError, Say, UnclearError, Web

PAGE = 100
MAX_PAGES = 100
_TRIES = 3
_XSRF = {"X-Atlassian-Token": "no-check"}
"""Without it Jira blocks an upload as a forgery."""


class Jira:
    def __init__(self, ticket: Ticket, web: Web) -> None:
        self._ticket, self._web = ticket, web

    @staticmethod
    def headers(token: str) -> dict[str, str]:
        """EMAIL:TOKEN is basic authentication, which Jira Cloud wants; a personal access token is a bearer token."""
        if ":" in token:
            return {"Authorization": f"Basic {base64.b64encode(token.encode()).decode()}"}
        return {"Authorization": f"Bearer {token}"}

    @staticmethod
    def would_answer(method: str, path: str) -> Any:
        if path.endswith("/attachments"):
            return []
        if method == "GET":
            return {"comments": [], "total": 0, "fields": {"attachment": []}}
        return {"id": "(the new comment)"}

    def texts(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for _ in range(MAX_PAGES):
            answer = self._web.get(f"{self._ticket.issue}/comment", startAt=len(found), maxResults=PAGE)
            page = record(answer)
            comments, total = listed(page, "comments", answer), page.get("total")
            found |= {self._address(comment): str(comment.get("body")) for comment in comments}
            if not comments or not isinstance(total, int) or len(found) >= total:
                break
        return found

    def comments(self, material: Material, say: Say) -> list[str]:
        names: dict[str, str] = {}
        there = self._attached() if material.pictures else set()
        for picture in material.pictures:
            name = f"diagnose-{material.identity[:8]}-{re.sub('[^A-Za-z0-9._-]', '-', picture.name)}"
            try:
                if name not in there:
                    self._attach(name, picture)
                names[picture.name] = name
            except RefusedError as error:
                say(f"{picture.name} stays behind: {error}")
        text = material.jira if material.jira is not None else preformatted_for_jira(material.markdown)
        return jira_comments(with_jira_pictures(text, names), material.identity, JIRA_LIMIT)

    def post(self, text: str) -> str:
        return self._address(record(self._web.post(f"{self._ticket.issue}/comment", json={"body": text})))

    def _attached(self) -> set[str]:
        answer = self._web.get(self._ticket.issue, fields="attachment")
        fields = record(answer).get("fields")
        files = listed(fields, "attachment", answer) if isinstance(fields, dict) else []
        return {str(file.get("filename")) for file in files}

    def _attach(self, name: str, picture: Picture) -> None:
        for attempt in range(1, _TRIES + 1):
            try:
                files = {"file": (name, picture.content, "image/png")}
                self._web.post(f"{self._ticket.issue}/attachments", files=files, headers=_XSRF)
                return
            except UnclearError as error:
                self._web.pause(attempt, str(error))
                if name in self._attached():
                    return
                if attempt == _TRIES:
                    raise

    def _address(self, comment: Record) -> str:
        return f"{self._ticket.url}?focusedCommentId={comment.get('id')}"
