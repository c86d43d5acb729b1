"""Strategies of tf.contrib.training for tf.train.replica_device_setter: op -> the number of a task."""

import hashlib
from collections.abc import Callable

import numpy as np
import tensorflow as tf


class RandomStrategy:
    """The task is chosen by the op's name, the same in each process."""

    def __init__(self, num_ps_tasks: int, seed: int = 0):
        self._tasks, self._seed = num_ps_tasks, seed

    def __call__(self, op: tf.Operation) -> int:
        digest = hashlib.md5(f"{op.name}_{self._seed}".encode(), usedforsecurity=False)
        return int(digest.hexdigest(), 16) % self._tasks


class GreedyLoadBalancingStrategy:
    """The task is the one with the least so far, by `load_fn`: op -> how much it is."""

    def __init__(self, num_tasks: int, load_fn: Callable[[tf.Operation], float]):
        self._loads, self._load_fn = np.zeros(num_tasks), load_fn

    def __call__(self, op: tf.Operation) -> int:
        task = int(np.argmin(self._loads))
        self._loads[task] += self._load_fn(op)
        return task


def byte_size_load_fn(op: tf.Operation) -> int:
    """Returns the bytes of an op's output. Raises: ValueError: it has not one, of a known shape."""
    if len(op.outputs) != 1:
        raise ValueError(f"Op {op.name} must have a single output, not {len(op.outputs)}")
    shape = op.outputs[0].shape
    if not shape.is_fully_defined():
        shape = tf.TensorShape(op.get_attr("shape"))
    if not shape.is_fully_defined():
        raise ValueError(f"Op {op.name} must have an output of known shape, not {shape}")
    return shape.num_elements() * op.outputs[0].dtype.size
