"""Images of tf.contrib.image that are moved by a flow, by a spline, in their colours, or taken apart."""

from typing import Any

import numpy as np
import tensorflow as tf

v1 = tf.compat.v1
_LEAST = 1e-10
_TO_YIQ = ((0.299, 0.587, 0.114), (0.596, -0.274, -0.322), (0.211, -0.523, 0.312))
_TO_RGB = ((1.0, 0.95617069, 0.62143257), (1.0, -0.2726886, -0.64681324), (1.0, -1.103744, 1.70062309))


def dense_image_warp(image: Any, flow: Any, name: str = "dense_image_warp") -> tf.Tensor:
    """Returns `image` [N, H, W, C]; the pixel at p is that of p - `flow`[p], bilinear, from the edge outside.

    Args:
      flow: [N, H, W, 2], rows before columns.
    """
    with tf.name_scope(name):
        image, flow = tf.convert_to_tensor(image), tf.convert_to_tensor(flow)
        batch, height, width, channels = tf.unstack(tf.shape(image))
        rows, columns = tf.meshgrid(tf.range(height), tf.range(width), indexing="ij")
        points = tf.cast(tf.stack([rows, columns], axis=2), flow.dtype) - flow
        found = _bilinear(image, tf.reshape(points, [batch, height * width, 2]))
        warped = tf.reshape(found, [batch, height, width, channels])
        warped.set_shape(image.shape)
        return warped


def _bilinear(image: tf.Tensor, points: tf.Tensor) -> tf.Tensor:
    """Returns [N, P, C], the values of `image` at `points` [N, P, 2], rows before columns."""
    batch, height, width, channels = tf.unstack(tf.shape(image))
    last = tf.cast(tf.stack([height, width]) - 2, points.dtype)
    first = tf.maximum(tf.minimum(tf.floor(points), last), tf.zeros_like(last))
    part = tf.cast(points - first, image.dtype)
    part = tf.minimum(tf.maximum(tf.zeros([], image.dtype), part), tf.ones([], image.dtype))
    down, right = part[..., :1], part[..., 1:]
    flat, first = tf.reshape(image, [batch, height * width, channels]), tf.cast(first, tf.int32)

    def row(below: int) -> tf.Tensor:
        places = (first[..., 0] + below) * width + first[..., 1]
        left = tf.gather(flat, places, batch_dims=1)
        return right * (tf.gather(flat, places + 1, batch_dims=1) - left) + left

    upper = row(0)
    return down * (row(1) - upper) + upper


def interpolate_spline(
    train_points: Any,
    train_values: Any,
    query_points: Any,
    order: int,
    regularization_weight: float = 0.0,
    name: str = "interpolate_spline",
) -> tf.Tensor:
    """Returns [N, Q, K], a polyharmonic spline through given values, at `query_points` [N, Q, D].

    Args:
      train_points, train_values: [N, P, D] and [N, P, K].
      order: of the spline; 2 is a thin plate.
      regularization_weight: how far the spline may pass by the values.
    """
    with tf.name_scope(name):
        points, values, queries = (
            tf.convert_to_tensor(given) for given in (train_points, train_values, query_points)
        )
        batch, known, _ = tf.unstack(tf.shape(points))
        axes, outputs = points.shape[-1] + 1, values.shape[-1]
        kernel = _radial(_squared_distances(points, points), order)
        if regularization_weight > 0:
            kernel += regularization_weight * tf.eye(known, dtype=points.dtype)
        plane = _with_ones(points)
        corner = tf.zeros([batch, axes, axes], points.dtype)
        left = tf.concat([kernel, tf.linalg.matrix_transpose(plane)], 1)
        system = tf.concat([left, tf.concat([plane, corner], 1)], 2)
        wanted = tf.concat([values, tf.zeros([batch, axes, outputs], points.dtype)], 1)
        solved = tf.linalg.solve(system, wanted)
        radial = tf.matmul(_radial(_squared_distances(queries, points), order), solved[:, :known])
        return radial + tf.matmul(_with_ones(queries), solved[:, known:])


