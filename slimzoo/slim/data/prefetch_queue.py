"""A queue that is filled while the step before still runs."""

from collections.abc import Sequence

import tensorflow as tf

from slimzoo.slim.data.queue_support import require_queues, summarize_fullness


def prefetch_queue(
    tensors: Sequence[tf.Tensor] | dict[str, tf.Tensor],
    capacity: int = 8,
    num_threads: int = 1,
    dynamic_pad: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> tf.queue.QueueBase:
    """Returns a queue of `tensors`, filled by threads of a queue runner; `dequeue()` gives the next ones.

    Args:
      tensors: a list or dict of tensors; `dequeue()` returns the same.
      capacity: the most elements it holds.
      num_threads: how many threads fill it.
      dynamic_pad: shapes may be known in part only; the queue keeps tf.queue.PaddingFIFOQueue's promises.
      shared_name: the name under which sessions share it.
    Raises: ValueError: a shape is not fully defined, without `dynamic_pad`.
    """
    require_queues("prefetch_queue")
    by_name = dict(sorted(tensors.items())) if isinstance(tensors, dict) else None
    values = list(tensors if by_name is None else by_name.values())
    make = tf.queue.PaddingFIFOQueue if dynamic_pad else tf.queue.FIFOQueue
    with tf.compat.v1.name_scope(name, "prefetch_queue", values):
        queue = make(
            capacity=capacity,
            dtypes=[value.dtype for value in values],
            shapes=[value.shape for value in values],
            names=None if by_name is None else list(by_name),
            shared_name=shared_name,
        )
        runner = tf.compat.v1.train.QueueRunner(queue, [queue.enqueue(tensors)] * num_threads)
        tf.compat.v1.train.add_queue_runner(runner)
        summarize_fullness(queue, capacity)
    return queue
