"""SIGTERM outside a measurement ends a command like Ctrl-C; too little memory is a line, not a bug."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from diagnose import cli as entry
from diagnose import doctor


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_before_the_measurement_is_one_line(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, "checks", lambda: os.kill(os.getpid(), number))
    with pytest.raises(SystemExit) as caught:
        entry.main(["doctor"])
    assert caught.value.code == 3
    assert capsys.readouterr().err.strip() == "diagnose: stopped; there is no report"
    assert signal.getsignal(number) is signal.SIG_DFL


def test_under_nohup_a_hang_up_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    seen = []

    def hung_up() -> list[object]:
        os.kill(os.getpid(), signal.SIGHUP)
        seen.append(signal.getsignal(signal.SIGHUP))
        return []

    monkeypatch.setattr(doctor, "checks", hung_up)
    try:
        with pytest.raises(SystemExit):
            entry.main(["doctor"])
    finally:
        signal.signal(signal.SIGHUP, before)
    assert seen == [signal.SIG_IGN]


def test_too_little_memory_is_one_line() -> None:
    code = (
        "import resource\n"
        "from diagnose import cli, doctor\n"
        "def wants_much():\n"
        "    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))\n"
        "    bytes(1 << 31)\n"
        "doctor.checks = wants_much\n"
        "cli.main(['doctor'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert done.stderr == (
        "diagnose: not enough memory; give it more (ulimit -v, the limit of its cgroup), "
        "or measure for a shorter --duration\n"
    )


def test_ctrl_c_while_a_thread_goes_on_at_the_end_shows_no_traceback() -> None:
    code = (
        "import sys, threading, time\n"
        "from diagnose import cli, doctor\n"
        "def begun():\n"
        "    threading.Thread(target=lambda: (time.sleep(0.5), print('goes on', flush=True), time.sleep(60))).start()\n"
        "    return checks()\n"
        "checks, doctor.checks = doctor.checks, begun\n"
        "cli.main(['doctor'])\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout is not None
    while "goes on" not in child.stdout.readline():
        assert child.poll() is None
    child.send_signal(signal.SIGINT)
    assert "Traceback" not in child.communicate(timeout=10)[1]
    assert child.returncode == -signal.SIGINT
