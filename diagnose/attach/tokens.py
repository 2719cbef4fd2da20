"""Where the token comes from: a file or the environment. Never the command line, which everybody can read in /proc."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from diagnose.attach.tickets import System
from diagnose.capture.whole_files import content
from diagnose.errors import UsageError
from diagnose.escape import visible

MAX_BYTES = 8192
ANY = "DIAGNOSE_TOKEN"
VARIABLES: dict[System, str] = {"github": "GITHUB_TOKEN", "gitlab": "GITLAB_TOKEN", "jira": "JIRA_TOKEN"}
RIGHTS: dict[System, str] = {
    "github": "a token that may write issues",
    "gitlab": "a token with the scope api",
    "jira": "a personal access token, or on Jira Cloud EMAIL:TOKEN",
}


def find_token(system: System, file: Path | None, environment: Mapping[str, str]) -> str | None:
    """Return the token, None if there is none; a file comes first, then DIAGNOSE_TOKEN. Raises UsageError."""
    if file is not None:
        return _checked(_read(file), visible(str(file)))
    for variable in (ANY, VARIABLES[system]):
        if token := environment.get(variable, "").strip():
            return _checked(token, variable)
    return None


def missing(system: System) -> UsageError:
    return UsageError(f"no token: set {VARIABLES[system]} or {ANY}, or name a --token-file ({RIGHTS[system]})")


def _read(file: Path) -> str:
    name = visible(str(file))
    try:
        said = content(file, MAX_BYTES)
        if len(said) <= MAX_BYTES:
            return said.decode("ascii").strip()
    except OSError as error:
        raise UsageError(f"cannot read the token file {name}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} holds no token: it has characters that no token has") from error
    raise UsageError(f"{name} holds no token: it has more than {MAX_BYTES} bytes")


def _checked(token: str, source: str) -> str:
    """Return a token that can stand in a header; what is wrong is said without showing it."""
    if not token:
        raise UsageError(f"{source} holds no token: it is empty")
    if not token.isascii() or not token.isprintable() or " " in token:
        raise UsageError(f"{source} holds no token: it has spaces, line breaks or other characters that no token has")
    return token
