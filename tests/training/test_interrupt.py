"""The first signal is remembered, the second acts, and afterwards all is as before."""

import signal
import threading

import pytest

from slimzoo.training.interrupt import Stopped, watch

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_is_remembered(number):
    with watch() as watcher:
        assert watcher.signal is None
        signal.raise_signal(number)
        assert watcher.signal == number


@pytest.mark.parametrize("first", SIGNALS)
def test_the_second_ctrl_c_interrupts_at_once(first):
    with watch(), pytest.raises(KeyboardInterrupt):
        signal.raise_signal(first)
        signal.raise_signal(signal.SIGINT)


def test_the_handlers_of_before_come_back_even_after_an_error():
    before = [signal.getsignal(number) for number in SIGNALS]
    with pytest.raises(RuntimeError), watch():
        assert signal.getsignal(signal.SIGTERM) != before[1]
        raise RuntimeError
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_another_thread_than_the_main_one_leaves_the_handlers_alone():
    before, seen = signal.getsignal(signal.SIGTERM), []

    def inside():
        with watch() as watcher:
            seen.append((watcher.signal, signal.getsignal(signal.SIGTERM)))

    thread = threading.Thread(target=inside)
    thread.start()
    thread.join()
    assert seen == [(None, before)]


def test_stopped_says_by_what():
    assert Stopped("saved", signal.SIGTERM).signal == 15
