"""The JSON of a ticket system's answers: of the expected form, or one clear line (pure)."""

from __future__ import annotations

import json
from typing import Any

import httpx

from diagnose.errors import CannotPostError

Record = dict[str, Any]


def record(response: httpx.Response) -> Record:
    """Return the object that an answer is; raises CannotPostError for anything else."""
    found = _document(response)
    if not isinstance(found, dict):
        raise _strange(response, "no JSON object")
    return found


def records(response: httpx.Response) -> list[Record]:
    """Return the objects that an answer lists; raises CannotPostError for anything else."""
    return _listed(_document(response), response)


def listed(of: Record, key: str, response: httpx.Response) -> list[Record]:
    """Return the objects listed below a key of an answer, none where it is absent; raises CannotPostError."""
    return [] if of.get(key) is None else _listed(of[key], response)


def _listed(found: Any, response: httpx.Response) -> list[Record]:
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise _strange(response, "no list of JSON objects")
    return found


def _document(response: httpx.Response) -> Any:
    try:
        return json.loads(response.content)
    except (ValueError, RecursionError) as error:
        raise _strange(response, "no JSON") from error


def _strange(response: httpx.Response, what: str) -> CannotPostError:
    host = response.request.url.host
    return CannotPostError(
        f"{host} answers with {what}; is the ticket's address that of a web page behind a login, or of another system?"
    )
