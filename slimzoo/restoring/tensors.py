"""Arrays to tensors without a copy, where TensorFlow can take the memory over."""

import numpy as np
import tensorflow as tf

ALIGNMENT = 64  # bytes; TensorFlow aborts the process on a buffer that is not aligned so


def take_over(array: np.ndarray) -> tf.Tensor:
    """Returns `array` as an eager tensor on the CPU: the same memory where TensorFlow can, else a copy.

    Only for an array that nobody else holds, as slimzoo.converters.read makes them.
    """
    usable = (
        array.flags.c_contiguous and array.flags.writeable and array.size > 0 and array.dtype.kind in "fiu"
    )
    if not usable or array.ctypes.data % ALIGNMENT or not tf.executing_eagerly():
        return tf.constant(array)
    return tf.experimental.dlpack.from_dlpack(array.__dlpack__())
