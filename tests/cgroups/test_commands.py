"""Programs that are run for a while: what they print, and an end to them whatever they do."""

import sys
import time
from pathlib import Path

import pytest

from diagnose.cgroups import commands
from diagnose.cgroups.commands import Ended, run


def python(code):
    return [sys.executable, "-c", code]


def test_what_it_printed():
    assert run(python("print('x')"), 30) == Ended(True, "x\n", "")
    assert run(python("import sys; sys.stdout.buffer.write(b'\\xff')"), 30).output == "\ufffd"


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        (python("raise SystemExit(3)"), "exit status 3"),
        (python("import sys; sys.exit('first\\nlast')"), "last"),
        (["no-such-command-at-all"], "No such file"),
        (["echo", "a\0b"], "null byte"),
    ],
)
def test_what_fails_says_why(command, complaint):
    ended = run(command, 30)
    assert not ended.succeeded
    assert complaint in ended.complaint


def test_no_shell_sees_the_arguments(tmp_path):
    argument = f"$(touch {tmp_path}/made); `touch {tmp_path}/made` > {tmp_path}/made"
    assert run(["echo", argument], 30).output == argument + "\n"
    assert not list(tmp_path.iterdir())


def test_more_output_than_anybody_wants_is_cut(monkeypatch):
    monkeypatch.setattr(commands, "MAX_OUTPUT_BYTES", 10)
    assert run(python("print('x' * 100)"), 30).output == "x" * 10


def test_a_program_that_hangs_is_ended_with_its_children(tmp_path):
    pids = tmp_path / "pids"
    code = (
        "import os, signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = os.fork()\n"
        f"open({str(pids)!r}, 'a').write(f'{{os.getpid()}}\\n')\n"
        "time.sleep(600)\n"
    )
    # long enough for two interpreters to get as far as writing their number on a busy host
    ended = run(python(code), 5)
    assert (ended.succeeded, ended.complaint) == (False, "no answer within 5 s")
    alive, tries = set(map(int, pids.read_text().split())), 600
    assert alive
    while (alive := {pid for pid in alive if lives(pid)}) and (tries := tries - 1):
        time.sleep(0.1)  # killed, but perhaps not off the processor yet
    assert not alive


def lives(pid):
    try:
        # a zombie is dead, and not yet collected by whoever inherited it
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_child_that_keeps_the_output_open_holds_nobody_up():
    # the program ends at once; its child lives on with the same standard output
    code = "import os, time\nif os.fork() == 0:\n    time.sleep(30)\n    os._exit(0)\nprint('done', flush=True)"
    assert run(python(code), 20) == Ended(True, "done\n", "")
