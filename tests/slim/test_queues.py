"""Queue runners live as long as their block."""

import threading

import pytest
import tensorflow as tf

from slimzoo import slim
from tests.slim.support import graph_session, v1


def counting_queue():
    """Makes a queue that its runner fills with 1, and returns its next value."""
    queue = tf.queue.FIFOQueue(4, [tf.int32], shapes=[[]])
    v1.train.add_queue_runner(v1.train.QueueRunner(queue, [queue.enqueue(1)]))
    return queue.dequeue()


def test_queues_run_inside_the_block_only():
    threads = threading.active_count()
    with graph_session() as session:
        value = counting_queue()
        with slim.queues.QueueRunners(session):
            assert session.run([value])[0] == 1
    assert threading.active_count() == threads


def test_a_block_inside_another_is_refused_and_the_next_one_is_not():
    with graph_session() as session:
        with (
            slim.queues.QueueRunners(session),
            pytest.raises(slim.queues.NestedQueueRunnerError, match="cannot be nested"),
            slim.queues.QueueRunners(session),
        ):
            pass
        with slim.queues.QueueRunners(session):
            pass


def test_an_error_in_the_block_comes_out_and_frees_the_queues():
    with graph_session() as session:
        for _ in range(2):
            with pytest.raises(KeyError), slim.queues.QueueRunners(session):
                raise KeyError
