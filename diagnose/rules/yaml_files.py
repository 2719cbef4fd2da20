"""Rule files are strangers: YAML read as data and nothing else (no tags, anchors, aliases; bounded; no duplicate keys).

Built on the parser's events instead of a SafeLoader, because every limit must hold before anything is constructed, and
because the line of every key is wanted for messages. Scalars follow YAML 1.2's core schema, so that `0x10` is the
series it looks like and not sixteen, and `on` is a word.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import yaml

from diagnose.errors import UsageError
from diagnose.rules.document import Document, Place, shown
from diagnose.rules.yaml_faults import yaml_fault

MAX_BYTES = 256 * 1024
MAX_DEPTH = 24
MAX_NODES = 20_000
MAX_SCALAR = 16_384

_TOO_LARGE = f"too large: at most {MAX_NODES} values, nested at most {MAX_DEPTH} deep"
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]{1,30}|[0-9]{1,30}(\.[0-9]{0,30})?)([eE][-+]?[0-9]{1,3})?")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}
# libyaml's parser where PyYAML was built with it: loading all rules then takes a tenth of the time.
_PARSER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read(path: Path) -> Document:
    """Read a rule file; raises UsageError when it cannot be read or is anything but plain bounded YAML."""
    try:
        return parse(_content(path), path)
    except PermissionError as error:
        raise UsageError(f"{path}: this user may not read it; make it readable (chmod +r), or take it away") from error
    except OSError as error:
        raise UsageError(f"{path}: cannot read the rule file: {error.strerror}") from error


def _content(path: Path) -> bytes:
    # O_NONBLOCK: opening a named pipe must not wait for a writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        kind = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(kind):
            what = "a folder" if stat.S_ISDIR(kind) else "not a regular file"
            raise UsageError(f"{path}: {what}; a rule is a text file in YAML")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            content = file.read(MAX_BYTES + 1)
    finally:
        os.close(descriptor)
    if len(content) > MAX_BYTES:
        raise UsageError(f"{path}: larger than {MAX_BYTES // 1024} KiB; a rule file is smaller, split or shorten it")
    return content


def parse(content: bytes, path: Path) -> Document:
    """Parse the content of a rule file; raises UsageError with file and line."""
    try:
        text = content.decode("utf-8")
        return _Builder(path).build(yaml.parse(text, Loader=_PARSER))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{path}:{line}: not text in UTF-8; a rule is a text file, save it as UTF-8") from error
    except yaml.YAMLError as error:
        line, what = yaml_fault(text, error, MAX_DEPTH, _TOO_LARGE)
        raise UsageError(f"{path}:{line}: {what}") from error


@dataclass
class _Builder:
    path: Path
    lines: dict[Place, int] = field(default_factory=dict)
    nodes: int = 0

    def build(self, events: Any) -> Document:
        stream = (e for e in events if not isinstance(e, (yaml.StreamStartEvent, yaml.DocumentStartEvent)))
        first = next(stream)
        if isinstance(first, yaml.StreamEndEvent):
            raise UsageError(f"{self.path}:1: the file is empty; a rule starts with its `id`")
        data = self._node(first, stream, ())
        next(stream)
        if not isinstance(extra := next(stream), yaml.StreamEndEvent):
            self._refuse(extra, "a second document; write one rule a file")
        return Document(self.path, data, self.lines)

    def _node(self, event: Any, events: Any, place: Place) -> Any:
        self.nodes += 1
        if self.nodes > MAX_NODES or len(place) > MAX_DEPTH:
            self._refuse(event, _TOO_LARGE)
        if getattr(event, "anchor", None) is not None:
            self._refuse(event, "anchors and aliases are not accepted in rules; write the value out")
        if getattr(event, "tag", None) is not None:
            self._refuse(event, f"the tag {shown(event.tag)} is not accepted in rules; write plain values")
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(events, place)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(events, place)
        return self._scalar(event)

    def _mapping(self, events: Any, place: Place) -> dict[str, Any]:
        result: dict[str, Any] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                self._refuse(event, "a key must be a plain word")
            # A key is its text: `1:` or `null:` is a fault that the schema names better than a type does.
            self._node(event, iter(()), place)
            key = event.value
            if key in result:
                self._refuse(event, f"`{shown(key)}` is given twice; remove one")
            self.lines[(*place, key)] = _line(event)
            result[key] = self._node(next(events), events, (*place, key))
        return result

    def _sequence(self, events: Any, place: Place) -> list[Any]:
        result: list[Any] = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            here = (*place, len(result))
            self.lines[here] = _line(event)
            result.append(self._node(event, events, here))
        return result

    def _scalar(self, event: Any) -> Any:
        text: str = event.value
        if len(text) > MAX_SCALAR:
            self._refuse(event, f"a text of {len(text)} characters; at most {MAX_SCALAR} are accepted")
        if event.style:
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _INTEGER.fullmatch(text):
            return int(text)
        return float(text) if _FLOAT.fullmatch(text) else text

    def _refuse(self, event: Any, message: str) -> NoReturn:
        raise UsageError(f"{self.path}:{_line(event)}: {message}")


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1
