"""Numbers as the number of the bucket they fall into."""

from collections.abc import Sequence

import tensorflow as tf

from slimzoo.slim.types import TensorLike


def bucketize(input_tensor: TensorLike, boundaries: Sequence[float], name: str | None = None) -> tf.Tensor:
    """Returns int32 of the shape of `input_tensor`: how many of `boundaries` are at most the value.

    Args:
      input_tensor: int32, int64, float32 or float64.
      boundaries: a sorted list of floats.

    Raises: TypeError: `boundaries` is no list or tuple.
    """
    if not isinstance(boundaries, (list, tuple)):
        raise TypeError(
            f"Expected list for 'boundaries' argument to bucketize, a sorted one, not {boundaries!r}"
        )
    values = tf.convert_to_tensor(input_tensor)
    return tf.raw_ops.Bucketize(input=values, boundaries=list(boundaries), name=name)
