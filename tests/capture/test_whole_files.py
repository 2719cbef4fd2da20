"""Files and pipes read whole: bounded in bytes and in time, also where nobody ever writes."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from diagnose.attach import tokens
from diagnose.capture import file as captures
from diagnose.capture import whole_files
from diagnose.capture.redact import read_key
from diagnose.capture.whole_files import content
from diagnose.errors import UsageError


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "fifo")
    return tmp_path / "fifo"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole_files, "SILENCE_SECONDS", 0.2)


def writing(fifo: Path, parts: Iterator[bytes]) -> threading.Thread:
    def write() -> None:
        descriptor = os.open(fifo, os.O_WRONLY)
        try:
            for part in parts:
                os.write(descriptor, part)
        except BrokenPipeError:
            return
        finally:
            os.close(descriptor)

    thread = threading.Thread(target=write)
    thread.start()
    return thread


def test_a_file_is_read_whole_and_one_byte_past_its_bound(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(bytes(range(256)) * 10_000)
    assert content(file, 3_000_000) == file.read_bytes()
    assert content(file, 100) == file.read_bytes()[:101]
    assert len(content(Path("/dev/zero"), 5_000_000)) == 5_000_001
    with pytest.raises(IsADirectoryError):
        content(tmp_path, 100)


def test_what_comes_through_a_pipe_is_read_to_its_end(fifo: Path) -> None:
    parts = [b"x" * 300_000, b"y" * 300_000]
    writer = writing(fifo, iter(parts))
    assert content(fifo, 1_000_000) == b"".join(parts)
    writer.join()


@pytest.mark.usefixtures("impatient")
def test_a_pipe_that_nobody_writes_is_given_up() -> None:
    reading, writing_end = os.pipe()
    with pytest.raises(TimeoutError) as refused:
        content(Path(f"/proc/self/fd/{reading}"), 100)
    assert refused.value.strerror == "nobody wrote to it for 0.2 s"
    os.close(reading)
    os.close(writing_end)


def test_a_pipe_that_drips_without_end_is_given_up(fifo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole_files, "MOST_SECONDS", 0.3)

    def drops() -> Iterator[bytes]:
        while True:
            yield b"x"
            time.sleep(0.02)

    writer = writing(fifo, drops())
    with pytest.raises(TimeoutError):
        content(fifo, 1_000_000)
    writer.join()


@pytest.mark.usefixtures("impatient")
def test_capture_key_and_token_are_not_waited_for_without_end(fifo: Path) -> None:
    waits = {
        "the capture": lambda: captures.load(fifo),
        "the redaction key": lambda: read_key(fifo),
        "the token file": lambda: tokens.find_token("github", fifo, {}),
    }
    for what, wait in waits.items():
        with pytest.raises(UsageError, match=rf"cannot read {what} .*: nobody wrote to it for 0\.2 s"):
            wait()
