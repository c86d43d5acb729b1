"""The buckets of tf.contrib.training: queues that batch what is of one kind, lengths for instance."""

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from slimzoo.slim.utils import smart_cond

v1 = tf.compat.v1
Batch = list[tf.Tensor] | dict[str, tf.Tensor] | tf.Tensor
ENDS = (tf.errors.OutOfRangeError, tf.errors.CancelledError)


def bucket(
    tensors: Any,
    which_bucket: Any,
    batch_size: Any,
    num_buckets: int,
    num_threads: int = 1,
    capacity: int = 32,
    bucket_capacities: Sequence[int] | None = None,
    shapes: Any = None,
    dynamic_pad: bool = False,
    allow_smaller_final_batch: bool = False,
    keep_input: Any = True,
    shared_name: str | None = None,
    name: str | None = None,
) -> tuple[tf.Tensor, Any]:
    """Returns (number of a bucket, a batch of its `tensors`); queue runners fill the buckets.

    Args:
      tensors: of one example, a list or a dict; the batch is of the same kind.
      which_bucket: the example's bucket, from 0.
      batch_size, bucket_capacities: for all buckets, or a list of one for each.
      dynamic_pad: examples of one batch are padded with zeros to equal shapes.
      keep_input: whether the example is taken; a bool or a bool tensor.
    """
    sizes = list(batch_size) if isinstance(batch_size, (list, tuple)) else [batch_size] * num_buckets
    capacities = list(bucket_capacities or [capacity] * num_buckets)
    if not len(sizes) == len(capacities) == num_buckets:
        raise ValueError(
            f"batch_size has {len(sizes)} and bucket_capacities {len(capacities)} elements for {num_buckets} "
            "buckets; give one for each"
        )
    with v1.name_scope(name, "bucket"):
        examples = _as_list(tensors)
        kinds = [tensor.dtype for tensor in examples]
        given = [tf.TensorShape(shape) for shape in shapes or [tensor.shape for tensor in examples]]
        make = tf.queue.PaddingFIFOQueue if dynamic_pad else tf.queue.FIFOQueue
        queues = [
            make(
                size, kinds, given, name=f"bucket_queue_{i}", shared_name=shared_name and f"{shared_name}_{i}"
            )
            for i, size in enumerate(capacities)
        ]
        fixed = None if allow_smaller_final_batch or isinstance(batch_size, (list, tuple)) else batch_size
        batches = [tf.TensorShape([fixed]).concatenate(shape) for shape in given]
        top = tf.queue.PaddingFIFOQueue(
            capacity, [tf.int32, *kinds], [[], *batches], name="top_queue", shared_name=shared_name
        )
        put = smart_cond(keep_input, lambda: _enqueued(queues, which_bucket, examples), tf.no_op)
        _run_queues(top, queues, sizes, [put] * num_threads, allow_smaller_final_batch)
        number, *values = top.dequeue(name="dequeue_top")
        return number, _as_given(tensors, values)


def bucket_by_sequence_length(
    input_length: Any,
    tensors: Any,
    batch_size: Any,
    bucket_boundaries: Sequence[int],
    num_threads: int = 1,
    capacity: int = 32,
    bucket_capacities: Sequence[int] | None = None,
    shapes: Any = None,
    dynamic_pad: bool = False,
    allow_smaller_final_batch: bool = False,
    keep_input: Any = True,
    shared_name: str | None = None,
    name: str | None = None,
) -> tuple[tf.Tensor, Any]:
    """Returns (lengths, a batch of `tensors`) of lengths between the same two boundaries, as `bucket`."""
    boundaries = list(bucket_boundaries)
    if not boundaries or sorted(set(boundaries)) != boundaries:
        raise ValueError(
            f"bucket_boundaries must be increasing numbers, one or more, not {bucket_boundaries!r}"
        )
    length = tf.convert_to_tensor(input_length, tf.int32)
    _, (lengths, *values) = bucket(
        [length, *_as_list(tensors)],
        tf.reduce_sum(tf.cast(length >= tf.constant(boundaries, tf.int32), tf.int32)),
        batch_size,
        len(boundaries) + 1,
        num_threads,
        capacity,
        bucket_capacities,
        None if shapes is None else [[], *shapes],
        dynamic_pad,
        allow_smaller_final_batch,
        keep_input,
        shared_name,
        name,
    )
    return lengths, _as_given(tensors, values)


def _enqueued(queues: Sequence[Any], which: Any, examples: list[tf.Tensor]) -> tf.Operation:
    """Returns the op that puts an example into its bucket."""
    which = tf.convert_to_tensor(which, tf.int32)
    puts = [
        v1.cond(tf.equal(which, i), lambda queue=queue: queue.enqueue(examples), tf.no_op)
        for i, queue in enumerate(queues)
    ]
    return tf.group(*puts, name="group_enqueues")


def _run_queues(
    top: Any, queues: Sequence[Any], sizes: Sequence[Any], puts: list[Any], smaller: bool
) -> None:
    """Has threads fill the buckets, and take batches out of them when they are full."""
    moves = []
    for i, (queue, size) in enumerate(zip(queues, sizes, strict=True)):
        taken = (queue.dequeue_up_to if smaller else queue.dequeue_many)(size, name=f"read_bucket_{i}")
        values = list(taken) if isinstance(taken, (list, tuple)) else [taken]
        moves.append(top.enqueue([tf.constant(i), *values], name=f"enqueue_from_bucket_{i}"))
    closed = tf.group(*[queue.close() for queue in queues])
    cancelled = tf.group(*[queue.close(cancel_pending_enqueues=True) for queue in queues])
    stop = top.close(cancel_pending_enqueues=True)
    for runner in (
        v1.train.QueueRunner(queues[0], moves, top.close(), stop, queue_closed_exception_types=ENDS),
        v1.train.QueueRunner(top, puts, closed, cancelled, queue_closed_exception_types=ENDS),
    ):
        v1.train.add_queue_runner(runner)


def _as_list(tensors: Any) -> list[tf.Tensor]:
    values = [tensors[key] for key in sorted(tensors)] if isinstance(tensors, Mapping) else tensors
    found = [*values] if isinstance(values, (list, tuple)) else [values]
    if any(isinstance(value, tf.SparseTensor) for value in found):
        raise TypeError("buckets take no SparseTensor; tf.sparse.to_dense makes it dense")
    return [tf.convert_to_tensor(value) for value in found]


def _as_given(tensors: Any, values: list[tf.Tensor]) -> Any:
    if isinstance(tensors, Mapping):
        return dict(zip(sorted(tensors), values, strict=True))
    return values if isinstance(tensors, (list, tuple)) else values[0]
