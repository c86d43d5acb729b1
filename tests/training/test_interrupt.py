"""The first signal is remembered, the second acts, and afterwards all is as before."""

import contextlib
import signal
import threading

import pytest

from slimzoo.training import evaluation
from slimzoo.training.interrupt import BrokenOff, Stopped, watch

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


@pytest.mark.parametrize("first", SIGNALS)
def test_so_does_a_second_sigterm(first):
    with watch(), pytest.raises(KeyboardInterrupt):
        signal.raise_signal(first)
        signal.raise_signal(signal.SIGTERM)


@pytest.mark.parametrize("first", SIGNALS)
def test_what_can_be_done_again_is_left_at_once_whoever_catches_errors_there(first):
    with watch() as watcher, pytest.raises(BrokenOff), watcher.breaking_off(), contextlib.suppress(Exception):
        signal.raise_signal(first)
    assert watcher.signal == first


def test_it_is_not_begun_where_a_signal_has_come_and_what_is_around_it_goes_on():
    with watch() as watcher:
        with watcher.breaking_off():
            pass
        signal.raise_signal(signal.SIGTERM)  # outside of the block
        with pytest.raises(BrokenOff), watcher.breaking_off():
            raise AssertionError


SIX = {"steps": 6, "eval_every": 2, "options": {"learning_rate": 0.05}}


@pytest.fixture(scope="module")
def whole(run, tmp_path_factory):
    return run(tmp_path_factory.mktemp("runs") / "whole", **SIX)


@pytest.mark.parametrize("interrupted", [1, 3], ids=["in the middle", "at the last step"])
def test_a_signal_in_an_evaluation_saves_and_leaves_and_the_next_part_begins_with_it(
    run, whole, tmp_path, monkeypatch, interrupted
):
    evaluate_batch, calls = evaluation._evaluate_batch, []

    def signalled(model, batch):
        calls.append(1)
        if len(calls) == 2 * interrupted - 1:  # the first of two batches of an evaluation
            signal.raise_signal(signal.SIGTERM)
        return evaluate_batch(model, batch)

    with monkeypatch.context() as patched, pytest.raises(Stopped, match=f"after step {2 * interrupted} of 6"):
        patched.setattr(evaluation, "_evaluate_batch", signalled)
        run(tmp_path / "stopped", **SIX)
    assert len(calls) == 2 * interrupted - 1
    again = run(tmp_path / "stopped", **SIX)
    assert (again.history, again.best_step) == (whole.history, whole.best_step)


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
