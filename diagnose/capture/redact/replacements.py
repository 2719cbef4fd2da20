"""What each kind of string becomes: one method a kind of `capture/strings.py`."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable

from diagnose.capture.model import Capture
from diagnose.capture.reasons import WITHHELD
from diagnose.capture.redact import cgroup_paths
from diagnose.capture.redact.pseudonyms import Pseudonyms
from diagnose.capture.redact.words import is_public, public_sentence
from diagnose.capture.strings import Kind
from diagnose.cgroups.managers import unit_name
from diagnose.cgroups.naming import SHORT_ID, container_id, name_of, unescape
from diagnose.measure.probes.host import DISKSTATS

_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,15}Z")
_MOUNTS = re.compile(r"/sys/fs/cgroup(/memory|/unified|/cpu|/cpu,cpuacct|/blkio)?")
_DEVICES = re.compile(
    r"[0-9]+:[0-9]+|(sd|vd|xvd|hd)[a-z]{1,3}[0-9]*|(dm-|loop|md|nbd|ram|rbd|sr|zram|fd)[0-9]+"
    r"|nvme[0-9]+(c[0-9]+)?n[0-9]+(p[0-9]+)?|mmcblk[0-9]+(p[0-9]+|boot[0-9])?"
)
"""Names that the kernel gives by itself, and major:minor."""
_KERNEL_THREADS = re.compile(
    r"(kswapd[0-9]+|kdamond(\.[0-9]+)?|khugepaged|kcompactd[0-9]+|ksmd|kthreadd|ksoftirqd/[0-9]+|migration/[0-9]+"
    r"|kworker/u?[0-9]+:[0-9]+H?)(?![^-+]).*",
    re.DOTALL,
)
"""With what a kworker says of its queue ("-flush-254:0"), which is left out."""
_RELEASE_WORDS = re.compile(
    r"[0-9]+|(rc|el|fc|amzn|deb|bpo|uek|v|arch|WSL)[0-9u]*(uek|u[0-9]+)?|el[0-9]+_[0-9]+|x86|64|x86_64|amd64|i686|arm64"
    r"|aarch64|ppc64le|riscv64|s390x|generic|lowlatency|virtual|cloud|aws|azure|gcp|gke|kvm|rt|pve|default|microsoft"
    r"|standard|lts|hardened|zen|raspi|linuxkit|dirty"
)


_DISK = re.compile(r"disk\.(.+)\.([a-z_]+)", re.DOTALL)
"""A column of /proc/diskstats, by the name of the device."""
_FAULTS = frozenset(os.strerror(number) for number in errno.errorcode)


class Replacements:
    """Called with a string and its kind, returns what stands for it. Made for one capture."""

    def __init__(self, capture: Capture, key: bytes | None) -> None:
        self._names = Pseudonyms(key)
        self._done: dict[tuple[Kind, str], str] = {}
        self._service = capture.service.cgroup
        self._mount = capture.cgroup_mount.rstrip("/")
        self._paths = {self._service: self._cgroup(self._service)}
        self._known_as: dict[str, str] = {}
        for record in capture.cgroups:
            self._paths[record.path] = self._cgroup(record.path)
            self._learn_name(record.name, record.path)
        self._by_kind: dict[Kind, Callable[[str], str]] = {
            "boot": lambda text: self._names.label("boot", text),
            "cgroup": self._cgroup,
            "cgroup name": self._cgroup_name,
            "comm": self._comm,
            "device": lambda text: text if _DEVICES.fullmatch(text) else self._names.label("device", text),
            "file": self._file,
            "host": lambda text: self._names.label("host", text),
            "kernel": _kernel,
            "mount": lambda text: text if _MOUNTS.fullmatch(text) else self._file(text),
            "sentence": lambda text: text if public_sentence(text) else WITHHELD,
            "service": self._service_name,
            "time": lambda text: text if _TIME.fullmatch(text) else self._names.label("time", text),
            "message": _message,
            "word": self._word,
        }

    def __call__(self, kind: Kind, text: str) -> str:
        if (kind, text) not in self._done:
            self._done[kind, text] = self._by_kind[kind](text) if text else text
        return self._done[kind, text]

    def _cgroup(self, text: str) -> str:
        return cgroup_paths.path(text, self._names)

    def _learn_name(self, name: str | None, path: str) -> None:
        """A name that was read off the path is read off the pseudonym in the same way."""
        if name and name not in self._known_as:
            read_off = name_of(path)[0] == name
            self._known_as[name] = (name_of(self._paths[path])[0] if read_off else None) or self._label(name, path)

    def _label(self, name: str, path: str) -> str:
        """Return a name that a runtime gave, or that says where in a unit or container a cgroup lies ("a in b")."""
        inside, is_in, holder = name.rpartition(" in ")
        if is_in:
            return f"{self._label(inside, path)} in {self._label(holder, path)}"
        parts = path.split("/")
        if found := [part for part in parts if part and name in (part, unescape(part))]:
            return unescape(cgroup_paths.component(found[0], self._names))
        if path.endswith(f"/{name}"):
            return self._cgroup(name)
        ids = [container for n in range(2, len(parts) + 1) if (container := container_id("/".join(parts[:n])))]
        if found := [digits for digits in ids if len(name) == SHORT_ID and digits.startswith(name)]:
            return cgroup_paths.container(found[0], self._names)[:SHORT_ID]
        if ids and "/" not in name:
            return self._names.label("container", name, "container name")
        return self._cgroup_name(name)

    def _cgroup_name(self, text: str) -> str:
        if text in self._known_as:
            return self._known_as[text]
        kinds = ("namespace", "pod", "container")
        parts = text.split("/")
        if 2 <= len(parts) <= len(kinds):
            return "/".join(self._names.label(k, part, f"{k} name") for k, part in zip(kinds, parts, strict=False))
        return self._names.label("name", text)

    def _comm(self, text: str) -> str:
        if match := _KERNEL_THREADS.fullmatch(text):
            return match[1]
        return self._names.label("process", text)

    def _file(self, text: str) -> str:
        *folders, last = text.split("/")
        parts = [self._names.label("dir", part) if part not in ("", "…") else part for part in folders]
        return "/".join([*parts, self._names.label("file", last) if last else ""])

    def _word(self, text: str) -> str:
        if is_public(text):
            return text
        if (disk := _DISK.fullmatch(text)) and disk[2] in DISKSTATS:
            return f"disk.{self('device', disk[1])}.{disk[2]}"
        return self._names.label("word", text)

    def _service_name(self, text: str) -> str:
        """Return the service's name in the same way of naming (README: what NAME may be)."""
        if re.fullmatch("pid:[0-9]+", text):
            return text
        if text.startswith("comm:"):
            return f"comm:{self._comm(text.removeprefix('comm:'))}"
        if self._mount and text.startswith(f"{self._mount}/"):
            return f"{self('mount', self._mount)}{self._cgroup(text.removeprefix(self._mount))}"
        if text.startswith("/") or f"/{text}" == self._service:
            return self._cgroup(text)
        return self._unit_or_container(text)

    def _unit_or_container(self, text: str) -> str:
        leaf = self._service.rsplit("/", 1)[-1]
        if text == leaf:
            return cgroup_paths.component(text, self._names)
        if unit_name(text) == leaf:
            return cgroup_paths.stem(text, self._names)
        container = container_id(self._service)
        if container is not None and re.fullmatch("[0-9a-f]{3,64}", text) and container.startswith(text):
            return cgroup_paths.container(container, self._names)[:SHORT_ID]
        return self._cgroup_name(text)


def _kernel(release: str) -> str:
    """Return a kernel's release with the words that distributions use; what a company calls its own goes."""
    return re.sub(r"[^-+._~]+", lambda m: m[0] if _RELEASE_WORDS.fullmatch(m[0]) else "redacted", release)


def _message(text: str) -> str:
    """Return of what the kernel or a library said the fault alone, if it ends with one of the C library's."""
    said = text.rpartition(": ")[2]
    return f"{WITHHELD}: {said}" if said in _FAULTS else WITHHELD
