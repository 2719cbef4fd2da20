"""Cgroup paths under pseudonyms that keep what the analysis reads in a path: its shape, and who manages each part.

"/system.slice/checkout.service" becomes "/system.slice/unit-1.service". The names that systemd, container engines and
kubelet give to folders on every host stay; ids of containers and pods become other ids of the same form
(`cgroups/naming.py` has the layouts).
"""

from __future__ import annotations

import re

from diagnose.capture.redact.pseudonyms import Pseudonyms
from diagnose.cgroups.naming import UNIT_SUFFIXES

_EVERYWHERE = frozenset(
    (
        "-.slice", "app.slice", "background.slice", "init.scope", "machine.slice", "session.slice", "system.slice",
        "user.slice", "docker", "libpod_parent", "lxc", "machine", "system", "user", "kubepods", "burstable",
        "besteffort", "kubepods.slice", "kubepods-burstable.slice", "kubepods-besteffort.slice",
    )
)  # fmt: skip
_CONTAINER = re.compile(r"((?:[a-z]+-)*?)([0-9a-f]{64})((?:\.scope)?)")
_RUNTIMES = ("", "docker-", "libpod-", "libpod-payload-", "cri-containerd-", "crio-", "nerdctl-")
_POD = re.compile(
    r"((?:.*-)?)pod([0-9a-f]{32}|[0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12})((?:\.slice)?)", re.DOTALL
)
_POD_FOLDERS = ("", "kubepods-", "kubepods-burstable-", "kubepods-besteffort-")
_KUBEPODS = re.compile(r"(?:^|-)kubepods(?:$|[-.])")
_NUMBERED = re.compile(r"((user|session)(?:@|-c?))([0-9]+)(\.service|\.slice|\.scope)")


def path(text: str, names: Pseudonyms) -> str:
    """Return the path, each part of it under its pseudonym; slashes stay where they are."""
    parts = text.split("/")
    known = {part: component(part, names) if part else "" for part in dict.fromkeys(parts)}
    return "/".join([known[part] for part in parts])


def component(name: str, names: Pseudonyms) -> str:
    """Return the pseudonym of one part of a path."""
    if name in _EVERYWHERE:
        return name
    if (match := _CONTAINER.fullmatch(name)) and match[1] in _RUNTIMES:
        return f"{match[1]}{container(match[2], names)}{match[3]}"
    if match := _POD.fullmatch(name):
        return f"{_pod_folder(match[1], names)}pod{pod(match[2], names)}{match[3]}"
    if match := _NUMBERED.fullmatch(name):
        return f"{match[1]}{names.number(match[2], match[3])}{match[4]}"
    return _other(name, names)


def stem(name: str, names: Pseudonyms) -> str:
    """Return what "checkout" becomes in "checkout.service"."""
    return names.label("unit", name, "cgroup")


def container(digits: str, names: Pseudonyms) -> str:
    """Return another id of 64 digits, told from others by its first 12, which is what engines print."""
    return f"{names.number('container', digits):012d}".ljust(64, "0")


def pod(uid: str, names: Pseudonyms) -> str:
    """Return another UID, with dashes, underscores or nothing between its parts like this one."""
    digits = f"{names.number('pod', re.sub('[-_]', '', uid)):08d}".ljust(32, "0")
    marks = re.sub("[0-9a-f]", "", uid)
    if not marks:
        return digits
    parts = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
    return "".join(part + mark for part, mark in zip(parts, [*marks, ""], strict=True))


def _pod_folder(prefix: str, names: Pseudonyms) -> str:
    if prefix in _POD_FOLDERS:
        return prefix
    return f"{_other(prefix.removesuffix('-'), names)}-"


def _other(name: str, names: Pseudonyms) -> str:
    suffix = next((s for s in UNIT_SUFFIXES if name.endswith(s)), "")
    if _KUBEPODS.search(name):
        return f"{names.label('kubepods', name.removesuffix(suffix))}{suffix}"
    if suffix:
        return f"{stem(name.removesuffix(suffix), names)}{suffix}"
    return names.label("cgroup", name)
