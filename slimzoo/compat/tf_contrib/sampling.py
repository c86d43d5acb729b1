"""Samplers of tf.contrib.training: single examples from queues, kept or left out by chance, in batches."""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

v1 = tf.compat.v1
_START = 10  # examples of each class that are taken as seen before the first


def rejection_sample(
    tensors: Sequence[Any],
    accept_prob_fn: Callable[[list[tf.Tensor]], tf.Tensor],
    batch_size: int,
    queue_threads: int = 1,
    enqueue_many: bool = False,
    prebatch_capacity: int = 16,
    prebatch_threads: int = 1,
    runtime_checks: bool = False,
    name: str | None = None,
) -> list[tf.Tensor]:
    """Returns batches of the examples that are kept, each with a probability of its own.

    Args:
      tensors: of one example, or of several where `enqueue_many`.
      accept_prob_fn: the tensors of one example -> the probability to keep it.
      runtime_checks: whether a probability outside of 0 to 1 is an error.
    """
    with v1.variable_scope(name, "rejection_sample", list(tensors)):
        example = [tf.convert_to_tensor(tensor) for tensor in tensors]
        if enqueue_many:
            example = _one_by_one(example, prebatch_capacity, prebatch_threads)
        probability = accept_prob_fn(example)
        if runtime_checks:
            least = v1.assert_less_equal(0.0, probability)
            with tf.control_dependencies([least, v1.assert_less_equal(probability, 1.0)]):
                probability = tf.identity(probability, name="prob_with_checks")
        return _kept(example, probability, batch_size, queue_threads)


def stratified_sample(
    tensors: Sequence[Any],
    labels: Any,
    target_probs: Any,
    batch_size: int,
    init_probs: Any = None,
    enqueue_many: bool = False,
    queue_capacity: int = 16,
    threads_per_queue: int = 1,
    name: str | None = None,
) -> tuple[list[tf.Tensor], tf.Tensor]:
    """Returns batches in which classes have the probabilities `target_probs`, and their labels.

    Args:
      labels: of one example, an integer, or of several where `enqueue_many`.
      init_probs: how probable each class is in the data; None: it is counted on the way.
    Raises: ValueError: the two lists of probabilities are of different lengths.
    """
    with v1.name_scope(name, "stratified_sample", [*tensors, labels]):
        examples = [tf.convert_to_tensor(tensor) for tensor in (*tensors, labels)]
        if not enqueue_many:
            examples = [tensor[tf.newaxis] for tensor in examples]
        target = tf.convert_to_tensor(target_probs, tf.float32)
        if init_probs is None:
            found = _counted(examples[-1], target.shape.num_elements())
        else:
            found = tf.convert_to_tensor(init_probs, tf.float32)
        if found.shape.num_elements() != target.shape.num_elements():
            raise ValueError(
                f"Probability parameters must have the same length: {found.shape} and {target.shape}"
            )
        accept = _acceptance(_checked(found), _checked(target))
        example = _one_by_one(examples, queue_capacity, threads_per_queue)
        batch = _kept(example, tf.gather(accept, example[-1]), batch_size, threads_per_queue)
        return batch[:-1], batch[-1]


def resample_at_rate(
    inputs: Sequence[Any],
    rates: Any,
    scope: str | None = None,
    seed: int | None = None,
    back_prop: bool = False,
) -> list[tf.Tensor]:
    """Returns `inputs` with each row as often as chance has it, `rates` [N] times on average."""
    with v1.name_scope(scope, "resample_at_rate", [*inputs, rates]):
        rates = tf.convert_to_tensor(rates, name="rates")
        counts = tf.cast(v1.random_poisson(rates, (), rates.dtype, seed=seed), tf.int32)
        rows = tf.repeat(tf.range(tf.shape(counts)[0]), counts)
        return [tf.gather(values, rows if back_prop else tf.stop_gradient(rows)) for values in inputs]


def _one_by_one(examples: list[tf.Tensor], capacity: int, threads: int) -> list[tf.Tensor]:
    single = v1.train.batch(examples, 1, num_threads=threads, capacity=capacity, enqueue_many=True)
    return [tf.squeeze(tensor, [0]) for tensor in (single if isinstance(single, list) else [single])]


def _kept(example: list[tf.Tensor], probability: tf.Tensor, batch_size: int, threads: int) -> list[tf.Tensor]:
    is_kept = tf.random.uniform([]) < probability
    batch = v1.train.maybe_batch(example, keep_input=is_kept, batch_size=batch_size, num_threads=threads)
    return batch if isinstance(batch, list) else [batch]


def _counted(labels: tf.Tensor, classes: int) -> tf.Tensor:
    """Returns how probable each class is, by the labels that have come so far."""
    start = tf.constant([_START] * classes, tf.int64)
    seen = v1.Variable(start, trainable=False, name="class_count")
    new = tf.reduce_sum(tf.one_hot(labels, classes, dtype=tf.int64), 0)
    counts = tf.cast(v1.assign_add(seen, new) + 0, tf.float32)
    shares = counts / tf.reduce_sum(counts)
    shares.set_shape([classes])
    return shares


def _checked(probabilities: tf.Tensor) -> tf.Tensor:
    close = v1.assert_less(tf.abs(tf.reduce_sum(probabilities) - 1.0), 1e-5, message="they have to sum to 1")
    with tf.control_dependencies([v1.assert_non_negative(probabilities), close]):
        return tf.identity(probabilities)


def _acceptance(found: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """Returns how probably an example of each class is kept; the rarest is always."""
    is_possible = tf.reduce_all(tf.logical_or(found > 0, tf.equal(target, 0)))
    message = "All classes with zero initial probability must also have zero target probability: "
    with tf.control_dependencies([v1.Assert(is_possible, [message, found, target])]):
        ratios = tf.math.divide_no_nan(target, found)
    return ratios / tf.reduce_max(ratios)
