"""Post each part of a report once, whatever fails on the way."""

from __future__ import annotations

from dataclasses import dataclass

from diagnose.attach.comments import Part, parts_in
from diagnose.attach.material import Material
from diagnose.attach.trackers import Tracker
from diagnose.attach.web import ATTEMPTS, Say, UnclearError, Web


@dataclass(frozen=True)
class Posted:
    """`address`: of the comment; `before`: it was there already."""

    address: str
    before: bool


def post(tracker: Tracker, web: Web, material: Material, say: Say) -> list[Posted]:
    """Return the comments that hold the report, in order; raises CannotPostError.

    Each carries a mark with the capture's hash and its number. Before anything is posted, and again after a request
    that failed half-way, the ticket's comments are searched for it: run again, this goes on where it stopped.
    """
    there = parts_in(tracker.texts(), material.identity)
    if (whole := _whole(there)) is not None:
        return [Posted(address, before=True) for address in whole]
    comments = tracker.comments(material, say)
    result: list[Posted] = []
    for number, text in enumerate(comments, 1):
        part = (number, len(comments))
        known = there.get(part)
        if result and known is None and not result[-1].before:
            web.between()
        address = known if known is not None else _post_once(tracker, web, material.identity, part, text)
        result.append(Posted(address, known is not None))
    return result


def _whole(there: dict[Part, str]) -> list[str] | None:
    """Return the addresses of all parts, if all are there."""
    for total in sorted({part[1] for part in there}):
        parts = [there.get((number, total)) for number in range(1, total + 1)]
        found = [address for address in parts if address is not None]
        if total and len(found) == total:
            return found
    return None


def _post_once(tracker: Tracker, web: Web, identity: str, part: Part, text: str) -> str:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return tracker.post(text)
        except UnclearError as error:
            web.pause(attempt, str(error))
            address = parts_in(tracker.texts(), identity).get(part)
            if address is not None:
                return address
            if attempt == ATTEMPTS:
                raise
    raise AssertionError("the last attempt returns or raises")
