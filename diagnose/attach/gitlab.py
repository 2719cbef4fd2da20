"""GitLab: notes on issues and merge requests, pictures through the project's uploads (docs.gitlab.com, REST API)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from diagnose.attach.answers import Record, record, records
from diagnose.attach.comments import GITLAB_LIMIT, markdown_comments, pictures_of, with_pictures
from diagnose.attach.material import Material, Picture
from diagnose.attach.tickets import Ticket
from diagnose.attach.web import RefusedError, Say, UnclearError, Web

PAGE = 100
MAX_PAGES = 100
_TRIES = 3


class GitLab:
    def __init__(self, ticket: Ticket, web: Web) -> None:
        self._ticket, self._web = ticket, web
        self._notes = f"{ticket.issue}/notes"
        self._uploads = re.sub(r"/(issues|merge_requests)/[0-9]+$", "/uploads", ticket.issue)

    @staticmethod
    def headers(token: str) -> dict[str, str]:
        return {"PRIVATE-TOKEN": token}

    @staticmethod
    def would_answer(method: str, path: str) -> Any:
        if path.endswith("/uploads"):
            return {"url": "/uploads/(secret of the upload)/picture.png"}
        return [] if method == "GET" else {"id": 0}

    def texts(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for page in range(1, MAX_PAGES + 1):
            notes = records(self._web.get(self._notes, per_page=PAGE, page=page, order_by="created_at", sort="desc"))
            found |= {self._address(note): str(note.get("body")) for note in notes}
            if len(notes) < PAGE:
                break
        return found

    def comments(self, material: Material, say: Say) -> list[str]:
        addresses: dict[str, str] = {}
        for source, picture in _shown(pictures_of(material.markdown), material.pictures).items():
            try:
                addresses[source] = self._upload(picture.name, picture.content)
            except RefusedError as error:
                say(f"{picture.name} stays behind: {error}")
        return markdown_comments(with_pictures(material.markdown, addresses), material.identity, GITLAB_LIMIT)

    def post(self, text: str) -> str:
        return self._address(record(self._web.post(self._notes, json={"body": text})))

    def _upload(self, name: str, content: bytes) -> str:
        """Return the address of an uploaded file. One uploaded twice, after a failure, is seen by nobody."""
        for attempt in range(1, _TRIES + 1):
            try:
                answer = self._web.post(self._uploads, files={"file": (name, content, "image/png")})
                return str(record(answer).get("url"))
            except UnclearError as error:
                if attempt == _TRIES:
                    raise
                self._web.pause(attempt, str(error))
        raise AssertionError("the last attempt returns or raises")

    def _address(self, note: Record) -> str:
        return f"{self._ticket.url}#note_{note.get('id')}"


def _shown(sources: Iterable[str], pictures: Iterable[Picture]) -> dict[str, Picture]:
    """Return the file to upload for each picture that the report shows; "x.svg" is shown by its "x.png"."""
    by_stem = {Path(picture.name).stem: picture for picture in pictures}
    return {source: by_stem[Path(source).stem] for source in sources if Path(source).stem in by_stem}
