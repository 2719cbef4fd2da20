"""Signals end the wait and nothing else; afterwards they do what they did before."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from diagnose.measure.stopping import stoppable

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Check that handlers and mask are the same afterwards."""
    handlers = [signal.getsignal(s) for s in ENDING]
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    yield
    assert [signal.getsignal(s) for s in ENDING] == handlers
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == mask


@contextmanager
def after(seconds: float, number: signal.Signals) -> Iterator[None]:
    """Send this process a signal a little later."""
    timer = threading.Timer(seconds, os.kill, (os.getpid(), number))
    timer.start()
    try:
        yield
    finally:
        timer.join()


def test_without_a_signal_the_wait_takes_its_time() -> None:
    with stoppable() as wait:
        begin = time.monotonic()
        assert wait(0.1) is False
        assert time.monotonic() - begin >= 0.1


def test_waiting_for_no_time_returns_at_once() -> None:
    with stoppable() as wait:
        assert wait(0) is False
        assert wait(-1) is False


@pytest.mark.parametrize("number", ENDING)
def test_a_signal_ends_the_wait(number: signal.Signals) -> None:
    with stoppable() as wait, after(0.1, number):
        begin = time.monotonic()
        assert wait(30) is True
        assert time.monotonic() - begin < 10


@pytest.mark.parametrize("number", ENDING)
def test_a_signal_that_came_before_the_wait_is_not_lost(number: signal.Signals) -> None:
    with stoppable() as wait:
        os.kill(os.getpid(), number)
        assert wait(30) is True  # not 0: another thread may have got it, and has yet to run


def test_a_second_signal_does_not_hit_what_comes_next() -> None:
    with stoppable() as wait:
        for number in (signal.SIGINT, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(os.getpid(), number)
        assert wait(30) is True
    time.sleep(0.01)  # a KeyboardInterrupt would come here, and SIGTERM would end the test run


def test_the_body_runs_on_after_a_signal() -> None:
    done = False
    with stoppable():
        os.kill(os.getpid(), signal.SIGINT)
        done = True
    assert done


def test_signals_are_let_through_again_when_the_body_fails() -> None:
    with pytest.raises(RuntimeError), stoppable():
        raise RuntimeError
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_under_nohup_a_hang_up_is_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stoppable() as wait:
            os.kill(os.getpid(), signal.SIGHUP)
            assert wait(0.05) is False
            os.kill(os.getpid(), signal.SIGTERM)
            assert wait(0.05) is True
    finally:
        signal.signal(signal.SIGHUP, before)


def test_other_signals_go_on_as_usual() -> None:
    seen: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, _: seen.append(number))
    try:
        with stoppable() as wait, after(0.05, signal.SIGUSR1):
            assert wait(0.2) is False
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert seen == [signal.SIGUSR1]


def test_a_pause_longer_than_the_wait_is_no_signal() -> None:
    pid = os.fork()
    if not pid:  # a child, since a process that stops itself has nobody to wake it
        with stoppable() as wait:
            os._exit(int(wait(0.3)))
    time.sleep(0.1)
    os.kill(pid, signal.SIGSTOP)
    time.sleep(0.5)
    os.kill(pid, signal.SIGCONT)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_a_signal_that_another_thread_gets_is_not_lost() -> None:
    over = threading.Event()
    other = threading.Thread(target=over.wait)  # started before the signals are blocked, as libraries do
    other.start()
    try:
        with stoppable() as wait:
            os.kill(os.getpid(), signal.SIGTERM)
            assert wait(30) is True
    finally:
        over.set()
        other.join()
