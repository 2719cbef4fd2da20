"""Read a sealed JSON file (a report, a change record) as untrusted input: one clear line on what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from diagnose.capture.faults import sentence
from diagnose.errors import UsageError
from diagnose.escape import shortened
from diagnose.report.digest import KEY, digest
from diagnose.report.safe_paths import foreign_link

MAX_BYTES = 64 * 2**20
"""A report of 100 cgroups and an hour of windows takes about one of them."""

M = TypeVar("M", bound=BaseModel)


def load(path: Path, model: type[M], schema: str, what: str) -> M:
    """Return the model in a file; raises UsageError if it is unreadable, cut short, edited, or no such thing."""
    document = _document(path, what)
    if document.get("schema") != schema:
        raise UsageError(f"{path} is no {what} of this version ({schema}); name the JSON file")
    _check_digest(document, path, what)
    try:
        return model.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = shortened(".".join(str(part) for part in first["loc"])) or "the file"
        raise UsageError(f"{path} is not a valid {what}: {where}: {sentence(first)}; make it again") from error
    except RecursionError as error:
        raise UsageError(f"{path} is not a valid {what}: nested too deeply") from error


def _document(path: Path, what: str) -> dict[str, Any]:
    try:
        if not path.is_file():
            raise UsageError(f"cannot read the {what} {path}: no such file")
        status = path.stat()
        if foreign_link(path) is not None or status.st_mode & 0o002:
            raise UsageError(
                f"{path} may have been written by anybody: it is writable by all, or reached through somebody else's "
                f"link; copy the {what} to a folder of your own and look at it"
            )
        if status.st_size > MAX_BYTES:
            raise UsageError(f"{path}: larger than any {what} ({MAX_BYTES >> 20} MiB)")
        text = path.read_bytes().decode("utf-8")
        document = json.loads(text, parse_constant=_refuse)
    except OSError as error:
        raise UsageError(f"cannot read the {what} {path}: {error.strerror}") from error
    except json.JSONDecodeError as error:
        raise UsageError(
            f"{path} is no {what}: its JSON is cut short or damaged at line {error.lineno}; copy it again"
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is no {what}: not UTF-8 at byte {error.start}; copy it again") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is no {what}: {_why(error)}; copy it again") from error
    if not isinstance(document, dict):
        raise UsageError(f"{path} is no {what}: it holds no JSON object; name the JSON file")
    return document


def _check_digest(document: dict[str, Any], path: Path, what: str) -> None:
    if not isinstance(document.get(KEY), str):
        raise UsageError(f"{path} has no digest, so nobody can tell whether it was edited; make the {what} again")
    try:
        found = digest(document)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is no {what}: {_why(error)}") from error
    if found != document[KEY]:
        raise UsageError(
            f"{path} was edited or damaged after it was made (its digest does not match its content); "
            f"nothing is changed on the word of an edited {what}: make it again from its capture"
        )


def _refuse(constant: str) -> None:
    raise _NoNumberError(f"{constant} is no number")


class _NoNumberError(ValueError):
    """NaN or Infinity, which Python's parser takes and JSON does not have."""


def _why(error: ValueError | RecursionError) -> str:
    if isinstance(error, _NoNumberError):
        return str(error)
    return "nested too deeply" if isinstance(error, RecursionError) else "it holds a value that no JSON has"
