"""tf.contrib.resampler: values between the pixels of an image."""

from typing import Any

import tensorflow as tf


def resampler(data: Any, warp: Any, name: str = "resampler") -> tf.Tensor:
    """Returns [N, ..., C], the values of `data` [N, H, W, C] at the points (x, y) of `warp` [N, ..., 2].

    They are bilinear, of an image with zeros around it; both have gradients.
    """
    with tf.name_scope(name):
        data, warp = tf.convert_to_tensor(data, name="data"), tf.convert_to_tensor(warp, name="warp")
        batch, height, width, channels = tf.unstack(tf.shape(data))
        points = tf.reshape(warp, [batch, -1, 2])
        sizes = tf.cast(tf.stack([width, height]), points.dtype)
        is_inside = tf.reduce_all(tf.logical_and(points > -1, points < sizes), -1, keepdims=True)
        points = tf.where(is_inside, points, tf.zeros_like(points))
        first = tf.stop_gradient(tf.floor(points))
        part = tf.cast(points - first, data.dtype)
        framed = tf.reshape(tf.pad(data, [[0, 0], [1, 1], [1, 1], [0, 0]]), [batch, -1, channels])
        first = tf.cast(first, tf.int32) + 1  # in the frame
        found = tf.zeros([], data.dtype)
        for right in (0, 1):
            for below in (0, 1):
                places = (first[..., 1] + below) * (width + 2) + first[..., 0] + right
                x, y = (
                    part[..., axis] if on else 1 - part[..., axis] for axis, on in enumerate((right, below))
                )
                found += tf.gather(framed, places, batch_dims=1) * (x * y)[..., tf.newaxis]
        found = tf.where(is_inside, found, tf.zeros_like(found))
        found = tf.reshape(found, tf.concat([tf.shape(warp)[:-1], [channels]], 0))
        found.set_shape(warp.shape[:-1].concatenate(data.shape[-1:]))
        return found
