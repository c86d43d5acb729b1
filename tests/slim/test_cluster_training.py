"""Two workers and a parameter server on this machine train as under TensorFlow 1.15."""

import contextlib
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.slim.classifier import steps_saved
from tests.slim.cluster_training import STEPS, WORKERS

LAST_LOSS = 0.2699  # of the two synchronous workers under TensorFlow 1.15; a step changes it by 0.0045
SECONDS = 240  # far more than three processes need, 20 seconds on two cores


def free_addresses(count):
    """Returns addresses of this machine that nobody listens at."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for held in sockets:
            held.bind(("127.0.0.1", 0))
        return [f"127.0.0.1:{held.getsockname()[1]}" for held in sockets]


def start(kind, job, index, logdir, addresses):
    command = [sys.executable, "-m", "tests.slim.cluster_training", kind, job, str(index), str(logdir)]
    return subprocess.Popen(
        [*command, *addresses],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def train(kind, logdir):
    """Returns (steps taken, last loss) of each worker, the chief first."""
    addresses = free_addresses(1 + WORKERS)
    server = start(kind, "ps", 0, logdir, addresses)
    workers = [start(kind, "worker", index, logdir, addresses) for index in range(WORKERS)]
    try:
        told = [worker.communicate(timeout=SECONDS) for worker in workers]
    finally:
        for process in (server, *workers):
            process.kill()
            process.wait()
    assert [worker.returncode for worker in workers] == [0] * WORKERS, told
    return [(int(steps), float(loss)) for steps, loss in (out.split() for out, _ in told)]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["async", "sync"])
def test_two_workers_share_the_steps_and_end_both(kind, tmp_path):
    logdir = tmp_path / "run"
    results = train(kind, logdir)
    assert all(steps > 0 for steps, _ in results)
    if kind == "async":  # each of the steps is one worker's, but that the second ends one that it has begun
        assert sum(steps for steps, _ in results) in (STEPS, STEPS + 1)
    assert [loss for _, loss in results] == pytest.approx([LAST_LOSS] * WORKERS, abs=0.01)  # two steps
    assert steps_saved(logdir)[-1] in (STEPS, STEPS + 1)  # by the chief


@pytest.mark.slow
def test_a_synchronous_worker_whose_chief_has_left_ends_too(tmp_path):
    _, (steps, _) = train("chief leaves", tmp_path / "run")
    assert 0 < steps < STEPS
