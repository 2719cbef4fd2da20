"""GitHub: comments on issues and pull requests (docs.github.com, REST API, "Issue comments").

Files cannot be uploaded through this interface, so pictures stay behind; the report says in text what they show.
"""

from __future__ import annotations

from typing import Any

from diagnose.attach.answers import record, records
from diagnose.attach.comments import GITHUB_LIMIT, markdown_comments, pictures_of, with_pictures
from diagnose.attach.material import Material
from diagnose.attach.tickets import Ticket
from diagnose.attach.web import Say, Web

PAGE = 100
MAX_PAGES = 100


class GitHub:
    def __init__(self, ticket: Ticket, web: Web) -> None:
        self._web, self._path = web, f"{ticket.issue}/comments"

    @staticmethod
    def headers(token: str) -> dict[str, str]:
        return {
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
            "Authorization": f"Bearer {token}",
        }

    @staticmethod
    def would_answer(method: str, path: str) -> Any:
        return [] if method == "GET" else {"html_url": "(the new comment)"}

    def texts(self) -> dict[str, str]:
        found: dict[str, str] = {}
        response = self._web.get(self._path, per_page=PAGE)
        for _ in range(MAX_PAGES):
            found |= {str(c.get("html_url")): str(c.get("body")) for c in records(response)}
            following = response.links.get("next", {}).get("url")
            if following is None:
                break
            response = self._web.get(following)
        return found

    def comments(self, material: Material, say: Say) -> list[str]:
        if pictures_of(material.markdown):
            say("pictures stay behind: GitHub takes no files through its REST interface; the text says what they show")
        return markdown_comments(with_pictures(material.markdown, {}), material.identity, GITHUB_LIMIT)

    def post(self, text: str) -> str:
        return str(record(self._web.post(self._path, json={"body": text})).get("html_url"))
