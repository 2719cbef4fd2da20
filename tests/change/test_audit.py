"""The audit line: one datagram, one line, whatever a cgroup is called; silence where nobody listens."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from diagnose.change import audit


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_a_line_arrives(tmp_path: Path, kind: socket.SocketKind) -> None:
    (tmp_path / "dev").mkdir()
    with socket.socket(socket.AF_UNIX, kind) as log:
        log.bind(str(tmp_path / "dev/log"))
        if kind == socket.SOCK_STREAM:
            log.listen(2)
        assert audit.log("apply: memory.high of '/a\nb': no limit -> 1", tmp_path)
        taken = log.accept()[0] if kind == socket.SOCK_STREAM else log
        line = taken.recv(4096).decode()
        taken.close()
    assert line.startswith("<85>")
    assert "diagnose[" in line
    assert "memory.high of '/a␤b'" in line


def test_nobody_listens(tmp_path: Path) -> None:
    assert not audit.log("x", tmp_path)


def test_who() -> None:
    assert audit.who().startswith("uid ")
