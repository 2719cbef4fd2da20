"""The words that may stay in a shared capture: what the instruments, tables and settings declare, and no others.

A key or a counter is one of these; anything else in its place may name somebody, and goes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, get_args, get_type_hints

from pydantic import BaseModel

from diagnose.capture.model import BPF, UNREAD, Capture
from diagnose.capture.reasons import REMEDIES, Reason, ReasonCode, sentence
from diagnose.cgroups import reading
from diagnose.cgroups.settings import SETTINGS
from diagnose.measure.bpf.source import battery
from diagnose.measure.probes import PROBES, host, process_io, tunables

_VERSION = re.compile(r"[0-9]{1,5}(\.[0-9]{1,5}){0,3}((a|b|rc|\.dev|\.post)[0-9]{1,5})?")
_LEFT_OUT = re.compile(rf"[0-9]{{1,9}} {re.escape(UNREAD)}")
_RECORDS = ("service", BPF)
"""What has a record like an instrument."""
_CONTROLLERS = ("blkio", "cpu", "cpuacct", "io", "memory")
_DAMON_ACTIONS = (
    "willneed", "cold", "pageout", "hugepage", "nohugepage", "lru_prio", "lru_deprio", "migrate_hot", "migrate_cold",
    "stat",
)  # fmt: skip
"""Documentation/admin-guide/mm/damon/usage.rst."""


def is_public(word: str) -> bool:
    """Tell whether a key, a counter or the name of an instrument is one that this program declares."""
    return word in declared() or any(p.fullmatch(word) for p in (_VERSION, _LEFT_OUT))


@cache
def declared() -> frozenset[str]:
    """Return every declared word."""
    return frozenset(_declared())


def public_sentence(text: str) -> bool:
    """Tell whether a sentence is one that this program writes the same on every host."""
    return text in REMEDIES or text in {sentence([Reason(code=code)]) for code in _WITHOUT_NAMES}


_WITHOUT_NAMES: tuple[ReasonCode, ...] = (
    "bpf-switched-off", "io-unreadable", "misses-alike", "needs-bpf", "no-pressure",
)  # fmt: skip


def _declared() -> Iterator[str]:
    yield from (probe.name for probe in PROBES)
    yield from _RECORDS
    yield from _columns()
    for probe in PROBES:
        for attachment in probe.attachments:
            yield from (a.event for a in (attachment, *attachment.stand_ins))
    yield from battery().loses
    yield from (*SETTINGS, *reading.keys(), *reading.IO_LIMITS_V1, *process_io.KEYS.values())
    yield from (*_CONTROLLERS, *_DAMON_ACTIONS)
    yield from host.names()
    yield from tunables.names()


def _columns() -> Iterator[str]:
    """Yield the fields of the capture's tables, "read_totals.missed_pages", and the tables themselves."""
    for name, hint in get_type_hints(Capture).items():
        yield name
        for table in _models(hint):
            yield from (f"{name}.{column}" for column in table.model_fields)


def _models(hint: Any) -> Iterator[type[BaseModel]]:
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        yield hint
    for part in get_args(hint):
        yield from _models(part)
