"""Running the input queues of a graph for the length of a block."""

import contextlib
import threading
from collections.abc import Iterator

import tensorflow as tf

_RUNNING = threading.Lock()


class NestedQueueRunnerError(Exception):
    """A QueueRunners block was opened inside another."""


@contextlib.contextmanager
def QueueRunners(session: tf.compat.v1.Session) -> Iterator[None]:
    """Runs the queue runners of the default graph in threads of `session` until the block ends.

    Raises: NestedQueueRunnerError: another block is open.
    """
    if not _RUNNING.acquire(blocking=False):
        raise NestedQueueRunnerError(
            "QueueRunners cannot be nested: the open block runs all queues already; leave this one out"
        )
    try:
        with _threads(session):
            yield
    finally:
        _RUNNING.release()


@contextlib.contextmanager
def _threads(session: tf.compat.v1.Session) -> Iterator[None]:
    coordinator = tf.compat.v1.train.Coordinator()
    runners = tf.compat.v1.get_collection(tf.compat.v1.GraphKeys.QUEUE_RUNNERS)
    threads = [
        thread
        for runner in runners
        for thread in runner.create_threads(session, coord=coordinator, daemon=True, start=True)
    ]
    try:
        yield
    finally:
        coordinator.request_stop()
        try:
            coordinator.join(threads, stop_grace_period_secs=120)
        except RuntimeError:  # a thread hangs in its queue: closing the session ends it
            session.close()
