"""The initializer of tf.contrib.framework that keeps the norm of what goes through a convolution."""

from typing import Any

import tensorflow as tf

v1 = tf.compat.v1


class convolutional_delta_orthogonal:
    """A kernel that is zero but for its centre, which is orthogonal. Xiao et al. 2018, arXiv:1806.05393.

    Args:
      gain: what the norm is multiplied by.
    """

    def __init__(self, gain: float = 1.0, seed: int | None = None, dtype: Any = tf.float32):
        self.gain, self.seed, self.dtype = gain, seed, tf.as_dtype(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> tf.Tensor:
        """Returns a kernel [..., in, out] of 1 to 3 sizes. Raises: ValueError: it cannot be."""
        *sizes, inputs, outputs = tf.TensorShape(shape).as_list()
        if not 1 <= len(sizes) <= 3 or inputs > outputs:
            raise ValueError(
                f"convolutional_delta_orthogonal: {shape}; a kernel has 3 to 5 dimensions and no more inputs "
                "than outputs"
            )
        normal = v1.random_normal([outputs, outputs], dtype=dtype or self.dtype, seed=self.seed)
        q, r = tf.linalg.qr(normal)
        q = (q * tf.sign(tf.linalg.diag_part(r)))[:inputs] * tf.cast(self.gain, q.dtype)
        centre = [[(size - 1) // 2 for size in sizes]]
        return tf.scatter_nd(centre, q[tf.newaxis], [*sizes, inputs, outputs])
