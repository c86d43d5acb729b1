"""The projections of tf.contrib.image: rotate, translate, transform."""

from typing import Any

import tensorflow as tf


def rotate(images: Any, angles: Any, interpolation: str = "NEAREST", name: str | None = None) -> tf.Tensor:
    """Returns `images` turned counterclockwise about their centres, zeros where nothing was.

    Args:
      images: [N, H, W, C], [H, W, C] or [H, W].
      angles: radians, one for all or one for each image.
      interpolation: "NEAREST" or "BILINEAR".
    """
    with tf.compat.v1.name_scope(name, "rotate"):
        images = tf.convert_to_tensor(images)
        height, width = (tf.cast(size, tf.float32) for size in _sizes(images))
        return transform(images, angles_to_projective_transforms(angles, height, width), interpolation)


def translate(
    images: Any, translations: Any, interpolation: str = "NEAREST", name: str | None = None
) -> tf.Tensor:
    """Returns `images` moved by `translations`, [dx, dy] or one for each image, zeros where nothing was."""
    with tf.compat.v1.name_scope(name, "translate"):
        return transform(images, translations_to_projective_transforms(translations), interpolation)


def transform(
    images: Any,
    transforms: Any,
    interpolation: str = "NEAREST",
    output_shape: Any = None,
    name: str | None = None,
) -> tf.Tensor:
    """Returns `images` projected: the point (x, y) of the output is taken from (u / k, v / k) of the input.

    Args:
      images: [N, H, W, C], [H, W, C] or [H, W].
      transforms: rows [a0, a1, a2, b0, b1, b2, c0, c1], one for all or one for each image, with
        u = a0 x + a1 y + a2, v = b0 x + b1 y + b2 and k = c0 x + c1 y + 1.
      output_shape: (height, width); None: that of `images`.
    """
    with tf.compat.v1.name_scope(name, "transform"):
        images = tf.convert_to_tensor(images)
        rows = tf.convert_to_tensor(transforms, tf.float32)
        outputs = tf.raw_ops.ImageProjectiveTransformV2(
            images=_batch(images),
            transforms=rows[tf.newaxis] if rows.shape.rank == 1 else rows,
            output_shape=_output_shape(images, output_shape),
            interpolation=interpolation.upper(),
        )
        return {2: outputs[0, :, :, 0], 3: outputs[0], 4: outputs}[images.shape.rank]


def angles_to_projective_transforms(
    angles: Any, image_height: Any, image_width: Any, name: str | None = None
) -> tf.Tensor:
    """Returns [N, 8], the transforms that turn images of this size by `angles` about their centres."""
    with tf.compat.v1.name_scope(name, "angles_to_projective_transforms"):
        angles = tf.reshape(tf.convert_to_tensor(angles, tf.float32), [-1])
        cos, sin = tf.cos(angles), tf.sin(angles)
        right, bottom = image_width - 1, image_height - 1
        x = (right - (cos * right - sin * bottom)) / 2.0
        y = (bottom - (sin * right + cos * bottom)) / 2.0
        none = tf.zeros_like(cos)
        return tf.stack([cos, -sin, x, sin, cos, y, none, none], axis=1)


def translations_to_projective_transforms(translations: Any, name: str | None = None) -> tf.Tensor:
    """Returns [N, 8], the transforms that move images by `translations`, [dx, dy] or [N, 2]."""
    with tf.compat.v1.name_scope(name, "translations_to_projective_transforms"):
        moves = tf.reshape(tf.convert_to_tensor(translations, tf.float32), [-1, 2])
        one, none = tf.ones_like(moves[:, 0]), tf.zeros_like(moves[:, 0])
        return tf.stack([one, none, -moves[:, 0], none, one, -moves[:, 1], none, none], axis=1)


def compose_transforms(*transforms: Any) -> tf.Tensor:
    """Returns the transforms that do what `transforms`, [8] or [N, 8] each, do one after the other."""
    if not transforms:
        raise ValueError("compose_transforms takes one transform or more, got none")
    composed = flat_transforms_to_matrices(transforms[0])
    for rows in transforms[1:]:
        composed = composed @ flat_transforms_to_matrices(rows)
    return matrices_to_flat_transforms(composed)


def flat_transforms_to_matrices(transforms: Any) -> tf.Tensor:
    """Returns [N, 3, 3] of rows [N, 8] or [8]."""
    rows = tf.reshape(tf.convert_to_tensor(transforms, tf.float32), [-1, 8])
    return tf.reshape(tf.concat([rows, tf.ones([tf.shape(rows)[0], 1])], axis=1), [-1, 3, 3])


def matrices_to_flat_transforms(transform_matrices: Any) -> tf.Tensor:
    """Returns rows [N, 8] of [N, 3, 3] or [3, 3], divided by the last number."""
    flat = tf.reshape(tf.convert_to_tensor(transform_matrices, tf.float32), [-1, 9])
    return (flat / flat[:, 8:])[:, :8]


def _batch(images: tf.Tensor) -> tf.Tensor:
    if images.shape.rank not in (2, 3, 4):
        raise TypeError(f"Images should have rank between 2 and 4, not shape {images.shape}; call set_shape")
    return {2: images[tf.newaxis, ..., tf.newaxis], 3: images[tf.newaxis], 4: images}[images.shape.rank]


def _sizes(images: tf.Tensor) -> tuple[Any, Any]:
    """Returns height and width, ints where they are known."""
    batch = _batch(images)
    known, sizes = batch.shape.as_list(), tf.shape(batch)
    return tuple(sizes[axis] if known[axis] is None else known[axis] for axis in (1, 2))


def _output_shape(images: tf.Tensor, wanted: Any) -> tf.Tensor:
    return tf.convert_to_tensor(_sizes(images) if wanted is None else wanted, tf.int32)