def _squared_distances(points: tf.Tensor, others: tf.Tensor) -> tf.Tensor:
    ours, theirs = (tf.reduce_sum(tf.square(p), 2) for p in (points, others))
    between = tf.matmul(points, others, adjoint_b=True)
    return ours[:, :, tf.newaxis] - 2 * between + theirs[:, tf.newaxis]


def _with_ones(points: tf.Tensor) -> tf.Tensor:
    return tf.concat([points, tf.ones_like(points[..., :1])], 2)


def _radial(squares: tf.Tensor, order: int) -> tf.Tensor:
    """Returns r ** order, times log r for even orders, of squared distances."""
    safe = tf.maximum(squares, tf.constant(_LEAST, squares.dtype))
    if order % 2:
        return tf.sqrt(safe) if order == 1 else tf.pow(safe, 0.5 * order)
    power = {2: squares, 4: tf.square(squares)}.get(order)
    return 0.5 * (tf.pow(safe, 0.5 * order) if power is None else power) * tf.math.log(safe)


def sparse_image_warp(
    image: Any,
    source_control_point_locations: Any,
    dest_control_point_locations: Any,
    interpolation_order: int = 2,
    regularization_weight: float = 0.0,
    num_boundary_points: int = 0,
    name: str = "sparse_image_warp",
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns `image` [N, H, W, C] with points moved from sources to destinations [N, P, 2], and its flow.

    Args:
      num_boundary_points: how many points on each edge stay where they are.
    """
    with tf.name_scope(name):
        image, source, goal = (
            tf.convert_to_tensor(given)
            for given in (image, source_control_point_locations, dest_control_point_locations)
        )
        batch, height, width, _ = image.shape.as_list()
        flow = goal - source
        if num_boundary_points > 0:
            fixed = _boundary(height, width, num_boundary_points - 1)
            goal = tf.concat([goal, _for_each(fixed, batch, goal.dtype)], 1)
            flow = tf.concat([flow, _for_each(np.zeros_like(fixed), batch, flow.dtype)], 1)
        grid = np.stack(np.meshgrid(np.arange(height), np.arange(width), indexing="ij"), -1)
        queries = _for_each(grid.reshape(-1, 2), batch, image.dtype)
        flows = interpolate_spline(goal, flow, queries, interpolation_order, regularization_weight)
        flows = tf.reshape(flows, [batch, height, width, 2])
        return dense_image_warp(image, flows), flows


def _boundary(height: int, width: int, between: int) -> np.ndarray:
    """Returns [P, 2]: the corners, and on each edge `between` points between them."""
    rows, columns = (np.linspace(0, size - 1, between + 2) for size in (height, width))
    ys, xs = np.meshgrid(rows, columns, indexing="ij")
    is_edge = (xs == 0) | (xs == width - 1) | (ys == 0) | (ys == height - 1)
    return np.stack([ys[is_edge], xs[is_edge]], axis=-1)


def _for_each(points: np.ndarray, batch: int, dtype: tf.DType) -> tf.Tensor:
    return tf.constant(np.tile(points[np.newaxis], [batch, 1, 1]), dtype)


def adjust_hsv_in_yiq(
    image: Any,
    delta_hue: Any = 0,
    scale_saturation: Any = 1,
    scale_value: Any = 1,
    name: str | None = None,
) -> tf.Tensor:
    """Returns `image` [..., 3] with its hue turned by radians, its saturation and its value multiplied."""
    with v1.name_scope(name, "adjust_hsv_in_yiq", [image]):
        image = tf.convert_to_tensor(image, name="image")
        hue, saturation, value = (
            tf.cast(given, tf.float32) for given in (delta_hue, scale_saturation, scale_value)
        )
        none = tf.zeros([])
        cos, sin = value * saturation * tf.cos(hue), value * saturation * tf.sin(hue)
        turned = tf.stack([value, none, none, none, cos, -sin, none, sin, cos])
        matrix = tf.constant(_TO_RGB) @ tf.reshape(turned, [3, 3]) @ tf.constant(_TO_YIQ)
        pixels = tf.image.convert_image_dtype(image, tf.float32)
        altered = tf.linalg.matvec(matrix, pixels)
        return tf.image.convert_image_dtype(altered, image.dtype)


def random_hsv_in_yiq(
    image: Any,
    max_delta_hue: float = 0,
    lower_saturation: float = 1,
    upper_saturation: float = 1,
    lower_value: float = 1,
    upper_value: float = 1,
    seed: int | None = None,
) -> tf.Tensor:
    """Returns adjust_hsv_in_yiq by random numbers. Raises: ValueError: a range is none."""
    ranges = {
        "hue": (-max_delta_hue, max_delta_hue),
        "saturation": (lower_saturation, upper_saturation),
        "value": (lower_value, upper_value),
    }
    wrong = [
        f"{kind} from {low} to {high}"
        for kind, (low, high) in ranges.items()
        if low > high or (kind != "hue" and low < 0)
    ]
    if wrong:
        raise ValueError(f"random_hsv_in_yiq: {', '.join(wrong)}: numbers have to be 0 or more, and grow")
    hue, saturation, value = (
        low if low == high else v1.random_uniform([], low, high, seed=seed) for low, high in ranges.values()
    )
    return adjust_hsv_in_yiq(image, hue, saturation, value)


def connected_components(images: Any) -> tf.Tensor:
    """Returns the number of the component that each pixel of [H, W] or [N, H, W] is in, int32; 0: it is zero.

    Pixels are connected where they touch by an edge and are equal; components are counted over all images.
    """
    images = tf.convert_to_tensor(images, name="images")
    if images.shape.rank not in (2, 3):
        raise TypeError(f"images should have rank 2 (HW) or 3 (NHW). Static shape is {images.shape}")
    batch = images if images.shape.rank == 3 else images[tf.newaxis]
    is_there = tf.not_equal(batch, tf.zeros([], batch.dtype))
    shape = tf.shape(batch)
    start = tf.where(is_there, tf.reshape(tf.range(1, tf.size(batch) + 1), shape), tf.zeros(shape, tf.int32))
    found = _spread_smallest(batch, start, is_there)
    places = tf.unique(tf.concat([[0], tf.reshape(found, [-1])], 0)).idx
    return tf.reshape(places[1:], tf.shape(images))


def _spread_smallest(batch: tf.Tensor, start: tf.Tensor, is_there: tf.Tensor) -> tf.Tensor:
    """Returns `start` with the smallest number of each component in all of it."""
    none = np.iinfo(np.int32).max
    shifts = [(axis, step) for axis in (1, 2) for step in (1, -1)]

    def is_same(axis: int, step: int) -> tf.Tensor:
        """Says of each pixel whether the one before it, or after it, is in the same component."""
        size = tf.shape(batch)[axis]
        is_edge = tf.equal(tf.range(size), 0 if step == 1 else size - 1)
        is_edge = tf.reshape(is_edge, [1, -1, 1] if axis == 1 else [1, 1, -1])
        return tf.logical_and(tf.equal(tf.roll(batch, step, axis), batch), tf.logical_not(is_edge))

    same = [is_same(axis, step) for axis, step in shifts]

    def better(numbers: tf.Tensor, _: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        new = numbers
        for (axis, step), touches in zip(shifts, same, strict=True):
            new = tf.minimum(new, tf.where(touches, tf.roll(new, step, axis), tf.fill(tf.shape(new), none)))
        new = tf.where(is_there, new, tf.zeros_like(new))
        return new, tf.reduce_any(new < numbers)

    return tf.while_loop(lambda _, moved: moved, better, (start, tf.constant(True)))[0]
